"""The benchmarks run: small sizes, no time asserted."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"
HELPERS = {"measure", "generator_sampler"}
SCRIPTS = sorted(path for path in FOLDER.glob("*.py") if path.stem not in HELPERS)


def test_every_benchmark_is_in_their_readme() -> None:
    """With the question it answers."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in SCRIPTS if path.name not in text] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_benchmark_prints_its_tables(path: Path) -> None:
    """`--quick` gives every table of the whole run."""
    result = subprocess.run([sys.executable, str(path), "--quick"], capture_output=True, text=True, check=False)
    assert 0 == result.returncode, result.stderr
    assert result.stdout.count("| --") >= 3
