"""The short way through steps of colour and blur, with and without Numba: torchvision's bits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from chains import apply, image, maybe, shuffled, views
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F  # noqa: N812  (torchvision's own convention)

import feedline
from feedline.compiler import ir
from feedline.runtime.gather import jit
from feedline.runtime.threads import one_thread
from feedline.runtime.transforms import blur, build_chain, colour_jit, with_planes
from feedline.runtime.transforms.combine import Views
from feedline.runtime.transforms.direct_colour import ColourStep
from feedline.runtime.transforms.drawn import CutStep
from feedline.runtime.transforms.hue import adjusted_hue
from feedline.runtime.transforms.steps import StepFailed, TorchvisionStep

KINDS = [False, True] if jit.available() else [False]
"""Without Numba, and with it where it is installed."""

FACTORS = st.floats(0, 2, width=32)
JITTERS = st.tuples(FACTORS, FACTORS, FACTORS, st.floats(0, 0.5, width=32)).map(
    lambda parts: apply("ColorJitter", *parts)
) | st.sampled_from(
    [apply("ColorJitter", hue=0.5), apply("ColorJitter", 0.4), apply("ColorJitter", contrast=(3.0, 9.0))]
)
SIZES = st.sampled_from([3, 5, 9, (3, 7), (9, 1), 23])
SIGMAS = st.one_of(st.just((0.1, 2.0)), st.floats(0.015625, 30, width=32).map(lambda sigma: (sigma, sigma)))
BLURS = st.builds(lambda size, sigma: apply("GaussianBlur", size, sigma=sigma), SIZES, SIGMAS)
GREYS = st.sampled_from([apply("RandomGrayscale", 0.5), apply("RandomGrayscale", 1.0)])
OTHERS = st.sampled_from([apply("RandomInvert"), apply("RandomHorizontalFlip"), apply("CenterCrop", 50)])
STEPS = st.one_of(JITTERS, BLURS, GREYS, OTHERS)
CHAINS = st.one_of(
    st.lists(STEPS, min_size=1, max_size=4).map(tuple),
    st.lists(STEPS, min_size=2, max_size=3).map(lambda steps: (maybe(0.7, *steps), shuffled(*steps))),
)


@pytest.fixture(autouse=True)
def single() -> Iterator[None]:
    """Compute as a batch is made."""
    with one_thread():
        yield


@st.composite
def images(draw: st.DrawFn) -> tv_tensors.Image:
    """Noise, or one or few colours, grey or not: sizes on both sides of where a blur is cut into strips."""
    sides = st.one_of(st.sampled_from([48, 50, 61]), st.integers(24, 80))
    height, width = draw(sides), draw(sides)
    made = image(height, width, draw(st.sampled_from([1, 3, 3, 3])), draw(st.integers(0, 99)))
    pixels = made.as_subclass(torch.Tensor)
    kind = draw(st.sampled_from(["noise", "flat", "few", "grey"]))
    if kind == "flat":
        pixels = pixels[:, :1, :1].expand(pixels.shape).contiguous()
    elif kind == "few":
        pixels = pixels // 128 * 255
    elif kind == "grey":
        pixels = pixels[:1].repeat(len(pixels), 1, 1)
    return tv_tensors.Image(pixels)


@pytest.mark.parametrize("with_numba", KINDS)
@given(chain=CHAINS, before=images(), keys=st.lists(st.integers(0, 2**31), min_size=3, max_size=3))
@settings(max_examples=120, deadline=None)
def test_the_short_way_gives_torchvisions_bits(
    with_numba: bool, chain: tuple[ir.Step, ...], before: tv_tensors.Image, keys: list[int]
) -> None:
    """Any chain, on any image of bytes; three times, because a size is looked at before it is taken."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jit, "available", lambda: with_numba)
        patch.setattr(blur, "_holds", {})
        short = build_chain(chain, colour=True)
        for key in keys:
            expected, actual = (each({"image": before}, key)["image"] for each in (build_chain(chain), short))
            assert (type(actual), actual.dtype, actual.shape) == (type(expected), expected.dtype, expected.shape)
            assert torch.equal(actual, expected)


