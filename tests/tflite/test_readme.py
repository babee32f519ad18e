"""The README of tflite/ as one session: every block of Python and of shell runs, in order, in one folder."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

from tests.tflite.device import FOLDER

README = (FOLDER / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)

# What stands in for the commands that need a network or a phone. They refuse what the real ones would.
PIP = """
names = sys.argv[2:]
assert sys.argv[1] == "install" and names, sys.argv
for name in names:
    importlib.metadata.version(name)
"""
ADB = """
phone = pathlib.Path("phone")
phone.mkdir(exist_ok=True)
task, *words = sys.argv[1:]
on_phone = lambda path: phone / path.removeprefix("/data/local/tmp").lstrip("/")
if task == "push":
    *sources, target = words
    for source in sources:
        shutil.copy(source, on_phone(target) / pathlib.Path(source).name)
else:
    assert task == "shell", task
    program, *options = words
    if program == "chmod":
        on_phone(options[-1]).chmod(0o755)
    else:
        flags = dict(option.removeprefix("--").split("=") for option in options)
        assert os.access(on_phone(program), os.X_OK), program
        assert on_phone(flags["graph"]).read_bytes()[4:8] == b"TFL3"
        assert set(flags) <= {"graph", "num_threads", "use_gpu", "use_profiler"}, flags
    print("ran", *words)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """With this folder's copy, `benchmark_model` as it is downloaded, and the commands."""
    (tmp_path / "tflite").symlink_to(FOLDER)
    (tmp_path / "benchmark_model").write_text("a program for phones")
    commands = tmp_path / "bin"
    commands.mkdir()
    start = f"#!{sys.executable}\nimport importlib.metadata, os, pathlib, shutil, sys\n"
    for name, program in {"pip": PIP, "adb": ADB}.items():
        (commands / name).write_text(start + program)
        (commands / name).chmod(0o755)
    (commands / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (commands / "python").chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_block_runs(folder):
    printed = ""
    for language, block in BLOCKS:
        if language == "python":
            exec(compile(block, "tflite/README.md", "exec"), {"__name__": "readme"})
        elif language == "sh":
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", block], capture_output=True, text=True)
            assert done.returncode == 0, block + done.stdout + done.stderr
            printed += done.stdout
    assert "output output_0: float32 (1, 10)" in printed  # info
    assert "images.npy[7]" in printed  # classify
    assert "2 thread(s): " in printed  # benchmark
    assert "output_0: relative difference" in printed  # compare
    assert printed.count("ran /data/local/tmp/benchmark_model --graph=") == 3
    assert (pathlib.Path("phone") / "gpu.tflite").read_bytes() == (folder / "gpu.tflite").read_bytes()


def test_what_cannot_run_here_is_short():
    """Kotlin and Swift; all else runs above."""
    assert {language for language, _ in BLOCKS} == {"python", "sh", "kotlin", "swift"}
    assert [block for language, block in BLOCKS if language in ("kotlin", "swift") and block.count("\n") > 12] == []


def test_what_the_readme_names_is_there():
    """Links to files of this folder, the commands and the methods of the Android sample."""
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", README)
    assert links and all((FOLDER / link).exists() for link in links)
    sample = (FOLDER / "android" / "Classifier.java").read_text(encoding="utf-8")
    methods = set(re.findall(r"[Cc]lassifier\.(\w+)", README)) - {"java"}
    assert {"map", "classify", "relativeDifference"} <= methods
    assert [name for name in methods if not re.search(rf"public [^\n]*\b{name}\(", sample)] == []
