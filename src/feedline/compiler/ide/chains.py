"""Steps moved into a named transform, and the steps of one put where it is named."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.blocks import INDENT, indent_of, reindented
from feedline.compiler.names import dotted
from feedline.dsl import tree
from feedline.dsl.diagnostics import Edit
from feedline.dsl.layout import format_source
from feedline.dsl.source import Span
from feedline.grammar import tokens

Change = tuple[str, tuple[Edit, ...]]


def extract(analysis: Analysis, selected: Span) -> Iterator[Change]:
    """Give the selected steps a name; with the cursor on the word `transform` of a loader, its whole chain."""
    steps = _selected_steps(analysis, selected)
    around = next((node for node in analysis.tree.declarations if _holds(node.span, selected)), None)
    if not steps or around is None or any(isinstance(step, tree.ErrorStatement) for step in steps):
        return
    span = steps[0].span.to(steps[-1].span)
    name = _free_name(analysis)
    body = reindented(analysis.written(span), INDENT)
    declaration = format_source(f"transform {name} {{\n{INDENT}{body}\n}}\n").text
    start = _start_with_comments(analysis, around.span.start)
    at = Span(analysis.path, start, start)
    yield f"extract into `transform {name}`", (Edit(at, f"{declaration}\n"), Edit(span, name))


def inline(analysis: Analysis, selected: Span) -> Iterator[Change]:
    """Put the steps of a named transform where the cursor names it; where it declares it, everywhere."""
    here = analysis.table.at(selected.start)
    if here is None or here.symbol.kind != "transform" or here.symbol.span.path != analysis.path:
        return
    node = here.symbol.node
    if not isinstance(node, tree.Transform) or not node.chain.steps or _is_broken(node.chain):
        return
    name = node.name.text
    if not here.defines:
        edit = _inlined(analysis, node, here.span)
        if edit is not None:
            yield f"inline `{name}` here", (edit,)
        return
    uses = [reference.span for reference in analysis.table.of(here.symbol) if not reference.defines]
    edits = [edit for span in uses if (edit := _inlined(analysis, node, span)) is not None]
    if uses and len(edits) == len(uses) and not _inside_itself(node, uses):
        yield f"inline `{name}` everywhere", (Edit(_with_blank_line(analysis, node.span), ""), *edits)


# ---- extracting


def _selected_steps(analysis: Analysis, selected: Span) -> list[tree.Step]:
    around = analysis.at(selected.start)
    if selected.start == selected.end:
        block = around[-1]
        if not isinstance(block, tree.TransformBlock) or selected.start >= block.chain.span.start:
            return []
        return list(block.chain.steps) if analysis.text[block.chain.span.start] == "{" else []
    for chain in (node for node in reversed(around) if isinstance(node, tree.Chain)):
        steps = [step for step in chain.steps if step.span.start < selected.end and selected.start < step.span.end]
        if steps and _holds(chain.span, selected) and analysis.text[chain.span.start] == "{":
            return steps
    return []


def _free_name(analysis: Analysis) -> str:
    names = ("steps" if not number else f"steps{number + 1}" for number in count())
    return next(name for name in names if name not in analysis.main.names)


def _start_with_comments(analysis: Analysis, start: int) -> int:
    """Where a declaration begins together with the comments right above it."""
    line = analysis.source.position(start)[0]
    while line > 1 and analysis.source.line(line - 1).lstrip().startswith("#"):
        line -= 1
    return analysis.source.line_starts[line - 1]


# ---- inlining


def _inlined(analysis: Analysis, node: tree.Transform, at: Span) -> Edit | None:
    """The edit that puts the steps of a transform in the place of its name; None where it is no step."""
    around = analysis.at(at.start)
    step = next((one for one in reversed(around) if isinstance(one, tree.RefStep)), None)
    chain = next((one for one in reversed(around) if isinstance(one, tree.Chain)), None)
    if step is None or chain is None or dotted(step.target) is None or step.span != at:
        return None
    steps = node.chain.steps
    text = analysis.written(steps[0].span.to(steps[-1].span))
    inside = analysis.text[node.chain.span.start + 1 : node.chain.span.end - 1].strip()
    indent = indent_of(analysis, at.start)
    braced = analysis.text[chain.span.start] == "{"
    several = "\n" in text
    if any(token.type == "COMMENT" for token in tokens(inside)):
        # Comments go where their steps go, and nothing may follow one on its line.
        text, several = inside, True
        if braced and not (_is_alone(analysis, at) and _ends_line(analysis, at)):
            return Edit(at, f"\n{indent}{INDENT}{reindented(text, indent + INDENT)}\n{indent}")
    if several and not braced:
        return Edit(at, f"{{\n{indent}{INDENT}{reindented(text, indent + INDENT)}\n{indent}}}")
    if several and _is_alone(analysis, at):
        return Edit(at, reindented(text, indent))
    joined = "; ".join(reindented(analysis.written(one.span), indent) for one in steps)
    return Edit(at, joined if braced or (len(steps) == 1 and not _is_block(chain, around)) else f"{{ {joined} }}")


def _is_block(chain: tree.Chain, around: tuple[tree.Node, ...]) -> bool:
    """Whether a chain without braces stands for a loader's: `transform pixels`."""
    return any(isinstance(node, tree.TransformBlock) and node.chain is chain for node in around)


def _is_alone(analysis: Analysis, at: Span) -> bool:
    """Whether nothing stands before a step on its line."""
    line, column = analysis.source.position(at.start)
    return not analysis.source.line(line)[: column - 1].strip()


def _ends_line(analysis: Analysis, at: Span) -> bool:
    """Whether nothing stands behind a step on its line."""
    line, column = analysis.source.position(at.end)
    return not analysis.source.line(line)[column - 1 :].strip()


def _is_broken(chain: tree.Chain) -> bool:
    return any(isinstance(node, tree.ErrorStatement) for node in tree.walk(chain))


def _inside_itself(node: tree.Transform, uses: list[Span]) -> bool:
    return any(_holds(node.span, span) for span in uses)


def _holds(span: Span, other: Span) -> bool:
    return span.start <= other.start and other.end <= span.end


def _with_blank_line(analysis: Analysis, span: Span) -> Span:
    """A declaration with the end of its line and the empty line behind it."""
    end = span.end
    for _ in range(2):
        rest = analysis.text[end:]
        line = rest.split("\n", 1)[0]
        if "\n" in rest and not line.strip():
            end += len(line) + 1
    return Span(span.path, span.start, end)
