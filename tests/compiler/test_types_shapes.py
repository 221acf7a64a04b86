"""Steps that move, cut and mix: what the checker says to each tests/cases/types_shapes/*.pipe, as a reader sees it.

A new case is a new file; FEEDLINE_UPDATE_GOLDEN=1 writes its .txt for reading over. The cases called `good_...` earn
nothing.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

from feedline.compiler import CheckResult, compile_source
from feedline.dsl.render import render
from feedline.dsl.source import SourceText

FOLDER = Path(__file__).parents[1] / "cases" / "types_shapes"
NAMES = sorted(path.stem for path in FOLDER.glob("*.pipe"))
COCO = 'dataset castings = CocoDetection("images", "annotations.json")\n'

Golden = Callable[[str, str], None]


def _check(text: str) -> CheckResult:
    return compile_source(SourceText("train.pipe", text))


def _fixed(text: str) -> str:
    """The text after every fix that is safe."""
    edits = [edit for found in _check(text).diagnostics for fix in found.fixes if fix.safe for edit in fix.edits]
    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


@pytest.mark.parametrize("name", NAMES)
def test_text(name: str, golden: Golden) -> None:
    """What a reader sees; nothing for what is right."""
    text = (FOLDER / f"{name}.pipe").read_text(encoding="utf-8")
    found = compile_source(SourceText(f"{name}.pipe", text))
    assert name.startswith("good_") != bool(found.diagnostics)
    golden(f"types_shapes/{name}.txt", render(found.diagnostics, found.sources))


@pytest.mark.parametrize("name", NAMES)
def test_safe_fixes_are_right(name: str) -> None:
    """After the safe fixes the file earns less, and nothing new."""
    text = (FOLDER / f"{name}.pipe").read_text(encoding="utf-8")
    before, after = _check(text).diagnostics, _check(_fixed(text)).diagnostics
    safe = [found for found in before if any(fix.safe for fix in found.fixes)]
    assert len(after) == len(before) - len(safe)
    assert {found.code for found in after} <= {found.code for found in before}


def _codes(chain: str) -> list[str]:
    text = f"{COCO}loader batches from castings {{ transform {{ {chain} }} }}\n"
    return [found.code for found in _check(text).diagnostics]


@pytest.mark.parametrize(
    "chain",
    [
        "RandomPerspective(p=1.0); Resize((64, 64))",
        "ElasticTransform()",
        "RandomZoomOut()",
        "Pad(4)",
        "RandomRotation((0, 0))",
        "RandomRotation(20, expand=true)",
        "RandomAffine(0, scale=(0.5, 1.0))",
        "RandomIoUCrop(sampler_options=[1.0])",
        "RandomHorizontalFlip(p=0)",
    ],
)
def test_boxes_that_stay_in_the_picture(chain: str) -> None:
    """A step that cuts nothing away needs no sanitizing."""
    assert [] == _codes(chain)


@pytest.mark.parametrize(
    "chain",
    [
        'python("mine:step"); SanitizeBoundingBoxes(); RandomCrop(900)',
        'RandomCrop(64); python("mine:clean")',
        "on image { Resize((64, 64)) }; on boxes { Resize((64, 64)) }",
        "on image { ColorJitter(0.5) }",
        "on image { RandomHorizontalFlip(p=0) }",
    ],
)
def test_what_is_not_known_is_not_reported(chain: str) -> None:
    """Nothing is said after the user's own code, nor of steps that move nothing."""
    text = f"{COCO}loader batches from castings {{ transform {{ {chain} }} }}\n"
    assert [] == [found.code for found in compile_source(SourceText("a.pipe", text), allow_python=True).diagnostics]


