"""Permutations: exact for every size, uniform, reproducible everywhere."""

import itertools

import numpy as np
import pytest

from feedline.runtime.sampling.shuffles import Feistel, random_ranks, random_words, shuffles

# Thresholds: chi-squared / degrees of freedom below what one seed in 10^6 exceeds.


@pytest.mark.parametrize("size", [1, 2, 3, 7, 65_535, 65_536, 65_537, 262_145, 1_048_577, 4_194_305])
def test_feistel_is_a_bijection(size: int) -> None:
    """Every item exactly once, at the sizes where a well-known loader loses a record too."""
    items = Feistel(size, key=1).at(np.arange(size))
    assert items.min() == 0
    assert items.max() == size - 1
    assert np.bincount(items, minlength=size).max() == 1


def test_feistel_takes_any_part_alone() -> None:
    """The items at some ranks are those of the whole, whatever else is asked for."""
    network = Feistel(100_003, key=5)
    ranks = np.array([99_999, 0, 7, 50_000])
    assert network.at(np.arange(100_003))[ranks].tolist() == network.at(ranks).tolist()


def test_feistel_of_a_billion_holds_no_array_of_that_size() -> None:
    """Memory grows with the square root of the size."""
    network = Feistel(10**9, key=3)
    items = network.at(np.arange(10**9 - 1000, 10**9))
    assert len(set(items.tolist())) == 1000
    assert sum(table.nbytes for table in network._tables) < 3_000_000


def test_feistel_keys_differ() -> None:
    """Another key is another order: two of them agree in no more places than chance allows."""
    ranks = np.arange(100_000)
    one, other = Feistel(10**7, key=1).at(ranks), Feistel(10**7, key=2).at(ranks)
    assert (one == other).sum() <= 5


@pytest.mark.parametrize("size", [16, 97])
def test_feistel_positions_are_uniform(size: int) -> None:
    """Over many keys every item comes to every position equally often, and so do pairs of neighbours."""
    orders = np.array([Feistel(size, key).at(np.arange(size)) for key in range(4000)])
    table = np.zeros((size, size))
    np.add.at(table, (np.tile(np.arange(size), 4000), orders.reshape(-1)), 1)
    expected = 4000 / size
    assert ((table - expected) ** 2 / expected).sum() / (size - 1) ** 2 < 1.9
    pairs = np.bincount(orders[:, 0] * size + orders[:, 1], minlength=size * size).reshape(size, size)
    off_diagonal = pairs[~np.eye(size, dtype=bool)]
    expected = 4000 / (size * (size - 1))
    assert ((off_diagonal - expected) ** 2 / expected).sum() / (off_diagonal.size - 1) < 3.0


def test_shuffles_are_uniform_over_all_orders() -> None:
    """Each of the 24 orders of four items is as frequent as the others."""
    rows = shuffles(11, 0, 24_000, 4)
    counts = [int((rows == order).all(axis=1).sum()) for order in itertools.permutations(range(4))]
    assert sum(counts) == 24_000
    assert sum((count - 1000) ** 2 / 1000 for count in counts) < 70  # 23 degrees of freedom


def test_a_shuffle_does_not_depend_on_the_others() -> None:
    """Row i of a block is what row i alone would be."""
    whole = shuffles(4, 0, 50, 13)
    assert whole[17:19].tolist() == shuffles(4, 17, 2, 13).tolist()


def test_random_words_are_pinned() -> None:
    """The numbers behind every order are the same on every machine and with every NumPy."""
    assert random_words(7, 3, 1, 2).tolist() == [[8154422499591478340, 15579528020626576100]]
    assert shuffles(7, 3, 1, 8).tolist() == [[5, 1, 2, 4, 7, 6, 0, 3]]
    assert Feistel(10**9, 7).at(np.arange(4)).tolist() == [147004260, 744473087, 519958446, 631485236]


def test_random_ranks_are_uniform() -> None:
    """Draws over a range whose size is no power of two favour no one."""
    counts = np.bincount(random_ranks(2, 0, 30_000, 4, 12).reshape(-1), minlength=12)
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 50  # 11 degrees of freedom
