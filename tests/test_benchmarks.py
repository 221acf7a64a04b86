"""The benchmarks run: small sizes, no time asserted."""

import json
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"
HELPERS = {"measure", "generator_sampler", "harness", "images"}
SCRIPTS = sorted(path for path in FOLDER.glob("*.py") if path.stem not in HELPERS)


def test_every_benchmark_is_in_their_readme() -> None:
    """With the question it answers."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in SCRIPTS if path.name not in text] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_benchmark_prints_its_tables(path: Path) -> None:
    """`--quick` comes to its end and prints what the whole run prints."""
    result = subprocess.run([sys.executable, str(path), "--quick"], capture_output=True, text=True, check=False)
    assert 0 == result.returncode, result.stderr
    assert "| --" in result.stdout


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmarks' own modules can be imported."""
    monkeypatch.syspath_prepend(str(FOLDER))


@pytest.mark.usefixtures("beside")
def test_variants_take_turns() -> None:
    """Each once a round after one that does not count, and each ratio to the peer of the same round."""
    from harness import compare

    order: list[str] = []

    def variant(name: str, values: list[float]) -> float:
        order.append(name)
        return values.pop(0)

    slow, fast = [9.0, 1.0, 2.0, 4.0], [9.0, 3.0, 4.0, 8.0]
    found = compare({"slow": lambda: variant("slow", slow), "fast": lambda: variant("fast", fast)}, "slow", rounds=3)
    assert ["slow", "fast"] * 4 == order
    assert ((3.0, 4.0, 8.0), 4.0, (3.0, 2.0, 2.0), 2.0) == (
        found["fast"].values, found["fast"].median, found["fast"].ratios, found["fast"].ratio
    )  # fmt: skip


@pytest.mark.usefixtures("beside")
def test_what_was_measured_as_json(tmp_path: Path) -> None:
    """Tables, values and the machine, in a file that is whole or not there."""
    from harness import Bench, main

    def run(bench: Bench) -> None:
        bench.compare("two", {"one": lambda: 1.0, "two": lambda: 2.0}, peer="one")
        bench.has("no-such-package")

    main("nothing", run, ["--quick", "--json", str(tmp_path / "a.json")])
    found = json.loads((tmp_path / "a.json").read_text())
    assert ("nothing", 1, 2.0) == (found["what"], found["rounds"], found["tables"][0]["measured"]["two"]["ratio"])
    assert ["Left out: no-such-package is not installed."] == found["notes"]
    assert [tmp_path / "a.json"] == list(tmp_path.iterdir())


@pytest.mark.usefixtures("beside")
def test_tables_go_between_their_markers() -> None:
    """And nothing else of the page changes."""
    loader = SourceFileLoader("run_benchmarks", str(FOLDER / "run"))
    module = ModuleType(loader.name)
    module.__file__ = loader.path
    loader.exec_module(module)
    page = "a\n<!-- x.py -->\nold\n<!-- end of x.py -->\nb\n<!-- y.py -->\n<!-- end of y.py -->\n"
    new = module.replaced(page, "x", "new\\1\n")
    assert new == page.replace("\nold\n", "\n\nnew\\1\n\n")
    assert page == module.replaced(page, "z", "new")


@pytest.mark.usefixtures("beside")
def test_every_benchmark_of_loaders_has_its_place_in_the_docs() -> None:
    """So that `benchmarks/run --write` can put its tables there."""
    page = (FOLDER.parent / "docs" / "performance.md").read_text(encoding="utf-8")
    uses = [path.name for path in SCRIPTS if "feedline.compile(" in path.read_text(encoding="utf-8")]
    assert [name for name in uses if f"<!-- {name} -->" not in page or f"<!-- end of {name} -->" not in page] == []


@pytest.mark.usefixtures("beside")
def test_a_system_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A line says so, and of those that are there it says the version."""
    import peers
    from harness import Bench

    monkeypatch.setattr(peers, "version_of", lambda package: "1.2" if package in ("tensorflow", "spdl") else None)
    bench = Bench(True, 1, tmp_path)
    assert ["tf.data", "tf.data, fast", "SPDL"] == list(peers.peers(bench))
    assert [
        "Left out: DALI; nvidia-dali-cuda120 or nvidia-dali-cuda130 is not installed.",
        "tf.data is tensorflow 1.2.",
        "Left out: Grain; grain is not installed.",
        "SPDL is spdl 1.2.",
    ] == bench.notes
