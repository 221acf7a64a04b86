"""Loaders: data, chain, policy, collate, options, each with its defaults."""

from __future__ import annotations

from typing import TypeVar

from feedline.compiler import ir
from feedline.compiler.arguments import check_call
from feedline.compiler.catalogue import Entry, Parameter
from feedline.compiler.context import Context
from feedline.compiler.expect import refuse
from feedline.compiler.lower_calls import lower_python
from feedline.compiler.lower_data import lower_data_ref
from feedline.compiler.lower_options import lower_options
from feedline.compiler.lower_policy import default_policy, lower_named_policy, lower_policy
from feedline.compiler.lower_transforms import batch_only, lower_chain
from feedline.compiler.lower_values import evaluate
from feedline.compiler.names import Declared, Found, Unit, dotted, look_up, require
from feedline.compiler.options import COLLATES
from feedline.compiler.policy_groups import attach
from feedline.compiler.values import UNKNOWN, Unknown
from feedline.dsl import tree
from feedline.dsl.diagnostics import Label
from feedline.dsl.frozen import frozen
from feedline.dsl.rules.loaders import BadOnError, MisplacedStep, RepeatedStatement, UnknownCollate
from feedline.dsl.rules.values import UnsuitableValue
from feedline.dsl.suggest import did_you_mean

N = TypeVar("N", bound=tree.Node)


def lower_loader(ctx: Context, declared: Declared) -> ir.Loader | Unknown:
    """One loader. Every statement is checked, so that faults of different ones are all reported."""
    node, unit = declared.node, declared.unit
    assert isinstance(node, tree.Loader)
    statements = _Statements(ctx, unit, node)
    well = statements.check_repeated()
    data = lower_data_ref(ctx, unit, node.dataset)
    chain = _chain(ctx, unit, statements.only(tree.TransformBlock))
    policy = _policy(ctx, unit, node, statements.only(tree.SampleBlock, tree.SampleRef), data)
    collate = _collate(ctx, unit, node, statements.only(tree.Collate))
    options = lower_options(ctx, unit, node)
    on_error = _on_error(ctx, unit, node, statements.on_error(), policy)
    broken = any(isinstance(statement, tree.ErrorStatement) for statement in node.statements)
    if not well or broken:
        return UNKNOWN
    if data is None or chain is None or policy is None or collate is None or options is None or on_error is None:
        return UNKNOWN
    return ir.Loader(declared.full_name, data, *chain, policy, collate, options, on_error, span=node.span)


@frozen
class _Statements:
    """The statements of one loader that may be said once."""

    ctx: Context
    unit: Unit
    node: tree.Loader

    def only(self, *kinds: type[N]) -> N | None:
        return next((statement for statement in self.node.statements if isinstance(statement, kinds)), None)

    def on_error(self) -> tree.OnError | None:
        """The loader's own `on error`, or that of its sampling."""
        return self.only(tree.OnError) or self._sampling_on_error()

    def _sampling_on_error(self) -> tree.OnError | None:
        sample = self.only(tree.SampleBlock, tree.SampleRef)
        statements: tuple[tree.PolicyStatement, ...] = ()
        if isinstance(sample, tree.SampleBlock):
            statements = sample.statements
        elif isinstance(sample, tree.SampleRef):
            found = look_up(self.unit, dotted(sample.policy) or ())
            if isinstance(found, Found) and isinstance(found.declared.node, tree.Policy):
                statements = found.declared.node.statements
        return next((statement for statement in statements if isinstance(statement, tree.OnError)), None)

    def check_repeated(self) -> bool:
        seen: dict[str, tree.Node] = {}
        well = True
        of_sampling = self._sampling_on_error()
        for statement in (*self.node.statements, *([] if of_sampling is None else [of_sampling])):
            match statement:
                case tree.TransformBlock():
                    said = "transform"
                case tree.SampleBlock() | tree.SampleRef():
                    said = "sample"
                case tree.Collate():
                    said = "collate"
                case tree.OnError():
                    said = "on error"
                case tree.Option(name=name):
                    said = name.text
                case _:
                    continue
            earlier = seen.setdefault(said, statement)
            if earlier is not statement:
                well = False
                self.ctx.reporter.report(
                    RepeatedStatement,
                    statement.span,
                    f"the loader `{self.node.name.text}` says `{said}` twice",
                    label="said again here",
                    secondary=[Label(earlier.span, "first said here")],
                    help="keep one of them",
                )
        return well


def _chain(
    ctx: Context, unit: Unit, block: tree.TransformBlock | None
) -> tuple[tuple[ir.Step, ...], tuple[ir.Step, ...]] | None:
    """The steps for each sample and those for the batch."""
    if block is None:
        return (), ()
    lowered = lower_chain(ctx, unit, block.chain)
    if lowered is None:
        return None
    misplaced = next(batch_only(lowered.steps), None)
    if misplaced is not None:
        ctx.reporter.report(
            MisplacedStep,
            misplaced.span,
            f"`{misplaced.name}` mixes the samples of a batch, and here each sample is still alone",
            help=f"write `batch {{ {misplaced.name}(...) }}` at the end of the loader's `transform`",
        )
        return None
    return lowered.steps, lowered.batch


