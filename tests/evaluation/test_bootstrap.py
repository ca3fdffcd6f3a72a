"""Intervals: the right width, the same each time, and honest where nothing varies."""

import numpy as np
import pytest

from rnnaudio.errors import DataError
from rnnaudio.evaluation.bootstrap import Interval, error_interval, share_interval


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    generator = np.random.default_rng(7)
    said = np.full(150, 4)
    covered = 0
    for seed in range(200):
        interval = error_interval(generator.binomial(said, 0.1), said, draws=300, seed=seed)
        covered += interval.low <= 0.1 <= interval.high
    assert 180 <= covered <= 199  # 190 of 200 are expected


def test_the_same_seed_draws_the_same_interval():
    errors, said = [0, 1, 2, 0, 3] * 20, [5] * 100
    assert error_interval(errors, said, seed=3) == error_interval(errors, said, seed=3)
    assert error_interval(errors, said, seed=3) != error_interval(errors, said, seed=4)


def test_memory_is_bounded_and_blocks_do_not_change_the_draws(monkeypatch):
    errors, said = [0, 1, 2, 0, 3] * 20, [5] * 100
    whole = error_interval(errors, said)
    monkeypatch.setattr("rnnaudio.evaluation.bootstrap._BLOCK", 700)
    assert error_interval(errors, said) == whole


def test_utterances_of_one_speaker_widen_the_interval_of_speakers():
    errors, said, speakers = [0] * 50 + [1] * 50, [5] * 100, ["a"] * 25 + ["b"] * 25 + ["c"] * 25 + ["d"] * 25
    alone, together = error_interval(errors, said), error_interval(errors, said, speakers)
    assert together.high - together.low > 3 * (alone.high - alone.low)


def test_no_error_is_not_certainty():
    interval = error_interval([0] * 100, [10] * 100)
    assert interval.low == 0
    assert interval.high == pytest.approx(3 / 1000, rel=0.01)
    assert error_interval([0, 0], [0, 0]) == Interval(0.0, pytest.approx(0.95))


def test_one_unit_has_no_interval():
    assert error_interval([], []) is None
    assert error_interval([1], [5]) is None
    assert error_interval([1, 2], [5, 5], ["a", "a"]) is None


@pytest.mark.parametrize(("level", "draws"), [(0, 100), (1, 100), (0.95, 0)])
def test_impossible_wishes_are_refused(level, draws):
    with pytest.raises(DataError, match="No interval has level"):
        error_interval([0, 1], [1, 1], level=level, draws=draws)


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_in_table_1_of_newcombe_1998(right, total, low, high):
    interval = share_interval(right, total)
    assert (interval.low, interval.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_a_share_of_nothing_may_be_anything():
    assert share_interval(0, 0) == Interval(0.0, 1.0)
