"""What is left of a text with faults, and how many are told."""

from __future__ import annotations

import pytest

from feedline.dsl import parse, tree, unparse
from feedline.dsl.recovery import MAX_ERRORS

MEGABYTE = 1 << 20


def _kept(text: str) -> str:
    return unparse(parse(text).tree)


def _codes(text: str) -> list[str]:
    return [diagnostic.code for diagnostic in parse(text).diagnostics]


def test_a_broken_head_keeps_its_name() -> None:
    """What a declaration that cannot be read seems to declare is known, so that its uses are not blamed."""
    (first, second) = parse("loader train castings { }\nlet a = 1").tree.declarations
    assert isinstance(first, tree.ErrorDeclaration)
    assert ("train", "let a = 1") == (first.name, unparse(second))


def test_a_broken_import_keeps_its_names() -> None:
    """Every name that it seems to bring is known."""
    broken = parse('import "x" (a b, c)').tree.declarations
    assert ["a", "b", "c"] == [d.name for d in broken if isinstance(d, tree.ErrorDeclaration)]


def test_a_broken_statement_costs_only_itself() -> None:
    """The statements around it, and the blocks around those, are read."""
    text = "loader l from d {\n  sample {\n    batch 8\n    forze 3\n    last drop\n  }\n  collate stack\n}\n"
    assert ["FL001"] == _codes(text)
    assert text.replace("forze 3", "# not read") == _kept(text)


def test_a_missing_separator_costs_nothing() -> None:
    """Two statements on one line are both read."""
    assert "policy p {\n  batch 8\n  last drop\n}\n" == _kept("policy p { batch 8 last drop }")


def test_two_declarations_on_one_line_are_both_read() -> None:
    """A declaration that begins where a line should have ended is read all the same."""
    assert "let a = 1\nlet b = 2\n" == _kept("let a = 1 let b = 2")
    assert ["FL001"] == _codes("let a = 1 let b = 2")


@pytest.mark.parametrize("lost", range(4))
def test_a_lost_closing_brace_costs_nothing_in_an_indented_file(lost: int) -> None:
    """Indentation shows where the block should have ended."""
    text = "loader l from d {\n  transform {\n    maybe 1 {\n      A()\n    }\n  }\n  collate stack\n}\nlet a = 1\n"
    lines = text.splitlines(keepends=True)
    closing = [index for index, line in enumerate(lines) if line.strip() == "}"]
    if lost < len(closing):
        del lines[closing[lost]]
    else:
        lines[0] = lines[0].replace(" {", "")
    broken = "".join(lines)
    assert 1 == len(parse(broken).diagnostics)
    assert parse(text).tree == parse(broken).tree


def test_an_unclosed_call_costs_its_statement() -> None:
    """The lines after it are read."""
    assert "transform t {\n  # not read\n  B()\n}\n" == _kept("transform t {\n  A(1,\n    (2, 3)\n  B()\n}\n")


def test_an_unclosed_block_does_not_swallow_the_next_declaration() -> None:
    """A declaration at the start of a line begins one, whatever brackets are open."""
    kept = parse("loader a from d {\n  sample {\ndataset e = F(\ngroup g = e where x\n").tree.declarations
    assert ["Loader", "ErrorDeclaration", "Group"] == [type(declaration).__name__ for declaration in kept]


def test_a_named_transform_inside_a_loader_is_no_new_declaration() -> None:
    """A line that is indented more than the open block's belongs to the block."""
    text = "loader l from d {\n  transform strong {\n    A()\n  }\n  collate stack\n}\n"
    assert ["FL001"] == _codes(text)
    assert "loader l from d {\n  # not read\n  collate stack\n}\n" == _kept(text)


def test_an_unfinished_file_is_one_fault() -> None:
    """However many blocks are open at the end, and in the middle of a statement."""
    assert ["FL002"] == _codes("loader l from d {\n  transform {\n    maybe 1 {\n      Resize(256, (1,")


@pytest.mark.parametrize(
    "text", ["loader l from d {\n transform {\n Resize(3)\n", "loader l from d {\ntransform {\nResize(3)"]
)
def test_an_unfinished_file_keeps_steps_that_nothing_indents(text: str) -> None:
    """A block that the end of the file leaves open holds the lines after it, however they are indented."""
    assert ["FL002"] == _codes(text)
    assert "loader l from d {\n  transform {\n    Resize(3)\n  }\n}\n" == _kept(text)


def test_a_block_that_nothing_indents_ends_before_the_next_of_its_loader() -> None:
    """`sample` begins no step, so the transform should have been closed before it."""
    text = "loader l from d {\n transform {\n A()\n sample {\n batch 2\n }\n}\n"
    assert ["FL002"] == _codes(text)
    assert "loader l from d {\n  transform {\n    A()\n  }\n  sample {\n    batch 2\n  }\n}\n" == _kept(text)


@pytest.mark.parametrize(
    ("text", "edit", "fixed"),
    [
        (
            "transform t {\n  maybe 1 {\n    A()\n  }  # end\n",
            "insert `}`",
            "transform t {\n  maybe 1 {\n    A()\n  }  # end\n}\n",
        ),
        ("policy p {\n  batch 2 {\n  last drop\n}\n", "delete `{`", "policy p {\n  batch 2 \n  last drop\n}\n"),
        (
            "loader l from d {\n  sample { batch 2\n  n = 1\n}\n",
            "insert `}`",
            "loader l from d {\n  sample { batch 2 }\n  n = 1\n}\n",
        ),
    ],
)
def test_a_block_is_closed_where_its_lines_end(text: str, edit: str, fixed: str) -> None:
    """The `}` stands on its own line below a block of several lines; a `{` that opens nothing is taken out."""
    (diagnostic,) = parse(text).diagnostics
    (fix,) = diagnostic.fixes
    ((span, new),) = [(edit.span, edit.text) for edit in fix.edits]
    assert (edit, fixed) == (fix.title, text[: span.start] + new + text[span.end :])


