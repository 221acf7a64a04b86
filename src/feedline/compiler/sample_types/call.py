"""What a rule sees of a step: its arguments, where they are written, and a place to say what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from feedline.compiler import ir
from feedline.compiler.sample_types.model import Sample, Types
from feedline.dsl.diagnostics import Fix, Label, Rule
from feedline.dsl.frozen import define, field, frozen
from feedline.dsl.source import Span

if TYPE_CHECKING:
    from feedline.compiler.sample_types.interpret import Interpreter


@frozen
class Fault:
    """One thing wrong with one step."""

    rule: type[Rule]
    span: Span
    message: str
    label: str = ""
    secondary: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None
    fixes: tuple[Fix, ...] = ()


@define
class Call:
    """One transform of a chain and the faults found in it, for one alternative of the sample."""

    step: ir.Apply
    interpreter: Interpreter
    """For containers such as `RandomApply([...])`, whose steps are followed as those of `maybe`."""
    on_field: str | None = None
    """The field that the step sees alone, inside `on FIELD { ... }`: there it works on numbers too."""
    in_list: bool = False
    """Whether the step stands in the list of a container such as `Compose([...])`, where commas separate steps."""
    around: tuple[ir.OnField, Sample] | None = None
    """The `on FIELD { ... }` that the step stands in, and the whole sample there."""
    behind: Sequence[ir.Step] = ()
    """The steps that follow in the same chain."""
    faults: list[Fault] = field(factory=list)

    @property
    def name(self) -> str:
        """The transform's name."""
        return self.step.name

    def value(self, name: str) -> ir.Value:
        """The value of a parameter, given or by default."""
        return next(arg.value for arg in self.step.args if arg.name == name)

    def span(self, name: str | None = None) -> Span:
        """Where an argument is written; the whole step where it is not given, or without a name."""
        given = (arg.span for arg in self.step.args if arg.name == name and arg.given)
        return next(given, self.step.span)

    def written(self, name: str) -> str:
        """The text of an argument that is given, with its name where it has one."""
        return self.text(self.span(name))

    def text(self, span: Span) -> str:
        """What stands in the file at a span; nothing where the text is not at hand."""
        source = self.interpreter.sources.get(span.path)
        return "" if source is None else source.text[span.start : span.end]

    def report(
        self,
        rule: type[Rule],
        message: str,
        *,
        at: str | None = None,
        label: str = "",
        secondary: Sequence[Label] = (),
        notes: Sequence[str] = (),
        help: str | None = None,
        fixes: Sequence[Fix] = (),
    ) -> None:
        """Say what is wrong with the step, or with its argument `at`."""
        fault = Fault(rule, self.span(at), message, label, tuple(secondary), tuple(notes), help, tuple(fixes))
        self.faults.append(fault)


StepRule: TypeAlias = Callable[[Sample, Call], "Sample | Types"]
"""What a transform makes of one alternative. A rule that reports an error goes on with what a right step would have
made, or with what is spoilt unknown, so that one fault gives one diagnostic."""
