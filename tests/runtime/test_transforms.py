"""Chains on samples: which fields change, what randomness depends on, and how a step fails."""

from __future__ import annotations

import pickle
import random
from typing import Any

import numpy as np
import pytest
import torch
from chains import FLOAT32, SPAN, apply, detection, image, maybe, on, one_of, pil, shuffled, views
from torchvision import transforms as v1
from torchvision import tv_tensors
from torchvision.transforms import v2

from feedline.compiler import catalogue, ir
from feedline.runtime.failures import PipelineFailure
from feedline.runtime.transforms import StepFailed, build_batch_chain, build_chain

TO_FLOAT = apply("ToDtype", FLOAT32, scale=True)


def equal(left: Any, right: Any) -> bool:
    """Whether two values are the same, kind, dtype and bits."""
    if isinstance(left, tuple):
        return len(left) == len(right) and all(equal(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, torch.Tensor):
        return type(left) is type(right) and left.dtype == right.dtype and torch.equal(left, right)
    return left == right


def run(*steps: ir.Step, sample: dict[str, Any] | None = None, key: int = 0) -> dict[str, Any]:
    """The sample after a chain of steps."""
    return build_chain(steps)(sample if sample is not None else {"image": image(), "label": 3}, key)


SUITABLE: dict[str, dict[str, Any]] = {
    "CenterCrop": {"size": 16},
    "Compose": {"transforms": ir.ListValue((apply("Identity"),))},
    "ConvertBoundingBoxFormat": {"format": "XYWH"},
    "FiveCrop": {"size": 16},
    "GaussianBlur": {"kernel_size": 3},
    "Grayscale": {"num_output_channels": 3},
    "JPEG": {"quality": 80},
    "LinearTransformation": {
        "transformation_matrix": tuple(tuple(float(row == column) for column in range(12)) for row in range(12)),
        "mean_vector": (0.0,) * 12,
    },
    "Normalize": {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)},
    "Pad": {"padding": 2},
    "RandomAdjustSharpness": {"sharpness_factor": 2, "p": 1},
    "RandomAffine": {"degrees": 10},
    "RandomApply": {"transforms": ir.ListValue((apply("Identity"),))},
    "RandomChoice": {"transforms": ir.ListValue((apply("Identity"),))},
    "RandomCrop": {"size": 16},
    "RandomOrder": {"transforms": ir.ListValue((apply("Identity"),))},
    "RandomPosterize": {"bits": 3, "p": 1},
    "RandomResize": {"min_size": 16, "max_size": 20},
    "RandomResizedCrop": {"size": 16},
    "RandomRotation": {"degrees": 10},
    "RandomShortestSize": {"min_size": 16},
    "RandomSolarize": {"threshold": 100, "p": 1},
    "Resize": {"size": (16, 16)},
    "ScaleJitter": {"target_size": (16, 16)},
    "SetClampingMode": {"clamping_mode": "hard"},
    "TenCrop": {"size": 16},
    "ToDtype": {"dtype": FLOAT32, "scale": True},
    "UniformTemporalSubsample": {"num_samples": 2},
}
"""Arguments for the transforms that need some."""


def sample_for(name: str) -> dict[str, Any]:
    """A sample that a transform can work on."""
    plain = {"image": image(), "label": 3}
    match name:
        case "Normalize" | "GaussianNoise":
            return {"image": tv_tensors.Image(image().float() / 255), "label": 3}
        case "LinearTransformation":
            return {"image": tv_tensors.Image(image(2, 2).float()), "label": 3}
        case "PILToTensor":
            return {"image": pil(), "label": 3}
        case "ClampKeyPoints" | "SanitizeKeyPoints":
            points = tv_tensors.KeyPoints(torch.tensor([[3.0, 4.0], [40.0, 4.0]]), canvas_size=(24, 32))
            return {**plain, "keypoints": points, "labels": torch.tensor([1, 2])}
        case "UniformTemporalSubsample":
            return {"video": tv_tensors.Video(torch.zeros(6, 3, 8, 8, dtype=torch.uint8)), "label": 3}
        case "FiveCrop" | "TenCrop":
            return plain
    return detection() if "Crop" in name or "Box" in name else plain


