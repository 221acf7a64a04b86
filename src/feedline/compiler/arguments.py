"""Arguments of a call against a catalogue entry's parameters: bound as Python binds them, checked and completed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from feedline.compiler import ir
from feedline.compiler.catalogue import (
    Entry,
    Misfit,
    Parameter,
    ParamType,
    dataset,
    dataset_names,
    renamed,
    synonyms,
    transform,
    transform_names,
)
from feedline.compiler.misfits import correction, one_constant, report_misfit, two_sizes
from feedline.compiler.names import last_part
from feedline.compiler.values import UNKNOWN, Evaluated
from feedline.dsl import tree
from feedline.dsl.diagnostics import Edit, Fix, Reporter, Rule
from feedline.dsl.frozen import define, evolve, field
from feedline.dsl.rules.names import UnknownSource, UnknownTransform
from feedline.dsl.rules.values import (
    MissingArgument,
    PositionalAfterNamed,
    RefusedArgument,
    RepeatedArgument,
    TooManyArguments,
    UnknownArgument,
)
from feedline.dsl.source import Span
from feedline.dsl.suggest import did_you_mean, same_but_for_case, suggest

Evaluate: TypeAlias = Callable[[tree.Expr, ParamType], Evaluated]


def check_call(entry: Entry, call: tree.Call, evaluate: Evaluate, reporter: Reporter) -> tuple[ir.Arg, ...] | None:
    """Every argument of `call` in the order of the entry's parameters, defaults filled in, values in their final form.

    None after a fault, which has been reported; faults of different arguments are all reported. `evaluate` works out an
    argument where a type is wanted, or reports and answers `UNKNOWN`."""
    if one_constant(entry, call, reporter):
        return None
    twice = two_sizes(entry, call, evaluate, reporter)
    if twice:  # the others are checked as they stand once the two are one
        high, wide, *others = call.arguments
        pair = tree.TupleExpr(high.span.to(wide.span), (high.value, wide.value))
        call = evolve(call, arguments=(evolve(high, value=pair), *others))
    binding = _Binding(entry, call, evaluate, reporter, failed=twice)
    binding.bind()
    args: list[ir.Arg] = []
    for parameter in entry.parameters:
        for argument in binding.bound.get(parameter.name, ()):
            value = evaluate(argument.value, parameter.type)
            if value is UNKNOWN:
                binding.failed = True
                continue
            fitted = parameter.type.fit(value)
            if isinstance(fitted, Misfit):
                binding.failed = True
                report_misfit(entry, parameter, argument.value, value, fitted, reporter)
            else:
                args.append(ir.Arg(span=argument.span, name=_name_of(parameter, argument), value=fitted))
        if parameter.name not in binding.bound and not parameter.required:
            args.append(_default(parameter, call, evaluate))
    return None if binding.failed else tuple(args)


def unknown_transform(name: str, span: Span, reporter: Reporter, also: tuple[str, ...] = ()) -> None:
    """Report a step that does not exist, with what was probably meant. `also`: names declared or registered."""
    last = last_part(name)
    if dataset(last):
        message, help = f"`{name}` is a dataset, not a transform", f"declare it: `dataset NAME = {last}(...)`"
        reporter.report(UnknownTransform, span, message, help=help)
        return
    if new := renamed("transform").get(last):
        fix = Fix(f"write `{new}`", (Edit(span, new),), safe=True)
        reporter.report(UnknownTransform, span, f"there is no transform `{name}`", help=fix.title, fixes=[fix])
        return
    help = synonyms("transform").get(last)
    _report_unknown(UnknownTransform, "transform", name, span, reporter, (*transform_names(), *also), help)


def unknown_dataset(name: str, span: Span, reporter: Reporter, also: tuple[str, ...] = ()) -> None:
    """Report a source that does not exist, with what was probably meant. `also`: names registered from Python."""
    last = last_part(name)
    if transform(last):
        message, help = f"`{name}` is a transform, not a dataset", "it stands in a `transform { ... }` block"
        reporter.report(UnknownSource, span, message, help=help)
        return
    help = synonyms("dataset").get(last)
    _report_unknown(UnknownSource, "dataset", name, span, reporter, (*dataset_names(), *also), help)


def _report_unknown(
    rule: type[Rule],
    kind: str,
    name: str,
    span: Span,
    reporter: Reporter,
    candidates: tuple[str, ...],
    help: str | None,
) -> None:
    last = last_part(name)
    exact = last != name and last in candidates
    near = [last] if exact else suggest(last, candidates)
    fixes = [_rename(last, near[0], span)] if near and help is None else []
    help = help or (f"write `{last}`" if exact else did_you_mean(last, candidates))
    reporter.report(rule, span, f"there is no {kind} `{name}`", help=help, fixes=fixes)


def _rename(name: str, near: str, span: Span) -> Fix:
    """A near name is a guess, unless capitals are all that is wrong with the name."""
    return Fix(f"write `{near}`", (Edit(span, near),), safe=same_but_for_case(name, near))


@define
class _Binding:
    """Which argument goes to which parameter. A fault is reported and leaves its argument out."""

    entry: Entry
    call: tree.Call
    evaluate: Evaluate
    reporter: Reporter
    bound: dict[str, list[tree.Argument]] = field(factory=dict)
    failed: bool = False
    excused: set[str] = field(factory=set)
    """Parameters that a fault already reported seems to be about, so that they are not missing as well."""

    def bind(self) -> None:
        by_position = [item for item in self.entry.parameters if item.kind == "positional"]
        variadic = self._of_kind("var-positional")
        named_before: tree.Argument | None = None
        extra: list[tree.Argument] = []
        place = 0
        for argument in self.call.arguments:
            if argument.name is not None:
                named_before = named_before or argument
                self._bind_name(argument, argument.name)
            elif named_before is not None:
                self._fault(PositionalAfterNamed, argument.span, "an argument without a name stands after a named one")
                self.excused.update(item.name for item in self.entry.parameters)
            else:
                if place < len(by_position):
                    self.bound[by_position[place].name] = [argument]
                elif variadic is not None:
                    self.bound.setdefault(variadic.name, []).append(argument)
                else:
                    extra.append(argument)
                place += 1
        if extra:
            self._report_extra(extra, place, len(by_position))
        self._report_missing()

    def _of_kind(self, kind: str) -> Parameter | None:
        return next((item for item in self.entry.parameters if item.kind == kind), None)

    def _bind_name(self, argument: tree.Argument, name: tree.Name) -> None:
        parameter = self.entry.parameter(name.text)
        if parameter is not None and parameter.kind in ("positional", "keyword"):
            if name.text in self.bound:
                message = f"`{name.text}` of `{self.entry.name}` is given twice"
                self._fault(RepeatedArgument, argument.span, message, help="leave one of them out")
            else:
                self.bound[name.text] = [argument]
            return
        variadic = self._of_kind("var-keyword")
        if variadic is not None:
            taken = self.bound.setdefault(variadic.name, [])
            if any(other.name is not None and other.name.text == name.text for other in taken):
                message = f"`{name.text}` of `{self.entry.name}` is given twice"
                self._fault(RepeatedArgument, argument.span, message, help="leave one of them out")
            taken.append(argument)
        elif name.text in self.entry.refused:
            message = f"`{name.text}` of `{self.entry.name}` cannot be written in a file"
            self._fault(RefusedArgument, argument.span, message, help=self.entry.refused[name.text])
        else:
            self._report_unknown_name(argument, name)

    def _report_unknown_name(self, argument: tree.Argument, name: tree.Name) -> None:
        names = [item.name for item in self.entry.parameters if item.kind in ("positional", "keyword")]
        known = renamed("argument").get(name.text) or synonyms("argument").get(name.text)
        if known in names and known not in self.bound:
            self._report_other_name(argument, name, self.entry.parameter(known))
            return
        near = suggest(name.text, [item for item in names if item not in self.bound] or names)
        self.excused.update(near)
        listed = ", ".join(f"`{item}`" for item in names)
        takes = f"`{self.entry.name}` takes {listed}" if names else f"`{self.entry.name}` takes no arguments"
        fixes = [_rename(name.text, near[0], name.span)] if near else []
        message = f"`{self.entry.name}` has no argument `{name.text}`"
        help = did_you_mean(name.text, near) or takes
        self._fault(UnknownArgument, name.span, message, help=help, notes=(takes,) if near else (), fixes=fixes)

    def _report_other_name(self, argument: tree.Argument, name: tree.Name, parameter: Parameter | None) -> None:
        """An argument that older or other libraries call so."""
        assert parameter is not None
        self.excused.add(parameter.name)
        message = f"`{self.entry.name}` has no argument `{name.text}`"
        help = f"the nearest here is `{parameter.name}`: {parameter.type.describe()}"
        if name.text in ("height", "width"):
            help = "both sides are one argument: `size=(height, width)`"
        fix = self._renamed(argument, name, parameter) if name.text in renamed("argument") else None
        self._fault(UnknownArgument, name.span, message, help=fix.title if fix else help, fixes=[fix] if fix else [])

    def _renamed(self, argument: tree.Argument, name: tree.Name, parameter: Parameter) -> Fix | None:
        """The name as it is here, with the value as it is here; None where no such value is plain."""
        rename = Edit(name.span, parameter.name)
        value = self.evaluate(argument.value, parameter.type)
        if value is UNKNOWN or not isinstance(parameter.type.fit(value), Misfit):
            return Fix(f"write `{parameter.name}`", (rename,), safe=True)
        meant = correction(parameter, value, argument.value)
        if meant is None or len(meant.edits) != 1:
            return None
        return Fix(f"write `{parameter.name}={meant.edits[0].text}`", (rename, *meant.edits), safe=meant.safe)

    def _report_extra(self, extra: list[tree.Argument], given: int, allowed: int) -> None:
        name = self.entry.name
        at_most = f"at most {allowed}" if allowed else "no"
        message = f"`{name}` takes {at_most} argument{'s' * (allowed != 1)} by position, {given} are given"
        named = [f"`{item.name}`" for item in self.entry.parameters if item.kind == "keyword"]
        help = f"{', '.join(named)} must be given by name, as in `name=value`" if named else None
        self._fault(TooManyArguments, extra[0].span.to(extra[-1].span), message, help=help)

    def _report_missing(self) -> None:
        for item in self.entry.parameters:
            if not item.required or item.name in self.bound or item.name in self.excused:
                continue
            if item.kind in ("positional", "keyword"):
                message = f"`{self.entry.name}` needs `{item.name}`"
                help = f"`{item.name}` is {item.type.describe()}"
                self._fault(MissingArgument, self.call.span, message, help=help, notes=(item.doc,) if item.doc else ())

    def _fault(
        self,
        rule: type[Rule],
        span: Span,
        message: str,
        *,
        help: str | None = None,
        notes: tuple[str, ...] = (),
        fixes: list[Fix] | None = None,
    ) -> None:
        self.failed = True
        self.reporter.report(rule, span, message, help=help, notes=notes, fixes=fixes or ())


def _name_of(parameter: Parameter, argument: tree.Argument) -> str:
    if parameter.kind == "var-keyword" and argument.name is not None:
        return argument.name.text
    return parameter.name


def _default(parameter: Parameter, call: tree.Call, evaluate: Evaluate) -> ir.Arg:
    value = parameter.default
    if parameter.is_path and isinstance(value, str):
        # A path that was left out is relative to the same folder as one that is written.
        evaluated = evaluate(tree.String(call.span, (value,)), parameter.type)
        value = value if evaluated is UNKNOWN else evaluated
    return ir.Arg(span=call.span, name=parameter.name, value=value, given=False)
