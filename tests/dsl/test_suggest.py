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
        ("Elastic", []),
        ("", []),
        ("xy", []),
    ],
)
def test_near_names_are_found(name, expected):
    """A few slips are forgiven, a different word is not."""
    assert expected == suggest(name, NAMES)


def test_nearest_comes_first():
    """Candidates are ordered by their distance."""
    assert ["random_crob", "randon_crob"] == suggest("random_crop", ["other", "randon_crob", "random_crob"])


def test_limit_bounds_the_list():
    """No more names than asked for."""
    assert 2 == len(suggest("abcd", ["abce", "abcf", "abcg"], limit=2))


def test_name_itself_is_not_suggested():
    """Telling a user to write what was written helps nobody."""
    assert ["vala"] == suggest("val", ["val", "vala"])


def test_sentence_lists_the_names():
    """The help line reads as English for one, two and three names."""
    assert "did you mean `train`?" == did_you_mean("trian", ["train"])
    assert "did you mean `aab` or `aac`?" == did_you_mean("aaa", ["aab", "aac"])
    assert "did you mean `aab`, `aac` or `aad`?" == did_you_mean("aaa", ["aab", "aac", "aad"])
    assert did_you_mean("aaa", ["zzz"]) is None