def _policy(
    ctx: Context,
    unit: Unit,
    node: tree.Loader,
    sample: tree.SampleBlock | tree.SampleRef | None,
    data: ir.DataRef | None,
) -> ir.Policy | None:
    """The policy over the groups of the loader's data; without known data, as far as it goes by itself."""
    if sample is None:
        return default_policy(node.span)
    lowered, name = None, node.name.text
    if isinstance(sample, tree.SampleBlock):
        lowered = lower_policy(ctx, unit, sample.statements, sample.span)
        return lowered and data and attach(ctx, lowered.policy, lowered.named, data, name, None)
    found = require(unit, sample.policy, "policy", ctx.reporter)
    if found is None:
        return None
    if found.rest:
        return refuse(ctx, sample.policy, f"`{found.declared.name}` is a policy and has no `{found.rest[0].text}`")
    lowered = ctx.once(found.declared, lower_named_policy)
    if lowered is UNKNOWN or data is None:
        return None
    # A group that does not fit is a fault of this loader, so it is shown here and not in the policy others share.
    return attach(ctx, lowered.policy, lowered.named, data, name, sample.span)


# ---- collate


def _collate(ctx: Context, unit: Unit, node: tree.Loader, collate: tree.Collate | None) -> ir.Collate | None:
    if collate is None:
        return ir.Collate(span=node.span)
    if collate.kind is not None:
        how = _collate_kind(ctx, unit, collate.kind, of_field=False)
        return how and ir.Collate(how, span=collate.span)
    fields: list[ir.CollateField] = []
    seen: dict[str, tree.Name] = {}
    well = bool(collate.fields)
    if not well:
        refuse(ctx, collate, "this `collate` names no field", "`collate { image stack }`")
    for line in collate.fields:
        earlier = seen.setdefault(line.field.text, line.field)
        if earlier is not line.field:
            well = False
            ctx.reporter.report(
                RepeatedStatement,
                line.field.span,
                f"`{line.field.text}` is collated twice",
                label="said again here",
                secondary=[Label(earlier.span, "first said here")],
                help="keep one of them",
            )
        how = _collate_kind(ctx, unit, line.kind, of_field=True)
        if how is None:
            well = False
        else:
            fields.append(ir.CollateField(line.field.text, how, span=line.span))
    shape = "dict" if collate.shape is not None and collate.shape.text == "dict" else "tuple"
    return ir.Collate(None, tuple(fields), shape, span=collate.span) if well else None


def _collate_kind(ctx: Context, unit: Unit, call: tree.Call, of_field: bool) -> ir.CollateKind | None:
    name = call.function.text if isinstance(call.function, tree.NameRef) else ""
    if name == "python":
        if of_field:
            return refuse(ctx, call, "`python(...)` collates whole samples, not one field", "`collate python(...)`")
        python = lower_python(ctx, unit, call)
        unnamed = next((arg for arg in python[1] if not arg.name), None) if python else None
        if unnamed is not None:
            message = "the samples come first, so further arguments of a collate function are given by name"
            ctx.reporter.report(UnsuitableValue, unnamed.span, message)
            return None
        return python and ir.CollateKind(name, python[1], python[0], span=call.span)
    if name not in COLLATES:
        kinds = [*COLLATES, "python"]
        help = did_you_mean(name, kinds) or f"the ways are {', '.join(f'`{kind}`' for kind in kinds)}"
        ctx.reporter.report(UnknownCollate, call.function.span, f"there is no `collate {name}`", help=help)
        return None
    if of_field and name == "detection":
        return refuse(ctx, call, "`detection` collates whole samples, not one field", "`collate detection`")
    parameters = tuple(
        Parameter(parameter, type, "positional", required=False, default=default)
        for parameter, (type, default) in COLLATES[name].items()
    )
    entry = Entry(f"collate {name}", "transform", parameters)
    args = check_call(entry, call, lambda expr, type: evaluate(ctx, unit, expr, type), ctx.reporter)
    return None if args is None else ir.CollateKind(name, args, span=call.span)


# ---- on error


def _on_error(
    ctx: Context, unit: Unit, node: tree.Loader, statement: tree.OnError | None, policy: ir.Policy | None
) -> ir.OnError | None:
    if statement is None:
        return ir.OnError(span=node.span)
    mode = statement.mode.text
    promise = policy and _promise(policy)
    if mode == "skip" and promise:
        word, where = promise
        ctx.reporter.report(
            BadOnError,
            statement.span,
            f"a batch that comes shorter cannot keep what `{word}` promises",
            label="leaves samples out",
            secondary=[where],
            help="write `on error replace`: another sample of the same group takes the place",
        )
        return None
    maximum: int | ir.Percent | None = None
    if statement.maximum is not None:
        if mode != "replace":
            message = f"`max` limits how many samples are replaced, and `on error {mode}` replaces none"
            ctx.reporter.report(BadOnError, statement.maximum.span, message, help="leave it out")
            return None
        maximum = _limit(ctx, unit, statement.maximum)
        if maximum is None:
            return None
    assert mode in ("fail", "skip", "replace")
    return ir.OnError(mode, maximum, span=statement.span)


def _promise(policy: ir.Policy) -> tuple[str, Label] | None:
    """What a policy, or a stage of it, promises of every batch: the word, and where it stands."""
    for one in (policy, *(stage.policy for stage in policy.stages)):
        if one.forces:
            return "force", Label(one.forces[0].span, "forced here")
        if one.draw is not None:
            return "draw", Label(one.draw.span, "drawn here")
        if one.mix is not None:
            return "mix", Label(one.mix.span, "mixed here")
    return None


def _limit(ctx: Context, unit: Unit, expr: tree.Expr) -> int | ir.Percent | None:
    value = evaluate(ctx, unit, expr)
    match value:
        case ir.Percent(value=share) if share <= 100:
            return value
        case int() if value >= 0 and not isinstance(value, bool):
            return value
        case _ if value is UNKNOWN:
            return None
    return refuse(ctx, expr, "the limit is a percentage or a number of samples", "`max 1%`")
