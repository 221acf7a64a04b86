"""`feedline bench`: what it measures and how it says so. No time is asserted."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from feedline.cli import main
from feedline.dsl.fixes import diff

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


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("shapes\ndiffer"), "ValueError: shapes differ"),
        (SystemExit(3), "SystemExit: 3"),
        (StopIteration(), "StopIteration:"),
    ],
)
def test_a_step_that_raises(
    error: BaseException, said: str, bench: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's fault, with its place; what else was measured is printed."""

    def step(batch: Any) -> None:
        raise error

    monkeypatch.setattr("feedline.cli.bench._loaded", lambda name: step)
    shown = bench("--step", "mine:step", "--allow-python", text=TEXT, code=1)
    assert shown.err.startswith(f"error[FL211]: `mine:step` failed: {said}\n")
    assert f"raised in {__file__}:" in shown.err
    assert 1 == shown.err.count("FL211")
    assert "loader train" in shown.out and "loader plain" in shown.out


def test_ctrl_c_is_heard_while_it_measures(bench: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Only while workers start it is not."""
    before, during = signal.getsignal(signal.SIGINT), []
    monkeypatch.setattr(
        "feedline.cli.bench._loaded", lambda name: lambda batch: during.append(signal.getsignal(signal.SIGINT))
    )
    bench("--step", "mine:step", "--allow-python", "--against", "hand")
    assert {before} == {*during}


@pytest.mark.parametrize("rate", ["nan", "inf", "0", "-1", "1e-300"])
def test_a_consumer_of_no_rate(rate: str, bench: Callable[..., Any]) -> None:
    """Wrong usage."""
    assert "is no number of samples a second" in bench("--consumer", rate, code=2).err


def test_a_step_that_is_not_there(bench: Callable[..., Any]) -> None:
    """Wrong usage, said before anything is measured."""
    assert (
        "`no_such_module:step` cannot be imported"
        in bench("--step", "no_such_module:step", "--allow-python", code=2).err
    )
    for step in ("json", "json:", ":step"):
        assert f"takes MODULE:FUNCTION, and `{step}` is not" in bench("--step", step, "--allow-python", code=2).err


def test_tune(bench: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every setting is tried; what is clearly faster is printed as a diff, and the file is left alone."""
    monkeypatch.setattr("feedline.runtime.bench.bench.cores", lambda: 1)
    monkeypatch.setattr("feedline.runtime.bench.tune.best_of", lambda trials, own: tuple(trials)[1])
    assert "too few batches to say which is best" in bench("--tune").out
    monkeypatch.setattr("feedline.runtime.bench.measure._ENOUGH", 0)
    shown = bench("--tune").out
    assert "--- a.pipe\n+++ a.pipe\n" in shown
    assert "+  num_workers = 1\n" in shown
    assert TRAIN == Path("a.pipe").read_text()
    (train,) = json.loads(bench("--tune", "--json").out)["loaders"]
    assert [(0, "none"), (1, "process")] == [(trial["workers"], trial["kind"]) for trial in train["tuning"]["trials"]]


def test_the_diff_comes_as_it_is(bench: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """What `patch` would make of a line that is cut, or of one without its blanks, is another file."""
    monkeypatch.setattr("feedline.runtime.bench.bench.cores", lambda: 1)
    monkeypatch.setattr("feedline.runtime.bench.measure._ENOUGH", 0)
    monkeypatch.setattr("feedline.runtime.bench.tune.best_of", lambda trials, own: tuple(trials)[1])
    wide = f"  # {'long ' * 30}"
    text = TRAIN.replace("shuffled }\n", f"shuffled }}{wide}\n")
    assert diff("a.pipe", text, f"{text[:-2]}  num_workers = 1\n}}\n") in bench("--tune", text=text).out


def test_chosen_loaders_and_parameters(bench: Callable[..., Any]) -> None:
    """`--loader`, `-D` and `--no-pass` as elsewhere."""
    (plain,) = json.loads(bench("--json", "--loader", "plain", "-D", "size=16", text=TEXT).out)["loaders"]
    assert ("plain", 16) == (plain["name"], plain["samples"])
    assert "there is no pass `late_flaot`; did you mean `late_float`?" in bench("--no-pass", "late_flaot", code=2).err


@pytest.mark.parametrize(("size", "advised"), [(64, True), (500, False)])
def test_fast_is_advised_where_it_was_seen_to_save(size: int, advised: bool, bench: Callable[..., Any]) -> None:
    """Not for pictures that are too small to be decoded at half their size."""
    folder = Path("photos/ants")
    folder.mkdir(parents=True)
    for number in range(16):
        Image.new("RGB", (800, 600)).save(folder / f"{number}.jpg")
    text = f'dataset photos = ImageFolder("photos")\nloader train from photos {{ transform {{ Resize({size}) }} }}\n'
    assert advised == ("`optimize = fast` would save" in bench(text=text).out)


def test_a_batch_that_cannot_be_made(bench: Callable[..., Any]) -> None:
    """Is a diagnostic, as in `run`."""
    folder = Path("photos/ants")
    folder.mkdir(parents=True)
    (folder / "1.png").write_bytes(b"no image")
    assert "error[FL612]" in bench(text=BROKEN, code=1).err


def test_file_without_loaders(bench: Callable[..., Any]) -> None:
    """Nothing to measure is worth a word."""
    assert "declares no loader, so there is nothing to measure" in bench(text="let a = 1\n", code=1).err
