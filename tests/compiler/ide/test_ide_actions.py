"""What can be offered to change."""

from __future__ import annotations

import pytest
from marked import edited, selected

from feedline.compiler.ide import analyse
from feedline.compiler.ide.actions import code_actions, fix_all

DATA = "dataset a = FakeData(10, image_size=(3, 8, 8))\n"


def changed(marked: str, title: str) -> str:
    """The text after the action of that title, behind `DATA`."""
    analysis, start, end = selected(DATA + marked)
    (action,) = [one for one in code_actions(analysis, start, end) if one.title == title]
    return edited(analysis, action.edits).removeprefix(DATA)


def titles(marked: str) -> list[str]:
    """What is offered."""
    return [one.title for one in code_actions(*selected(DATA + marked))]


def test_fixes_of_what_was_found_are_offered_where_it_is() -> None:
    """A safe one as the one to take."""
    analysis, start, end = selected(DATA + "transform t { res‸ize(4) }")
    fix = next(one for one in code_actions(analysis, start, end) if one.kind == "quickfix")
    assert ("write `Resize`", True) == (fix.title, fix.preferred)
    assert fix.about is not None and "there is no transform `resize`" == fix.about.message
    assert [] == titles("transform t { resize(4) }‸")


def test_every_safe_fix_is_applied_at_once() -> None:
    """None where there is nothing to fix."""
    analysis = analyse(DATA + "transform t { resize(4); toimage() }", "/nowhere/a.pipe")
    action = fix_all(analysis)
    assert action is not None
    assert DATA + "transform t { Resize(4); ToImage() }" == edited(analysis, action.edits)
    assert None is fix_all(analyse(DATA, "/nowhere/a.pipe"))


@pytest.mark.parametrize(
    "marked, title, expected",
    [
        ("split a into x 80%, y ‸20%", "write the split's seed", "split a into x 80%, y 20% seed 0"),
        (
            "loader x from a { sample { batch 4; order ‸shuffled } }",
            "write the policy's seed",
            "loader x from a { sample { batch 4; order shuffled; seed 0 } }",
        ),
        (
            "policy p {\n  batch 4  # four\n  order shuf‸fled  # why\n}\n",
            "write the policy's seed",
            "policy p {\n  batch 4  # four\n  order shuffled  # why\n  seed 0\n}\n",
        ),
    ],
)
def test_a_missing_seed_is_written(marked: str, title: str, expected: str) -> None:
    """In the look of its block."""
    assert expected == changed(marked, title)


@pytest.mark.parametrize(
    "marked",
    [
        "split a into x 80%, y 20% ‸seed 1",
        'split a by folder into x = "‸x", y = "y"',
        "policy p { batch ‸4 }",
        "policy p { batch 4; order shuffled; seed ‸7 }",
    ],
)
def test_a_seed_is_offered_only_where_one_is_missing(marked: str) -> None:
    """Nothing random needs none."""
    assert [] == [title for title in titles(marked) if "seed" in title]


def test_selected_steps_become_a_named_transform() -> None:
    """Before the declaration and its comment; comments of the steps go with them."""
    marked = (
        "# why\nloader x from a {\n  transform {\n    «Resize((4, 4))  # four\n    ToImage()»\n    Identity()\n  }\n}\n"
    )
    expected = (
        "transform steps {\n  Resize((4, 4))  # four\n  ToImage()\n}\n\n"
        "# why\nloader x from a {\n  transform {\n    steps\n    Identity()\n  }\n}\n"
    )
    assert expected == changed(marked, "extract into `transform steps`")


def test_a_whole_chain_is_extracted_from_its_word() -> None:
    """Under a name that is free."""
    marked = "let steps = 1\nloader x from a { trans‸form { ToImage(); Identity() } }"
    expected = (
        "let steps = 1\ntransform steps2 {\n  ToImage(); Identity()\n}\n\nloader x from a { transform { steps2 } }"
    )
    assert expected == changed(marked, "extract into `transform steps2`")


def test_a_named_transform_is_put_where_it_is_named() -> None:
    """On one line or several, with braces where a chain needs them."""
    one = "transform t { ToImage(); Identity() }\nloader x from a { transform { Resize(4); ‸t } }"
    assert changed(one, "inline `t` here").endswith("transform { Resize(4); ToImage(); Identity() } }")
    alone = "transform t { ToImage(); Identity() }\nloader x from a { transform ‸t }"
    assert changed(alone, "inline `t` here").endswith("{ transform { ToImage(); Identity() } }")
    branch = "transform t { ToImage(); Identity() }\ntransform u { one of { ‸t weight 2; Identity() } }"
    assert changed(branch, "inline `t` here").endswith("one of { { ToImage(); Identity() } weight 2; Identity() } }")


def test_a_named_transform_is_inlined_everywhere_and_goes() -> None:
    """Several lines keep their comments."""
    marked = (
        "transform ‸t {\n  ToImage()  # one\n  Identity()\n}\n\n"
        "loader x from a {\n  transform {\n    t\n  }\n}\nloader y from a { transform { t } }\n"
    )
    expected = (
        "loader x from a {\n  transform {\n    ToImage()  # one\n    Identity()\n  }\n}\n"
        "loader y from a { transform { \n  ToImage()  # one\n  Identity()\n } }\n"
    )
    assert expected == changed(marked, "inline `t` everywhere")


def test_no_comment_is_lost_where_a_transform_is_inlined() -> None:
    """Nor does one take with it what stands behind the name."""
    marked = "transform ‸t {\n  ToImage()\f # \u2028 one\n  # two\n}\ntransform u { t; Identity() }\n"
    expected = "transform u { \n  ToImage()\f # \u2028 one\n  # two\n; Identity() }\n"
    assert expected == changed(marked, "inline `t` everywhere")
    marked = "transform ‸t { ToImage() # one\n}\ntransform u {\n  t\n}\n"
    assert changed(marked, "inline `t` everywhere") == "transform u {\n  ToImage() # one\n}\n"


@pytest.mark.parametrize(
    "marked", ["transform ‸t { }", "transform ‸t { ToImage() }", "transform t { ToImage( }\nlet b = ‸t"]
)
def test_nothing_is_inlined_that_cannot_be(marked: str) -> None:
    """No steps, no uses, or steps that could not be read."""
    assert [] == [title for title in titles(marked) if "inline" in title]
