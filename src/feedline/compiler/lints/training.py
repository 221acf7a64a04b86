"""Training on samples in the order that the data has them."""

from __future__ import annotations

from feedline.compiler import ir
from feedline.compiler.lints.roles import role_of
from feedline.compiler.names import Declared, Found, Unit, dotted, look_up
from feedline.dsl import tree
from feedline.dsl.diagnostics import Edit, Fix, Label, Reporter
from feedline.dsl.rules.evaluation import UnshuffledTraining
from feedline.dsl.source import Span


def unshuffled_training(program: ir.Program, main: Unit, reporter: Reporter) -> None:
    """Warn of training loaders that bring the samples in their order; one that says `order sequential` means it."""
    for loader in program.loaders:
        declared = main.names[loader.name]
        if role_of(loader) != "train" or not _in_order(loader.policy):
            continue
        statements, block = _sampling(declared)
        if any(isinstance(node, tree.Keyword) and node.statement == "order" for node in statements):
            continue
        fix = _fix(block, reporter) if isinstance(block, tree.SampleBlock) and statements else None
        reporter.report(
            UnshuffledTraining,
            declared.span,
            f"`{loader.name}` is for training, and brings the samples in the same order every epoch",
            label="never shuffles",
            secondary=[Label(block.span, "says no order")] if isinstance(block, tree.SampleRef) else [],
            help=_help(block),
            fixes=[] if fix is None else [fix],
        )


def _in_order(policy: ir.Policy) -> bool:
    """Whether every batch of every epoch is a slice of the data. A stage of another kind shuffles sooner or later."""
    drawn = policy.forces or policy.weights or policy.draw or policy.mix or policy.repeat or policy.bucket
    plain = policy.order == "sequential" and not policy.rest_replacement and not drawn
    return plain and all(_in_order(stage.policy) for stage in policy.stages)


def _sampling(declared: Declared) -> tuple[tuple[tree.Node, ...], tree.SampleBlock | tree.SampleRef | None]:
    """The statements of a loader's policy, and what stands in the loader."""
    assert isinstance(declared.node, tree.Loader)
    for statement in declared.node.statements:
        if isinstance(statement, tree.SampleBlock):
            return statement.statements, statement
        if isinstance(statement, tree.SampleRef):
            found = look_up(declared.unit, dotted(statement.policy) or ())
            named = found.declared.node if isinstance(found, Found) else None
            return (named.statements if isinstance(named, tree.Policy) else ()), statement
    return (), None


def _help(block: tree.SampleBlock | tree.SampleRef | None) -> str:
    if block is None:
        return "say how it samples: `sample { batch 64; order shuffled }`"
    where = "to the policy" if isinstance(block, tree.SampleRef) else "to its sampling"
    return f"add `order shuffled` {where}, or `order sequential` if that is meant"


def _fix(block: tree.SampleBlock, reporter: Reporter) -> Fix:
    """`order shuffled` after the last statement, on a line of its own where each statement has one."""
    last = block.statements[-1].span
    source = reporter.sources[block.span.path]
    line, column = source.position(last.start)
    text = source.line(line)
    alone = text[: column - 1].isspace() and text[source.position(last.end)[1] - 1 :].strip() == ""
    own_line = alone and source.position(last.end)[0] == line
    added = f"\n{text[: column - 1]}order shuffled" if own_line else "; order shuffled"
    return Fix("add `order shuffled`", (Edit(Span(last.path, last.end, last.end), added),))
