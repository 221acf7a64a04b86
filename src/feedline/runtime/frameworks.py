"""What training frameworks look for in a loader before they divide it among the ranks themselves.

Lightning and Fabric leave a loader alone whose `sampler` is a `DistributedSampler`, which is why `PlanSampler` is one.
Accelerate hands back what says that it is prepared. Where one of them, or anybody, still builds a `DataLoader` of its
own from a loader's parts, what comes out refuses to be used.
"""

from __future__ import annotations

from typing import Any

from feedline.dsl.diagnostics import Reporter
from feedline.dsl.errors import LoadError
from feedline.dsl.rules.resume import Rewrapped


class Prepared:
    """What Accelerate asks an object for: neither to wrap it, nor to leave its state out of `save_state`."""

    _is_accelerate_prepared = True
    use_stateful_dataloader = True


class Sealed:
    """A batch as it travels to its Loader, which opens it: any use by another hand raises LoadError (FL573)."""

    __slots__ = ()

    def _refuse(self, *_: Any) -> Any:
        raise rewrapped(
            "these batches were asked for by another DataLoader than the loader they belong to",
            "iterate the loader itself; to go on where a run stopped, `loader.load_state_dict(state)`",
        )

    __iter__ = __len__ = __getitem__ = _refuse

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # Python's own questions, as in `copy` and `pickle`
            raise AttributeError(name)
        return self._refuse()


def order_replaced() -> LoadError:
    """The exception for Lightning's attempt to put another order into a loader."""
    return rewrapped(
        "Lightning's `overfit_batches` and `predict` put an order of their own into a loader",
        "give `fit` a `DataLoader(list(islice(loader, 10)), batch_size=None)`, or `predict` an `iter(loader)`",
    )


def rewrapped(message: str, help: str) -> LoadError:
    """The exception for a loader that was taken apart, with what to do instead."""
    reporter = Reporter()
    note = "each rank's loader already yields that rank's batches, and nothing else keeps their composition"
    reporter.report(Rewrapped, "<loader>", message, notes=[note], help=help)
    return LoadError(reporter.diagnostics, reporter.sources)
