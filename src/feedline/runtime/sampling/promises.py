"""What a policy promises about every batch, in a form that a counter can check."""

from __future__ import annotations

from attrs import frozen

from feedline.compiler import ir


@frozen
class Promise:
    """Every batch holds between `minimum` and `maximum` samples of a group (None: no upper bound)."""

    group: str
    text: str
    """For people: `exactly 3 of 8`, `at least 1 of 8`."""
    minimum: int
    maximum: int | None
    applies: str = "every batch"

    def kept(self, count: int, batch_len: int) -> bool:
        """Whether a delivered batch of `batch_len` samples with `count` of the group keeps the promise.

        A shorter last batch is short in the other places only, so it owes the group's samples in full."""
        return self.minimum <= count <= (batch_len if self.maximum is None else self.maximum)


def promises_of(policy: ir.Policy) -> tuple[Promise, ...]:
    """One promise for each forced group, in the order of the policy."""
    return tuple(
        Promise(
            force.group,
            f"{'at least' if force.at_least else 'exactly'} {force.count} of {policy.batch}",
            force.count,
            None if force.at_least else force.count,
        )
        for force in policy.forces
    )
