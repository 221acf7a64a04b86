"""The laws of the house: what may import what, how large a piece may be, what a room says about itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import metadata, resources
from pathlib import Path

import pytest

import feedline

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "feedline"
HEAVY = ("torch", "torchvision", "PIL", "pycocotools", "numpy")
SLOW = ("click", "attr", "cattrs", "concurrent.futures", "multiprocessing")
"""What takes milliseconds to import, and a plain check can do without."""

MAX_FILE = 400
MAX_FUNCTION = 50
LONG_FILES = {
    "compiler.ir": "what a file means: one small class a thing, read as one page",
    "dsl.tree": "the syntax tree: one small class a form of the language, read as one page",
}
"""Each module that may be longer, with the reason."""

LONG_FUNCTIONS: dict[str, str] = {}
"""`module.function` of each function that may be longer, with the reason."""


def _loaded_after(code: str, names: tuple[str, ...] = HEAVY) -> list[str]:
    """Which of the (heavy) packages a fresh interpreter holds after running `code`."""
    script = f"{code}\nimport sys\nprint(*[name for name in {names!r} if name in sys.modules])"
    # The work is done in a directory without a feedline, so that what is installed is what is tested.
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd="/")
    return result.stdout.split()


def _modules() -> list[tuple[str, Path]]:
    """Every module of the package by its dotted name below `feedline`."""
    paths = sorted(SOURCE.rglob("*.py"))
    return [(".".join(path.relative_to(SOURCE).with_suffix("").parts), path) for path in paths]


def _functions(tree: ast.Module) -> list[tuple[str, int]]:
    """Every function of a module with its length in lines."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    return [(node.name, (node.end_lineno or node.lineno) - node.lineno + 1) for node in found]


def test_importing_feedline_imports_nothing_heavy() -> None:
    """`import feedline` is quick: the public names are loaded when they are first used."""
    assert _loaded_after("import feedline") == []


def test_every_public_name_is_there() -> None:
    """What `feedline.__all__` promises can be had, and `dir` shows it."""
    assert [name for name in feedline.__all__ if getattr(feedline, name, None) is None] == []
    assert set(feedline.__all__) <= set(dir(feedline))


def test_rooms_before_the_runtime_are_free_of_torch() -> None:
    """Every module of grammar, dsl and compiler can be imported without torch, PIL, pycocotools or NumPy."""
    names = [name for name, _ in _modules() if name.split(".")[0] in ("grammar", "dsl", "compiler")]
    assert len(names) > 10
    lines = [f"import feedline.{name.removesuffix('.__init__')}" for name in names]
    assert _loaded_after("\n".join(lines)) == []


def test_checking_a_file_imports_nothing_heavy() -> None:
    """`feedline check` on a good file needs none of the heavy packages either."""
    path = ROOT / "examples" / "defects.pipe"
    code = (
        f"from feedline.cli import main\nimport os, sys\nassert main(['check', {str(path)!r}]) == 0\nsys.stdout.flush()"
    )
    assert [word for word in _loaded_after(code) if word in HEAVY] == []


@pytest.mark.parametrize(
    ("text", "code"), [("let a = 1\n", 0), ("let a = b\n", 1), ("let = (1\n", 1)], ids=["good", "a name", "syntax"]
)
def test_a_plain_check_imports_nothing_slow(text: str, code: int, tmp_path: Path) -> None:
    """`feedline check FILE` answers a third sooner without click and attrs, whatever it says."""
    path = tmp_path / "a.pipe"
    path.write_text(text, encoding="utf-8")
    run = f"from feedline.cli import main\nassert main(['check', {str(path)!r}]) == {code}"
    assert [word for word in _loaded_after(run, HEAVY + SLOW) if word in HEAVY + SLOW] == []


def test_every_package_and_module_says_what_it_is_for() -> None:
    """Each file of the package opens with a docstring."""
    silent = [name for name, path in _modules() if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []


def test_no_file_is_too_long() -> None:
    """A file beyond 400 lines is several rooms in one, unless it stands in the list above with its reason."""
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in _modules()}
    long = {name for name, length in lengths.items() if length > MAX_FILE}
    assert set(LONG_FILES) == long, {name: lengths[name] for name in long}


def test_no_function_is_too_long() -> None:
    """A function beyond 50 lines stands in the list above with its reason; a reason nobody needs any more goes."""
    lengths = {
        f"{name}.{function}": length
        for name, path in _modules()
        for function, length in _functions(ast.parse(path.read_text(encoding="utf-8")))
    }
    long = {name for name, length in lengths.items() if length > MAX_FUNCTION}
    assert set(LONG_FUNCTIONS) == long, {name: lengths[name] for name in long}


def test_versions_agree() -> None:
    """The installed metadata and `feedline.__version__` name one version, and the changelog has a section for it."""
    assert feedline.__version__ == metadata.version("feedline")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## Unreleased" in changelog or f"## {feedline.__version__}" in changelog


def test_the_installed_package_is_typed_and_whole() -> None:
    """The marker for type checkers, the grammar and the catalogue are shipped with the package."""
    package = resources.files("feedline")
    wanted = ("py.typed", "grammar/pipe.lark", "compiler/catalogue/transforms.json", "compiler/catalogue/datasets.json")
    assert [name for name in wanted if not package.joinpath(name).is_file()] == []


def test_the_installed_feedline_is_this_one() -> None:
    """What the tests run is what stands in this tree: an older installation would make every other test a lie."""
    installed = Path(feedline.__file__).parent
    here = {name: path.read_bytes() for name, path in _modules()}
    there = {
        ".".join(path.relative_to(installed).with_suffix("").parts): path.read_bytes()
        for path in installed.rglob("*.py")
    }
    assert sorted(here) == sorted(there)
    assert [name for name in here if here[name] != there[name]] == []
