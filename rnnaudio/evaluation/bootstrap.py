"""How far a rate can be trusted: intervals for error rates and for shares."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from rnnaudio.errors import DataError

_BLOCK = 1 << 20  # numbers drawn at a time, to bound memory on large test sets


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`, as fractions.

    >>> str(Interval(0.0, 0.0125))
    '0.00 to 1.25 %'
    """

    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.low:.2f} to {100 * self.high:.2f} %"


def error_interval(
    errors: Sequence[int],
    references: Sequence[int],
    groups: Sequence[Hashable] | None = None,
    level: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> Interval | None:
    """An interval for sum(errors) / sum(references), by drawing utterances again with replacement.

    `errors` and `references` count for each utterance. With `groups` (speakers, say) whole groups are
    drawn, which is the honest choice where the utterances of a group resemble each other. Fewer than two
    units to draw give None.

    Without a single error every draw is 0, which says too much: then `high` is the largest rate that would
    show no error in as many words with probability 1 - level (close to 3 / words for 95 %, the rule of
    three).

    Source: Bisani & Ney 2004, "Bootstrap estimates for confidence intervals in ASR performance evaluation";
    Hanley & Lippman-Hand 1983, "If nothing goes wrong, is everything all right?".

    >>> error_interval([0, 1] * 50, [5] * 100)
    Interval(low=0.08, high=0.12)
    """
    if not 0 < level < 1 or draws < 1:
        raise DataError(f"No interval has level {level} from {draws} draws; try level=0.95, draws=1000.")
    wrong, said = np.asarray(errors, dtype=np.int64), np.asarray(references, dtype=np.int64)
    if groups is not None:
        numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
        index = np.asarray([numbers[group] for group in groups], dtype=np.int64)
        wrong, said = np.bincount(index, weights=wrong), np.bincount(index, weights=said)
    if len(wrong) < 2:
        return None
    total = int(said.sum())
    if not wrong.any():
        return Interval(0.0, 1 - (1 - level) ** (1 / max(1, total)))
    rates = _drawn_rates(wrong, said, draws, np.random.default_rng(seed))
    low, high = np.quantile(rates, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def _drawn_rates(wrong: np.ndarray, said: np.ndarray, draws: int, generator: np.random.Generator) -> np.ndarray:
    """The rate of each draw. Shapes: wrong (U,), said (U,) -> (draws,)."""
    units = len(wrong)
    rates = np.empty(draws)
    rows = max(1, _BLOCK // units)
    for start in range(0, draws, rows):
        drawn = generator.integers(units, size=(min(rows, draws - start), units))  # (R, U)
        rates[start : start + rows] = wrong[drawn].sum(axis=1) / np.maximum(1, said[drawn].sum(axis=1))
    return rates


def share_interval(right: int, total: int) -> Interval:
    """A 95 % interval for the share right / total; everything is possible for a total of 0.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference". It stays
    inside 0..1 and has a width even at 0 and 100 %.

    >>> share_interval(100, 100)
    Interval(low=0.963..., high=1.0)
    """
    if total == 0:
        return Interval(0.0, 1.0)
    z, share = 1.959964, right / total
    middle = share + z * z / (2 * total)
    width = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return Interval(max(0.0, (middle - width) / scale), min(1.0, (middle + width) / scale))