def test_a_block_that_was_opened_by_guess_may_end_nowhere() -> None:
    """Only brackets that stand in the text are told to be left open."""
    said = [(found.message, found.secondary) for found in parse(" loader\n  6\n}{").diagnostics]
    assert [("expected `{` to open the block of `loader`", ()), ("this `{` is never closed", ())] == said


def test_the_number_of_errors_is_limited() -> None:
    """A text in which nothing fits does not flood the reader."""
    assert MAX_ERRORS == len(_codes("let 1\n" * 1000))
    assert MAX_ERRORS == len(_codes("transform t {\n" + "3\n" * 1000 + "}"))


@pytest.mark.parametrize(
    "text",
    [
        "(" * MEGABYTE,
        "{" * MEGABYTE,
        "[" * MEGABYTE,
        ")" * MEGABYTE,
        "let x = " + "-" * MEGABYTE,
        "group g = " + "not " * 100_000,
        "let x = 2" + "**2" * 100_000,
        "let x = 1" + "+1" * 100_000,
        "let x = a" + ".a" * 100_000,
        "let x = a" + "[0]" * 100_000,
        "let x = " + "f(" * 100_000,
        "transform t {" + "maybe 1% {\n" * 100_000,
        "\0" * MEGABYTE,
        "\ufeff" * MEGABYTE,
        "\ud800" * MEGABYTE,
        "let x = " + "9" * MEGABYTE,
        '"' + "a" * MEGABYTE,
        "a" * MEGABYTE,
    ],
    ids=lambda text: text[:12].encode("unicode_escape").decode(),
)
def test_hostile_texts_are_refused_with_one_error(text: str) -> None:
    """A megabyte of anything comes back with an error and neither exhausts the stack nor the reader's patience."""
    assert 1 == len(parse(text).diagnostics)


def test_random_bytes_are_refused() -> None:
    """What is no text at all is looked at no further than it takes to see that."""
    scrambled = bytes((index * index * 7919 + index * 104729) >> 7 & 255 for index in range(MEGABYTE))
    assert parse(scrambled.decode("latin-1")).diagnostics
    assert parse(scrambled.decode("utf-8", "replace")).diagnostics


def test_after_deep_nesting_reading_goes_on_at_the_next_declaration() -> None:
    """A limit costs the declaration that passes it."""
    text = "let a = " + "(" * 200 + "1" + ")" * 200 + "\nlet b = 2\n"
    assert ["FL006"] == _codes(text)
    assert "let b = 2" in _kept(text)


def test_what_is_left_open_is_not_the_depth_of_what_follows() -> None:
    """Operators behind a bracket that is never closed do not add up over the declarations of a long file."""
    text = "let a = (1\n" + "".join(f"let b{number} = 1 + 2\n" for number in range(200))
    assert ["FL002"] == _codes(text)
    assert len(parse(text).tree.declarations) == 201


def test_lawful_depth_can_be_walked_by_recursion() -> None:
    """At the limit, comparing, printing and reading work by recursion."""
    text = "let a = " + "(" * 49 + "1" + ",)" * 49 + "\n"
    assert text == _kept(text)
    chained = "group g = " + " or ".join("a == 1" for _ in range(90)) + "\n"
    assert chained == _kept(chained)
    assert parse(chained).tree == parse(chained).tree
    assert repr(parse(chained).tree)


def test_a_broken_statement_inside_a_stage_costs_only_itself() -> None:
    """The other statements of the stage, and those around it, are read."""
    text = "policy p {\n  batch 8\n  from epoch 3 {\n    forze 3\n    last drop\n  }\n  seed 7\n}\n"
    assert ["FL001"] == _codes(text)
    assert text.replace("forze 3", "# not read") == _kept(text)


@pytest.mark.parametrize("lost", ["    last drop\n  }\n", " {\n    last drop"])
def test_a_lost_brace_of_a_stage_costs_nothing_in_an_indented_file(lost: str) -> None:
    """Indentation shows where the stage begins and ends."""
    text = "policy p {\n  batch 8\n  from epoch 3 {\n    last drop\n  }\n  seed 7\n}\n"
    broken = text.replace(lost, lost.replace("  }\n", "").replace(" {", ""))
    assert 1 == len(parse(broken).diagnostics)
    assert parse(text).tree == parse(broken).tree


@pytest.mark.parametrize(
    "statement",
    ["force at most 3 g", "force 1 of each label in", "mix a 3 b 1 per 8", "draw 8 label with 4", "from epoch { }"],
)
def test_a_broken_composition_costs_only_itself(statement: str) -> None:
    """What is said before and after it is read."""
    assert ["FL001"] == _codes(f"policy p {{\n  batch 8\n  {statement}\n  seed 7\n}}\n")
    assert "policy p {\n  batch 8\n  # not read\n  seed 7\n}\n" == _kept(
        f"policy p {{\n  batch 8\n  {statement}\n  seed 7\n}}\n"
    )
