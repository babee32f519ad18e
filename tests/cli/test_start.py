"""The command starts at once: what needs no TensorFlow imports none; and it ends as it promises."""

import configparser
import importlib
import os
import pathlib
import re
import subprocess
import sys

import pytest

from tfdynconv.cli import main

ROOT = pathlib.Path(main.__file__).parents[2]
HEAVY = {"tensorflow", "keras", "jax", "torch", "scipy"}
PROGRESS = re.compile(r"tfdynconv: .* \(\d+ s\)$")
EXAMPLES = re.findall(r"^  tfdynconv ([^>\n]*)", "\n".join([main.NOTES, *(v.NOTES for v in main.VERBS.values())]), re.M)


def python(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, env=environment)


def entry_point():
    """(module, function) of the command `tfdynconv`, as setup.cfg has it."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    (found,) = re.findall(r"^tfdynconv = (.*):(.*)$", config["options.entry_points"]["console_scripts"], re.M)
    return found


@pytest.fixture(params=["module", "script"])
def start(request, tmp_path):
    """How the command is started: `python -m`, or the script that pip makes of the entry point."""
    if request.param == "module":
        return ["-m", "tfdynconv"]
    module, function = entry_point()
    script = tmp_path / "tfdynconv"
    script.write_text(f"import sys\nfrom {module} import {function}\nsys.exit({function}())\n")
    return [script]


def imported(done):
    """Top-level names in what `-X importtime` says."""
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.split("|")[2].strip().split(".")[0] for line in lines[1:]}


def test_help_imports_no_tensorflow(start):
    done = python("-X", "importtime", *start, "--help")
    assert done.returncode == 0
    assert "tfdynconv" in imported(done)
    assert (HEAVY | {"numpy"}) & imported(done) == set()
    assert [text for text in ("examples:", "exit codes:", *main.VERBS) if text not in done.stdout] == []


def test_benchmark_imports_no_tensorflow(start, converted):
    done = python("-X", "importtime", *start, "benchmark", converted, "--runs", "2")
    assert done.returncode == 0, done.stderr[-500:]
    assert "ai_edge_litert" in imported(done)
    assert HEAVY & imported(done) == set()


def test_convert_loads_the_package_that_was_put_off(saved, tmp_path):
    """Our layers are in the file, so nobody could load it before they are known."""
    done = python("-m", "tfdynconv", "convert", saved, tmp_path / "m.tflite")
    assert done.returncode == 0, done.stderr
    assert "agrees with Keras" in done.stdout
    assert (tmp_path / "m.tflite").exists()
    assert [line for line in done.stderr.splitlines() if not PROGRESS.match(line)] == []  # no greetings of TensorFlow's


def test_what_was_kept_quiet_is_told_when_the_block_fails():
    """What another program wrote to the same stderr, as a library does; and afterwards all is as before."""
    program = """
import os, sys
from tfdynconv.cli.quiet import quiet
for fails in (False, True):
    try:
        with quiet() as stderr:
            print(f"now {fails}", file=stderr, flush=True)
            os.write(2, f"library {fails};\\n".encode())
            if fails:
                raise ImportError
    except ImportError:
        pass
print("after", file=sys.stderr)
"""
    done = python("-c", program)
    assert done.stderr.replace(" False", "").splitlines()[-4:] == ["now", "now True", "library True;", "after"]


def test_entry_point_names_the_function():
    module, function = entry_point()
    assert getattr(importlib.import_module(module), function) is main.main


def test_a_program_of_another_name_gets_the_whole_package(tmp_path):
    script = tmp_path / "mine.py"
    script.write_text("import tfdynconv\nprint(tfdynconv.CondConv2D.__name__)\n")
    done = python(script)
    assert done.stdout.strip() == "CondConv2D", done.stderr


@pytest.mark.parametrize("verb", main.VERBS)
def test_every_verb_has_examples_and_json(verb):
    assert f"\n  tfdynconv {verb}" in main.VERBS[verb].NOTES
    assert "--json" in [name for option in main.parser().verbs[verb].taken for name in option.option_strings]


def test_exit_codes_are_told():
    codes = re.findall(r"^  (\d+) +\w", main.NOTES.split("exit codes:")[1], re.M)
    assert codes == ["0", "1", "2", "130"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_help_are_right(example):
    asked = main.parser().parse_args(example.split())
    assert asked.verb in main.VERBS


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "the following arguments are required: VERB"),
        (["fly"], "invalid choice: 'fly'"),
        (["convert", "m.keras"], "the following arguments are required: out.tflite"),
        (["convert", "m.keras", "m.tflite", "--form", "x"], "argument --form: invalid choice: 'x'"),
        (["convert", "m.keras", "m.tflite", "--quant", "int8"], "unrecognized arguments: --quant"),
        (
            ["convert", "m.keras", "m.tflite", "--input-shape", "8,0,3"],
            "expected a positive whole number, received '0'",
        ),
        (["convert", "m.keras", "m.tflite", "--tolerance", "nan"], "expected a number from 0 up, received 'nan'"),
        (["benchmark", "m.tflite", "--threads", "0"], "expected a positive whole number, received '0'"),
    ],
)
def test_wrong_usage(arguments, message, command):
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert message in err