@pytest.mark.parametrize("how", ["", "collate detection", "collate stack", "collate pad", "collate list"])
@pytest.mark.parametrize(("code", "crop"), [("FL329", "RandomIoUCrop()"), ("FL330", "RandomResizedCrop(64)")])
def test_every_batch_with_targets_needs_boxes_with_area(how: str, code: str, crop: str) -> None:
    """`stack`, `pad` and `list` join the images; the targets stay the list of dicts that torchvision takes."""
    chain = f"{crop}; Resize((64, 64))"
    text = f"{COCO}loader batches from castings {{\n transform {{ {chain} }}\n sample {{ batch 4 }}\n {how}\n}}\n"
    assert [code] == [found.code for found in _check(text).diagnostics]


def test_negative_padding_is_the_fault() -> None:
    """Without it the crop fits, so it is named and not the size."""
    text = 'dataset d = CIFAR10("d")\nloader x from d { transform { RandomCrop(32, padding=-4) } }\n'
    (found,) = _check(text).diagnostics
    assert found.span is not None
    assert ("FL325", "padding=-4") == (found.code, text[found.span.start : found.span.end])
    with pytest.raises(ValueError, match="larger than padded"):
        v2.RandomCrop(32, padding=-4)(torch.zeros(3, 32, 32))


# ---- what the messages claim, run with torchvision


def _picture(side: int = 64) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    corners = torch.rand(12, 2, generator=generator) * side * 0.8
    boxes = torch.cat([corners, corners + side * 0.2], dim=1)
    boxes[0] = torch.tensor([0.0, 0.0, 4.0, 4.0])
    return {
        "image": tv_tensors.Image(torch.zeros(3, side, side, dtype=torch.uint8)),
        "boxes": tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=(side, side)),  # pyright: ignore  (the stubs know neither keyword)
    }


def _without_area(step: v2.Transform) -> int:
    torch.manual_seed(0)
    made = [step(_picture())["boxes"] for _ in range(50)]
    return sum(bool(((boxes[:, 2:] - boxes[:, :2]) <= 0).any()) for boxes in made)


@pytest.mark.parametrize(
    "step",
    [
        v2.RandomIoUCrop(),
        v2.RandomCrop(32),
        v2.CenterCrop(32),
        v2.RandomResizedCrop(32),
        v2.RandomRotation((45, 45)),
        v2.RandomAffine((0, 0), translate=(0.5, 0.5)),
    ],
    ids=lambda step: type(step).__name__,
)
def test_boxes_are_cut_away(step: v2.Transform) -> None:
    """Boxes without area come of the steps that are reported for it."""
    assert _without_area(step) > 0


@pytest.mark.parametrize(
    "step",
    [v2.RandomPerspective(p=1.0), v2.RandomZoomOut(p=1.0), v2.RandomRotation((45, 45), expand=True), v2.Pad(4)],
    ids=lambda step: type(step).__name__,
)
def test_boxes_are_not_cut_away(step: v2.Transform) -> None:
    """And none of those that are not."""
    assert _without_area(step) == 0


def test_a_mask_is_never_interpolated() -> None:
    """Whatever `interpolation` says, a mask keeps its labels: so nothing is said about it."""
    mask = tv_tensors.Mask(torch.tensor([[0, 9], [9, 0]], dtype=torch.uint8))
    for step in (v2.Resize((7, 5), interpolation="bilinear"), v2.RandomAffine((30, 30), interpolation="bilinear")):
        assert {0, 9} >= set(step(mask).unique().tolist())


def test_flip_and_resize_do_not_swap_to_the_bit() -> None:
    """So no hint asks to put the resize first: it would change values."""
    image = tv_tensors.Image(torch.rand(3, 33, 47, generator=torch.Generator().manual_seed(0)))
    resize, flip = v2.Resize((64, 64)), v2.RandomHorizontalFlip(p=1)
    assert not torch.equal(resize(flip(image)), flip(resize(image)))


