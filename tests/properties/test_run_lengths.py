"""Masks from COCO's run lengths and polygons: those of pycocotools, and broken ones refused, never drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask

from feedline.runtime.sources import masks


@given(
    height=st.integers(1, 60), width=st.integers(1, 60), count=st.integers(0, 4), share=st.floats(0, 1),
    seed=st.integers(0, 999), compressed=st.booleans(),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_drawn_masks_are_those_that_were_encoded(
    height: int, width: int, count: int, share: float, seed: int, compressed: bool
) -> None:
    """Compressed or not, in rows or in columns."""
    pixels = (np.random.default_rng(seed).random((count, height, width)) < share).astype(np.uint8)
    found = [masks.runs_of(_encoded(one, compressed), (height, width)) for one in pixels]
    drawn = masks.drawn(found, (height, width))
    assert pixels.tolist() == drawn.tolist()
    assert masks.in_rows(drawn).is_contiguous() and pixels.tolist() == masks.in_rows(drawn).tolist()


def _encoded(pixels: np.ndarray, compressed: bool) -> dict[str, Any]:
    coded: Any = mask.encode(np.asfortranarray(pixels))
    text = coded["counts"].decode()
    return {"size": list(pixels.shape), "counts": text if compressed else masks.run_lengths(text.encode()).tolist()}


@given(st.lists(st.lists(st.floats(-5, 45), min_size=6, max_size=12).filter(lambda row: len(row) % 2 == 0), min_size=1))
@settings(max_examples=60, deadline=None)
def test_polygons_are_drawn_as_pycocotools_draws_them(polygons: list[list[float]]) -> None:
    """One mask of all polygons of an object."""
    given: Any = polygons  # the stubs know only whole numbers
    expected: Any = mask.decode(mask.merge(mask.frPyObjects(given, 30, 40)))
    assert expected.tolist() == masks.drawn([masks.runs_of(polygons, (30, 40))], (30, 40))[0].tolist()


@given(st.text(st.characters(min_codepoint=40, max_codepoint=120), max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_text_is_drawn_or_refused(text: str) -> None:
    """Nothing but ValueError, and what is accepted covers the picture."""
    try:
        runs = masks.runs_of({"size": [5, 4], "counts": text}, (5, 4))
    except ValueError:
        return
    assert 20 == runs.sum() and (runs >= 0).all()


@pytest.mark.parametrize("counts", [[2**70], [2**62, 2**62, 2**62, 2**62, 20], "o" * 12 + "0", "oooooooo0"])
def test_numbers_beyond_any_image_are_refused(counts: Any) -> None:
    """Neither wrapped around nor added up past 64 bits."""
    with pytest.raises(ValueError, match="run length"):
        masks.runs_of({"size": [5, 4], "counts": counts}, (5, 4))
