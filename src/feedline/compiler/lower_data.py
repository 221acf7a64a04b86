"""Datasets, groups and splits: where samples come from, which are special, and how they are divided."""

from __future__ import annotations

from feedline.compiler import catalogue, expect, ir
from feedline.compiler.arithmetic import describe
from feedline.compiler.context import Context
from feedline.compiler.lower_calls import lower_source_call
from feedline.compiler.lower_values import evaluate
from feedline.compiler.names import (
    Declared,
    Found,
    Lost,
    Unit,
    dotted,
    look_up,
    report_lost,
    report_wrong_kind,
    require,
)
from feedline.compiler.policy_check import check_split
from feedline.compiler.predicates import PredicateLowering
from feedline.compiler.split_parts import fold_count, sized_parts, valued_parts
from feedline.compiler.values import UNKNOWN, Unknown
from feedline.dsl import tree
from feedline.dsl.diagnostics import Edit, Fix, Label
from feedline.dsl.rules.forms import BadSplit, NoDataset, SplitTwice
from feedline.dsl.rules.names import BadFold, OtherDataset, UnknownName, UnknownPart, WrongKind
from feedline.dsl.source import Span
from feedline.dsl.suggest import did_you_mean

# ---- datasets


def lower_dataset(ctx: Context, declared: Declared) -> ir.Dataset | Unknown:
    """A source, or the concatenation of other datasets and parts."""
    assert isinstance(declared.node, tree.Dataset)
    source, unit = declared.node.source, declared.unit
    span = declared.node.span
    if isinstance(source, tree.Call):
        call = lower_source_call(ctx, unit, source)
        return UNKNOWN if call is None else ir.Dataset(declared.full_name, call, span=span)
    terms: list[tree.Expr] = []
    while isinstance(source, tree.Binary) and source.operator == "+":
        terms.append(source.right)
        source = source.left
    refs = [_term(ctx, unit, term) for term in (source, *reversed(terms))]
    found = tuple(ref for ref in refs if ref is not None)
    return UNKNOWN if len(found) < len(refs) else ir.Dataset(declared.full_name, concat=found, span=span)


def _term(ctx: Context, unit: Unit, term: tree.Expr) -> ir.DataRef | None:
    if isinstance(term, tree.Call):
        return expect.refuse(ctx, term, "only names are joined with `+`", "give this source a name of its own first")
    return lower_data_ref(ctx, unit, term)


def _require_dataset(ctx: Context, unit: Unit, expr: tree.Expr) -> Found | None:
    """The dataset that a name means, worked out; None after a reported fault."""
    names = dotted(expr)
    if names and len(names) == 1 and names[0].text not in unit.names and catalogue.dataset(names[0].text):
        word = names[0].text
        return expect.refuse(ctx, expr, f"`{word}` is a kind of source", f"declare one: `dataset NAME = {word}(...)`")
    if names and _meant_part(ctx, unit, expr, names):
        return None
    found = require(unit, expr, "dataset", ctx.reporter)
    if found is None or ctx.once(found.declared, lower_dataset) is UNKNOWN:
        return None
    return found


def _meant_part(ctx: Context, unit: Unit, expr: tree.Expr, names: tuple[tree.Name, ...]) -> bool:
    """Report the name of a part without its dataset, or of a group in a dataset's place. Whether it was one."""
    word = names[0].text
    declared = unit.names.get(word)
    if len(names) > 1 or unit.opaque:
        return False
    if declared is not None and declared.kind == "group":
        _report_group(ctx, expr, declared)
        return True
    if declared is not None and declared.kind != "loader":  # `loader train from train`
        return False
    having = [(dataset, split) for dataset, split in ctx.splits.items() if word in _part_names(split)]
    reached = [(name, split) for dataset, split in having for name, d in unit.names.items() if d is dataset]
    if not reached:
        return False
    name, split = reached[0]
    assert isinstance(split.node, tree.Split)
    part = f"{name}.{word}" + ("[0]" if split.node.folds is not None else "")
    fix = Fix(f"write `{part}`", (Edit(expr.span, part),), safe=len(reached) == 1 and split.node.folds is None)
    others = "".join(f" or `{other}.{word}`" for other, _ in reached[1:])
    ctx.reporter.report(
        UnknownName,
        expr.span,
        f"there is no dataset called `{word}`",
        label="not declared",
        secondary=[Label(split.node.span, f"`{word}` is a part of `{name}`")],
        help=fix.title + others,
        fixes=[fix],
    )
    return True


