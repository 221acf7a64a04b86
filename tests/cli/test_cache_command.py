"""`feedline cache ls` and `rm`, and what `run` and `explain` say of a cache."""

import json
from pathlib import Path

import pytest
from PIL import Image

from feedline.cli import main

PIPE = """\
dataset photos = ImageFolder("photos")
loader train from photos {
  transform { Resize(12); RandomCrop(8); ToTensor() }
  sample { batch 4; order shuffled }
  cache = disk("kept")
}
loader whole from photos {
  transform { RandomResizedCrop(8); ToTensor() }
  sample { batch 4; order shuffled }
  cache = disk("kept")
}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with two loaders, beside six pictures; the working directory is theirs."""
    for number in range(6):
        folder = tmp_path / "photos" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 16 + number), (number, 0, 0)).save(folder / f"{number}.png")
    (tmp_path / "train.pipe").write_text(PIPE)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "train.pipe"


def test_a_run_says_what_it_will_keep(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before it begins, on standard error, with the folder and the size."""
    assert 0 == main(["run", "train.pipe"])
    said = capsys.readouterr().err
    assert f"loader train keeps 6 samples in `{file.parent / 'kept'}`: about" in said
    assert 0 == main(["run", "train.pipe", "--loader", "train"])
    assert "are there" in capsys.readouterr().err


def test_explain_shows_the_size_with_the_data(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without it, what is kept; neither makes anything."""
    assert 0 == main(["explain", "train.pipe"])
    plain = " ".join(capsys.readouterr().out.split())
    assert "reading, decoding and `Resize` run once a sample, later epochs go on from there; kept on disk" in plain
    assert 0 == main(["explain", "--data", "train.pipe"])
    assert "kept on disk: 6 samples in" in " ".join(capsys.readouterr().out.split())
    assert not (file.parent / "kept").exists()


def test_ls_lists_every_cache_and_rm_removes_one(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the first digits of its key."""
    main(["run", "train.pipe"])
    capsys.readouterr()
    assert 0 == main(["cache", "ls", "kept"])
    text = capsys.readouterr().out
    assert text.count("6 of 6 samples") == 2
    assert (
        "  Resize(12)\n  train.pipe: train\n" in text and "  images as they are decoded\n  train.pipe: whole\n" in text
    )
    assert 0 == main(["cache", "ls", "kept", "--json"])
    caches = json.loads(capsys.readouterr().out)["caches"]
    key = next(cache["key"] for cache in caches if cache["steps"] == "Resize(12)")
    assert 0 == main(["cache", "rm", "kept", key[:8]])
    assert capsys.readouterr().out.startswith(f"removed {key}, ")
    assert 0 == main(["cache", "ls", "kept", "--json"])
    assert [key != cache["key"] for cache in json.loads(capsys.readouterr().out)["caches"]] == [True]
    assert 0 == main(["cache", "rm", "kept", "--all"])
    assert [] == list((file.parent / "kept").iterdir())


def test_ls_counts_no_sample_of_a_file_that_changed_as_one_of_all(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it was before is still there, and said beside the number."""
    main(["run", "train.pipe", "--loader", "train"])
    Image.new("RGB", (20, 30)).save(file.parent / "photos" / "a" / "0.png")
    main(["run", "train.pipe", "--loader", "train"])
    capsys.readouterr()
    assert 0 == main(["cache", "ls", "kept"])
    text = capsys.readouterr().out
    assert "  7 samples  " in text and "  the largest loader has 6: the others are not its own, or of files" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ls", "nowhere"], "there is no folder `nowhere`"),
        (["rm", "photos"], "say which: keys"),
        (["rm", "photos", "--all", "ab"], "say which: keys"),
        (["rm", "photos", ""], "a key is empty"),
        (["rm", "photos", "ab12"], "there is no cache `ab12` in `photos`"),
        (["ls", "train.pipe"], "`train.pipe` cannot be read: not a directory"),
    ],
)
def test_wrong_usage(file: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    """Is said, and nothing is removed."""
    assert 2 == main(["cache", *arguments])
    assert said in capsys.readouterr().err
    assert len(list(file.parent.glob("photos/*/*.png"))) == 6


def test_a_folder_without_a_cache_is_left_alone(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--all` means every cache."""
    assert 0 == main(["cache", "rm", "photos", "--all"])
    assert "there is no cache in `photos`\n" == capsys.readouterr().out
    assert len(list(file.parent.glob("photos/*/*.png"))) == 6
