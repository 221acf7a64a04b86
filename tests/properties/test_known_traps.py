"""Mistakes found by reading and running other loaders, each a test of this one, named for the mistake.

What each does is told in one line, without its code; the rows of docs/guarantees.md are those that rule it out here.
"""

from collections import Counter
from itertools import islice

import numpy as np
import pytest
import torch
from delivered import Rows, batches_of, loader_over, pixels_of
from policies import AT, policy

import feedline
from feedline.compiler import ir
from feedline.runtime.sampling import BatchPlan, Populations, rank_batches, streams
from feedline.runtime.sampling.populations import Classes

AUGMENTED = "loader train from d {{ transform {{ RandomCrop(4) }}\nsample {{ batch {} }}\n{} }}"


def epoch_of(chosen: ir.Policy, people: Populations, epoch: int = 0) -> np.ndarray:
    """All batches of an epoch."""
    plan = BatchPlan(chosen, people)
    return plan.batches(epoch, 0, plan.length(epoch))


def mix(batch: int, *shares: int, last: str = "keep") -> ir.Policy:
    """`mix a .., b .., c .. per n`."""
    parts = tuple(ir.MixPart(name, share, span=AT) for name, share in zip("abc", shares, strict=False))
    return policy(batch, mix=ir.Mix(parts, span=AT), order="shuffled", last=last)


# ---- lost, doubled, repeated


@pytest.mark.parametrize("size", [65_537, 262_145, 1_048_577])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_shuffle_of_two_to_the_k_plus_one_records_loses_none(size: int, seed: int) -> None:
    """[rest-without-replacement] A block size one bit short drops the last record there and doubles another."""
    rows = epoch_of(policy(1000, order="shuffled", seed=seed), Populations(size))
    assert (np.bincount(rows[rows >= 0], minlength=size) == 1).all()


@pytest.mark.parametrize(
    ("one", "other"), [((0, 1), (1, 0)), ((5, 7), (6, 6)), ((0, 0), (2**32, 0)), ((1, 0), (-1, 0))]
)
def test_seed_plus_epoch_does_not_collide(one: tuple[int, int], other: tuple[int, int]) -> None:
    """[seeds] With `seed + epoch` for a key, seed 0's epoch 1 is seed 1's epoch 0, and runs share their orders."""
    orders = [epoch_of(policy(1000, order="shuffled", seed=seed), Populations(1000), at) for seed, at in (one, other)]
    assert (orders[0] == orders[1]).sum() < 12


def test_forgetting_set_epoch_does_not_repeat_the_order() -> None:
    """[order-shuffled] A sampler that must be told the epoch gives one order for ever to whoever forgets it."""
    loader = loader_over(Rows({"x": range(100)}), "loader train from d { sample { batch 10; order shuffled } }")
    epochs = [[index for batch in batches_of(loader) for index in batch] for _ in range(4)]
    assert 4 == len({tuple(order) for order in epochs})
    assert all(list(range(100)) == sorted(order) for order in epochs)


def test_an_epoch_of_a_shuffle_makes_one_permutation(monkeypatch: pytest.MonkeyPatch) -> None:
    """[order-shuffled] A plain shuffle that makes a second permutation at the end of every epoch, thrown away."""
    made = []
    real = streams.shuffles
    monkeypatch.setattr(streams, "shuffles", lambda *args: made.append(args) or real(*args))
    assert 10_000 == len(epoch_of(policy(10, order="shuffled"), Populations(100_000)))
    assert 1 == len(made)


def test_global_random_state_moves_no_batch() -> None:
    """[pure] Sources drawn with an unseeded global generator differ from rank to rank."""
    found = []
    for seed in (0, 1):
        np.random.seed(seed)
        torch.manual_seed(seed)
        found.append(epoch_of(mix(6, 2, 1), Populations(60, {"a": range(40), "b": range(40, 60)})).tolist())
    assert found[0] == found[1]


# ---- shares


def test_a_share_of_nine_to_one_in_fours_is_no_zero_quota() -> None:
    """[mix] Rounded down, 9 : 1 of 4 is [4, 0], and the source without a place makes the sampler search for ever."""
    rows = epoch_of(mix(4, 9, 1), Populations(1000, {"a": range(900), "b": range(900, 1000)}))
    counts = (rows >= 900).sum(axis=1)
    assert {0, 1} == set(counts.tolist())
    assert all(4 == counts[start : start + 10].sum() for start in range(0, len(rows) - 9, 10))


