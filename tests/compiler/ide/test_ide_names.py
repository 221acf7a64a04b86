"""Definitions, references, highlights and renames."""

from __future__ import annotations

import pytest
from marked import PATH, at_cursor, edited

from feedline.compiler.ide import analyse
from feedline.compiler.ide.references import definition, highlights, references
from feedline.compiler.ide.rename import RenameError, prepare_rename, rename
from feedline.dsl.fixes import apply

SHARED = """\
transform pixels { ToImage() }
dataset photos = FakeData(10)
split photos into first 80%, last 20%
"""
USER = """\
import "shared.pipe" (pixels)
import "shared.pipe" as s
loader a from s.photos.first { transform { pixels; s.pixels } }
"""
TEXTS = {"/nowhere/shared.pipe": SHARED, PATH: USER}

TEXT = """\
param root = "a"
let label_of = 1
dataset photos = ImageFolder("${root}/x", extensions=("${ root }",))
group odd = photos where label == label_of and width > 3
group even = not odd
split photos into train 80%, val 20% stratified by odd
transform pixels { ToImage() }
policy mixed { force 1 odd per 4; epoch one pass over odd }
loader x from photos.train { transform { maybe 50% { pixels } }; sample mixed }
"""


@pytest.mark.parametrize(
    "word, uses",
    [("root", 3), ("label_of", 2), ("photos", 4), ("odd", 5), ("train", 2), ("pixels", 2), ("mixed", 2), ("even", 1)],
)
def test_every_use_of_a_name_is_found(word: str, uses: int) -> None:
    """From its declaration and from each use, in strings too; the first is where it is declared."""
    analysis = analyse(TEXT, PATH)
    found = references(analysis, TEXT.index(word))
    assert [word] * uses == [analysis.written(one.span) for one in found]
    for use in found:
        assert found == references(analysis, use.span.start) == highlights(analysis, use.span.end)
        target = definition(analysis, use.span.start)
        assert target is not None and found[0].span == target.name
    assert uses - 1 == len(references(analysis, TEXT.index(word), declaration=False))


def test_fields_and_words_of_the_language_are_no_names() -> None:
    """Nothing declares them."""
    analysis = analyse(TEXT, PATH)
    for word in ("label ==", "width", "ImageFolder", "extensions", "stratified", "ToImage"):
        assert None is definition(analysis, TEXT.index(word))


def test_a_name_is_followed_into_the_file_that_declares_it() -> None:
    """By its own name, through an alias, and to a part of its data."""
    analysis = analyse(USER, PATH, TEXTS)
    for word, expected in {"pixels;": "pixels", "pixels }": "pixels", "photos": "photos", "first": "first"}.items():
        target = definition(analysis, USER.index(word))
        assert target is not None and "/nowhere/shared.pipe" == target.name.path
        assert expected == SHARED[target.name.start : target.name.end]
    target = definition(analysis, USER.index("s.photos"))
    assert target is not None and PATH == target.name.path


def test_a_rename_reaches_every_file_that_is_open() -> None:
    """From whichever it starts."""
    shared, user = analyse(SHARED, "/nowhere/shared.pipe", TEXTS), analyse(USER, PATH, TEXTS)
    from_shared = rename(shared, SHARED.index("pixels"), "image", [user])
    from_user = rename(user, USER.index("pixels;"), "image", [shared])
    assert from_shared == from_user
    assert USER.replace("pixels", "image") == apply(USER, [edit for edit in from_user if edit.span.path == PATH])
    assert SHARED.replace("pixels", "image") == apply(SHARED, [edit for edit in from_user if edit.span.path != PATH])


def test_a_part_is_renamed_with_its_uses() -> None:
    """But not a data set of the same name."""
    text = "dataset train = FakeData(9)\nsplit train into tr‸ain 80%, val 20%\nloader x from train.train { }\n"
    analysis, offset = at_cursor(text)
    expected = analysis.text.replace("into train", "into most").replace("train.train", "train.most")
    assert expected == edited(analysis, rename(analysis, offset, "most"))


def test_two_parts_of_a_data_set_have_two_names() -> None:
    """The name of another part is refused, that of a part of another data set is not."""
    start = "dataset a = FakeData(9)\ndataset b = FakeData(9)\nsplit b into other 5, rest 4\n"
    text = f"{start}split a into train 8, val 1\nloader x from a.train {{}}\n"
    analysis = analyse(text, PATH)
    with pytest.raises(RenameError, match="`a` has a part called `val` already"):
        rename(analysis, text.index("train"), "val")
    assert 2 == len(rename(analysis, text.index("train"), "other"))


@pytest.mark.parametrize(
    "name, why",
    [
        ("photos", "has a dataset called `photos` already"),
        ("imagenet", "a name of the language"),
        ("in", "a word of the language"),
        ("a b", "no name"),
        ("", "is empty"),
        ("width", "a field that a condition names"),
    ],
)
def test_a_name_that_would_mean_something_else_is_refused(name: str, why: str) -> None:
    """With the reason."""
    analysis = analyse(TEXT, PATH)
    with pytest.raises(RenameError, match=why):
        rename(analysis, TEXT.index("label_of"), name)


def test_a_word_of_an_option_is_no_use_of_what_is_called_like_it() -> None:
    """A loader may be called `fast` beside `optimize = fast`; a value of that name would change what that means."""
    text = """dataset photos = FakeData(10)
loader fast from photos { transform { bilinear; Resize(9, interpolation=bilinear) }; optimize = fast }
transform bilinear { ToImage() }
let how = nearest
transform small { Resize(5, interpolation=how) }
"""
    analysis = analyse(text, PATH)
    assert (
        None is definition(analysis, text.index("= fast") + 2) is prepare_rename(analysis, text.index("=bilinear") + 1)
    )
    assert text.replace("loader fast", "loader train") == edited(
        analysis, rename(analysis, text.index("fast"), "train")
    )
    assert 2 == len(references(analysis, text.index("bilinear")))
    with pytest.raises(RenameError, match="stands for a value already"):
        rename(analysis, text.index("how"), "fast")


def test_what_no_file_declares_cannot_be_renamed() -> None:
    """Parts of folds are named by the language."""
    for marked in (
        "da‸taset a = FakeData(1)",
        "dataset a = Fake‸Data(1)",
        "dataset a = FakeData(4)\nsplit a into 2 fo‸lds",
    ):
        analysis, offset = at_cursor(marked)
        assert None is prepare_rename(analysis, offset)
        with pytest.raises(RenameError):
            rename(analysis, offset, "b")


def test_errors_elsewhere_leave_names_alone() -> None:
    """In a broken file names are found where they can be read."""
    analysis, offset = at_cursor("let si‸ze = 1\nlet b = = 2\nloader x from {\nlet c = size\n")
    assert 2 == len(references(analysis, offset))
