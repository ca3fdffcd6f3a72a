"""Normalisation between layers that counts real frames only."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from rnnaudio.errors import ConfigError
from rnnaudio.nn.lengths import valid_mask

NormKind = Literal["none", "layer", "batch"]


class NoNorm(nn.Module):
    """Frames as they are.

    >>> NoNorm(3)(torch.ones(1, 2, 3)).shape
    torch.Size([1, 2, 3])
    """

    def __init__(self, width: int) -> None:
        super().__init__()

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Pass on."""
        return frames


class LayerNorm(nn.LayerNorm):
    """Each frame by its own mean and deviation over units. Shapes: (B, T, F) -> (B, T, F).

    Source: Ba et al. 2016, "Layer normalization", arXiv:1607.06450.

    >>> LayerNorm(2)(torch.tensor([[[1.0, 3.0]]])).detach().round()
    tensor([[[-1.,  1.]]])
    """

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Normalise; no frame sees another, so lengths do not matter."""
        return super().forward(frames)


class BatchNorm(nn.Module):
    """Each unit by its mean and deviation over all real frames: of the batch in training, of training in evaluation.

    Padding is not counted, so that statistics do not depend on how much of it a batch has. In training a row does know
    its batch: that is the method. In evaluation it does not. A batch without a frame changes no statistics.

    Shapes: frames (B, T, F), lengths (B,), by default all frames -> (B, T, F).
    Sources: Ioffe & Szegedy 2015, arXiv:1502.03167; between recurrent layers, over all frames of a batch: Laurent et
    al. 2016, arXiv:1510.01378.

    >>> norm = BatchNorm(1)
    >>> rows = torch.tensor([[[1.0], [3.0]], [[2.0], [99.0]]])
    >>> norm(rows, torch.tensor([2, 1]))[0].detach().flatten()
    tensor([-1.2247,  1.2247])
    >>> norm.mean  # 0.1 of the way from 0 to the mean of 1, 3 and 2
    tensor([0.2000])
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, width: int, momentum: float = 0.1, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.momentum, self.epsilon = momentum, epsilon
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Normalise; in training the running statistics move a step towards those of this batch."""
        mean, variance = self._measured(frames, lengths) if self.training else (self.mean, self.variance)
        return (frames - mean) * torch.rsqrt(variance + self.epsilon) * self.weight + self.bias

    def _measured(self, frames: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
        real = frames.flatten(0, 1) if lengths is None else frames[valid_mask(lengths, frames.shape[1])]  # (N, F)
        if len(real) == 0:
            return self.mean, self.variance
        variance, mean = torch.var_mean(real.to(self.mean.dtype), dim=0, correction=0)  # also where frames are bfloat16
        with torch.no_grad():
            unbiased = variance * len(real) / max(len(real) - 1, 1)
            self.mean.lerp_(mean, self.momentum)
            self.variance.lerp_(unbiased, self.momentum)
        return mean, variance


NORMS: dict[str, Callable[[int], nn.Module]] = {"none": NoNorm, "layer": LayerNorm, "batch": BatchNorm}


def make_norm(kind: NormKind, width: int) -> nn.Module:
    """The normalisation of this name, called with frames (B, T, width) and lengths; `ConfigError` for another name.

    >>> make_norm("none", 4), make_norm("batch", 4).weight.shape
    (NoNorm(), torch.Size([4]))
    """
    if kind not in NORMS:
        raise ConfigError(f"norm is {kind!r}; choose one of {', '.join(NORMS)}.")
    return NORMS[kind](width)
