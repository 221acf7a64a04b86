"""Random steps in a thread draw from a generator of its own, and what they make is the same to the bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import pytest
import torch
from chains import apply, image
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from test_sample_types_run import Given, chains, inputs
from typed_calls import CALLS

from feedline.compiler import ir
from feedline.compiler.catalogue import transform, transform_names
from feedline.runtime.draws import generator, own_generator
from feedline.runtime.failures import PipelineFailure
from feedline.runtime.randomness import seeded
from feedline.runtime.transforms import build_batch_chain, build_chain

T = TypeVar("T")
Apart = Callable[[Callable[[], Any]], Any]

CONTAINERS = {"RandomApply", "RandomChoice", "RandomOrder"}
BATCH = {"CutMix", "MixUp"}


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    """Runs something in a thread that has a generator of its own."""
    with ThreadPoolExecutor(1, initializer=own_generator) as pool:
        yield lambda work: pool.submit(work).result()


def outcome(work: Callable[[], T]) -> T | None:
    """What it gives, None where a step refuses its arguments or its image."""
    try:
        return work()
    except PipelineFailure:
        return None


def check(chain: tuple[ir.Step, ...], sample: dict[str, Any], key: int, apart: Apart) -> None:
    """The chain gives the same in both, and in its own thread it leaves the generator of all others alone."""
    run = outcome(lambda: build_chain(chain))
    if run is None:
        return
    expected = outcome(lambda: run(dict(sample), key))
    before = torch.get_rng_state()
    actual = apart(lambda: outcome(lambda: run(dict(sample), key)))
    assert torch.equal(before, torch.get_rng_state())
    assert same(expected, actual)


def same(left: Any, right: Any) -> bool:
    """Whether two samples or batches are the same bits."""
    if isinstance(left, Image.Image):
        return isinstance(right, Image.Image) and np.array_equal(np.array(left), np.array(right))
    if isinstance(left, torch.Tensor):
        if not isinstance(right, torch.Tensor) or (left.dtype, left.shape) != (right.dtype, right.shape):
            return False
        return torch.equal(*(value.contiguous().reshape(-1).view(torch.uint8) for value in (left, right)))
    if isinstance(left, dict):
        return [*left] == [*right] and all(same(left[name], right[name]) for name in left)
    if isinstance(left, tuple | list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


RANDOM = sorted(name for name in CALLS if (entry := transform(name)) is not None and entry.random)


@pytest.mark.parametrize("name", RANDOM)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), given=inputs(), key=st.integers(0, 2**64 - 1))
def test_every_random_step(name: str, data: st.DataObject, given: Given, key: int, apart: Apart) -> None:
    """With drawn arguments, on tensors, PIL images, boxes and masks, twice in a row."""
    call = data.draw(CALLS[name])
    check((call, call), given.sample, key, apart)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given=inputs(), chain=chains(), key=st.integers(0, 2**64 - 1))
def test_every_form_around_steps(given: Given, chain: tuple[ir.Step, ...], key: int, apart: Apart) -> None:
    """`maybe`, `one of`, `shuffled`, `on`, `views` and torchvision's containers."""
    check(chain, given.sample, key, apart)


@pytest.mark.parametrize("name", sorted(BATCH))
@pytest.mark.parametrize("key", range(10))
def test_steps_on_batches(name: str, key: int, apart: Apart) -> None:
    """`CutMix` and `MixUp` draw from a distribution."""
    chain = build_batch_chain((apply(name, num_classes=5),))
    batch = (torch.stack([image(seed=seed).float() for seed in range(4)]), torch.arange(4))
    expected, actual = chain(batch, key), apart(lambda: chain(batch, key))
    assert same(expected, actual)


def test_no_random_step_is_left_out() -> None:
    """A transform that torchvision adds is tried here, or fails this."""
    random = {name for name in transform_names() if (entry := transform(name)) is not None and entry.random}
    assert set() == random - set(RANDOM) - CONTAINERS - BATCH


def test_only_its_own_thread_has_the_generator(apart: Apart) -> None:
    """Everywhere else torch's default one is used, and `seeded` puts it back."""
    assert generator() is None
    assert apart(generator) is not None
    with seeded(3):
        expected = torch.rand(4)

    def draw() -> torch.Tensor:
        with seeded(3):
            return torch.rand(4, generator=generator())

    assert torch.equal(expected, apart(draw))
