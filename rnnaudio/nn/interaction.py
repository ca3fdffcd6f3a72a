"""What a layer adds to what lies beneath it: nothing more, a sum, a gated sum, or one more column for all above."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from rnnaudio.errors import ConfigError

InteractionKind = Literal["plain", "residual", "highway", "dense"]


class Interaction(nn.Module):
    """What a layer read, (B, T, R), and what it made of it, (B, T, W) -> its output and what the next layer reads.

    `output` and `width` say how wide these two are.
    """

    def __init__(self, output: int, width: int) -> None:
        super().__init__()
        self.output, self.width = output, width

    def forward(self, read: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
        """Join what was read and what was made."""
        raise NotImplementedError


class Plain(Interaction):
    """The next layer reads what this one made. Shapes: read (B, T, R), made (B, T, W) -> (B, T, W) twice.

    >>> Plain(3, 2)(torch.zeros(1, 4, 3), torch.ones(1, 4, 2))[1].shape
    torch.Size([1, 4, 2])
    """

    def __init__(self, read: int, made: int) -> None:
        super().__init__(made, made)

    def forward(self, read: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
        """Pass on."""
        return made, made


class Residual(Plain):
    """The sum of both, so that a gradient passes a layer untouched. Shapes: (B, T, W) twice -> (B, T, W) twice.

    Source: He et al. 2016, "Deep residual learning for image recognition", arXiv:1512.03385.

    >>> Residual(2, 2)(torch.ones(1, 1, 2), torch.ones(1, 1, 2))[0]
    tensor([[[2., 2.]]])
    """

    def forward(self, read: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
        """Add."""
        states = read + made
        return states, states


class Highway(Plain):
    """Each unit chooses at each frame how much of the layer to take and how much of what lies beneath to carry.

        t = sigmoid(W x + b)         transform
        y = t * h + (1 - t) * x      x was read, h was made

    `b` starts at -1, so that a deep stack begins by carrying. Shapes: (B, T, W) twice -> (B, T, W) twice.
    Sources: Srivastava et al. 2015, "Highway networks", arXiv:1505.00387; between recurrent layers: Zhang et al. 2016,
    arXiv:1510.08983, who gate the memory cells of neighbouring layers where this gates what the layers put out.

    >>> Highway(2, 2)(torch.ones(1, 1, 2), torch.ones(1, 1, 2))[0]
    tensor([[[1., 1.]]], grad_fn=<...>)
    """

    def __init__(self, read: int, made: int) -> None:
        super().__init__(read, made)
        self.transform = nn.Linear(read, made)
        nn.init.constant_(self.transform.bias, -1.0)

    def forward(self, read: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
        """Weigh unit by unit."""
        t = torch.sigmoid(self.transform(read))
        states = t * made + (1 - t) * read
        return states, states


class Dense(Interaction):
    """The next layer reads the frames and the outputs of all layers so far, side by side.

    Shapes: read (B, T, R), made (B, T, W) -> (B, T, W), (B, T, R + W).
    Source: Huang et al. 2017, "Densely connected convolutional networks", arXiv:1608.06993.

    >>> Dense(3, 2)(torch.zeros(1, 4, 3), torch.ones(1, 4, 2))[1].shape
    torch.Size([1, 4, 5])
    """

    def __init__(self, read: int, made: int) -> None:
        super().__init__(made, read + made)

    def forward(self, read: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
        """Put beside."""
        return made, torch.cat([read, made], dim=-1)


INTERACTIONS: dict[str, Callable[[int, int], Interaction]] = {
    "plain": Plain,
    "residual": Residual,
    "highway": Highway,
    "dense": Dense,
}


def make_interaction(kind: InteractionKind, read: int, made: int) -> Interaction:
    """The interaction of this name for a layer that reads `read` values a frame and makes `made` of them.

    A sum needs both to be as wide: where they are not, "residual" and "highway" are plain. `ConfigError` for a name
    there is not.

    >>> make_interaction("residual", 3, 3), make_interaction("residual", 3, 4)
    (Residual(), Plain())
    """
    if kind not in INTERACTIONS:
        raise ConfigError(f"interaction is {kind!r}; choose one of {', '.join(INTERACTIONS)}.")
    if kind in ("residual", "highway") and read != made:
        return Plain(read, made)
    return INTERACTIONS[kind](read, made)
