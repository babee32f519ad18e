"""`tfdynconv completion`: each verb, option and value is there; bash is asked, the others are read."""

import json
import subprocess

import pytest

from tfdynconv.cli import main
from tfdynconv.cli.completion import SHELLS

OPTIONS = {
    verb: [name for option in parser.taken for name in option.option_strings if name.startswith("--")]
    for verb, parser in main.parser().verbs.items()
}


def completed(command, *words):
    script = command("completion", "bash")[1]
    typed = " ".join(f"'{word}'" for word in words)
    program = (
        f'{script}\nCOMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _tfdynconv; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    done = subprocess.run(["bash", "--norc", "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


def test_bash(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.keras").write_text("")
    assert completed(command, "tfdynconv", "") == [*main.VERBS, "--help", "--version"]
    assert completed(command, "tfdynconv", "conv") == ["convert"]
    assert completed(command, "tfdynconv", "convert", "--t") == ["--target", "--tolerance"]
    assert completed(command, "tfdynconv", "convert", "--form", "ma") == ["matmul"]
    assert completed(command, "tfdynconv", "convert", "mod") == ["model.keras"]
    assert completed(command, "tfdynconv", "completion", "z") == ["zsh"]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_verb_and_option(shell, command):
    """Of each verb, in the line or lines that are about it."""
    script = command("completion", shell)[1]
    starts = {"bash": "      {}) words=", "zsh": "    {}) _arguments", "fish": "from {}'"}
    for verb, options in OPTIONS.items():
        about = script.split(starts[shell].format(verb), 1)[1].split(";;")[0] if shell != "fish" else script
        wanted = [f"from {verb}' -l {name[2:]} " if shell == "fish" else name for name in options]
        assert [name for name in wanted if name not in about] == []


@pytest.mark.parametrize("shell", SHELLS)
def test_quotes_are_closed(shell, command):
    """A help text with a quote in it would end the shell's."""
    lines = command("completion", shell)[1].splitlines()
    assert [line for line in lines if line.count("'") % 2 or line.count('"') % 2] == []


def test_json(command):
    assert json.loads(command("completion", "fish", "--json")[1])["shell"] == "fish"
    assert command("completion", "tcsh")[0] == 2
