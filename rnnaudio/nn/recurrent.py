"""One recurrent layer, in one direction or both, exact for every row of a ragged batch."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rnnaudio.errors import ConfigError, DataError
from rnnaudio.nn.cells import PLAIN, Cell, CellOptions, State, Unfolded, make_cell
from rnnaudio.nn.checkpoint import run_in_segments
from rnnaudio.nn.dropout import drop_weights
from rnnaudio.nn.fusion import FusionKind, make_fusion
from rnnaudio.nn.kernels import Direction, long_row, ragged_gru, serves, serves_alone
from rnnaudio.nn.lengths import check_lengths, hide_padding, reverse


@dataclass(frozen=True)
class LayerTrace:
    """All that happened in a layer: both directions in reading order, and what became of them (B, T, W)."""

    ahead: Unfolded
    behind: Unfolded | None
    fused: Tensor


class Recurrent(nn.Module):
    """A recurrent layer: each state is computed from the frame and the state before it.

    The backward direction is a second forward cell over frames reversed by length, so that a row's padding is never
    between its end and its first backward step. The result equals `torch.nn.LSTM(bidirectional=True)` on a packed
    sequence to float precision, and trains several times faster on a CPU (benchmarks/recurrent.py).

    `weight_drop` sets this share of the recurrent weights to zero while training, the same for all steps of a batch
    (Merity et al. 2018, arXiv:1708.02182); `zoneout` is this share of units that keep their state (Krueger et al. 2017,
    arXiv:1606.01305). `segment` trains in less memory: only the states between pieces of so many frames are kept, and
    each piece is run a second time for its gradients (Chen et al. 2016, arXiv:1604.06174); same numbers, more time.

    Shapes: frames (B, T, F), lengths (B,) -> (B, T, `width`), zero after each row's end. A row of length zero gives
    zeros. `DataError` names what does not fit: frames, lengths or state.

    Sources: of each unit in `rnnaudio.nn.cells`; Schuster & Paliwal 1997 (both directions).

    >>> layer = Recurrent("gru", 3, 5, bidirectional=True)
    >>> layer(torch.zeros(2, 7, 3), torch.tensor([7, 4])).shape
    torch.Size([2, 7, 10])
    """

    def __init__(
        self,
        kind: str,
        inputs: int,
        hidden: int,
        bidirectional: bool = False,
        fusion: FusionKind = "concat",
        options: CellOptions = PLAIN,
        weight_drop: float = 0.0,
        zoneout: float = 0.0,
        segment: int = 0,
    ) -> None:
        super().__init__()
        if segment < 0:
            raise ConfigError(f"segment is {segment}; it must be 0 (keep everything) or a number of frames.")
        for name, share in (("weight_drop", weight_drop), ("zoneout", zoneout)):
            if not 0 <= share < 1:
                raise ConfigError(f"{name} is {share}; it must be 0 or more and less than 1.")
        self.kind, self.inputs, self.hidden, self.zoneout, self.segment = kind, inputs, hidden, zoneout, segment
        self.ahead = make_cell(kind, inputs, hidden, options)
        self.behind = make_cell(kind, inputs, hidden, options) if bidirectional else None
        self.fuse = make_fusion(fusion, self.ahead.width) if bidirectional else None
        self.width = self.ahead.width if self.fuse is None else self.fuse.width
        if weight_drop and segment:
            raise ConfigError("weight_drop and segment exclude each other: a piece run again would drop other weights.")
        if weight_drop and "weight_hh" not in dict(self.ahead.named_parameters()):
            raise ConfigError(f"weight_drop is {weight_drop}, but the cell {kind!r} has no recurrent weights to drop.")
        for cell in (self.ahead, self.behind) if weight_drop else ():
            if cell is not None:
                drop_weights(cell, "weight_hh", weight_drop)

    def forward(self, frames: Tensor, lengths: Tensor, state: State | None = None) -> Tensor:
        """Run over whole rows, the forward direction from `state`, the backward one anew from each row's end."""
        return self._run(frames, lengths, state)[0]

    def forward_with_state(self, frames: Tensor, lengths: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Outputs, and the forward direction's state of each row after its own last frame.

        >>> layer = Recurrent("lstm", 3, 5)
        >>> out, (h, c) = layer.forward_with_state(torch.randn(2, 7, 3), torch.tensor([7, 4]))
        >>> bool((h[1] == out[1, 3]).all())
        True
        """
        return self._run(frames, lengths, state, ends=True)

    def _run(self, frames: Tensor, lengths: Tensor, state: State | None, ends: bool = False) -> tuple[Tensor, State]:
        self._check(frames)
        lengths = check_lengths(frames, lengths)
        fast = self._by_kernel(frames, lengths, state)
        if fast is not None:
            (out, last), *rest = fast
            return (out if self.fuse is None else hide_padding(self.fuse(out, rest[0][0]), lengths)), last
        frames = hide_padding(frames, lengths)
        out, last = self._along(self.ahead, frames, state, lengths if ends else None)  # (B, T, H)
        if self.behind is not None and self.fuse is not None:
            behind, _ = self._along(self.behind, reverse(frames, lengths), None, None)
            out = self.fuse(out, reverse(behind, lengths))  # (B, T, W)
        return hide_padding(out, lengths), last

    def _along(self, cell: Cell, frames: Tensor, state: State | None, lengths: Tensor | None) -> tuple[Tensor, State]:
        if self.segment and torch.is_grad_enabled():
            return run_in_segments(cell, frames, state, lengths, self.zoneout, self.segment)
        return cell.run(frames, state, lengths, self.zoneout)

    def _by_kernel(self, frames: Tensor, lengths: Tensor, state: State | None) -> list[tuple[Tensor, State]] | None:
        """Each direction by a kernel of our own, where one serves; None where the cells' `run` is the way."""
        plain = self.kind in ("lstm", "gru") and self.ahead.options == PLAIN and not self.zoneout and not self.segment
        if not plain or frames.shape[0] == 0 or frames.shape[1] == 0:
            return None
        training = self.kind == "gru" and serves(frames, self.ahead.bias_ih)
        if not training and not (serves_alone(frames, self.ahead.bias_ih) and int(lengths[0]) == frames.shape[1]):
            return None
        directions = []
        for cell, first, backward in ((self.ahead, state, False), (self.behind, None, True)):
            if cell is not None:
                weights = (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
                directions.append(Direction(*weights, cell.check(frames, first), backward))
        if training:
            return [(out, (last,)) for out, last in ragged_gru(frames, lengths, directions)]
        return long_row(self.kind, frames, directions)

    def stream(self, frames: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Run over the next frames of a stream, from the state the last call returned; None starts anew.

        Shapes: frames (B, T, F) without padding -> (B, T, `width`), state. Chunks of any size give what one call over
        all frames gives. Raises `DataError` for both directions: the backward one starts at an end that a stream has
        not reached.

        >>> layer = Recurrent("lstm", 3, 5)
        >>> out, state = layer.stream(torch.zeros(1, 2, 3))
        >>> layer.stream(torch.zeros(1, 4, 3), state)[0].shape
        torch.Size([1, 4, 5])
        """
        if self.behind is not None:
            raise DataError("a bidirectional layer cannot stream: its backward direction begins at the end.")
        self._check(frames)
        return self.ahead.run(frames, state, zoneout=self.zoneout)

    def unfold(self, frames: Tensor, lengths: Tensor, state: State | None = None) -> LayerTrace:
        """Every state and gate of both directions in reading order, zero after each row's end; differentiable.

        >>> trace = Recurrent("lstm", 3, 5, bidirectional=True).unfold(torch.zeros(2, 7, 3), torch.tensor([7, 4]))
        >>> trace.behind.gates["forget"].shape, trace.fused.shape
        (torch.Size([2, 7, 5]), torch.Size([2, 7, 10]))
        """
        frames, lengths = self._checked(frames, lengths)
        ahead = self.ahead.unfold(frames, state, lengths, self.zoneout)
        if self.behind is None or self.fuse is None:
            ahead = _tidied(ahead, lengths)
            return LayerTrace(ahead, None, ahead.states["h"])
        behind = _tidied(self.behind.unfold(reverse(frames, lengths), None, lengths, self.zoneout), lengths, turn=True)
        fused = self.fuse(ahead.states["h"], behind.states["h"])
        return LayerTrace(_tidied(ahead, lengths), behind, hide_padding(fused, lengths))

    def _checked(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        self._check(frames)
        lengths = check_lengths(frames, lengths)
        return hide_padding(frames, lengths), lengths

    def _check(self, frames: Tensor) -> None:
        if frames.ndim != 3 or frames.shape[2] != self.inputs:
            raise DataError(f"frames have shape {tuple(frames.shape)}; this layer reads (batch, time, {self.inputs}).")
        weight = self.ahead.bias_ih
        if frames.device != weight.device:
            raise DataError(f"frames are on {frames.device} and the layer on {weight.device}; move one of them.")
        if frames.dtype != weight.dtype and not torch.is_autocast_enabled(frames.device.type):
            raise DataError(f"frames are {frames.dtype} and the layer's weights {weight.dtype}; convert one of them.")


def _tidied(trace: Unfolded, lengths: Tensor, turn: bool = False) -> Unfolded:
    def tidy(values: dict[str, Tensor]) -> dict[str, Tensor]:
        turned = {name: reverse(value, lengths) if turn else value for name, value in values.items()}
        return {name: hide_padding(value, lengths) for name, value in turned.items()}

    return Unfolded(tidy(trace.states), tidy(trace.gates), trace.last)