@given(
    chain=st.lists(st.one_of(JITTERS, GREYS, BLURS, OTHERS), max_size=3),
    alike=st.booleans(), key=st.integers(0, 2**31), height=st.integers(60, 90),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_views_take_pixels_as_they_are_decoded(chain: list[ir.Step], alike: bool, key: int, height: int) -> None:
    """Each view crops the decoder's own layout; what comes after its first steps gets planes."""
    crop = apply("RandomResizedCrop", 56)
    one = (crop, apply("RandomHorizontalFlip"), *chain)
    steps = (views(one, one if alike else (crop, *chain)),)
    before = image(height, 71)
    mixed = before.as_subclass(torch.Tensor).permute(1, 2, 0).contiguous().permute(2, 0, 1)
    short = with_planes(build_chain(steps, direct=1, colour=True))
    assert short is not None
    expected = build_chain(steps)({"image": before, "index": 4}, key)
    actual = short({"image": tv_tensors.Image(mixed), "index": 4}, key)
    assert actual["index"] == 4
    for one_view, other in zip(expected["image"], actual["image"], strict=True):
        assert torch.equal(one_view, other)
        assert all(plane.is_contiguous() for plane in other) or not one_view.is_contiguous()


def test_views_are_drawn_and_cut_at_once() -> None:
    """A chain of short steps takes its numbers from words, and cuts with one step; others are seeded as ever."""
    first = (apply("RandomResizedCrop", 56), apply("RandomHorizontalFlip"))
    one, other = (*first, maybe(0.8, apply("ColorJitter", 0.5))), (*first, apply("RandomErasing", 1.0))
    short = with_planes(build_chain((views(one, other),), direct=1, colour=True))
    assert short is not None
    [made] = short.steps.steps
    assert isinstance(made, Views)
    assert [chain.in_words for chain in made.chains] == [True, False]
    assert all(isinstance(chain.steps[0], CutStep) for chain in made.chains)


def test_a_view_of_nothing_fails_as_written() -> None:
    """Of an image one pixel wide, where the fallback's aspect leaves no row: the crop is named."""
    steps = (views(*[(apply("RandomResizedCrop", 8, ratio=(50.0, 100.0)), apply("RandomHorizontalFlip"))] * 2),)
    short, said = with_planes(build_chain(steps, direct=1, colour=True)), []
    assert short is not None
    for chain in (build_chain(steps), short):
        with pytest.raises(StepFailed) as caught:
            chain({"image": image(60, 1)}, 3)
        said.append((caught.value.failure.message, caught.value.failure.notes))
    assert said[0] == said[1]


def test_the_hue_of_every_colour() -> None:
    """All 2^24 of them, an eighth by each of eight turns."""
    levels = torch.arange(256, dtype=torch.uint8)
    for red, factor in zip(levels.split(32), (-0.5, -0.31, -0.07, 0.0, 0.1, 0.2, 0.4321, 0.5), strict=True):
        planes = torch.stack(torch.meshgrid(red, levels, levels, indexing="ij")).reshape(3, 2048, 1024)
        expected = F.adjust_hue_image(planes, factor)
        assert np.array_equal(adjusted_hue(planes.numpy(), factor), expected.numpy())
        if True in KINDS:
            assert torch.equal(colour_jit.CHANGES[3](planes, factor), expected)


@pytest.mark.parametrize("with_numba", KINDS)
@pytest.mark.parametrize("step", [apply("ColorJitter", hue=0.1), apply("RandomGrayscale"), apply("GaussianBlur", 9)])
def test_the_steps_have_a_short_way(step: ir.Apply, with_numba: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial before a step is taken does not refuse it with the versions installed here."""
    monkeypatch.setattr(jit, "available", lambda: with_numba)
    [built] = build_chain((step,), colour=True).steps.steps
    assert isinstance(built, ColourStep)
    compiled = getattr(built.direct, "__name__", "").endswith("compiled")
    assert compiled == (with_numba and step.name != "RandomGrayscale")


def test_a_short_way_with_other_bits_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A torchvision that changes colours in another way is followed."""
    monkeypatch.setattr(v2.ColorJitter, "transform", lambda self, value, params: value)
    [built] = build_chain((apply("ColorJitter", 0.5),), colour=True).steps.steps
    assert type(built) is TorchvisionStep


@pytest.mark.parametrize("shape", [(3, 3, 96, 96, 9, 9), (3, 1, 96, 80, 9, 5), (1, 1, 64, 48, 3, 3)])
def test_strips_are_tried_before_they_are_taken(shape: blur.Shape, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the second image of a size; where they give other sums torchvision's own blur goes on."""
    channels, planes, height, width, across, down = shape
    pixels = image(height, width, planes).as_subclass(torch.Tensor).expand(channels, -1, -1)
    expected = F.gaussian_blur_image(pixels, [across, down], [1.3, 1.3])
    known: dict[Any, Any] = {}
    monkeypatch.setattr(blur, "_holds", known)
    for found in (None, True, True):
        assert torch.equal(blur.blurred(pixels, [across, down], 1.3), expected)
        assert known[blur.in_strips, shape] in ((None,) if found is None else (True, False))
    known.clear()

    def other(given: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return torch.zeros(given.shape)

    for _ in range(3):
        assert torch.equal(blur.blurred(pixels, [across, down], 1.3, other), expected)
    assert known == {(other, shape): False}


@pytest.mark.parametrize("before", [
    {"image": image(60, 60), "boxes": tv_tensors.BoundingBoxes(torch.ones(1, 4), format="XYXY", canvas_size=(60, 60))},  # pyright: ignore[reportCallIssue]  (the stubs know neither keyword)
    {"image": tv_tensors.Image(torch.rand(3, 60, 60))},
    {"image": tv_tensors.Image(torch.zeros(3, 0, 60, dtype=torch.uint8))},
    {"image": tv_tensors.Video(torch.zeros(2, 3, 60, 60, dtype=torch.uint8))},
])  # fmt: skip
def test_other_samples_take_torchvisions_way(before: dict[str, Any]) -> None:
    """Floats, images without a pixel, videos, images with boxes."""
    chain = (apply("ColorJitter", 0.5, 0.5, 0.5, 0.2), apply("RandomGrayscale", 0.5))
    for key in range(4):
        expected, actual = build_chain(chain)(before, key), build_chain(chain, colour=True)(before, key)
        assert expected.keys() == actual.keys()
        assert all(torch.equal(expected[name], actual[name]) for name in expected)


@pytest.fixture
def in_doubles() -> Iterator[None]:
    """torch's default dtype is float64 meanwhile."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("with_numba", KINDS)
def test_another_default_dtype_takes_torchvisions_way(
    with_numba: bool, in_doubles: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torchvision draws and computes otherwise then, whether a chain is built before or after."""
    monkeypatch.setattr(jit, "available", lambda: with_numba)
    chain = (
        maybe(0.8, apply("ColorJitter", 0.5, 0.5, 0.5, 0.2)),
        apply("RandomGrayscale", 0.5),
        apply("GaussianBlur", 9),
    )
    after = build_chain(chain, colour=True)
    torch.set_default_dtype(torch.float32)
    before = build_chain(chain, colour=True)
    torch.set_default_dtype(torch.float64)
    for key in range(12):
        given = {"image": image(60, 61)}
        expected = build_chain(chain)(given, key)["image"]
        assert torch.equal(before(given, key)["image"], expected)
        assert torch.equal(after(given, key)["image"], expected)


def test_a_blurred_grey_image_may_be_written_into() -> None:
    """As torchvision's: its three planes are memory of their own."""
    chain = build_chain((apply("RandomGrayscale", 1.0), apply("GaussianBlur", 9)), colour=True)
    for _ in range(3):
        made = chain({"image": image(64, 64)}, 1)["image"].as_subclass(torch.Tensor)
        made[0].fill_(7)
        assert not (made[1:] == 7).all()


SIMCLR = """
dataset photos = ImageFolder("{folder}")
loader train from photos {{
  transform {{
    views 2 {{
      RandomResizedCrop(56); RandomHorizontalFlip()
      maybe 0.8 {{ ColorJitter(0.8, 0.8, 0.8, 0.2) }}
      RandomGrayscale(0.2); GaussianBlur(9); ToTensor(); Normalize([0.5], [0.25])
    }}
  }}
  sample {{ batch 6; order shuffled; seed 3; last keep }}
  {options}
}}
"""


@pytest.mark.parametrize("with_numba", KINDS)
def test_two_views_by_any_workers_are_as_written(
    with_numba: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two epochs of JPEGs, from file to batch; the plan has all that it can have."""
    for number in range(14):
        place = tmp_path / "photos" / "ab"[number % 2] / f"{number}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (9, 13, 3), np.uint8)
        PIL.Image.fromarray(pixels).resize((90 + number, 70), PIL.Image.Resampling.BICUBIC).save(place)
    monkeypatch.setattr(jit, "available", lambda: with_numba)

    def batches(options: str) -> list[torch.Tensor]:
        loader = feedline.compile(SIMCLR.format(folder=tmp_path / "photos", options=options)).train
        return [view for _ in range(2) for images, _ in loader for view in images]

    expected = batches("optimize = off")
    for options in ("", "num_workers = 2", "num_workers = 2; worker_kind = thread", "cache = memory"):
        assert all(torch.equal(one, other) for one, other in zip(expected, batches(options), strict=True)), options
