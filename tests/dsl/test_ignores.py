"""`# feedline: ignore FL406 because ...`: what it silences, and what is said about such comments."""

from pathlib import Path

import pytest

from feedline.compiler import compile_source
from feedline.dsl.source import SourceText
from feedline.grammar import tokens

WARNS = "sample { batch 8; order shuffled; places forced first }"
CALM = "sample { batch 8; order shuffled }"


def found(*lines: str, head: str = "dataset d = FakeData(size=100)\nloader train from d {\n") -> list[str]:
    """Each code with its line, of a loader with these lines; the first is line 3."""
    text = head + "\n".join(lines) + "\n}\n"
    return [f"{item.code}:{item.line}" for item in compile_source(SourceText("a.pipe", text)).diagnostics]


def test_without_a_comment() -> None:
    """The warning that the other tests silence."""
    assert ["FL406:3"] == found(WARNS)


@pytest.mark.parametrize(
    "comment",
    [
        "# feedline: ignore FL406 because it is so",
        "#feedline:ignore FL406 because it is so",
        "## feedline: ignore FL406  because, well, FL102",
        "# feedline: ignore FL406, because it is so",
    ],
)
def test_on_its_line(comment: str) -> None:
    """Behind what it is about."""
    assert [] == found(f"{WARNS}  {comment}")


def test_on_a_line_of_its_own() -> None:
    """It is about the next line that holds something."""
    comment = "# feedline: ignore FL406 because it is so"
    assert [] == found(comment, WARNS)
    assert [] == found(comment, "", "# another comment", WARNS)
    assert ["FL014:3", "FL406:5"] == found(comment, "num_workers = 0", WARNS)


def test_other_lines_are_not_silenced() -> None:
    """Nor the line before."""
    assert ["FL406:3", "FL014:4"] == found(WARNS, "num_workers = 0  # feedline: ignore FL406 because it is so")


def test_several_codes() -> None:
    """With commas or without; those that silence nothing are named one by one."""
    assert ["FL014:3"] == found(f"{WARNS}  # feedline: ignore FL314, FL406 because it is so")
    assert ["FL014:3"] == found(f"{WARNS}  # feedline: ignore FL406 FL314 because it is so")


def test_other_warnings_stay() -> None:
    """Only what is named is silenced."""
    assert ["FL014:3", "FL406:3"] == sorted(found(f"{WARNS}  # feedline: ignore FL314 because it is so"))


@pytest.mark.parametrize("ending", ["", " because", " because  ", " it is so"])
def test_a_reason_is_wanted(ending: str) -> None:
    """The warning is silenced all the same: one fault, one diagnostic."""
    assert ["FL013:3"] == found(f"{WARNS}  # feedline: ignore FL406{ending}")


def test_an_unknown_code() -> None:
    """With the near one, and a fix where capitals are all that is wrong."""
    text = f"dataset d = FakeData(size=100)\nloader train from d {{ {CALM} }}  # feedline: ignore fl406 because so\n"
    (item,) = compile_source(SourceText("a.pipe", text)).diagnostics
    assert ("FL015", "did you mean `FL406`?") == (item.code, item.help)
    assert [("FL406", True)] == [(fix.edits[0].text, fix.safe) for fix in item.fixes]


def test_an_error_cannot_be_silenced() -> None:
    """It is said, and so is that the comment cannot help."""
    assert ["FL102:3", "FL016:3"] == found("num_workers = nothing  # feedline: ignore FL102 because it comes later")


def test_comments_about_comments() -> None:
    """What is said about these comments cannot be silenced either."""
    assert ["FL016:3"] == found(f"{CALM}  # feedline: ignore FL014 because it is so")


@pytest.mark.parametrize(
    "comment",
    [
        "# feedline: ignore",
        "# feedline: ignore everything because it is so",
        "# feedline: ignor FL406 because it is so",
        "# feedline: noqa FL406",
        "# feedline ignore FL406 because it is so",
        "# feedline: ignore nothing-forced because it is so",
    ],
)
def test_an_unclear_comment(comment: str) -> None:
    """What looks like one and is none is said, and silences nothing."""
    assert ["FL017:3", "FL406:3"] == sorted(found(f"{WARNS}  {comment}"))


@pytest.mark.parametrize(
    "comment", ["# feedline: see the docs", "# feedline ignores this", "# we ignore FL406", "# feedline", "# feedline:"]
)
def test_other_comments_are_just_comments(comment: str) -> None:
    """Only what reads like an instruction is taken for one."""
    assert [] == found(f"{CALM}  {comment}")


def test_a_text_is_no_comment() -> None:
    """Nor is a `#` within a string."""
    assert ["FL406:4"] == found('timeout = len("# feedline: ignore FL406 because so")', WARNS)[-1:]


def test_a_file_with_errors_is_not_judged() -> None:
    """What a comment would silence may come once the error is gone."""
    assert ["FL102:4"] == found(f"{CALM}  # feedline: ignore FL406 because it is so", "num_workers = nothing")


def test_a_warning_of_data_is_not_judged() -> None:
    """What only opened data can say does not come in a check that opens none."""
    assert [] == found(f"{CALM}  # feedline: ignore FL477 because it is so")


def test_an_imported_file(tmp_path: Path) -> None:
    """Its comments silence what is on its lines; whether they do is judged where it is checked itself."""
    (tmp_path / "b.pipe").write_text(
        "# feedline: ignore FL406 because it is so\npolicy p { batch 8; order shuffled; places forced first }\n"
        "let idle = 1  # feedline: ignore FL406 because it is so\n"
    )
    text = 'import "b.pipe" (p)\ndataset d = FakeData(size=100)\nloader train from d { sample p }\n'
    assert () == compile_source(SourceText("a.pipe", text), base=tmp_path).diagnostics


def test_what_was_silenced_is_known() -> None:
    """For who wants to count."""
    text = f"dataset d = FakeData(size=9)\nloader a from d {{ {WARNS} }}  # feedline: ignore FL406 because so\n"
    assert ["FL406"] == [item.code for item in compile_source(SourceText("a.pipe", text)).silenced]


def test_comments_are_kept_by_the_lexer() -> None:
    """The tokens are the text."""
    text = f"loader a from d {{ {WARNS} }}  # feedline: ignore FL406 because so\n# feedline: ignore\n"
    assert text == "".join(tokens(text))


def test_an_error_needs_no_reason() -> None:
    """That it cannot be silenced is said, and no reason asked for."""
    assert ["FL016:3"] == [code for code in found(f"{CALM}  # feedline: ignore FL401") if code != "FL014:3"]