def test_equal_shares_of_eight_do_not_favour_the_first() -> None:
    """[mix] The remainder given to the first source makes 1 : 1 : 1 of 8 a [4, 2, 2]."""
    rows = epoch_of(mix(8, 1, 1, 1), Populations(90, {"a": range(30), "b": range(30, 60), "c": range(60, 90)}))
    counts = np.stack([((rows // 30) == part).sum(axis=1) for part in range(3)], axis=1)
    assert {2, 3} == set(counts.reshape(-1).tolist())
    assert all([8, 8, 8] == counts[start : start + 3].sum(axis=0).tolist() for start in range(0, len(rows) - 2, 3))


def test_a_mix_does_not_stop_at_its_scarcest_part() -> None:
    """[mix] Every batch after the end of the shortest stream is dropped, and most of the data with it."""
    rows = epoch_of(mix(4, 3, 1), Populations(302, {"a": range(300), "b": range(300, 302)}))
    assert set(range(302)) == set(rows.reshape(-1).tolist())
    assert 100 == len(rows)
    assert {50} == {Counter(rows.reshape(-1).tolist())[item] for item in (300, 301)}


def test_a_mix_has_a_length_of_its_own() -> None:
    """[mix, len] An endless sampler beside the data set's length: the logged number of batches is not what comes."""
    loader = loader_over(
        Rows({"x": range(30)}),
        "group a = d where x < 20\ngroup b = d where x >= 20\nloader train from d { sample { mix a 3, b 1 per 8 } }",
    )
    assert len(loader) == len(batches_of(loader)) == 4


# ---- buckets


@pytest.mark.parametrize("last", ["keep", "drop", "pad"])
def test_the_length_of_bucketed_batches_is_true(last: str) -> None:
    """[bucket, len] 6 wide and 6 tall ones in fours with the last dropped: a length of 3, and 2 batches come."""
    people = Populations(12, values=np.repeat([0.5, 2.0], 6))
    chosen = policy(4, bucket=ir.Bucket("v", 2, span=AT), order="shuffled", last=last)
    assert 3 == BatchPlan(chosen, people).length() == len(epoch_of(chosen, people))
    assert 12 == len(set(epoch_of(chosen, people).reshape(-1).tolist()))


def test_leftovers_of_buckets_do_not_mix() -> None:
    """[bucket] The leftovers of every bucket together make batches of any shape; here at most a batch of samples
    stands on the wrong side of a cut."""
    people = Populations(204, values=np.repeat([1.0, 2.0], [101, 103]))
    rows = epoch_of(policy(8, bucket=ir.Bucket("v", 2, span=AT), order="shuffled"), people)
    values = np.asarray(people.values)
    assert 8 >= sum(np.ptp(values[row[row >= 0]]) > 0 for row in rows)


# ---- ranks


@pytest.mark.parametrize("world", [2, 3, 4])
def test_classes_stay_whole_under_strided_ranks(world: int) -> None:
    """[draw, ranks] A flat list of indices with classes in order loses its promise when ranks take every W-th index."""
    classes = Classes("abcdefgh", np.arange(0, 81, 10), np.arange(80))
    chosen = policy(32, draw=ir.Draw(8, "f", 4, span=AT), epoch=("batches", "rest", 24), order="shuffled")
    rows = epoch_of(chosen, Populations(80, classes=classes))
    for rank in range(world):
        for number in rank_batches(len(rows), rank, world, "drop"):
            assert [4] * 8 == np.bincount(rows[number] // 10, minlength=8).tolist()


@pytest.mark.parametrize("world", [2, 3, 4, 5])
def test_no_rank_gets_a_duplicate_at_the_tail(world: int) -> None:
    """[uneven-drop, ranks] Padding to equal counts repeats samples, and alters validation results, without a word."""
    rows = epoch_of(policy(4, last="drop"), Populations(103))
    seen = [item for rank in range(world) for number in rank_batches(25, rank, world, "drop") for item in rows[number]]
    assert len(set(seen)) == len(seen) == 25 // world * world * 4


def test_padding_ranks_is_asked_for_and_counted() -> None:
    """[uneven-pad] Who wants equal counts with nothing left out says so, and just the first batches come again."""
    numbers = [number % 25 for rank in range(4) for number in rank_batches(25, rank, 4, "pad")]
    assert Counter({0: 2, 1: 2, 2: 2} | dict.fromkeys(range(3, 25), 1)) == Counter(numbers)


# ---- weights


def test_class_weights_for_samples_are_refused() -> None:
    """[weights-set] Two class weights where a weight a sample belongs draw samples 0 and 1 only, without a word."""
    loader = loader_over(
        Rows({"label": [0] * 50 + [1] * 10}), "loader train from d { sample { batch 8; weight by { rest 1 } } }"
    )
    for wrong in ([0.2, 0.8], [1.0] * 59, [1.0] * 61, []):
        with pytest.raises((ValueError, feedline.LoadError)) as caught:
            loader.sampler.set_weights(wrong)
        assert "60" in str(caught.value)


def test_weights_set_late_reach_the_tail() -> None:
    """[weights-set] Weights are one a sample, and from the next epoch on they are what is drawn by."""
    loader = loader_over(Rows({"x": range(60)}), "loader train from d { sample { batch 8; weight by { rest 1 } } }")
    before = batches_of(loader)
    loader.sampler.set_weights([0.0] * 59 + [2.0])
    assert {59} == {index for batch in batches_of(loader) for index in batch}
    assert len({index for batch in before for index in batch}) > 20


# ---- samples that cannot be read


def test_what_stands_in_for_a_broken_sample_is_not_its_neighbour() -> None:
    """[replace] Reading `index + 1` instead shows the neighbour twice as often and breaks the composition."""
    rows = Rows({"kind": [1, 0] * 30}, broken=(10,))
    loader = loader_over(
        rows,
        "group a = d where kind == 1\nloader train from d { sample { force 2 a per 4; epoch 30 batches }\n"
        "on error replace }",
    )
    seen: Counter[int] = Counter()
    for _ in range(20):
        batches = batches_of(loader)
        assert {2} == {sum(index % 2 == 0 for index in batch) for batch in batches}
        seen.update(index for batch in batches for index in batch if index % 2 == 0)
    assert 20 * 60 == seen.total()
    # 40 replacements over 29 others: one sample takes 12 of them in fewer than one of 10^6 runs.
    assert max(seen.values()) < 40 + 12


# ---- workers and augmentation


@pytest.mark.parametrize("workers", [1, 2])
def test_augmentation_does_not_depend_on_workers(workers: int) -> None:
    """[augmentation] The same seed gives other pictures with every number of workers."""
    rows = Rows({"x": range(12)}, pictures=True)
    options = f'num_workers = {workers}; multiprocessing_context = "fork"'
    alone = pixels_of(loader_over(rows, AUGMENTED.format(4, "")))
    assert torch.equal(alone, pixels_of(loader_over(rows, AUGMENTED.format(4, options))))


def test_augmentation_does_not_depend_on_the_batch_size() -> None:
    """[augmentation] And with every batch size, although sample and place in the epoch are the same."""
    rows = Rows({"x": range(24)}, pictures=True)
    four, eight = (pixels_of(loader_over(rows, AUGMENTED.format(size, ""))) for size in (4, 8))
    assert torch.equal(four, eight)


def test_augmentation_differs_by_epoch_with_workers_that_stay() -> None:
    """[augmentation] Workers that never learn the new epoch replay the same pictures."""
    rows = Rows({"x": range(8)}, pictures=True)
    options = 'num_workers = 2; persistent_workers = true; multiprocessing_context = "fork"'
    loader = loader_over(rows, AUGMENTED.format(4, options))
    one, two = pixels_of(loader), pixels_of(loader)
    # Two crops of 4 from 8 pixels are the same in one case of 25: all eight in one of 10^11.
    assert not torch.equal(one, two)


def test_workers_do_not_share_their_random_numbers() -> None:
    """[augmentation] Workers that start with one NumPy state give the same augmentation to different samples."""
    options = 'num_workers = 2; multiprocessing_context = "fork"'

    class Noise(Rows):
        def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
            return {"features": torch.from_numpy(np.random.rand(2))}

    loader = loader_over(Noise({"x": range(16)}), f"loader train from d {{ sample {{ batch 2 }}\n{options} }}")
    found = torch.cat([*islice(loader, 8)])
    assert 16 == len({tuple(row) for row in found.tolist()})
