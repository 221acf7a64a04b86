"""Real processes under torchrun, with gloo and DDP: what each rank's loader yields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ranked import FORCED, alone, count_bad, in_turn, torchrun, write_pipe, write_rows

import feedline

POLICIES = {
    "forced": FORCED,
    "padded": FORCED + "; uneven pad",
    "kept": "force 1 bad per 8; last keep; seed 5",
    "workers": FORCED,
    "weighted": "batch 8; balance by label; seed 1",
    "sequential": "batch 4",
    "drawn": "draw 2 label with 3 each; seed 2",
    "mixed": "mix bad 1, good 3 per 4; seed 4",
    "repeated": "batch 6; repeat factor 0.5 by label; seed 6",
    "bucketed": "batch 5; bucket by width into 3; order shuffled; seed 8",
    "staged": "batch 6; order shuffled; from epoch 1 { force 2 bad per 6 with replacement }",
}
SHARED = {
    "shared": "force 4 bad per 12 across ranks with replacement; seed 3",
    "shared_kept": "batch 12 across ranks; order shuffled; last keep",
    "shared_padded": "batch 16 across ranks; order shuffled; last keep; uneven pad",
}
"""The ranks divide each batch."""
OPTIONS = {"workers": "num_workers = 2"}
EPOCHS = 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that every rank trains on."""
    folder = tmp_path_factory.mktemp("ranks")
    write_rows(folder)
    for name, policy in (POLICIES | SHARED).items():
        write_pipe(folder, name, policy, OPTIONS.get(name, ""))
    return folder


@pytest.fixture(scope="module", params=[2, pytest.param(4, marks=pytest.mark.slow)])
def ranks(request: pytest.FixtureRequest, folder: Path) -> list[Any]:
    """What every rank of a run of two, or of four, wrote down. Four go on from the state that two left."""
    if request.param == 4 and not (folder / "state.json").exists():
        torchrun(2, "train_ddp.py", folder)
    return torchrun(request.param, "train_ddp.py", folder)


def _each(ranks: list[Any], name: str, epoch: int) -> list[Any]:
    return [rank["epochs"][name][epoch]["batches"] for rank in ranks]


def test_every_rank_took_every_step(ranks: list[Any]) -> None:
    """No rank waited for another, and DDP left the same weights everywhere."""
    assert [len(ranks)] * len(ranks) == [rank["world"] for rank in ranks]
    assert [ranks[0]["weights"]] * len(ranks) == [rank["weights"] for rank in ranks]


@pytest.mark.parametrize("name", POLICIES | SHARED)
def test_ranks_get_as_many_batches_as_announced(ranks: list[Any], name: str) -> None:
    """The same number on every rank, which is `len(loader)`."""
    for epoch in range(EPOCHS):
        seen = [rank["epochs"][name][epoch] for rank in ranks]
        assert [len(seen[0]["batches"])] * len(ranks) == [item["announced"] for item in seen]
        assert [len(seen[0]["batches"])] * len(ranks) == [len(item["batches"]) for item in seen]
        assert seen[0]["batches"]


@pytest.mark.parametrize("name", POLICIES)
def test_ranks_take_turns_at_the_batches_of_one_process(ranks: list[Any], folder: Path, name: str) -> None:
    """Batch by batch in turn, the ranks' batches are those of a single process, in order; the epoch advances."""
    for epoch, expected in enumerate(alone(folder, name, EPOCHS)):
        each = _each(ranks, name, epoch)
        end = len(expected) // len(ranks) * len(ranks)
        assert expected[:end] == in_turn(each)[:end]
        assert {epoch} == {batch["epoch"] for batches in each for batch in batches}


@pytest.mark.parametrize("name", ["forced", "workers"])
def test_no_batch_comes_to_two_ranks(ranks: list[Any], name: str) -> None:
    """`uneven drop`: the numbers that came are different ones."""
    for epoch in range(EPOCHS):
        numbers = [batch["number"] for batches in _each(ranks, name, epoch) for batch in batches]
        assert sorted(numbers) == list(range(len(numbers)))


def test_the_composition_holds_on_every_rank(ranks: list[Any]) -> None:
    """Two bad ones in every batch of six, counted in the data that came."""
    for name in ("forced", "padded", "workers"):
        for epoch in range(EPOCHS):
            assert {2} == {count for batches in _each(ranks, name, epoch) for count in count_bad(batches)}


def test_uneven_pad_repeats_the_first_batches(ranks: list[Any], folder: Path) -> None:
    """Where the batches do not divide, the ranks that would get nothing get the epoch's first batches."""
    for epoch, expected in enumerate(alone(folder, "padded", EPOCHS)):
        together = in_turn(_each(ranks, "padded", epoch))
        assert len(together) == -(-len(expected) // len(ranks)) * len(ranks)
        assert [*expected, *expected[: len(together) - len(expected)]] == together


def test_the_data_does_not_divide(folder: Path) -> None:
    """Else the tests of `uneven` would show nothing."""
    assert 1 == len(alone(folder, "padded", 1)[0]) % 4


@pytest.mark.parametrize("name", SHARED)
def test_ranks_divide_a_shared_batch(ranks: list[Any], folder: Path, name: str) -> None:
    """Rank j of W gets places j, j + W, ... of every batch; only a last one that is too short may differ."""
    for epoch, expected in enumerate(alone(folder, name, EPOCHS)):
        batches = [[record["x"] for record in seen] for seen in _each(ranks, name, epoch)]
        for number, shares in enumerate(zip(*batches, strict=True)):
            together = expected[number]
            assert [together[rank :: len(ranks)] for rank in range(len(ranks))] == [*shares]


def test_a_shared_policy_holds_for_all_ranks_together(ranks: list[Any]) -> None:
    """Four bad ones in every twelve."""
    for epoch in range(EPOCHS):
        shares = zip(*(count_bad(batches) for batches in _each(ranks, "shared", epoch)), strict=True)
        assert {4} == {sum(counts) for counts in shares}


def test_ranks_resume_what_two_ranks_left(ranks: list[Any], folder: Path) -> None:
    """Two ranks stop within epoch 1; four, and one, go on with the very batches that were left."""
    whole = alone(folder, "forced", 3)
    if len(ranks) == 2:
        stopped = [rank["epochs"]["resumed"][1]["batches"] for rank in ranks]
        assert whole[1][:4] == in_turn(stopped)
    loader = feedline.compile(folder / "forced.pipe", rank=0, world_size=1).train
    loader.load_state_dict(json.loads((folder / "state.json").read_text()))
    assert whole[1][4:] == [features[:, 0].int().tolist() for features, _ in loader]
    if len(ranks) == 4:
        first, second = (_each(ranks, "resumed", epoch) for epoch in range(2))
        assert (whole[1][4:12], whole[2][:12]) == (in_turn(first), in_turn(second))
