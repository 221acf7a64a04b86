"""The batch sampler of a Loader: which batches of an epoch this process takes, from which one on, under which weights.

The batches themselves are the plan's and depend on nothing here. A `Run` is one iteration, fixed when it begins: the
plan, the epoch, where it starts, the rank and the number of ranks. Where a run stands is a `Position`, counted in
global batches, so that any number of ranks can go on from it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from attrs import frozen
from torch.utils.data import DistributedSampler

from feedline.compiler import ir
from feedline.runtime.distributed import rank_and_world
from feedline.runtime.failures import Failure, PipelineFailure
from feedline.runtime.frameworks import order_replaced
from feedline.runtime.keys import BatchIndices, RankIndices
from feedline.runtime.replacing import weights_in
from feedline.runtime.sampling import BatchPlan, rank_batches
from feedline.runtime.weighting import Weighting, weighting_of

_FIRST_BLOCK, _BLOCK = 16, 4096
"""Global batches planned at once; the first block is small so that training starts at once."""
_PLACES = 1 << 20
"""Places planned at once, at most, unless one batch has more."""


@frozen
class Position:
    """The next global batch of an epoch, and the weights from Python that the epoch is drawn by."""

    epoch: int
    batch: int
    weighting: Weighting | None = None


@frozen(eq=False)
class Run:
    """One iteration over (the rest of) an epoch: batches `start` and later, this rank's share of them."""

    plan: BatchPlan
    weighting: Weighting | None
    epoch: int
    start: int
    rank: int
    world: int

    @property
    def samples(self) -> int:
        """How many samples this rank's batches of the whole epoch hold, full ones."""
        return self.count(0) * self.plan.batch_size // (self.world if self.shared else 1)

    @property
    def shared(self) -> bool:
        """Whether every rank takes a part of every batch."""
        return self.plan.policy.across_ranks and self.world > 1

    @cached_property
    def total(self) -> int:
        """The epoch's global batches, without a short last one that the policy leaves out."""
        total = self.plan.length(self.epoch)
        drops = self.shared and total and self.plan.policy.uneven == "drop"
        return total - 1 if drops and self._last_size < self.world else total

    @cached_property
    def _last_size(self) -> int:
        """How many samples the epoch's last batch has."""
        policy, total = self.plan.policy, self.plan.length(self.epoch)
        if all(item.last != "keep" for item in (policy, *(stage.policy for stage in policy.stages))):
            return self.plan.batch_size
        return int((self.plan.batches(self.epoch, total - 1, total) >= 0).sum())

    @property
    def left_out(self) -> int:
        """How many samples the epoch's last batch has, where the ranks leave it out because they are more; else 0."""
        return self._last_size if self.total < self.plan.length(self.epoch) else 0

    def count(self, start: int) -> int:
        """How many batches this rank gets, the same as every other, of the global batches from `start` on."""
        left = max(self.total - start, 0)
        return left if self.shared else len(rank_batches(left, self.rank, self.world, self.plan.policy.uneven))

    def reached(self, count: int) -> Position:
        """Where all ranks stand once each has had `count` batches of this run."""
        if count >= self.count(self.start):
            return Position(self.epoch + 1, 0, self.weighting)
        return Position(self.epoch, self.start + count * (1 if self.shared else self.world), self.weighting)

    def batches(self) -> Iterator[BatchIndices]:
        """This rank's batches, planned block by block as they are asked for."""
        return chain.from_iterable(map(self._block, self._blocks()))

    def _blocks(self) -> Iterator[range]:
        """The global numbers of this rank's batches in pieces, each ascending and below `total`."""
        step = 1 if self.shared else self.world
        first = self.start if self.shared else self.start + self.rank
        numbers = range(first, first + self.count(self.start) * step, step)
        inside = len(range(first, min(numbers.stop, self.total), step))
        most = max(min(_BLOCK, _PLACES // self.plan.batch_size) // step, 1)
        low, size = 0, min(max(_FIRST_BLOCK // step, 1), most)
        while low < inside:
            yield numbers[low : min(low + size, inside)]
            low, size = low + size, most
        for number in numbers[inside:]:  # `uneven pad` goes on with the epoch's beginning
            yield range(number % self.total, number % self.total + 1)

    def rows(self) -> Iterator[tuple[range, np.ndarray]]:
        """The same batches in blocks of one size each: their global numbers, and their positions int64 (n, B)."""
        for numbers in self._blocks():
            rows, last = self._planned(numbers)
            if len(rows):
                yield numbers[: len(rows)], rows[:, self.rank :: self.world] if self.shared else rows
            if last is not None:
                yield numbers[-1:], np.array(last, np.int64)[None]

    def _planned(self, numbers: range) -> tuple[np.ndarray, BatchIndices | None]:
        """The full batches of a block, whole where ranks share them, and what this rank gets of the epoch's last, if it
        is among them: only that one has empty places."""
        rows, last = self.plan.batches(self.epoch, numbers[0], numbers[-1] + 1)[:: numbers.step], None
        if numbers[-1] == self.plan.length(self.epoch) - 1:
            last = self._last(rows[-1][rows[-1] >= 0].tolist(), numbers[-1])
            rows = rows[:-1]
        return rows, last

    def _block(self, numbers: range) -> Iterator[BatchIndices]:
        rows, last = self._planned(numbers)
        epoch = self.epoch
        if not self.shared:
            # The inner loop of all sampling: lists are made at C speed, only the attributes are set here. Each int is
            # made when its batch is, so that both stay in the processor's nearest cache; `tolist` would make all first.
            places = iter(rows.ravel().data)
            batches = map(BatchIndices, zip(*[places] * rows.shape[1], strict=False))
            for number, batch in zip(numbers, batches, strict=False):
                batch.epoch = epoch
                batch.number = number
                yield batch
        else:
            for number, row in zip(numbers, rows.tolist(), strict=False):
                yield self._share(row, row, number)
        if last is not None:
            yield last

    def _last(self, places: list[int], number: int) -> BatchIndices:
        if self.shared:
            missing = max(self.world - len(places), 0)  # `uneven pad`: from its own front, over and over if need be
            padded = [places[place % len(places)] for place in range(len(places) + missing)]
            return self._share(padded, places, number)
        batch = BatchIndices(places)
        batch.epoch, batch.number = self.epoch, number
        return batch

    def _share(self, places: list[int], row: list[int], number: int) -> RankIndices:
        batch = RankIndices(places[self.rank :: self.world])
        batch.epoch, batch.number, batch.rank, batch.world = self.epoch, number, self.rank, self.world
        batch.row = row
        return batch


class PlanSampler(DistributedSampler[list[int]]):
    """The batches of a plan for this process's rank, one epoch an iteration. A Loader's `batch_sampler`, and its
    `sampler` too.

    `epoch` is the one that the next iteration begins, or continues at global batch `start`; a Loader moves it on,
    anybody else calls `set_epoch`. `fail` makes the exception of a failure.
    """

    def __init__(
        self,
        plan: BatchPlan,
        ranks: tuple[int, int] | None = None,
        fail: Callable[[Failure], Exception] = PipelineFailure,
        **foreign: Any,
    ):
        # Not DistributedSampler's: that divides samples. Lightning leaves alone what is one.
        if foreign:
            raise order_replaced()
        self.declared = plan
        """The plan by the file's own weights."""
        self.ranks = ranks
        self.batch_size = plan.batch_size
        self.drop_last = all(each.last == "drop" for each in (plan.policy, *(at.policy for at in plan.policy.stages)))
        self.epoch = 0
        self.start = 0
        self.weighting: Weighting | None = None
        """The weights from Python by which the epoch under way is drawn; None for the file's own."""
        self.pending: Weighting | None = None
        """Those of the next epoch to begin, where they have been set since."""
        self.run: Run | None = None
        """The run that was begun last, until another epoch is set."""
        self._had: tuple[Run, int] | None = None
        """How many batches of which run the training loop has had; None: the next iteration begins anew."""
        self.said: int | None = None
        """The epoch that `set_epoch` named last, if since the run was begun."""
        self.loaded: int | None = None
        """The epoch of a loaded state, until an epoch is set."""
        self.offset = 0
        """What the epochs of `set_epoch` are counted from."""
        self.replaces = False
        """Whether the batches need to say by which weights from Python they are drawn."""
        self._fail = fail

    @property
    def plan(self) -> BatchPlan:
        """The plan of the epoch under way."""
        return self.declared if self.weighting is None else self.weighting.plan

    def set_epoch(self, epoch: int) -> None:
        """Make the next iteration epoch `epoch` (from 0). The epoch that it would be anyway keeps its start.

        Frameworks call this. One that counts from 0 after a state of a later epoch was loaded does not know of it: its
        epochs are counted from that one on. Raises ValueError for a negative epoch, TypeError for what is no whole
        number."""
        epoch = epoch_number(epoch)
        if self.loaded is not None:
            self.offset, self.loaded = 0 if epoch else self.loaded, None
        self.said = epoch = epoch + self.offset
        if epoch == self.epoch:
            return
        self.go_to(epoch)
        # A framework may say the epoch once more after it has begun: what has been had of it stays so.
        if self.position is not None and self.position.epoch != epoch:
            self._had = None

    def go_to(self, epoch: int, start: int = 0) -> None:
        """Make the next iteration start at a global batch of an epoch."""
        self.epoch, self.start, self.run = epoch, start, None

    def set_weights(self, weights: Any) -> None:
        """Draw by these weights from the next epoch to begin on; the one under way goes on as it began.

        `weights`: one number for each sample of the loader's data, in its order, finite and >= 0; a sequence, an array
        or a tensor (m,). For a policy with `weight by` or `balance by`, itself or in a stage. Raises LoadError for any
        other policy and for any other weights, and then nothing changes.
        """
        try:
            self.pending = weighting_of(weights, self.declared)
        except PipelineFailure as error:
            raise self._fail(error.failure) from None

    def had(self, run: Run, count: int) -> None:
        """Note that the training loop has had `count` batches of a run. Called for each batch: it only notes it."""
        self._had = run, count

    def forget(self) -> None:
        """Nothing has been had that counts: a state was loaded, or the loop said where it goes on."""
        self._had = None

    @property
    def position(self) -> Position | None:
        """Where the batches that the training loop has had end; None: where the next iteration begins."""
        return None if self._had is None else self._had[0].reached(self._had[1])

    def here(self) -> Position:
        """Where the batches that the training loop has had end."""
        return self.position or Position(self.epoch, self.start, self.weighting)

    def check_batches(self) -> None:
        """Raise LoadError where the epoch that comes next has batches, but none for each rank."""
        try:
            check_batches(self._run(self.epoch))
        except PipelineFailure as error:
            raise self._fail(error.failure) from None

    def __iter__(self) -> Iterator[list[int]]:
        # Not itself a generator: epoch, ranks and weights are those of this moment, whatever is set afterwards.
        if self.pending is not None and not self.start:
            self.weighting, self.pending = self.pending, None
        self.run, self.said = self._run(self.epoch, self.start), None
        weights = weights_in(self.plan, self.epoch) if self.replaces and self.weighting is not None else None
        return self.run.batches() if weights is None else _weighed(self.run.batches(), weights)

    def __len__(self) -> int:
        return self._run(self.epoch).count(0)

    def _run(self, epoch: int, start: int = 0) -> Run:
        try:
            rank, world = rank_and_world(self.ranks)
            check_shares(self.declared.policy, world)
        except PipelineFailure as error:
            raise self._fail(error.failure) from None
        return Run(self.plan, self.weighting, epoch, start, rank, world)


def _weighed(batches: Iterator[BatchIndices], weights: np.ndarray) -> Iterator[BatchIndices]:
    for batch in batches:
        batch.weights = weights
        yield batch


def epoch_number(epoch: Any) -> int:
    """What a caller of `set_epoch` gave, as an int. Raises TypeError or ValueError where it is no epoch."""
    try:
        number = operator.index(epoch)
    except TypeError:
        raise TypeError(f"set_epoch needs a whole number from 0 on, not {epoch!r}") from None
    if number < 0:
        raise ValueError(f"set_epoch needs an epoch from 0 on, not {number}")
    return number


def check_batches(run: Run) -> None:
    """Raise PipelineFailure where an epoch has batches, but not one for each rank."""
    length, policy = run.plan.length(run.epoch), run.plan.policy
    if run.world == 1 or not length or run.count(0):
        return
    if run.shared:
        what = f"an epoch has one batch of {run.left_out} sample{'' if run.left_out == 1 else 's'}"
    else:
        what = f"an epoch has {length:,} batch{'' if length == 1 else 'es'}"
    raise PipelineFailure(
        Failure(
            "FL569",
            f"{what}, fewer than {run.world} ranks: each rank would get none",
            policy.span,
            label="`uneven drop` leaves out what does not divide",
            help="`uneven pad` gives every rank something, or start fewer ranks",
        )
    )


def warning_of(run: Run) -> Failure | None:
    """What to say of a last batch that the ranks leave out."""
    if not run.left_out:
        return None
    return Failure(
        "FL568",
        f"{run.world} ranks leave out the last batch of an epoch: it has {run.left_out} "
        f"sample{'' if run.left_out == 1 else 's'}",
        run.plan.policy.span,
        label="every rank must have a part of each batch",
        help="`uneven pad` or `last pad` fills it; `last drop` leaves it out on any number of ranks",
    )


def check_shares(policy: ir.Policy, world: int) -> None:
    """Raise PipelineFailure where the ranks cannot share the policy's batches evenly."""
    if policy.across_ranks and policy.batch % world:
        near = policy.batch // world * world
        nearest = f"{near} or {near + world}" if near else str(world)
        raise PipelineFailure(
            Failure(
                "FL567",
                f"{world} ranks cannot share batches of {policy.batch} evenly",
                policy.span,
                label=f"{policy.batch} is no multiple of {world}",
                help=f"make the batch {nearest}, or leave out `across ranks`: then each rank has batches of its own",
            )
        )
