"""Every diagnostic code: registered once, explained, and shown by a file that earns it and one that does not."""

import re
from pathlib import Path

import pytest

from feedline.compiler import compile_source
from feedline.dsl.diagnostics import Rule
from feedline.dsl.rules import RULES
from feedline.dsl.source import SourceText

TESTS = Path(__file__).parents[1]
RANGES = {
    "syntax": "0",
    "ignores": "0",
    "names": "1",
    "values": "2",
    "types": "3",
    "types_shapes": "3",
    "types_values": "3",
    "batch_types": "3",
    "lints": "3",
    "evaluation": "3",
    "sampling": "4",
    "policies": "4",
    "feasibility": "4",
    "forms": "4",
    "caches": "5",
    "loaders": "5",
    "resume": "5",
    "promises": "5",
    "data": "6",
    "internal": "9",
}

every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
with_snippets = pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.bad], ids=lambda r: r.code)


def _all_rules(rule: type[Rule] = Rule) -> list[type[Rule]]:
    below = [cls for cls in rule.__subclasses__() if cls.__module__.startswith("feedline.dsl.rules.")]
    return below + [further for cls in below for further in _all_rules(cls)]


def _codes(text: str) -> list[str]:
    return [diagnostic.code for diagnostic in compile_source(SourceText("rule.pipe", text)).diagnostics]


def test_codes_are_unique() -> None:
    """No two classes share a code, so `RULES` lost none."""
    assert sorted(rule.code for rule in _all_rules()) == sorted(RULES)


def test_slugs_are_unique() -> None:
    """A slug names one rule, in lower case with hyphens."""
    slugs = [rule.slug for rule in RULES.values()]
    assert len(set(slugs)) == len(slugs)
    assert [] == [slug for slug in slugs if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)]


@every_rule
def test_code_is_of_its_files_range(rule: type[Rule]) -> None:
    """FL and three digits, the first of them that of the file."""
    expected = RANGES[rule.__module__.rpartition(".")[2]]
    assert re.fullmatch(rf"FL{expected}\d\d", rule.code)


@every_rule
def test_rule_is_explained(rule: type[Rule]) -> None:
    """A title without a final dot and a docstring of its own that ends with one."""
    explanation = (rule.__dict__.get("__doc__") or "").strip()
    assert rule.title
    assert not rule.title.endswith(".")
    assert explanation.endswith((".", "`", ")"))
    assert rule.severity in ("error", "warning", "hint")


@every_rule
def test_snippets_come_in_pairs(rule: type[Rule]) -> None:
    """A bad snippet has its good one, and neither stands alone."""
    assert bool(rule.bad) == bool(rule.good)


@with_snippets
def test_bad_snippet_earns_the_code_alone(rule: type[Rule]) -> None:
    """The bad file has this one fault."""
    assert [rule.code] == _codes(rule.bad)


@with_snippets
def test_good_snippet_is_good(rule: type[Rule]) -> None:
    """The good file earns nothing, not even a hint."""
    assert [] == _codes(rule.good)


def test_every_code_is_tested() -> None:
    """A code without a snippet, which only data or a caller can cause, occurs in another test or expected text."""
    files = [path for path in TESTS.rglob("*") if path.suffix in (".py", ".txt", ".json", ".pipe", ".toml")]
    text = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files if path != Path(__file__))
    assert [] == [code for code, rule in RULES.items() if not rule.bad and code not in text]
