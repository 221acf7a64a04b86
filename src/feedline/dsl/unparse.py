"""A syntax tree as text again, in one canonical layout: `parse(unparse(tree)).tree == tree`.

Comments and the writer's own layout are not in the tree, so this is no formatter; it prints what programs build, and
what tests generate. Parentheses stand only where the tree needs them.
"""

from __future__ import annotations

from collections.abc import Iterable

from feedline.dsl import tree as t

_LEVELS = {
    **{"or": 1, "and": 2, "not": 3, "+": 5, "-": 5, "*": 6, "/": 6, "//": 6, "%": 6, "**": 8},
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in", "not in", "matches"), 4),
}
_UNARY_LEVEL = {"not": 3, "+": 7, "-": 7}
_ATOM = 9
_INDENT = "  "


def unparse(node: t.Node) -> str:
    """The text of a tree, a declaration, a statement, a step or an expression; only a tree's ends with a newline.

    Names are printed as they are: a tree that uses a keyword as a name where the keyword can stand reads back as
    something else. What could not be read once is printed as a comment.
    """
    if isinstance(node, t.SyntaxTree):
        return _file(node)
    if isinstance(node, _EXPRESSIONS):
        return _expression(node)
    return _statement(node)


def _file(node: t.SyntaxTree) -> str:
    lines: list[str] = []
    for declaration in node.declarations:
        text = unparse(declaration)
        if lines and ("\n" in text or "\n" in lines[-1]):
            lines.append("")
        lines.append(text)
    return "\n".join(lines) + "\n" if lines else ""


# ---- expressions


def _expression(node: t.Node, level: int = 0) -> str:
    """An expression as an operand of an operator that binds as tightly as `level`."""
    match node:
        case t.Binary(operator=operator, left=left, right=right):
            own = _LEVELS[operator]
            # Comparisons do not chain, and `**` binds to the right and takes any sign there.
            lower, upper = {4: (5, 5), 8: (_ATOM, 7)}.get(own, (own, own + 1))
            text = f"{_expression(left, lower)} {operator} {_expression(right, upper)}"
        case t.Unary(operator=operator, operand=operand):
            own = _UNARY_LEVEL[operator]
            text = f"{operator}{' ' if operator == 'not' else ''}{_expression(operand, own)}"
        case t.Has(what=what):
            own, text = _UNARY_LEVEL["not"], f"has {what.text}"
        case _:
            return _atom(node)
    return f"({text})" if own < level else text


def _atom(node: t.Node) -> str:
    match node:
        case t.Number(value=value):
            return repr(value)
        case t.Percent(value=value):
            return f"{value!r}%"
        case t.String():
            return _string(node)
        case t.Boolean(value=value):
            return "true" if value else "false"
        case t.NoneLiteral():
            return "none"
        case t.NameRef(text=text):
            return text
        case t.Attribute(value=value, name=name):
            return f"{_expression(value, _ATOM)}.{name.text}"
        case t.Index(value=value, index=index):
            return f"{_expression(value, _ATOM)}[{_expression(index)}]"
        case t.Call(function=function, arguments=arguments):
            return f"{_expression(function, _ATOM)}({', '.join(map(_argument, arguments))})"
        case t.TupleExpr(items=items):
            return f"({_comma(items)}{',' if len(items) == 1 else ''})"
        case t.ListExpr(items=items):
            return f"[{_comma(items)}]"
    raise TypeError(f"{type(node).__name__} is no expression")


def _argument(node: t.Argument) -> str:
    return f"{node.name.text}={_expression(node.value)}" if node.name is not None else _expression(node.value)


def _comma(nodes: Iterable[t.Node]) -> str:
    return ", ".join(_expression(node) for node in nodes)


def _string(node: t.String) -> str:
    out: list[str] = []
    for part in node.parts:
        if isinstance(part, t.Interpolation):
            if out and out[-1].endswith("$"):
                out[-1] = out[-1][:-1] + "\\x24"  # or `$${` would stand for the characters `${`
            out.append(f"${{{part.name}}}")
        else:
            out.append("".join(map(_character, part)).replace("${", "$${"))
    return f'"{"".join(out)}"'


