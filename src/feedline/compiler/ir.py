"""The Program: what a file means. Names resolved, values evaluated, defaults filled in, every node with its span.

All classes are frozen and take part in the JSON round trip of `compiler/serial.py`. Spans take no part in equality or
in the fingerprint, so a comment or an indentation changes neither. Every collection is a tuple, and every reference to
another declaration is its full name (`shared.pixels` for an import under an alias).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from feedline.dsl.frozen import field, frozen
from feedline.dsl.source import SourceText, Span

IR_VERSION = 1


@frozen
class IRNode:
    span: Span = field(eq=False, repr=False, kw_only=True)


# ---- values


@frozen
class Symbol:
    """A bare word that an argument's type knows: `float32`, `bilinear`, `reflect`, `auto`, `cuda`."""

    name: str


@frozen
class Percent:
    """`80%` is `Percent(80.0)`."""

    value: float


@frozen
class ListValue:
    """`[1, 2]`; a tuple literal is a plain tuple."""

    items: tuple[Value, ...]


Value: TypeAlias = "bool | int | float | str | tuple[Value, ...] | ListValue | Symbol | Percent | Apply | None"


@frozen
class Arg(IRNode):
    """One argument of a call by its parameter's name, whether it was written by position, by name, or is the default.
    Arguments that fill `*args` share the parameter's name and keep their order."""

    name: str
    value: Value
    given: bool = True
    """False for a default that the compiler filled in."""


# ---- predicates: what groups are made of, decided from metadata alone


@frozen
class FieldValue(IRNode):
    """A field of the sample's metadata, or of each of its annotations: `label`, `category`, `width`, a column."""

    name: str


@frozen
class Compare(IRNode):
    """`field OP value`, OP one of `== != < <= > >= in`, `not in`, `matches`; of one annotation on a field of theirs."""

    field: FieldValue
    operator: str
    value: Value


@frozen
class Quantified(IRNode):
    """`any(...)`, `all(...)`, and `count(...) OP value`. A bare comparison on a per-annotation field means `any`."""

    kind: Literal["any", "all", "count"]
    predicate: Predicate
    operator: str = ""
    value: Value = None


@frozen
class Logic(IRNode):
    operator: Literal["and", "or", "not"]
    operands: tuple[Predicate, ...]


@frozen
class HasAnnotations(IRNode):
    pass


@frozen
class InGroup(IRNode):
    """Membership of another group, by its full name."""

    group: str


@frozen
class Constant(IRNode):
    value: bool


@frozen
class FromDataset(IRNode):
    """Samples that come from one of the datasets (or parts) which the group's dataset is made of; without a part, from
    any part of it."""

    data: DataRef


Predicate: TypeAlias = Compare | Quantified | Logic | HasAnnotations | InGroup | Constant | FromDataset


# ---- datasets, groups, splits


@frozen
class SourceCall(IRNode):
    """A source by its catalogue name with all arguments, defaults included; `python` with `target` for user code."""

    name: str
    args: tuple[Arg, ...]
    target: str | None = None
    registered: bool = False
    """True for a source registered from Python rather than from the catalogue."""


@frozen
class Dataset(IRNode):
    """Has a source, or is the concatenation of other datasets (or parts) in order."""

    name: str
    source: SourceCall | None = None
    concat: tuple[DataRef, ...] = ()


@frozen
class DataRef(IRNode):
    """`castings`, `castings.train`, `photos.train[2]`."""

    dataset: str
    part: str | None = None
    fold: int | None = None


@frozen
class Group(IRNode):
    name: str
    dataset: str
    predicate: Predicate


@frozen
class Part(IRNode):
    """A named part: `size` is a count, a Percent or None for `rest`; or `value` is what the field is in this part."""

    name: str
    size: int | Percent | None = None
    value: Value = None


@frozen
class Split(IRNode):
    """`sizes`: parts by size. `folds`: parts `train` and `val`, indexed by fold. `values`: parts by a field's value."""

    dataset: str
    kind: Literal["sizes", "folds", "values"]
    parts: tuple[Part, ...] = ()
    folds: int = 0
    by: str | None = None
    """The field of `values`; `folder` is the directory below the source's root."""
    stratified_by: str | None = None
    """A field, or a group's full name; `stratified_by_group` says which."""
    stratified_by_group: bool = False
    grouped_by: str | None = None
    seed: int = 0


# ---- transforms


@frozen
class Apply(IRNode):
    """One transform by its catalogue or registered name with all arguments; `python` with `target` for user code."""

    name: str
    args: tuple[Arg, ...]
    target: str | None = None
    registered: bool = False


@frozen
class Maybe(IRNode):
    probability: float
    steps: tuple[Step, ...]


@frozen
class Branch(IRNode):
    steps: tuple[Step, ...]
    weight: float = 1.0


@frozen
class OneOf(IRNode):
    branches: tuple[Branch, ...]


@frozen
class Shuffled(IRNode):
    steps: tuple[Step, ...]


@frozen
class Views(IRNode):
    """One chain a view, counts already expanded: `views 2 {...}` holds its chain twice."""

    chains: tuple[tuple[Step, ...], ...]


@frozen
class OnField(IRNode):
    field: str
    steps: tuple[Step, ...]


Step: TypeAlias = Apply | Maybe | OneOf | Shuffled | Views | OnField


# ---- sampling


