"""Failures while batches are made, as values that travel between processes and become diagnostics in the main one."""

from __future__ import annotations

import traceback

from attrs import field, frozen

from feedline.dsl.diagnostics import Diagnostic, Reporter
from feedline.dsl.rules import RULES
from feedline.dsl.source import Sources, Span


@frozen
class Failure:
    """One failure: a rule's code and the parts of its diagnostic. `cause` stays in the process where it was raised."""

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    help: str | None = None
    notes: tuple[str, ...] = ()
    cause: BaseException | None = field(default=None, eq=False, repr=False)

    def __getstate__(self) -> tuple[object, ...]:
        return (self.code, self.message, self.span, self.label, self.help, self.notes, None)

    def __setstate__(self, state: tuple[object, ...]) -> None:
        names = ("code", "message", "span", "label", "help", "notes", "cause")
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)


class PipelineFailure(Exception):
    """Raised where a batch cannot be made and the reason is known; carries the failure."""

    def __init__(self, failure: Failure):
        super().__init__(failure.message)
        self.failure = failure


def failure_of(error: Exception) -> Failure:
    """Any exception as a failure: what is known keeps its own words, the rest is feedline's own fault."""
    if isinstance(error, PipelineFailure):
        return error.failure
    last = "".join(traceback.format_exception_only(error)).strip()
    where = traceback.extract_tb(error.__traceback__)[-1]
    return Failure(
        "FL901",
        f"feedline failed while making a batch: {last}",
        notes=(f"raised in {where.filename}:{where.lineno}",),
        cause=error,
    )


def to_diagnostic(failure: Failure, sources: Sources, loader: str | None = None) -> Diagnostic:
    """The diagnostic of a failure, at its span or, where there is none, about the file. `loader` is the one that was
    making a batch."""
    where = failure.span if failure.span is not None else next(iter(sources), "<text>")
    notes = failure.notes if loader is None else (*failure.notes, f"while loader `{loader}` made a batch")
    return Reporter(sources).report(
        RULES[failure.code], where, failure.message, label=failure.label, help=failure.help, notes=notes
    )
