"""The light gated recurrent unit."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rnnaudio.nn.cells.cell import PLAIN, Cell, CellOptions, State, Step
from rnnaudio.nn.initialise import initialise


class LiGRUCell(Cell):
    """A GRU for speech: no reset gate, and a candidate without an upper bound.

        z = sigmoid(norm(W x)_z + b_z + U_z h)        update: how much of the past stays
        n = relu(norm(W x)_n + b_n + U_n h)           candidate
        h' = (1 - z) * n + z * h

    The norm holds the unbounded candidate. The paper takes batch norm; here it is layer norm over both rows of W x, so
    that a frame's states depend neither on its batch nor on frames that a stream has not reached.

    Shapes: x (B, I), h (B, H) -> (B, H).
    Source: Ravanelli et al. 2018, "Light gated recurrent units for speech recognition", arXiv:1803.10225.

    >>> LiGRUCell(3, 5)(torch.zeros(2, 3))[0].shape
    torch.Size([2, 5])
    """

    kind = "ligru"
    gate_names: ClassVar[tuple[str, ...]] = ("update", "candidate")

    def __init__(self, inputs: int, hidden: int, options: CellOptions = PLAIN) -> None:
        super().__init__(inputs, hidden, options, blocks=self.gate_names)
        self._add_weights(recurrent_bias=False)
        self.norm_ih = nn.LayerNorm(2 * hidden, bias=False)
        initialise(self)

    def project(self, frames: Tensor) -> Tensor:
        """What the frames contribute, normalised. Shapes: (..., I) -> (..., 2H)."""
        return self.norm_ih(linear(frames, self.weight_ih)) + self.bias_ih

    def recurrence(self) -> Step:
        """The equations."""
        weight = self.weight_hh

        def step(x: Tensor, state: State) -> tuple[State, tuple[Tensor, ...]]:
            (h,) = state
            z, n = (x + linear(h, weight)).chunk(2, dim=1)  # (B, H) twice
            z, n = torch.sigmoid(z), torch.relu(n)
            return (n + z * (h - n),), (z, n)

        return step
