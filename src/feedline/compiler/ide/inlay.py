"""What a file does not say and is good to see beside it: types after steps, what a batch holds, counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from attrs import frozen

from feedline.compiler import ir
from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.describe import writer
from feedline.compiler.ide.policy_words import batch_words
from feedline.compiler.ide.type_words import changes
from feedline.compiler.ide.ways import ways
from feedline.compiler.sample_types.model import Types
from feedline.dsl import tree

MAX_WIDTH = 72
"""A longer hint is cut; its tooltip says it whole."""


@frozen
class InlayHint:
    """A text to show at an offset, not part of the file."""

    offset: int
    text: str
    kind: Literal["type", "number"]
    tooltip: str = ""


def inlay_hints(analysis: Analysis, start: int = 0, end: int | None = None) -> tuple[InlayHint, ...]:
    """The hints between two offsets, in order."""
    last = len(analysis.text) if end is None else end
    found: list[InlayHint] = []
    for node in analysis.tree.declarations:
        if node.span.start <= last and start <= node.span.end:
            found += _of_declaration(analysis, node)
    inside = (hint for hint in found if start <= hint.offset <= last)
    return tuple(sorted(inside, key=lambda hint: hint.offset))


def _of_declaration(analysis: Analysis, node: tree.Declaration) -> Iterator[InlayHint]:
    match node:
        case tree.Transform(chain=chain):
            yield from _steps(analysis, chain, None)
        case tree.Loader():
            yield from _loader(analysis, node)
        case tree.Param():
            yield from _given(analysis, node)
        case tree.Dataset(name=name):
            yield from _count(analysis.known and analysis.known.samples.get(name.text), node.span.end)
        case tree.Group(name=name):
            yield from _count(analysis.known and analysis.known.groups.get(name.text), node.span.end)
        case tree.Split():
            yield from _parts(analysis, node)
        case _:
            return


# ---- types


def _steps(analysis: Analysis, chain: tree.Chain, loader: str | None) -> Iterator[InlayHint]:
    """The type of the sample after each step of a chain that changed it, where all loaders agree."""
    for step in chain.steps:
        if isinstance(step, tree.CallStep | tree.RefStep):
            texts = {_change(before, after) for _, before, after in ways(analysis, step, loader)}
            if len(texts) == 1 and (text := texts.pop()):
                yield _hint(step.span.end, text, "type")
        for inner in _chains(step):
            yield from _steps(analysis, inner, loader)


def _change(before: Types, after: Types) -> str:
    """What is new, the image without its name."""
    parts: list[str] = []
    for name, (_, new) in changes(before, after).items():
        if name == "image":
            parts.insert(0, new or "no image")
        else:
            parts.append(f"{name}: {new}" if new else f"no {name}")
    return f"→ {'; '.join(parts)}" if parts else ""


def _chains(step: tree.Step) -> Iterator[tree.Chain]:
    match step:
        case tree.MaybeStep(chain=chain) | tree.BatchStep(chain=chain):
            yield chain
        case tree.OneOfStep(branches=parts) | tree.ViewsStep(views=parts, chain=None):
            yield from (part.chain for part in parts)
        case tree.ViewsStep(chain=tree.Chain() as chain):
            yield chain
        case _:
            return


# ---- numbers


def _loader(analysis: Analysis, node: tree.Loader) -> Iterator[InlayHint]:
    loader = next((one for one in analysis.partial.loaders if one.name == node.name.text), None)
    for statement in node.statements:
        if isinstance(statement, tree.TransformBlock) and analysis.text[statement.chain.span.start] == "{":
            yield from _steps(analysis, statement.chain, node.name.text)
        if isinstance(statement, tree.SampleBlock | tree.SampleRef) and loader is not None:
            yield from _batches(analysis, statement, loader)


def _batches(analysis: Analysis, node: tree.SampleBlock | tree.SampleRef, loader: ir.Loader) -> Iterator[InlayHint]:
    """What every batch holds, and how many come, behind the `{` of a long block or the end of a short one."""
    texts = [batch_words(loader.policy)]
    count = None if analysis.known is None else analysis.known.batches.get(loader.name)
    if count is not None:
        texts.append(f"{count:,} batch{'es' if count != 1 else ''} per epoch")
    text = ", ".join(filter(None, texts))
    written = analysis.written(node.span)
    head = written.find("{")
    at = node.span.start + head + 1 if head >= 0 and "\n" in written else node.span.end
    if text:
        yield _hint(at, text, "number")


def _given(analysis: Analysis, node: tree.Param) -> Iterator[InlayHint]:
    """The value of a parameter that was set from outside."""
    for param in analysis.partial.params:
        if param.span == node.name.span and param.span.path == analysis.path and param.origin != "default":
            yield _hint(node.span.end, f"now {writer(analysis).value(param.value)}", "number")


def _parts(analysis: Analysis, node: tree.Split) -> Iterator[InlayHint]:
    name = analysis.written(node.dataset.span)
    for part in (*node.parts, *node.values):
        count = None if analysis.known is None else analysis.known.samples.get(f"{name}.{part.name.text}")
        yield from _count(count, part.span.end)


def _count(count: int | None, at: int) -> Iterator[InlayHint]:
    if count is not None:
        yield _hint(at, f"{count:,} sample{'s' if count != 1 else ''}", "number")


def _hint(at: int, text: str, kind: Literal["type", "number"]) -> InlayHint:
    cut = text if len(text) <= MAX_WIDTH else f"{text[: MAX_WIDTH - 3]}..."
    return InlayHint(at, cut, kind, text if cut != text else "")
