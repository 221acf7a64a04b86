"""Near names for misspelt ones."""

import pytest

from feedline.dsl.suggest import did_you_mean, suggest

NAMES = ["Resize", "RandomResize", "RandomCrop", "CenterCrop", "RandomErasing", "train", "val", "test"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Rezise", ["Resize"]),
        ("resize", ["Resize"]),
        ("RandmCorp", ["RandomCrop"]),
        ("trian", ["train"]),
        ("vla", ["val"]),
        ("tran", ["train"]),
        ("RandomEra", ["RandomErasing"]),
        ("rand", ["RandomResize", "RandomCrop", "RandomErasing"]),
        ("Ran", []),
        ("Elastic", []),
        ("", []),
        ("xy", []),
    ],
)
def test_near_names_are_found(name, expected):
    """A few slips are forgiven, an ending that is not typed yet too, a different word is not."""
    assert expected == suggest(name, NAMES)


def test_nearest_comes_first():
    """Candidates are ordered by their distance."""
    assert ["random_crob", "randon_crob"] == suggest("random_crop", ["other", "randon_crob", "random_crob"])


def test_limit_bounds_the_list():
    """No more names than asked for."""
    assert 2 == len(suggest("abcd", ["abce", "abcf", "abcg"], limit=2))


def test_the_beginning_of_too_many_names_says_nothing():
    """As many as the limit are named, of more none."""
    assert ["abcdx", "abcdy"] == suggest("abcd", ["abcdx", "abcdy"], limit=2)
    assert [] == suggest("abcd", ["abcdefx", "abcdefy", "abcdefz"], limit=2)


def test_a_slip_comes_before_an_ending():
    """One letter that is left out is likelier than five that are not typed yet."""
    assert ["replace", "replacement"] == suggest("replac", ["replacement", "replace"])


def test_name_itself_is_not_suggested():
    """Telling a user to write what was written helps nobody."""
    assert ["vala"] == suggest("val", ["val", "vala"])


def test_sentence_lists_the_names():
    """The help line reads as English for one, two and three names."""
    assert "did you mean `train`?" == did_you_mean("trian", ["train"])
    assert "did you mean `aab` or `aac`?" == did_you_mean("aaa", ["aab", "aac"])
    assert "did you mean `aab`, `aac` or `aad`?" == did_you_mean("aaa", ["aab", "aac", "aad"])
    assert did_you_mean("aaa", ["zzz"]) is None
