"""Any cell, step by step over a sequence.

The weight's gradient is left to autograd, one product a step: putting it off to one product for all steps, by functions
of our own, took 0.9 to 1.2 times as long in all variants from 64 to 512 units, on one thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from rnnaudio.nn.cells.cell import Cell, State


def loop(
    cell: Cell, frames: Tensor, state: State, lengths: Tensor | None, zoneout: float, whole: bool = True
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...], State]:
    """All states (B, T, size), all gates (B, T, H) if `whole`, and the last state, each row's own with `lengths`."""
    before, step = state, cell.recurrence()
    trail: list[tuple[Tensor, ...]] = []
    # unbind, not frames[:, t]: the gradient of each index would be a whole sequence of zeros
    for x in cell.project(frames).unbind(1):
        after, gates = step(x, state)
        state = zone(state, after, zoneout, cell.training) if zoneout else after
        trail.append((*state, *gates) if whole else state)
    if trail:
        kept = tuple(torch.stack(values, dim=1) for values in zip(*trail, strict=True))
    else:
        sizes = *cell.state_sizes, *[cell.hidden for _ in cell.gate_names]
        kept = tuple(frames.new_zeros(*frames.shape[:2], size) for size in sizes)
    states, gates = kept[: len(state)], kept[len(state) :]
    if trail and lengths is not None:
        state = tuple(last_of(values, first, lengths) for values, first in zip(states, before, strict=True))
    return states, gates, state


def zone(before: State, after: State, share: float, training: bool) -> State:
    """Zoneout: units that keep their old state, drawn anew for each state; at evaluation the expected mixture."""
    if not training:
        return tuple(share * old + (1 - share) * new for old, new in zip(before, after, strict=True))
    return tuple(torch.where(torch.rand_like(new) < share, old, new) for old, new in zip(before, after, strict=True))


def last_of(values: Tensor, before: Tensor, lengths: Tensor) -> Tensor:
    """Each row at its own last frame, or `before` for a row without frames. Shapes: (B, T, H), (B, H) -> (B, H)."""
    index = (lengths - 1).clamp(min=0)[:, None, None].expand(-1, 1, values.shape[2])
    return torch.where(lengths[:, None] > 0, values.gather(1, index)[:, 0], before)
