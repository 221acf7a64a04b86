"""What one compilation shares: the files, the reporter, what has been worked out, and what is being worked out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from feedline.compiler.ir import Apply, Group
from feedline.compiler.names import Declared, Unit
from feedline.compiler.params import Given
from feedline.compiler.values import UNKNOWN, Unknown
from feedline.dsl import tree
from feedline.dsl.diagnostics import Label, Reporter
from feedline.dsl.frozen import define, field
from feedline.dsl.rules.names import Circular
from feedline.dsl.rules.values import TooLarge

T = TypeVar("T")


@define(eq=False)
class Context:
    """One compilation. A declaration is worked out when it is first needed, and once."""

    main: Unit
    units: list[Unit]
    reporter: Reporter
    given: Mapping[str, Given]
    allow_python: bool
    parameters: Mapping[str, Declared]
    """Every parameter by the name it is set under from outside."""
    apply: Callable[[Context, Unit, tree.Call], Apply | None]
    """Lowers the call of a transform that stands as a value, as in `RandomApply([ColorJitter(0.4)])`."""
    splits: dict[Declared, Declared] = field(factory=dict)
    """The split of each dataset that has one."""
    made: dict[str, Group] = field(factory=dict)
    """The groups that policies need and no declaration names, by name."""
    _done: dict[Declared, Any] = field(factory=dict)
    _open: list[Declared] = field(factory=list)
    _too_deep: bool = False

    def once(self, declared: Declared, lower: Callable[[Context, Declared], T | Unknown]) -> T | Unknown:
        """What `lower` makes of a declaration, remembered. `UNKNOWN` where it is at fault, needs itself, or needs
        something at fault; a circle is reported once."""
        if declared in self._done:
            return self._done[declared]
        if declared in self._open:
            self._circle(self._open[self._open.index(declared) :])
            return UNKNOWN
        self._open.append(declared)
        try:
            result = lower(self, declared)
        except RecursionError:
            # Caught where there is stack left to report it; the declarations further out see only UNKNOWN.
            if not self._too_deep:
                message = f"`{declared.name}` is nested too deeply, or reached through too many others"
                self.reporter.report(TooLarge, declared.span, message)
            self._too_deep = True
            result = UNKNOWN
        finally:
            self._open.pop()
        self._done[declared] = result
        return result

    def split_of(self, dataset: Declared) -> Declared | None:
        """The `split` that divides a dataset."""
        return self.splits.get(dataset)

    def is_done(self, declared: Declared) -> bool:
        """Whether a declaration has been worked out, well or not."""
        return declared in self._done

    def results(self, kind: type[T]) -> tuple[T, ...]:
        """Everything of one kind that has been worked out, what something needs before that which needs it."""
        return tuple(result for result in self._done.values() if isinstance(result, kind))

    def _circle(self, members: list[Declared]) -> None:
        first, *others = members
        needs = ", which needs ".join(f"`{member.name}`" for member in (*others, first))
        self.reporter.report(
            Circular,
            first.span,
            f"`{first.name}` needs {needs}" if others else f"`{first.name}` is defined by itself",
            label="needs itself to be worked out",
            secondary=[Label(member.span, "and this") for member in others],
        )
