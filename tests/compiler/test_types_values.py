"""What is said of values, dtypes and channels is true: torchvision raises, or the values are what the message says."""

from pathlib import Path
from typing import Any

import PIL.Image
import pytest
import torch
from chains import apply, image, maybe, on, pil
from torchvision import tv_tensors

from feedline.compiler import compile_source, ir
from feedline.compiler.sample_types.interpret import Interpreter
from feedline.compiler.sample_types.model import Dim, Image, Number, Sample
from feedline.dsl.fixes import apply as applied
from feedline.dsl.source import SourceText
from feedline.runtime.failures import PipelineFailure
from feedline.runtime.transforms import StepFailed, build_chain

FOLDER = Path(__file__).parents[1] / "cases" / "compile"
CASES = sorted(path for path in FOLDER.glob("values_*.pipe"))

FLOAT32, UINT8 = ir.Symbol("float32"), ir.Symbol("uint8")
BYTES = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
TO_TENSOR = apply("ToTensor")
UNSCALED = apply("ToDtype", FLOAT32)
NORMALIZE = apply("Normalize", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CHOICES = apply("RandomHorizontalFlip"), apply("RandomVerticalFlip")
ONES = tuple(tuple(float(i == j) for j in range(2)) for i in range(2))


def _run(*steps: ir.Step, on_image: Any) -> Any:
    return build_chain(steps)({"image": on_image}, 0)["image"]


def _codes(*steps: ir.Step, kind: Image) -> list[str]:
    interpreter = Interpreter()
    interpreter.follow(steps, (Sample.of(image=kind),))
    return [fault.rule.code for fault in interpreter.faults.values()]


def _kind(value: Any) -> Image:
    if isinstance(value, PIL.Image.Image):
        return Image("pil", len(value.getbands()), height=Dim.of(value.height), width=Dim.of(value.width))
    return Image("tensor", value.shape[-3], height=Dim.of(value.shape[-2]), width=Dim.of(value.shape[-1]))


RAISING = [
    ("FL310", image(), (NORMALIZE,)),
    ("FL310", image(), (apply("ToDtype", ir.Symbol("int32")), NORMALIZE)),
    ("FL310", image(), (TO_TENSOR, apply("JPEG", 50))),
    ("FL310", image(), (TO_TENSOR, apply("ToDtype", ir.Symbol("int32"), True))),
    ("FL310", image(), (apply("ToDtype", ir.Symbol("int16")), apply("GaussianNoise"))),
    ("FL310", image(), (apply("ToDtype", ir.Symbol("int64")), apply("ToPILImage"))),
    ("FL310", image(), (apply("ToDtype", ir.Symbol("bool")), apply("RandomInvert", 1.0))),
    ("FL310", image(), (apply("ToDtype", ir.Symbol("int32")), apply("ColorJitter", hue=0.1))),
    ("FL313", image(), (TO_TENSOR, TO_TENSOR)),
    ("FL318", pil(), (NORMALIZE,)),
    ("FL318", pil(), (apply("GaussianNoise"),)),
    ("FL318", pil(2, 1, "L"), (apply("LinearTransformation", ONES, (0.0, 0.0)),)),
    ("FL319", image(), (TO_TENSOR, apply("Normalize", (0.5,), (0.0,)))),
    ("FL320", image(), (TO_TENSOR, apply("Normalize", (0.5, 0.5), (0.5, 0.5)))),
    ("FL320", image(), (TO_TENSOR, apply("Normalize", (0.5, 0.5, 0.5), (0.5, 0.5)))),
    ("FL320", image(channels=4), (TO_TENSOR, NORMALIZE)),
    ("FL320", image(), (apply("LinearTransformation", ONES, (0.0, 0.0)),)),
    ("FL320", image(), (apply("LinearTransformation", ONES, (0.0,)),)),
    ("FL320", image(), (apply("LinearTransformation", ONES[:1], (0.0,)),)),
    ("FL320", image(), (apply("RandomErasing", p=1.0, value=(0.5, 0.5)),)),
    ("FL321", image(channels=4), (apply("ColorJitter", 0.4),)),
    ("FL321", image(channels=4), (apply("Grayscale"),)),
    ("FL321", image(channels=2), (apply("RGB"),)),
    ("FL321", image(channels=4), (apply("JPEG", 50),)),
    ("FL321", image(channels=5), (apply("ToPILImage"),)),
    ("FL321", image(), (apply("Grayscale", 2),)),
    ("FL321", pil(mode="RGBA"), (apply("RandomInvert", 1.0),)),
    ("FL321", pil(mode="RGBA"), (apply("RandomGrayscale", 1.0),)),
    ("FL321", pil(mode="RGBA"), (apply("JPEG", 50),)),
    ("FL322", image(), (TO_TENSOR, apply("RandomSolarize", 128.0, 1.0))),
    ("FL322", image(), (apply("RandomSolarize", 300.0, 1.0),)),
    ("FL324", image(), (apply("GaussianBlur", 65),)),
    ("FL327", image(), (apply("GaussianBlur", 22),)),
    ("FL327", image(), (apply("GaussianBlur", (3, 4)),)),
    ("FL327", image(), (apply("GaussianBlur", 3, (2.0, 0.1)),)),
    ("FL327", image(), (apply("GaussianBlur", 3, 0.0),)),
    ("FL327", image(), (apply("ColorJitter", brightness=(1.2, 0.8)),)),
    ("FL327", image(), (apply("ColorJitter", hue=(0.2, -0.2)),)),
    ("FL327", image(), (apply("RandomErasing", 1.0, (0.2, 0.02)),)),
    ("FL327", image(), (apply("RandomErasing", 1.0, ratio=(3.0, 0.3)),)),
    ("FL327", image(), (TO_TENSOR, apply("RandomErasing", 1.0, ratio=(0.0, 0.0)))),
    ("FL327", image(), (apply("JPEG", (50, 10)),)),
    ("FL327", image(), (apply("RandAugment", 2, 50),)),
    ("FL327", image(), (apply("RandAugment", 2, 31),)),
    ("FL327", image(), (apply("RandomChoice", CHOICES, (0.5,)),)),
    ("FL327", image(), (apply("RandomChoice", CHOICES, (0.0, 0.0)),)),
]


@pytest.mark.parametrize(("code", "on_image", "steps"), RAISING, ids=[f"{c}-{s[-1].name}" for c, _, s in RAISING])
def test_what_is_refused_raises(code: str, on_image: Any, steps: tuple[ir.Step, ...]) -> None:
    """The checker reports this one thing, and the chain fails."""
    assert [code] == _codes(*steps, kind=_kind(on_image))
    with pytest.raises(PipelineFailure):
        _run(*steps, on_image=on_image)


def test_automatic_augmentation_refuses_boxes() -> None:
    """All four, however little they would do."""
    boxes = tv_tensors.BoundingBoxes(torch.ones(1, 4), format="XYXY", canvas_size=(24, 32))  # pyright: ignore  (the stubs know neither keyword)
    for name in ("AutoAugment", "RandAugment", "TrivialAugmentWide", "AugMix"):
        with pytest.raises(StepFailed):
            build_chain((apply(name),))({"image": image(), "boxes": boxes}, 0)


WHITE = tv_tensors.Image(torch.full((3, 8, 8), 255, dtype=torch.uint8))
HALVES = tv_tensors.Image(torch.stack([torch.full((8, 8), v, dtype=torch.uint8) for v in (0, 128, 255)]))


def test_unscaled_values_go_up_to_1136() -> None:
    """The number of the message is that of a white image."""
    assert ["FL311"] == _codes(UNSCALED, NORMALIZE, kind=_kind(WHITE))
    assert 1136 == round(float(_run(UNSCALED, NORMALIZE, on_image=WHITE).max()))


def test_late_scaling_does_nothing() -> None:
    """Neither `ToDtype` nor `ConvertImageDtype` scales floats."""
    for late in (apply("ToDtype", FLOAT32, True), apply("ConvertImageDtype", FLOAT32)):
        assert ["FL313"] == _codes(UNSCALED, late, kind=_kind(WHITE))
        assert float(_run(UNSCALED, late, on_image=WHITE).max()) == 255


def test_statistics_of_bytes_leave_a_sliver() -> None:
    """Values from 0 to 1 all end near -2."""
    steps = TO_TENSOR, apply("Normalize", *BYTES)
    result = _run(*steps, on_image=HALVES)
    assert ["FL311"] == _codes(*steps, kind=_kind(HALVES))
    assert (-2.12, -1.79) == (round(float(result.min()), 2), round(float(result.max()), 2))


def test_normalising_twice_runs() -> None:
    """And makes values that no network expects."""
    assert ["FL315"] == _codes(TO_TENSOR, NORMALIZE, NORMALIZE, kind=_kind(HALVES))
    assert float(_run(TO_TENSOR, NORMALIZE, NORMALIZE, on_image=HALVES).min()) < -11


def test_scaling_is_no_normalisation() -> None:
    """A mean of 0 only gives the values another range, which the next `Normalize` is the first to take off."""
    caffe = apply("Normalize", (0.0,), (1 / 255,)), apply("Normalize", (103.5, 116.2, 123.6), (1.0, 1.0, 1.0))
    assert [] == _codes(TO_TENSOR, *caffe, kind=_kind(HALVES))
    assert (-104, 131) == tuple(
        round(float(f(_run(TO_TENSOR, *caffe, on_image=HALVES)))) for f in (torch.min, torch.max)
    )


def test_normalisation_taken_back_in_two_steps() -> None:
    """First the deviations, then the means: after that the image may be normalised again."""
    back = (
        apply("Normalize", (0.0,), (1 / 0.229, 1 / 0.224, 1 / 0.225)),
        apply("Normalize", (-0.485, -0.456, -0.406), (1.0,)),
    )
    assert [] == _codes(TO_TENSOR, NORMALIZE, *back, NORMALIZE, kind=_kind(HALVES))
    assert torch.allclose(
        _run(TO_TENSOR, on_image=HALVES), _run(TO_TENSOR, NORMALIZE, *back, on_image=HALVES), atol=1e-6
    )


@pytest.mark.parametrize(
    "step",
    [
        apply("ColorJitter", 0.4, 0.4, 0.4),
        apply("RandomPosterize", 4, 1.0),
        apply("RandomEqualize", 1.0),
        apply("RandomAutocontrast", 1.0),
        apply("RandomAdjustSharpness", 2.0, 1.0),
        apply("GaussianNoise"),
    ],
    ids=lambda step: step.name,
)
def test_colour_steps_cut_off_what_is_normalised(step: ir.Apply) -> None:
    """Nothing below 0 or above 1 is left."""
    result = _run(TO_TENSOR, NORMALIZE, step, on_image=image())
    assert ["FL316"] == _codes(TO_TENSOR, NORMALIZE, step, kind=_kind(image()))
    assert 0 <= float(result.min()) <= float(result.max()) <= 1


def test_bytes_of_a_normalised_image_wrap() -> None:
    """What is below 0 comes out above what is 0."""
    steps = TO_TENSOR, NORMALIZE, apply("ToDtype", UINT8, True)
    assert ["FL317"] == _codes(*steps, kind=_kind(HALVES))
    assert int(_run(*steps, on_image=HALVES)[0, 0, 0]) > 200


def test_whole_numbers_without_scale_are_zeros_and_ones() -> None:
    """Of 0, 128 and 255, only white is 1."""
    steps = TO_TENSOR, apply("ToDtype", UINT8)
    assert ["FL317"] == _codes(*steps, kind=_kind(HALVES))
    assert [0, 0, 1] == _run(*steps, on_image=HALVES)[:, 0, 0].tolist()


def test_conversion_passes_pil_images_on() -> None:
    """`ToDtype` leaves a PIL image a PIL image."""
    assert ["FL318"] == _codes(apply("ToDtype", FLOAT32, True), kind=_kind(pil()))
    assert isinstance(_run(apply("ToDtype", FLOAT32, True), on_image=pil()), PIL.Image.Image)


def test_three_statistics_make_three_channels_of_grey() -> None:
    """Which is what `Grayscale(3)` and `RGB()` say in words, to the bit."""
    grey = image(channels=1)
    said = _run(TO_TENSOR, apply("RGB"), NORMALIZE, on_image=grey)
    assert ["FL320"] == _codes(TO_TENSOR, NORMALIZE, kind=_kind(grey))
    assert torch.equal(said, _run(TO_TENSOR, NORMALIZE, on_image=grey))


@pytest.mark.parametrize(
    ("on_image", "step"),
    [
        (image(channels=1), apply("ColorJitter", saturation=0.4, hue=0.1)),
        (image(channels=1), apply("RandomGrayscale", 1.0)),
        (image(channels=1), apply("RandomChannelPermutation")),
        (image(), apply("UniformTemporalSubsample", 2)),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_what_is_said_to_do_nothing_does_nothing(on_image: Any, step: ir.Apply) -> None:
    """The image comes out as it went in."""
    assert ["FL314"] == _codes(step, kind=_kind(on_image))
    assert torch.equal(on_image, _run(step, on_image=on_image))


def test_small_threshold_inverts_all_but_black() -> None:
    """0.5 in values from 0 to 255."""
    step = apply("RandomSolarize", 0.5, 1.0)
    assert ["FL322"] == _codes(step, kind=_kind(HALVES))
    assert [0, 127, 0] == _run(step, on_image=HALVES)[:, 0, 0].tolist()


def test_taking_statistics_back_is_no_second_normalisation() -> None:
    """Mean -m/s and deviation 1/s give 0..1 again, where colour steps work."""
    pairs = [(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)]
    back = apply("Normalize", tuple(-m / s for m, s in pairs), tuple(1 / s for _, s in pairs))
    assert [] == _codes(TO_TENSOR, NORMALIZE, back, apply("ColorJitter", 0.4), kind=_kind(image()))


def test_what_only_may_be_is_reported() -> None:
    """A normalisation that half of the samples go through makes the colour step wrong for them."""
    assert ["FL316"] == _codes(TO_TENSOR, maybe(0.5, NORMALIZE), apply("ColorJitter", 0.4), kind=_kind(image()))


def test_unknown_is_not_reported() -> None:
    """Nothing is said of an image that the checker knows nothing of."""
    unknown = Image(backend=None, dtype=None, low=None, high=None)
    steps = NORMALIZE, TO_TENSOR, apply("ColorJitter", 0.4), apply("JPEG", 50), apply("RandomSolarize", 128.0)
    assert [] == _codes(*steps, kind=unknown)


def test_conversion_of_another_field_leaves_the_image() -> None:
    """`on label { ToDtype(float32) }` changes the label's dtype, `ToDtype(float32)` the image's."""
    start = Sample.of(image=Image(channels=3), label=Number("int64", classes=10))
    (of_label,) = Interpreter().follow([on("label", UNSCALED)], (start,))
    (of_image,) = Interpreter().follow([UNSCALED], (start,))
    assert start.with_(label=Number("float32", classes=10)) == of_label
    assert start.with_(image=Image(channels=3, dtype="float32")) == of_image


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_safe_fixes_put_the_fault_right(path: Path) -> None:
    """After the safe fixes the file parses, and has no error of the same code."""
    text = path.read_text(encoding="utf-8")
    found = [d for d in compile_source(SourceText(path.name, text)).diagnostics if d.code.startswith("FL3")]
    for diagnostic in found:
        for fix in diagnostic.fixes:
            after = compile_source(SourceText(path.name, applied(text, fix.edits))).diagnostics
            assert diagnostic.code not in [d.code for d in after], fix.title
            assert not any(d.code.startswith("FL0") for d in after), fix.title
