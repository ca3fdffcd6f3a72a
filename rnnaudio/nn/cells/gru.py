"""The gated recurrent unit."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rnnaudio.nn.cells.cell import PLAIN, Cell, CellOptions, State, Step, h_of
from rnnaudio.nn.initialise import initialise


class GRUCell(Cell):
    """A state that is renewed as far as its gates allow.

        r = sigmoid(W_r x + b_r + U_r h + c_r)            reset: how much of the past enters the candidate
        z = sigmoid(W_z x + b_z + U_z h + c_z)            update: how much of the past stays
        n = tanh(W_n x + b_n + r * (U_n h + c_n))         candidate
        h' = (1 - z) * n + z * h

    `reset` "before" has the candidate of the paper, n = tanh(W_n x + b_n + U_n (r * h) + c_n). With `layer_norm` each
    product W x and U h is normalised, gates and candidate by themselves, before its bias comes on (Ba et al. 2016,
    arXiv:1607.06450, supplement).

    Shapes: x (B, I), h (B, H) -> (B, H).
    Source: Cho et al. 2014, arXiv:1406.1078, with the reset where cuDNN and torch.nn.GRUCell put it.

    >>> GRUCell(3, 5)(torch.zeros(2, 3))[0].shape
    torch.Size([2, 5])
    """

    kind = "gru"
    gate_names: ClassVar[tuple[str, ...]] = ("reset", "update", "candidate")
    option_names: ClassVar[tuple[str, ...]] = ("layer_norm", "reset")

    def __init__(self, inputs: int, hidden: int, options: CellOptions = PLAIN) -> None:
        super().__init__(inputs, hidden, options, blocks=self.gate_names)
        self._add_weights()
        self.norm_ih = GateNorm(hidden) if options.layer_norm else None
        self.norm_hh = GateNorm(hidden) if options.layer_norm else None
        initialise(self)

    def project(self, frames: Tensor) -> Tensor:
        """What the frames contribute to both gates and the candidate. Shapes: (..., I) -> (..., 3H)."""
        if self.norm_ih is None:
            return super().project(frames)
        gates, candidate = self.norm_ih.gates, self.norm_ih.candidate
        rz, n = self._split(linear(frames, self.weight_ih))
        return torch.cat([gates(rz), candidate(n)], dim=-1) + self.bias_ih

    def recurrence(self) -> Step:
        """The equations."""
        (weight_rz, weight_n), (bias_rz, bias_n) = self._split(self.weight_hh, dim=0), self._split(self.bias_hh)
        norm, late = self.norm_hh, self.options.reset == "after"

        def gates_of(h: Tensor) -> Tensor:
            return linear(h, weight_rz, bias_rz) if norm is None else norm.gates(linear(h, weight_rz)) + bias_rz

        def candidate_of(h: Tensor) -> Tensor:
            return linear(h, weight_n, bias_n) if norm is None else norm.candidate(linear(h, weight_n)) + bias_n

        def step(x: Tensor, state: State) -> tuple[State, tuple[Tensor, ...]]:
            (h,) = state
            x_rz, x_n = self._split(x)  # (B, 2H), (B, H)
            r, z = torch.sigmoid(x_rz + gates_of(h)).chunk(2, dim=1)  # (B, H) twice
            n = torch.tanh(x_n + (r * candidate_of(h) if late else candidate_of(r * h)))
            return (n + z * (h - n),), (r, z, n)

        return step

    def kernel(self, frames: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State] | None:
        """`torch.nn.GRU`'s own."""
        if self.options != PLAIN:
            return None
        weights = [self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh]
        out, _ = torch.gru(frames, state[0][None], weights, True, 1, 0.0, self.training, False, True)
        return out, (h_of(out, state, lengths),)

    def _split(self, values: Tensor, dim: int = -1) -> tuple[Tensor, Tensor]:
        both, candidate = values.split([2 * self.hidden, self.hidden], dim=dim)
        return both, candidate


class GateNorm(nn.Module):
    """The two norms of a GRU's product: one over both gates, one over the candidate."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.gates = nn.LayerNorm(2 * hidden, bias=False)
        self.candidate = nn.LayerNorm(hidden, bias=False)
