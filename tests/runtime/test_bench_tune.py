"""What `--tune` advises, and the edit of the file."""

from __future__ import annotations

import pytest

from feedline import check
from feedline.compiler import compile_source, ir
from feedline.dsl.fixes import diff
from feedline.dsl.source import SourceText
from feedline.runtime.bench.report import Spread, Trial
from feedline.runtime.bench.tune import best_of, rewritten, settings

HEAD = 'dataset tiles = Files("*.png", root="tiles")\n'


def trial(workers: int, rate: float, kind: str = "process") -> Trial:
    """A setting whose rounds were all within a tenth."""
    return Trial(workers, kind if workers else "none", Spread(rate, rate * 0.95, rate * 1.05))


def declared(text: str) -> ir.Loader:
    """The only loader of a text."""
    program = compile_source(SourceText("a.pipe", text)).program
    assert program is not None
    return program.loaders[0]


def after(loader: str, best: Trial, kind: str = "process") -> str:
    """The loader's text with the setting in it; where the loader would have workers of `kind` by itself."""
    new = rewritten(HEAD + loader, declared(HEAD + loader), best, lambda _: kind)
    assert [] == [item for item in check(new) if item.severity == "error"]
    return new.removeprefix(HEAD)


def test_what_is_tried() -> None:
    """Powers of two up to the cores, and the cores."""
    assert [(0, "none"), (1, "process"), (2, "process"), (4, "process"), (6, "process")] == settings(6, threads=False)
    assert [(0, "none"), (1, "process"), (1, "thread")] == settings(1, threads=True)


def test_the_fastest_is_best() -> None:
    """Where it is clearly faster than what the file has."""
    assert 4 == best_of([trial(0, 100), trial(2, 180), trial(4, 300)], (0, "none")).workers


def test_fewer_workers_that_are_as_good() -> None:
    """Memory that brings nothing is not advised."""
    assert 2 == best_of([trial(0, 100), trial(2, 290), trial(4, 300)], (0, "none")).workers


def test_noise_changes_no_file() -> None:
    """Rounds that overlap with those of the file's own setting prove nothing."""
    assert 0 == best_of([trial(0, 100), trial(2, 108)], (0, "none")).workers


def test_a_setting_of_its_own_that_was_not_tried() -> None:
    """Three workers, say: then the best of the others."""
    assert 2 == best_of([trial(0, 100), trial(2, 108)], (3, "process")).workers


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (
            "loader train from tiles {\n  sample { batch 8 }\n}\n",
            "loader train from tiles {\n  sample { batch 8 }\n  num_workers = 2\n}\n",
        ),
        (
            "loader train from tiles { sample { batch 8 } }\n",
            "loader train from tiles { sample { batch 8 }; num_workers = 2 }\n",
        ),
        ("loader train from tiles {}\n", "loader train from tiles { num_workers = 2 }\n"),
        (
            "loader train from tiles {\n  num_workers = 8  # many\n}\n",
            "loader train from tiles {\n  num_workers = 2  # many\n}\n",
        ),
        ("loader train from tiles { num_workers = 1 }", "loader train from tiles { num_workers = 2 }"),
    ],
)
def test_more_workers(before: str, expected: str) -> None:
    """The statement is changed where it stands, or added at the end of the block."""
    assert expected == after(before, trial(2, 1))


def test_no_workers_takes_what_needs_them() -> None:
    """A file that says `prefetch_factor` without workers would be wrong."""
    before = "loader train from tiles {\n  num_workers = 2\n  prefetch_factor = 4\n  persistent_workers = true\n}\n"
    assert "loader train from tiles {\n  num_workers = 0\n}\n" == after(before, trial(0, 1))
    before = "loader train from tiles { num_workers = 2; prefetch_factor = 4; verify = true }\n"
    assert "loader train from tiles { num_workers = 0; verify = true }\n" == after(before, trial(0, 1))


def test_the_kind_is_said_where_it_would_be_another() -> None:
    """What the loader does by itself needs no word."""
    before = "loader train from tiles {\n  num_workers = 1\n}\n"
    thread = "loader train from tiles {\n  num_workers = 2\n  worker_kind = thread\n}\n"
    assert thread == after(before, trial(2, 1, "thread"))
    assert thread.replace("  worker_kind = thread\n", "") == after(before, trial(2, 1, "thread"), kind="thread")


def test_a_file_that_says_it_already_stays() -> None:
    """The same setting is no edit."""
    assert "loader train from tiles { num_workers = 2 }" == after(
        "loader train from tiles { num_workers = 2 }", trial(2, 1)
    )


def test_the_diff_names_the_file() -> None:
    """As `patch` takes it, a missing line end included."""
    assert "--- a.pipe\n+++ a.pipe\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+y\n" == diff("a.pipe", "x", "y\n")


def test_the_diff_breaks_lines_where_patch_does() -> None:
    """A form feed, a lone `\\r` and Unicode's own line ends stand inside a line."""
    before = "# a\x0cb\u2028c\rd\nx\n"
    assert f"--- a.pipe\n+++ a.pipe\n@@ -1,2 +1,2 @@\n {before[:-3]}\n-x\n+y\n" == diff(
        "a.pipe", before, before.replace("x\n", "y\n")
    )
