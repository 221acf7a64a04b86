"""Follows sample types through a chain: each step's rule, and how the forms around steps join what comes out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice, permutations

from feedline.compiler import ir
from feedline.compiler.sample_types.call import Call, Fault
from feedline.compiler.sample_types.fields import visible, without_field
from feedline.compiler.sample_types.model import UNKNOWN, UNKNOWN_SAMPLE, Sample, Tuple, Types, cover
from feedline.compiler.sample_types.rules import rule_of
from feedline.compiler.sample_types.side_by_side import told_apart, unlike_views
from feedline.dsl.frozen import define, field, frozen
from feedline.dsl.source import Sources

MAX_ALTERNATIVES = 16
"""Beyond this many alternatives they are joined into one that covers them all."""

MAX_ORDERS = 24
"""Orders of a `shuffled` block that are followed: all of four steps."""


@frozen
class After:
    """The types after one step of a chain, for `explain` and hover."""

    step: ir.Step
    types: Types


@define
class Interpreter:
    """One walk over a chain. `faults` holds each fault once, in the order found; `trace` the types after each step of
    the chain itself."""

    faults: dict[tuple[str, str, int, int], Fault] = field(factory=dict)
    trace: list[After] = field(factory=list)
    sources: Sources = field(factory=Sources)
    """The texts that fixes are made from."""
    _around: tuple[ir.OnField, Sample] | None = None
    _in_list: bool = False
    _behind: Sequence[ir.Step] = ()
    _known: dict[tuple[int, Sample, str | None, Sample | None], Types] = field(factory=dict)
    """What came out of a step for one alternative: many orders and branches meet the same steps."""

    def follow(self, steps: Sequence[ir.Step], types: Types) -> Types:
        """The types after a whole chain; fills `trace`. Steps after `views` belong to each view."""
        for place, step in enumerate(steps):
            self._behind = steps[place + 1 :]
            if isinstance(step, ir.Views):
                return self._follow_views(step, steps[place + 1 :], types)
            types = self._step(step, types)
            self.trace.append(After(step, types))
        return types

    def chain(self, steps: Sequence[ir.Step], types: Types) -> Types:
        """The types after the steps of an inner chain."""
        outer = self._behind
        for place, step in enumerate(steps):
            self._behind = steps[place + 1 :]
            types = self._step(step, types)
        self._behind = outer
        return types

    def maybe(self, probability: float, steps: Sequence[ir.Step], types: Types) -> Types:
        """The steps with a probability: as before, or after them."""
        if probability <= 0:
            return types
        taken = self.chain(steps, types)
        return taken if probability >= 1 else _union([types, taken])

    def one_of(self, branches: Iterable[Sequence[ir.Step]], types: Types) -> Types:
        """After one of several chains."""
        return _union(self.chain(branch, types) for branch in branches)

    def shuffled(self, steps: Sequence[ir.Step], types: Types) -> Types:
        """After the steps in any order."""
        return _union(self.chain(order, types) for order in islice(permutations(steps), MAX_ORDERS))

    def _step(self, step: ir.Step, types: Types) -> Types:
        return _union(self._alternative(step, sample) for sample in types)

    def _alternative(self, step: ir.Step, sample: Sample) -> Types:
        on, whole = self._around or (None, None)
        key = (id(step), sample, on and on.field, whole)
        if key not in self._known:
            self._known[key] = self._result(step, sample)
        return self._known[key]

    def _result(self, step: ir.Step, sample: Sample) -> Types:
        match step:
            case ir.Apply():
                return self._apply(step, sample)
            case ir.Maybe(probability=probability, steps=inner):
                return self.maybe(probability, inner, (sample,))
            case ir.OneOf(branches=branches):
                return self.one_of([branch.steps for branch in branches if branch.weight > 0], (sample,))
            case ir.Shuffled(steps=inner):
                return self.shuffled(inner, (sample,))
            case ir.Views(chains=chains):
                return (self._gather(step, sample, [self.chain(inner, (sample,)) for inner in chains]),)
            case ir.OnField():
                return self._field(step, sample)

    def _apply(self, step: ir.Apply, sample: Sample) -> Types:
        rule = None if step.target is not None or step.registered else rule_of(step.name)
        if rule is None:
            return (UNKNOWN_SAMPLE,)
        on_field = self._around[0].field if self._around is not None else None
        call = Call(step, self, on_field=on_field, in_list=self._in_list, around=self._around, behind=self._behind)
        # A step that is met while another's rule works is one of a container's.
        outer, self._in_list = self._in_list, True
        after = rule(sample, call)
        self._in_list = outer
        self._record(call.faults)
        return after if isinstance(after, tuple) else (after,)

    def _record(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            self.faults.setdefault((fault.rule.code, fault.span.path, fault.span.start, fault.span.end), fault)

    def _follow_views(self, step: ir.Views, rest: Sequence[ir.Step], types: Types) -> Types:
        """All views of every alternative side by side, so that `trace` has a line for each step after them too."""
        before = set(self.faults)
        views = [[self.chain(inner, (sample,)) for inner in step.chains] for sample in types]

        def gathered() -> Types:
            return _union([(self._gather(step, sample, of),) for sample, of in zip(types, views, strict=True)])

        self.trace.append(After(step, gathered()))
        for place, later in enumerate(rest):
            self._behind = rest[place + 1 :]
            views = [[self._step(later, view) for view in of] for of in views]
            self.trace.append(After(later, gathered()))
        new = [key for key in self.faults if key not in before]
        self.faults.update(zip(new, told_apart(step, [self.faults[key] for key in new]), strict=True))
        if not new:
            self._record(unlike_views(step, self.trace[-1].types))
        return self.trace[-1].types

    def _gather(self, step: ir.Views, sample: Sample, views: Sequence[Types]) -> Sample:
        """What a chain may change becomes a tuple with one value a view; other fields stay as the sample has them."""
        after = [cover(types) for types in views]
        if any(view == UNKNOWN_SAMPLE for view in after):
            return UNKNOWN_SAMPLE
        own = visible(sample) | {name for name, _ in after[0].fields if sample.get(name) is None}
        tuples = {name: Tuple(tuple(view.get(name) or UNKNOWN for view in after), step.span) for name in own}
        return sample.with_(**tuples)

    def _field(self, step: ir.OnField, sample: Sample) -> Types:
        """The chain sees that field alone."""
        found = sample.get(step.field)
        if found is None:
            self._record([without_field(step, sample)])
            return (sample,)
        outer, self._around = self._around, (step, sample)
        try:
            after = self.chain(step.steps, (Sample.of(**{step.field: found}),))
        finally:
            self._around = outer
        return tuple(sample.with_(**{step.field: inner.get(step.field) or UNKNOWN}) for inner in after)


def _union(parts: Iterable[Types]) -> Types:
    """All alternatives without repeats, joined into one where there are too many."""
    every = tuple(sample for part in parts for sample in part)
    every = tuple(dict.fromkeys(every)) if len(every) > 1 else every
    return every if len(every) <= MAX_ALTERNATIVES else (cover(every),)
