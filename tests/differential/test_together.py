"""The views of a batch step by step: the bits of the chain as written, whatever the samples of the batch are."""

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
from torchvision.transforms.v2 import functional as F  # noqa: N812  (torchvision's own convention)

import feedline
from feedline.compiler import ir
from feedline.runtime.draws import draw_from, stream_of, uniform
from feedline.runtime.gather import jit
from feedline.runtime.loader import Loader
from feedline.runtime.randomness import seeded
from feedline.runtime.threads import one_thread
from feedline.runtime.transforms import blur, build_chain, direct_colour, together, with_planes
from feedline.runtime.transforms.combine import Chain
from feedline.runtime.transforms.together import Together

KINDS = [False, True] if jit.available() else [False]
"""Without Numba, and with it where it is installed."""

CROP = (apply("RandomResizedCrop", 52), apply("RandomHorizontalFlip"))
STEPS = st.sampled_from(
    [
        apply("ColorJitter", 0.8, 0.8, 0.8, 0.2), apply("ColorJitter", hue=0.5), apply("RandomGrayscale", 0.5),
        apply("GaussianBlur", 9), apply("GaussianBlur", (3, 7), sigma=(0.5, 0.5)),
    ]
)  # fmt: skip
CHAINS = st.lists(
    STEPS
    | st.lists(STEPS, min_size=1, max_size=2).map(lambda steps: maybe(0.6, *steps))
    | st.lists(STEPS, min_size=2, max_size=3).map(lambda steps: shuffled(*steps)),
    max_size=4,
).map(lambda steps: (*CROP, *steps))


@pytest.fixture(autouse=True)
def single() -> Iterator[None]:
    """Compute as a batch is made."""
    with one_thread():
        yield


def sample(place: int, channels: int = 3) -> dict[str, Any]:
    """One as it is read, its colours side by side in memory."""
    pixels = image(60 + 3 * place, 71, channels, place).as_subclass(torch.Tensor)
    mixed = pixels.permute(1, 2, 0).contiguous().permute(2, 0, 1)
    return {"image": tv_tensors.Image(mixed), "label": place}


def parts_of(steps: tuple[ir.Step, ...]) -> tuple[Chain, Together]:
    """The chain the short way, and in two parts."""
    short = with_planes(build_chain(steps, direct=1, colour=True))
    assert short is not None
    parts = Together.of(short)
    assert parts is not None
    return short, parts


def same(expected: dict[str, Any], actual: dict[str, Any]) -> bool:
    """Whether two samples of views have the same bits, labels, order of fields and kinds."""
    views = zip(expected["image"], actual["image"], strict=True)
    return (list(expected), expected["label"]) == (list(actual), actual["label"]) and all(
        type(seen) is type(view) and seen.dtype == view.dtype and torch.equal(seen, view) for view, seen in views
    )


@pytest.mark.parametrize("with_numba", KINDS)
@given(one=CHAINS, other=CHAINS, alike=st.booleans(), keys=st.lists(st.integers(0, 2**62), min_size=1, max_size=9))
@settings(max_examples=60, deadline=None)
def test_a_batch_of_views_is_as_written(
    with_numba: bool, one: tuple[ir.Step, ...], other: tuple[ir.Step, ...], alike: bool, keys: list[int]
) -> None:
    """Each sample under its key."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jit, "available", lambda: with_numba)
        patch.setattr(blur, "_holds", {})
        steps = (views(one, one if alike else other),)
        written, (_, parts) = build_chain(steps), parts_of(steps)
        expected = [written(sample(place), key) for place, key in enumerate(keys)]
        actual = parts.finished([parts.begun(sample(place), key) or {} for place, key in enumerate(keys)])
    assert all(map(same, expected, actual))


def test_samples_that_are_not_begun_stay_as_they_are() -> None:
    """One of a single colour goes through the chain as a whole, and comes out among the others."""
    steps = (views(*[(*CROP, apply("GaussianBlur", 5))] * 2),)
    written, (short, parts) = build_chain(steps), parts_of(steps)
    samples = [sample(0), sample(1, channels=1), sample(2)]
    assert parts.begun(samples[1], 1) is None
    begun = [parts.begun(each, key) or short(each, key) for key, each in enumerate(samples)]
    assert all(map(same, (written(each, key) for key, each in enumerate(samples)), parts.finished(begun)))


@given(
    height=st.sampled_from([12, 40, 52, 130]), width=st.sampled_from([13, 52, 127]),
    size=st.sampled_from([[3, 3], [9, 9], [3, 9], [11, 1]]),
    greys=st.lists(st.booleans(), min_size=1, max_size=23),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_images_blurred_together_are_as_torchvision_blurs_each(
    height: int, width: int, size: list[int], greys: list[bool]
) -> None:
    """Of any number, those made grey among them, and one of another size."""
    pixels = [image(height, width, 3, place).as_subclass(torch.Tensor) for place in range(len(greys))]
    images = [F.rgb_to_grayscale(one, 3) if grey else one for one, grey in zip(pixels, greys, strict=True)]
    images.insert(len(images) // 2, image(33, 44).as_subclass(torch.Tensor))
    sigmas = np.linspace(0.1, 4, len(images), dtype=np.float32).tolist()
    made = blur.all_blurred(images, size, sigmas)
    for one, sigma, actual in zip(images, sigmas, made, strict=True):
        assert torch.equal(actual, F.gaussian_blur_image(one, size, [sigma, sigma]))
        assert actual.is_contiguous() and actual.untyped_storage().nbytes() == actual.nbytes


def test_where_the_sums_differ_each_is_blurred_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a version of torch that adds in another order would make them."""
    inside, alone = blur.in_lanes, list[int]()

    def otherwise(*given: Any) -> list[np.ndarray]:
        return [values + np.float32(1e-4) for values in inside(*given)]

    def one(picture: torch.Tensor, size: list[int], sigma: float) -> torch.Tensor:
        alone.append(len(picture))
        return blur.blurred(picture, size, sigma)

    images = [image(60, 60, 3, place).as_subclass(torch.Tensor) for place in range(7)]
    for lanes, expected in ((inside, 0), (otherwise, 7)):
        alone.clear()
        monkeypatch.setattr(blur, "in_lanes", lanes)
        monkeypatch.setattr(blur, "_holds", {})
        blur.all_blurred(images, [5, 5], [1.5] * 7, one)
        assert len(alone) == expected