ON_SAMPLES = [name for name in catalogue.transform_names() if name not in ("CutMix", "MixUp")]


@pytest.mark.parametrize("name", ON_SAMPLES)
def test_every_transform_of_the_catalogue_runs(name):
    """With obvious arguments it constructs, pickles and runs; what is no image, box or mask is left alone."""
    chain = pickle.loads(pickle.dumps(build_chain((apply(name, **SUITABLE.get(name, {})),))))
    before = sample_for(name)
    after = chain(before, 5)
    untouched = [key for key in ("label", "image_id", "index") if key in before]
    assert list(before) == list(after)
    assert [before[key] for key in untouched] == [after[key] for key in untouched]


@pytest.mark.parametrize("name", ON_SAMPLES)
def test_a_transform_that_is_not_marked_random_is_not(name):
    """The catalogue's mark decides whether generators are seeded: without it, nothing may be drawn."""
    entry = catalogue.transform(name)
    assert entry is not None
    chain = build_chain((apply(name, **SUITABLE.get(name, {})),))
    state = torch.get_rng_state()
    chain.steps(sample_for(name), 5)
    drew = not torch.equal(state, torch.get_rng_state())
    assert not drew or entry.random


def test_geometry_moves_everything_together():
    """Boxes and masks follow the image; the label, the ids and the source's own tensors are untouched."""
    before = detection()
    after = run(apply("RandomHorizontalFlip", 1.0), sample=before)
    assert equal(after["image"], v2.functional.horizontal_flip(before["image"]))
    assert equal(after["masks"], v2.functional.horizontal_flip(before["masks"]))
    assert [[20, 3, 30, 15], [27, 5, 27, 9], [2, 10, 12, 22]] == after["boxes"].int().tolist()
    assert [1, 2, 3] == after["labels"].tolist() and 17 == after["image_id"]
    assert equal(before["image"], detection()["image"])


def test_plain_tensors_are_never_taken_for_images():
    """torchvision transforms the first plain tensor where there is no image; a sample's numbers stay as they are."""
    before = {"features": torch.arange(12.0).reshape(1, 3, 4), "label": 2}
    assert equal(run(apply("RandomHorizontalFlip", 1.0), sample=before)["features"], before["features"])


def test_image_stays_an_image():
    """After `ToPureTensor`, `PILToTensor` or `ToTensor` boxes still follow the image."""
    for step in (apply("ToPureTensor"), apply("ToTensor")):
        after = run(step, apply("RandomHorizontalFlip", 1.0), sample=detection())
        assert [[20, 3, 30, 15], [27, 5, 27, 9], [2, 10, 12, 22]] == after["boxes"].int().tolist()


def test_sanitize_drops_whole_rows():
    """A box without width takes its label, mask, area and crowd flag with it."""
    after = run(apply("SanitizeBoundingBoxes"), sample=detection())
    assert [1, 3] == after["labels"].tolist()
    assert [2, 2, 2, 2, 2] == [len(after[name]) for name in ("boxes", "labels", "masks", "area", "iscrowd")]
    assert tv_tensors.Mask is type(after["masks"])


def test_sanitize_leaves_other_tensors_alone():
    """A segmentation mask as high as there are boxes, and features, are no rows."""
    before = {**detection(), "mask": tv_tensors.Mask(torch.zeros(3, 32)), "features": torch.zeros(3)}
    after = run(apply("SanitizeBoundingBoxes"), sample=before)
    assert [(3, 32), (3,)] == [tuple(after[name].shape) for name in ("mask", "features")]


def test_sanitize_without_boxes_says_so():
    """The step needs boxes; without any in the sample it names itself and its line."""
    with pytest.raises(StepFailed) as caught:
        run(apply("SanitizeBoundingBoxes"))
    assert ("FL211", SPAN) == (caught.value.failure.code, caught.value.failure.span)
    assert "`SanitizeBoundingBoxes` failed: the sample has no boxes" == caught.value.failure.message


