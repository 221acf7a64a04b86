"""Lightning's Trainer and Fabric in one process: its switches, its hooks, its checkpoints."""

from __future__ import annotations

from importlib import import_module
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ranked import FORCED, alone, write_pipe, write_rows
from torch.utils.data import DataLoader

import feedline


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The training script; imported late, because Lightning takes seconds to import."""
    return import_module("train_lightning")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A forced policy of thirteen batches."""
    write_rows(tmp_path)
    write_pipe(tmp_path, "forced", FORCED)
    write_pipe(tmp_path, "sequential", "batch 4")
    return tmp_path


def _loader(folder: Path) -> Any:
    return feedline.compile(folder / "forced.pipe").train


def _numbers(model: Any) -> list[tuple[int, int]]:
    return [(record["epoch"], record["number"]) for record in model.seen]


def _epochs(*epochs: int, first: int = 0, batches: int = 13) -> list[tuple[int, int]]:
    return [(epoch, number) for epoch in epochs for number in range(first, batches)]


@pytest.mark.parametrize("reload", [0, 1])
def test_a_loader_made_in_a_hook(script: ModuleType, folder: Path, reload: int) -> None:
    """Lightning watches constructors there; a loader made anew for every epoch begins the right one."""
    model = script.Recorder()
    model.train_dataloader = lambda: _loader(folder)
    script.trainer(folder, 1, max_epochs=2, reload_dataloaders_every_n_epochs=reload).fit(model)
    assert _epochs(0, 1) == _numbers(model)


def test_limited_batches(script: ModuleType, folder: Path) -> None:
    """`limit_train_batches` leaves an epoch early; the next one is the next."""
    model = script.Recorder()
    script.trainer(folder, 1, max_epochs=2, limit_train_batches=3).fit(model, _loader(folder))
    assert _epochs(0, 1, batches=3) == _numbers(model)


def test_a_batch_looked_at_before(script: ModuleType, folder: Path) -> None:
    """Training begins with epoch 0 even where the loader has been used already."""
    model, loader = script.Recorder(), _loader(folder)
    next(iter(loader))
    script.trainer(folder, 1, max_epochs=2, limit_train_batches=3).fit(model, loader)
    assert _epochs(0, 1, batches=3) == _numbers(model)


def test_several_loaders_at_once(script: ModuleType, folder: Path) -> None:
    """A dict of loaders gives a dict of batches."""

    class Both(script.Recorder):
        def training_step(self, batch: Any, index: int) -> None:
            self.seen.append({name: len(features) for name, (features, _) in batch.items()})

    model = Both()
    script.trainer(folder, 1, max_epochs=1).fit(model, {"a": _loader(folder), "b": _loader(folder)})
    assert [{"a": 6, "b": 6}] * 13 == model.seen


def test_overfit_batches_is_refused(script: ModuleType, folder: Path) -> None:
    """It would put an order of its own into the loader; a data set of batches does what it is for."""
    loader, model = _loader(folder), script.Recorder()
    with pytest.raises(feedline.LoadError, match="FL573"):
        script.trainer(folder, 1, max_epochs=2, overfit_batches=3).fit(model, loader)
    steps: list[list[int]] = []
    model.training_step = lambda batch, batch_idx: steps.append(batch[0][:, 0].int().tolist())
    batches: Any = list(islice(loader, 3))
    script.trainer(folder, 1, max_epochs=2).fit(model, DataLoader(batches, batch_size=None))
    assert alone(folder, "forced", 1)[0][:3] * 2 == steps


def test_predict_takes_an_iterator(script: ModuleType, folder: Path) -> None:
    """Given the loader itself it would build another around it, which is refused."""
    with pytest.raises(feedline.LoadError, match="FL573"):
        script.trainer(folder, 1).predict(script.Recorder(), _loader(folder))
    assert alone(folder, "forced", 1)[0] == script.trainer(folder, 1).predict(script.Recorder(), iter(_loader(folder)))


def test_a_checkpoint_at_the_end_of_an_epoch(script: ModuleType, folder: Path) -> None:
    """Goes on with the next epoch."""
    model, trainer = script.fit(folder, 1, max_epochs=1)
    trainer.save_checkpoint(folder / "end.ckpt")
    resumed, _ = script.fit(folder, 1, folder / "end.ckpt", max_epochs=2)
    assert (_epochs(0), _epochs(1)) == (_numbers(model), _numbers(resumed))


def test_fabric(folder: Path, script: ModuleType) -> None:
    """It hands the loader's batches on; it counts epochs from 0, and a loaded state goes on from where it was."""
    fabric = import_module("lightning.fabric").Fabric(accelerator="cpu", devices=1)
    loader, resumed = _loader(folder), _loader(folder)
    assert _epochs(0, 1) == _fabric_epochs(fabric, loader)
    list(islice(loader, 5))
    resumed.load_state_dict(loader.state_dict())
    assert _epochs(2, first=5) + _epochs(3) == _fabric_epochs(fabric, resumed)


def _fabric_epochs(fabric: Any, loader: Any) -> list[tuple[int, int]]:
    prepared = fabric.setup_dataloaders(loader)
    return [(loader.current.epoch, loader.current.number) for _ in range(2) for _ in prepared]
