"""Accelerate with two processes: `prepare` hands the loader back as it is, and its checkpoints hold the state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ranked import FORCED, alone, count_bad, in_turn, torchrun, whole_turns, write_pipe, write_rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that Accelerate trains on."""
    folder = tmp_path_factory.mktemp("accelerate")
    write_rows(folder)
    write_pipe(folder, "forced", FORCED)
    return folder


@pytest.fixture(scope="module")
def ranks(folder: Path) -> list[Any]:
    """What two processes saw."""
    return torchrun(2, "train_accelerate.py", folder)


def test_ranks_train_on_the_batches_of_one_process(ranks: list[Any], folder: Path) -> None:
    """In turn, nothing twice, nothing sharded a second time; the epoch advances; `len` is right."""
    expected = alone(folder, "forced", 2)
    assert [2, 2] == [rank["world"] for rank in ranks]
    for epoch in range(2):
        assert whole_turns(expected[epoch : epoch + 1], 2) == in_turn([rank["whole"][epoch] for rank in ranks])
    assert [len(expected[0]) // 2] * 2 == [rank["announced"] for rank in ranks]
    assert ranks[0]["weights"] == ranks[1]["weights"]


def test_the_composition_holds_on_each_rank(ranks: list[Any]) -> None:
    """Two bad ones of six in every batch that was trained on."""
    assert {2} == {count for rank in ranks for epoch in rank["whole"] for count in count_bad(epoch)}


def test_save_state_and_load_state_go_on_with_the_next_batch(ranks: list[Any]) -> None:
    """Nothing needs to be registered: what comes after `load_state` is what an unbroken run would have had."""
    for rank in ranks:
        assert [rank["whole"][1][2:]] == rank["resumed"]


def test_a_dataloader_around_the_loaders_order_is_refused(ranks: list[Any]) -> None:
    """`skip_first_batches` builds one; what it yields says what to do instead."""
    assert [["FL573"]] * 2 == [rank["refused"] for rank in ranks]
