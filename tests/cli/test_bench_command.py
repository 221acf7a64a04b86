"""`feedline bench`: what it measures and how it says so. No time is asserted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedline.cli import main

TEXT = """\
param size: int = 40
dataset photos = FakeData(size=size, image_size=(3, 8, 8), num_classes=4)
loader train from photos {
  transform { RandomCrop(6); ToTensor() }
  sample { batch 8; order shuffled }
}
loader plain from photos {
  transform { ToTensor() }
  sample { batch 8 }
}
"""
TRAIN = TEXT.partition("loader plain")[0]
BROKEN = 'dataset photos = ImageFolder("photos")\nloader train from photos { transform { RandomCrop(6) } }\n'


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Write `a.pipe` and measure a few batches of it; standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, text: str = TRAIN, code: int = 0) -> Any:
        Path("a.pipe").write_text(text)
        assert code == main(["bench", "a.pipe", "--batches", "6", *arguments])
        return capsys.readouterr()

    return run


def test_json(bench: Callable[..., Any]) -> None:
    """Everything that was measured, as one object."""
    result = json.loads(bench("--json", text=TEXT).out)
    assert (1, "a.pipe", []) == (result["format_version"], result["path"], result["diagnostics"])
    train, plain = result["loaders"]
    assert {"name": "train", "unit": "images", "batch": 8, "workers": 0, "kind": "none", "batches": 6} == {
        name: train[name] for name in ("name", "unit", "batch", "workers", "kind", "batches")
    }
    assert train["rate"]["low"] <= train["rate"]["median"] <= train["rate"]["high"]
    assert all(train[name] > 0 for name in ("overall", "first", "delivery"))
    assert "RandomCrop" in [stage["name"] for stage in train["stages"]["times"]]
    assert "main process" == train["uses"][0]["name"]
    assert ("plain", None, []) == (plain["name"], plain["consumer"], plain["versus"])


def test_tables(bench: Callable[..., Any]) -> None:
    """Speed, processes and the advice; stages where they are asked for."""
    shown = bench().out
    assert "a.pipe: loader train, no workers" in shown
    assert "images/s if batches were free" in shown
    assert "main process" in shown
    assert "never waits." in shown
    assert " RandomCrop " not in shown.partition("A training step")[0]
    assert " RandomCrop " in bench("--stages").out.partition("A training step")[0]


def test_against_off_and_hand(bench: Callable[..., Any]) -> None:
    """Both in the same run, by ratio."""
    (train,) = json.loads(bench("--json", "--against", "off", "--against", "hand").out)["loaders"]
    assert ["the same with `optimize = off`", "a hand-written loader"] == [other["name"] for other in train["versus"]]
    assert all(other["ratio"]["median"] > 0 and other["rate"]["median"] > 0 for other in train["versus"])
    assert " times as fast" in bench("--against", "off").out


def test_against_hand_where_there_is_none(bench: Callable[..., Any]) -> None:
    """It says why, and that is no failure."""
    text = TRAIN.replace("ToTensor()", "ToTensor(); batch { MixUp(num_classes=4) }")
    assert "a tutorial's code cannot say it: it changes whole batches" in bench("--against", "hand", text=text).out


def test_a_consumer(bench: Callable[..., Any]) -> None:
    """So many samples a second: what it gets, and how long it waits."""
    (train,) = json.loads(bench("--json", "--consumer", "4000").out)["loaders"]
    assert "a consumer of 4,000 a second" == train["consumer"]["name"]
    assert 0 <= train["consumer"]["waiting"] <= 1
    assert 0 < train["consumer"]["free"] <= 4000


def test_a_step_of_ones_own(bench: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is handed every batch, and code of one's own needs the word."""
    seen: list[Any] = []
    monkeypatch.setattr("feedline.cli.bench._loaded", lambda step: seen.append)
    (train,) = json.loads(bench("--json", "--step", "mine:step", "--allow-python").out)["loaders"]
    assert "`mine:step`" == train["consumer"]["name"]
    assert {(8, 3, 6, 6)} == {tuple(images.shape) for images, _ in seen}
    assert "--allow-python" in bench("--step", "mine:step", code=2).err
    assert "give one" in bench("--step", "mine:step", "--consumer", "5", code=2).err


def test_a_step_that_is_not_there(bench: Callable[..., Any]) -> None:
    """Wrong usage, said before anything is measured."""
    assert (
        "`no_such_module:step` cannot be imported"
        in bench("--step", "no_such_module:step", "--allow-python", code=2).err
    )


def test_tune(bench: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every setting is tried; what is clearly faster is printed as a diff, and the file is left alone."""
    monkeypatch.setattr("feedline.runtime.bench.bench.cores", lambda: 1)
    monkeypatch.setattr("feedline.runtime.bench.tune.best_of", lambda trials, own: tuple(trials)[1])
    shown = bench("--tune").out
    assert "--- a.pipe\n+++ a.pipe\n" in shown
    assert "+  num_workers = 1\n" in shown
    assert TRAIN == Path("a.pipe").read_text()
    (train,) = json.loads(bench("--tune", "--json").out)["loaders"]
    assert [(0, "none"), (1, "process"), (1, "thread")] == [
        (trial["workers"], trial["kind"]) for trial in train["tuning"]["trials"]
    ]


def test_chosen_loaders_and_parameters(bench: Callable[..., Any]) -> None:
    """`--loader`, `-D` and `--no-pass` as elsewhere."""
    (plain,) = json.loads(bench("--json", "--loader", "plain", "-D", "size=16", text=TEXT).out)["loaders"]
    assert ("plain", 16) == (plain["name"], plain["samples"])
    assert "there is no pass `late_flaot`; did you mean `late_float`?" in bench("--no-pass", "late_flaot", code=2).err


def test_a_batch_that_cannot_be_made(bench: Callable[..., Any]) -> None:
    """Is a diagnostic, as in `run`."""
    folder = Path("photos/ants")
    folder.mkdir(parents=True)
    (folder / "1.png").write_bytes(b"no image")
    assert "error[FL612]" in bench(text=BROKEN, code=1).err


def test_file_without_loaders(bench: Callable[..., Any]) -> None:
    """Nothing to measure is worth a word."""
    assert "declares no loader, so there is nothing to measure" in bench(text="let a = 1\n", code=1).err