@frozen
class Force(IRNode):
    """Every batch holds exactly, at least or at most `count` samples of the group. `at most` reserves no places: it
    limits what the rest may bring."""

    group: str
    count: int
    bound: Literal["exactly", "at least", "at most"] = "exactly"
    replacement: bool = False
    each: bool = False
    """One value of `force K of each FIELD in (...)`: samples of several of the values are left out of exact counts."""

    @property
    def at_least(self) -> bool:
        """Whether a batch may hold more than `count`."""
        return self.bound == "at least"

    @property
    def places(self) -> int:
        """How many of a batch's places are this group's own."""
        return 0 if self.bound == "at most" else self.count


@frozen
class Epoch(IRNode):
    """`pass`: one pass over `over` (`rest` or a group's full name). `batches`, `samples`: `count` of them."""

    kind: Literal["pass", "batches", "samples"] = "pass"
    over: str = "rest"
    count: int = 0


@frozen
class GroupWeight(IRNode):
    group: str
    """A group's full name, or `rest`."""
    weight: float


@frozen
class Weights(IRNode):
    """`balance`: 1/count(class of `by`). `column`: the numeric field `by`. `table`: a weight a group."""

    kind: Literal["balance", "column", "table"]
    by: str | None = None
    table: tuple[GroupWeight, ...] = ()


@frozen
class Draw(IRNode):
    """`draw 8 label with 4 each`: every batch holds `each` samples of each of `classes` different values of `by`.

    Without replacement (the default) a value with fewer than `each` samples is never drawn; with it, samples repeat."""

    classes: int
    by: str
    each: int
    replacement: bool = False


@frozen
class MixPart(IRNode):
    group: str
    """A group's full name; for a data set that the loader's data is made of, the group made for it."""
    share: int


@frozen
class Mix(IRNode):
    """`mix real 3, synthetic 1 per 8`: the batch's places by exact shares, the remainders evened out over batches."""

    parts: tuple[MixPart, ...]
    replacement: bool = False


@frozen
class RepeatFactor(IRNode):
    """`repeat factor 0.001 by category`: LVIS's repeat factors for the places of the rest."""

    threshold: float
    by: str


@frozen
class Bucket(IRNode):
    """`bucket by aspect_ratio into 8`: batches of samples alike in a numeric field, every sample still once."""

    by: str
    count: int


@frozen
class Stage(IRNode):
    """`from epoch 10 { ... }`: the whole policy from that epoch on, with what it inherits filled in."""

    epoch: int
    policy: Policy


@frozen
class Policy(IRNode):
    """What fills a batch. `draw` or `mix` fills all its places; otherwise `forces` fill theirs and the rest is drawn
    evenly, by `weights`, by `repeat` factors or in buckets."""

    batch: int = 1
    forces: tuple[Force, ...] = ()
    rest_replacement: bool = False
    weights: Weights | None = None
    draw: Draw | None = None
    mix: Mix | None = None
    repeat: RepeatFactor | None = None
    bucket: Bucket | None = None
    stages: tuple[Stage, ...] = ()
    """By ascending epoch, each with the same batch size and seed, and without stages of its own."""
    across_ranks: bool = False
    """`per 64 across ranks`: `batch` counts the samples of all ranks together; each gets its share of every batch."""
    epoch: Epoch = field(kw_only=True)
    last: Literal["keep", "drop", "pad"] = "keep"
    order: Literal["sequential", "shuffled"] = "sequential"
    places: Literal["shuffled", "first"] = "first"
    distinct: bool = False
    uneven: Literal["drop", "pad"] = "drop"
    seed: int = 0


# ---- collate, loaders


@frozen
class CollateKind(IRNode):
    """`stack`, `pad`, `list`, `detection`, or `python` with `target`."""

    kind: str
    args: tuple[Arg, ...] = ()
    target: str | None = None


@frozen
class CollateField(IRNode):
    field: str
    how: CollateKind


@frozen
class Collate(IRNode):
    """`how` for the whole sample (None: the default for the source), or field by field in order."""

    how: CollateKind | None = None
    fields: tuple[CollateField, ...] = ()
    shape: Literal["tuple", "dict"] = "tuple"


@frozen
class OnError(IRNode):
    mode: Literal["fail", "skip", "replace"] = "fail"
    maximum: Percent | int | None = None
    """More than this share (or number) of an epoch's samples fails the run."""


@frozen
class Option(IRNode):
    """A loader option, defaults included. `given` is False for a default."""

    name: str
    value: Value
    given: bool = True


@frozen
class Loader(IRNode):
    name: str
    data: DataRef
    chain: tuple[Step, ...]
    batch_chain: tuple[Step, ...]
    policy: Policy
    collate: Collate
    options: tuple[Option, ...]
    on_error: OnError

    def option(self, name: str) -> Value:
        """The value of an option; defaults are filled in, so every known name has one."""
        return next(option.value for option in self.options if option.name == name)


# ---- the whole


@frozen
class ParamValue(IRNode):
    name: str
    type: str
    value: Value
    origin: Literal["default", "command line", "params file", "caller"]
    where: str | None = None
    """The path of the parameter file."""


@frozen
class Program(IRNode):
    """One checked file with its imports folded in."""

    path: str
    params: tuple[ParamValue, ...]
    datasets: tuple[Dataset, ...]
    groups: tuple[Group, ...]
    splits: tuple[Split, ...]
    loaders: tuple[Loader, ...]
    sources: tuple[SourceText, ...] = field(eq=False, repr=False)
    version: int = IR_VERSION
