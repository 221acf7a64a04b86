"""What FL363 says is exact: a batch is the same to the bit with the fixed step before the random one."""

from __future__ import annotations

import warnings

import torch
from hypothesis import event, given, settings
from hypothesis import strategies as st

import feedline
from feedline.compiler import compile_source
from feedline.dsl.source import SourceText

_RANDOM = st.sampled_from([
    "RandomHorizontalFlip()", "RandomVerticalFlip(0.7)", "RandomGrayscale(0.5)", "RandomInvert()", "ColorJitter(0.4)",
    "RandomPosterize(2)", "RandomSolarize(100)", "RandomSolarize(0.4)", "RandomChannelPermutation()",
    "RandomRotation(20)",
])  # fmt: skip
_SIDE = st.integers(3, 21)
_FIXED = st.one_of(
    st.sampled_from(["Grayscale()", "Grayscale(num_output_channels=3)"]),
    st.builds("CenterCrop(({}, {}))".format, _SIDE, _SIDE),
)
_BEFORE = st.sampled_from(["", "ToDtype(float32, scale=true); "])
_AFTER = st.sampled_from(["", "; RandomHorizontalFlip()", "; RandomCrop(3)"])


def _text(chain: str, height: int, width: int) -> str:
    data = f"FakeData(size=3, image_size=(3, {height}, {width}))"
    return f"dataset d = {data}\nloader images from d {{ transform {{ {chain} }}; sample {{ batch 3 }} }}\n"


def _batch(text: str) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", feedline.FeedlineWarning)  # a crop that adds a border
        images, _ = next(iter(feedline.compile(text)["images"]))
    return images


@settings(max_examples=60)
@given(_BEFORE, _RANDOM, _FIXED, _AFTER, _SIDE, _SIDE)
def test_a_swap_that_is_called_exact_is(
    before: str, random: str, fixed: str, after: str, height: int, width: int
) -> None:
    """Where the hint is given, both orders make one batch, of odd and even sizes, of bytes and of floats."""
    text = _text(f"{before}{random}; {fixed}{after}", height, width)
    result = compile_source(SourceText("chain.pipe", text))
    hinted = any(item.code == "FL363" for item in result.diagnostics)
    event(f"hinted {hinted}")
    if result.program is not None and hinted:
        assert torch.equal(_batch(text), _batch(_text(f"{before}{fixed}; {random}{after}", height, width)))
