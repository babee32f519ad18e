"""The machine that the plan is for: how fast each lowering goes on its CPU. Shipped figures, or those of a tuning."""

import dataclasses
import json
import math
import os
import pathlib
import typing

VARIABLE = "TFDYNCONV_TUNING"
SHIPPED = pathlib.Path(__file__).with_name("machine.json")
# "grouped" and "vectorized" are left out: never the best on a CPU, and a kernel's gradient takes many times the loop's time.
LOWERINGS = {"cpu": ("loop", "matmul", "unrolled"), "cpu_xla": ("loop_compiled", "matmul")}
UNITS = ("multiply_add", "byte", "sample")
_loaded: dict = {}


@dataclasses.dataclass(frozen=True)
class Machine:
    """`paces[place][lowering]` has the seconds for a multiply-add, for a byte, and for being there at all, a sample."""

    paces: dict
    about: dict = dataclasses.field(default_factory=dict)

    def as_json(self):
        return {"about": self.about, "seconds": self.paces}


def load_tuning(path: typing.Union[str, os.PathLike, None]) -> None:
    """Plan for the machine that `tfdynconv tune --out FILE` has measured, from here on in this process.

    Without it the plan uses figures that come with the package, or the file that the environment variable `TFDYNCONV_TUNING`
    names. What has been traced already stays as it is. A tuning changes how fast things are computed, never what.

    Args:
        path: the file; None for the figures that come with the package.

    Raises:
        ValueError: there is no such file, or it is no tuning; the message names the file, the key and the mend.

    >>> import tfdynconv
    >>> tfdynconv.load_tuning("nowhere.json")
    Traceback (most recent call last):
    ValueError: tfdynconv.load_tuning: there is no file 'nowhere.json'. Make one: tfdynconv tune --out nowhere.json.
    >>> tfdynconv.load_tuning(None)
    """
    _loaded["machine"] = read(SHIPPED if path is None else path, "tfdynconv.load_tuning")


def current():
    """What has been loaded; at first the file that the environment names, or the shipped one."""
    if "machine" not in _loaded:
        named = os.environ.get(VARIABLE)
        _loaded["machine"] = (
            read(named, f"the environment variable {VARIABLE}") if named else read(SHIPPED, "tfdynconv")
        )
    return _loaded["machine"]


def read(path, caller):
    """The `Machine` in a file."""
    path = os.fspath(path)
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except FileNotFoundError:
        raise ValueError(f"{caller}: there is no file {path!r}. Make one: tfdynconv tune --out {path}.") from None
    except (OSError, ValueError) as error:  # not to be read, no text, no JSON
        raise ValueError(f"{caller}: {path!r} is no tuning: {error}. {again(path)}") from error
    about = found(content, ("about",))
    return Machine(checked(content, path, caller), about if isinstance(about, dict) else {})


def checked(content, path, caller):
    """The paces in a file's content, every one a positive finite number."""
    paces: dict = {}
    for place, names in LOWERINGS.items():
        for name in names:
            for unit in UNITS:
                keys = ("seconds", place, name, unit)
                value = found(content, keys)
                if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
                    raise ValueError(
                        f"{caller}: {path!r}: expected a positive finite number at {' / '.join(keys)}. "
                        f"Received: {'nothing' if value is None else repr(value)}. {again(path)}"
                    )
                paces.setdefault(place, {}).setdefault(name, {})[unit] = float(value)
    return paces


def found(content, keys):
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content


def again(path):
    return f"Measure again: tfdynconv tune --out {path}."
