"""The tests of the guarantees fail where a guarantee is broken: by the hand-made mutants of tests/mutants."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_spec = importlib.util.spec_from_file_location("mutants", ROOT / "scripts" / "mutants.py")
assert _spec is not None and _spec.loader is not None
script = importlib.util.module_from_spec(_spec)
sys.modules["mutants"] = script
_spec.loader.exec_module(script)

MUTANTS = script.mutants()


def test_there_are_enough_mutants() -> None:
    """At least fifteen, each with a name of its own and words for what it breaks."""
    assert len(MUTANTS) >= 15
    assert all(mutant.breaks and mutant.tests for mutant in MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_still_has_its_place(mutant: "script.Mutant") -> None:
    """The code that it breaks stands in its file just once, and the tests that must see it are there."""
    text = (ROOT / "src" / "feedline" / mutant.file).read_text(encoding="utf-8")
    assert mutant.applied_to(text) != text
    assert [name for name in mutant.tests if not (ROOT / "tests" / name.split("::")[0]).is_file()] == []


@pytest.mark.slow
def test_the_tests_pass_without_a_mutant() -> None:
    """Or a failure would prove nothing."""
    assert "passed" == script.outcome(tuple(sorted({name for mutant in MUTANTS for name in mutant.tests})))


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_caught(mutant: "script.Mutant") -> None:
    """At least one of its tests fails."""
    assert "failed" == script.outcome(mutant.tests, mutant)
