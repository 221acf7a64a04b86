"""`feedline verify`: what it says, as tables, as JSON and as a picture."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feedline.cli import main
from feedline.runtime.sampling import BatchPlan

TEXT = """\
param size: int = 40
dataset photos = FakeData(size=size, image_size=(3, 8, 8), num_classes=4)
group rare = photos where label == 1
group other = photos where label == 2
loader train from photos {
  transform { ToImage() }
  sample { force 3 rare per 8 with replacement }
}
loader val from photos {
  transform { ToImage() }
  sample { batch 8 }
}
"""
STAGED = TEXT.replace("with replacement }", "with replacement\n    from epoch 2 { force 1 rare per 8 }\n  }")


@pytest.fixture
def verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Write `a.pipe` and verify it; standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, text: str = TEXT, code: int = 0) -> Any:
        Path("a.pipe").write_text(text)
        assert code == main(["verify", "a.pipe", *arguments])
        return capsys.readouterr()

    return run


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans whose batch 2 of epoch 1 holds one sample throughout."""
    batches = BatchPlan.batches

    def one_sample(self: BatchPlan, epoch: int, start: int, stop: int) -> np.ndarray:
        rows = batches(self, epoch, start, stop).copy()
        if epoch == 1 and start <= 2 < stop:
            rows[2 - start] = rows[2 - start, 0]
        return rows

    monkeypatch.setattr(BatchPlan, "batches", one_sample)


def test_tables_fit_a_page(verify: Callable[..., Any]) -> None:
    """No line is wider than 80 columns, and the promises come before the groups."""
    shown = verify().out
    assert [] == [line for line in shown.splitlines() if len(line) > 80 and not line.startswith("plain")]
    assert shown.index("exactly 3 of 8 `rare`") < shown.index("how often samples come")
    assert "every promise of `train` is kept" in shown
    assert "every promise of `val` is kept" in shown


def test_the_row_of_a_promise(verify: Callable[..., Any]) -> None:
    """What, over what, how many times, and whether it was kept."""
    row = next(line for line in verify("--loader", "train").out.splitlines() if line.startswith(" train"))
    assert ["train", "exactly", "3", "of", "8", "`rare`", "every", "batch"] == row.split()[:8]
    assert ["batches", "yes"] == row.split()[-2:]


def test_json(verify: Callable[..., Any]) -> None:
    """One object whose fields a script can rely on."""
    result = json.loads(verify("--json", "--epochs", "2").out)
    assert ["format_version", "feedline", "path", "kept", "loaders", "diagnostics", "counts"] == [*result]
    assert (1, "a.pipe", True) == (result["format_version"], result["path"], result["kept"])
    train, val = result["loaders"]
    fields = ["name", "stage", "epochs", "batch_size", "samples", "batches", "seconds", "kept", "promises", "groups"]
    assert fields == [*train]
    assert ("train", None, [0, 1], 8, 40, True) == tuple(train[field] for field in [*fields[:5], "kept"])
    row = {
        "promise": "exactly 3 of 8 `rare`", "scope": "every batch", "checked": train["batches"], "unit": "batches",
        "kept": True, "broken": 0, "first_broken": None,
    }  # fmt: skip
    assert row == train["promises"][0]
    assert ["rare", "other", "all samples"] == [group["group"] for group in val["groups"]]
    fields = (
        "group samples per_batch batches_without times_an_epoch never_reached batches_by_count plain_share_by_count"
    )
    assert fields.split() == [*val["groups"][0]]


def test_all_groups_are_counted(verify: Callable[..., Any]) -> None:
    """Those that no policy names, too."""
    shown = verify("--loader", "train").out
    assert ["other"] == [line.split()[0] for line in shown.splitlines() if line.startswith(" other")]


def test_a_broken_promise(verify: Callable[..., Any], broken: None) -> None:
    """Exit code 1, a no in the table, the batch in the last words and in one diagnostic."""
    printed = verify("--loader", "train", code=1)
    assert "promise broken by `train`: batch 2 of epoch 1 holds" in printed.out
    assert "  no" in printed.out
    assert 1 == printed.err.count("error[FL582]: loader `train` breaks a promise of its policy: batch 2 of epoch 1")
    assert "feedline show a.pipe --loader train --epoch 1 --batch 2" in printed.err


