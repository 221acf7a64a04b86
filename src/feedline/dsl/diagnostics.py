"""What feedline says about a file: errors, warnings and hints as plain values.

A `Rule` (in `dsl/rules`) is the kind of fault, with its code and explanation; a `Diagnostic` is one occurrence of it.
A `Reporter` collects them while a room works; rendering is in `dsl/render.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from feedline.dsl.frozen import define, field, frozen
from feedline.dsl.source import Sources, SourceText, Span

Severity = Literal["error", "warning", "hint"]


class Rule:
    """One kind of fault. The subclass's docstring is the explanation that docs and the command line show."""

    code: ClassVar[str]
    slug: ClassVar[str]
    severity: ClassVar[Severity] = "error"
    title: ClassVar[str]
    bad: ClassVar[str]
    """A file that earns this diagnostic and no other. Empty where only data, a path or a caller can cause it."""
    good: ClassVar[str]
    """The same file put right: it earns no diagnostic."""


@frozen
class Label:
    """A span with words that stand alone beside it."""

    span: Span
    text: str = ""


@frozen
class Edit:
    """Replace `span` by `text`; an insertion where the span is empty."""

    span: Span
    text: str


@frozen
class Fix:
    """A change that would put the fault right. `safe`: it cannot change what a correct file means."""

    title: str
    edits: tuple[Edit, ...]
    safe: bool = False


@frozen
class Diagnostic:
    """One thing found in one place. `line` and `column` (in code points) count from 1, and are 1 without a place."""

    code: str
    severity: Severity
    message: str
    path: str
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1
    span: Span | None = None
    label: str = ""
    secondary: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None
    fixes: tuple[Fix, ...] = ()
    data: Mapping[str, Any] = field(factory=dict, eq=False)


@define
class Reporter:
    """Collects diagnostics. Holds the sources so that every diagnostic knows its line when it is made."""

    sources: Sources = field(factory=Sources)
    diagnostics: list[Diagnostic] = field(factory=list)
    silenced: list[Diagnostic] = field(factory=list)
    """Warnings and hints that a comment of their line silences (see `ignores`)."""
    _all: set[Diagnostic] = field(factory=set, init=False, repr=False, eq=False)
    _counted: int = field(default=0, init=False, repr=False, eq=False)
    _last: Diagnostic | None = field(default=None, init=False, repr=False, eq=False)

    def report(
        self,
        rule: type[Rule],
        where: Span | str,
        message: str,
        *,
        label: str = "",
        secondary: Iterable[Label] = (),
        notes: Iterable[str] = (),
        help: str | None = None,
        fixes: Iterable[Fix] = (),
        data: Mapping[str, Any] | None = None,
    ) -> Diagnostic:
        """Record one fault at a span or, where there is no text to point at, about a path. A repeat is dropped.

        A warning or a hint that a comment of its line silences goes to `silenced`."""
        span = where if isinstance(where, Span) else None
        path = span.path if span is not None else str(where)
        line, column, end_line, end_column = 1, 1, 1, 1
        if span is not None and span.path in self.sources:
            source: SourceText = self.sources[span.path]
            line, column = source.position(span.start)
            end_line, end_column = source.position(span.end)
        diagnostic = Diagnostic(
            code=rule.code,
            severity=rule.severity,
            message=message,
            path=path,
            line=line,
            column=column,
            end_line=end_line,
            end_column=end_column,
            span=span,
            label=label,
            secondary=tuple(secondary),
            notes=tuple(notes),
            help=help,
            fixes=tuple(fixes),
            data=dict(data or {}),
        )
        if self._is_silenced(diagnostic):
            if diagnostic not in self.silenced:
                self.silenced.append(diagnostic)
        elif not self._is_known(diagnostic):
            self.diagnostics.append(diagnostic)
        return diagnostic

    def _is_known(self, diagnostic: Diagnostic) -> bool:
        if len(self.diagnostics) < 100:
            return diagnostic in self.diagnostics
        # A file may have thousands. Others change the list too, so what is known of it is brought up to date first.
        if not 0 < self._counted <= len(self.diagnostics) or self.diagnostics[self._counted - 1] is not self._last:
            self._all, self._counted = set(), 0
        self._all.update(self.diagnostics[self._counted :])
        self._counted, self._last = len(self.diagnostics), self.diagnostics[-1]
        return diagnostic in self._all

    def _is_silenced(self, diagnostic: Diagnostic) -> bool:
        if diagnostic.severity == "error" or diagnostic.span is None or diagnostic.path not in self.sources:
            return False
        from feedline.dsl.ignores import silences

        return silences(diagnostic.code, diagnostic.line, self.sources[diagnostic.path])

    @property
    def failed(self) -> bool:
        """Whether an error (not only warnings or hints) has been reported."""
        return any(diagnostic.severity == "error" for diagnostic in self.diagnostics)


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Diagnostics as a reader meets them: by file, then by place."""
    return sorted(diagnostics, key=lambda d: (d.path, d.span.start if d.span else -1, d.code))
