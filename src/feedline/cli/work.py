"""What the commands have in common: the way from a path to a checked program and its data."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from feedline.cli.output import show
from feedline.compiler import compile_source, read_source
from feedline.compiler.ir import Program
from feedline.compiler.params import Given, definitions, params_file
from feedline.dsl.diagnostics import Diagnostic, Reporter
from feedline.dsl.frozen import define, field
from feedline.dsl.ignores import still_idle
from feedline.dsl.rules.loaders import NothingToRun
from feedline.dsl.source import SourceText

if TYPE_CHECKING:
    from feedline.runtime.pipeline import Pipeline


@define
class Work:
    """One command's files: what was given for them, and everything there is to say about them."""

    given: Mapping[str, Given]
    allow_python: bool
    reporter: Reporter = field(factory=Reporter)
    texts: dict[str, str] = field(factory=dict)
    """Texts that stand for the files at these absolute paths."""
    _known: set[Diagnostic] = field(factory=set)

    @classmethod
    def of(cls, defines: Iterable[str], params: str | None, allow_python: bool) -> Work:
        """From the values of the options. A `-D` that sets nothing is wrong usage."""
        wrong = Reporter()
        given = definitions(defines, wrong)
        if wrong.failed:
            from click import UsageError  # a plain check has no use for it, see `plain`

            raise UsageError(wrong.diagnostics[0].message)
        work = cls({}, allow_python)
        if params is not None:
            given = {**params_file(params, work.reporter), **given}
        work.given = given
        return work

    @property
    def failed(self) -> bool:
        """Whether an error has been found."""
        return self.reporter.failed

    def check(self, path: str) -> Program | None:
        """Check one file; what is found goes to the reporter."""
        key = os.path.normpath(os.path.abspath(path))
        source = SourceText(path, self.texts[key]) if key in self.texts else read_source(path, self.reporter)
        if source is None:
            return None
        result = compile_source(
            source,
            params=self.given,
            allow_python=self.allow_python,
            base=Path(path).absolute().parent,
            texts=self.texts,
        )
        for text in result.sources.values():
            self.reporter.sources.add(text)
        self.add(result.diagnostics)
        self.reporter.silenced += result.silenced
        return result.program

    def runnable(self, path: str, purpose: str) -> Program | None:
        """Check one file that must have loaders, `purpose` being what for; what is found goes to the reporter."""
        program = self.check(path) if not self.failed else None
        if program is not None and not program.loaders:
            self.reporter.report(NothingToRun, path, f"`{path}` declares no loader, so there is {purpose}")
            return None
        return program

    def ended(self, well: bool = True) -> int:
        """Say on standard error what was found. The exit code: 0 if all went well."""
        if self.reporter.diagnostics:
            show(self.reporter.diagnostics, self.reporter.sources, to="stderr")
        return 0 if well and not self.failed else 1

    def bind(self, program: Program, without: tuple[str, ...] = ()) -> Pipeline | None:
        """Open a program's data; what is found goes to the reporter. The only place where a command needs torch.
        `without` names passes that the plans do without."""
        from feedline.compiler.sample_types.check import settled_by_data
        from feedline.runtime.pipeline import bind

        self.reporter.diagnostics[:] = settled_by_data(self.reporter.diagnostics)
        self._known.intersection_update(self.reporter.diagnostics)
        # A reporter of its own, because `bind` gives up where its reporter holds an error, be it another file's.
        reporter = Reporter(self.reporter.sources)
        pipeline = bind(program, reporter, allow_python=self.allow_python, without=without)
        self.reporter.diagnostics[:] = still_idle(self.reporter.diagnostics, reporter.silenced)
        self.add(reporter.diagnostics)
        return pipeline

    def add(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Take over diagnostics. Two files may import a third: what is wrong with it is said once."""
        for item in diagnostics:
            if item not in self._known:
                self._known.add(item)
                self.reporter.diagnostics.append(item)
