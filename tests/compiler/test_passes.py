"""What a pass makes of each loader in tests/cases/passes/NAME.pipe, NAME being the pass, in the .txt beside it.

A new case is a new file; FEEDLINE_UPDATE_GOLDEN=1 writes its .txt for reading over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from feedline.compiler import compile_source
from feedline.compiler.ir import Apply, Step
from feedline.compiler.passes import pass_names, plan_of
from feedline.compiler.passes.gather import BATCH_FORMS
from feedline.dsl.source import SourceText

FOLDER = Path(__file__).parents[1] / "cases" / "passes"
NAMES = sorted(path.stem for path in FOLDER.glob("*.pipe"))

Golden = Callable[[str, str], None]


def named(steps: tuple[Step, ...]) -> str:
    """The steps by name."""
    return "; ".join(step.name if isinstance(step, Apply) else type(step).__name__ for step in steps) or "nothing"


def test_the_steps_that_are_gathered_are_those_of_the_docs() -> None:
    """docs/language.md lists them, in any order."""
    text = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")
    (said,) = re.findall(r"where the chain is made of (.+?), padding comes before cutting", text, re.DOTALL)
    assert sorted(BATCH_FORMS) == sorted(re.findall(r"`([A-Z]\w+)", said))


@pytest.mark.parametrize("name", NAMES)
def test_what_a_pass_does(name: str, golden: Golden) -> None:
    """Every loader's plan without the pass and with it, and what `explain` says it did."""
    assert name in pass_names()
    text = (FOLDER / f"{name}.pipe").read_text(encoding="utf-8")
    program = compile_source(SourceText(f"{name}.pipe", text), base=FOLDER, allow_python=True).program
    assert program is not None
    lines: list[str] = []
    for loader in program.loaders:
        lines.append(f"{loader.name}\n")
        for word, without in (("before", (name,)), ("after", ())):
            plan = plan_of(program, loader, without)
            late = () if plan.late is None else plan.late.steps
            once = f"once a sample: {named(plan.chain[: plan.prefix])}   " if plan.cache != "off" else ""
            each = f"each sample: {named(plan.chain[plan.prefix :])}"
            lines.append(f"  {word:6}  {once}{each}   each batch: {named(late)}\n")
        lines += [f"  {done.name}: {done.text}\n" for done in plan_of(program, loader).done if done.name == name]
    golden(f"passes/{name}.txt", "".join(lines))
