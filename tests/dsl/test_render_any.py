"""Rendering never fails and never shows more than it should, whatever the texts and the spans are."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from feedline.dsl.diagnostics import Edit, Fix, Label, Reporter, Rule
from feedline.dsl.render import render
from feedline.dsl.source import SourceText, Span


class Fault(Rule):
    """A fault for these tests."""

    code, slug, title = "FL999", "fault", "a fault"


ALPHABET = st.one_of(st.sampled_from("ab {}\n\r\t画🦀\u0301\u200d\ufe0f\x1b\u202e\ud800"), st.characters())
TEXTS = st.text(ALPHABET, max_size=60)
OFFSETS = st.integers(0, 70)
PATHS = st.sampled_from(["a.pipe", "b.pipe", "absent.pipe"])
SPANS = st.builds(lambda path, start, size: Span(path, start, start + size), PATHS, OFFSETS, st.integers(0, 40))
LABELS = st.builds(Label, SPANS, st.text(ALPHABET, max_size=8))
EDITS = st.builds(Edit, SPANS, st.text(ALPHABET, max_size=8))
FIXES = st.builds(lambda title, edits: Fix(title, tuple(edits)), st.text(max_size=5), st.lists(EDITS, max_size=3))
WIDTH = 30


@given(TEXTS, TEXTS, SPANS, st.lists(LABELS, max_size=4), st.lists(FIXES, max_size=2), st.text(ALPHABET, max_size=9))
def test_any_diagnostic_renders(
    a: str, b: str, span: Span, labels: list[Label], fixes: list[Fix], message: str
) -> None:
    """Text, concise and json of anything: no exception, nothing that a terminal obeys, no line of source too wide."""
    reporter = Reporter()
    for path, text in (("a.pipe", a), ("b.pipe", b)):
        reporter.sources.add(SourceText(path, text))
    reporter.report(Fault, span, message, label=message, secondary=labels, notes=[message], help=message, fixes=fixes)
    shown = render(reporter.diagnostics, reporter.sources, width=WIDTH)
    concise = render(reporter.diagnostics, reporter.sources, "concise")
    assert render(reporter.diagnostics, reporter.sources, "json").isascii()
    assert 1 == concise.count("\n")
    assert [] == [sign for sign in "\x1b\r\t\u202e\ud800" if sign in shown + concise]
    margin = 4 + 2 * (len(labels) + 1)
    numbered = [line for line in shown.split("\n") if line[:1].isdigit()]
    assert [] == [line for line in numbered if cell_len(line) > WIDTH + margin]


@given(TEXTS, st.integers(0, 60), st.integers(0, 60))
def test_color_adds_nothing_but_color(text: str, start: int, size: int) -> None:
    """Without its colours a coloured text is the plain one."""
    reporter = Reporter()
    reporter.sources.add(SourceText("a.pipe", text))
    reporter.report(Fault, Span("a.pipe", start, start + size), "wrong", label="here", notes=["a note"])
    colored = render(reporter.diagnostics, reporter.sources, color=True)
    for style in ("1", "1;31", "1;34", "0"):
        colored = colored.replace(f"\x1b[{style}m", "")
    assert render(reporter.diagnostics, reporter.sources).replace(" \n", "\n") == colored.replace(" \n", "\n")
