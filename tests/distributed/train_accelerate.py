"""An Accelerate training script, started by torchrun as `accelerate launch` does."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator, skip_first_batches

import feedline

EPOCHS, STOP = 2, (1, 2)
"""Trained in all; where the run that is resumed was stopped: after so many steps of this epoch."""


def prepared(accelerator: Accelerator, folder: Path) -> tuple[Any, Any, Any]:
    """The loader, the model and its optimizer as Accelerate hands them back."""
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    return accelerator.prepare(feedline.compile(folder / "forced.pipe").train, model, optimizer)


def train(accelerator: Accelerator, loader: Any, model: Any, optimizer: Any, stop: int | None = None) -> Any:
    """One epoch, or its first steps; what came."""
    seen = []
    for features, labels in loader:
        loss = torch.nn.functional.cross_entropy(model(features), labels)
        optimizer.zero_grad()
        accelerator.backward(loss)
        optimizer.step()
        current = loader.current
        seen.append({"epoch": current.epoch, "number": current.number, "x": features[:, 0].int().tolist()})
        if len(seen) == stop:
            break
    return seen


def stop_and_resume(accelerator: Accelerator, folder: Path) -> list[Any]:
    """Stop within an epoch, save everything, and go on with new objects from what was saved."""
    loader, model, optimizer = prepared(accelerator, folder)
    for _ in range(STOP[0]):
        train(accelerator, loader, model, optimizer)
    train(accelerator, loader, model, optimizer, STOP[1])
    accelerator.save_state(str(folder / "state"))
    accelerator.free_memory()
    loader, model, optimizer = prepared(accelerator, folder)
    accelerator.load_state(str(folder / "state"))
    return [train(accelerator, loader, model, optimizer) for _ in range(EPOCHS - STOP[0])]


def main(folder: Path) -> None:
    """Train on the folder's `forced.pipe`; write down what this rank saw."""
    accelerator = Accelerator(cpu=True)
    loader, model, optimizer = prepared(accelerator, folder)
    whole = [train(accelerator, loader, model, optimizer) for _ in range(EPOCHS)]
    weights = [value for parameter in model.parameters() for value in parameter.flatten().tolist()]
    accelerator.free_memory()
    resumed = stop_and_resume(accelerator, folder)
    try:
        refused = [len(batch) for batch in skip_first_batches(feedline.compile(folder / "forced.pipe").train, 1)]
    except feedline.FeedlineError as error:
        refused = [item.code for item in error.diagnostics]
    result = {"whole": whole, "announced": len(loader), "resumed": resumed, "weights": weights, "refused": refused}
    result["world"] = accelerator.num_processes
    (folder / f"rank{accelerator.process_index}.json").write_text(json.dumps(result))
    accelerator.end_training()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
