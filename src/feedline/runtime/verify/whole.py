"""Checks of what holds between batches: any block alone, other seeds and epochs, the length of an epoch."""

from __future__ import annotations

import numpy as np
from attrs import define, evolve, field

from feedline.runtime.sampling import BatchPlan
from feedline.runtime.verify.block import Block
from feedline.runtime.verify.checks import Check
from feedline.runtime.verify.facts import Facts
from feedline.runtime.verify.lengths import lengths

_ASKED_A_BLOCK = 16
_ASKED_AT_ONCE = 30
_ENOUGH = 20
"""Samples of the rest from which on two orders of them are not the same by chance."""
_COMPARED = 64


@define
class Alone(Check):
    """Some batches asked for alone, anywhere, are those of the whole epoch."""

    unit: str = "blocks"
    plan: BatchPlan = field(kw_only=True)
    _random: np.random.Generator = field(factory=lambda: np.random.default_rng(582), init=False, repr=False)

    def block(self, block: Block) -> None:
        """Ask again for some of them."""
        count = len(block.rows)
        for _ in range(_ASKED_A_BLOCK if count else 0):
            low = int(self._random.integers(count))
            high = min(low + int(self._random.integers(1, _ASKED_AT_ONCE)), count)
            again = self.plan.batches(block.epoch, block.start + low, block.start + high)
            self.add(1)
            bad = (again != block.rows[low:high]).any(axis=1)
            if bad.any():
                self.fail(block.epoch, block.start + low + int(np.argmax(bad)), "is another when it is asked for alone")


@define
class Length(Check):
    """An epoch has as many batches as the policy and the numbers of samples say."""

    unit: str = "epochs"
    plan: BatchPlan = field(kw_only=True)
    facts: Facts = field(kw_only=True)
    _seen: int = field(default=0, init=False)
    _promised: int = field(default=0, init=False)

    def begin(self, epoch: int, length: int) -> None:
        """Compare what is announced."""
        self._seen, self._promised = 0, length
        expected = lengths(self.facts)
        if expected is not None and not expected[0] <= length <= expected[1]:
            self.fail(epoch, None, f"announces {length:,} batches, its samples are enough for {expected[0]:,}")

    def block(self, block: Block) -> None:
        """Count what comes."""
        self._seen += int((block.sizes > 0).sum())

    def end(self, epoch: int, times: np.ndarray) -> None:
        """Compare what came, and what is said beyond the end."""
        self.add(1)
        if self._seen != self._promised:
            self.fail(epoch, None, f"brings {self._seen:,} batches, promised {self._promised:,}")
        try:
            self.plan.batches(epoch, self._promised, self._promised + 1)
        except IndexError:
            return
        self.fail(epoch, self._promised, "comes after the last one")


@define
class OtherOrder(Check):
    """Another epoch is another order, and so is another seed."""

    unit: str = "pairs"
    plan: BatchPlan = field(kw_only=True)
    other: BatchPlan = field(kw_only=True)
    """The same with another seed."""

    def end(self, epoch: int, times: np.ndarray) -> None:
        """Compare the first batches of this epoch with those of the next and with those of the other seed."""
        mine = self._front(self.plan, epoch)
        for name, theirs in (
            (f"epoch {epoch + 1:,}", self._front(self.plan, epoch + 1)),
            ("another seed", self._front(self.other, epoch)),
        ):
            self.add(1)
            if np.array_equal(mine[: len(theirs)], theirs[: len(mine)]):
                self.fail(epoch, None, f"begins with the same batches as {name}")

    def _front(self, plan: BatchPlan, epoch: int) -> np.ndarray:
        return plan.batches(epoch, 0, min(plan.length(epoch), _COMPARED))


def whole_checks(plan: BatchPlan, facts: Facts, epoch: int) -> list[Check]:
    """The checks of these kinds that a policy calls for, whose first epoch this is."""
    checks: list[Check] = [
        Length("as many batches as `len(loader)`", "every epoch", plan=plan, facts=facts),
        Alone("the same batches asked for alone", "anywhere", plan=plan),
    ]
    places = min(plan.length(epoch), _COMPARED) * facts.rest_places
    shuffled = facts.policy.order == "shuffled" and min(int(facts.rest.sum()), places) >= _ENOUGH
    if shuffled and facts.policy.weights is None:
        seed = (facts.policy.seed + 1) % 2**63
        other = BatchPlan(evolve(facts.policy, seed=seed), facts.populations)
        checks.append(OtherOrder("another epoch or seed, another order", "every epoch", plan=plan, other=other))
    return checks
