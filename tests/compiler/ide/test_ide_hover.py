"""What the thing under the cursor is."""

from __future__ import annotations

import pytest
from marked import at_cursor

from feedline.compiler.ide import KnownData, analyse
from feedline.compiler.ide.hover import hover
from feedline.compiler.params import Given

TEXT = """\
param root: path = "castings"
let size = 2 * 112
dataset castings = CocoDetection("${root}/images", "a.json")
group defects = castings where category == "crack"
split castings into train 80%, val 20%
transform pixels {
  ToDtype(float32, scale=true)
  Normalize(imagenet.mean, imagenet.std)
}
loader train from castings.train {
  transform {
    Resize((size, 224))
    RandomHorizontalFlip(p=0.25)
    pixels
  }
  sample { force 3 defects per 8; seed 1 }
  num_workers = 2
}
"""


def said(words: str, into: int = 1, known: KnownData | None = None) -> str:
    """What is said so many characters into the first such words."""
    found = hover(analyse(TEXT, "/nowhere/a.pipe", known=known), TEXT.index(words) + into)
    return "" if found is None else found.markdown


@pytest.mark.parametrize(
    "words, expected",
    [
        ("root:", 'Is `"castings"` (path), its default'),
        ("root}", "param root: path"),
        ("size =", "Is `224`"),
        ("castings =", "`image`: uint8 tensor, 3 channels, size differs per image"),
        ("castings =", "Parts: `train`, `val`"),
        ("defects =", "Of `castings`, where category == "),
        ("train 80%", "A part of `castings`"),
        ("CocoDetection", "`annFile`: a path in quotes"),
        ("category", "the class of an annotation"),
        ("imagenet.mean", "imagenet.std = (0.229, 0.224, 0.225)"),
        ("p=0.25", "Probability of the input being flipped"),
        ("0.25", "a number from 0 to 1, `0.5` by default"),
        (", 224)", "Here it is `(224, 224)`"),
        ("force 3", "force [at least | at most] K GROUP"),
        ("from castings.train", "loader NAME from DATASET"),
        ("into train", "split DATASET into PART SIZE"),
        ("per 8", "the number of samples in a batch"),
        ("train from", "Batches of 8: 3 defects + 5 others."),
        ("num_workers", "a whole number of at least 0"),
        ("path =", "relative to the file that declares it"),
    ],
)
def test_everything_says_what_it_is(words: str, expected: str) -> None:
    """Names, arguments, fields, forms, options and types."""
    assert expected in said(words)


def test_a_step_says_what_it_does_to_the_sample() -> None:
    """For each loader that comes through it; a named chain as a whole."""
    assert "**In `train`**\n\n- `image`: uint8 tensor, 3 channels" in said("Resize")
    assert "→ uint8 tensor, 3 x 224 x 224" in said("Resize")
    assert "Leaves the sample's type as it is" in said("RandomHorizontalFlip")
    assert "uint8 tensor, 3 x 224 x 224 → float32, normalised, 3 x 224 x 224" in said("pixels\n")


def test_the_data_adds_its_numbers() -> None:
    """Where it is known."""
    known = KnownData({"castings": 1234}, {"castings": ("crack", "void")}, {}, {"defects": 41}, {"train": 17})
    assert "1,234 samples" in said("castings =", known=known)
    assert "2 classes: `crack`, `void`" in said("castings =", known=known)
    assert "41 samples" in said("defects =", known=known)
    assert "17 batches an epoch" in said("train from", known=known)


def test_a_parameter_from_outside_says_so() -> None:
    """What it is now, and who said it."""
    found = hover(analyse(TEXT, "/nowhere/a.pipe", params={"root": Given("other")}), TEXT.index("root"))
    assert found is not None and "from the caller" in found.markdown


def test_types_are_known_up_to_an_error() -> None:
    """A loader that is half written still says what its steps do."""
    analysis, offset = at_cursor(
        "dataset a = FakeData(1, image_size=(3, 32, 32))\n"
        "loader x from a {\n  transform {\n    ToDty‸pe(float32, scale=true)\n    Nonsense(\n  }\n}\n"
    )
    found = hover(analysis, offset)
    assert found is not None and "→ float32, 0..1, 3 x 32 x 32" in found.markdown


def test_white_space_and_comments_are_nothing() -> None:
    """Nor is a number by itself."""
    for marked in ("‸\n\nlet a = 1", "# a com‸ment", "let a = 1‸2", ""):
        analysis, offset = at_cursor(marked)
        assert None is hover(analysis, offset)