def test_images_without_objects_pass():
    """No boxes at all is a sample like any other."""
    before = detection()
    empty = {
        "image": before["image"],
        "boxes": tv_tensors.wrap(before["boxes"][:0], like=before["boxes"]),
        "labels": torch.zeros(0, dtype=torch.int64),
    }
    after = run(
        apply("RandomHorizontalFlip", 1.0), apply("SanitizeBoundingBoxes"), apply("Resize", (8, 8)), sample=empty
    )
    assert [(3, 8, 8), (0, 4), (0,)] == [tuple(after[name].shape) for name in ("image", "boxes", "labels")]


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_to_tensor_is_v1_on_pil(mode):
    """The bits of torchvision's v1 class."""
    after = run(apply("ToTensor"), sample={"image": pil(mode=mode), "label": 1})["image"]
    assert torch.equal(v1.ToTensor()(pil(mode=mode)), after.as_subclass(torch.Tensor))


def test_to_tensor_is_v1_on_bytes():
    """A uint8 tensor becomes what the PIL image of the same pixels becomes."""
    pixels = v1.PILToTensor()(pil())
    after = run(apply("ToTensor"), sample={"image": tv_tensors.Image(pixels)})["image"]
    assert torch.equal(v1.ToTensor()(pil()), after.as_subclass(torch.Tensor))


def test_to_tensor_twice_is_refused():
    """The second one would divide by 255 again."""
    with pytest.raises(StepFailed, match="float tensor already"):
        run(apply("ToTensor"), apply("ToTensor"))


def test_to_tensor_leaves_16_bits_as_they_are():
    """As v1 does: only bytes are scaled."""
    before = tv_tensors.Image(torch.full((1, 2, 2), 3000, dtype=torch.int32))
    assert equal(before, run(apply("ToTensor"), sample={"image": before})["image"])


def test_same_key_same_sample():
    """A chain is a pure function of sample and key, and the caller's generators stay as they were."""
    chain = build_chain((apply("RandomResizedCrop", 8), maybe(0.5, apply("ColorJitter", 0.5)), TO_FLOAT))
    torch.manual_seed(3), np.random.seed(3), random.seed(3)
    states = (torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate())  # pyright: ignore  (NumPy types what it returns too widely)
    first, second, other = chain({"image": image()}, 1), chain({"image": image()}, 1), chain({"image": image()}, 2)
    after = (torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate())  # pyright: ignore  (NumPy types what it returns too widely)
    assert equal(first["image"], second["image"]) and not equal(first["image"], other["image"])
    assert torch.equal(states[0], after[0]) and states[1:] == after[1:]


def test_randomness_of_a_chain_is_known():
    """Whether the key matters follows from the steps, wherever they stand."""
    flip = apply("RandomHorizontalFlip")
    chains = [
        (TO_FLOAT,),
        (flip,),
        (maybe(0.5, TO_FLOAT),),
        (views((TO_FLOAT,), (TO_FLOAT,)),),
        (views((TO_FLOAT,), (flip,)),),
        (on("image", flip),),
        (apply("Compose", ir.ListValue((TO_FLOAT,))),),
        (apply("Compose", ir.ListValue((flip,))),),
    ]
    assert [False, True, True, False, True, True, False, True] == [build_chain(chain).is_random for chain in chains]


def test_views_share_the_image_and_differ_by_key():
    """Two views of one sample: a tuple, drawn independently, the label once."""
    after = run(apply("Resize", (20, 20)), views((apply("RandomCrop", 8),), (apply("RandomCrop", 8),)), TO_FLOAT)
    assert (tuple, 2, 3) == (type(after["image"]), len(after["image"]), after["label"])
    assert not equal(*after["image"])
    assert [torch.float32, torch.float32] == [view.dtype for view in after["image"]]


def test_view_does_not_depend_on_the_others():
    """A view's randomness is keyed by its place: what the view before it draws changes nothing."""
    crop, jitter = apply("RandomCrop", 8), apply("ColorJitter", 0.5)
    few, many = run(views((crop,), (crop,))), run(views((jitter, jitter, crop), (crop,)))
    assert equal(few["image"][1], many["image"][1])


