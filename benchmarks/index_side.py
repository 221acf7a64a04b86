"""Which sample comes when: how fast batches of indices are made, how soon the first is there, what is held for it.

    python benchmarks/index_side.py [--quick]

Lists of int at batch 8, as a `DataLoader` takes them, against two peers in the same run: the generator sampler that is
written by hand (`generator_sampler.py`), and torch's `BatchSampler(RandomSampler)`, which knows no groups. Then the
same batches as int64 arrays, and a billion samples, where no peer is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice
from typing import Any

import numpy as np
from generator_sampler import GeneratorSampler
from measure import ROUNDS, heading, memory, speeds, table
from torch.utils.data import BatchSampler, RandomSampler

from feedline.compiler import ir
from feedline.dsl.source import Span
from feedline.runtime.keys import BatchIndices
from feedline.runtime.sampler import PlanSampler
from feedline.runtime.sampling import BatchPlan, Populations
from feedline.runtime.sampling.shuffles import shuffles

BATCH, FORCED = 8, 3
AT_ONCE = 1_000_000
"""Samples drawn for one measurement: of a smaller set several epochs, each from nothing."""
AT = Span("benchmark", 0, 0)


def plan(size: int, forced: bool, batch: int = BATCH) -> BatchPlan:
    """A plain shuffle, or 3 of every 8 places from a group of 3% of the samples; the last batch is dropped."""
    forces = (ir.Force("group", FORCED, span=AT),) if forced else ()
    policy = ir.Policy(
        batch, forces, epoch=ir.Epoch(span=AT), last="drop", order="shuffled",
        places="shuffled" if forced else "first", span=AT,
    )  # fmt: skip
    return BatchPlan(policy, Populations(size, {"group": range(group_of(size))}))


def group_of(size: int) -> int:
    """How many samples the group has."""
    return max(size * 3 // 100, FORCED)


def ours(size: int, forced: bool) -> Iterator[list[int]]:
    """The batch sampler of a loader."""
    return iter(PlanSampler(plan(size, forced)))


def written_by_hand(size: int, forced: bool) -> Iterator[list[int]]:
    """The generator sampler."""
    if forced:
        sampler = GeneratorSampler(range(group_of(size)), range(group_of(size), size), FORCED, BATCH)
    else:
        sampler = GeneratorSampler((), range(size), 0, BATCH)
    return iter(sampler)


def torchs(size: int) -> Iterator[list[int]]:
    """Torch's plain shuffle."""
    return iter(BatchSampler(RandomSampler(range(size)), BATCH, drop_last=True))


class Later:
    """Further epochs of a sampler that has had one: what it has worked out for good is there."""

    def __init__(self, size: int, forced: bool):
        self.sampler, self.epoch = PlanSampler(plan(size, forced)), 0
        for _ in self.sampler:
            pass

    def __call__(self) -> Iterator[list[int]]:
        """The next one."""
        self.epoch += 1
        self.sampler.set_epoch(self.epoch)
        return iter(self.sampler)


def blocks(size: int, forced: bool, rows: int, most: int) -> Iterator[Any]:
    """The batches of an epoch, or its first `most`, as int64 arrays (rows, 8)."""
    made = plan(size, forced)
    last = min(made.length(), most)
    return (made.batches(0, start, start + rows) for start in range(0, last - rows + 1, rows))


