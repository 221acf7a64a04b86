"""What a benchmark says would help next: one paragraph, every number in it measured. Free of torch."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from feedline.runtime.bench.report import LoaderBench, ProcessUse, StageTime, Trial

_BUSY = 0.85
"""Of a core: a process that computes most of the time."""
_IDLE = 0.5
"""Of a core: a worker that waits for something else more than it computes."""
_WORTH = 0.25
"""The share of the work from which its removal is worth a sentence."""
_SAVED = 0.1
"""The share of the work for which other pixels are worth a sentence."""
_NEARLY = 0.7
"""Of what delivery is able to: from here on it is the limit."""
_LONG = 5.0
"""Seconds of an epoch from which starting workers for it costs little beside it."""
_AMPLE = 1.5
"""How many times as fast as its consumer a loader is, for nothing to be gained by a faster one."""


@frozen
class Circumstances:
    """What advice depends on beside the measurements: how the loader is written, what the machine has."""

    cache: str
    """The option `cache`: `off`, `memory` or `disk`."""
    persistent: bool
    gathered: bool
    """Batches come out of an array in memory as a whole."""
    saved_by_fast: float
    """The share of the work of a batch that `optimize = fast` was seen to save, decoding at a fraction of the size."""
    free_memory: int | None
    """Bytes."""


def advise(bench: LoaderBench, circumstances: Circumstances) -> str:
    """The paragraph: who waits, where the time goes, what would help."""
    sentences = [*_busy(bench), *_who_waits(bench)]
    if not _ample(bench):
        sentences += [
            *_where_the_time_goes(bench, circumstances),
            *(_too_few(bench) if bench.few else _parallel(bench, circumstances)),
        ]
    return " ".join(sentences)


def _too_few(bench: LoaderBench) -> Iterator[str]:
    yield f"{_count(bench.batches, 'batch')} are too few to advise on workers by: leave `--batches` out."


def _parallel(bench: LoaderBench, circumstances: Circumstances) -> Iterator[str]:
    yield from _workers(bench, circumstances)
    yield from _delivery(bench)
    yield from _epochs(bench, circumstances)


def _busy(bench: LoaderBench) -> Iterator[str]:
    if bench.load > _BUSY * bench.cores:
        yield (
            f"Other work kept this machine busy (load average {bench.load:.1f} on {_count(bench.cores, 'core')} before "
            "the start): trust ratios, and repeat."
        )


def _ample(bench: LoaderBench) -> bool:
    return bench.consumer is not None and bench.rate.median >= _AMPLE * bench.consumer.free


def _who_waits(bench: LoaderBench) -> Iterator[str]:
    consumer = bench.consumer
    if consumer is None:
        milliseconds = bench.batch / bench.rate.median * 1000 if bench.rate.median else 0.0
        yield f"A training step that takes longer than {_ms(milliseconds)} ms for a batch of {bench.batch} never waits."
        return
    times = bench.rate.median / consumer.free if consumer.free else 0.0
    if _ample(bench):
        yield (
            f"The loader is {_times(times)} times as fast as {consumer.name}, which waits {consumer.waiting:.0%} of "
            "its time: a faster loader brings nothing."
        )
    else:
        yield (
            f"{_capital(consumer.name)} waits for the loader {consumer.waiting:.0%} of the time: it gets "
            f"{consumer.rate:,.0f} {bench.unit}/s and would reach {consumer.free:,.0f} if batches were free."
        )


def _where_the_time_goes(bench: LoaderBench, circumstances: Circumstances) -> Iterator[str]:
    stages = bench.stages
    if stages is None or not stages.times:
        return
    largest = max(stages.times, key=lambda stage: stage.share)
    if largest.share >= _WORTH:
        yield f"{_subject(largest)} takes {largest.share:.0%} of the work of a batch."
    prefix = stages.prefix
    if prefix is not None and circumstances.cache == "off" and prefix.share >= _WORTH:
        after = f" after `{prefix.steps[-1]}`" if prefix.steps else ""
        free = circumstances.free_memory
        fits = free is None or prefix.size < free / 2
        how = "`cache = memory`" if fits else '`cache = disk("folder")`'
        yield (
            f"{how} would keep the images{after or ' as decoded'} in {_size(prefix.size)} and save up to "
            f"{prefix.share:.0%} of the work from the second epoch on."
        )
        if not fits:
            yield f"In memory they would take more than half of the {_size(free or 0)} that is free."
    if circumstances.saved_by_fast >= _SAVED:
        yield (
            f"`optimize = fast` would save {circumstances.saved_by_fast:.0%} of the work: it decodes at a fraction of "
            "the size where the chain shrinks images, with other pixels."
        )


def _workers(bench: LoaderBench, circumstances: Circumstances) -> Iterator[str]:
    best = bench.tuning.best if bench.tuning is not None else None
    if best is not None:
        same = (best.workers, best.kind) == (bench.workers, bench.kind)
        if same:
            yield f"Nothing that was tried is clearly faster than the {_setting(best)} of the file."
        else:
            yield f"{_capital(_setting(best))} {'is' if best.workers < 2 else 'are'} clearly faster: see the diff."
        return
    if bench.delivery and bench.rate.median > _NEARLY * bench.delivery:
        return  # handing over is the limit, which has a sentence of its own
    if not bench.workers:
        epoch = bench.samples / bench.rate.median if bench.rate.median else 0.0
        if bench.cores > 1 and not circumstances.gathered and epoch > _LONG:
            yield f"It uses one of {bench.cores} cores: `num_workers = {bench.cores}` would use the others."
        return
    workers = [use for use in bench.uses if use.worker]
    if not workers:
        return  # the system does not say what they do
    busy = _mean(workers)
    if bench.workers >= bench.cores and busy >= _IDLE:
        yield f"{_count(bench.workers, 'worker')} on {_count(bench.cores, 'core')}: more do not help."
    elif busy >= _BUSY:
        yield (
            f"Its {_count(bench.workers, 'worker')} compute all the time and there are {bench.cores} cores: "
            f"`num_workers = {bench.cores}` would use them."
        )
    elif busy < _IDLE:
        yield f"Its workers compute {busy:.0%} of the time; the rest they wait, for files, a core, or to hand over."


def _delivery(bench: LoaderBench) -> Iterator[str]:
    if not bench.workers or not bench.delivery or bench.rate.median <= _NEARLY * bench.delivery:
        return
    yield (
        f"Batches are made nearly as fast as they can be handed over between processes ({bench.delivery:,.0f} "
        f"{bench.unit}/s): see whether `num_workers = 0` is faster, or make batches smaller in bytes."
    )


def _epochs(bench: LoaderBench, circumstances: Circumstances) -> Iterator[str]:
    if bench.again is None or bench.kind != "process" or circumstances.persistent or not bench.rate.median:
        return  # threads end with their epoch, and start at once
    epoch = bench.samples / bench.rate.median
    if bench.again > 0.1 * epoch:
        yield (
            f"Each epoch begins with {bench.again:.1f} s in which workers start, beside {epoch:.1f} s of batches: "
            "`persistent_workers = true` keeps them."
        )


def _mean(uses: list[ProcessUse]) -> float:
    return sum(use.cpu for use in uses) / len(uses)


def _subject(stage: StageTime) -> str:
    known = {
        "read": "Reading",
        "decode": "Decoding",
        "decode smaller, and resize": "Decoding",
        "collate": "Collating",
        "seeds and draws": "Seeding",
        "send between processes": "Sending between processes",
    }
    return known.get(stage.name, f"`{stage.name}`")


def _setting(trial: Trial) -> str:
    if not trial.workers:
        return "single process"
    plural = {"process": "processes", "thread": "threads"}
    return f"{trial.workers} {trial.kind if trial.workers == 1 else plural[trial.kind]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 'es' if what.endswith('ch') else 's'}"


def _times(times: float) -> str:
    return f"{times:.0f}" if times >= 10 else f"{times:.1f}"


def _ms(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(count / 1e6, 0.1):.1f} MB"