def test_views_before_randomness_are_equal():
    """What stands before `views` is drawn once for all of them."""
    after = run(apply("RandomCrop", 8), views((apply("Identity"),), (apply("Identity"),)))
    assert equal(*after["image"])


def test_views_of_detections_carry_their_objects():
    """Boxes, masks and every row of an object differ by view, whether or not a view changed them."""
    after = run(views((apply("Identity"),), (apply("SanitizeBoundingBoxes"),)), sample=detection())
    assert [3, 2] == [len(boxes) for boxes in after["boxes"]] == [len(labels) for labels in after["labels"]]
    assert (17, 4) == (after["image_id"], after["index"])


def test_inplace_steps_leave_the_source_alone():
    """Views share an image: a step that would write into it does not."""
    step = apply("Normalize", (0.5,) * 3, (0.5,) * 3, inplace=True)
    after = run(TO_FLOAT, views((step,), (apply("Identity"),)))
    assert equal(after["image"][1], run(TO_FLOAT)["image"])


def test_crops_may_be_a_tuple():
    """`FiveCrop` gives five images; the steps after it change every one."""
    after = run(apply("FiveCrop", 8), TO_FLOAT, apply("RandomHorizontalFlip", 1.0))
    assert [(torch.float32, (3, 8, 8))] * 5 == [(crop.dtype, tuple(crop.shape)) for crop in after["image"]]
    assert equal(after["image"], tuple(map(v2.RandomHorizontalFlip(1.0), run(apply("FiveCrop", 8), TO_FLOAT)["image"])))


def test_on_field_changes_that_field_alone():
    """Geometry within `on image` does not reach the boxes."""
    before = detection()
    after = run(on("image", apply("RandomHorizontalFlip", 1.0)), sample=before)
    assert equal(after["boxes"], before["boxes"]) and not equal(after["image"], before["image"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (tv_tensors.Mask(torch.tensor([[1, 2]], dtype=torch.uint8)), tv_tensors.Mask(torch.tensor([[1, 2]]).float())),
        (torch.tensor([1, 2]), torch.tensor([1.0, 2.0])),
        (3, torch.tensor(3.0)),
    ],
)
def test_to_dtype_on_a_field_converts_it(value, expected):
    """torchvision's `ToDtype` passes over masks and numbers; on a field of its own it means that field."""
    after = run(on("field", apply("ToDtype", FLOAT32)), sample={"image": image(), "field": value})
    assert equal(expected, after["field"])


def test_on_unknown_field_says_what_there_is():
    """The message names the field and those that the sample has."""
    with pytest.raises(StepFailed) as caught:
        run(on("mask", apply("Identity")))
    assert "the sample has no field `mask`, only `image`, `label`" == caught.value.failure.message


def test_failing_step_names_itself_its_place_and_its_input():
    """The failure carries the span, the step, what it was given, and survives pickling."""
    with pytest.raises(StepFailed) as caught:
        run(apply("RandomCrop", 64))
    failure = pickle.loads(pickle.dumps(caught.value)).failure
    assert ("FL211", SPAN) == (failure.code, failure.span)
    assert failure.message.startswith("`RandomCrop` failed: ")
    assert ("it was given `image`: Image uint8 (3, 24, 32)",) == failure.notes


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (apply("GaussianBlur", 4), "`GaussianBlur` refuses its arguments: Kernel size value should be an odd"),
        (one_of(apply("Identity"), weights=(0.0,)), "`one of` refuses its arguments: every weight is zero"),
        (
            apply("RandomChoice", ir.ListValue((apply("Identity"),)), p=(0.5, 0.5)),
            "`RandomChoice` refuses its arguments: 2 probabilities for 1 transforms",
        ),
        (on("boxes", apply("SanitizeBoundingBoxes")), "`SanitizeBoundingBoxes` refuses its arguments: it drops rows"),
    ],
)
def test_refused_arguments_are_found_when_the_chain_is_built(step, message):
    """Before the first sample, with the step's place."""
    with pytest.raises(PipelineFailure) as caught:
        build_chain((step,))
    assert ("FL209", SPAN) == (caught.value.failure.code, caught.value.failure.span)
    assert caught.value.failure.message.startswith(message)


