"""Calls of transforms with drawn arguments, by family: what `test_sample_types_run.py` makes its chains of.

A new transform is a row here: its name, and a strategy for its arguments (those that it may refuse too: the checker has
to know). A transform with a rule and without a row fails `test_every_rule_is_tried`.
"""

from __future__ import annotations

from chains import apply
from hypothesis import strategies as st

from feedline.compiler import ir

Calls = dict[str, st.SearchStrategy[ir.Apply]]

P = st.sampled_from((0.0, 0.5, 1.0))
DTYPE = st.sampled_from(
    ("float32", "float64", "float16", "bfloat16", "uint8", "int8", "int16", "uint16", "int32", "int64", "bool")
).map(ir.Symbol)
FILL = st.sampled_from((None, 0, 0.5, 1))
FACTOR = st.sampled_from((None, 0.0, 0.4, 1.0, (0.5, 1.5)))
SIDE = st.sampled_from((4, 8, 16, 33))
PAIR = st.tuples(SIDE, SIDE)
SIZE = st.one_of(SIDE, PAIR)
MODE = st.sampled_from(("constant", "edge", "reflect", "symmetric"))
STATISTICS = st.sampled_from((1, 3)).flatmap(
    lambda n: st.tuples(
        st.lists(st.sampled_from((0.0, 0.5, 0.485, 123.7)), min_size=n, max_size=n).map(tuple),
        st.lists(st.sampled_from((0.25, 0.5, 1.0, 58.4, 255.0)), min_size=n, max_size=n).map(tuple),
    )
)


def _call(name: str, **named: st.SearchStrategy[ir.Value]) -> Calls:
    return {name: st.fixed_dictionaries(named).map(lambda given: apply(name, **given))}


def _plain(*names: str) -> Calls:
    return {name: st.just(apply(name)) for name in names}


def _flipped(*names: str) -> Calls:
    return {name: P.map(lambda p, name=name: apply(name, p=p)) for name in names}


CONVERT: Calls = {
    **_plain("ToTensor", "ToImage", "PILToTensor", "ToPILImage", "RGB", "ToPureTensor", "Identity"),
    **_call("ToDtype", dtype=DTYPE, scale=st.booleans()),
    **_call("ConvertImageDtype", dtype=DTYPE),
    **_call("Grayscale", num_output_channels=st.sampled_from((1, 3))),
    **_call("UniformTemporalSubsample", num_samples=st.just(2)),
    **_call("SetClampingMode", clamping_mode=st.sampled_from(("soft", None))),
    **_flipped("RandomGrayscale"),
}

STATISTICS_CALLS: Calls = {
    "Normalize": STATISTICS.map(lambda pair: apply("Normalize", *pair)),
    **_call("RandomErasing", p=P, value=st.sampled_from((0.0, 0.5, 1.0, 128.0, (0.5, 0.4, 0.3), "random"))),
    **_call("GaussianNoise", sigma=st.sampled_from((0.05, 0.2, 1.0)), clip=st.booleans()),
    **_call(
        "LinearTransformation",
        transformation_matrix=st.sampled_from((((1.0, 0.0), (0.0, 2.0)), ((1.0, 0.0),))),
        mean_vector=st.just((0.5, 0.5)),
    ),
}

COLOUR: Calls = {
    **_call(
        "ColorJitter",
        brightness=FACTOR,
        contrast=FACTOR,
        saturation=FACTOR,
        hue=st.sampled_from((None, 0.0, 0.1, 0.5, (-0.2, 0.3))),
    ),
    **_call("RandomSolarize", threshold=st.sampled_from((0.0, 0.5, 1.0, 128.0, 300.0)), p=P),
    **_call("RandomPosterize", bits=st.integers(1, 8), p=P),
    **_call("RandomAdjustSharpness", sharpness_factor=st.sampled_from((0.0, 1.0, 2.0)), p=P),
    **_call("GaussianBlur", kernel_size=st.sampled_from((3, 9, (3, 15), 25))),
    **_call("JPEG", quality=st.sampled_from((10, 90, (50, 90)))),
    **_flipped("RandomInvert", "RandomEqualize", "RandomAutocontrast", "RandomPhotometricDistort"),
    **_plain("RandomChannelPermutation"),
    **_call("AutoAugment", policy=st.sampled_from(("imagenet", "cifar10", "svhn")).map(ir.Symbol), fill=FILL),
    **_call("RandAugment", num_ops=st.sampled_from((0, 2)), fill=FILL),
    **_call("TrivialAugmentWide", fill=FILL),
    **_call("AugMix", severity=st.sampled_from((1, 10)), fill=FILL),
}

GEOMETRY: Calls = {
    **_flipped("RandomHorizontalFlip", "RandomVerticalFlip", "RandomPerspective"),
    **_call("RandomRotation", degrees=st.sampled_from((0.0, 10.0, 45.0)), expand=st.booleans()),
    **_call("RandomAffine", degrees=st.sampled_from((0.0, 10.0)), translate=st.sampled_from((None, (0.1, 0.1)))),
    **_call("ElasticTransform", alpha=st.sampled_from((0.0, 20.0))),
}

SIZES: Calls = {
    **_call("Resize", size=SIZE),
    **_call("CenterCrop", size=SIZE),
    **_call("RandomCrop", size=SIZE, pad_if_needed=st.booleans()),
    **_call("RandomResizedCrop", size=SIZE),
    **_call("FiveCrop", size=SIZE),
    **_call("TenCrop", size=SIZE),
    **_call("Pad", padding=st.sampled_from((0, 2, (1, 3), (1, 2, 3, 4), 20)), padding_mode=MODE),
    **_call("RandomZoomOut", side_range=st.sampled_from(((1.0, 2.0), (1.5, 3.0))), p=P),
    **_call("RandomShortestSize", min_size=st.sampled_from((8, (8, 16))), max_size=st.sampled_from((None, 20))),
    **_call("RandomResize", min_size=st.just(8), max_size=st.sampled_from((9, 20))),
    **_call("ScaleJitter", target_size=PAIR),
}

OBJECTS: Calls = {
    **_plain("RandomIoUCrop", "ClampBoundingBoxes"),
    **_call("SanitizeBoundingBoxes", min_size=st.sampled_from((1.0, 4.0))),
    **_call("ConvertBoundingBoxFormat", format=st.sampled_from(("XYXY", "XYWH", "CXCYWH")).map(ir.Symbol)),
}

CALLS: Calls = {**CONVERT, **STATISTICS_CALLS, **COLOUR, **GEOMETRY, **SIZES, **OBJECTS}

UNTRIED = {
    *("Compose", "RandomApply", "RandomChoice", "RandomOrder"),  # made of other steps, see `chains`
    *("MixUp", "CutMix"),  # on batches
    *("ClampKeyPoints", "SanitizeKeyPoints"),  # no type says that a sample has key points
}
"""Transforms with a rule that no row of `CALLS` draws."""


def steps(calls: Calls = CALLS) -> st.SearchStrategy[ir.Apply]:
    """One call."""
    return st.sampled_from(sorted(calls)).flatmap(calls.__getitem__)
