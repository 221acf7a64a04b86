"""`feedline doc` and `feedline schema`: what there is to read about the language."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from feedline.cli import main
from feedline.compiler import catalogue
from feedline.compiler.catalogue import parse_type
from feedline.compiler.options import OPTIONS
from feedline.compiler.reference import KINDS, find, section, topics
from feedline.compiler.reference.schema import spelled
from feedline.dsl.rules import RULES
from feedline.grammar import KEYWORDS, keyword_types, parser

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"


def test_a_statement(capsys: pytest.CaptureFixture[str]) -> None:
    """Its form and what it means."""
    assert 0 == main(["doc", "bucket"])
    expected = """\
## `bucket`: a sampling statement

```text
bucket by FIELD into N
```

Batches of samples alike in a numeric field, each sample still once.
"""
    assert expected == capsys.readouterr().out


def test_a_transform_in_any_case(capsys: pytest.CaptureFixture[str]) -> None:
    """Its signature, what it does, each argument."""
    assert 0 == main(["doc", "centercrop"])
    printed = capsys.readouterr().out
    assert printed.startswith("## `CenterCrop`: a transform\n\n```text\nCenterCrop(size)\n```\n\nCrop the input")
    assert "\n- `size`: a whole number of at least 1" in printed


def test_a_dataset_has_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    """And the fields of its samples, and what it does not take."""
    assert 0 == main(["doc", "ImageFolder"])
    printed = capsys.readouterr().out
    assert "Samples have `image`, `label`." in printed
    assert "\n- `root`: a path" in printed
    assert "`transform` is not taken: " in printed


def test_a_name_of_two_things(capsys: pytest.CaptureFixture[str]) -> None:
    """Both are printed, as for several names."""
    assert 0 == main(["doc", "transform", "Pad"])
    heads = [line for line in capsys.readouterr().out.splitlines() if line.startswith("## ")]
    assert ["## `transform`: a declaration", "## `transform`: a loader statement", "## `Pad`: a transform"] == heads


def test_a_form_in_several_words(capsys: pytest.CaptureFixture[str]) -> None:
    """`one of` is the page of `one`, quoted or not; a word with a page of its own has it, too."""
    for words in (["one of"], ["one", "of"]):
        assert 0 == main(["doc", *words])
        assert capsys.readouterr().out.startswith("## `one`: a step of a chain\n\n```text\none of { A; B weight 2 }")
    assert 0 == main(["doc", "force at least"])
    heads = [line for line in capsys.readouterr().out.splitlines() if line.startswith("## ")]
    assert ["## `force`: a sampling statement", "## `least`: a clause"] == heads


@pytest.mark.parametrize(("name", "kinds"), [("imagenet.mean", ["constant"]), ("mnist", ["constant", "dataset"])])
def test_a_constant(name: str, kinds: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Its values; a dataset of the same name is not hidden by it."""
    assert 0 == main(["doc", name])
    printed = capsys.readouterr().out
    assert kinds == [line.split(": a ")[1] for line in printed.splitlines() if line.startswith("## ")]
    assert f"\n- `{name.split('.')[0]}.mean` is `(0." in printed


