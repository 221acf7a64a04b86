"""Many files in one call."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from feedline.cli import main, many

RIGHT = "dataset d = FakeData(size=8)\nloader batches from d { sample { batch 4 } }\n"
WRONG = RIGHT.replace("FakeData", "FakDta")


@pytest.mark.parametrize("cores", [1, 3])
def test_many_files_are_reported_in_their_order(
    cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One process or several: the same words, in the order of the files, and the same exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(cores))
    names = [f"f{number:03}.pipe" for number in range(2 * many.FEW)]
    for number, name in enumerate(names):
        Path(name).write_text(WRONG if number % 40 == 7 else RIGHT)
    assert 1 == main(["check", "--format", "concise", *names])
    said = capsys.readouterr().out.splitlines()
    assert ["f007.pipe", "f047.pipe", "f087.pipe", "f127.pipe"] == [line.split(":")[0] for line in said if "FL" in line]
    assert 0 == main(["check", *(name for number, name in enumerate(names) if number % 40 != 7)])
