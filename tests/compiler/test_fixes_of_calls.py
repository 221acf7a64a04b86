"""The fixes of mistaken calls: what `--fix` makes of a chain is right, and what is a guess is left to the reader."""

from __future__ import annotations

import pytest

from feedline.compiler import CheckResult, compile_source
from feedline.compiler.sample_types.model import Number, Tuple
from feedline.compiler.sample_types.words import words
from feedline.dsl.fixes import apply, safe_fixes
from feedline.dsl.source import SourceText

FILE = "dataset d = FakeData(image_size=(3, 64, 64))\nloader l from d {{\n  transform {{ {} }}\n}}\n"


def _check(text: str) -> CheckResult:
    return compile_source(SourceText("a.pipe", text))


def _fixed(text: str) -> str:
    found = _check(text).diagnostics
    assert found
    return apply(text, [edit for fix in safe_fixes(found) for edit in fix.edits])


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("Resize(32, 32)", "Resize((32, 32))"),
        ("Resize(32, 32, bilinear)", "Resize((32, 32), bilinear)"),
        ("CenterCrop(32, 32)", "CenterCrop((32, 32))"),
        ("RandomHorizontalFlip; ToTensor()", "RandomHorizontalFlip(); ToTensor()"),
        ("RandomResizedCrop(32, 32, scale=(0.2, 1.0))", "RandomResizedCrop((32, 32), scale=(0.2, 1.0))"),
        ("Resize((8, 8), resample=false)", "Resize((8, 8), interpolation=nearest)"),
        ("Resize((8, 8), resample=3)", "Resize((8, 8), interpolation=bicubic)"),
        ("Resize((8, 8), resample=bilinear)", "Resize((8, 8), interpolation=bilinear)"),
        ("RandomCropResize(32)", "RandomResizedCrop(32)"),
        ("ToTensor(); Normalize(imagenet)", "ToTensor(); Normalize(imagenet.mean, imagenet.std)"),
        ("ToTensor(); Normalize(mean=clip)", "ToTensor(); Normalize(mean=clip.mean, std=clip.std)"),
        ("ToTensor(); Normalize([0.5] * 3, (0.1,) * 3)", "ToTensor(); Normalize([0.5, 0.5, 0.5], (0.1, 0.1, 0.1))"),
        ("ToTensor(); Normalize(IMAGENET_MEAN, ImageNet.std)", "ToTensor(); Normalize(imagenet.mean, imagenet.std)"),
        (
            "ToTensor(); Normalize(IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)",
            "ToTensor(); Normalize(imagenet.mean, imagenet.std)",
        ),
        ("ToDtype(torch.float, scale=true)", "ToDtype(float32, scale=true)"),
        ("ToDtype(half, scale=true)", "ToDtype(float16, scale=true)"),
        ("RandomApply(ColorJitter(0.4), p=0.8)", "RandomApply([ColorJitter(0.4)], p=0.8)"),
        (
            "views 2 { RandomInvert() }; Normalize(imagenet.mean, imagenet.std); ToTensor()",
            "views 2 { RandomInvert() }; ToTensor(); Normalize(imagenet.mean, imagenet.std)",
        ),
        (
            "Normalize(imagenet.mean, imagenet.std); ToTensor()",
            "ToTensor(); Normalize(imagenet.mean, imagenet.std)",
        ),
        (
            "ToTensor(); Normalize(mean=[127.5, 127.5, 127.5], std=[63.75, 63.75, 63.75])",
            "ToTensor(); Normalize(mean=[0.5, 0.5, 0.5], std=[0.25, 0.25, 0.25])",
        ),
        (
            "ToTensor(); Normalize((127.5,), std=(63.75,))",
            "ToTensor(); Normalize([0.5], std=[0.25])",
        ),
    ],
)
def test_safe_fixes_put_it_right(wrong: str, right: str) -> None:
    """One check names all that is wrong, and nothing is wrong with what the fixes leave."""
    assert FILE.format(right) == _fixed(FILE.format(wrong))
    assert () == _check(FILE.format(right)).diagnostics


@pytest.mark.parametrize(
    "guess",
    [
        "Resize(48, 32)",  # or width first
        "RandomCrop(32, 32)",
        "RandomHorizontalFlip(50)",
        'Resize((8, 8), resample="linear")',
        "Resize((8, 8), resample=77)",
        "ToDtype(float, scale=true)",  # float64 to Python
        "ToTensor(); Normalize(imagenet.std, imagenet.mean)",
        "views { RandomHorizontalFlip(); ToTensor(); Normalize(imagenet.mean, imagenet.std) }",
    ],
)
def test_guesses_are_not_applied(guess: str) -> None:
    """They stay as they are, reported."""
    assert FILE.format(guess) == _fixed(FILE.format(guess))


@pytest.mark.parametrize("name", ["train", "val"])
def test_part_gets_its_dataset(name: str) -> None:
    """Also where the loader has the part's name."""
    text = f"dataset d = FakeData()\nsplit d into train 80%, val 20%\nloader {name} from {{}} {{{{ {{}} }}}}\n"
    rest = "sample { batch 2; order shuffled }" if name == "train" else ""
    assert text.format(f"d.{name}", rest) == _fixed(text.format(name, rest))


def test_arguments_behind_two_sizes_are_checked_as_well() -> None:
    """Each has its own fault, in one check."""
    found = _check(FILE.format("RandomResizedCrop(32, 32, scale=0.2, bilinears=1)")).diagnostics
    assert ["FL204", "FL205", "FL201"] == [item.code for item in found]


def test_conversion_in_another_block_is_not_moved() -> None:
    """A named chain may be used elsewhere, so only the step that is missing is put in."""
    text = "transform n { Normalize(imagenet.mean, imagenet.std) }\n" + FILE.format("n; ToTensor()")
    (found,) = _check(text).diagnostics
    assert "put `ToDtype(float32, scale=true)` before it" == found.help


def test_equal_views_are_counted() -> None:
    """Views of two sizes are two kinds, however many there are."""
    large, small = Number("float32", (8,)), Number("float32", (2,))
    assert "(2 times (float32 (8,)); 6 times (float32 (2,)))" == words(Tuple((large,) * 2 + (small,) * 6))
    assert "(float32 (8,); float32 (2,))" == words(Tuple((large, small)))
    assert "2 times (float32 (8,))" == words(Tuple((large,) * 2))
