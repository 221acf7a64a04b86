"""What a whole program most likely does not mean, although each line of it is right.

One file a concern, each with one public function `(program, main, reporter)`: the checked program, its main file's tree
and names, and where to say it; or `(program, types, main, reporter)` where it looks at what becomes of the samples.
They run once a program was built without an error, in this order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from feedline.compiler import ir
from feedline.compiler.lints.counts import impossible_counts
from feedline.compiler.lints.deprecated import deprecated_transforms
from feedline.compiler.lints.empty_epochs import empty_epochs
from feedline.compiler.lints.evaluation import random_evaluation
from feedline.compiler.lints.exact_swaps import steps_in_the_wrong_order
from feedline.compiler.lints.left_out import incomplete_evaluation
from feedline.compiler.lints.never_runs import steps_that_never_run
from feedline.compiler.lints.normalisation import different_images
from feedline.compiler.lints.odd_sizes import odd_sizes
from feedline.compiler.lints.overlap import trained_on_evaluation
from feedline.compiler.lints.training import unshuffled_training
from feedline.compiler.lints.unused import unused_names
from feedline.compiler.lints.unused_parts import unused_parts
from feedline.compiler.lints.workers import too_many_workers
from feedline.compiler.names import Unit
from feedline.compiler.sample_types.check import LoaderTypes
from feedline.dsl.diagnostics import Reporter

LINTS: tuple[Callable[[ir.Program, Unit, Reporter], None], ...] = (
    empty_epochs,  # an epoch has a batch at all
    impossible_counts,  # that so many samples can fill
    random_evaluation,  # a model is measured on the same images every time,
    incomplete_evaluation,  # on all of them,
    unshuffled_training,  # and trained on them in a new order every epoch,
    trained_on_evaluation,  # on others than it is measured on,
    too_many_workers,  # what the machine has
    deprecated_transforms,  # what torchvision gave up
    steps_that_never_run,  # what is written and does nothing: steps,
    unused_names,  # declarations,
    unused_parts,  # parts of a split
)

LINTS_OF_SAMPLES: tuple[Callable[[ir.Program, Mapping[str, LoaderTypes], Unit, Reporter], None], ...] = (
    different_images,  # a model is measured on images like those that it was trained on,
    odd_sizes,  # of a size that was meant,
    steps_in_the_wrong_order,  # made with no more work than it takes
)


def lint(program: ir.Program, types: Mapping[str, LoaderTypes], main: Unit, reporter: Reporter) -> None:
    """Say all of it. `types`: of each loader, by its name."""
    for check in LINTS:
        check(program, main, reporter)
    for check in LINTS_OF_SAMPLES:
        check(program, types, main, reporter)
