"""Break each guarantee by hand and see that the tests notice: `python scripts/mutants.py [NAME ...]`.

The list is `tests/mutants/mutants.toml`: a file of the package, a text that stands in it once, what is put there
instead, and the tests that must fail then. Each mutant is made in a copy of the package, which the tests import
instead; this tree is never changed. Prints a line a mutant; exit code 1 if one survived, or if the tests fail
without any.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[1]
LIST = ROOT / "tests" / "mutants" / "mutants.toml"

_PROFILE = """from hypothesis import Phase, settings
settings.register_profile("mutant", deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
"""
"""The same examples in every run, and no time spent on making a failing one smaller."""


@frozen
class Mutant:
    """One guarantee, broken."""

    name: str
    breaks: str
    """What does not hold any more, in words."""
    file: str
    """Below src/feedline."""
    old: str
    new: str
    tests: tuple[str, ...]
    """Files below tests/, or `file.py::test`, of which at least one must fail."""

    def applied_to(self, text: str) -> str:
        """The file's text with the mutant in it. Raises ValueError unless `old` stands there just once."""
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.file} holds {text.count(self.old)} times what is to be changed")
        return text.replace(self.old, self.new)


def mutants() -> list[Mutant]:
    """The list, in its order."""
    entries = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return [Mutant(name, **{**entry, "tests": tuple(entry["tests"])}) for name, entry in entries.items()]


def outcome(tests: tuple[str, ...], mutant: Mutant | None = None) -> str:
    """Run the tests against a copy of the package with the mutant in it: `passed`, `failed`, or what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "feedline"
        shutil.copytree(ROOT / "src" / "feedline", package, ignore=shutil.ignore_patterns("__pycache__"))
        if mutant is not None:
            path = package / mutant.file
            path.write_text(mutant.applied_to(path.read_text(encoding="utf-8")), encoding="utf-8")
        (Path(folder) / "mutant_profile.py").write_text(_PROFILE, encoding="utf-8")
        options = ["-n", "0", "-x", "-q", "-p", "no:cacheprovider", "-p", "mutant_profile"]
        options += ["--hypothesis-profile=mutant", *(f"tests/{name}" for name in tests)]
        result = subprocess.run(
            [sys.executable, "-m", "pytest", *options],
            capture_output=True, text=True, cwd=ROOT, check=False,
            env=os.environ | {"PYTHONPATH": folder, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
    return {0: "passed", 1: "failed"}.get(result.returncode, result.stdout[-2000:] + result.stderr[-2000:])


def main(names: list[str]) -> int:
    """Try the mutants of these names, or all."""
    chosen = [mutant for mutant in mutants() if not names or mutant.name in names]
    every = tuple(sorted({name for mutant in chosen for name in mutant.tests}))
    if (whole := outcome(every)) != "passed":
        print(f"without any mutant the tests say: {whole}")
        return 1
    survived = 0
    for mutant in chosen:
        found = outcome(mutant.tests, mutant)
        print(f"{mutant.name:28} {'caught' if found == 'failed' else found}: {mutant.breaks}", flush=True)
        survived += found != "failed"
    print(f"{len(chosen) - survived} of {len(chosen)} caught")
    return int(survived > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
