"""Stopping early: which JPEGs may be decoded down to a row and no further, and that what is above does not change."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from feedline.runtime.sources.images import ImageOptions, Undecoded
from feedline.runtime.sources.jpeg import Header, first_rows, header_of


def coded(width: int, height: int, seed: int, **how: Any) -> np.ndarray:
    """A JPEG's bytes."""
    noise = np.random.default_rng(seed).integers(0, 256, (height // 9 + 1, width // 9 + 1, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).resize((width, height), Image.Resampling.BILINEAR).save(file, "JPEG", **how)
    return np.frombuffer(file.getvalue(), np.uint8)


def header(data: np.ndarray) -> Header:
    """Of an ordinary file."""
    found = header_of(data.data)
    assert found is not None
    return found


def pixels(data: np.ndarray) -> np.ndarray:
    """(H, W, 3), by Pillow."""
    return np.asarray(Image.open(io.BytesIO(data.tobytes())))


sizes = st.integers(40, 200)


@settings(max_examples=60, deadline=None)
@given(
    width=sizes, height=sizes, seed=st.integers(0, 99), rows=st.integers(1, 200), subsampling=st.integers(0, 2),
    restart=st.integers(0, 9), quality=st.integers(20, 95),
)  # fmt: skip
def test_rows_above_stay_as_they_are(
    width: int, height: int, seed: int, rows: int, subsampling: int, restart: int, quality: int
) -> None:
    """For every kind of subsampling, with and without restart markers."""
    data = coded(width, height, seed, quality=quality, subsampling=subsampling, restart_marker_blocks=restart)
    cut = first_rows(data, header(data), rows)
    assert np.array_equal(pixels(data)[:rows], pixels(cut)[:rows])
    assert (cut is data) == (len(pixels(cut)) == height)
    assert (cut is data) >= (rows >= height)
    assert len(pixels(cut)) <= max(rows + 16, 16) or cut is data


def _grown(data: np.ndarray, place: int, *more: int) -> np.ndarray:
    return np.insert(data, place, more).astype(np.uint8)


@pytest.mark.parametrize("why", ["progressive", "cut short", "bytes after it", "a marker inside", "half a marker"])
def test_other_files_are_left_alone(why: str) -> None:
    """Of which what is below could say anything, an error among it."""
    data = coded(90, 150, 1, progressive=why == "progressive")
    middle = len(data) - 100
    match why:
        case "cut short":
            data = data[:-40]
        case "bytes after it":
            data = _grown(data, len(data), 0, 0)
        case "a marker inside":
            data = _grown(data, middle, 0xFF, 0xDC)
        case "half a marker":
            data = _grown(data, len(data) - 2, 0xFF)
    assert first_rows(data, header(data), 20) is data


@settings(max_examples=40, deadline=None)
@given(width=sizes, height=sizes, seed=st.integers(0, 99), factor=st.sampled_from((2, 4, 8)), data=st.data())
def test_a_part_does_not_depend_on_what_is_below(
    width: int, height: int, seed: int, factor: int, data: st.DataObject
) -> None:
    """Resized from fewer rows; Pillow may round the other way where it resizes in another order."""
    top, left = data.draw(st.integers(0, height - 16)), data.draw(st.integers(0, width - 16))
    box = (left, top, data.draw(st.integers(left + 16, width)), data.draw(st.integers(top + 16, height)))
    size = ((box[3] - top) // factor, (box[2] - left) // factor)
    file = coded(width, height, seed, quality=80)
    image = Undecoded("a.jpg", file, header(file), ImageOptions())
    # With bytes behind its end it is decoded whole.
    whole = Undecoded("a.jpg", _grown(file, len(file), 0, 0), header(file), ImageOptions())
    for cubic in (False, True):
        expected, actual = (one.part(factor, box, size, cubic=cubic).int() for one in (whole, image))
        assert (expected - actual).abs().max() <= 1
