"""The syntax tree: what was written, one frozen class a form, every node with its exact span.

Spans take no part in equality, so two trees are equal when they say the same. Nothing here is resolved or evaluated:
`NameRef("float32")` may be a parameter, a symbol or a mistake; the compiler decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TypeAlias

from feedline.dsl.frozen import field, fields, frozen
from feedline.dsl.source import Span


@frozen
class Node:
    span: Span = field(eq=False, repr=False)


@frozen
class Name(Node):
    """An identifier where it is declared or where it names a field, a part, an option."""

    text: str


# ---- expressions


@frozen
class Number(Node):
    value: int | float


@frozen
class Percent(Node):
    """`80%` is `Percent(80)`."""

    value: int | float


@frozen
class Interpolation(Node):
    """`${name}` or `${a.b}` inside a string."""

    name: str


@frozen
class String(Node):
    """A string with escapes resolved; text runs and interpolations in order, no empty or adjacent text runs."""

    parts: tuple[str | Interpolation, ...]


@frozen
class Boolean(Node):
    value: bool


@frozen
class NoneLiteral(Node):
    pass


@frozen
class NameRef(Node):
    text: str


@frozen
class Attribute(Node):
    """`value.name`, as in `castings.train` and `imagenet.mean`."""

    value: Expr
    name: Name


@frozen
class Index(Node):
    """`value[index]`, as in `photos.train[k]`."""

    value: Expr
    index: Expr


@frozen
class Argument(Node):
    name: Name | None
    value: Expr


@frozen
class Call(Node):
    """`function(args)`; the function is a `NameRef` or a dotted `Attribute`."""

    function: Expr
    arguments: tuple[Argument, ...]


@frozen
class Unary(Node):
    """Operator `-`, `+` or `not`."""

    operator: str
    operand: Expr


@frozen
class Binary(Node):
    """`+ - * / // % ** == != < <= > >= in`, `not in`, `and`, `or`, `matches`."""

    operator: str
    left: Expr
    right: Expr


@frozen
class Has(Node):
    """`has annotations`."""

    what: Name


@frozen
class TupleExpr(Node):
    items: tuple[Expr, ...]


@frozen
class ListExpr(Node):
    items: tuple[Expr, ...]


Expr: TypeAlias = (
    Number
    | Percent
    | String
    | Boolean
    | NoneLiteral
    | NameRef
    | Attribute
    | Index
    | Call
    | Unary
    | Binary
    | Has
    | TupleExpr
    | ListExpr
)


# ---- transform steps


@frozen
class Chain(Node):
    """The steps between two braces."""

    steps: tuple[Step, ...]


@frozen
class CallStep(Node):
    """`Resize(256)`, and `python("pkg.mod:Class", args)`."""

    call: Call


@frozen
class RefStep(Node):
    """`pixels`, or `shared.pixels` from an imported file."""

    target: Expr


@frozen
class MaybeStep(Node):
    probability: Expr
    chain: Chain


@frozen
class Branch(Node):
    chain: Chain
    weight: Expr | None


@frozen
class OneOfStep(Node):
    branches: tuple[Branch, ...]


@frozen
class ShuffledStep(Node):
    chain: Chain


@frozen
class View(Node):
    """One line of `views { 2 of global; weak }`. A single step stands as a chain of one."""

    count: Expr | None
    chain: Chain


@frozen
class ViewsStep(Node):
    """`views 2 { steps }` has a count and a chain; `views { ... }` has views."""

    count: Expr | None
    chain: Chain | None
    views: tuple[View, ...]


@frozen
class OnStep(Node):
    field: Name
    chain: Chain


@frozen
class BatchStep(Node):
    chain: Chain


@frozen
class ErrorStatement(Node):
    """What could not be read inside a block. A diagnostic has said why."""


Step: TypeAlias = (
    CallStep | RefStep | MaybeStep | OneOfStep | ShuffledStep | ViewsStep | OnStep | BatchStep | ErrorStatement
)


# ---- policy statements


@frozen
class BatchSize(Node):
    """`batch 64 [across ranks]`"""

    size: Expr
    across_ranks: bool


@frozen
class Force(Node):
    """`force [at least|at most] COUNT GROUP per SIZE [across ranks] [with|without replacement]`; `bound` is `exactly`
    where none is said, `replacement` None."""

    count: Expr
    group: Expr
    size: Expr
    bound: str
    across_ranks: bool
    replacement: bool | None


@frozen
class ForceEach(Node):
    """`force [at least] COUNT of each FIELD in (VALUES) per SIZE [across ranks] [with|without replacement]`"""

    count: Expr
    by: Expr
    values: Expr
    size: Expr
    bound: str
    across_ranks: bool
    replacement: bool | None


@frozen
class MixPart(Node):
    """`real 3`: a group, a dataset or a part of one, and its share of the batch."""

    what: Expr
    share: Expr


@frozen
class Mix(Node):
    """`mix PART SHARE, PART SHARE per SIZE [across ranks] [with|without replacement]`"""

    parts: tuple[MixPart, ...]
    size: Expr
    across_ranks: bool
    replacement: bool | None


@frozen
class Rest(Node):
    """`rest with|without replacement`"""

    replacement: bool


@frozen
class EpochPass(Node):
    """`epoch one pass over GROUP`; `over` is the name `rest`, a group or a part of a `mix`."""

    over: Expr


@frozen
class EpochLength(Node):
    """`epoch 500 batches`, `epoch 4000 samples`"""

    count: Expr
    unit: str


@frozen
class Keyword(Node):
    """A statement that picks one word: `last drop|keep|pad`, `order shuffled|sequential`, `uneven drop|pad`,
    `places shuffled|first` (written `places forced first`), `distinct` (value `distinct`)."""

    statement: str
    value: str


@frozen
class Seed(Node):
    value: Expr


@frozen
class BalanceBy(Node):
    """`balance by label`"""

    by: Expr


@frozen
class GroupWeight(Node):
    """One line of `weight by { defects 5; rest 1 }`; the group `rest` is everything not named."""

    group: Expr
    weight: Expr


@frozen
class WeightBy(Node):
    """`weight by column` has `by`; `weight by { ... }` has `table`."""

    by: Expr | None
    table: tuple[GroupWeight, ...]


@frozen
class Draw(Node):
    """`draw 8 label with 4 each [with|without replacement]`"""

    classes: Expr
    by: Expr
    each: Expr
    replacement: bool | None


@frozen
class RepeatFactor(Node):
    """`repeat factor 0.001 by category`"""

    threshold: Expr
    by: Expr


@frozen
class BucketBy(Node):
    """`bucket by aspect_ratio into 8`"""

    by: Expr
    count: Expr


@frozen
class Stage(Node):
    """`from epoch 10 { ... }`"""

    epoch: Expr
    statements: tuple[PolicyStatement, ...]


@frozen
class OnError(Node):
    """`on error fail|skip|replace [max 1%]`, in a loader or in its sampling"""

    mode: Name
    maximum: Expr | None


PolicyStatement: TypeAlias = (
    BatchSize
    | Force
    | ForceEach
    | Mix
    | Rest
    | EpochPass
    | EpochLength
    | Keyword
    | Seed
    | BalanceBy
    | WeightBy
    | Draw
    | RepeatFactor
    | BucketBy
    | Stage
    | OnError
    | ErrorStatement
)


# ---- loader statements


@frozen
class TransformBlock(Node):
    chain: Chain


@frozen
class SampleBlock(Node):
    statements: tuple[PolicyStatement, ...]


@frozen
class SampleRef(Node):
    """`sample NAME`"""

    policy: Expr


@frozen
class FieldCollate(Node):
    """One line of a collate block: `image stack`, `boxes list`, `tokens pad(value=0)`."""

    field: Name
    kind: Call
    """`stack` without parentheses is a call without arguments."""


@frozen
class Collate(Node):
    """`collate KIND[(args)]` has `kind`; `collate { ... } [as tuple|dict]` has `fields` and `shape`."""

    kind: Call | None
    fields: tuple[FieldCollate, ...]
    shape: Name | None


@frozen
class Option(Node):
    """`num_workers = 2`"""

    name: Name
    value: Expr


LoaderStatement: TypeAlias = TransformBlock | SampleBlock | SampleRef | Collate | OnError | Option | ErrorStatement


# ---- declarations


@frozen
class ParamType(Node):
    """`int float bool str path`, or `one of (...)` with its choices."""

    name: str
    choices: tuple[Expr, ...]


@frozen
class Param(Node):
    name: Name
    type: ParamType | None
    default: Expr | None


@frozen
class Let(Node):
    name: Name
    value: Expr


@frozen
class Import(Node):
    """`import "x.pipe" (a, b)` has names; `import "x.pipe" as o` has an alias."""

    path: String
    names: tuple[Name, ...]
    alias: Name | None


@frozen
class Dataset(Node):
    name: Name
    source: Expr


@frozen
class Group(Node):
    """`group G = D where PREDICATE` has a dataset; `group G = not defects` has none."""

    name: Name
    dataset: Expr | None
    predicate: Expr


@frozen
class SizedPart(Node):
    """`train 80%`, `val 5000`, `test rest` (size None)."""

    name: Name
    size: Expr | None


@frozen
class ValuedPart(Node):
    """`train = "train"`, `train = (0, 1, 2)`"""

    name: Name
    value: Expr


@frozen
class Split(Node):
    """Exactly one of `parts`, `folds` and `values` is given; `values` goes with `by`."""

    dataset: Expr
    parts: tuple[SizedPart, ...]
    folds: Expr | None
    by: Expr | None
    values: tuple[ValuedPart, ...]
    stratified_by: Expr | None
    grouped_by: Expr | None
    seed: Expr | None


@frozen
class Transform(Node):
    name: Name
    chain: Chain


@frozen
class Policy(Node):
    name: Name
    statements: tuple[PolicyStatement, ...]


@frozen
class Loader(Node):
    name: Name
    dataset: Expr
    statements: tuple[LoaderStatement, ...]


@frozen
class ErrorDeclaration(Node):
    """A declaration that could not be read. `name` is what it seems to declare, so that uses of it are not blamed."""

    name: str | None


Declaration: TypeAlias = Param | Let | Import | Dataset | Group | Split | Transform | Policy | Loader | ErrorDeclaration


@frozen
class SyntaxTree(Node):
    declarations: tuple[Declaration, ...]


_PLAIN = {"Span", "str", "bool", "int", "float", "None"}
"""What a field without nodes is said to hold."""


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below `node`, in the order they were written."""
    return iter(_below(node))


def _below(node: Node) -> list[Node]:
    found: list[Node] = []
    for name in _parts(type(node)):
        value = getattr(node, name)
        if isinstance(value, Node):
            found.append(value)
        elif isinstance(value, tuple):
            found += [item for item in value if isinstance(item, Node)]
    return found


@cache
def _parts(kind: type[Node]) -> tuple[str, ...]:
    return tuple(attribute.name for attribute in fields(kind) if not set(attribute.type.split(" | ")) <= _PLAIN)


def walk(node: Node) -> Iterator[Node]:
    """`node` and every node below it."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(_below(current)))
