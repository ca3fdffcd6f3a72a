"""The simple recurrent cell."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rnnaudio.nn.cells.cell import PLAIN, Cell, CellOptions, State, Step, h_of
from rnnaudio.nn.initialise import initialise


class SimpleCell(Cell):
    """One layer of units that see the frame and themselves a step ago.

        h' = tanh(W x + b + U h + c)

    `nonlinearity` "relu" bends by max(0, ·) instead. With `layer_norm` what is bent is normalised: tanh(g * norm(W x +
    U h) + b + c), with a gain g for each unit (Ba et al. 2016, arXiv:1607.06450, equation 4).

    Shapes: x (B, I), h (B, H) -> (B, H).
    Source: Elman 1990, "Finding structure in time".

    >>> SimpleCell(3, 5)(torch.zeros(2, 3))[0].shape
    torch.Size([2, 5])
    """

    kind = "rnn"
    option_names: ClassVar[tuple[str, ...]] = ("nonlinearity", "layer_norm")

    def __init__(self, inputs: int, hidden: int, options: CellOptions = PLAIN) -> None:
        super().__init__(inputs, hidden, options, blocks=("candidate",))
        self._add_weights()
        self.norm = nn.LayerNorm(hidden, bias=False) if options.layer_norm else None
        initialise(self)

    def project(self, frames: Tensor) -> Tensor:
        """What the frames contribute, without the bias where a norm comes first. Shapes: (..., I) -> (..., H)."""
        return linear(frames, self.weight_ih, None if self.norm else self.bias_ih)

    def recurrence(self) -> Step:
        """The equations."""
        bend = torch.tanh if self.options.nonlinearity == "tanh" else torch.relu
        weight, bias, norm = self.weight_hh, self.bias_hh, self.norm
        if norm is not None:
            bias = self.bias_ih + bias

        def step(x: Tensor, state: State) -> tuple[State, tuple[Tensor, ...]]:
            (h,) = state
            a = x + linear(h, weight, bias) if norm is None else norm(x + linear(h, weight)) + bias  # (B, H)
            h = bend(a)
            return (h,), ()

        return step

    def kernel(self, frames: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State] | None:
        """`torch.nn.RNN`'s own."""
        if self.norm is not None:
            return None
        kernel = torch.rnn_tanh if self.options.nonlinearity == "tanh" else torch.rnn_relu
        weights = [self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh]
        out, _ = kernel(frames, state[0][None], weights, True, 1, 0.0, self.training, False, True)
        return out, (h_of(out, state, lengths),)
