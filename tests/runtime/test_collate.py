"""Collating: the structures a batch may have, and what is said when samples do not fit together."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from PIL import Image
from torchvision import tv_tensors

from feedline.compiler import ir
from feedline.dsl.source import Span
from feedline.runtime.collate import Collator
from feedline.runtime.failures import PipelineFailure
from feedline.runtime.sources.base import Role

SPAN = Span("a.pipe", 0, 1)
LABELLED = Role(("image",), ("label",))
DETECTION = Role(("image",), ("boxes", "labels"), detection=True)
FILES = ("one.jpg", "two.jpg")


def kind(name: str, **arguments: Any) -> ir.CollateKind:
    """A collate kind with its arguments."""
    args = tuple(ir.Arg(name=key, value=value, span=SPAN) for key, value in arguments.items())
    return ir.CollateKind(kind=name, args=args, span=SPAN)


def collator(role: Role, *, fixed_size: bool = False, **collate: Any) -> Collator:
    """A collator for a role and an `ir.Collate`."""
    return Collator(ir.Collate(span=SPAN, **collate), role, fixed_size, lambda target: list, lambda args: {})


def image(height: int = 4, width: int = 6) -> tv_tensors.Image:
    """A float image of a size."""
    return tv_tensors.Image(torch.full((3, height, width), 0.5))


def failure(role: Role, samples: list[dict[str, Any]], **collate: Any) -> PipelineFailure:
    """What collating these samples fails with."""
    with pytest.raises(PipelineFailure) as caught:
        collator(role, **collate).collate(samples, FILES)
    return caught.value


def test_a_labelled_image_source_gives_images_and_labels() -> None:
    """(B, C, H, W) images and int64 labels, both plain tensors."""
    images, labels = collator(LABELLED).collate([{"image": image(), "label": n} for n in (3, 1)], FILES)
    assert (2, 3, 4, 6) == images.shape
    assert torch.Tensor is type(images)
    assert torch.equal(torch.tensor([3, 1]), labels)


def test_float_labels_are_float32() -> None:
    """A regression target has the dtype of the predictions beside it."""
    _, labels = collator(LABELLED).collate([{"image": image(), "label": 0.5}] * 2, FILES)
    assert torch.float32 == labels.dtype


def test_an_unlabelled_source_gives_the_images_alone() -> None:
    """No tuple of one."""
    assert (2, 3, 4, 6) == collator(Role(("image",))).collate([{"image": image()}] * 2, FILES).shape


def test_two_views_give_a_pair_of_image_batches() -> None:
    """((x_i, x_j), labels)."""
    (x_i, x_j), labels = collator(LABELLED).collate([{"image": (image(), image(8, 8)), "label": 0}] * 2, FILES)
    assert ((2, 3, 4, 6), (2, 3, 8, 8), (2,)) == (x_i.shape, x_j.shape, labels.shape)


def detection_sample(boxes: int, height: int = 4) -> dict[str, Any]:
    """A detection sample with some boxes."""
    return {
        "image": image(height),
        "boxes": tv_tensors.BoundingBoxes(torch.zeros(boxes, 4), format="XYXY", canvas_size=(height, 6)),
        "labels": torch.zeros(boxes, dtype=torch.int64),
        "image_id": 17,
        "path": "x.jpg",
    }


def test_detection_targets_are_dicts_with_torchvisions_keys() -> None:
    """An image without objects has boxes (0, 4) and labels (0,)."""
    _, targets = collator(DETECTION, fixed_size=True).collate([detection_sample(0), detection_sample(2)], FILES)
    assert [["boxes", "labels", "image_id"]] * 2 == [list(target) for target in targets]
    assert ((0, 4), torch.float32) == (targets[0]["boxes"].shape, targets[0]["boxes"].dtype)
    assert ((0,), torch.int64) == (targets[0]["labels"].shape, targets[0]["labels"].dtype)


def test_detection_images_of_fixed_size_are_stacked() -> None:
    """One tensor where the chain fixes the size."""
    images, _ = collator(DETECTION, fixed_size=True).collate([detection_sample(1), detection_sample(1)], FILES)
    assert (2, 3, 4, 6) == images.shape


def test_detection_images_of_varying_size_are_a_list_in_every_batch() -> None:
    """Also where one batch happens to agree, so that the training loop always sees one type."""
    images, _ = collator(DETECTION).collate([detection_sample(1), detection_sample(1)], FILES)
    assert [(3, 4, 6), (3, 4, 6)] == [tuple(item.shape) for item in images]


def test_padding_images_fills_to_a_multiple_and_masks_what_is_there() -> None:
    """(B, C, H', W') and a bool mask (B, H', W'), true where there is data."""
    samples = [{"image": image(4, 6), "label": 0}, {"image": image(2, 3), "label": 1}]
    (images, mask), labels = collator(LABELLED, how=kind("pad", value=-1, multiple=4)).collate(samples, FILES)
    assert ((2, 3, 4, 8), (2, 4, 8), (2,)) == (images.shape, mask.shape, labels.shape)
    assert [24, 6] == mask.sum((1, 2)).tolist()
    assert -1 == images[1, 0, 3, 7]
    assert bool((images[1, :, :2, :3] == 0.5).all())


def test_padding_sequences_fills_at_the_end() -> None:
    """(B, L') and its mask."""
    samples = [{"tokens": torch.tensor([5, 6, 7])}, {"tokens": torch.tensor([8])}]
    tokens, mask = collator(Role(("tokens",)), how=kind("pad")).collate(samples, FILES)
    assert [[5, 6, 7], [8, 0, 0]] == tokens.tolist()
    assert [[True, True, True], [True, False, False]] == mask.tolist()


def test_fields_come_in_the_order_written() -> None:
    """`collate { labels list; image stack }` as a tuple."""
    fields = (
        ir.CollateField(field="labels", how=kind("list"), span=SPAN),
        ir.CollateField(field="image", how=kind("stack"), span=SPAN),
    )
    labels, images = collator(DETECTION, fields=fields).collate([detection_sample(1), detection_sample(2)], FILES)
    assert [1, 2] == [len(item) for item in labels]
    assert (2, 3, 4, 6) == images.shape


def test_a_padded_field_of_a_dict_has_its_mask_beside_it() -> None:
    """`as dict` gives `tokens` and `tokens_mask`."""
    fields = (ir.CollateField(field="tokens", how=kind("pad"), span=SPAN),)
    samples = [{"tokens": torch.tensor([1, 2])}, {"tokens": torch.tensor([3])}]
    batch = collator(Role(("tokens",)), fields=fields, shape="dict").collate(samples, FILES)
    assert ["tokens", "tokens_mask"] == list(batch)


def test_a_source_without_a_data_field_gives_a_dict_of_columns() -> None:
    """Numbers stacked, texts as lists."""
    batch = collator(Role(())).collate([{"age": 3, "name": "a"}, {"age": 4, "name": "b"}], FILES)
    assert ([3, 4], ["a", "b"]) == (batch["age"].tolist(), batch["name"])


def test_shapes_that_differ_are_named_with_their_files() -> None:
    """The failure names the field, the shapes and a file of each."""
    found = failure(LABELLED, [{"image": image(4), "label": 0}, {"image": image(5), "label": 0}])
    assert "FL551" == found.failure.code
    assert "`image` differs in shape within the batch and cannot be stacked" == found.failure.message
    assert ("float32 (3, 4, 6): one.jpg", "float32 (3, 5, 6): two.jpg") == found.failure.notes


def test_a_field_that_one_sample_lacks_is_named() -> None:
    """Not the bare KeyError of default_collate."""
    found = failure(LABELLED, [{"image": image(), "label": 0}, {"image": image()}])
    assert "the sample (two.jpg) has no field `label` to collate" == found.failure.message


def test_pil_images_are_refused_with_the_step_that_converts_them() -> None:
    """They cannot be stacked."""
    pil = Image.new("RGB", (4, 4))
    found = failure(LABELLED, [{"image": pil, "label": 0}] * 2)
    assert "`image` is a PIL image, which cannot be stacked" == found.failure.message
    assert "ToImage()" in (found.failure.help or "")


def test_different_dtypes_are_refused() -> None:
    """Rather than promoted without a word."""
    other = tv_tensors.Image(torch.zeros((3, 4, 6), dtype=torch.uint8))
    found = failure(LABELLED, [{"image": image(), "label": 0}, {"image": other, "label": 0}])
    assert "`image` differs in dtype within the batch and cannot be stacked" == found.failure.message


def test_collate_detection_on_other_data_says_what_is_missing() -> None:
    """A classification sample has no boxes."""
    found = failure(LABELLED, [{"image": image(), "label": 0}] * 2, how=kind("detection"))
    assert "`collate detection` needs samples with `boxes` and `labels`" == found.failure.message


def test_a_label_without_data_beside_it_comes_in_the_dict_of_all_fields() -> None:
    """A table of sequences with a label: the sequences are not dropped."""
    samples = [{"tokens": torch.arange(2), "label": 0}, {"tokens": torch.arange(2), "label": 1}]
    batch = collator(Role((), ("label",))).collate(samples, FILES)
    assert ["tokens", "label"] == list(batch)
    assert [0, 1] == batch["label"].tolist()


def test_pad_without_a_data_field_pads_what_has_a_length() -> None:
    """The others are stacked; the mask stands beside the field."""
    samples = [{"tokens": torch.ones(2), "label": 0}, {"tokens": torch.ones(3), "label": 1}]
    batch = collator(Role((), ("label",)), how=kind("pad")).collate(samples, FILES)
    assert ["tokens", "tokens_mask", "label"] == list(batch)
    assert ([[1, 1, 0], [1, 1, 1]], [0, 1]) == (batch["tokens"].tolist(), batch["label"].tolist())


def test_images_that_differ_in_channels_alone_are_not_told_to_resize() -> None:
    """Grey and colour images of one size."""
    samples = [{"image": torch.zeros(channels, 4, 4), "label": 0} for channels in (1, 3)]
    assert (
        "the images differ in channels: give every dataset the same `mode`" == failure(LABELLED, samples).failure.help
    )


def test_a_misspelt_field_gets_its_near_name() -> None:
    """`lable`."""
    fields = (ir.CollateField("lable", kind("list"), span=SPAN),)
    found = failure(LABELLED, [{"image": image(), "label": 0}], fields=fields)
    assert "did you mean `label`?" == found.failure.help


def test_a_collate_function_that_fails_is_named_with_its_own_error() -> None:
    """The fault is the user's function's, at the place of `collate python(...)`."""

    def broken(samples: list[Any]) -> Any:
        raise ValueError("no")

    how = ir.CollateKind("python", target="mine:broken", span=SPAN)
    collator = Collator(ir.Collate(how=how, span=SPAN), LABELLED, False, lambda target: broken, lambda args: {})
    with pytest.raises(PipelineFailure) as caught:
        collator.collate([{"image": image(), "label": 0}], FILES)
    assert ("FL551", "`mine:broken` failed: ValueError: no") == (
        caught.value.failure.code,
        caught.value.failure.message,
    )
    assert SPAN == caught.value.failure.span


def test_sequences_that_differ_in_length_are_not_told_to_resize() -> None:
    """They are padded or listed."""
    found = failure(Role(("tokens",)), [{"tokens": torch.ones(length)} for length in (2, 3)])
    assert "collate `tokens` with `pad` or `list`" == found.failure.help
