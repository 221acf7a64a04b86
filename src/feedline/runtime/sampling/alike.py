"""Which samples may stand for each other without breaking a promise: those of exactly the same groups and classes."""

from __future__ import annotations

import numpy as np

from feedline.compiler import ir
from feedline.runtime.sampling.populations import Classes, Populations

_LIMIT = 2**61


def alike(policy: ir.Policy, populations: Populations) -> np.ndarray:
    """A number for each position, int64 (size,): equal for those in the same forced groups, the same parts of a mix
    and the same classes of `draw`, in the policy and in all its stages.

    Buckets do not count: a sample of another one is as good.
    """
    codes = np.zeros(populations.size, np.int64)
    stages = zip(policy.stages, populations.stages, strict=True)
    for one, its in ((policy, populations), *((stage.policy, found) for stage, found in stages)):
        parts = one.mix.parts if one.mix is not None else ()
        for group in dict.fromkeys(item.group for item in (*one.forces, *parts)):
            if codes.max(initial=0) >= _LIMIT:
                codes = _numbered(codes)
            codes *= 2
            codes[np.asarray(its.groups[group])] += 1
        if one.draw is not None and its.classes is not None:
            codes = _by_classes(_numbered(codes), its.classes)
    return codes


def _by_classes(codes: np.ndarray, classes: Classes) -> np.ndarray:
    """The codes, told apart by the whole set of classes that a sample has: by its first class, its second, ..."""
    owners = np.repeat(np.arange(len(classes.names)), np.diff(classes.offsets))
    order = np.lexsort((owners, classes.members))
    samples, owners = classes.members[order], owners[order]
    counts = np.bincount(samples, minlength=len(codes))
    place = np.arange(len(samples)) - np.repeat(np.cumsum(counts) - counts, counts)
    for number in range(int(counts.max(initial=0))):
        label = np.zeros(len(codes), np.int64)
        label[samples[place == number]] = owners[place == number] + 1
        codes = _numbered(codes * (len(classes.names) + 1) + label)
    return codes


def _numbered(codes: np.ndarray) -> np.ndarray:
    """Equal codes as equal numbers, 0 on without gaps."""
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)
