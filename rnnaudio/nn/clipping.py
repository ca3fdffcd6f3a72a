"""Clipping: what keeps one steep place of the loss from throwing the weights away."""

from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor, nn

from rnnaudio.errors import ConfigError

ClipBy = Literal["norm", "value", "adaptive"]

SMALLEST_UNIT = 1e-3  # the norm below which a unit's weights count as this large, so that zero weights can move


@torch.no_grad()
def clip_gradients(parameters: Iterable[nn.Parameter], limit: float, by: ClipBy = "norm") -> Tensor:
    """Shorten gradients in place and return the norm that all of them together had before.

    - "norm": the gradient of all weights as one vector is scaled to be no longer than `limit`; its direction stays
      (Pascanu et al. 2013, arXiv:1211.5063).
    - "value": each number is held between `-limit` and `limit`; the direction may turn.
    - "adaptive": the gradient of each unit (a row of a matrix, or a whole vector) is scaled to be no longer than
      `limit` times its weights, which are taken to be 0.001 long at least (Brock et al. 2021, arXiv:2102.06171). A
      usual limit is 0.01. The paper leaves the last linear layer out; here the caller chooses the parameters.

    A gradient that is not finite anywhere leaves all of them as they are: no scale mends it, and a step made of half of
    it would hide it. The norm returned is then not finite, which is for the caller to act on.

    >>> weight = nn.Parameter(torch.zeros(2)); weight.grad = torch.tensor([3.0, 4.0])
    >>> clip_gradients([weight], limit=1.0), weight.grad
    (tensor(5.), tensor([0.6000, 0.8000]))
    """
    if by not in ("norm", "value", "adaptive"):
        raise ConfigError(f"clip_by is {by!r}; choose one of norm, value, adaptive.")
    if not limit > 0:
        raise ConfigError(f"the limit of clipping is {limit}; it must be more than 0.")
    learned = [parameter for parameter in parameters if parameter.grad is not None]
    gradients = [parameter.grad for parameter in learned if parameter.grad is not None]
    norm = torch.nn.utils.get_total_norm(gradients)
    if not norm.isfinite():
        return norm
    if by == "norm":
        torch.nn.utils.clip_grads_with_norm_(learned, limit, norm)
        return norm
    for weight, gradient in zip(learned, gradients, strict=True):
        if by == "value":
            gradient.clamp_(-limit, limit)
        else:
            longest = limit * unit_norm(weight).clamp(min=SMALLEST_UNIT)
            gradient.mul_((longest / unit_norm(gradient).clamp(min=1e-12)).clamp(max=1.0))
    return norm


def unit_norm(weight: Tensor) -> Tensor:
    """The norm of each unit's weights, to be multiplied with them: of each row of a matrix, of a vector as a whole.

    >>> unit_norm(torch.tensor([[3.0, 4.0], [0.0, 2.0]]))
    tensor([[5.],
            [2.]])
    """
    if weight.ndim <= 1:
        return weight.norm()
    return weight.flatten(1).norm(dim=1).view(-1, *[1] * (weight.ndim - 1))
