"""Rendering, held to the texts in tests/cases/render: one situation a function, its text in the file of its name."""

import json
from collections.abc import Callable

import pytest

from feedline.dsl.diagnostics import Diagnostic, Edit, Fix, Label, Reporter, Rule
from feedline.dsl.render import render, summary
from feedline.dsl.source import SourceText, Span

Golden = Callable[[str, str], None]


class Fault(Rule):
    """A fault for these tests."""

    code, slug, title = "FL999", "fault", "a fault"


class Worry(Rule):
    """A warning for these tests."""

    code, slug, title, severity = "FL998", "worry", "a worry", "warning"


class Desk:
    """A reporter with texts, and spans found by the words they hold."""

    def __init__(self, **files: str):
        self.reporter = Reporter()
        for name, text in files.items():
            self.reporter.sources.add(SourceText(f"{name}.pipe", text))

    def at(self, words: str, path: str = "a.pipe", until: str = "") -> Span:
        """The span of `words`, or from `words` to the end of `until` after it."""
        text = self.reporter.sources[path].text
        start = text.index(words)
        last = until or words
        return Span(path, start, text.index(last, start) + len(last))

    def say(self, where: Span | str, message: str = "something is wrong", **more: object) -> "Desk":
        """Report a fault."""
        self.reporter.report(Fault, where, message, **more)  # pyright: ignore[reportArgumentType]: passed on as given
        return self

    def show(self, **options: object) -> str:
        """All that was reported, rendered."""
        return render(self.reporter.diagnostics, self.reporter.sources, **options)  # pyright: ignore[reportArgumentType]  (text or values that the test gives, not typed one by one)


FILE = """\
dataset castings = FakeData(size=100)
group rare = castings where label == 3
loader train from castings {
  transform { ToImage() }
  sample {
    force 5 rare per 8
    force 4 rare per 8
    rest without replacement
    last drop
    seed 7
  }
}
"""


def one_label() -> str:
    """A mark with its label, a note, a help."""
    desk = Desk(a=FILE)
    notes = ["`rare` has 12 samples", "the first line\nand the second"]
    return desk.say(desk.at("rare per 8"), label="too many", notes=notes, help="ask for fewer").show()


def no_label() -> str:
    """A mark alone."""
    desk = Desk(a=FILE)
    return desk.say(desk.at("ToImage()")).show()


def two_lines() -> str:
    """A secondary label on another line, lines between left out."""
    desk = Desk(a=FILE)
    here = Label(desk.at("group rare"), "declared here")
    return desk.say(desk.at("4"), label="these need 9", secondary=[here]).show()


def one_line_three_labels() -> str:
    """Labels that share a line hang below it."""
    desk = Desk(a=FILE)
    others = [
        Label(desk.at("rare"), "a name"),
        Label(desk.at("where label"), "a field"),
        Label(desk.at("3"), "a number"),
    ]
    return desk.say(desk.at("castings where"), label="the data", secondary=others).show()


def same_span_twice() -> str:
    """A primary and a secondary label on one span: the primary sign wins and both labels are shown."""
    desk = Desk(a=FILE)
    return desk.say(desk.at("ToImage"), label="first", secondary=[Label(desk.at("ToImage"), "second")]).show()


def two_files() -> str:
    """A secondary label in another file."""
    desk = Desk(a=FILE, shared="\n\nparam castings: path\n")
    other = Label(desk.at("castings", "shared.pipe"), "and here")
    return desk.say(desk.at("castings"), "declared twice", label="declared here", secondary=[other]).show()


def several_lines() -> str:
    """A block from its first character: a bar that opens with a slash, its middle left out."""
    desk = Desk(a=FILE)
    return desk.say(desk.at("sample {", until="  }"), label="this policy").show()


def several_lines_from_the_middle() -> str:
    """A block that opens within a line, another within it, and a mark inside both."""
    desk = Desk(a=FILE)
    inner = Label(desk.at("5 rare", until="4 rare"), "two of these")
    mark = Label(desk.at("per 8"), "the batch")
    return desk.say(desk.at("{\n    force", until="  }"), label="the block", secondary=[inner, mark]).show()


def overlapping_blocks() -> str:
    """Two blocks that cross, each with its own bar."""
    desk = Desk(a=FILE)
    other = Label(desk.at("force 4", until="}\n}"), "second")
    return desk.say(desk.at("sample {", until="rest"), label="first", secondary=[other]).show()


