"""Which frames of a padded batch are real."""

import torch
from torch import Tensor

__all__ = ["valid_mask"]


def valid_mask(lengths: Tensor, time: int) -> Tensor:
    """Tell the valid frames of each row from its padding.

    Shapes: lengths (B,) -> (B, time) bool, True where the frame exists.

    >>> valid_mask(torch.tensor([1, 3]), 3).tolist()
    [[True, False, False], [True, True, True]]
    """
    return torch.arange(time, device=lengths.device) < lengths.unsqueeze(1)
