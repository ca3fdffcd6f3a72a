"""Less memory for longer training: keep a few states, and run the rest again on the way back."""

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from rnnaudio.nn.cells import Cell, State


def run_in_segments(
    cell: Cell, frames: Tensor, state: State | None, lengths: Tensor | None, zoneout: float, size: int
) -> tuple[Tensor, State]:
    """`cell.run`, keeping for the way back only the states between pieces of `size` frames.

    Memory falls from all gates of T frames to T / size states and the gates of `size` frames; each piece is run twice.
    Random choices are the same the second time. About sqrt(T) frames save the most.

    Shapes: frames (B, T, I), lengths (B,) or None -> (B, T, `cell.width`), state, as of `cell.run`.
    Source: Chen et al. 2016, "Training deep nets with sublinear memory cost", arXiv:1604.06174.

    >>> from rnnaudio.nn.cells import make_cell
    >>> cell = make_cell("gru", 3, 5)
    >>> frames = torch.randn(2, 10, 3)
    >>> torch.allclose(run_in_segments(cell, frames, None, None, 0.0, 4)[0], cell.run(frames)[0], atol=1e-6)
    True
    """
    state = cell.check(frames, state)
    outs, done = [], 0
    for piece in frames.split(size, dim=1):
        here = None if lengths is None else (lengths - done).clamp(0, piece.shape[1])
        out, state = checkpoint(cell.run, piece, state, here, zoneout, use_reentrant=False)
        outs.append(out)
        done += piece.shape[1]
    return torch.cat(outs, dim=1), state
