"""One recurrent layer, in one direction or both, exact for every row of a ragged batch."""

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from rnnaudio.errors import ConfigError, DataError
from rnnaudio.nn.lengths import check_lengths, hide_padding, reverse

Cell = Literal["rnn", "lstm", "gru"]
Fusion = Literal["concat", "sum", "mean"]
State = Tensor | tuple[Tensor, Tensor]

KERNELS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
GATES = {"rnn": 1, "lstm": 4, "gru": 3}


class Recurrent(nn.Module):
    """A recurrent layer: each state is computed from the frame and the state before it.

    The backward direction is a second forward layer over frames reversed by length, so that a row's padding is never
    between its end and its first backward step. The result equals `torch.nn.LSTM(bidirectional=True)` on a packed
    sequence to float precision, and trains several times faster on a CPU (benchmarks/recurrent.py).

    Shapes: frames (B, T, F), lengths (B,) -> (B, T, `width`), zero after each row's end. `width` is `hidden`, or twice
    that for both directions under "concat" fusion.

    Sources: Elman 1990 (rnn); Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000 (lstm);
    Cho et al. 2014, arXiv:1406.1078 (gru); Schuster & Paliwal 1997 (both directions).

    >>> layer = Recurrent("gru", 3, 5, bidirectional=True)
    >>> layer(torch.zeros(2, 7, 3), torch.tensor([7, 4])).shape
    torch.Size([2, 7, 10])
    """

    def __init__(
        self, cell: Cell, inputs: int, hidden: int, bidirectional: bool = False, fusion: Fusion = "concat"
    ) -> None:
        super().__init__()
        if cell not in KERNELS:
            raise ConfigError(f"cell is {cell!r}; choose one of {', '.join(KERNELS)}.")
        self.cell, self.inputs, self.hidden, self.fusion = cell, inputs, hidden, fusion
        self.ahead = KERNELS[cell](inputs, hidden, batch_first=True)
        self.behind = KERNELS[cell](inputs, hidden, batch_first=True) if bidirectional else None
        self.width = 2 * hidden if bidirectional and fusion == "concat" else hidden
        for kernel in (self.ahead, self.behind):
            if kernel is not None:
                initialise(kernel, cell)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Run over whole rows. A row of length zero gives zeros."""
        if frames.ndim != 3 or frames.shape[2] != self.inputs:
            raise DataError(f"frames have shape {tuple(frames.shape)}; this layer reads (batch, time, {self.inputs}).")
        lengths = check_lengths(frames, lengths)
        if frames.shape[0] == 0 or frames.shape[1] == 0:
            return frames.new_zeros(*frames.shape[:2], self.width)
        frames = hide_padding(frames, lengths)
        states, _ = self.ahead(frames)  # (B, T, H)
        if self.behind is not None:
            backward, _ = self.behind(reverse(frames, lengths))
            states = fuse(states, reverse(backward, lengths), self.fusion)  # (B, T, H or 2H)
        return hide_padding(states, lengths)

    def stream(self, frames: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Run over the next frames of a stream, from the state the last call returned.

        Shapes: frames (B, T, F) without padding; state (1, B, H), for "lstm" a pair of them; None starts anew.
        Chunks of any size give what one call over all frames gives. Raises `DataError` for both directions: the
        backward one starts at an end that a stream has not reached.

        >>> layer = Recurrent("lstm", 3, 5)
        >>> states, memory = layer.stream(torch.zeros(1, 2, 3))
        >>> layer.stream(torch.zeros(1, 4, 3), memory)[0].shape
        torch.Size([1, 4, 5])
        """
        if self.behind is not None:
            raise DataError("a bidirectional layer cannot stream: its backward direction begins at the end.")
        if frames.shape[1] == 0 and state is not None:
            return frames.new_zeros(frames.shape[0], 0, self.width), state
        return self.ahead(frames, state)


def fuse(ahead: Tensor, behind: Tensor, fusion: Fusion) -> Tensor:
    """Make one sequence of two directions: (B, T, H) twice -> (B, T, 2H) for "concat", else (B, T, H).

    >>> fuse(torch.ones(1, 1, 2), torch.zeros(1, 1, 2), "mean")
    tensor([[[0.5000, 0.5000]]])
    """
    if fusion == "concat":
        return torch.cat([ahead, behind], dim=2)
    if fusion == "sum":
        return ahead + behind
    if fusion == "mean":
        return (ahead + behind) / 2
    raise ConfigError(f"fusion is {fusion!r}; choose one of concat, sum, mean.")


def initialise(kernel: nn.RNNBase, cell: Cell) -> None:
    """Start a kernel where gradients live long: Xavier inputs, orthogonal recurrence, an open forget gate.

    Each gate's recurrent block is orthogonal by itself, so that a state keeps its length through one step
    (Saxe et al. 2014, arXiv:1312.6120). The forget gate's bias is 1 (Jozefowicz et al. 2015).

    >>> gru = nn.GRU(2, 3); initialise(gru, "gru")
    >>> block = gru.weight_hh_l0[:3]
    >>> torch.allclose(block @ block.T, torch.eye(3), atol=1e-5)
    True
    """
    hidden = kernel.hidden_size
    with torch.no_grad():
        for name, weight in kernel.named_parameters():
            if "bias" in name:
                weight.zero_()
                continue
            for gate in range(GATES[cell]):
                block = weight[gate * hidden : (gate + 1) * hidden]
                if "weight_hh" in name:
                    nn.init.orthogonal_(block)
                else:
                    bound = math.sqrt(6 / (block.shape[0] + block.shape[1]))
                    block.uniform_(-bound, bound)
        if cell == "lstm":
            # torch's order of gates: input, forget, cell, output
            nn.init.ones_(kernel.get_parameter("bias_ih_l0")[hidden : 2 * hidden])
