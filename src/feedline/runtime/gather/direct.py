"""Iterating a loader without workers whose batches are gathered: no DataLoader's iterator, no list of positions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from feedline.runtime.dataset import PipeDataset
from feedline.runtime.envelope import Envelope, Row
from feedline.runtime.failures import failure_of
from feedline.runtime.sampler import Run


def direct(dataset: PipeDataset, run: Run, pin: bool) -> Iterator[Envelope]:
    """The batches of a run, each made when it is asked for, as `Pack` makes them. `pin`: in page-locked memory."""
    epoch, indices = run.epoch, dataset.indices
    whole = len(indices) == len(dataset.source)  # a part's are in order, so that these are all
    rank, world = (run.rank, run.world) if run.shared else (0, 1)
    for numbers, rows in run.rows():
        places = range(rank, rank + world * rows.shape[1], world)
        samples = rows if whole else indices[rows].astype(np.int64, copy=False)
        for number, positions, index in zip(numbers, rows, samples, strict=True):
            threads = torch.get_num_threads()
            if threads != 1:  # as `one_thread`, which takes ten times as long
                torch.set_num_threads(1)
            try:
                envelope = Envelope(
                    dataset.gathered(index, epoch, number, places), Row(epoch, number, positions, places)
                )
                if pin:
                    envelope = envelope.pin_memory()
            except Exception as error:
                envelope = Envelope(None, None, failure_of(error))
            finally:
                if threads != 1:
                    torch.set_num_threads(threads)
            yield envelope
