"""Batches of utterances of similar length, as a pure function of (seed, epoch, step)."""

import math
from collections.abc import Sequence

import numpy as np

from rnnaudio.errors import ConfigError, DataError

__all__ = ["LengthBatches"]


class LengthBatches:
    """Batches whose padded audio, items times the longest item, stays within `batch_seconds`.

    Each epoch sorts the items by seconds * (1 + u), u uniform from 0 to `jitter`, cuts this row into batches
    and shuffles the batches. The sizes of the cuts are fixed once, on the exactly sorted lengths and with the
    budget divided by 1 + jitter. That is enough: the p-th key is at most 1 + jitter times the p-th length,
    and no item is longer than its key. So the budget and the number of batches hold in every epoch.

    seconds: length of each item. max_items: also at most so many items in a batch. shuffle=False: sorted by
    length, the same in every epoch. sortagrad=True: epoch 0 goes from short to long (Amodei et al. 2016,
    arXiv:1512.02595). With `world_size` ranks, each step gives each rank one batch, of neighbouring lengths
    so that none waits long. Every item comes exactly once in an epoch, over all ranks; only when every batch
    is a single item may fewer than `world_size` come again. An item longer than `batch_seconds` is such a
    batch.

    ConfigError for a setting that cannot be, DataError for a length that is not a positive number.

    >>> batches = LengthBatches([1.0, 3.0, 1.1, 2.9], batch_seconds=7.0, seed=0)
    >>> len(batches), sorted(sorted(batch) for batch in batches.batches(epoch=5))
    (2, [[0, 2], [1, 3]])
    >>> batches.batch(epoch=5, step=1) == batches.batches(epoch=5)[1]
    True
    """

    def __init__(
        self,
        seconds: Sequence[float],
        batch_seconds: float,
        seed: int,
        max_items: int | None = None,
        world_size: int = 1,
        rank: int = 0,
        shuffle: bool = True,
        sortagrad: bool = False,
        jitter: float = 0.1,
    ) -> None:
        self.seconds = np.asarray(seconds, dtype=np.float64)
        self.batch_seconds, self.seed, self.max_items = batch_seconds, seed, max_items
        self.world_size, self.rank = world_size, rank
        self.shuffle, self.sortagrad = shuffle, sortagrad
        self.jitter = jitter if shuffle else 0.0
        self._validate()
        self.sizes = self._whole_steps(self._cut())
        self._latest: tuple[int, list[list[int]]] | None = None

    def __len__(self) -> int:
        """Batches per epoch for this rank: the same in every epoch and on every rank."""
        return len(self.sizes) // self.world_size

    def batches(self, epoch: int) -> list[list[int]]:
        """All batches of this rank in `epoch`, as lists of item indices."""
        if self._latest is None or self._latest[0] != epoch:
            self._latest = epoch, self._draw(epoch)  # a memo: the next step of the same epoch costs nothing
        return [list(batch) for batch in self._latest[1]]

    def batch(self, epoch: int, step: int) -> list[int]:
        """Batch number `step` of `epoch`, without the ones before it having been used."""
        if self._latest is None or self._latest[0] != epoch:
            self._latest = epoch, self._draw(epoch)
        return list(self._latest[1][step])

    def _draw(self, epoch: int) -> list[list[int]]:
        generator = np.random.default_rng([self.seed, epoch])
        noise = generator.uniform(0, self.jitter, size=len(self.seconds))
        order = np.argsort(self.seconds * (1 + noise), kind="stable")
        if self.sizes and sum(self.sizes) > len(order):  # fewer items than ranks
            order = np.resize(order, sum(self.sizes))
        borders = np.cumsum(self.sizes)[:-1]
        batches = np.split(order, borders) if self.sizes else []
        steps = np.arange(len(batches)).reshape(-1, self.world_size)  # (steps, ranks)
        if self.shuffle:
            steps = generator.permuted(steps, axis=1)
            if not (self.sortagrad and epoch == 0):
                steps = generator.permutation(steps)
        return [batches[index].tolist() for index in steps[:, self.rank]]

    def _cut(self) -> list[int]:
        """How many items each batch takes, from the shortest items to the longest."""
        budget = self.batch_seconds / (1 + self.jitter)
        most = self.max_items or math.inf
        sizes: list[int] = []
        for seconds in np.sort(self.seconds):
            if sizes and sizes[-1] < most and (sizes[-1] + 1) * seconds <= budget:
                sizes[-1] += 1
            else:
                sizes.append(1)
        return sizes

    def _whole_steps(self, sizes: list[int]) -> list[int]:
        """Halve the largest batches until each step has one for each rank; single items come again."""
        sizes = list(sizes)
        while len(sizes) % self.world_size:
            largest = max(range(len(sizes)), key=lambda index: sizes[index])
            half = sizes[largest] // 2
            sizes[largest : largest + 1] = [sizes[largest] - half, half] if half else [1, 1]
        return sizes

    def _validate(self) -> None:
        if not self.batch_seconds > 0:
            raise ConfigError(f"batch_seconds is {self.batch_seconds}. It must be above zero, for example 60.")
        if self.max_items is not None and self.max_items < 1:
            raise ConfigError(f"max_items is {self.max_items}. Give one or more, or none for no limit.")
        if not 0 <= self.rank < self.world_size:
            raise ConfigError(f"rank is {self.rank} of {self.world_size}. Ranks count from 0 to world_size - 1.")
        if not 0 <= self.jitter < math.inf:
            raise ConfigError(f"jitter is {self.jitter}. It must be zero or more, for example 0.1.")
        if self.seed < 0:
            raise ConfigError(f"seed is {self.seed}. Seeds are zero or above.")
        bad = np.flatnonzero(~(np.isfinite(self.seconds) & (self.seconds > 0)))
        if len(bad):
            raise DataError(f"Item {bad[0]} is {self.seconds[bad[0]]} seconds long. Run check on the manifest first.")