def lists(sizes: tuple[int, ...], rounds: int) -> None:
    """Print how fast an epoch of batches comes, and the first batch, against the peers."""
    rows = []
    for size in sizes:
        ways: dict[str, Callable[[], Iterator[Any]]] = {
            "by hand, force 3 per 8": partial(written_by_hand, size, True),
            "by hand, plain shuffle": partial(written_by_hand, size, False),
            "torch, plain shuffle": partial(torchs, size),
            "feedline, force 3 per 8": partial(ours, size, True),
            "feedline, plain shuffle": partial(ours, size, False),
            "a later epoch, force 3 per 8": Later(size, True),
            "a later epoch, plain shuffle": Later(size, False),
        }
        if size == sizes[0]:
            ways |= floors(size)
        found = speeds(ways, rounds, max(AT_ONCE // size, 1))
        torch = found["torch, plain shuffle"]
        for name, speed in found.items():
            hand = found[f"by hand, {name.split(', ')[1]}"]
            rows.append(
                (name, f"{size:,}", f"{speed.rate:,.0f}", f"{speed.rate / hand.rate:.1f}x",
                 f"{speed.rate / torch.rate:.1f}x", f"{speed.after:,.0f}", f"{speed.first * 1000:,.2f}",
                 f"{speed.first / torch.first:.2f}x")
            )  # fmt: skip
    columns = ("samples", "batches/s", "/ by hand", "/ torch", "after the first", "first batch, ms", "/ torch's")
    table(("lists of int, batch 8", *columns), rows)


# ---- what the parts cost that no way of putting them together can leave out


def floors(size: int) -> dict[str, Callable[[], Iterator[Any]]]:
    """As many lists as an epoch has, of numbers that are there before: bare ones, such as carry epoch and number, and
    these after the shuffles that an epoch's batches are made of."""
    ways: dict[str, Callable[[], Iterator[Any]]] = {}
    for forced, name in ((True, "force 3 per 8"), (False, "plain shuffle")):
        rows = np.random.default_rng(0).permutation(size * 2)[: plan(size, forced).length() * BATCH].reshape(-1, BATCH)
        ways[f"floor: bare lists, {name}"] = partial(bare_lists, rows)
        ways[f"floor: batches, {name}"] = partial(keyed_lists, rows)
        ways[f"floor: shuffles and batches, {name}"] = partial(shuffled_lists, rows, size, forced)
    return ways


def bare_lists(rows: np.ndarray) -> Iterator[list[int]]:
    """The rows as plain lists, some at once: the fastest there is."""
    return chain.from_iterable(rows[low : low + 64].tolist() for low in range(0, len(rows), 64))


def keyed_lists(rows: np.ndarray) -> Iterator[list[int]]:
    """The rows as what workers need: a batch that says which one it is."""
    places = iter(rows.ravel().data)
    batches = map(BatchIndices, zip(*[places] * BATCH, strict=False))
    for number, batch in enumerate(batches):
        batch.epoch, batch.number = 0, number
        yield batch


def shuffled_lists(rows: np.ndarray, size: int, forced: bool) -> Iterator[list[int]]:
    """The same behind the shuffles of the rest, the group and the places in each batch, whose results are not used."""
    group = group_of(size) if forced else 0
    shuffles(1, 0, 1, size - group)
    if forced:
        shuffles(2, 0, len(rows) * FORCED // group, group)
        for low in range(0, len(rows), 4096):
            shuffles(3, low, min(4096, len(rows) - low), BATCH)
    return keyed_lists(rows)


def arrays(sizes: tuple[int, ...], rounds: int) -> None:
    """Print the speed as int64 blocks."""
    rows = []
    for size in sizes:
        ways: dict[str, Callable[[], Iterator[Any]]] = {
            f"{name}, blocks of {count:,}": lambda size=size, forced=forced, count=count: blocks(
                size, forced, count, 1_000_000
            )
            for name, forced in (("force 3 per 8", True), ("plain shuffle", False))
            for count in (1024, 4096)
            if plan(size, False).length() > 2 * count
        }
        for name, speed in speeds(ways, rounds, max(AT_ONCE // size, 1)).items():
            rates = f"{speed.rate / 1e6:.2f}", f"{speed.after / 1e6:.2f}"
            rows.append((name, f"{size:,}", *rates, f"{speed.first * 1000:,.2f}"))
    table(("int64 arrays, batch 8", "samples", "million batches/s", "after the first", "first block, ms"), rows)


def holding(sizes: tuple[int, ...], huge: int, quick: bool) -> None:
    """Print the memory up to the thousandth batch, in a process of its own."""
    ways = {
        "by hand, plain shuffle": "written_by_hand({}, False)",
        "torch, plain shuffle": "torchs({})",
        "feedline, plain shuffle": "ours({}, False)",
        "feedline, force 3 per 8": "ours({}, True)",
    }
    cases = [(size, name) for size in sizes for name in ways]
    cases += [(huge, name) for name in ways if name.startswith("feedline")]
    cases = cases[-1:] if quick else cases
    rows = []
    for size, name in cases:
        # A thousand batches of a small data set first, so that what is loaded once is not counted.
        code = "from index_side import *\nfor _ in islice({}, 1000): pass\n"
        used = memory(
            code.format(ways[name].format(20_000)) + f"---\nfor _ in islice({ways[name].format(size)}, 1000): pass\n"
        )
        rows.append((name, f"{size:,}", f"{used:,.1f}"))
    table(("a thousand batches", "samples", "MB"), rows)


def first_of(huge: int, rounds: int) -> None:
    """Print how soon the first batch of a billion samples is there."""
    ways: dict[str, Callable[[], Iterator[Any]]] = {
        name: lambda forced=forced: islice(ours(huge, forced), 20_000)
        for name, forced in (("force 3 per 8", True), ("plain shuffle", False))
    }
    rows = [
        (name, f"{huge:,}", f"{speed.first * 1000:,.1f}", f"{speed.after:,.0f}")
        for name, speed in speeds(ways, rounds).items()
    ]
    table(("feedline, lists of int", "samples", "first batch, ms", "batches/s after it"), rows)


def main(arguments: list[str]) -> None:
    """Print the tables; `--quick` only shows that they can be made."""
    quick = "--quick" in arguments
    rounds = 1 if quick else ROUNDS
    sizes = (20_000,) if quick else (30_000, 1_000_000, 10_000_000)
    huge = 10_000_000 if quick else 1_000_000_000
    heading("Index side: which sample comes when")
    lists(sizes, rounds)
    arrays(sizes, rounds)
    first_of(huge, rounds)
    holding(sizes[-1:], huge, quick)


if __name__ == "__main__":
    main(sys.argv[1:])
