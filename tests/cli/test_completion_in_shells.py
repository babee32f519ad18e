"""`tfdynconv completion` in the shells themselves: what zsh and fish offer when a person presses the tabulator.

Neither needs to be on a machine; where one is not, its tests are skipped. `apt install zsh fish` brings them.
"""

import os
import pty
import shutil
import subprocess
import threading

import pytest

from tfdynconv.cli import completion, main
from tfdynconv.cli.completion import told

needs = {
    shell: pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed: apt install {shell}")
    for shell in ("zsh", "fish")
}
# Zsh completes in its line editor alone: the line is put there as soon as the first prompt stands, and what is offered goes
# to a file. Its functions ask `compadd` for arrays of their own too, which the user never sees.
ZSHRC = """
fpath=("$ZDOTDIR" $fpath)
autoload -Uz compinit && compinit -u
{source}
compadd() {{
  local -a offered
  [[ " $*" == *" -"[A-Za-z1]#[OAD]" "* ]] || {{ builtin compadd -O offered "$@"; print -rl -- $offered >>"$ZDOTDIR/offered" }}
  builtin compadd "$@"
}}
setopt extended_glob
zle-line-init() {{
  BUFFER=$TYPED CURSOR=$#TYPED
  zle list-choices
  BUFFER=exit
  zle accept-line
}}
zle -N zle-line-init
"""


@pytest.fixture(scope="module")
def scripts():
    parser = main.parser()
    return {shell: completion.run(parser.parse_args(["completion", shell]))[1] for shell in ("zsh", "fish")}


def fish(script, line, folder):
    """[(word, description)] that are offered behind this line."""
    (folder / "tfdynconv.fish").write_text(script)
    homes = {name: str(folder / name) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    program = f"cd {folder}; source tfdynconv.fish; complete -C '{line}'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", program], env={**os.environ, **homes}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and done.stderr == ""
    return [tuple(row.split("\t")) for row in done.stdout.splitlines()]


def zsh(script, line, folder, sourced):
    """The words that are offered behind this line; the script is read at the start, or when it is first needed."""
    (folder / "_tfdynconv").write_text(script)
    (folder / ".zshrc").write_text(ZSHRC.format(source="source $ZDOTDIR/_tfdynconv" if sourced else ""))
    (folder / "offered").write_text("")
    controller, terminal = pty.openpty()
    environment = {**os.environ, "ZDOTDIR": str(folder), "TYPED": line, "TERM": "dumb"}
    shell = subprocess.Popen(
        ["zsh", "-d", "-i"],
        env=environment,
        cwd=folder,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    limit = threading.Timer(60, shell.kill)
    limit.start()
    shown = b""
    try:
        while part := os.read(controller, 4096):
            shown += part
    except OSError:  # the terminal is closed: the shell has ended
        pass
    os.close(controller)
    limit.cancel()
    assert shell.wait(60) == 0, shown.decode()
    return [word for word in (folder / "offered").read_text().splitlines() if word]


def options(verb):
    return sorted(name for option in main.parser().verbs[verb].taken for name in option.option_strings if "--" in name)


def check(offered, folder):
    """`offered(line)` gives the words behind a line, sorted."""
    (folder / "model.keras").write_text("")
    assert offered("tfdynconv ") == sorted(main.VERBS)
    assert offered("tfdynconv conv") == ["convert"]
    assert offered("tfdynconv --") == ["--help", "--version"]
    assert offered("tfdynconv convert --t") == ["--target", "--tolerance"]
    assert offered("tfdynconv convert --form ma") == ["matmul"]
    assert offered("tfdynconv convert mod") == ["model.keras"]
    assert offered("tfdynconv convert model.keras out.tflite --data mod") == ["model.keras"]
    assert offered("tfdynconv completion z") == ["zsh"]
    assert {verb: offered(f"tfdynconv {verb} --") for verb in main.VERBS} == {
        verb: options(verb) for verb in main.VERBS
    }


@needs["fish"]
def test_fish(scripts, tmp_path):
    check(lambda line: sorted(word for word, *_ in fish(scripts["fish"], line, tmp_path)), tmp_path)


@needs["fish"]
def test_fish_says_what_a_verb_does(scripts, tmp_path):
    offered = dict(fish(scripts["fish"], "tfdynconv ", tmp_path))
    assert offered == {verb: told(module) for verb, module in main.VERBS.items()}


@needs["zsh"]
@pytest.mark.parametrize("sourced", [True, False], ids=["sourced", "found when needed"])
def test_zsh(scripts, sourced, tmp_path):
    check(lambda line: sorted(set(zsh(scripts["zsh"], line, tmp_path, sourced))), tmp_path)