def _report_group(ctx: Context, expr: tree.Expr, declared: Declared) -> None:
    """A loader reads a dataset; what it takes of a group is for its policy to say."""
    from feedline.dsl.unparse import unparse

    assert isinstance(declared.node, tree.Group)
    name, of = declared.name, declared.node.dataset
    whole = "its dataset" if of is None else f"`{unparse(of)}`"
    ctx.reporter.report(
        WrongKind,
        expr.span,
        f"`{name}` is a group, not a dataset",
        label="a dataset is needed here",
        secondary=[Label(declared.span, f"`{name}` is declared here")],
        help=f"read {whole}, and take the group in `sample {{ force 8 {name} per 8; epoch one pass over {name} }}`",
    )


def _part_names(split: Declared) -> tuple[str, ...]:
    """The names that follow the dataset's own, read off the text."""
    assert isinstance(split.node, tree.Split)
    if split.node.folds is not None:
        return "train", "val"
    return tuple(part.name.text for part in (*split.node.parts, *split.node.values))


def lower_data_ref(ctx: Context, unit: Unit, expr: tree.Expr) -> ir.DataRef | None:
    """`castings`, `castings.train`, `photos.train[k]`; None after a reported fault."""
    index, base = None, expr
    if isinstance(expr, tree.Index):
        index, base = expr.index, expr.value
    found = _require_dataset(ctx, unit, base)
    if found is None:
        return None
    name = found.declared.full_name
    split = ctx.split_of(found.declared)
    if not found.rest:
        if index is not None:
            return _bad_fold(ctx, index.span, f"`{name}` is a whole dataset and has no folds", None)
        return ir.DataRef(name, span=expr.span)
    part, *more = found.rest
    if more:
        return expect.refuse(ctx, more[0], f"a part has no part of its own, so there is no `{more[0].text}`")
    if split is None:
        _report_unsplit(ctx, found, part)
        return None
    lowered = ctx.once(split, lower_split)
    return None if lowered is UNKNOWN else _part_ref(ctx, unit, expr, lowered, part, index)


def _report_unsplit(ctx: Context, found: Found, part: tree.Name) -> None:
    if any(unit.opaque or found.declared.name in unit.suspects for unit in ctx.units):
        return  # what could not be read may be its split
    ctx.reporter.report(
        UnknownPart,
        part.span,
        f"`{found.declared.name}` is not split, so it has no part `{part.text}`",
        label="no such part",
        secondary=[Label(found.declared.span, "declared here")],
        help=f"split it: `split {found.declared.name} into {part.text} 80%, other 20%`",
    )


def _part_ref(
    ctx: Context, unit: Unit, expr: tree.Expr, split: ir.Split, part: tree.Name, index: tree.Expr | None
) -> ir.DataRef | None:
    names = [known.name for known in split.parts]
    if part.text not in names:
        ctx.reporter.report(
            UnknownPart,
            part.span,
            f"`{split.dataset}` has no part `{part.text}`",
            label="no such part",
            secondary=[Label(split.span, f"its parts are {', '.join(f'`{name}`' for name in names)}")],
            help=did_you_mean(part.text, names),
        )
        return None
    full = f"{split.dataset}.{part.text}"
    if split.kind != "folds":
        if index is not None:
            return _bad_fold(ctx, index.span, f"`{full}` is one part, not one of several folds", split)
        return ir.DataRef(split.dataset, part.text, span=expr.span)
    if index is None:
        return _bad_fold(ctx, expr.span, f"`{full}` is different in each fold: which one?", split, f"`{full}[0]`")
    fold = evaluate(ctx, unit, index)
    if fold is UNKNOWN:
        return None
    if not isinstance(fold, int) or isinstance(fold, bool) or not 0 <= fold < split.folds:
        folds = f"the folds are 0 to {split.folds - 1}"
        return _bad_fold(ctx, index.span, f"`{split.dataset}` has no fold {_shown(fold)}: {folds}", split)
    return ir.DataRef(split.dataset, part.text, fold, span=expr.span)


