"""What a loader is plainly for, read off its name or that of the part it reads: training, evaluation, or neither."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal, TypeAlias

from feedline.compiler import ir

Role: TypeAlias = Literal["train", "evaluation"]

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")

_TRAIN = {"train", "training", "trainval", "trn"}
_EVALUATION = {
    *("val", "valid", "validate", "validation", "test", "testing", "dev", "eval", "evaluate", "evaluation"),
    *("holdout", "heldout"),
}
_NEITHER = {
    *("tta", "aug", "augment", "augmented", "augmentation", "augmentations", "time", "robust", "robustness"),
    *("corrupt", "corrupted", "noisy", "noise", "perturbed", "views", "crops", "ssl", "simclr", "pretrain"),
    *("knn", "bank", "gallery", "query", "index", "feature", "features", "embed", "embeddings", "predict", "infer"),
    *("stats", "statistics", "calibrate", "calibration", "clean", "plain", "show", "preview", "export", "ordered"),
}
"""Words of a purpose of its own, for which random steps, or samples in their order, may be right."""


def own_role(loader: ir.Loader) -> Role | None:
    """What the loader's own name says."""
    return _role(loader.name.rpartition(".")[2])


def role_of(loader: ir.Loader) -> Role | None:
    """What the loader's name says or, where it says nothing at all, the name of its part."""
    name = loader.name.rpartition(".")[2]
    if _words(name) & (_TRAIN | _EVALUATION | _NEITHER):
        return _role(name)
    return None if loader.data.part is None else _role(loader.data.part)


def _role(name: str) -> Role | None:
    words = _words(name)
    train, evaluation = bool(words & _TRAIN), bool(words & _EVALUATION)
    if train == evaluation or words & _NEITHER:
        return None  # `train_eval` measures the training samples, and may do either
    return "train" if train else "evaluation"


@cache
def _words(name: str) -> frozenset[str]:
    """`valLoader2` is `val` and `loader`."""
    return frozenset(word.casefold() for word in _WORD.findall(name))
