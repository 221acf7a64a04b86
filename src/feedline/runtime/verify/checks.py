"""What a check is, and those that look at each batch by itself."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from attrs import define, field

from feedline.runtime.guarantees import Meter, broken_text
from feedline.runtime.verify.block import Block
from feedline.runtime.verify.report import Broken, Row


@define
class Check:
    """One promise, checked over the blocks of some epochs, which come in order."""

    promise: str
    scope: str
    unit: str = "batches"
    checked: int = field(default=0, init=False)
    _broken: int = field(default=0, init=False)
    _first: Broken | None = field(default=None, init=False)

    def begin(self, epoch: int, length: int) -> None:
        """An epoch of `length` batches begins."""

    def block(self, block: Block) -> None:
        """Its next batches."""

    def end(self, epoch: int, times: np.ndarray) -> None:
        """It is over; `times` (size,) is how often each sample came."""

    def add(self, checked: int) -> None:
        """So many more have been looked at."""
        self.checked += checked

    def fail(self, epoch: int, batch: int | None, text: str, count: int = 1) -> None:
        """`count` of them broke the promise, the first being this batch; `text` follows its name."""
        self._broken += count
        if self._first is None:
            where = f"epoch {epoch:,}" if batch is None else f"batch {batch:,} of epoch {epoch:,}"
            self._first = Broken(epoch, batch, f"{where} {text}")

    def fail_where(self, block: Block, bad: np.ndarray, text: Callable[[int], str]) -> None:
        """Count the batches of a block, and those of them where `bad` (batches,) is true as broken."""
        self.add(len(block.rows))
        if bad.any():
            first = int(np.argmax(bad))
            self.fail(block.epoch, block.start + first, text(first), int(bad.sum()))

    def row(self) -> Row:
        """The result."""
        return Row(self.promise, self.scope, self.checked, self.unit, self._broken, self._first)


@define
class Counts(Check):
    """A count of the batch lies within its bounds: a forced group, drawn values, different samples."""

    meter: Meter = field(kw_only=True)

    def block(self, block: Block) -> None:
        """Count in every batch at once."""
        counts, promise = self._counts(block), self.meter.promise
        if promise.kind == "different":
            bad = counts != block.sizes
        else:
            most = block.sizes if promise.maximum is None else promise.maximum
            bad = (counts < promise.minimum) | (counts > most)
        self.fail_where(block, bad, lambda at: broken_text(promise, int(counts[at]), int(block.sizes[at])))

    def _counts(self, block: Block) -> np.ndarray:
        promise = self.meter.promise
        if promise.kind == "members":
            return block.members(promise.group)
        if promise.kind == "different":
            ordered = np.sort(block.rows, axis=1)
            return block.sizes - ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).sum(axis=1)
        single = block.facts.single_value
        if single is None or (block.sizes < block.rows.shape[1]).any():
            return np.array([self.meter.count(row[row >= 0]) for row in block.rows])
        return _values_with(np.sort(single[block.rows], axis=1), promise.each)


def _values_with(ordered: np.ndarray, each: int) -> np.ndarray:
    """How many values stand exactly `each` times in each row of sorted values, int64 (rows,); -1 is none."""
    edge = np.full((len(ordered), 1), -2)
    firsts = ordered != np.concatenate([edge, ordered[:, :-1]], axis=1)
    lasts = np.roll(firsts, -1, axis=1)
    lasts[:, -1] = True
    place = np.arange(ordered.shape[1])
    start = np.maximum.accumulate(np.where(firsts, place, 0), axis=1)
    return (lasts & (place - start + 1 == each) & (ordered >= 0)).sum(axis=1)


@define
class Full(Check):
    """Every batch has all its samples, the last of an epoch as many as it may lack; what is empty is at its end."""

    last: tuple[int, int] = field(kw_only=True)
    """The fewest and the most samples that the last batch may have."""

    def block(self, block: Block) -> None:
        """Compare the number of samples."""
        rows, sizes = block.rows, block.sizes
        least, most = (np.full(len(rows), rows.shape[1]) for _ in range(2))
        if block.start + len(rows) == block.length and len(rows):
            least[-1], most[-1] = self.last
        inside = (rows[:, 1:] >= 0) & (rows[:, :-1] < 0)
        bad = (sizes < least) | (sizes > most) | inside.any(axis=1) | (rows >= block.facts.size).any(axis=1)
        self.fail_where(block, bad, lambda at: f"holds {sizes[at]} samples, promised {least[at]}")


@define
class Only(Check):
    """The batches, or some places of them, hold only samples of a set."""

    allowed: np.ndarray = field(kw_only=True)
    columns: slice | None = field(default=None, kw_only=True)

    def block(self, block: Block) -> None:
        """Look every sample up."""
        places = block.places(self.columns)
        bad = ~self.allowed[places] & (places >= 0)
        self.fail_where(
            block, np.asarray(bad.any(axis=1)), lambda at: f"holds the sample at position {places[at][bad[at]][0]}"
        )


@define
class SameSamples(Check):
    """Permuting the places moves samples within a batch, and changes nothing else."""

    def block(self, block: Block) -> None:
        """Compare each batch with the one whose forced samples come first."""
        bad = (np.sort(block.rows, axis=1) != np.sort(block.first, axis=1)).any(axis=1)
        self.fail_where(block, bad, lambda at: "holds other samples than with `places forced first`")


@define
class Spread(Check):
    """A group with an upper limit is spread evenly: floor or ceil of its samples / the epoch's batches in each."""

    group: str = field(kw_only=True)
    samples: int = field(kw_only=True)
    limit: int = field(kw_only=True)
    dropped: bool = field(kw_only=True)
    """Whether a short last batch is left out."""

    def block(self, block: Block) -> None:
        """Compare with the epoch's own floor and ceil."""
        # Samples in the epoch's last, short batch, or left out with it, are not among the full ones'.
        low, high = (block.length + 1, block.length) if self.dropped else (block.length, max(block.length - 1, 1))
        least, most = math.floor(min(self.samples / low, self.limit)), math.ceil(min(self.samples / high, self.limit))
        counts = block.members(self.group)
        bad = (counts < least) | (counts > most)
        if block.start + len(counts) == block.length and len(counts):
            bad[-1] = False
        text = f"promised {least} to {most}"
        self.fail_where(block, bad, lambda at: f"holds {counts[at]} of `{self.group}`, {text}")
