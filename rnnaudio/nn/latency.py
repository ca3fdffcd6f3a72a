"""Both directions live: the backward one begins anew every few frames, with a look at what comes next."""

import torch
from torch import Tensor
from torch.nn.utils.parametrize import cached

from rnnaudio.nn.cells import PLAIN, CellOptions, State, Unfolded
from rnnaudio.nn.fusion import FusionKind
from rnnaudio.nn.lengths import hide_padding, reverse
from rnnaudio.nn.recurrent import LayerTrace, Recurrent


def count_windows(time: int, chunk: int) -> int:
    """Windows for so many frames, one at least.

    >>> count_windows(0, 4), count_windows(8, 4), count_windows(9, 4)
    (1, 2, 3)
    """
    return max(1, -(-time // chunk))


def windows(frames: Tensor, lengths: Tensor, chunk: int, right: int, count: int) -> tuple[Tensor, Tensor]:
    """Cut rows into `count` windows of `chunk` frames and the `right` ones that follow, each window a row.

    Shapes: frames (B, T, F), zero after each row's end, lengths (B,) -> (B N, chunk + right, F), lengths (B N,).

    >>> rows, lengths = windows(torch.arange(1.0, 6.0).view(1, 5, 1), torch.tensor([5]), chunk=2, right=1, count=3)
    >>> rows[:, :, 0].tolist(), lengths.tolist()
    ([[1.0, 2.0, 3.0], [3.0, 4.0, 5.0], [5.0, 0.0, 0.0]], [3, 3, 1])
    """
    size = chunk + right
    frames = torch.nn.functional.pad(frames, (0, 0, 0, count * chunk + right - frames.shape[1]))
    cut = frames.unfold(1, size, chunk).mT  # (B, N, L, F)
    first = torch.arange(count, device=lengths.device) * chunk
    return cut.flatten(0, 1), (lengths[:, None] - first).clamp(0, size).flatten()


def chunks(windows: Tensor, count: int, chunk: int) -> Tensor:
    """Rows again, of the first `chunk` frames of each window. Shapes: (B N, L, F) -> (B, N chunk, F).

    >>> chunks(torch.tensor([[[1], [2], [3]], [[3], [4], [5]]]), count=2, chunk=2).flatten().tolist()
    [1, 2, 3, 4]
    """
    return windows[:, :chunk].unflatten(0, (len(windows) // count, count)).flatten(1, 2)


class LatencyControlled(Recurrent):
    """A bidirectional layer whose output is known `right` frames after its chunk of `chunk` frames.

    The forward direction carries its state from chunk to chunk. The backward one begins anew at the end of each
    window, a chunk and the frames to its right, whose own outputs serve the layers above and are then forgotten; the
    forward direction reads them too, from the state at the chunk's end. So the delay of a stack is that of one layer.

    Shapes: windows (B N, L, F) as `windows` cuts them, N = `count` for each row, lengths (B N,) -> (B N, L, `width`).
    Sources: Zhang et al. 2016, "Highway long short-term memory RNNs for distant speech recognition", arXiv:1510.08983;
    Xue & Yan 2017, "Improving latency-controlled BLSTM acoustic models for online speech recognition".

    >>> layer = LatencyControlled(2, "gru", 3, 5)
    >>> rows, lengths = windows(torch.zeros(1, 5, 3), torch.tensor([5]), chunk=2, right=1, count=3)
    >>> layer(rows, lengths, count=3).shape
    torch.Size([3, 3, 10])
    """

    def __init__(
        self,
        chunk: int,
        kind: str,
        inputs: int,
        hidden: int,
        fusion: FusionKind = "concat",
        options: CellOptions = PLAIN,
        weight_drop: float = 0.0,
        zoneout: float = 0.0,
    ) -> None:
        super().__init__(kind, inputs, hidden, True, fusion, options, weight_drop, zoneout)
        self.chunk = chunk

    def forward(self, frames: Tensor, lengths: Tensor, state: State | None = None, count: int = 1) -> Tensor:
        """Run over the windows of each row."""
        return self.forward_with_state(frames, lengths, state, count)[0]

    def forward_with_state(
        self, frames: Tensor, lengths: Tensor, state: State | None = None, count: int = 1
    ) -> tuple[Tensor, State]:
        """Run over the next `count` windows of each row, and tell the forward direction's state after the last chunk.

        >>> layer = LatencyControlled(2, "lstm", 3, 5)
        >>> out, state = layer.forward_with_state(torch.zeros(4, 3, 3), torch.tensor([3, 3, 3, 3]), count=2)
        >>> state[0].shape
        torch.Size([2, 5])
        """
        assert self.behind is not None
        assert self.fuse is not None
        frames, lengths = self._checked(frames, lengths)
        with cached():  # dropped weights are the same in all windows
            ahead, state = self._ahead(frames, state, count)
            behind, _ = self.behind.run(reverse(frames, lengths), zoneout=self.zoneout)
        return hide_padding(self.fuse(ahead, reverse(behind, lengths)), lengths), state

    def unfold(self, frames: Tensor, lengths: Tensor, state: State | None = None, count: int = 1) -> LayerTrace:
        """Every state and gate of the chunks, put together to rows (B, N chunk, size), zero after each row's end."""
        assert self.fuse is not None
        frames, lengths = self._checked(frames, lengths)
        parts: list[Unfolded] = []
        with cached():
            for part in self._parts(frames, count):
                parts.append(self.ahead.unfold(part, state, zoneout=self.zoneout))
                state = parts[-1].last
            back = super().unfold(frames, lengths).behind
        assert back is not None
        ends = lengths.unflatten(0, (len(lengths) // count, count)).clamp(max=self.chunk).sum(dim=1)  # (B,)

        def along(values: list[dict[str, Tensor]]) -> dict[str, Tensor]:
            return {name: hide_padding(torch.cat([value[name] for value in values], 1), ends) for name in values[0]}

        def joined(values: dict[str, Tensor]) -> dict[str, Tensor]:
            return {name: chunks(value, count, self.chunk) for name, value in values.items()}

        ahead = Unfolded(along([part.states for part in parts]), along([part.gates for part in parts]), parts[-1].last)
        behind = Unfolded(joined(back.states), joined(back.gates), back.last)
        fused = self.fuse(ahead.states["h"], behind.states["h"])
        return LayerTrace(ahead, behind, hide_padding(fused, ends))

    def _ahead(self, windows: Tensor, state: State | None, count: int) -> tuple[Tensor, State]:
        outs, ends = [], []
        for part in self._parts(windows, count):
            out, state = self.ahead.run(part, state, zoneout=self.zoneout)
            outs.append(out)
            ends.append(state)
        assert state is not None
        out = torch.stack(outs, dim=1).flatten(0, 1)  # (B N, chunk, H)
        if windows.shape[1] > self.chunk:
            starts = tuple(torch.stack(values, dim=1).flatten(0, 1) for values in zip(*ends, strict=True))
            context, _ = self.ahead.run(windows[:, self.chunk :], starts, zoneout=self.zoneout)
            out = torch.cat([out, context], dim=1)
        return out, state

    def _parts(self, windows: Tensor, count: int) -> tuple[Tensor, ...]:
        """The chunks one after another, each (B, chunk, F)."""
        return windows[:, : self.chunk].unflatten(0, (len(windows) // count, count)).unbind(1)
