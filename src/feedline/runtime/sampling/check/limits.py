"""What has no effect, or less than its words say: limits that leave samples out, buckets that are fewer, groups that
the split left empty."""

from __future__ import annotations

from feedline.compiler.counts import samples
from feedline.dsl.rules.feasibility import GroupGoneAfterSplit, LimitLeavesOut, MoreBucketsThanBatches
from feedline.runtime.sampling.check.case import MUCH, Case, force_text


def warn_limits(case: Case) -> None:
    """Groups with `at most` of which a pass has no room for more than a tenth. A longer epoch takes several passes."""
    batches = case.plan.length(0)
    for force in case.policy.forces if case.one_pass else ():
        size, room = len(case.populations.groups[force.group]), batches * force.count
        if force.bound == "at most" and size - room > MUCH * size:
            case.report(
                LimitLeavesOut, force.span,
                f"{1 - room / size:.0%} of `{force.group}` is not reached in an epoch: "
                f"`{force_text(case.policy, force)}` lets {room:,} of {samples(size)} come",
                label=f"{batches:,} batches", help="allow more of them in a batch, or make the epoch longer",
            )  # fmt: skip


def warn_buckets(case: Case) -> None:
    """More buckets than there are full batches to be made of."""
    bucket, total = case.policy.bucket, len(case.rest) if case.factors is None else int(case.factors.sum())
    batches = max(total // case.places, 1) if case.places else 0
    if bucket is not None and bucket.count > batches:
        case.report(
            MoreBucketsThanBatches, bucket.span,
            f"`bucket by {bucket.by} into {bucket.count}` makes {batches:,} bucket{'s' if batches > 1 else ''}: an "
            f"epoch has no more full batches",
            label=f"{samples(total)}, {case.places} a batch", help=f"`into {batches}`, or smaller batches",
        )  # fmt: skip


def warn_gone(case: Case) -> None:
    """Groups that are weighed or limited, and that the split has put into other parts altogether."""
    policy = case.policy
    lines = [(force.group, force.span) for force in policy.forces if force.bound == "at most"]
    lines += [(line.group, line.span) for line in policy.weights.table] if policy.weights is not None else []
    for group, span in lines:
        if case.whole.get(group) and not len(case.populations.groups[group]):
            case.report(
                GroupGoneAfterSplit, span, f"no sample of `{group}` is in the part that the loader reads",
                label="has no effect", notes=[f"the whole data set has {samples(case.whole[group])} of it"],
                help=f"split `stratified by {group}`",
            )  # fmt: skip
