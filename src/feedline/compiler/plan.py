"""The Plan: how a checked loader will run.

The chain of a loader says what is done to a sample; a Plan says where and how often it is done. The passes of
`feedline.compiler.passes` turn one plan into another that makes the same batches, to the bit; only those that run under
`optimize = fast` alone may change a pixel, and each says so.
"""

from __future__ import annotations

from typing import Literal

from feedline.compiler.ir import Apply, Loader, Program, Step, Symbol
from feedline.dsl.frozen import field, frozen


@frozen
class Done:
    """What one pass changed, in words for `explain`."""

    name: str
    """The pass, as `--no-pass` takes it."""
    text: str


@frozen
class Late:
    """Steps that run on the collated images instead of on each sample: they treat every value alone."""

    steps: tuple[Apply, ...]
    fields: tuple[str, ...]
    """The fields of the batch that hold images, each a tensor (B, C, H, W), or a tuple or a list of tensors."""


@frozen
class Plan:
    """How one loader of a program runs: `chain` on each sample, then collation, then `late`, then the loader's
    `batch { ... }`. Without any pass `chain` is the loader's own."""

    program: Program
    loader: Loader
    chain: tuple[Step, ...]
    late: Late | None = None
    gather: bool = False
    """Batches come out of an array in memory as a whole, the steps run on all samples of a batch at once."""
    prefix: int = 0
    """How many steps at the front of `chain` are run once a sample and kept, see `cache`."""
    cache: Literal["off", "memory", "disk"] = "off"
    direct: int = 0
    """How many steps after those of `prefix` call torchvision's kernels directly, on pixels as they are decoded. Views
    count as one: the first steps of each do."""
    colour: bool = False
    """Steps of colour and blur, wherever they stand, compute the same in fewer passes over the pixels."""
    drawn: bool = False
    """What the steps draw is drawn before the image is decoded: `chain` is `RandomResizedCrop` and flips."""
    threads: bool = False
    """The workers are threads of this process, not processes of their own."""
    scaled: bool = False
    """JPEGs are decoded at a fraction of their size where the chain shrinks them anyway: other pixels, nearly."""
    done: tuple[Done, ...] = field(default=())
    """What the passes did, in order."""

    @property
    def passes(self) -> tuple[str, ...]:
        """The passes that changed something."""
        return tuple(item.name for item in self.done)


def as_written(program: Program, loader: Loader) -> Plan:
    """The plan that does what the file says, one sample at a time: the reference."""
    return Plan(program, loader, loader.chain, threads=loader.option("worker_kind") == Symbol("thread"))
