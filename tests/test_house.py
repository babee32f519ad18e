"""Rules of the house that a reader would otherwise have to check by eye."""

import ast
import pathlib
import subprocess
import sys

import pytest

import tfdynconv

PACKAGE = pathlib.Path(tfdynconv.__file__).parent
TESTS = pathlib.Path(__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
BY_NAME = pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))

PRIVATE = ("keras.src", "tensorflow.python", "__internal__", "keras.engine", "_pywrap", "tensorflow.core")
# No public name tells what these tell: whether XLA compiles a trace, and which operations a `.tflite` holds.
ALLOWED_UNDERSCORES = {"_get_control_flow_context": "ops/place.py", "_get_ops_details": "export"}

# A package may import those of a smaller number, and itself.
RANKS = {
    "ops": 0,
    "routing": 1,
    "layers": 2,
    "blocks": 3,
    "training": 4,
    "surgery": 4,
    "models": 4,
    "viz": 4,
    "export": 5,
    "testing": 6,
    "cost": 6,
    "cli": 7,
}
FREE = {"_compat", "version"}


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@BY_NAME
def test_no_private_modules(path):
    text = path.read_text(encoding="utf-8")
    assert [name for name in PRIVATE if name in text] == []


@BY_NAME
def test_no_private_attributes_of_others(path):
    """`something._name` only on this package's own modules."""
    found = {
        node.attr
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
    }
    where = path.relative_to(PACKAGE).as_posix()
    allowed = {name for name, place in ALLOWED_UNDERSCORES.items() if where.startswith(place)}
    assert found - allowed == set()


@BY_NAME
def test_no_assert_statements(path):
    """They vanish under `python -O`; the harness raises AssertionError by hand."""
    assert [node.lineno for node in ast.walk(tree(path)) if isinstance(node, ast.Assert)] == []


@BY_NAME
def test_exceptions_have_one_message(path):
    """A comma in place of a space between two strings makes a tuple of the message."""
    bad = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and (len(node.exc.args) != 1 or node.exc.keywords)
    ]
    assert bad == []


@BY_NAME
def test_no_exception_is_swallowed_unnamed(path):
    broad = {"Exception", "BaseException"}
    handlers = [node for node in ast.walk(tree(path)) if isinstance(node, ast.ExceptHandler)]
    assert [h.lineno for h in handlers if h.type is None or getattr(h.type, "id", None) in broad] == []


def imported(path):
    """Names directly under `tfdynconv` that a file imports, wherever in the file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "tfdynconv":
            modules = [f"tfdynconv.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        else:
            continue
        yield from (module.split(".")[1] for module in modules if module.startswith("tfdynconv."))


@BY_NAME
def test_imports_go_one_way(path):
    package = path.relative_to(PACKAGE).parts[0]
    if package not in RANKS:
        return  # a module at the top
    free = FREE if package != "ops" else set()  # _compat imports Keras
    wrong = [
        name
        for name in imported(path)
        if name not in free and name != package and RANKS.get(name, 99) >= RANKS[package]
    ]
    assert wrong == []


def test_every_package_has_a_rank():
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages <= set(RANKS)


def test_no_grab_bags():
    assert not [path for path in SOURCES if path.stem in ("utils", "common", "helpers", "misc")]


@pytest.mark.parametrize(
    "path", SOURCES + sorted(TESTS.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE.parent))
)
def test_a_file_holds_one_idea(path):
    assert path.stat().st_size < 14_000
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 320


def run(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=PACKAGE.parent)


def test_importing_the_package_imports_nothing_heavy():
    program = """
import sys, tensorflow, keras
before = set(sys.modules)
import tfdynconv
heavy = {"matplotlib", "ai_edge_litert", "ai_edge_quantizer", "tensorflow_addons", "jax", "torch", "sklearn", "pandas"}
print(sorted(heavy & ({name.split(".")[0] for name in set(sys.modules) - before})))
"""
    done = run(program)
    assert done.stdout.strip() == "[]", done.stderr[-1000:]


def test_ops_import_without_keras():
    program = f"""
import sys, types
import tensorflow
sys.modules["keras"] = None  # importing it is an ImportError from here on
bare = types.ModuleType("tfdynconv")
bare.__path__ = [{str(PACKAGE)!r}]
sys.modules["tfdynconv"] = bare
import tfdynconv.ops
print(tfdynconv.ops.per_sample_conv(tensorflow.ones([2, 4, 4, 1]), tensorflow.ones([2, 3, 3, 1, 1])).shape)
"""
    done = run(program)
    assert done.stdout.strip() == "(2, 2, 2, 1)", done.stderr[-1000:]