def _shown(fold: ir.Value) -> str:
    return str(fold) if isinstance(fold, int) and not isinstance(fold, bool) else describe(fold)


def _bad_fold(ctx: Context, span: Span, message: str, split: ir.Split | None, help: str | None = None) -> None:
    secondary = [] if split is None else [Label(split.span, "split here")]
    ctx.reporter.report(BadFold, span, message, secondary=secondary, help=help)


# ---- groups


def lower_group(ctx: Context, declared: Declared) -> ir.Group | Unknown:
    """The condition of a group, and the dataset that it belongs to."""
    node, unit = declared.node, declared.unit
    assert isinstance(node, tree.Group)
    dataset: str | None = None
    columns = False
    if node.dataset is not None:
        found = _group_dataset(ctx, unit, node.dataset)
        if found is None:
            return UNKNOWN
        dataset, columns = found.full_name, _has_columns(ctx, found)
    lowering = PredicateLowering(ctx, unit, columns)
    predicate = lowering.lower(node.predicate)
    for reference in lowering.groups:
        group = ctx.once(reference.declared, lower_group)
        if group is UNKNOWN:
            return UNKNOWN
        if dataset is None:
            dataset = group.dataset
        if not belongs(ctx, group, reference.span, dataset, f"`{declared.name}`"):
            return UNKNOWN
    if predicate is None:
        return UNKNOWN
    if dataset is None:
        ctx.reporter.report(
            NoDataset,
            declared.span,
            f"which dataset is `{declared.name}` a group of?",
            label="no dataset is named",
            help=f"name it: `group {declared.name} = DATASET where ...`",
        )
        return UNKNOWN
    return ir.Group(declared.full_name, dataset, predicate, span=node.span)


def _has_columns(ctx: Context, declared: Declared) -> bool:
    """Whether a dataset may have fields of its own, which only the data tells."""
    dataset = ctx.once(declared, lower_dataset)
    source = None if dataset is UNKNOWN else dataset.source
    return source is None or source.registered or source.name in ("Table", "python")


def _group_dataset(ctx: Context, unit: Unit, expr: tree.Expr) -> Declared | None:
    """The dataset before `where`. A part stands for its dataset, which the group follows into every part."""
    if isinstance(expr, tree.Index | tree.Attribute):
        names = dotted(expr.value if isinstance(expr, tree.Index) else expr)
        found = look_up(unit, names) if names else None
        if not isinstance(found, Lost) and (found is None or found.rest or isinstance(expr, tree.Index)):
            ref = lower_data_ref(ctx, unit, expr)
            return None if ref is None or found is None else found.declared
    found = _require_dataset(ctx, unit, expr)
    return found and found.declared


def belongs(ctx: Context, group: ir.Group, span: Span, dataset: str, who: str) -> bool:
    """Whether a group belongs to a dataset; reported at its use if not, naming both. `who` needs it to."""
    if group.dataset == dataset:
        return True
    ctx.reporter.report(
        OtherDataset,
        span,
        f"`{group.name}` is a group of `{group.dataset}`, but {who} is about `{dataset}`",
        label=f"a group of `{group.dataset}`",
        secondary=[Label(group.span, f"`{group.name}` is declared here")],
        help=f"declare a group of `{dataset}`",
    )
    return False


def lower_group_ref(ctx: Context, unit: Unit, expr: tree.Expr, also: tuple[str, ...] = ()) -> ir.Group | None:
    """The group that an expression names; `also` are words that could stand in its place."""
    found = require(unit, expr, "group", ctx.reporter, also)
    if found is None:
        return None
    if found.rest:
        return expect.refuse(ctx, expr, f"`{found.declared.name}` is a group and has no `{found.rest[0].text}`")
    group = ctx.once(found.declared, lower_group)
    return None if group is UNKNOWN else group


# ---- splits


def find_splits(ctx: Context) -> None:
    """Note which dataset each `split` of the files divides, reporting datasets that are split twice."""
    for unit in ctx.units:
        for node in unit.tree.declarations:
            if isinstance(node, tree.Split):
                _note_split(ctx, unit, node)