def _character(character: str) -> str:
    if character in '\\"':
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    return {"\n": "\\n", "\t": "\\t"}.get(character) or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


# ---- declarations and statements


def _statement(node: t.Node) -> str:
    for printer in (_declaration, _step, _sampling, _loading):
        text = printer(node)
        if text is not None:
            return text
    raise TypeError(f"{type(node).__name__} cannot be printed on its own")


def _declaration(node: t.Node) -> str | None:
    match node:
        case t.Param(name=name, type=type, default=default):
            kind = "" if type is None else f": {_type(type)}"
            return f"param {name.text}{kind}" + ("" if default is None else f" = {_expression(default)}")
        case t.Let(name=name, value=value):
            return f"let {name.text} = {_expression(value)}"
        case t.Import(path=path, names=names, alias=alias):
            what = f"as {alias.text}" if alias is not None else f"({', '.join(name.text for name in names)})"
            return f"import {_string(path)} {what}"
        case t.Dataset(name=name, source=source):
            return f"dataset {name.text} = {_expression(source)}"
        case t.Group(name=name, dataset=dataset, predicate=predicate):
            where = "" if dataset is None else f"{_expression(dataset)} where "
            return f"group {name.text} = {where}{_expression(predicate)}"
        case t.Split():
            return _split(node)
        case t.Transform(name=name, chain=chain):
            return f"transform {name.text} {_chain(chain)}"
        case t.Policy(name=name, statements=statements):
            return f"policy {name.text} {_block(statements)}"
        case t.Loader(name=name, dataset=dataset, statements=statements):
            return f"loader {name.text} from {_expression(dataset)} {_block(statements)}"
        case t.ErrorDeclaration() | t.ErrorStatement():
            return "# not read"
    return None


def _type(node: t.ParamType) -> str:
    return f"{node.name} ({_comma(node.choices)})" if node.choices else node.name


def _split(node: t.Split) -> str:
    text = f"split {_expression(node.dataset)}"
    if node.by is not None:
        text += f" by {_expression(node.by)}"
    parts = [f"{part.name.text} {'rest' if part.size is None else _expression(part.size)}" for part in node.parts]
    parts += [f"{part.name.text} = {_expression(part.value)}" for part in node.values]
    text += f" into {', '.join(parts)}" if node.folds is None else f" into {_count(node.folds)} folds"
    for word, value in (("stratified by", node.stratified_by), ("grouped by", node.grouped_by), ("seed", node.seed)):
        if value is not None:
            text += f" {word} {_expression(value)}"
    return text


def _step(node: t.Node) -> str | None:
    match node:
        case t.CallStep(call=call):
            return _expression(call)
        case t.RefStep(target=target):
            return _expression(target)
        case t.MaybeStep(probability=probability, chain=chain):
            return f"maybe {_expression(probability)} {_chain(chain)}"
        case t.OneOfStep(branches=branches):
            return f"one of {_block(branches)}"
        case t.Branch(chain=chain, weight=weight):
            return _item(chain) + ("" if weight is None else f" weight {_expression(weight)}")
        case t.ShuffledStep(chain=chain):
            return f"shuffled {_chain(chain)}"
        case t.ViewsStep(count=None, views=views):
            return f"views {_block(views)}"
        case t.ViewsStep(count=t.Node() as count, chain=t.Chain() as chain):
            return f"views {_expression(count)} {_chain(chain)}"
        case t.View(count=count, chain=chain):
            return ("" if count is None else f"{_count(count)} of ") + _item(chain)
        case t.OnStep(field=field, chain=chain):
            return f"on {field.text} {_chain(chain)}"
        case t.BatchStep(chain=chain):
            return f"batch {_chain(chain)}"
        case t.Chain():
            return _chain(node)
    return None


