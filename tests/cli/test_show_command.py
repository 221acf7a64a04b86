"""`feedline show`: which samples a batch holds."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import feedline
from feedline.cli import main

TEXT = """\
dataset rows = Table("rows.csv", features=["a"], label="kind")
group rare = rows where kind == "crack"
split rows into train 75%, val 25%
loader train from rows.train {
  sample {
    force 2 rare per 4
    seed 5
    from epoch 2 { force 1 rare per 4 }
  }
}
"""
SECOND = "loader val from rows.val { sample { batch 4 } }\n"


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Write `a.pipe` and its data, and show a batch; standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    rows = [f"{number},{'crack' if number % 5 == 0 else 'good'}" for number in range(40)]
    Path("rows.csv").write_text("\n".join(["a,kind", *rows]) + "\n")

    def run(*arguments: str, text: str = TEXT, code: int = 0) -> Any:
        Path("a.pipe").write_text(text)
        assert code == main(["show", "a.pipe", *arguments])
        return capsys.readouterr()

    return run


def test_table(show: Callable[..., Any]) -> None:
    """Place, position, index, file, class and groups of each sample; then what was promised."""
    lines = show("--epoch", "1", "--batch", "3").out.splitlines()
    assert lines[0].startswith("train, epoch 1, batch 3 of 0 to ")
    assert lines[0].endswith(": 4 samples, by the policy before epoch 2")
    rows = [line for line in lines if "rows.csv, row" in line]
    assert [0, 1, 2, 3] == [int(row.split()[0]) for row in rows]
    assert 2 == sum(row.split()[-2:] == ["crack", "rare"] for row in rows)
    assert "promised exactly 2 of 4 `rare`, here 2" == lines[-1]


def test_json(show: Callable[..., Any]) -> None:
    """The samples are those that training gets, in the order of the batch."""
    result = json.loads(show("--epoch", "3", "--batch", "1", "--json").out)
    assert ["format_version", "feedline", "path", "batch", "diagnostics", "counts"] == [*result]
    batch = result["batch"]
    assert ["loader", "epoch", "number", "length", "stage", "places", "promises"] == [*batch]
    assert ("train", 3, 1, "from epoch 2") == tuple(batch[name] for name in ("loader", "epoch", "number", "stage"))
    assert [{"group": "rare", "promised": "exactly 1 of 4", "count": 1, "kept": True}] == batch["promises"]
    loader = feedline.compile("a.pipe")["train"]
    loader.set_epoch(3)
    batches = iter(loader)
    for _ in range(2):
        next(batches)
    assert loader.current is not None
    assert [place["position"] for place in batch["places"]] == [*loader.current.positions]
    first = batch["places"][0]
    assert ["place", "position", "index", "file", "label", "groups"] == [*first]
    assert first["file"].endswith(f"rows.csv, row {first['index'] + 1}")
    assert ["crack" if first["index"] % 5 == 0 else "good"] == [first["label"]]


def test_several_loaders(show: Callable[..., Any]) -> None:
    """Which one is asked for in words, and `--loader` says it."""
    said = " ".join(show(text=TEXT + SECOND, code=2).err.split())
    assert "`a.pipe` has 2 loaders, so say which: `--loader train`, `--loader val`" in said
    assert "val, epoch 0, batch 0 of 0 to 2: 4 samples" in show("--loader", "val", text=TEXT + SECOND).out


def test_unknown_loader(show: Callable[..., Any]) -> None:
    """The nearest name is offered."""
    assert "did you mean `train`?" in show("--loader", "trian", code=2).err


def test_beyond_the_end(show: Callable[..., Any]) -> None:
    """The range of batches is named."""
    said = show("--loader", "val", "--batch", "1374", text=TEXT + SECOND, code=1).err
    assert "error[FL583]: there is no batch 1,374 in epoch 0 of loader `val`" in said
    assert "that epoch has batches 0 to 2" in said


def test_beyond_the_end_in_json(show: Callable[..., Any]) -> None:
    """No batch, and why."""
    result = json.loads(show("--batch", "1374", "--json", code=1).out)
    assert (None, ["FL583"]) == (result["batch"], [item["code"] for item in result["diagnostics"]])


@pytest.mark.parametrize("option", ["--epoch", "--batch"])
def test_negative_numbers_are_wrong_usage(option: str, show: Callable[..., Any]) -> None:
    """Epochs and batches count from 0."""
    assert option in show(option, "-1", code=2).err


def test_file_without_loaders(show: Callable[..., Any]) -> None:
    """No batch to show is worth a word."""
    assert show(text="let a = 1\n", code=1).err.startswith("error[FL554]: `a.pipe` declares no loader")


def test_several_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An image's annotated classes, each once; a dash where it has none."""
    root = Path(__file__).parents[2] / "examples" / "castings"
    monkeypatch.chdir(tmp_path)
    Path("a.pipe").write_text(
        f'dataset d = CocoDetection("{root}/images", "{root}/annotations.json")\n'
        "group some = d where has annotations\n"
        "loader train from d { sample { force 2 some per 4 }; collate detection }\n"
    )
    assert 0 == main(["show", "a.pipe", "--json"])
    places = json.loads(capsys.readouterr().out)["batch"]["places"]
    assert [place["label"] == "-" for place in places] == [place["groups"] == [] for place in places]
