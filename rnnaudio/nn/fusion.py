"""How the two directions of a layer become one sequence: joined, added, or weighed against each other."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from rnnaudio.errors import ConfigError

FusionKind = Literal["concat", "sum", "mean", "max", "gate", "attention"]


class Fusion(nn.Module):
    """Both directions of a frame, (B, T, H) each -> (B, T, `width`). What a frame gives depends on that frame alone."""

    def __init__(self, hidden: int, width: int) -> None:
        super().__init__()
        self.hidden, self.width = hidden, width

    def forward(self, ahead: Tensor, behind: Tensor) -> Tensor:
        """Make one sequence of two."""
        raise NotImplementedError


class Concat(Fusion):
    """Both, side by side (Schuster & Paliwal 1997). Shapes: (B, T, H) twice -> (B, T, 2H).

    >>> Concat(3)(torch.ones(1, 2, 3), torch.zeros(1, 2, 3)).shape
    torch.Size([1, 2, 6])
    """

    def __init__(self, hidden: int) -> None:
        super().__init__(hidden, 2 * hidden)

    def forward(self, ahead: Tensor, behind: Tensor) -> Tensor:
        """Put side by side."""
        return torch.cat([ahead, behind], dim=-1)


class Sum(Fusion):
    """Both, added (Graves et al. 2013, arXiv:1303.5778, add what each direction sends on). Shapes: (B, T, H).

    >>> Sum(1)(torch.ones(1, 1, 1), torch.full((1, 1, 1), 2.0)).item()
    3.0
    """

    def __init__(self, hidden: int) -> None:
        super().__init__(hidden, hidden)

    def forward(self, ahead: Tensor, behind: Tensor) -> Tensor:
        """Add."""
        return ahead + behind


class Mean(Sum):
    """The middle between both. Shapes: (B, T, H) twice -> (B, T, H).

    >>> Mean(1)(torch.ones(1, 1, 1), torch.full((1, 1, 1), 2.0)).item()
    1.5
    """

    def forward(self, ahead: Tensor, behind: Tensor) -> Tensor:
        """Average."""
        return (ahead + behind) / 2


class Max(Sum):
    """The larger of both, unit by unit (Goodfellow et al. 2013, arXiv:1302.4389). Shapes: (B, T, H) twice -> (B, T, H).

    >>> Max(1)(torch.ones(1, 1, 1), torch.full((1, 1, 1), 2.0)).item()
    2.0
    """

    def forward(self, ahead: Tensor, behind: Tensor) -> Tensor:
        """Take the larger."""
        return torch.maximum(ahead, behind)


class Gate(Fusion):
    """Each unit chooses for itself at each frame how much it believes the past and how much the future.

        g = sigmoid(W [a, b] + c)
        y = g * a + (1 - g) * b

    Shapes: (B, T, H) twice -> (B, T, H).
    Source: Arevalo et al. 2017, "Gated multimodal units for information fusion", arXiv:1702.01992, for two directions.

    >>> Gate(3)(torch.ones(1, 2, 3), torch.ones(1, 2, 3)).sum().item()
    6.0
    """

    def __init__(self, hidden: int) -> None:
        super().__init__(hidden, hidden)
        self.believe = nn.Linear(2 * hidden, hidden)
        nn.init.zeros_(self.believe.bias)

    def forward(self, ahead: Tensor, behind: Tensor) -> Tensor:
        """Weigh unit by unit."""
        g = self.weights(ahead, behind)
        return g * ahead + (1 - g) * behind

    def weights(self, ahead: Tensor, behind: Tensor) -> Tensor:
        """The share of the forward direction in each unit. Shapes: (B, T, H) twice -> (B, T, H) in [0, 1]."""
        return torch.sigmoid(self.believe(torch.cat([ahead, behind], dim=-1)))


class Attention(Fusion):
    """Each frame attends to one direction or the other: one weight for all units of a direction.

        e_d = v . tanh(W h_d + b)        for both directions d
        y   = sum_d softmax(e)_d h_d

    Shapes: (B, T, H) twice -> (B, T, H).
    Source: the attention of Yang et al. 2016, "Hierarchical attention networks", over directions instead of words.

    >>> Attention(3)(torch.ones(1, 2, 3), torch.ones(1, 2, 3)).sum().item()
    6.0
    """

    def __init__(self, hidden: int) -> None:
        super().__init__(hidden, hidden)
        self.keys = nn.Linear(hidden, hidden)
        self.query = nn.Linear(hidden, 1, bias=False)

    def forward(self, ahead: Tensor, behind: Tensor) -> Tensor:
        """Weigh direction by direction."""
        weights = self.weights(ahead, behind)  # (B, T, 2)
        return weights[..., :1] * ahead + weights[..., 1:] * behind

    def weights(self, ahead: Tensor, behind: Tensor) -> Tensor:
        """What each frame gives to the forward and to the backward direction: (B, T, H) twice -> (B, T, 2), sum 1."""
        scores = [self.query(torch.tanh(self.keys(states))) for states in (ahead, behind)]  # (B, T, 1) twice
        return torch.cat(scores, dim=-1).softmax(dim=-1)


FUSIONS: dict[str, Callable[[int], Fusion]] = {
    "concat": Concat,
    "sum": Sum,
    "mean": Mean,
    "max": Max,
    "gate": Gate,
    "attention": Attention,
}


def make_fusion(kind: FusionKind, width: int) -> Fusion:
    """The fusion of this name for two directions of `width` units each; `ConfigError` for a name there is not.

    >>> make_fusion("concat", 5).width, make_fusion("gate", 5).width
    (10, 5)
    """
    if kind not in FUSIONS:
        raise ConfigError(f"fusion is {kind!r}; choose one of {', '.join(FUSIONS)}.")
    return FUSIONS[kind](width)
