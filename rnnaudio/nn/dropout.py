"""Dropout that suits sequences: what is dropped stays dropped, for a whole row, a whole word or a whole weight.

All of it draws from torch's global generator, scales what is left by 1 / (1 - share), so that the mean stays, and does
nothing in evaluation. Dropout anew at each frame is `torch.nn.Dropout`.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized, register_parametrization

from rnnaudio.errors import ConfigError


class LockedDropout(nn.Module):
    """Drop units of each row, the same ones at all its times: noise that a recurrent layer cannot average away.

    Shapes: (B, T, F) -> (B, T, F).
    Source: Gal & Ghahramani 2016, "A theoretically grounded application of dropout in recurrent neural networks",
    arXiv:1512.05287; as "variational" or "locked" dropout in Merity et al. 2018, arXiv:1708.02182.

    >>> dropped = LockedDropout(0.5)(torch.ones(1, 3, 8))
    >>> bool((dropped == dropped[:, :1]).all())
    True
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = _checked(share, "the share of dropped units")

    def forward(self, states: Tensor) -> Tensor:
        """Drop, in training."""
        if not self.training or self.share == 0:
            return states
        kept = torch.dropout(states.new_ones(states.shape[0], 1, states.shape[2]), self.share, True)  # (B, 1, F)
        return states * kept

    def extra_repr(self) -> str:
        """Show the share."""
        return f"{self.share}"


class EmbeddingDropout(nn.Module):
    """Drop whole words: one that is dropped is gone from all its places in a row, and may be there in another row.

    Shapes: vectors (B, T, E), what an embedding gives for ids (B, T) below `words` -> (B, T, E).
    Source: Gal & Ghahramani 2016, arXiv:1512.05287, section 4.2, with a mask for each row; Merity et al. 2018,
    arXiv:1708.02182, section 4.3, use one for all rows of a batch.

    >>> ids = torch.tensor([[2, 0, 2, 1]])
    >>> dropped = EmbeddingDropout(3, 0.5)(torch.ones(1, 4, 5), ids)
    >>> bool((dropped[:, 0] == dropped[:, 2]).all())
    True
    """

    def __init__(self, words: int, share: float) -> None:
        super().__init__()
        if words < 1:
            raise ConfigError(f"a vocabulary of {words} words cannot be; it needs 1 or more.")
        self.words, self.share = words, _checked(share, "the share of dropped words")

    def forward(self, vectors: Tensor, ids: Tensor) -> Tensor:
        """Drop, in training."""
        if not self.training or self.share == 0:
            return vectors
        kept = torch.dropout(vectors.new_ones(vectors.shape[0], self.words), self.share, True)  # (B, V)
        return vectors * kept.gather(1, ids)[:, :, None]

    def extra_repr(self) -> str:
        """Show vocabulary and share."""
        return f"{self.words}, {self.share}"


def drop_weights(module: nn.Module, name: str, share: float) -> None:
    """Let a module's weight lose a share of its values each time it is read in training.

    On the recurrent weights, which a layer reads once for all steps of a batch, this is the weight drop of Merity et
    al. 2018, arXiv:1708.02182, section 2: the same connections are gone at all times, and any kernel can run over what
    is left. The weight keeps its name for who reads it; what is learned is `parametrizations.NAME.original`.

    Source: Wan et al. 2013, "Regularization of neural networks using DropConnect". Raises `ConfigError` for a name that
    is not a parameter of the module.

    >>> cell = nn.LSTMCell(3, 4)
    >>> drop_weights(cell, "weight_hh", 0.5)
    >>> bool((cell.weight_hh == 0).any()), bool((cell.eval().weight_hh == 0).any())
    (True, False)
    """
    _checked(share, "the share of dropped weights")
    if name not in dict(module.named_parameters(recurse=False)) and not is_parametrized(module, name):
        raise ConfigError(f"{type(module).__name__} has no weight {name!r} to drop from.")
    register_parametrization(module, name, nn.Dropout(share))


def _checked(share: float, what: str) -> float:
    if not 0 <= share < 1:
        raise ConfigError(f"{what} is {share}; it must be 0 or more and less than 1.")
    return share
