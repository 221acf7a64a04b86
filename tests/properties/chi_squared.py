"""How far counts may be from what is expected before a test says so."""

from __future__ import annotations

import numpy as np

FALSE_ALARM = 1e-6
"""The chance that a right engine fails one of these tests under another seed; the seeds in the tests are fixed."""

_QUANTILE = 4.7534  # of the normal distribution, for that chance


def statistic(counts: np.ndarray, expected: np.ndarray | float) -> float:
    """Sum of (counts - expected)^2 / expected."""
    return float(((counts - expected) ** 2 / expected).sum())


def limit(freedom: int) -> float:
    """What chi-squared with so many degrees of freedom exceeds with probability `FALSE_ALARM`; the cube-root
    approximation of Wilson and Hilferty (1931), good to a percent from 3 degrees on."""
    part = 2 / (9 * freedom)
    return freedom * (1 - part + _QUANTILE * part**0.5) ** 3


def assert_even(counts: np.ndarray) -> None:
    """The counts are what equal chances give."""
    assert statistic(counts, counts.sum() / counts.size) < limit(counts.size - 1)


def assert_shares(counts: np.ndarray, shares: np.ndarray) -> None:
    """The counts are what chances in proportion to `shares` (all above zero) give."""
    expected = counts.sum() * shares / shares.sum()
    assert expected.min() >= 5, "too few draws for the approximation"
    assert statistic(counts, expected) < limit(counts.size - 1)