def _sampling(node: t.Node) -> str | None:
    match node:
        case t.BatchSize():
            return f"batch {_size(node)}"
        case t.Force(count=count, group=group, replacement=replacement):
            what = f"{_count(count)} {_expression(group)}"
            return f"force {_bound(node.bound)}{what} per {_size(node)}{_with(replacement)}"
        case t.ForceEach(count=count, by=by, values=values, replacement=replacement):
            what = f"{_count(count)} of each {_expression(by)} in {_expression(values)}"
            return f"force {_bound(node.bound)}{what} per {_size(node)}{_with(replacement)}"
        case t.Mix(parts=parts, replacement=replacement):
            return f"mix {', '.join(map(_statement, parts))} per {_size(node)}{_with(replacement)}"
        case t.MixPart(what=what, share=share):
            return f"{_expression(what)} {_count(share)}"
        case t.Stage(epoch=epoch, statements=statements):
            return f"from epoch {_expression(epoch)} {_block(statements)}"
        case t.Rest(replacement=replacement):
            return f"rest{_with(replacement)}"
        case t.EpochPass(over=over):
            return f"epoch one pass over {_expression(over)}"
        case t.EpochLength(count=count, unit=unit):
            return f"epoch {_expression(count)} {unit}"
        case t.Keyword(statement=statement, value=value):
            if statement == "distinct":
                return statement
            return f"{statement} {'forced first' if (statement, value) == ('places', 'first') else value}"
        case t.Seed(value=value):
            return f"seed {_expression(value)}"
        case t.BalanceBy(by=by):
            return f"balance by {_expression(by)}"
        case t.WeightBy(by=by, table=table):
            return f"weight by {_block(table) if by is None else _expression(by)}"
        case t.GroupWeight(group=group, weight=weight):
            return f"{_expression(group)} {_expression(weight)}"
        case t.Draw(classes=classes, by=by, each=each, replacement=replacement):
            return f"draw {_count(classes)} {_expression(by)} with {_expression(each)} each{_with(replacement)}"
        case t.RepeatFactor(threshold=threshold, by=by):
            return f"repeat factor {_expression(threshold)} by {_expression(by)}"
        case t.BucketBy(by=by, count=count):
            return f"bucket by {_expression(by)} into {_expression(count)}"
    return None


def _loading(node: t.Node) -> str | None:
    match node:
        case t.TransformBlock(chain=chain):
            return f"transform {_chain(chain)}"
        case t.SampleBlock(statements=statements):
            return f"sample {_block(statements)}"
        case t.SampleRef(policy=policy):
            return f"sample {_expression(policy)}"
        case t.Collate(kind=kind, fields=fields, shape=shape):
            what = _block(fields) if kind is None else _kind(kind)
            return f"collate {what}" + ("" if shape is None else f" as {shape.text}")
        case t.FieldCollate(field=field, kind=kind):
            return f"{field.text} {_kind(kind)}"
        case t.OnError(mode=mode, maximum=maximum):
            return f"on error {mode.text}" + ("" if maximum is None else f" max {_expression(maximum)}")
        case t.Option(name=name, value=value):
            return f"{name.text} = {_expression(value)}"
    return None


def _chain(node: t.Chain) -> str:
    return _block(node.steps)


def _block(nodes: Iterable[t.Node]) -> str:
    lines = [line for node in nodes for line in _statement(node).split("\n")]
    return "\n".join(["{", *(_INDENT + line for line in lines), "}"]) if lines else "{ }"


def _item(chain: t.Chain) -> str:
    """A chain where a single step may stand without braces."""
    return _statement(chain.steps[0]) if len(chain.steps) == 1 else _chain(chain)


def _kind(call: t.Call) -> str:
    return _expression(call if call.arguments else call.function)


def _count(node: t.Expr) -> str:
    """A number that another operand follows."""
    text = _expression(node)
    return text if isinstance(node, t.Number | t.NameRef | t.Attribute) else f"({text})"


def _size(node: t.BatchSize | t.Force | t.ForceEach | t.Mix) -> str:
    return _expression(node.size) + (" across ranks" if node.across_ranks else "")


def _bound(bound: str) -> str:
    return "" if bound == "exactly" else f"{bound} "


def _with(replacement: bool | None) -> str:
    if replacement is None:
        return ""
    return " with replacement" if replacement else " without replacement"


_EXPRESSIONS = (
    *(t.Number, t.Percent, t.String, t.Boolean, t.NoneLiteral, t.NameRef, t.Attribute, t.Index, t.Call, t.Unary),
    *(t.Binary, t.Has, t.TupleExpr, t.ListExpr),
)
