"""What the commands have in common: their options, and the way from a path to a checked program and its loaders."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from attrs import define, field

from feedline.cli.output import show
from feedline.compiler import compile_source, read_source
from feedline.compiler.ir import Program
from feedline.compiler.params import Given, definitions, params_file
from feedline.dsl.diagnostics import Diagnostic, Reporter
from feedline.dsl.ignores import still_idle
from feedline.dsl.rules.loaders import NothingToRun
from feedline.dsl.source import SourceText
from feedline.dsl.suggest import suggest

if TYPE_CHECKING:
    from feedline.runtime.pipeline import Pipeline

F = TypeVar("F", bound=Callable[..., object])


def param_options(command: F) -> F:
    """The options that every command with a file to check takes: `-D`, `--params`, `--allow-python`."""
    options = (
        click.option(
            "-D", "defines", metavar="NAME=VALUE", multiple=True, help="Set a `param` of the file. Repeatable."
        ),
        click.option("--params", metavar="FILE", help="Read `param` values from a TOML or JSON file; `-D` wins."),
        click.option("--allow-python", is_flag=True, help="Let the file's `python(...)` forms import and run code."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def loader_option(help: str) -> Callable[[F], F]:
    """`--loader NAME`, of the commands that are about several loaders."""
    return click.option("--loader", "names", metavar="NAME", multiple=True, help=f"{help} Repeatable.")


def json_option(help: str) -> Callable[[F], F]:
    """`--json`, of the commands whose result is a page or a table."""
    return click.option("--json", "as_json", is_flag=True, help=help)


def pass_option(command: F) -> F:
    """`--no-pass`, of the commands that show or run a plan."""
    text = "Leave out a pass of the optimiser, as `explain` names it. Repeatable."
    return click.option("--no-pass", "without", metavar="NAME", multiple=True, help=text)(command)


def known_passes(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of passes, all known. Wrong usage otherwise."""
    from feedline.compiler.passes import pass_names

    for name in names:
        if name not in pass_names():
            near = suggest(name, pass_names(), 1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(f'`{n}`' for n in pass_names())}"
            raise click.UsageError(f"there is no pass `{name}`; {hint}")
    return names


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
            raise click.UsageError(wrong.diagnostics[0].message)
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
            show(self.reporter.diagnostics, self.reporter.sources, stream=sys.stderr)
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


def wanted_loaders(program: Program, names: tuple[str, ...]) -> list[str]:
    """The loaders that a command is about: those named, in the file's order, or all."""
    have = [loader.name for loader in program.loaders]
    for name in names:
        if name not in have:
            near = suggest(name, have, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"it has {', '.join(f'`{n}`' for n in have) or 'none'}"
            raise click.UsageError(f"`{program.path}` has no loader `{name}`; {hint}")
    return [name for name in have if not names or name in names]
