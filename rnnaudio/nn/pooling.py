"""Pooling over time: a row of any length becomes one vector."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from rnnaudio.errors import ConfigError, DataError
from rnnaudio.nn.lengths import check_lengths, hide_padding, valid_mask

PoolingKind = Literal["last", "ends", "mean", "max", "attention", "statistics"]

FLOOR = 1e-10  # the least variance: at 0 the slope of the square root would be infinite


class Pooling(nn.Module):
    """States of a row, (B, T, F) with lengths (B,), to one vector, (B, `width`). A subclass gives `pool`.

    Padding is never seen, whatever stands in it, NaN too. A row of length zero gives zeros, and no gradient.
    Wrong shapes and lengths raise `DataError`.
    """

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.inputs, self.width = inputs, width

    def forward(self, states: Tensor, lengths: Tensor) -> Tensor:
        """Pool each row over its own frames."""
        states, lengths = self._checked(states, lengths)
        if states.shape[1] == 0:
            states = nn.functional.pad(states, (0, 0, 0, 1))
        return torch.where(lengths[:, None] > 0, self.pool(states, lengths), 0.0)

    def pool(self, states: Tensor, lengths: Tensor) -> Tensor:
        """The vector of each row that has frames; states are zero in the padding, and T is 1 or more."""
        raise NotImplementedError

    def _checked(self, states: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        if states.ndim != 3 or states.shape[2] != self.inputs:
            raise DataError(f"states have shape {tuple(states.shape)}; pooling reads (batch, time, {self.inputs}).")
        lengths = check_lengths(states, lengths)
        return hide_padding(states, lengths), lengths


class Last(Pooling):
    """The state at each row's last frame: all that a layer reading forwards has kept (Sutskever et al. 2014).

    A layer reading backwards has seen one frame by then; for both directions take `Ends`. Shapes: -> (B, F).

    >>> Last(1)(torch.tensor([[[1.0], [2.0], [9.0]]]), torch.tensor([2]))
    tensor([[2.]])
    """

    def __init__(self, inputs: int) -> None:
        super().__init__(inputs, inputs)

    def pool(self, states: Tensor, lengths: Tensor) -> Tensor:
        """Pick one frame."""
        index = (lengths - 1).clamp(min=0)[:, None, None].expand(-1, 1, states.shape[2])
        return states.gather(1, index)[:, 0]


class Ends(Last):
    """Where each direction has read the whole row: the forward one's last state beside the backward one's first.

    For states that are both directions side by side, forward in the first half: a bidirectional layer whose fusion is
    concat, or an encoder of such layers. Shapes: -> (B, F), F even.

    >>> Ends(2)(torch.tensor([[[1.0, 10.0], [2.0, 20.0], [9.0, 90.0]]]), torch.tensor([2]))
    tensor([[ 2., 10.]])
    """

    def __init__(self, inputs: int) -> None:
        super().__init__(inputs)
        if inputs % 2:
            raise ConfigError(f"pooling ends is for two directions side by side; {inputs} states are no pair.")

    def pool(self, states: Tensor, lengths: Tensor) -> Tensor:
        """Pick one frame for each direction."""
        half = self.inputs // 2
        return torch.cat([super().pool(states, lengths)[:, :half], states[:, 0, half:]], dim=1)


class Mean(Pooling):
    """The mean over a row's frames. Shapes: -> (B, F).

    >>> Mean(1)(torch.tensor([[[1.0], [2.0], [9.0]]]), torch.tensor([2]))
    tensor([[1.5000]])
    """

    def __init__(self, inputs: int) -> None:
        super().__init__(inputs, inputs)

    def pool(self, states: Tensor, lengths: Tensor) -> Tensor:
        """Average."""
        return states.sum(dim=1) / lengths.clamp(min=1)[:, None]


class Max(Pooling):
    """The largest value of each unit: whether something was there at all, wherever (Collobert et al. 2011).

    Frames that share the largest value share its gradient. Shapes: -> (B, F).

    >>> Max(1)(torch.tensor([[[-1.0], [-2.0], [9.0]]]), torch.tensor([2]))
    tensor([[-1.]])
    """

    def __init__(self, inputs: int) -> None:
        super().__init__(inputs, inputs)

    def pool(self, states: Tensor, lengths: Tensor) -> Tensor:
        """Take the largest."""
        mask = valid_mask(lengths, states.shape[1])[:, :, None]
        return states.masked_fill(~mask, -torch.inf).amax(dim=1)


class Statistics(Pooling):
    """Mean and standard deviation of each unit, side by side: what there is, and how much it moves.

    The deviation is that of the row's frames (divided by T), no less than 1e-5: there its gradient is 0, and nowhere
    is it infinite, not even where a unit stands still. Shapes: -> (B, 2F).

    Source: Snyder et al. 2018, "X-vectors: robust DNN embeddings for speaker recognition".

    >>> Statistics(1)(torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([2]))
    tensor([[2., 1.]])
    """

    def __init__(self, inputs: int) -> None:
        super().__init__(inputs, 2 * inputs)

    def pool(self, states: Tensor, lengths: Tensor) -> Tensor:
        """Measure."""
        count = lengths.clamp(min=1)[:, None]
        mean = states.sum(dim=1) / count  # (B, F)
        # From the mean, not as the difference of two large sums, which loses all digits of a small variance.
        around = hide_padding(states - mean[:, None], lengths)  # (B, T, F)
        variance = around.square().sum(dim=1) / count
        return torch.cat([mean, variance.clamp(min=FLOOR).sqrt()], dim=1)


class Attention(Pooling):
    """Means weighted by how much each frame matters, one for each head.

        e_t = V tanh(W h_t + b)          a score for each head
        a   = softmax over t of e        weights, 1 in sum over the row's own frames
        m_k = sum_t a_kt h_t             the vector of head k

    Shapes: -> (B, heads F). The weights, for pictures: `weights`.
    Sources: one head as Yang et al. 2016, "Hierarchical attention networks", with the scores of Bahdanau et al. 2015,
    arXiv:1409.0473; several as Lin et al. 2017, "A structured self-attentive sentence embedding", arXiv:1703.03130.

    >>> pooling = Attention(4, heads=2)
    >>> states, lengths = torch.randn(1, 3, 4), torch.tensor([2])
    >>> pooling(states, lengths).shape, pooling.weights(states, lengths).shape
    (torch.Size([1, 8]), torch.Size([1, 2, 3]))
    """

    def __init__(self, inputs: int, heads: int = 1) -> None:
        super().__init__(inputs, heads * inputs)
        if heads < 1:
            raise ConfigError(f"pooling by {heads} heads sees nothing; heads must be 1 or more.")
        self.heads = heads
        self.keys = nn.Linear(inputs, inputs)
        self.queries = nn.Linear(inputs, heads, bias=False)  # a bias would not change the softmax

    def pool(self, states: Tensor, lengths: Tensor) -> Tensor:
        """Weigh."""
        return (self._weights(states, lengths) @ states).flatten(1)  # (B, K, T) @ (B, T, F)

    def weights(self, states: Tensor, lengths: Tensor) -> Tensor:
        """How much each head looks at each frame: (B, heads, T), 0 in the padding."""
        return self._weights(*self._checked(states, lengths))

    def _weights(self, states: Tensor, lengths: Tensor) -> Tensor:
        scores = self.queries(torch.tanh(self.keys(states))).mT  # (B, K, T)
        mask = valid_mask(lengths, states.shape[1])[:, None]
        # The least number, not minus infinity: a row without frames would be a softmax over nothing, NaN.
        return torch.where(mask, scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(dim=-1), 0.0)


POOLINGS: dict[str, Callable[[int], Pooling]] = {
    "last": Last,
    "ends": Ends,
    "mean": Mean,
    "max": Max,
    "attention": Attention,
    "statistics": Statistics,
}


def make_pooling(kind: PoolingKind, width: int, heads: int = 1) -> Pooling:
    """The pooling of this name for states of `width`; `heads` are for attention. `ConfigError` for what cannot be.

    >>> make_pooling("mean", 5).width, make_pooling("statistics", 5).width, make_pooling("attention", 5, heads=3).width
    (5, 10, 15)
    """
    if kind not in POOLINGS:
        raise ConfigError(f"pooling is {kind!r}; choose one of {', '.join(POOLINGS)}.")
    if kind == "attention":
        return Attention(width, heads)
    if heads != 1:
        raise ConfigError(f"heads is {heads}, which is for pooling by attention; it has no effect on {kind}.")
    return POOLINGS[kind](width)
