"""What `check_populations` reports, for the tests of feasibility."""

from feedline.compiler import ir
from feedline.dsl.diagnostics import Diagnostic, Reporter
from feedline.runtime.sampling import Populations, check_populations


def check(chosen: ir.Policy, people: Populations, whole: dict[str, int] | None = None) -> list[Diagnostic]:
    """All that is reported."""
    reporter = Reporter()
    check_populations(chosen, people, reporter, whole=whole)
    return reporter.diagnostics


def only(chosen: ir.Policy, people: Populations, whole: dict[str, int] | None = None) -> Diagnostic:
    """The one thing reported."""
    (found,) = check(chosen, people, whole)
    return found
