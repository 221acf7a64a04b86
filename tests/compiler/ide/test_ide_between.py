"""Hints, lenses and links."""

from __future__ import annotations

from pathlib import Path

import pytest
from marked import PATH

from feedline.compiler.explain import explain, to_json
from feedline.compiler.ide import Analysis, KnownData, analyse
from feedline.compiler.ide.inlay import inlay_hints
from feedline.compiler.ide.lenses import code_lenses
from feedline.compiler.ide.links import links
from feedline.compiler.params import Given

DATA = "dataset a = FakeData(10, image_size=(3, 8, 8))\ngroup g = a where label == 1\ngroup h = a where label == 2\n"


def shown(analysis: Analysis) -> str:
    """The text with its hints in it."""
    text = analysis.text
    for hint in reversed(inlay_hints(analysis)):
        text = f"{text[: hint.offset]}<{hint.text}>{text[hint.offset :]}"
    return text.removeprefix(DATA)


def test_types_stand_behind_the_steps_that_change_them() -> None:
    """Also inside `maybe`, and behind a chain that is named; steps that change nothing have none."""
    text = (
        "transform p { ToDtype(float32, scale=true) }\n"
        "loader x from a { transform { Identity(); maybe 50% { Grayscale() }; Resize((4, 4)); p } }\n"
    )
    assert (
        "transform p { ToDtype(float32, scale=true)<→ float32, 0..1, 4 x 4> }\n"
        "loader x from a { transform { Identity(); maybe 50% { Grayscale()<→ uint8 tensor, 1 x 8 x 8> }; "
        "Resize((4, 4))<→ uint8 tensor, 3 x 4 x 4 or uint8 tensor, 1 x 4 x 4>; p<→ float32, 0..1, 4 x 4> } }\n"
    ) == shown(analyse(DATA + text, PATH)).replace("3 x 4 x 4 or float32, 0..1, 1 x 4 x 4", "4 x 4")


def test_loaders_that_disagree_about_a_named_step_leave_it_bare() -> None:
    """Each says its own where it names the chain."""
    text = (
        "transform p { ToDtype(float32, scale=true) }\n"
        "loader x from a { transform { p } }\nloader y from a { transform { Resize((4, 4)); p } }\n"
    )
    hints = shown(analyse(DATA + text, PATH))
    assert hints.startswith("transform p { ToDtype(float32, scale=true) }\n")
    assert "{ p<→ float32, 0..1, 3 x 8 x 8> }" in hints and "; p<→ float32, 0..1, 3 x 4 x 4> }" in hints


@pytest.mark.parametrize(
    "policy, expected",
    [
        ("force 3 g per 8", "3 g + 5 others"),
        ("force at least 1 g per 8", "≥ 1 g + 7 of any kind"),
        ("force 1 g per 8; force at most 2 h per 8", "1 g + ≤ 2 h + 7 others"),
        ("force 1 g per 1; epoch 5 batches", "1 g"),
        ("mix g 3, h 1 per 8", "6 g + 2 h"),
        ("draw 4 label with 2 each", "4 label x 2 = 8"),
        ("force 1 g per 8 across ranks", "1 g + 7 others across ranks"),
    ],
)
def test_a_policy_shows_its_numbers(policy: str, expected: str) -> None:
    """What fills the places of every batch."""
    assert f"{{ sample {{ {policy} }}<{expected}> }}" in shown(
        analyse(f"{DATA}loader x from a {{ sample {{ {policy} }} }}\n", PATH)
    )


def test_a_long_block_shows_them_behind_its_brace() -> None:
    """A named policy behind its name; a plain batch says nothing by itself."""
    assert "sample {<1 g + 1 other>\n" in shown(
        analyse(f"{DATA}loader x from a {{\n  sample {{\n    force 1 g per 2\n  }}\n}}\n", PATH)
    )
    text = "policy p { force 1 g per 2 }\nloader x from a { sample p }\nloader y from a { sample { batch 2 } }\n"
    assert text.replace("sample p", "sample p<1 g + 1 other>") == shown(analyse(DATA + text, PATH))


def test_the_data_adds_counts() -> None:
    """Of data sets, parts, groups, and batches of an epoch."""
    known = KnownData({"a": 1000, "a.x": 800}, {}, {}, {"g": 1}, {"l": 171})
    text = f"{DATA}split a into x 80%, y 20%\nloader l from a.x {{ sample {{ batch 4 }} }}\n"
    hints = shown(analyse(text, PATH, known=known))
    assert (
        "split a into x 80%<800 samples>, y 20%\nloader l from a.x { sample { batch 4 }<171 batches per epoch> }"
        in hints
    )
    assert "<1,000 samples>" in hints and "<1 sample>" in hints


def test_a_parameter_that_was_set_shows_its_value() -> None:
    """One that is its default does not."""
    assert "param n = 1<now 2>\n" == shown(analyse("param n = 1\n", PATH, params={"n": Given(2)}))
    assert "param n = 1\n" == shown(analyse("param n = 1\n", PATH))


def test_a_page_of_explain_is_what_is_known() -> None:
    """As its JSON says it."""
    page = {
        "datasets": [
            {
                **{"name": "a", "samples": 10, "classes": ["x"], "sample": {"fields": [{"name": "image"}]}},
                "parts": [{"name": "t", "samples": 8}, {"name": "v", "samples": None}],
            }
        ],
        "groups": [{"name": "g", "dataset": "a", "counts": [{"of": "a", "samples": 3}, {"of": "a.t", "samples": 2}]}],
        "loaders": [{"name": "l", "policies": [{"batches": 5}]}, {"name": "m", "policies": [{"batches": None}]}],
    }
    expected = KnownData({"a": 10, "a.t": 8}, {"a": ("x",)}, {"a": ("image",)}, {"g": 3}, {"l": 5})
    assert expected == KnownData.from_page(page)
    assert KnownData() == KnownData.from_page({})


def test_a_page_without_data_says_nothing_of_it() -> None:
    """But for the fields that any of its samples has."""
    program = analyse(f"{DATA}split a into x 80%, y 20%\nloader l from a.x {{ }}\n", PATH).program
    assert program is not None
    known = KnownData.from_page(to_json(explain(program)))
    assert KnownData(fields={"a": ("image", "label", "index")}) == known


def test_loaders_can_be_run_where_there_is_no_error() -> None:
    """Nothing else would come of it."""
    text = f"{DATA}loader x from a {{ }}\n"
    assert [("verify", "x"), ("show", "x"), ("explain", "x")] == [
        (lens.command, lens.loader) for lens in code_lenses(analyse(text, PATH))
    ]
    assert () == code_lenses(analyse(text + "let b = = 1\n", PATH))


def test_paths_to_files_are_links(tmp_path: Path) -> None:
    """Of imports, arguments and parameters, also with a parameter's value inside; folders and what is not there not."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "rows.csv").touch()
    (tmp_path / "other.pipe").write_text("let a = 1\n")
    text = (
        'import "other.pipe" (a)\nparam root: path = "in"\nparam file: path = "in/rows.csv"\n'
        'dataset t = Table("${root}/rows.csv")\ndataset u = Table("none.csv")\n'
    )
    analysis = analyse(text, str(tmp_path / "main.pipe"))
    assert [
        ("other.pipe", str(tmp_path / "other.pipe")),
        ("in/rows.csv", str(tmp_path / "in" / "rows.csv")),
        ("${root}/rows.csv", str(tmp_path / "in" / "rows.csv")),
    ] == [(analysis.written(link.span), link.path) for link in links(analysis)]
