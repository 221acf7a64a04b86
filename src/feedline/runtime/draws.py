"""Random numbers for threads: torch's default generator is one for the whole process, so each thread gets its own.

A generator of its own, seeded with a key, gives the very numbers that the default one gives after `manual_seed(key)`.
What torchvision draws without naming a generator is given the thread's by a `TorchFunctionMode`, which torch keeps
apart for each thread. It costs a few microseconds for every call inside it, so it is open only while a step draws.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_unflatten
from torchvision.transforms import v2
from torchvision.transforms.v2._transform import _RandomApplyTransform

_FUNCTIONS = (
    *("rand", "randn", "randint", "randperm", "rand_like", "randn_like", "randint_like"),
    *("normal", "bernoulli", "multinomial", "poisson", "_sample_dirichlet", "_standard_gamma"),
)
_METHODS = (
    *("uniform_", "normal_", "random_", "bernoulli_", "exponential_", "geometric_", "log_normal_", "cauchy_"),
    *("bernoulli", "multinomial"),
)
_DRAWS = {getattr(torch, name) for name in _FUNCTIONS} | {getattr(torch.Tensor, name) for name in _METHODS}


class _Own(TorchFunctionMode):
    """While it is open in a thread, whatever draws there draws from `generator`."""

    def __init__(self, generator: torch.Generator):
        self.generator = generator

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in _DRAWS:
            return func(*args, **{"generator": self.generator, **(kwargs or {})})
        return func(*args, **(kwargs or {}))


_thread = threading.local()


def own_generator() -> None:
    """From now on `seeded` and the steps of a chain draw from a generator of this thread's own."""
    _thread.mode = _Own(torch.Generator())


def apart() -> AbstractContextManager[object]:
    """Inside the block a thread that is not the main one has a generator of its own: another may be training meanwhile,
    whose random numbers it would take. Only for what draws as `own_generator` says."""
    if threading.current_thread() is threading.main_thread() or generator() is not None:
        return nullcontext()
    return _own_inside()


@contextmanager
def _own_inside() -> Iterator[None]:
    own_generator()
    try:
        yield
    finally:
        del _thread.mode


def generator() -> torch.Generator | None:
    """The generator of this thread, None where it is torch's default one, as `torch.rand(1, generator=...)` takes."""
    mode: _Own | None = getattr(_thread, "mode", None)
    return None if mode is None else mode.generator


def drawing() -> AbstractContextManager[object]:
    """Inside the block whatever draws without naming a generator draws from `generator()`."""
    mode: _Own | None = getattr(_thread, "mode", None)
    return nullcontext() if mode is None else mode


_WORDS = 32


