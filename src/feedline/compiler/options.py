"""Loader options, in one table: name, type, default, meaning.

The checker, completion, hover and the reference read it here.
"""

from __future__ import annotations

from collections.abc import Mapping

from feedline.compiler import ir
from feedline.compiler.catalogue.types import ParamType, parse_type
from feedline.dsl.frozen import frozen


@frozen
class LoaderOption:
    """One option of a loader."""

    name: str
    type: ParamType
    default: ir.Value
    doc: str
    words: tuple[str, ...] = ()
    """The words of the type that become symbols; the others are texts."""
    needs_workers: bool = False

    def final(self, value: ir.Value) -> ir.Value:
        """A fitting value in the form that the runtime reads."""
        return ir.Symbol(value) if isinstance(value, str) and value in self.words else value


OPTIONS: Mapping[str, LoaderOption] = {
    option.name: option
    for option in (
        LoaderOption(
            "num_workers", parse_type("int 0.. | {auto}"), 0,
            "Workers that read samples; 0 reads in the main process, `auto` takes one a core.", ("auto",),
        ),
        LoaderOption(
            "worker_kind", parse_type("{auto process thread}"), ir.Symbol("auto"),
            "What the workers are: `process`, `thread`, or threads where that is faster (`auto`).",
            ("auto", "process", "thread"), needs_workers=True,
        ),
        LoaderOption(
            "pin_memory", parse_type("bool"), False, "Put batches into page-locked memory, for fast copies to a GPU."
        ),
        LoaderOption(
            "prefetch_factor", parse_type("int 1.. | none"), None,
            "Batches that each worker prepares ahead; `none` is DataLoader's default, 2.", needs_workers=True,
        ),
        LoaderOption(
            "persistent_workers", parse_type("bool"), False,
            "Keep the workers alive from one epoch to the next.", needs_workers=True,
        ),
        LoaderOption(
            "timeout", parse_type("float 0.."), 0.0,
            "Seconds to wait for a batch from the workers; 0 waits for ever.", needs_workers=True,
        ),
        LoaderOption(
            "multiprocessing_context", parse_type("{fork forkserver spawn} | none"), None,
            "How workers are started; `none` is Python's default here.", needs_workers=True,
        ),
        LoaderOption(
            "device", parse_type("{cpu cuda mps xpu auto} | str | none"), ir.Symbol("cpu"),
            "Where batches arrive, copied asynchronously; `auto` takes the accelerator there is.",
            ("cpu", "cuda", "mps", "xpu", "auto"),
        ),
        LoaderOption(
            "verify", parse_type("bool"), False,
            "Count the groups of every batch that comes out, and fail with its number if a promise is broken.",
        ),
        LoaderOption(
            "cache", parse_type("{off memory}"), ir.Symbol("off"),
            'Keep what the deterministic front of the chain yields: `memory`, `disk("dir")` or `off`.',
            ("off", "memory"),
        ),
        LoaderOption(
            "optimize", parse_type("{exact fast off}"), ir.Symbol("exact"),
            "`exact` never changes a value, `fast` may use scaled decoding, `off` runs the chain as written.",
            ("exact", "fast", "off"),
        ),
    )
}  # fmt: skip

INSTEAD: Mapping[str, str] = {
    "batch_size": "write `sample { batch 64 }`",
    "batch": "write `sample { batch 64 }`",
    "shuffle": "write `sample { batch 64; order shuffled }`",
    "sampler": "say it in `sample { ... }`: `force`, `balance by`, `weight by`",
    "batch_sampler": "say it in `sample { ... }`",
    "drop_last": "write `last drop` inside `sample { ... }`",
    "seed": "write `seed 7` inside `sample { ... }`",
    "generator": "write `seed 7` inside `sample { ... }`; every random number follows from it",
    "collate_fn": 'write `collate detection`, or `collate python("package.module:function")`',
    "worker_init_fn": "workers need no seeding here: augmentation is keyed by seed, epoch and position",
    "transform": "write `transform { ... }`",
    "dataset": "write `loader NAME from DATASET { ... }`",
}
"""What `DataLoader` calls an argument and the language says with a statement, and how."""

COLLATES: Mapping[str, Mapping[str, tuple[ParamType, ir.Value]]] = {
    "stack": {},
    "list": {},
    "detection": {},
    "pad": {"value": (parse_type("float"), 0.0), "multiple": (parse_type("int 1.."), 1)},
}
"""The ways to collate, each with the types and the defaults of its arguments."""
