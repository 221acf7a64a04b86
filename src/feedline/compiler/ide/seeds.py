"""`add missing seed`: what is drawn at random depends on a seed, and one that is written is one that is kept."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.compiler import ir
from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.blocks import append_statement
from feedline.compiler.lower_policy import lower_named_policy
from feedline.compiler.values import UNKNOWN
from feedline.dsl import tree
from feedline.dsl.diagnostics import Edit
from feedline.dsl.source import Span


def add_seed(analysis: Analysis, selected: Span) -> Iterator[tuple[str, tuple[Edit, ...]]]:
    """The edit that writes the seed of the policy or the split around the selection, where it has none."""
    around = analysis.at(selected.start)
    for node in around:
        if isinstance(node, tree.Split) and node.seed is None and node.by is None:
            end = Span(analysis.path, node.span.end, node.span.end)
            yield "write the split's seed", (Edit(end, " seed 0"),)
        if isinstance(node, tree.SampleBlock | tree.Policy) and _is_random(analysis, node, around):
            yield "write the policy's seed", (append_statement(analysis, node.span, "seed 0"),)


def _is_random(analysis: Analysis, node: tree.SampleBlock | tree.Policy, around: tuple[tree.Node, ...]) -> bool:
    """Whether a block without a seed draws anything at random."""
    if any(isinstance(statement, tree.Seed) for statement in node.statements):
        return False
    policy: ir.Policy | None = None
    if isinstance(node, tree.Policy):
        declared = analysis.main.names.get(node.name.text)
        if declared is not None and declared.node is node and analysis.ctx.is_done(declared):
            lowered = analysis.ctx.once(declared, lower_named_policy)
            policy = None if lowered is UNKNOWN else lowered.policy
    else:
        loader = next((one for one in around if isinstance(one, tree.Loader)), None)
        name = None if loader is None else loader.name.text
        policy = next((one.policy for one in analysis.partial.loaders if one.name == name), None)
    return policy is not None and (policy.order == "shuffled" or policy.rest_replacement)
