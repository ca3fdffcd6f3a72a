"""A glance ahead for a network that reads in one direction."""

import torch
from torch import Tensor, nn

from rnnaudio.errors import ConfigError


class Lookahead(nn.Module):
    """Each unit weighs its own value at this frame and at the next `context` ones.

        y_t = sum_j w_j * h_{t + j}        j = 0 ... context

    A row ends in silence: what lies after its end counts as zero. The first weights let the frame through as it is.
    Against both directions this costs (context + 1) weights a unit and a delay of `context` frames.

    Shapes: frames (B, T, F), zero after each row's end -> (B, T, F), zero after it.
    Sources: Wang et al. 2016, "Lookahead convolution layer for unidirectional recurrent neural networks"; Amodei et
    al. 2016, "Deep speech 2", arXiv:1512.02595.

    >>> ahead = Lookahead(1, context=1)
    >>> _ = nn.init.ones_(ahead.weight)
    >>> ahead(torch.tensor([[[1.0], [2.0], [4.0]]])).flatten().tolist()
    [3.0, 6.0, 4.0]
    """

    def __init__(self, width: int, context: int) -> None:
        super().__init__()
        if context < 1:
            raise ConfigError(f"a look-ahead over {context} frames sees nothing; it must be 1 or more.")
        self.context = context
        self.weight = nn.Parameter(torch.zeros(width, context + 1))
        nn.init.ones_(self.weight[:, 0])

    def forward(self, frames: Tensor) -> Tensor:
        """Weigh whole rows."""
        return self._weighed(nn.functional.pad(frames, (0, 0, 0, self.context)))

    def stream(self, frames: Tensor, waiting: Tensor | None = None, end: bool = False) -> tuple[Tensor, Tensor]:
        """Weigh the next frames of a stream, `context` frames late; at the `end` all that waits comes out.

        Shapes: frames (B, T, F), waiting (B, up to context, F) -> out (B, N, F), waiting.

        >>> ahead = Lookahead(4, context=2)
        >>> out, waiting = ahead.stream(torch.ones(1, 5, 4))
        >>> out.shape[1], ahead.stream(torch.ones(1, 1, 4), waiting, end=True)[0].shape[1]
        (3, 3)
        """
        if waiting is not None:
            frames = torch.cat([waiting, frames], dim=1)
        whole = frames.shape[1] if end else max(0, frames.shape[1] - self.context)
        out = self(frames) if end else self._weighed(frames)
        return out, frames[:, whole:]

    def _weighed(self, frames: Tensor) -> Tensor:
        """Every place from which `context` more frames can be seen. Shapes: (B, T + context, F) -> (B, T, F)."""
        if frames.shape[1] <= self.context or frames.shape[0] == 0:
            return frames[:, self.context :]
        seen = nn.functional.conv1d(frames.mT, self.weight[:, None], groups=len(self.weight))  # (B, F, T)
        return seen.mT

    def extra_repr(self) -> str:
        """Show the context."""
        return f"context={self.context}"
