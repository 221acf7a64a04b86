"""Values, calls and conditions as the language writes them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from attrs import frozen

from feedline.compiler import ir
from feedline.compiler.catalogue import constants
from feedline.compiler.explain.pages import Setting
from feedline.dsl import tree
from feedline.dsl.source import SourceText, Span
from feedline.dsl.unparse import unparse


@frozen
class Writer:
    """Writes for one file. Paths below `folder` are shown as from there."""

    folder: str
    sources: Mapping[str, SourceText]

    def value(self, value: ir.Value) -> str:
        """`0.5`, `"a/b"`, `(96, 128)`, `bilinear`."""
        match value:
            case None:
                return "none"
            case bool():
                return str(value).lower()
            case float():
                return repr(value) if len(repr(value)) <= 8 else f"{value:.6g}"
            case int():
                return str(value)
            case str():
                return quoted(self.path(value))
            case ir.Symbol(name=name):
                return name
            case ir.Percent(value=share):
                return f"{share:g}%"
            case ir.ListValue(items=items):
                return f"[{self._comma(items)}]"
            case ir.Apply():
                return self.call(value)
        return f"({self._comma(value)}{',' if len(value) == 1 else ''})"

    def path(self, text: str) -> str:
        """A path below the folder without it; any other text as it is."""
        if text == self.folder:
            return "."
        return text.removeprefix(self.folder.rstrip(os.sep) + os.sep) if os.path.isabs(text) else text

    def call(self, call: ir.Apply | ir.SourceCall) -> str:
        """A step or a source with the arguments that were given, each by position or by name as it was written."""
        args = [self._argument(arg) for arg in call.args if arg.given]
        if call.target is not None:
            args.insert(0, quoted(call.target))
        return f"{call.name}({', '.join(args)})"

    def defaults(self, args: Iterable[ir.Arg]) -> tuple[Setting, ...]:
        """The arguments that were left out."""
        return tuple(Setting(arg.name, self.value(arg.value), True) for arg in args if not arg.given)

    def condition(self, predicate: ir.Predicate, level: int = 0) -> str:
        """A group's condition. `level` says how tightly what stands around it binds: 1 `or`, 2 `and`, 3 `not`."""
        match predicate:
            case ir.Compare(field=of, operator=sign, value=value):
                return f"{of.name} {sign} {self.value(value)}"
            case ir.Quantified(kind=kind, predicate=inner):
                bound = f" {predicate.operator} {self.value(predicate.value)}" if kind == "count" else ""
                return f"{kind}({self.condition(inner)}){bound}"
            case ir.Logic(operator="not", operands=(operand,)):
                return f"not {self.condition(operand, 3)}"
            case ir.Logic(operator=word, operands=operands):
                own = 1 if word == "or" else 2
                text = f" {word} ".join(self.condition(operand, own + 1) for operand in operands)
                return f"({text})" if own < level else text
            case ir.HasAnnotations():
                return "has annotations"
            case ir.InGroup(group=group):
                return group
            case ir.Constant(value=value):
                return self.value(value)
            case ir.FromDataset(data=data):
                return f"from {ref(data)}"

    def _argument(self, arg: ir.Arg) -> str:
        written = self.written(arg.span)
        name, equals, _ = written.partition("=")
        named = bool(equals) and name.strip() == arg.name
        last = written.rpartition("=")[2].strip() if named else written.strip()
        # Numbers are left as they were written, and `imagenet.mean` says more than its three numbers do.
        kept = self._is_constant(last) or not any(sign.isalpha() or sign in '_"#' for sign in last)
        value = " ".join(last.split()) if last and kept else self.value(arg.value)
        return f"{arg.name}={value}" if named else value

    def written(self, span: Span) -> str:
        """What stands in the file at a span; nothing where its text is not at hand."""
        source = self.sources.get(span.path)
        return "" if source is None else source.text[span.start : span.end]

    def _is_constant(self, text: str) -> bool:
        name, _, part = text.partition(".")
        return part in constants().get(name, {})

    def _comma(self, values: Iterable[ir.Value]) -> str:
        return ", ".join(map(self.value, values))


def ref(data: ir.DataRef) -> str:
    """A dataset or a part: `photos.train[2]`."""
    part = "" if data.part is None else f".{data.part}"
    return f"{data.dataset}{part}" + ("" if data.fold is None else f"[{data.fold}]")


def share_text(share: float) -> str:
    """A share in per cent, to be read: none and all only where it is none or all."""
    if share in (0, 1):
        return f"{share:.0%}"
    return "<0.1%" if share < 0.001 else ">99.9%" if share > 0.999 else f"{share:.1%}"


def quoted(text: str) -> str:
    """A text in quotes."""
    return unparse(tree.String(Span("", 0, 0), (text,)))
