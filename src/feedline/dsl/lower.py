"""From Lark's parse tree to the syntax tree.

The walk goes bottom up over the list of subtrees, so depth costs no recursion. A rule gives a node in one of three
ways: its children are the node's fields (`_PLAIN`); the first few are, and the rest are one tuple (`_LISTS`); or a
method of `_Lowering`, named like the rule, says how. Children are nodes for rules, Lark tokens for the terminals that
the grammar keeps, and None for an absent `[...]`.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from lark import Token, Tree

from feedline.dsl import tree as t
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.frozen import frozen
from feedline.dsl.literals import Fault, read_number, read_string
from feedline.dsl.rules.syntax import BadLiteral, RepeatedClause
from feedline.dsl.source import Span

_PLAIN: dict[str, type[t.Node]] = {
    "argument": t.Argument,
    "attribute": t.Attribute,
    "balance": t.BalanceBy,
    "batch_chain": t.BatchStep,
    "bucket": t.BucketBy,
    "call_step": t.CallStep,
    "dataset": t.Dataset,
    "draw": t.Draw,
    "epoch_pass": t.EpochPass,
    "field_collate": t.FieldCollate,
    "group_weight": t.GroupWeight,
    "group_where": t.Group,
    "has": t.Has,
    "index": t.Index,
    "let": t.Let,
    "maybe": t.MaybeStep,
    "mix_part": t.MixPart,
    "on_field": t.OnStep,
    "option": t.Option,
    "param": t.Param,
    "ref_step": t.RefStep,
    "repeat_factor": t.RepeatFactor,
    "sample_ref": t.SampleRef,
    "seed": t.Seed,
    "shuffled": t.ShuffledStep,
    "transform": t.Transform,
    "transform_block": t.TransformBlock,
    "valued_part": t.ValuedPart,
}

_LISTS: dict[str, tuple[Any, int]] = {
    "bare_call": (t.Call, 1),
    "call": (t.Call, 1),
    "chain": (t.Chain, 0),
    "file": (t.SyntaxTree, 0),
    "list_expr": (t.ListExpr, 0),
    "loader": (t.Loader, 2),
    "one_of": (t.OneOfStep, 0),
    "policy": (t.Policy, 1),
    "sample_block": (t.SampleBlock, 0),
    "stage": (t.Stage, 1),
    "tuple_expr": (t.TupleExpr, 0),
}


def lower(parsed: Tree[Token], path: str, reporter: Reporter) -> Any:
    """The syntax tree node for a parse of the rule `file` or `declaration`."""
    lowering = _Lowering(path, reporter)
    done: dict[int, Any] = {}
    for subtree in parsed.iter_subtrees():
        children = [done[id(child)] if isinstance(child, Tree) else child for child in subtree.children]
        meta = subtree.meta
        span = Span(path, 0, 0) if meta.empty else Span(path, meta.start_pos, meta.end_pos)
        done[id(subtree)] = lowering.node(str(subtree.data), span, children)
    return done[id(parsed)]


@frozen
class _Folds:
    count: t.Expr


@frozen
class _Tail:
    span: Span
    word: str
    value: t.Expr


@frozen
class _Lowering:
    path: str
    reporter: Reporter

    def node(self, rule: str, span: Span, children: list[Any]) -> Any:
        if rule in _PLAIN:
            return _PLAIN[rule](span, *children)
        if rule in _LISTS:
            node, plain = _LISTS[rule]
            return node(span, *children[:plain], tuple(children[plain:]))
        return getattr(self, rule)(span, *children)

    # ---- names and literals

    def name(self, span: Span, token: Token) -> t.Name:
        return t.Name(span, _normal(str(token)))

    step_name = name

    def name_ref(self, span: Span, name: t.Name | Token) -> t.NameRef:
        return t.NameRef(span, name.text if isinstance(name, t.Name) else str(name))

    def number(self, span: Span, token: Token) -> t.Number:
        return t.Number(span, read_number(str(token), self._fault(span)))

    def percent(self, span: Span, token: Token) -> t.Percent:
        return t.Percent(span, read_number(str(token)[:-1], self._fault(span)))

    def string(self, span: Span, token: Token) -> t.String:
        parts: list[str | t.Interpolation] = []
        for start, end, name, text in read_string(str(token), self._fault(span)):
            if name is not None:
                parts.append(t.Interpolation(Span(self.path, span.start + start, span.start + end), _normal(name)))
            elif parts and isinstance(parts[-1], str):
                parts[-1] += text
            elif text:
                parts.append(text)
        return t.String(span, tuple(parts))

    def boolean(self, span: Span, token: Token) -> t.Boolean:
        return t.Boolean(span, token.type == "TRUE")

    def none(self, span: Span, token: Token) -> t.NoneLiteral:
        return t.NoneLiteral(span)

    def _fault(self, span: Span) -> Fault:
        told = False

        def fault(start: int, end: int, message: str, help: str | None) -> None:
            nonlocal told
            if told:
                return  # a Windows path has many wrong escapes and is one mistake
            told = True
            where = Span(self.path, span.start + start, span.start + end)
            self.reporter.report(BadLiteral, where, message, help=help)

        return fault

    # ---- expressions

    def binary(self, span: Span, left: t.Expr, *rest: Any) -> t.Binary:
        *operator, right = rest
        return t.Binary(span, " ".join(operator), left, right)

    def unary(self, span: Span, operator: Token, operand: t.Expr) -> t.Unary:
        return t.Unary(span, str(operator), operand)

    # ---- declarations

    def declaration(self, span: Span, declaration: t.Declaration) -> t.Declaration:
        return declaration

    def param_type(self, span: Span, name: t.Name) -> t.ParamType:
        return t.ParamType(span, name.text, ())

    def choices(self, span: Span, *choices: t.Expr) -> t.ParamType:
        return t.ParamType(span, "one of", choices)

    def import_names(self, span: Span, path: t.String, *names: t.Name) -> t.Import:
        return t.Import(span, path, names, None)

    def import_as(self, span: Span, path: t.String, alias: t.Name) -> t.Import:
        return t.Import(span, path, (), alias)

    def group(self, span: Span, name: t.Name, predicate: t.Expr) -> t.Group:
        return t.Group(span, name, None, predicate)

    def folds(self, span: Span, count: t.Expr) -> _Folds:
        return _Folds(count)

    def sized_part(self, span: Span, name: t.Name, size: t.Expr | Token) -> t.SizedPart:
        return t.SizedPart(span, name, None if isinstance(size, Token) else size)

    def split_tail(self, span: Span, word: Token, value: t.Expr) -> _Tail:
        return _Tail(span, str(word), value)

    def split(self, span: Span, dataset: t.Expr, *rest: Any, by: t.Expr | None = None) -> t.Split:
        tails: dict[str, t.Expr] = {}
        for tail in rest:
            if isinstance(tail, _Tail):
                if tail.word in tails:
                    self.reporter.report(RepeatedClause, tail.span, f"`{tail.word}` is said twice in one `split`")
                tails.setdefault(tail.word, tail.value)
        return t.Split(
            span,
            dataset,
            parts=tuple(part for part in rest if isinstance(part, t.SizedPart)),
            folds=next((part.count for part in rest if isinstance(part, _Folds)), None),
            by=by,
            values=tuple(part for part in rest if isinstance(part, t.ValuedPart)),
            stratified_by=tails.get("stratified"),
            grouped_by=tails.get("grouped"),
            seed=tails.get("seed"),
        )

    def split_by(self, span: Span, dataset: t.Expr, by: t.Expr, *rest: Any) -> t.Split:
        return self.split(span, dataset, *rest, by=by)

    # ---- statements in blocks

    def error(self, span: Span, token: Token) -> t.ErrorStatement:
        return t.ErrorStatement(span)

    def branch(self, span: Span, item: t.Node, weight: t.Expr | None) -> t.Branch:
        return t.Branch(span, _chain(item), weight)

    def view(self, span: Span, count: t.Expr | None, item: t.Node) -> t.View:
        return t.View(span, count, _chain(item))

    def views(self, span: Span, count: t.Expr, chain: t.Chain) -> t.ViewsStep:
        return t.ViewsStep(span, count, chain, ())

    def view_list(self, span: Span, *views: t.View) -> t.ViewsStep:
        return t.ViewsStep(span, None, None, views)

    def bound(self, span: Span, word: Token) -> str:
        return f"at {word}"

    def across_ranks(self, span: Span) -> bool:
        return True

    def replacement(self, span: Span, word: Token) -> bool:
        return word.type == "WITH"

    def batch_size_statement(self, span: Span, size: t.Expr, across: bool | None) -> t.BatchSize:
        return t.BatchSize(span, size, bool(across))

    def force(self, span: Span, bound: str | None, *rest: Any) -> t.Force:
        count, group, size, across, replacement = rest
        return t.Force(span, count, group, size, bound or "exactly", bool(across), replacement)

    def force_each(self, span: Span, bound: str | None, *rest: Any) -> t.ForceEach:
        count, by, values, size, across, replacement = rest
        return t.ForceEach(span, count, by, values, size, bound or "exactly", bool(across), replacement)

    def mix(self, span: Span, *rest: Any) -> t.Mix:
        *parts, size, across, replacement = rest
        return t.Mix(span, tuple(parts), size, bool(across), replacement)

    def rest(self, span: Span, replacement: bool) -> t.Rest:
        return t.Rest(span, replacement)

    def epoch_length(self, span: Span, count: t.Expr, unit: Token) -> t.EpochLength:
        return t.EpochLength(span, count, str(unit))

    def keyword(self, span: Span, statement: Token, *value: Token) -> t.Keyword:
        return t.Keyword(span, str(statement), str(value[-1] if value else statement))

    def weight_by(self, span: Span, by: t.Expr) -> t.WeightBy:
        return t.WeightBy(span, by, ())

    def weight_table(self, span: Span, *table: t.GroupWeight) -> t.WeightBy:
        return t.WeightBy(span, None, table)

    def transform_ref_block(self, span: Span, target: t.Expr) -> t.TransformBlock:
        return t.TransformBlock(span, t.Chain(target.span, (t.RefStep(target.span, target),)))

    def collate(self, span: Span, kind: t.Call) -> t.Collate:
        return t.Collate(span, kind, (), None)

    def collate_fields(self, span: Span, *rest: Any) -> t.Collate:
        *fields, shape = rest
        return t.Collate(span, None, tuple(fields), None if shape is None else self._word(shape))

    def on_error(self, span: Span, mode: Token, maximum: t.Expr | None) -> t.OnError:
        return t.OnError(span, self._word(mode), maximum)

    def _word(self, token: Token) -> t.Name:
        assert token.start_pos is not None and token.end_pos is not None
        return t.Name(Span(self.path, token.start_pos, token.end_pos), str(token))


def _chain(item: t.Node) -> t.Chain:
    """A single step stands as a chain of one."""
    return item if isinstance(item, t.Chain) else t.Chain(item.span, (item,))  # pyright: ignore[reportArgumentType]  (what is no chain is a step)


def _normal(name: str) -> str:
    """The same word typed composed or decomposed looks the same, so it is the same."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)
