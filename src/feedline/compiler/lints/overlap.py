"""Measuring a model on the samples that it was trained on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from feedline.compiler import ir
from feedline.compiler.lints.roles import own_role
from feedline.compiler.names import Unit
from feedline.dsl.diagnostics import Label, Reporter
from feedline.dsl.rules.evaluation import TrainedOnEvaluation

Samples: TypeAlias = "tuple[object, str | None, int | None, ir.Split | None]"
"""A source that cannot be told from another that reads the same, a part of it (None: undivided), a fold, and the split
that cut it."""

_PRESENTATION = ("mode", "image_backend", "exif", "download", "masks")
"""Arguments of a source that do not say which samples it has."""


def trained_on_evaluation(program: ir.Program, main: Unit, reporter: Reporter) -> None:
    """Warn of each evaluation loader that reads samples which a training loader reads."""
    training = [loader for loader in program.loaders if own_role(loader) == "train"]
    for loader in program.loaders:
        if own_role(loader) != "evaluation":
            continue
        mine = set(_samples(program, loader.data))
        other = next((other for other in training if _meet(mine, set(_samples(program, other.data)))), None)
        if other is None or _of_one_fold(loader, training):
            continue
        reporter.report(
            TrainedOnEvaluation,
            loader.data.span,
            f"`{loader.name}` evaluates on samples that `{other.name}` trains on",
            label="the same samples" if _shown(loader.data) == _shown(other.data) else f"has samples of {_text(other)}",
            secondary=[Label(other.data.span, f"`{other.name}` trains on these")],
            notes=_split_twice(program, loader, other),
            help=_help(program, loader, other),
        )


def _samples(program: ir.Program, ref: ir.DataRef) -> Iterator[Samples]:
    """What a loader's data is made of."""
    dataset = next(dataset for dataset in program.datasets if dataset.name == ref.dataset)
    if dataset.source is None and ref.part is None:
        for term in dataset.concat:
            yield from _samples(program, term)
    else:
        yield _identity(dataset), ref.part, ref.fold, None if ref.part is None else _split(program, ref.dataset)


def _split(program: ir.Program, name: str) -> ir.Split | None:
    return next((split for split in program.splits if split.dataset == name), None)


def _identity(dataset: ir.Dataset) -> object:
    """The dataset, but for names: two of one source with one set of arguments have the same samples."""
    if dataset.source is None or dataset.source.target is not None or dataset.source.registered:
        return dataset.name
    args = tuple(arg for arg in dataset.source.args if arg.name not in _PRESENTATION)
    return dataset.source.name, tuple((arg.name, repr(arg.value)) for arg in args)


def _meet(mine: set[Samples], others: set[Samples]) -> bool:
    return any(_common(one, other) for one in mine for other in others)


def _common(one: Samples, other: Samples) -> bool:
    """Whether two stretches of data share samples: a part and its whole do, folds but for `train` against `val`, and
    parts that were drawn with different seeds."""
    (data, part, fold, split), (other_data, other_part, other_fold, other_split) = one, other
    if data != other_data:
        return False
    if part is None or other_part is None or _apart(split, other_split):
        return True
    if (part, fold) == (other_part, other_fold):
        return True
    return fold != other_fold and {part, other_part} != {"val"}


def _apart(one: ir.Split | None, other: ir.Split | None) -> bool:
    """Whether two splits of the same samples are drawn independently of each other."""
    if one is None or other is None:
        return False
    return one.seed != other.seed and "values" not in (one.kind, other.kind)


def _of_one_fold(loader: ir.Loader, training: list[ir.Loader]) -> bool:
    """Whether a training loader of the same fold stands beside this one: then each fold has a pair of its own."""
    fold = loader.data.fold
    pairs = [other.data for other in training if other.data.dataset == loader.data.dataset]
    return fold is not None and any((data.part, data.fold) == ("train", fold) for data in pairs)


def _shown(ref: ir.DataRef) -> str:
    part = "" if ref.part is None else f".{ref.part}"
    return f"{ref.dataset}{part}" + ("" if ref.fold is None else f"[{ref.fold}]")


def _text(loader: ir.Loader) -> str:
    return f"`{_shown(loader.data)}`"


def _split_twice(program: ir.Program, loader: ir.Loader, other: ir.Loader) -> list[str]:
    """Why two parts share samples, where two data sets that are the same were split."""
    one, two = _split(program, loader.data.dataset), _split(program, other.data.dataset)
    if loader.data.part is None or other.data.part is None or one is None or two is None or not _apart(one, two):
        return []
    seeds = f"seeds {two.seed} and {one.seed}"
    return [f"`{two.dataset}` and `{one.dataset}` are the same samples, split by {seeds}: their parts overlap"]


def _help(program: ir.Program, loader: ir.Loader, other: ir.Loader) -> str:
    name = loader.data.dataset
    split = _split(program, name)
    meant = "or call the loader `train_eval` if that is meant"
    if _split_twice(program, loader, other):
        return f"read both from one of them: `{other.data.dataset}.{loader.data.part}`, {meant}"
    if other.data.dataset == name and other.data.fold is not None and loader.data.fold is not None:
        return f"evaluate on the same fold: `{name}.val[{other.data.fold}]`"
    if split is None and other.data.dataset == name:
        return f"divide it: `split {name} into train 80%, val 20%`, {meant}"
    parts = [part.name for part in split.parts if part.name != other.data.part] if split is not None else []
    if split is not None and split.kind != "folds" and other.data.dataset == name and parts and other.data.part:
        return f"read another part: `{name}.{parts[0]}`, {meant}"
    return f"read other samples in one of them, {meant}"
