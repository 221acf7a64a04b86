"""Which form of the language a keyword in the text begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from feedline.compiler.ide.words import FORMS, Form
from feedline.dsl import tree

if TYPE_CHECKING:
    from feedline.compiler.ide.analysis import Analysis

_STEPS = (tree.MaybeStep, tree.OneOfStep, tree.ShuffledStep, tree.ViewsStep, tree.OnStep, tree.BatchStep)
_LOADER = (tree.TransformBlock, tree.SampleBlock, tree.SampleRef, tree.Collate)
_DECLARATIONS = (
    *(tree.Param, tree.Let, tree.Import, tree.Dataset, tree.Group, tree.Split, tree.Transform, tree.Policy),
    *(tree.Loader, tree.ErrorDeclaration),
)
_POLICY = (
    *(tree.BatchSize, tree.Force, tree.ForceEach, tree.Mix, tree.Rest, tree.EpochPass, tree.EpochLength, tree.Keyword),
    *(tree.Seed, tree.BalanceBy, tree.WeightBy, tree.Draw, tree.RepeatFactor, tree.BucketBy, tree.Stage, tree.OnError),
)
_RULES = {
    **dict.fromkeys(_DECLARATIONS, "declaration"),
    **dict.fromkeys(_LOADER, "loader_statement"),
    **dict.fromkeys(_STEPS, "step"),
    **dict.fromkeys(_POLICY, "policy_statement"),
}


def form_at(analysis: Analysis, start: int, word: str) -> Form | None:
    """The form that the word at an offset is the first of."""
    for node in reversed(analysis.at(start)):
        rule = _RULES.get(type(node))
        if rule is not None and node.span.start == start:
            return FORMS[rule].get(word)
    return None


def form_around(analysis: Analysis, start: int) -> Form | None:
    """The form that the word at an offset belongs to."""
    for node in reversed(analysis.at(start)):
        rule = _RULES.get(type(node))
        if rule is not None:
            first = analysis.token_at(node.span.start)
            return FORMS[rule].get(str(first))
    return None
