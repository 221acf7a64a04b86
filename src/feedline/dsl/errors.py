"""The exceptions and warnings that reach a caller of feedline. Inside, errors are values; only the outermost functions
raise."""

from __future__ import annotations

from collections.abc import Iterable

from feedline.dsl.diagnostics import Diagnostic
from feedline.dsl.source import Sources


class FeedlineError(Exception):
    """The root of every exception that feedline raises on purpose. `diagnostics` says what, where, and what to do."""

    def __init__(self, diagnostics: Iterable[Diagnostic], sources: Sources):
        self.diagnostics = tuple(diagnostics)
        self.sources = sources
        super().__init__(self.diagnostics, sources)

    def __str__(self) -> str:
        from feedline.dsl.render import render

        return "\n" + render(self.diagnostics, self.sources).rstrip("\n")


class CompileError(FeedlineError):
    """The file, its parameters or its data cannot make a pipeline. Carries every error and warning found."""


class FeedlineWarning(UserWarning):
    """What `feedline.compile` warns of, with Python's `warnings`: one for each diagnostic of severity `warning`."""

    def __init__(self, diagnostic: Diagnostic, sources: Sources):
        self.diagnostic = diagnostic
        self.sources = sources
        super().__init__(diagnostic, sources)

    def __str__(self) -> str:
        from feedline.dsl.render import render, summary

        said = [self.diagnostic]
        return "\n" + render(said, self.sources).removesuffix(f"{summary(said)}\n").rstrip("\n")


class LoadError(FeedlineError):
    """A batch could not be made: a sample that cannot be read, a step that failed, fields that cannot be collated. Or a
    loader was given a state, weights or ranks that it cannot go on with."""
