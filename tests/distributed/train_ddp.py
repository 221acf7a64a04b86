"""A DDP training script: trains on every `.pipe` file of a folder and writes down what this rank's loader yielded."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

import feedline

STOP = 2
"""Batches of a rank after which the run that others resume is stopped."""


def main(folder: Path, epochs: int) -> None:
    """Two epochs of every file, one model over all of them."""
    dist.init_process_group("gloo")
    model = DistributedDataParallel(torch.nn.Linear(2, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    found = {}
    for path in sorted(folder.glob("*.pipe")):
        loader = feedline.compile(path).train
        found[path.stem] = [train(loader, model, optimizer) for _ in range(epochs)]
    found["resumed"] = resume(folder, model, optimizer)
    weights = [value for parameter in model.parameters() for value in parameter.flatten().tolist()]
    result = {"world": dist.get_world_size(), "epochs": found, "weights": weights}
    (folder / f"rank{dist.get_rank()}.json").write_text(json.dumps(result))
    dist.destroy_process_group()


def resume(folder: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> list[Any]:
    """Go on from the state that an earlier run left; the first run leaves it, in the middle of epoch 1."""
    loader, saved = feedline.compile(folder / "forced.pipe").train, folder / "state.json"
    if saved.exists():
        loader.load_state_dict(json.loads(saved.read_text()))
        return [train(loader, model, optimizer) for _ in range(2)]
    stopped = [train(loader, model, optimizer), train(loader, model, optimizer, STOP)]
    states: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(states, loader.state_dict())
    assert [states[0]] * len(states) == states
    if dist.get_rank() == 0:
        saved.write_text(json.dumps(states[0]))
    return stopped


def train(loader: Any, model: torch.nn.Module, optimizer: torch.optim.Optimizer, stop: int | None = None) -> Any:
    """One epoch, or its first `stop` batches; every step waits for all ranks."""
    announced, batches = len(loader), []
    for features, labels in loader:
        loss = torch.nn.functional.cross_entropy(model(features), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        current = loader.current
        batches.append({"epoch": current.epoch, "number": current.number, "x": features[:, 0].int().tolist()})
        if len(batches) == stop:
            break
    return {"announced": announced, "batches": batches}


if __name__ == "__main__":
    main(Path(sys.argv[1]), epochs=2)
