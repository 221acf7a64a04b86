"""Runs training scripts of this folder in several processes and reads back what each rank saw."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import feedline

HERE = Path(__file__).parent
LIMIT = 240
"""Seconds after which ranks that wait for each other are taken for deadlocked."""

SAMPLES, BAD = 59, 7
"""Rows of the data set: the first are bad."""

DATA = """
dataset rows = Table("rows.csv", features=["x", "width"], label="label")
group bad = rows where label == "bad"
group good = not bad
"""

FORCED = "force 2 bad per 6 with replacement; rest without replacement; seed 3"


def write_rows(folder: Path) -> None:
    """The rows that `DATA` reads: bad ones first, of four grades of wear."""
    lines = [f"{x},{x % 5 + 1},{'bad' if x < BAD else 'good'},{x % 4}" for x in range(SAMPLES)]
    (folder / "rows.csv").write_text("\n".join(["x,width,label,wear", *lines, ""]))


def write_pipe(folder: Path, name: str, policy: str, options: str = "") -> Path:
    """A file with one loader, `train`."""
    path = folder / f"{name}.pipe"
    path.write_text(DATA + f"loader train from rows {{\n  sample {{ {policy} }}\n  {options}\n}}\n")
    return path


def torchrun(processes: int, script: str, folder: Path, *arguments: str) -> list[Any]:
    """What each rank of `torchrun --nproc-per-node` wrote to `rankN.json`, in the order of the ranks."""
    launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    run(["-m", *launcher, str(HERE / script), str(folder), *arguments], folder)
    return results(folder, processes)


def run(command: list[str], folder: Path, **environment: str) -> None:
    """Run Python with a time limit, in `folder`, one thread a process; what it printed is the failure's message."""
    clean = {name: value for name, value in os.environ.items() if name not in ("RANK", "WORLD_SIZE", "LOCAL_RANK")}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=clean | {"OMP_NUM_THREADS": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
    )
    assert 0 == done.returncode, done.stdout


def results(folder: Path, processes: int) -> list[Any]:
    """What each rank wrote; the files are taken away, so that no later run is judged by them."""
    files = [folder / f"rank{rank}.json" for rank in range(processes)]
    found = [json.loads(file.read_text()) for file in files]
    for file in files:
        file.unlink()
    return found


def alone(folder: Path, name: str, epochs: int) -> list[list[list[int]]]:
    """The batches of each epoch in one process, as the `x` of their samples."""
    loader = feedline.compile(folder / f"{name}.pipe", rank=0, world_size=1).train
    return [[features[:, 0].int().tolist() for features, _ in loader] for _ in range(epochs)]


def in_turn(ranks: list[Any]) -> list[list[int]]:
    """What all ranks recorded, batch by batch in turn."""
    return [record["x"] for turn in zip(*ranks, strict=True) for record in turn]


def whole_turns(epochs: list[list[list[int]]], processes: int) -> list[list[int]]:
    """All batches of these epochs but those that `uneven drop` leaves out."""
    return [batch for epoch in epochs for batch in epoch[: len(epoch) // processes * processes]]


def count_bad(records: list[Any]) -> list[int]:
    """How many bad samples each recorded batch held, by the data that came, not by what the loader says."""
    return [sum(x < BAD for x in record["x"]) for record in records]