@pytest.mark.parametrize("name", ["RandomResizedCrop", "CocoDetection", "param", "AugMix", "Kinetics"])
def test_a_page_fits_80_columns(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the words of the page of the docs, in their order, and nothing for a terminal alone."""
    assert 0 == main(["doc", name])
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    assert "\x1b" not in printed
    assert "\n".join(map(section, find(name))).split() == printed.split()


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("forse", "did you mean `force`?"),
        ("Resise", "`Resize`"),
        ("flip", "did you mean `RandomHorizontalFlip` or `RandomVerticalFlip`?"),
        ("Random", "one of 18 more"),
        ("fl101", "`feedline rule FL101` explains it"),
        ("photos.train", "lists what"),
        ("qqqqqq", "lists what"),
    ],
)
def test_a_miss(word: str, near: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage, with what was probably meant: a name with these letters in it, else one that is near."""
    assert 2 == main(["doc", word])
    assert near in capsys.readouterr().err


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a name, every topic by kind."""
    assert 0 == main(["doc"])
    printed = capsys.readouterr().out
    assert list(KINDS.values()) == [line for line in printed.splitlines() if line in KINDS.values()]
    assert [topic.name for topic in topics() if topic.name not in printed.split()] == []


def test_a_name_and_all(capsys: pytest.CaptureFixture[str]) -> None:
    """One or the other."""
    assert 2 == main(["doc", "--all", "force"])


def test_the_page_of_the_docs_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """`feedline doc --all > docs/reference.md` changes nothing."""
    assert 0 == main(["doc", "--all"])
    assert PAGE.read_text(encoding="utf-8") == capsys.readouterr().out


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ("declaration", "declaration"),
        ("step", "step of a chain"),
        ("policy_statement", "sampling statement"),
        ("loader_statement", "loader statement"),
    ],
)
def test_every_form_of_the_grammar_has_a_page(rule: str, kind: str) -> None:
    """What a statement can begin with is what there are pages of."""
    heads = _first_keywords(rule)
    assert heads == {topic.name for topic in topics() if topic.kind == kind}


def _first_keywords(rule: str) -> set[str]:
    words = keyword_types()
    rules = [(item.origin.name, item.expansion[0].name) for item in parser().rules if item.expansion]
    found, todo = set(), {rule}
    while todo:
        one = todo.pop()
        found.add(one)
        todo |= {first for name, first in rules if name == one} - found
    return {words[name] for name in found if name in words}


def test_every_keyword_is_explained_somewhere() -> None:
    """No word of the grammar is missing in the forms and their words."""
    said = " ".join(f"{topic.name} {topic.form} {topic.doc}" for topic in topics()).replace("`", " ").split()
    words = {word.strip(".,:;()[]") for word in said}
    unsaid = [
        word for group in ("declaration", "step", "policy", "loader") for word in KEYWORDS[group] if word not in words
    ]
    assert unsaid == []


def _schema(capsys: pytest.CaptureFixture[str]) -> dict[str, list[dict[str, object]]]:
    assert 0 == main(["schema"])
    return json.loads(capsys.readouterr().out)


def test_the_schema_holds_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """By name: what the catalogue, the options and the rules hold."""
    found = _schema(capsys)

    def names(key: str, name: str = "name") -> list[object]:
        return [item[name] for item in found[key]]

    assert 1 == found["format_version"]
    assert list(catalogue.transform_names()) == names("transforms")
    assert list(catalogue.dataset_names()) == names("datasets")
    assert list(OPTIONS) == names("options")
    assert ["env", "python", "memory", "disk"] == names("functions")
    assert sorted(RULES) == names("diagnostics", "code")
    assert set(KEYWORDS["declaration"]) == set(names("declarations"))


def test_types_and_defaults_come_back_from_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """`parse_type` and `value_from_json` read them as the catalogue has them."""
    found = {str(item["name"]): item for item in _schema(capsys)["transforms"]}
    for name in catalogue.transform_names():
        entry = catalogue.transform(name)
        assert entry is not None
        for parameter, said in zip(entry.parameters, found[name]["parameters"], strict=True):  # pyright: ignore[reportArgumentType]: JSON
            assert parse_type(said["type"]) == parameter.type
            default = (
                parse_type(said["type"]).fit(catalogue.value_from_json(said["default"])) if "default" in said else None
            )
            assert default == parameter.default


@pytest.mark.parametrize("text", ["int 1.. | (int, int)", "{a b} | none", "[float 1,2,4]", "float -0.5..0.5", "dtype"])
def test_types_are_spelled_as_they_are_read(text: str) -> None:
    """A type of the catalogue's small language, there and back."""
    assert parse_type(spelled(parse_type(text))) == parse_type(text)
