"""Which rank a process is: given, or read from what launched it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import feedline
from feedline.runtime import distributed
from feedline.runtime.distributed import launched_as, rank_and_world
from feedline.runtime.failures import PipelineFailure

ROWS = """
dataset rows = Table("rows.csv", features=["x"], label="label")
loader train from rows { sample { batch 2; order sequential } }
"""

STEP = {"SLURM_STEP_ID": "0", "SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "4", "SLURM_NTASKS": "8"}


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """A file whose loader has nine batches."""
    lines = "".join(f"{x},{'ab'[x % 2]}\n" for x in range(18))
    (tmp_path / "rows.csv").write_text("x,label\n" + lines)
    path = tmp_path / "rows.pipe"
    path.write_text(ROWS)
    return path


def _codes(path: Path, **options: Any) -> list[str]:
    with pytest.raises(feedline.CompileError) as caught:
        feedline.compile(path, **options)
    return [item.code for item in caught.value.diagnostics]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        pytest.param({}, (0, 1), id="nothing"),
        pytest.param({"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1"}, (1, 2), id="torchrun"),
        pytest.param({"OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "3"}, (2, 3), id="open-mpi"),
        pytest.param({"PMI_RANK": "0", "PMI_SIZE": "2"}, (0, 2), id="mpich"),
        pytest.param(STEP, (3, 4), id="srun"),
        pytest.param({"SLURM_STEPID": "1", "SLURM_PROCID": "1", "SLURM_NTASKS": "2"}, (1, 2), id="an-old-srun"),
        pytest.param(STEP | {"RANK": "5", "WORLD_SIZE": "6"}, (5, 6), id="torchrun-in-a-step"),
        pytest.param(STEP | {"PMI_RANK": "5", "PMI_SIZE": "6"}, (5, 6), id="mpirun-in-a-step"),
        pytest.param({"SLURM_PROCID": "0", "SLURM_NTASKS": "4"}, (0, 1), id="sbatch"),
        pytest.param(STEP | {"SLURM_STEP_ID": "4294967290"}, (0, 1), id="salloc"),
        pytest.param(STEP | {"SLURM_PTY_PORT": "41234"}, (0, 1), id="srun-pty"),
        pytest.param(STEP | {"SLURM_JOB_NAME": "interactive"}, (0, 1), id="interactive-job"),
        pytest.param({"LOCAL_RANK": "1", "NODE_RANK": "0", "WORLD_SIZE": "2"}, (0, 1), id="lightning-before-it-starts"),
    ],
)
def test_what_a_launcher_says(environment: dict[str, str], expected: tuple[int, int]) -> None:
    """Each launcher's own variables; what a shell was only told about its job is no rank."""
    assert expected == launched_as(environment)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"RANK": "1"}, "`RANK` is set to '1', `WORLD_SIZE` is not set"),
        ({"WORLD_SIZE": "2"}, "`WORLD_SIZE` is set to '2', `RANK` is not set"),
        ({"RANK": "2", "WORLD_SIZE": "2"}, "`RANK` is '2' and `WORLD_SIZE` is '2'"),
        ({"RANK": "-1", "WORLD_SIZE": "2"}, "`RANK` is '-1'"),
        ({"RANK": "first", "WORLD_SIZE": "2"}, "`RANK` is 'first'"),
        ({"RANK": "0", "WORLD_SIZE": ""}, "`WORLD_SIZE` is ''"),
        ({"RANK": "0", "WORLD_SIZE": "0"}, "`WORLD_SIZE` is '0'"),
        ({"OMPI_COMM_WORLD_SIZE": "2"}, "`OMPI_COMM_WORLD_RANK` is not set"),
        ({"SLURM_STEP_ID": "0", "SLURM_NTASKS": "2"}, "`SLURM_PROCID` is not set"),
    ],
)
def test_half_a_pair_and_nonsense_are_faults(environment: dict[str, str], words: str) -> None:
    """Told with the variables and their values."""
    with pytest.raises(PipelineFailure) as caught:
        launched_as(environment)
    assert "FL571" == caught.value.failure.code
    assert words in caught.value.failure.message


def test_a_given_pair_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment says."""
    monkeypatch.setenv("RANK", "nonsense")
    assert (1, 2) == rank_and_world((1, 2))


def test_a_contradicting_environment_is_a_diagnostic(rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`compile` raises it once; a given pair makes it irrelevant."""
    monkeypatch.setenv("RANK", "16")
    assert ["FL571"] == _codes(rows)
    assert 9 == len(feedline.compile(rows, rank=0, world_size=1).train)


def test_the_environment_divides_the_batches(rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As torchrun sets it, before a process group is initialised."""
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    loader = feedline.compile(rows).train
    assert [[2, 3], [6, 7], [10, 11], [14, 15]] == [features.flatten().tolist() for features, _ in loader]
    assert 4 == len(loader)


@pytest.mark.parametrize(
    "ranks",
    [
        {"rank": 0},
        {"world_size": 1},
        {"rank": 2, "world_size": 2},
        {"rank": -1, "world_size": 2},
        {"rank": 0, "world_size": 0},
        {"rank": True, "world_size": 2},
        {"rank": "0", "world_size": "2"},
        {"rank": 0.0, "world_size": 2},
    ],
)
def test_an_impossible_rank_is_a_diagnostic(rows: Path, ranks: dict[str, Any]) -> None:
    """Both or neither, whole numbers, the rank below the number of ranks."""
    assert ["FL572"] == _codes(rows, **ranks)


def test_a_parameter_called_rank_is_not_set_from_python(rows: Path) -> None:
    """`compile` takes the word for itself, and says so."""
    rows.write_text("param rank: int = 8\nlet _kept = rank\n" + ROWS)
    with pytest.raises(feedline.CompileError) as caught:
        feedline.compile(rows, rank=16)
    (found,) = caught.value.diagnostics
    assert ("`compile` takes `rank` for itself, so it does not set the file's `param rank`",) == found.notes
    assert 4 == len(feedline.compile(rows, rank=0, world_size=2).train)


def test_worker_processes_never_ask(rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker needs travels with each batch; asking in another process fails here."""
    rows.write_text(ROWS.replace("sample {", "num_workers = 2; sample {"))
    training = os.getpid()
    monkeypatch.setattr(distributed, "launched_as", lambda _: (1, 2) if os.getpid() == training else 1 / 0)
    assert [[2, 3], [6, 7], [10, 11], [14, 15]] == [x.flatten().tolist() for x, _ in feedline.compile(rows).train]