def test_one_of_follows_its_weights():
    """A branch of weight 0 never comes; the others as often as their weights say."""
    branches = (apply("Resize", (4, 4)), apply("Resize", (5, 5)), apply("Resize", (6, 6)))
    chain = build_chain((one_of(*branches, weights=(3.0, 1.0, 0.0)),))
    sizes = [chain({"image": image(8, 8)}, key)["image"].shape[-1] for key in range(200)]
    assert 0 == sizes.count(6) and 120 <= sizes.count(4) <= 180


def test_shuffled_runs_every_step_in_some_order():
    """Both orders occur, and each step once."""
    chain = build_chain((shuffled(apply("Pad", 1), apply("Resize", (4, 4))),))
    sizes = {chain({"image": image(8, 8)}, key)["image"].shape[-1] for key in range(20)}
    assert {4, 6} == sizes


LABELS = torch.tensor([0, 1, 2, 3])


def batch_of(images: torch.Tensor) -> list[Any]:
    """The structures in which a collated batch may come."""
    return [
        (images, LABELS),
        {"image": images, "label": LABELS, "index": LABELS},
        ((images, images.flip(0)), LABELS),
    ]


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
@pytest.mark.parametrize("form", [0, 1, 2])
def test_batch_steps_mix_images_and_labels(name, form):
    """Labels become probabilities, every view is mixed, plain tensors come back, the structure stays."""
    batch = batch_of(torch.rand(4, 3, 8, 8))[form]
    chain = pickle.loads(pickle.dumps(build_batch_chain((apply(name, num_classes=10),))))
    mixed, again = chain(batch, 7), chain(batch, 7)
    labels = mixed["label"] if form == 1 else mixed[1]
    images = mixed["image"] if form == 1 else mixed[0]
    assert (type(batch), (4, 10)) == (type(mixed), tuple(labels.shape))
    assert all(type(view) is torch.Tensor for view in (images if form == 2 else [images]))
    assert equal(labels, again["label"] if form == 1 else again[1])
    assert form != 1 or equal(LABELS, mixed["index"])
    before = batch["image"] if form == 1 else batch[0]
    assert not equal(images, before)


def test_batch_step_equals_torchvision():
    """The bits that torchvision's class gives under the same seed."""
    images = torch.rand(4, 3, 8, 8)
    mixed = build_batch_chain((apply("MixUp", num_classes=10, alpha=0.4),))((images, LABELS), 7)
    torch.manual_seed(7)
    expected = v2.MixUp(num_classes=10, alpha=0.4)(images, LABELS)
    assert equal(tuple(expected), tuple(mixed))


def test_batch_step_on_images_alone():
    """A batch without labels is one tensor."""
    images = torch.rand(4, 3, 8, 8)
    after = build_batch_chain((apply("RandomHorizontalFlip", 1.0),))(images, 0)
    assert equal(images.flip(-1), after)


def test_batch_step_without_its_number_of_classes_fails_with_its_place():
    """torchvision's own words, at the step's line."""
    with pytest.raises(StepFailed) as caught:
        build_batch_chain((apply("MixUp"),))((torch.rand(4, 3, 8, 8), LABELS), 0)
    assert SPAN == caught.value.failure.span
    assert "num_classes must be passed" in caught.value.failure.message


def test_a_failing_step_of_feedlines_own_hides_where_it_raised():
    """A line of feedline's tells a user nothing."""
    with pytest.raises(StepFailed) as caught:
        run(apply("ToTensor"), apply("ToTensor"))
    assert ("it was given `image`: Image float32 (3, 24, 32)",) == caught.value.failure.notes


def test_a_step_that_needs_a_float_image_says_what_makes_one():
    """`Normalize` on bytes."""
    with pytest.raises(StepFailed) as caught:
        run(apply("Normalize", (0.5,) * 3, (0.5,) * 3))
    assert "put `ToDtype(float32, scale=true)` before it" == caught.value.failure.help
