"""Lightning with two processes: it trains on the loader's own batches, and resumes through its own checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ranked import FORCED, HERE, alone, count_bad, in_turn, results, run, whole_turns, write_pipe, write_rows

EPOCHS, STEPS = 3, 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that Lightning trains and validates on."""
    folder = tmp_path_factory.mktemp("lightning")
    write_rows(folder)
    write_pipe(folder, "forced", FORCED)
    write_pipe(folder, "sequential", "batch 4")
    return folder


@pytest.fixture(scope="module")
def ranks(folder: Path) -> list[Any]:
    """What the two processes that Lightning starts saw."""
    run([str(HERE / "train_lightning.py"), str(folder), "2"], folder)
    return results(folder, 2)


def test_ranks_train_on_the_batches_of_one_process(ranks: list[Any], folder: Path) -> None:
    """In turn, nothing twice, nothing sharded a second time; the epoch advances; `num_training_batches` is right."""
    expected = whole_turns(alone(folder, "forced", 2), 2)
    assert [2, 2] == [rank["world"] for rank in ranks]
    assert expected == in_turn([rank["whole"] for rank in ranks])
    assert [len(expected) // 4] * 2 == [rank["announced"] for rank in ranks]
    assert ranks[0]["weights"] == ranks[1]["weights"]


def test_the_composition_holds_on_each_rank(ranks: list[Any]) -> None:
    """Two bad ones of six in every batch that reached `training_step`."""
    assert [{2}, {2}] == [set(count_bad(rank["whole"])) for rank in ranks]


def test_validation_leaves_training_alone(ranks: list[Any]) -> None:
    """The sanity check takes two batches a rank, each validation all of them; each is of the epoch that trains."""
    for rank, found in enumerate(ranks):
        numbers = list(range(rank, 14, 2))
        expected = [(0, number) for number in numbers[:2]] + [(epoch, n) for epoch in range(2) for n in numbers]
        assert expected == [(item["epoch"], item["number"]) for item in found["validated"]]


def test_a_checkpoint_within_an_epoch_goes_on_with_the_next_batch(ranks: list[Any], folder: Path) -> None:
    """Lightning saves and restores the loader's state by itself: what comes is what an unbroken run would have had."""
    stopped, resumed = ([rank[part] for rank in ranks] for part in ("stopped", "resumed"))
    expected = whole_turns(alone(folder, "forced", EPOCHS), 2)
    assert [STEPS, STEPS] == [len(seen) for seen in stopped]
    assert expected == in_turn(stopped) + in_turn(resumed)