def test_sanitizing_takes_every_format() -> None:
    """`SanitizeBoundingBoxes` converts for itself, so no format is wrong for it."""
    picture = _picture()
    for format in ("XYXY", "XYWH", "CXCYWH"):
        converted = v2.ConvertBoundingBoxFormat(format)(picture)
        assert len(v2.SanitizeBoundingBoxes(labels_getter=None)(converted)["boxes"]) == 12


@pytest.mark.parametrize("argument", ["Resize(0)", "Resize((0, 4))", "CenterCrop(0)", "RandomCrop((8, 0))"])
def test_a_size_of_zero_is_no_size(argument: str) -> None:
    """The type of the argument says so already."""
    assert ["FL205"] == _codes(argument)


def test_convert_image_dtype_takes_masks_too() -> None:
    """As FL349 says, the numbers of classes come out as floats; `ToDtype` leaves them."""
    sample = {"image": tv_tensors.Image(torch.zeros(3, 4, 4, dtype=torch.uint8)), "mask": tv_tensors.Mask(MASK)}
    assert v2.ConvertImageDtype(torch.float32)(sample)["mask"].tolist() == MASK.float().tolist()
    assert v2.ConvertImageDtype(torch.float32)(sample)["mask"].dtype == torch.float32
    assert v2.ToDtype(torch.float32, scale=True)(sample)["mask"].dtype == torch.uint8


MASK = torch.tensor([[0, 3], [7, 255]], dtype=torch.uint8)


@pytest.mark.parametrize(
    ("call", "step"),
    [
        ("Normalize((0.5,), (0.5,))", v2.Normalize([0.5], [0.5])),
        ("ColorJitter(0.4)", v2.ColorJitter(0.4)),
        ("GaussianBlur(3)", v2.GaussianBlur(3)),
        ("GaussianNoise()", v2.GaussianNoise()),
        ("Grayscale()", v2.Grayscale()),
        ("RGB()", v2.RGB()),
        ("JPEG(50)", v2.JPEG(50)),
        ("RandomInvert(1.0)", v2.RandomInvert(1.0)),
        ("RandomSolarize(10, p=1.0)", v2.RandomSolarize(10, 1.0)),
        ("RandomPosterize(2, p=1.0)", v2.RandomPosterize(2, 1.0)),
        ("RandomEqualize(1.0)", v2.RandomEqualize(1.0)),
        ("RandomAutocontrast(1.0)", v2.RandomAutocontrast(1.0)),
        ("RandomAdjustSharpness(2.0, p=1.0)", v2.RandomAdjustSharpness(2.0, 1.0)),
        ("ToImage()", v2.ToImage()),
        ("PILToTensor()", v2.PILToTensor()),
    ],
)
def test_steps_for_images_leave_masks_alone(call: str, step: v2.Transform) -> None:
    """What FL314 says of a step on masks alone is what torchvision does."""
    text = f'dataset d = VOCSegmentation("voc")\nloader l from d {{ transform {{ on mask {{ {call} }} }} }}\n'
    assert ["FL314"] == [found.code for found in _check(text).diagnostics]
    assert step(tv_tensors.Mask(MASK)).tolist() == MASK.tolist()


@pytest.mark.parametrize(
    ("call", "step"),
    [
        ("RandomErasing(1.0)", v2.RandomErasing(1.0)),
        ("RandomGrayscale(1.0)", v2.RandomGrayscale(1.0)),
        ("RandomChannelPermutation()", v2.RandomChannelPermutation()),
        ("RandomPhotometricDistort(p=1.0)", v2.RandomPhotometricDistort(p=1.0)),
    ],
)
def test_steps_that_look_for_an_image_refuse_masks(call: str, step: v2.Transform) -> None:
    """What FL332 says of them is what torchvision does."""
    text = f'dataset d = VOCSegmentation("voc")\nloader l from d {{ transform {{ on mask {{ {call} }} }} }}\n'
    assert ["FL332"] == [found.code for found in _check(text).diagnostics]
    with pytest.raises(TypeError, match="No image or video"):
        step(tv_tensors.Mask(MASK))