def span_with_its_line_end() -> str:
    """A span that takes in the line break stays on its line."""
    desk = Desk(a=FILE)
    return desk.say(desk.at("ToImage() }\n")).show()


def tabs() -> str:
    """A tab is four spaces, before and inside the mark."""
    desk = Desk(a="loader\tx from y {\n\t\tsample {\tbatch 8 }\n}\n")
    label = Label(desk.at("x"), "tab before")
    return desk.say(desk.at("{\tbatch"), label="tab inside", secondary=[label]).show()


def wide_characters() -> str:
    """East Asian characters and emoji take two cells, combining characters none."""
    desk = Desk(a='dataset 画像 = Files("🦀/cafe\u0301/**") # 終\ngroup 部 = 画像 where x\n')
    labels = [
        Label(desk.at("🦀"), "two cells"),
        Label(desk.at("cafe\u0301"), "four cells"),
        Label(desk.at("**"), "rest"),
    ]
    desk.say(desk.at("画像"), label="`画像` twice", secondary=labels)
    return desk.say(desk.at("where"), label="after wide ones").show()


def control_characters() -> str:
    """What a terminal would obey or what would reorder the line is shown instead."""
    desk = Desk(a='param a = "\x1b[31m\u202ebad\x00\x7f\ud800"\n')
    return desk.say(desk.at("bad"), "an escape `\x1b[31m` in the text", label="\x07").show()


def long_line() -> str:
    """A line past 200 cells is cut around the mark, at both ends."""
    desk = Desk(a="let a = [" + ", ".join(str(n) for n in range(1000, 1200)) + "]\n")
    return desk.say(desk.at("1100"), label="here").show()


def long_line_start_and_end() -> str:
    """A mark near the start is cut at the right only, one at the end at the left only."""
    desk = Desk(a="let a = [" + ", ".join(str(n) for n in range(1000, 1200)) + "]\n")
    return desk.say(desk.at("1000"), label="first").say(desk.at("1199"), label="last").show(width=60)


def long_mark() -> str:
    """A mark wider than the line is shown from its start; what it cannot show has an ellipsis."""
    desk = Desk(a="let a = [" + ", ".join(str(n) for n in range(1000, 1200)) + "]\n")
    return desk.say(desk.at("1100", until="1180"), label="all of it").show(width=60)


def long_wide_line() -> str:
    """Cells are counted, not characters."""
    desk = Desk(a="let a = (" + "画" * 100 + " here " + "像" * 100 + ")\n")
    return desk.say(desk.at("here"), label="not there").show(width=60)


def end_of_file() -> str:
    """An empty span after the last line break, and one at the end of a text without one."""
    desk = Desk(a="loader x from y {\n", b="loader x from y {")
    for path, end in (("a.pipe", 18), ("b.pipe", 17)):
        desk.say(Span(path, end, end), label="expected `}`")
    return desk.show()


def empty_file() -> str:
    """An empty text has one empty line."""
    desk = Desk(a="")
    return desk.say(Span("a.pipe", 0, 0), "the file declares nothing").show()


def no_span() -> str:
    """A path alone: no line, no column, no gutter."""
    desk = Desk()
    return desk.say("absent.pipe", "there is no such file", help="check the spelling", notes=["looked in `.`"]).show()


def unknown_source() -> str:
    """A span into a text that is not at hand still says where."""
    desk = Desk(a=FILE)
    elsewhere = Label(Span("gone.pipe", 3, 4), "declared there")
    return desk.say(desk.at("ToImage"), secondary=[elsewhere]).say(Span("gone.pipe", 3, 4)).show()


def carriage_returns() -> str:
    """Lines that end in CR LF keep their numbers and show no CR."""
    desk = Desk(a=FILE.replace("\n", "\r\n"))
    return desk.say(desk.at("force 4", until="8\r\n"), label="here").show()


def fixes() -> str:
    """Fixes as the lines they leave: a replacement, an insertion of a line, a removal, one in another file."""
    desk = Desk(a=FILE, b="let x = 1\n")
    start = desk.at("    last drop").start
    change = [
        Fix("write `normal`", (Edit(desk.at("rare per"), "normal per"), Edit(desk.at("label"), "category"))),
        Fix("say how", (Edit(Span("a.pipe", start, start), "    distinct\n"),)),
        Fix("remove one", (Edit(desk.at("    force 4 rare per 8\n"), ""),)),
        Fix("change the constant", (Edit(desk.at("1", "b.pipe"), "2"),)),
    ]
    return desk.say(desk.at("rare per"), label="unknown", help="did you mean `normal`?", fixes=change).show()