def _note_split(ctx: Context, unit: Unit, node: tree.Split) -> None:
    names = dotted(node.dataset)
    found = look_up(unit, names) if names else None
    if found is None:
        return expect.refuse(
            ctx, node.dataset, "only a dataset can be split", "give this a name of its own: `dataset NAME = ...`"
        )
    if isinstance(found, Lost):
        return report_lost(found, ["dataset"], ctx.reporter)
    declared = found.declared
    if declared.kind == "broken":
        return None
    if declared.kind != "dataset":
        return report_wrong_kind(found, "dataset", ctx.reporter)
    if found.rest:
        part = ".".join(name.text for name in names or ())
        help = f"give it a name of its own: `dataset NAME = {part}`"
        return expect.refuse(ctx, node.dataset, f"`{part}` is a part already and cannot be split", help)
    earlier = ctx.split_of(declared)
    if earlier is not None:
        ctx.reporter.report(
            SplitTwice,
            node.dataset.span,
            f"`{declared.name}` is split twice",
            label="split again here",
            secondary=[Label(earlier.span, "first split here")],
            help="give one of its parts, or the dataset, another name with `dataset NAME = ...` and split that",
        )
        return None
    ctx.splits[declared] = Declared(declared.name, "dataset", node.dataset.span, unit, node, declared.full_name)
    return None


def lower_split(ctx: Context, split: Declared) -> ir.Split | Unknown:
    """How a dataset is divided."""
    node, unit, name = split.node, split.unit, split.full_name
    assert isinstance(node, tree.Split)
    stratified, by_group, known = _stratified_by(ctx, unit, node, name)
    grouped = _field_name(ctx, node.grouped_by, "grouped by")
    seed = 0 if node.seed is None else expect.whole(ctx, unit, node.seed, "a seed", low=None)
    kind, folds, by = "sizes", 0, None
    if node.folds is not None:
        kind, parts = "folds", (ir.Part("train", span=node.folds.span), ir.Part("val", span=node.folds.span))
        folds = fold_count(ctx, unit, node.folds)
    elif node.by is not None:
        kind, by = "values", _field_name(ctx, node.by, "split ... by")
        parts = valued_parts(ctx, unit, node)
    else:
        parts = sized_parts(ctx, unit, node)
    wanted_fields = (node.grouped_by is not None and grouped is None) or (node.by is not None and by is None)
    if parts is None or seed is None or folds is None or not known or wanted_fields:
        return UNKNOWN
    if not _tails_fit(ctx, node, kind):
        return UNKNOWN
    lowered = ir.Split(
        name, kind, parts, folds, by, stratified, by_group, grouped, seed, span=node.span
    )  # fmt: skip
    count = len(ctx.reporter.diagnostics)
    check_split(lowered, ctx.reporter)
    return lowered if len(ctx.reporter.diagnostics) == count else UNKNOWN


def _tails_fit(ctx: Context, node: tree.Split, kind: str) -> bool:
    """`stratified by`, `grouped by` and `seed` decide nothing where the data says which part a sample is in."""
    if kind == "values":
        for word, tail in (("stratified by", node.stratified_by), ("grouped by", node.grouped_by), ("seed", node.seed)):
            if tail is not None:
                message = f"`{word}` has no meaning here: a field already says which part each sample is in"
                ctx.reporter.report(BadSplit, tail.span, message, help=f"leave `{word}` out")
                return False
    return True


def _stratified_by(ctx: Context, unit: Unit, node: tree.Split, dataset: str) -> tuple[str | None, bool, bool]:
    """What a split is stratified by, whether that is a group, and whether all is well."""
    expr = node.stratified_by
    if expr is None:
        return None, False, True
    names = dotted(expr)
    found = look_up(unit, names) if names else None
    if isinstance(found, Found) and found.declared.kind in ("group", "broken"):
        group = lower_group_ref(ctx, unit, expr)
        well = group is not None and belongs(ctx, group, expr.span, dataset, "this split")
        return (group.name if group else None), True, well
    name = _field_name(ctx, expr, "stratified by")
    return name, False, name is not None


def _field_name(ctx: Context, expr: tree.Expr | None, where: str) -> str | None:
    """A field that a clause names; None where there is no clause, or after a reported fault."""
    if expr is None:
        return None
    if isinstance(expr, tree.NameRef):
        return expr.text
    return expect.refuse(ctx, expr, f"`{where}` takes the name of a field")