def test_streams_that_take_turns_are_those_of_their_keys() -> None:
    """A hundred numbers each, which is more than are drawn at once."""
    streams = {key: stream_of(key) for key in (3, 4, 2**63 + 5)}
    drawn: dict[int, list[float]] = {key: [] for key in streams}
    try:
        for _ in range(100):
            for key, words in streams.items():
                draw_from(words)
                drawn[key].append(uniform(0.2, 1.8))
    finally:
        draw_from(None)
    for key, numbers in drawn.items():
        with seeded(key):
            assert numbers == [uniform(0.2, 1.8) for _ in range(100)]


# ---- from files


TEXT = """
dataset photos = ImageFolder("{folder}")
loader train from photos {{
  transform {{ views 2 {{ RandomResizedCrop(24); RandomHorizontalFlip(); {steps}; ToTensor() }} }}
  sample {{ batch 4; order shuffled; seed 3; last keep }}
  {options}
}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve photos, one of them broken, one grey."""
    for number in range(12):
        place = tmp_path / "photos" / "ab"[number % 2] / f"{number:02}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (40 + number, 50, 3), np.uint8)
        PIL.Image.fromarray(pixels).convert("L" if number == 4 else "RGB").save(place)
    (tmp_path / "photos" / "a" / "06.jpg").write_bytes(b"\xff\xd8 no picture")
    return tmp_path / "photos"


def loader(folder: Path, steps: str, options: str) -> Loader:
    """One of the photos in the folder."""
    return feedline.compile(TEXT.format(folder=folder, steps=steps, options=options)).train


@pytest.mark.parametrize("policy", ["on error skip", "on error replace"])
@pytest.mark.parametrize("more", ["", "num_workers = 1", "num_workers = 1; worker_kind = thread"])
def test_files_that_cannot_be_read_leave_the_batch_as_written(folder: Path, policy: str, more: str) -> None:
    """The samples that were begun keep their places beside the one that is left out or replaced."""
    steps = "ColorJitter(0.4, 0.4, 0.4, 0.1); GaussianBlur(5)"
    written, short = (loader(folder, steps, f"{policy}; {options}") for options in ("optimize = off", more))
    of_both: list[Any] = [written.dataset, short.dataset]
    assert [dataset._together is None for dataset in of_both] == [True, False]
    for _ in range(2):
        for expected, actual in zip(written, short, strict=True):
            assert torch.equal(expected[1], actual[1])
            assert all(map(torch.equal, expected[0], actual[0]))


def test_a_batch_that_fails_together_is_made_sample_by_sample(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which says what failed, and on which sample; where nothing does, it is the batch."""
    monkeypatch.setattr(jit, "available", lambda: False)
    steps = "ColorJitter(0.4, 0.4, 0.4, 0.1); GaussianBlur(5)"
    expected = [batch for batch, _ in loader(folder, steps, "on error skip; optimize = off")]
    short = loader(folder, steps, "on error skip")

    def fails(*given: Any) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(together, "all_blurred", fails)
    actual = [batch for batch, _ in short]
    for one, other in zip(expected, actual, strict=True):
        assert all(map(torch.equal, one, other))
    monkeypatch.setattr(direct_colour, "adjusted_hue", fails)
    with pytest.raises(feedline.LoadError, match="`ColorJitter` failed: RuntimeError: no room") as caught:
        list(short)
    assert "on sample" in str(caught.value)