def fix_that_is_the_help() -> str:
    """A fix whose title is the help is not announced twice."""
    desk = Desk(a=FILE)
    fix = Fix("write `Image`", (Edit(desk.at("ToImage"), "Image"),))
    return desk.say(desk.at("ToImage"), help="write `Image`", fixes=[fix]).show()


def color() -> str:
    """Colours where they are asked for."""
    desk = Desk(a=FILE)
    other = Label(desk.at("rare"), "declared here")
    fix = Fix("write `few`", (Edit(desk.at("rare per"), "few per"),))
    desk.say(desk.at("rare per"), label="unknown", secondary=[other], notes=["a note"], fixes=[fix])
    desk.reporter.report(Worry, desk.at("seed 7"), "seven again")
    return desk.show(color=True)


def order_and_count() -> str:
    """By place, not by report, with a count at the end."""
    desk = Desk(a=FILE)
    desk.say(desk.at("seed"), "second").say(desk.at("group"), "first")
    desk.reporter.report(Worry, desk.at("last"), "between")
    return desk.show()


SITUATIONS = [
    one_label, no_label, two_lines, one_line_three_labels, same_span_twice, two_files, several_lines,
    several_lines_from_the_middle, overlapping_blocks, span_with_its_line_end, tabs, wide_characters,
    control_characters, long_line, long_line_start_and_end, long_mark, long_wide_line, end_of_file, empty_file,
    no_span, unknown_source, carriage_returns, fixes, fix_that_is_the_help, color, order_and_count,
]  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
def test_text(situation: Callable[[], str], golden: Golden) -> None:
    """Each situation looks as its file says."""
    golden(f"render/{situation.__name__}.txt", situation())


def test_text_has_no_escape_without_color() -> None:
    """Not one escape character unless colours were asked for."""
    shown = [situation() for situation in SITUATIONS if situation is not color]
    assert [] == [text for text in shown if "\x1b" in text]


def test_concise_is_a_line_each() -> None:
    """`path:line:col: code message`, whatever the message holds."""
    desk = Desk(a=FILE)
    desk.say(desk.at("ToImage"), "one\ntwo").say("absent.pipe", "there is no such file")
    expected = "a.pipe:4:15: FL999 one two\nabsent.pipe:1:1: FL999 there is no such file\n"
    assert expected == desk.show(format="concise", color=True)


def test_json_holds_every_field(golden: Golden) -> None:
    """The whole of one diagnostic as JSON."""
    desk = Desk(a=FILE)
    fix = Fix("write `few`", (Edit(desk.at("rare per"), "few per"),), safe=True)
    other = Label(desk.at("rare"), "declared here")
    desk.say(
        desk.at("rare per"),
        label="unknown", secondary=[other], notes=["a note"], help="try again", fixes=[fix], data={"name": "rare"},
    )  # fmt: skip
    golden("render/all_fields.json", desk.show(format="json"))


def test_json_of_nothing() -> None:
    """No diagnostics are an empty list and zero counts."""
    expected = {"format_version": 1, "diagnostics": [], "counts": {"error": 0, "warning": 0, "hint": 0}}
    assert expected == json.loads(render([], {}, "json"))


def test_json_names_the_rule() -> None:
    """A registered code comes with its slug."""
    found = json.loads(render([Diagnostic("FL503", "error", "no", "a.pipe")], {}, "json"))
    assert "bad-option" == found["diagnostics"][0]["slug"]


@pytest.mark.parametrize("format", ["text", "concise"])
def test_nothing_to_say(format: str) -> None:
    """No diagnostics, no text."""
    assert "" == Desk().show(format=format)


def test_summary_counts_severities() -> None:
    """The most severe first, those there are none of left out."""
    severities = ["warning", "error", "hint", "error"]
    found = [Diagnostic("FL999", severity, "x", "a.pipe") for severity in severities]  # pyright: ignore[reportArgumentType]  (text or values that the test gives, not typed one by one)
    assert "2 errors, 1 warning, 1 hint" == summary(found)


def test_a_megabyte_on_one_line_renders() -> None:
    """Only what is shown is measured."""
    desk = Desk(a="(" * 1_000_000)
    text = desk.say(Span("a.pipe", 500_000, 1_000_000)).say(Span("a.pipe", 1_000_000, 1_000_000)).show()
    assert max(map(len, text.splitlines())) < 220
