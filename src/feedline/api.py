"""What Python callers use: `feedline.check` and `feedline.compile`. They call the rooms and hand on what comes back."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedline.compiler import CheckResult, Given, compile_source, read_source
from feedline.dsl.diagnostics import Diagnostic, Reporter, in_order
from feedline.dsl.errors import CompileError, FeedlineWarning
from feedline.dsl.ignores import still_idle
from feedline.dsl.source import SourceText

if TYPE_CHECKING:
    from feedline.runtime.pipeline import Pipeline


def check(path_or_text: str | os.PathLike[str], /, *, allow_python: bool = False, **params: Any) -> list[Diagnostic]:
    """Everything feedline has to say about a file or a text without opening its data, in reading order.

    `path_or_text` is a path if it is a `Path` or a string without a newline that ends in `.pipe`, else the text.
    `params` are values for the file's `param` declarations. Never imports torch, never runs the file's `python(...)`
    code, and never raises for what the text says: an empty list means that nothing is wrong.
    """
    return list(_checked(path_or_text, allow_python, params).diagnostics)


def compile(
    path_or_text: str | os.PathLike[str],
    /,
    *,
    allow_python: bool = False,
    rank: int | None = None,
    world_size: int | None = None,
    **params: Any,
) -> Pipeline:
    """Check a file or a text, open its data, and return its loaders.

    `path_or_text` and `params` are as for `check`. `allow_python` lets the file's `python(...)` forms run code: it is
    the caller's decision, a file cannot make it. `rank` of `world_size` says whose batches the loaders yield; without
    them `torch.distributed` or the launcher says so. The loaders are real `torch.utils.data.DataLoader` objects:
    `pipeline.train`, `pipeline["train"]`.

    Raises `CompileError` with every diagnostic where the file, a parameter, the ranks or the data is at fault. What is
    possible but surely not meant is a `FeedlineWarning` of Python's `warnings`.
    """
    result = _checked(path_or_text, allow_python, params)
    if result.program is None:
        raise CompileError(result.diagnostics, result.sources)
    from feedline.runtime.distributed import given_ranks
    from feedline.runtime.pipeline import bind

    reporter = Reporter(result.sources, list(result.diagnostics))
    ranks = given_ranks(rank, world_size, result.program, reporter)
    pipeline = bind(result.program, reporter, allow_python=allow_python, ranks=ranks)
    if pipeline is None:
        raise CompileError(in_order(reporter.diagnostics), result.sources)
    for diagnostic in in_order(still_idle(reporter.diagnostics, reporter.silenced)):
        if diagnostic.severity == "warning":
            warnings.warn(FeedlineWarning(diagnostic, result.sources), stacklevel=2)
    return pipeline


def _checked(path_or_text: str | os.PathLike[str], allow_python: bool, params: Mapping[str, Any]) -> CheckResult:
    given = {name: Given(value, "caller") for name, value in params.items()}
    if isinstance(path_or_text, str) and not _is_path(path_or_text):
        return compile_source(SourceText("<text>", path_or_text), params=given, allow_python=allow_python)
    reporter = Reporter()
    path = Path(path_or_text)
    source = read_source(path, reporter)
    if source is None:
        return CheckResult(None, tuple(reporter.diagnostics), reporter.sources)
    return compile_source(source, params=given, allow_python=allow_python, base=path.parent)


def _is_path(text: str) -> bool:
    return "\n" not in text and text.endswith(".pipe")
