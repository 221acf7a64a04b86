"""`feedline bench --tune`: a loader with other numbers and kinds of workers, each tried briefly, and the edit of the
file that says the best."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from attrs import evolve, frozen

from feedline.compiler import ir
from feedline.compiler.options import OPTIONS
from feedline.dsl import parse
from feedline.dsl.diagnostics import Edit
from feedline.dsl.fixes import apply, diff
from feedline.dsl.source import SourceText, Span
from feedline.runtime.bench.measure import Budget, in_turns
from feedline.runtime.bench.replay import of_loader, ramp_of
from feedline.runtime.bench.report import Spread, Trial, Tuning
from feedline.runtime.loader import Loader

_ROUNDS = 3
_CLOSE = 0.95
"""Of the best rate: from here on the setting with fewer workers is preferred."""


def settings(cores: int, threads: bool) -> list[tuple[int, str]]:
    """What is tried: no workers, then 1, 2, 4, ... up to one a core, of each kind that the loader may have."""
    counts = sorted({count for count in (1, 2, 4, 8, 16, 32, 64, cores) if count <= cores})
    kinds = ("process", "thread") if threads else ("process",)
    return [(0, "none"), *((count, kind) for count in counts for kind in kinds)]


def with_workers(declaration: ir.Loader, workers: int, kind: str) -> ir.Loader:
    """The same loader with other workers."""
    return with_options(declaration, {"num_workers": workers, "worker_kind": ir.Symbol(kind if workers else "auto")})


def with_options(declaration: ir.Loader, values: Mapping[str, ir.Value]) -> ir.Loader:
    """The same loader with other values of some options."""
    options = (
        evolve(item, value=values[item.name], given=True) if item.name in values else item
        for item in declaration.options
    )
    return evolve(declaration, options=tuple(options))


@frozen
class Machinery:
    """What trying other settings takes."""

    build: Callable[[ir.Loader], Loader | None]
    """Makes a loader of a declaration; None where it cannot be (its code cannot be sent to processes)."""
    kind: Callable[[ir.Loader], str]
    """What the workers of a declaration are: `process`, `thread`, `none`."""
    threads: bool
    """Whether they may be threads."""
    cores: int
    sources: Mapping[str, SourceText]


def tune(declaration: ir.Loader, own: tuple[int, str], machinery: Machinery, budget: Budget) -> Tuning:
    """Try the settings in turns and say which is best. `own`: the workers that the loader has, and their kind."""
    loaders = {
        (workers, kind): loader
        for workers, kind in settings(machinery.cores, machinery.threads)
        if (loader := machinery.build(with_workers(declaration, workers, kind))) is not None
    }
    ramp = max(map(ramp_of, loaders.values()))
    rates = in_turns(
        {f"{workers} {kind}": of_loader(loader) for (workers, kind), loader in loaders.items()},
        budget, _ROUNDS, ramp=ramp,
    )  # fmt: skip
    trials = tuple(Trial(workers, kind, Spread.of(rates[f"{workers} {kind}"])) for workers, kind in loaders)
    if budget.few:
        return Tuning(trials, None, "", "too few batches to say which is best: leave `--batches` out")
    best = best_of(trials, own)
    if (best.workers, best.kind) == own:
        return Tuning(trials, best, "")
    where = declaration.span
    text = machinery.sources[where.path].text if where.path in machinery.sources else None
    if text is None:
        return Tuning(trials, best, "", "the text of the loader is not at hand")
    new = rewritten(text, declaration, best, machinery.kind)
    if parse(new).diagnostics and not parse(text).diagnostics:
        return Tuning(trials, best, "", f"write `num_workers = {best.workers}` into the loader")
    return Tuning(trials, best, diff(where.path, text, new))


def best_of(trials: Iterable[Trial], own: tuple[int, str]) -> Trial:
    """The fastest, or one with fewer workers that is as good as it; but the file's own setting (workers, kind) unless
    every round of the other was faster than that."""
    trials = list(trials)
    most = max(trial.rate.median for trial in trials)
    best = min((trial for trial in trials if trial.rate.median >= _CLOSE * most), key=lambda trial: trial.workers)
    mine = next((trial for trial in trials if (trial.workers, trial.kind) == own), None)
    return best if mine is None or best.rate.low > mine.rate.high else mine


# ---- the edit


def rewritten(text: str, declaration: ir.Loader, best: Trial, kind: Callable[[ir.Loader], str]) -> str:
    """The file's text with the loader's options set to a trial's. Statements that need workers go where there are none;
    what the loader would do by itself is not said."""
    given = {option.name: option for option in declaration.options if option.given}
    wanted: dict[str, str | None] = {}
    if declaration.option("num_workers") != best.workers:
        wanted["num_workers"] = f"num_workers = {best.workers}"
    if not best.workers:
        idle = (name for name, option in given.items() if OPTIONS[name].needs_workers and option.value)
        wanted |= dict.fromkeys(idle)
    elif kind(with_options(declaration, {"num_workers": best.workers})) != best.kind:
        wanted["worker_kind"] = f"worker_kind = {best.kind}"
    edits: list[Edit] = []
    new: list[str] = []
    for name, statement in wanted.items():
        if name not in given:
            new += [statement] if statement is not None else []
        elif statement is not None:
            edits.append(Edit(given[name].span, statement))
        else:
            edits.append(_removal(text, given[name].span))
    if new:
        edits.append(_insertion(text, declaration.span, new))
    return apply(text, edits)


def _removal(text: str, span: Span) -> Edit:
    """Without the statement; without its line where it has one to itself."""
    begin = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end)
    end = len(text) if end < 0 else end + 1
    alone = not text[begin : span.start].strip() and not text[span.end : end].strip()
    if alone:
        return Edit(Span(span.path, begin, end), "")
    behind = re.compile(r"[ \t]*;[ \t]*").match(text, span.end)
    return Edit(Span(span.path, span.start, behind.end() if behind else span.end), "")


def _insertion(text: str, loader: Span, statements: list[str]) -> Edit:
    """New statements at the end of the loader's block, which `loader` ends with."""
    brace = loader.end - 1
    begin = text.rfind("\n", 0, brace) + 1
    indent = text[begin:brace]
    if begin > loader.start and not indent.strip():
        lines = "".join(f"{indent}  {statement}\n" for statement in statements)
        return Edit(Span(loader.path, begin, begin), lines)
    body = text[loader.start : brace].rstrip()
    between = " " if body.endswith(("{", ";")) else "; "
    start = loader.start + len(body)
    return Edit(Span(loader.path, start, brace), f"{between}{'; '.join(statements)} ")