class _Drawn(threading.local):
    """What `words` and `exponential` work with, one for each thread; `stream`: the words inside `by_words`."""

    def __init__(self) -> None:
        self.generator = torch.Generator()
        self.pairs = torch.empty(_WORDS // 2, dtype=torch.int64)
        halves = self.pairs.numpy().view(np.uint32).reshape(-1, 2)
        self.words = halves[:, ::-1] if sys.byteorder == "little" else halves  # of a pair the high half is drawn first
        self.tensor = torch.empty(1, dtype=torch.float32)  # whatever the default is when a thread begins
        self.number = self.tensor.numpy()
        self.stream: Iterator[int] | None = None


_drawn = _Drawn()


def in_floats() -> bool:
    """Whether torch draws and computes in float32 unless told otherwise, as all does here that goes a shorter way."""
    return torch.get_default_dtype() == torch.float32


def words(key: int, skip: int = 0) -> list[int]:
    """The first 32 words of 32 bits that torch draws after `manual_seed(key)`: in one call, where a call for each
    number takes ten times as long. No generator that anybody else draws from is touched. `skip`: so many times 32 words
    are left out first."""
    drawn = _drawn
    drawn.generator.manual_seed(key % 2**63)
    for _ in range(skip + 1):
        drawn.pairs.random_(-(2**63), None, generator=drawn.generator)
    return drawn.words.ravel().tolist()


@contextmanager
def by_words(key: int) -> Iterator[None]:
    """Inside the block `hits`, `uniform`, `below` and `order` give what they give after `manual_seed(key)`, from words
    that are drawn at once. Nothing else may draw there. A block inside draws from its own; then this one goes on."""
    before = _drawn.stream
    draw_from(stream_of(key))
    try:
        yield
    finally:
        draw_from(before)


def draw_from(words: Iterator[int] | None) -> None:
    """From now on the functions that `by_words` names draw from these words; with None as ever."""
    _drawn.stream = words


def stream_of(key: int) -> Iterator[int]:
    """All words that torch draws after `manual_seed(key)`, whatever is drawn from other streams in between."""
    for block in itertools.count():
        yield from words(key, block)


def share(word: int) -> float:
    """What `torch.rand(1)` makes of a word: 24 bits of it."""
    return (word & 0xFFFFFF) * 2.0**-24


def between(word: int, low: float, high: float) -> float:
    """What `torch.empty(1).uniform_(low, high)` makes of a word, for bounds that are float32 values."""
    return float(np.float32(share(word) * float(np.float32(high - low)) + low))


def exact(low: float, high: float) -> bool:
    """Whether a double holds every bit of the sum that `between` makes, so that it is rounded once, as torch's is."""
    ends = np.array([low, high], np.float32)
    if low == high or not np.isfinite(ends).all():
        return low == high
    least, most = ends.tolist()
    grain = min(np.spacing(abs(ends[0])).item() if least else 1.0, np.spacing(np.float32(most - least)) * 2.0**-24)
    return max(abs(least), abs(most)) < grain * 2.0**52


def hits(chance: float) -> bool:
    """`torch.rand(1) < chance`"""
    if (stream := _drawn.stream) is None:
        return bool(torch.rand(1, generator=generator()) < chance)
    return share(next(stream)) < float(np.float32(chance))


def uniform(low: float, high: float) -> float:
    """`torch.empty(1).uniform_(low, high)`"""
    if (stream := _drawn.stream) is None:
        return torch.empty(1).uniform_(low, high, generator=generator()).item()
    return between(next(stream), float(np.float32(low)), float(np.float32(high)))


def below(count: int) -> int:
    """`torch.randint(count, (1,))`"""
    if (stream := _drawn.stream) is None:
        return int(torch.randint(count, (1,), generator=generator()))
    return next(stream) % count


def order(count: int) -> list[int]:
    """`torch.randperm(count)`"""
    if (stream := _drawn.stream) is None:
        return torch.randperm(count, generator=generator()).tolist()
    made = list(range(count))
    for place in range(count - 1):
        other = place + next(stream) % (count - place)
        made[place], made[other] = made[other], made[place]
    return made


def exponential(number: float) -> float:
    """`torch.tensor(number).exp()`, which is not quite what others call so."""
    drawn = _drawn
    drawn.number[0] = number
    drawn.tensor.exp_()
    return float(drawn.number[0])


def applied(transform: Callable[[Any], Any], value: Any) -> Any:
    """What a random transform of torchvision makes of a value. As `drawing` around all of it gives, but where the class
    separates drawing from applying, as `Transform.forward` does, only the drawing pays for it."""
    if generator() is None:
        return transform(value)
    forward = getattr(type(transform), "forward", None)
    if not isinstance(transform, v2.Transform) or isinstance(transform, v2.GaussianNoise):
        forward = None  # the noise is drawn while it is applied
    if forward is not v2.Transform.forward and forward is not _RandomApplyTransform.forward:
        with drawing():
            return transform(value)
    assert isinstance(transform, v2.Transform)
    flat, structure = tree_flatten(value)
    transform.check_inputs(flat)
    if isinstance(transform, _RandomApplyTransform) and torch.rand(1, generator=generator()) >= transform.p:
        return value
    changed = transform._needs_transform_list(flat)
    with drawing():
        params = transform.make_params([item for item, change in zip(flat, changed, strict=True) if change])
    made = [transform.transform(item, params) if change else item for item, change in zip(flat, changed, strict=True)]
    return tree_unflatten(made, structure)
