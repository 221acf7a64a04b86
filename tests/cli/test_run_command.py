"""`feedline run`: what it counts and how it says so."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedline.cli import main

TEXT = """\
param size: int = 40
dataset photos = FakeData(size=size, image_size=(3, 8, 8), num_classes=4)
group rare = photos where label == 1
loader train from photos {
  transform { ToImage() }
  sample { force 3 rare per 8 with replacement }
}
loader val from photos {
  transform { ToImage() }
  sample { batch 8 }
}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Write `a.pipe` and run it; standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, text: str = TEXT, code: int = 0) -> Any:
        Path("a.pipe").write_text(text)
        assert code == main(["run", "a.pipe", *arguments])
        return capsys.readouterr()

    return run


def test_json(run: Callable[..., Any]) -> None:
    """Everything that was counted, as one object."""
    result = json.loads(run("--json").out)
    assert (1, True, "a.pipe") == (result["format_version"], result["kept"], result["path"])
    train, val = result["loaders"]
    (group,) = train["groups"]
    assert {"group": "rare", "promised": "exactly 3 of 8", "min": 3, "max": 3, "kept": True} == {
        name: group[name] for name in ("group", "promised", "min", "max", "kept")
    }
    assert ("val", 40, 5, 5, []) == (val["name"], val["samples"], val["batches"], val["announced"], val["groups"])
    parts = [
        {"part": "batch[0]", "dtype": "uint8", "shape": [8, 3, 8, 8]},
        {"part": "batch[1]", "dtype": "int64", "shape": [8]},
    ]
    assert parts == val["batch"]


def test_table(run: Callable[..., Any]) -> None:
    """What was promised stands beside what was counted."""
    shown = run().out
    row = next(line for line in shown.splitlines() if line.startswith(" train"))
    assert ["rare", "exactly", "3", "of", "8", "3", "3", "yes"] == row.split()[-8:]
    assert "images/s" in shown
    assert "(8, 3, 8, 8)" in shown
    assert "promise kept: `rare` exactly 3 of 8 in every one of 7 batches of `train`" in shown


def test_no_progress_bar_without_a_terminal(run: Callable[..., Any]) -> None:
    """Standard error stays empty."""
    assert "" == run("--batches", "1", text=TEXT.partition("loader val")[0]).err


def test_chosen_loaders(run: Callable[..., Any]) -> None:
    """`--loader` picks, in the file's order."""
    names = [loader["name"] for loader in json.loads(run("--json", "--loader", "val").out)["loaders"]]
    assert ["val"] == names


def test_unknown_loader_is_wrong_usage(run: Callable[..., Any]) -> None:
    """The nearest name is offered."""
    assert "did you mean `train`?" in run("--loader", "trian", code=2).err


def test_epochs_and_batches(run: Callable[..., Any]) -> None:
    """So many epochs, and so many batches of each."""
    (val,) = json.loads(run("--json", "--loader", "val", "--epochs", "3", "--batches", "2").out)["loaders"]
    assert (3, 6, 48, True) == (val["epochs"], val["batches"], val["samples"], val["kept"])


def test_define(run: Callable[..., Any]) -> None:
    """`-D` reaches the file."""
    (val,) = json.loads(run("--json", "--loader", "val", "-D", "size=16").out)["loaders"]
    assert 16 == val["samples"]


def test_diagnostics_go_to_standard_error(run: Callable[..., Any]) -> None:
    """What is wrong is said where it does not mix with results."""
    printed = run(text=TEXT.replace("from photos", "from phtos", 1), code=1)
    assert "" == printed.out
    assert "error[FL102]" in printed.err


def test_diagnostics_are_in_the_json(run: Callable[..., Any]) -> None:
    """A program that reads the object learns why there are no loaders."""
    result = json.loads(run("--json", text=TEXT.replace("from photos", "from phtos", 1), code=1).out)
    assert ["FL102"] == [item["code"] for item in result["diagnostics"]]
    assert [] == result["loaders"]


def test_broken_promise(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts that are not what was promised are exit code 1 and a line that says which batch."""
    from feedline.runtime.sampling.promises import Promise

    monkeypatch.setattr(Promise, "kept", lambda self, count, batch_len: False)
    shown = run("--loader", "train", code=1).out
    assert "promise broken: " in shown
    assert "the first of them batch 0 of epoch 0 with 3" in shown


def test_ranks_that_share_a_batch(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted is one rank's share, and so is what it is held to: any of its places may be another's."""
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    text = TEXT.replace("3 rare per 8", "6 rare per 8 across ranks")
    (group,) = json.loads(run("--json", "--loader", "train", text=text).out)["loaders"][0]["groups"]
    assert ("2 to 4 of 4", True) == (group["promised"], group["kept"])


def test_file_without_loaders(run: Callable[..., Any]) -> None:
    """Nothing to run is worth a word."""
    said = run(text="let a = 1\n", code=1).err
    assert said.startswith("error[FL554]: `a.pipe` declares no loader")
