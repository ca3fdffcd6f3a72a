"""Fewer frames: neighbours joined into one, so that the layers above take fewer steps."""

import torch
from torch import Tensor, nn

from rnnaudio.errors import ConfigError


class Reduction(nn.Module):
    """Join each `factor` neighbouring frames into one, side by side; the last ones are filled up with zeros.

    Before the first layer this is frame stacking (Sak et al. 2015, arXiv:1507.06947), before a later one it makes the
    stack a pyramid (Chan et al. 2016, "Listen, attend and spell", arXiv:1508.01211).

    Shapes: frames (B, T, F), zero after each row's end -> (B, ceil(T / factor), factor F), zero after it.

    >>> reduction = Reduction(2)
    >>> reduction(torch.tensor([[[1.0], [2.0], [3.0]]]))
    tensor([[[1., 2.],
             [3., 0.]]])
    >>> reduction.output_lengths(torch.tensor([3, 2]))
    tensor([2, 1])
    """

    def __init__(self, factor: int) -> None:
        super().__init__()
        if factor < 1:
            raise ConfigError(f"a reduction by {factor} joins no frames; it must be 1 or more.")
        self.factor = factor

    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Frames out for frames in."""
        return -(-lengths // self.factor)

    def forward(self, frames: Tensor) -> Tensor:
        """Join whole rows."""
        if self.factor == 1:
            return frames
        frames = nn.functional.pad(frames, (0, 0, 0, -frames.shape[1] % self.factor))
        return frames.unflatten(1, (frames.shape[1] // self.factor, self.factor)).flatten(2)

    def stream(self, frames: Tensor, waiting: Tensor | None = None, end: bool = False) -> tuple[Tensor, Tensor]:
        """Join the next frames of a stream; those that do not yet fill a group wait, unless this is the `end`.

        Shapes: frames (B, T, F), waiting (B, fewer than factor, F) -> joined (B, N, factor F), waiting.

        >>> out, waiting = Reduction(2).stream(torch.ones(1, 3, 4))
        >>> out.shape, waiting.shape
        (torch.Size([1, 1, 8]), torch.Size([1, 1, 4]))
        """
        if self.factor == 1:
            return frames, frames[:, :0] if waiting is None else waiting
        if waiting is not None:
            frames = torch.cat([waiting, frames], dim=1)
        whole = frames.shape[1] if end else frames.shape[1] // self.factor * self.factor
        return self(frames[:, :whole]), frames[:, whole:]

    def extra_repr(self) -> str:
        """Show the factor."""
        return str(self.factor)