def test_a_broken_promise_in_json(verify: Callable[..., Any], broken: None) -> None:
    """The first batch that breaks it, by epoch and number."""
    result = json.loads(verify("--loader", "train", "--json", code=1).out)
    row = result["loaders"][0]["promises"][0]
    assert (False, False, 1) == (result["kept"], row["kept"], row["broken"])
    assert (1, 2) == (row["first_broken"]["epoch"], row["first_broken"]["batch"])
    assert "FL582" in [item["code"] for item in result["diagnostics"]]


def test_stages(verify: Callable[..., Any]) -> None:
    """Each policy of a curriculum is verified over epochs of its own."""
    result = json.loads(verify("--json", "--loader", "train", text=STAGED).out)
    found = [(item["stage"], item["epochs"], item["promises"][0]["promise"]) for item in result["loaders"]]
    assert [
        (None, [0, 1], "exactly 3 of 8 `rare`"),
        ("from epoch 2", [2, 3, 4], "exactly 1 of 8 `rare`"),
    ] == found


def test_ranks(verify: Callable[..., Any]) -> None:
    """Each number of ranks above one has its row, which names what is left out."""
    result = json.loads(verify("--json", "--loader", "val", "--ranks", "1, 3,3,2").out)
    rows = [row["promise"] for row in result["loaders"][0]["promises"]]
    turns = "ranks take turns, equal counts, but for the last"
    assert [f"3 {turns} 2 batches", f"2 {turns} batch"] == [row for row in rows if "ranks" in row]


@pytest.mark.parametrize("given", ["0", "1,two", "", "-1", "1,,2", "1000000"])
def test_ranks_that_are_none(given: str, verify: Callable[..., Any]) -> None:
    """A list of numbers is asked for in words."""
    said = verify("--ranks", given, code=2).err
    assert f"{given!r} is no list of numbers of ranks from 1 to 1024, such as 1,2,4" in " ".join(said.split())


def test_unknown_loader_is_wrong_usage(verify: Callable[..., Any]) -> None:
    """The nearest name is offered."""
    assert "did you mean `train`?" in verify("--loader", "trian", code=2).err


def test_no_epochs_is_wrong_usage(verify: Callable[..., Any]) -> None:
    """Nothing would be verified."""
    assert "--epochs" in verify("--epochs", "0", code=2).err


def test_what_is_wrong_with_the_file(verify: Callable[..., Any]) -> None:
    """Diagnostics go to standard error, or into the object."""
    bad = TEXT.replace("from photos", "from phtos", 1)
    printed = verify(text=bad, code=1)
    assert "" == printed.out
    assert "error[FL102]" in printed.err
    result = json.loads(verify("--json", text=bad, code=1).out)
    assert (False, ["FL102"]) == (result["kept"], [item["code"] for item in result["diagnostics"]])


def test_file_without_loaders(verify: Callable[..., Any]) -> None:
    """Nothing to verify is worth a word."""
    said = verify(text="let a = 1\n", code=1).err
    assert said.startswith("error[FL554]: `a.pipe` declares no loader, so there is nothing to verify")


# ---- the picture


@pytest.mark.parametrize("name", ["a.png", "a.svg"])
def test_plot(name: str, verify: Callable[..., Any]) -> None:
    """A picture in the format of its ending, and nothing else beside it."""
    verify("--plot", name, text=STAGED)
    start = {"a.png": b"\x89PNG", "a.svg": b"<?xml"}[name]
    assert Path(name).read_bytes().startswith(start)
    assert {"a.pipe", name} == {path.name for path in Path().iterdir()}


def test_plot_without_matplotlib(verify: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables come all the same, and the extra to install is named."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    printed = verify("--plot", "a.png", code=1)
    assert "every promise of `train` is kept" in printed.out
    assert "error[FL584]: `--plot` needs matplotlib, which is not installed" in printed.err
    assert 'pip install "feedline[plot]"' in printed.err


@pytest.mark.parametrize("name", ["missing/a.png", "a.docx", "", ".", f"{'a' * 300}.png"])
def test_plot_that_cannot_be_written(name: str, verify: Callable[..., Any]) -> None:
    """A folder that is not there, a format that is none: said in words, nothing left behind; the proof is printed."""
    shown = verify("--plot", name, code=1)
    assert f"error[FL585]: the plot cannot be written to `{name}`: " in shown.err
    assert "every promise of `train` is kept" in shown.out
    assert ["a.pipe"] == [path.name for path in Path().iterdir()]
