"""A Lightning training script, started once: Lightning starts the other processes itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

import feedline

STEPS = 8
"""After how many the run that is resumed was stopped, within its second epoch."""


class Recorder(LightningModule):
    """A linear model that writes down which batches it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.model = torch.nn.Linear(2, 2)
        self.seen: list[Any] = []
        self.validated: list[Any] = []

    def training_step(self, batch: Any, index: int) -> torch.Tensor:
        """One step of cross entropy."""
        features, labels = batch
        self.seen.append(self._record(self.trainer.train_dataloader, features))
        return torch.nn.functional.cross_entropy(self.model(features), labels)

    def validation_step(self, batch: Any, index: int) -> None:
        """Only to see what comes, sanity check included."""
        self.validated.append(self._record(self.trainer.val_dataloaders, batch[0]))

    def predict_step(self, batch: Any, index: int) -> list[int]:
        """The samples as they come."""
        return batch[0][:, 0].int().tolist()

    def _record(self, loader: Any, features: torch.Tensor) -> Any:
        current = loader.current
        return {"epoch": current.epoch, "number": current.number, "x": features[:, 0].int().tolist()}

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """A small step, so that nothing becomes infinite."""
        return torch.optim.SGD(self.parameters(), lr=1e-4)


def trainer(folder: Path, processes: int, **options: Any) -> Trainer:
    """A quiet trainer on the CPU."""
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "log_every_n_steps": 1}
    ranks: dict[str, Any] = {"devices": processes, "strategy": "ddp" if processes > 1 else "auto"}
    checkpoints = {"enable_checkpointing": False, "default_root_dir": folder}
    return Trainer(accelerator="cpu", **quiet, **ranks, **checkpoints | options)


def fit(folder: Path, processes: int, checkpoint: Path | None = None, **options: Any) -> tuple[Recorder, Trainer]:
    """Train `forced.pipe`, validating on `sequential.pipe`; from a checkpoint if there is one."""
    model, used = Recorder(), trainer(folder, processes, **options)
    train = feedline.compile(folder / "forced.pipe").train
    val = feedline.compile(folder / "sequential.pipe").train
    used.fit(model, train, val, ckpt_path=checkpoint)
    return model, used


def main(folder: Path, processes: int) -> None:
    """Train two epochs; train, stop within epoch 1, save, and go on in a new trainer."""
    whole, used = fit(folder, processes, max_epochs=2)
    saving = ModelCheckpoint(folder, "stopped", every_n_train_steps=STEPS, enable_version_counter=False)
    stopped, _ = fit(folder, processes, max_steps=STEPS, enable_checkpointing=True, callbacks=[saving])
    resumed, _ = fit(folder, processes, folder / "stopped.ckpt", max_epochs=3)
    result = {
        "world": used.world_size,
        "announced": used.num_training_batches,
        "whole": whole.seen,
        "validated": whole.validated,
        "stopped": stopped.seen,
        "resumed": resumed.seen,
        "weights": [value for parameter in whole.parameters() for value in parameter.flatten().tolist()],
    }
    (folder / f"rank{used.global_rank}.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
