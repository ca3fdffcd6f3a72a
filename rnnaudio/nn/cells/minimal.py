"""The minimal cells, whose gates see the frame alone: all times at once, by a scan."""

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from rnnaudio.nn.cells.cell import PLAIN, Cell, CellOptions, State, Step, h_of
from rnnaudio.nn.cells.scan import scan
from rnnaudio.nn.initialise import initialise
from rnnaudio.nn.kernels import minimal_scan, serves


class MinimalCell(Cell):
    """h' = keep * h + (1 - keep) * candidate, where neither keep nor the candidate knows h."""

    def project(self, frames: Tensor) -> Tensor:
        """What the frames say, in their own precision: half of it would round a long memory to an endless one."""
        return super().project(frames).to(frames.dtype)

    def gates(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """What share of the past is kept, and the gates, of which the last is the candidate: (..., G) -> (..., H)."""
        raise NotImplementedError

    def recurrence(self) -> Step:
        """The equations. There is no recurrent product."""

        def step(x: Tensor, state: State) -> tuple[State, tuple[Tensor, ...]]:
            (h,) = state
            keep, gates = self.gates(x)
            return (keep * h + (1 - keep) * gates[-1],), gates

        return step

    def kernel(self, frames: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """A scan: gates and recurrence in one pass where it trains on a CPU, one after the other elsewhere."""
        x = self.project(frames)
        if serves(frames, self.bias_ih):
            out = minimal_scan(self.kind, x, state[0])
            return out, (h_of(out, state, lengths),)
        keep, gates = self.gates(x)
        out = scan(keep, (1 - keep) * gates[-1], state[0])
        return out, (h_of(out, state, lengths),)


class MinGRUCell(MinimalCell):
    """A GRU without a reset gate, whose gate and candidate see only the frame.

        z = sigmoid(W_z x + b_z)                      update: how much is new
        n = g(W_n x + b_n)                            candidate, g(x) = x + 0.5 for x >= 0, else sigmoid(x)
        h' = (1 - z) * h + z * n

    The paper trains it on logarithms (`scan.log_scan`), for which g keeps n above zero. This computes the same numbers
    without logarithms, which is faster and takes a state of any sign. Note that z opens to the new where a GRU's keeps
    the old.

    Shapes: x (B, I), h (B, H) -> (B, H).
    Source: Feng et al. 2024, "Were RNNs all we needed?", arXiv:2410.01201.

    >>> MinGRUCell(3, 5)(torch.zeros(2, 3))[0].shape
    torch.Size([2, 5])
    """

    kind = "mingru"
    gate_names: ClassVar[tuple[str, ...]] = ("update", "candidate")

    def __init__(self, inputs: int, hidden: int, options: CellOptions = PLAIN) -> None:
        super().__init__(inputs, hidden, options, blocks=self.gate_names)
        self._add_weights(recurrent=False)
        initialise(self)

    def gates(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """1 - z, and (z, n)."""
        z, n = x.chunk(2, dim=-1)
        z, n = torch.sigmoid(z), positive(n)
        return 1 - z, (z, n)


class MinLSTMCell(MinimalCell):
    """An LSTM without output gate and memory of its own, whose gates see only the frame and share out one whole.

        f = sigmoid(W_f x + b_f),  i = sigmoid(W_i x + b_i)
        f, i = f / (f + i), i / (f + i)               forget and input, which sum to 1
        n = g(W_n x + b_n)                            candidate, g as in minGRU
        h' = f * h + i * n

    Shapes: x (B, I), h (B, H) -> (B, H).
    Source: Feng et al. 2024, "Were RNNs all we needed?", arXiv:2410.01201, the form that does not depend on time.

    >>> MinLSTMCell(3, 5)(torch.zeros(2, 3))[0].shape
    torch.Size([2, 5])
    """

    kind = "minlstm"
    gate_names: ClassVar[tuple[str, ...]] = ("forget", "input", "candidate")

    def __init__(self, inputs: int, hidden: int, options: CellOptions = PLAIN) -> None:
        super().__init__(inputs, hidden, options, blocks=self.gate_names)
        self._add_weights(recurrent=False)
        initialise(self)

    def gates(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """f, and (f, i, n)."""
        f, i, n = x.chunk(3, dim=-1)
        f = torch.sigmoid(logsigmoid(f) - logsigmoid(i))  # f / (f + i), where both may be too small to divide
        return f, (f, 1 - f, positive(n))


def positive(x: Tensor) -> Tensor:
    """The candidates' bend, above zero everywhere: x + 0.5 where x >= 0, else sigmoid(x).

    >>> positive(torch.tensor([-50.0, 0.0, 2.0]))
    tensor([1.9287e-22, 5.0000e-01, 2.5000e+00])
    """
    return torch.relu(x) + torch.sigmoid(x.clamp(max=0))
