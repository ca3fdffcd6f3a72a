"""Ragged rows without their padding: the order in which the kernels read and write."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Rows:
    """The valid frames of a batch, time by time, the longest row first.

    At step t the first `sizes[t]` rows are still running; their frames lie side by side from `offsets[t]` on. So every
    step is one block of memory that shrinks as rows end, and no product is computed for padding. This is the layout of
    `torch.nn.utils.rnn.PackedSequence`.
    """

    order: Tensor
    """(B,) rows by falling length."""
    index: Tensor
    """(N,) where each frame stands in the batch laid flat, (B T)."""
    ends: Tensor
    """(B,) the last frame of each row of `order` among the N; rows without frames have -1."""
    before: Tensor
    """(N - sizes[0],) for each frame after a row's first, the one before it among the N."""
    sizes: list[int]
    offsets: list[int]

    @property
    def frames(self) -> int:
        """N, the number of valid frames."""
        return len(self.index)


def lay_out(lengths: Tensor, time: int, backward: bool = False) -> Rows:
    """The order of frames for `lengths` (B,), each row read from its end where `backward` is set.

    >>> rows = lay_out(torch.tensor([1, 3]), time=3)
    >>> rows.order.tolist(), rows.sizes, rows.index.tolist()
    ([1, 0], [2, 1, 1], [3, 0, 4, 5])
    >>> lay_out(torch.tensor([1, 3]), time=3, backward=True).index.tolist()
    [5, 0, 4, 3]
    """
    falling, order = torch.sort(lengths, descending=True, stable=True)
    running = torch.arange(time)[:, None] < falling  # (T, B)
    step, place = running.nonzero(as_tuple=True)  # (N,), (N,): by time, then by row
    at = falling[place] - 1 - step if backward else step
    index = order[place] * time + at
    counts = running.sum(dim=1)
    sizes = [count for count in counts.tolist() if count]
    starts = counts.cumsum(0) - counts  # (T,)
    ends = torch.where(falling > 0, starts[(falling - 1).clamp(min=0)] + torch.arange(len(order)), -1)
    later = step > 0
    before = starts[step[later] - 1] + place[later]
    return Rows(order, index, ends, before, sizes, starts.tolist()[: len(sizes)])
