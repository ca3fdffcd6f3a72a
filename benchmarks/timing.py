"""Timing peers against one another on a noisy machine: in turn, in one process, as ratios."""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds of each round, by name."""

    seconds: dict[str, list[float]]

    def median(self, name: str) -> float:
        """Median seconds; NaN for a peer that did not run."""
        return statistics.median(self.seconds[name]) if self.seconds.get(name) else math.nan

    def ratio(self, name: str, to: str) -> float:
        """The median over rounds of one's time by the other's: both had the same noise around them."""
        pairs = list(zip(self.seconds.get(name, []), self.seconds.get(to, []), strict=False))
        return statistics.median(one / other for one, other in pairs) if pairs else math.nan


def in_turn(peers: Mapping[str, Callable[[], object]], rounds: int, least: float = 0.0) -> Timing:
    """Run all peers in turn `rounds` times after one round of warming up.

    A peer is run again within its turn until `least` seconds have gone by, for work of microseconds.
    """
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    for turn in range(rounds + 1):
        for name, work in peers.items():
            calls, begin = 0, time.perf_counter()
            while calls == 0 or time.perf_counter() - begin < least:
                work()
                calls += 1
            if turn:
                seconds[name].append((time.perf_counter() - begin) / calls)
    return Timing(seconds)


def milliseconds(seconds: float) -> str:
    """A time for a table, a dash where there is none."""
    if math.isnan(seconds):
        return "-"
    return (
        f"{1000 * seconds:.0f}"
        if seconds >= 0.1
        else f"{1000 * seconds:.1f}"
        if seconds > 1e-3
        else f"{1000 * seconds:.3f}"
    )


def times(ratio: float) -> str:
    """A ratio for a table."""
    return "-" if math.isnan(ratio) else f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
