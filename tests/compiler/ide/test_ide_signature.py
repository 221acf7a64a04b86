"""The parameters of the call that is being written."""

from __future__ import annotations

import pytest
from marked import at_cursor

from feedline.compiler.ide.signature import signature


@pytest.mark.parametrize(
    "marked, active",
    [
        ("transform t { Resize(‸) }", "size"),
        ("transform t { Resize(2‸24) }", "size"),
        ("transform t { Resize(224, ‸", "interpolation"),
        ("transform t { Resize(224, antialias=‸) }", "antialias"),
        ("transform t { Resize(224, antialias=true‸, max_size=3) }", "antialias"),
        ("transform t { Resize((2, ‸4)) }", "size"),
        ("transform t { RandomApply([ColorJitter(‸)]) }", "brightness"),
        ('dataset d = CocoDetection("a", "‸")', "annFile"),
        ("loader x from d { collate pad(‸) }", "value"),
        ("loader x from d { collate { image pad(0, ‸) } }", "multiple"),
        ('loader x from d { cache = disk("a", ‸) }', "gb"),
        ('let a = env("A", ‸)', "default"),
        ("group g = d where count(‸) > 1", "condition"),
        ('dataset d = python("a.b:c", 1, ‸)', "args"),
    ],
)
def test_the_parameter_at_the_cursor_is_active(marked: str, active: str) -> None:
    """By position or by name, in calls within calls and in those that are not closed."""
    found = signature(*at_cursor(marked))
    assert found is not None and found.active is not None
    assert active == found.parameters[found.active].name


def test_a_parameter_stands_where_it_says() -> None:
    """With what it is."""
    found = signature(*at_cursor("transform t { Resize(‸"))
    assert found is not None and found.doc
    assert ["size", "interpolation=bilinear"] == [found.text[p.start : p.end] for p in found.parameters][:2]
    assert "a whole number of at least 1" in found.parameters[0].doc


@pytest.mark.parametrize("marked", ["‸", "let a = (1, ‸2)", "transform t { Nothing(‸) }", "transform t { Resize(1) ‸}"])
def test_outside_of_calls_there_is_none(marked: str) -> None:
    """Nor in one of something that does not exist."""
    assert None is signature(*at_cursor(marked))


def test_a_parameter_too_many_is_none() -> None:
    """The signature is shown, and none of it is active."""
    found = signature(*at_cursor("transform t { ToImage(1, ‸) }"))
    assert found is not None and None is found.active
