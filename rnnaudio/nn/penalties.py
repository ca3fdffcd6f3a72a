"""What is added to the loss in training so that weights stay small and states stay small and steady."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from math import inf
from typing import Any

import torch
from torch import Tensor, nn

from rnnaudio.errors import ConfigError
from rnnaudio.nn.encoder import Encoder
from rnnaudio.nn.latency import LatencyControlled, chunks
from rnnaudio.nn.lengths import hide_padding
from rnnaudio.nn.recurrent import Recurrent


@dataclass(frozen=True)
class PenaltyConfig:
    """How much of each penalty is added to the loss in training; 0 for none.

    >>> PenaltyConfig(l2=1e-4).l1
    0.0
    """

    l1: float = 0.0
    """Times the sum of weights without their signs: all are pulled to zero alike, small ones too (Tibshirani 1996)."""
    l2: float = 0.0
    """Times the sum of squared weights; unlike weight_decay under adamw it is part of the gradient."""
    weights: tuple[str, ...] = ()
    """Names of the weights that l1 and l2 are for, * for anything; by default all matrices, no biases or gains."""
    activation: float = 0.0
    """Times the mean square of what the last recurrent layer puts out (Merity et al. 2017); 2 in AWD-LSTM."""
    temporal: float = 0.0
    """Times the mean square of its change from one frame to the next (Merity et al. 2017); 1 in AWD-LSTM."""

    def __post_init__(self) -> None:
        """Name the first setting that cannot be, or would do nothing."""
        for name in ("l1", "l2", "activation", "temporal"):
            if not 0 <= getattr(self, name) < inf:
                raise ConfigError(f"penalties.{name} is {getattr(self, name)}; it must be 0 or more.")
        if self.weights and not (self.l1 or self.l2):
            raise ConfigError("penalties.weights are named while penalties.l1 and penalties.l2 are 0.")

    @property
    def active(self) -> bool:
        """Whether there is anything to add.

        >>> PenaltyConfig().active
        False
        """
        return bool(self.l1 or self.l2 or self.activation or self.temporal)


class Penalties:
    """The penalties of a model: of its weights as they are, of its states as they come by while it is listened to.

    A penalised weight that is constrained or dropped from is the free one that is learned. What is asked for and not to
    be found, a name or an encoder, raises `ConfigError`.

    >>> from rnnaudio.nn import EncoderConfig
    >>> encoder = Encoder(3, EncoderConfig(layers=1, hidden=4))
    >>> penalties = Penalties(encoder, PenaltyConfig(l2=0.1, temporal=1.0))
    >>> with penalties.listening():
    ...     states, lengths = encoder(torch.randn(2, 5, 3), torch.tensor([5, 3]))
    >>> penalties.of_rows().shape
    torch.Size([2])
    """

    def __init__(self, model: nn.Module, config: PenaltyConfig) -> None:
        self.config = config
        self._weights = chosen_weights(model, config)
        encoders = [part for part in model.modules() if isinstance(part, Encoder)]
        self._layers = [encoder.layers[-1] for encoder in encoders] if config.activation or config.temporal else []
        if (config.activation or config.temporal) and not encoders:
            raise ConfigError("penalties.activation and penalties.temporal need an encoder; this model has none.")
        self._heard: list[tuple[Tensor, Tensor]] = []

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Keep what the last layer of each encoder puts out while the block runs, in place of what was kept before."""
        self._heard = []
        hooks = [layer.register_forward_hook(self._hear, with_kwargs=True) for layer in self._layers]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def of_rows(self) -> Tensor:
        """What is to be added to the loss of each row: (B,), or () where only weights are penalised."""
        penalty = weight_penalty(self._weights, self.config)
        for states, lengths in self._heard:
            penalty = penalty + state_penalty(states, lengths, self.config)
        self._heard = []
        return penalty

    def _hear(self, layer: Recurrent, args: tuple[Any, ...], kwargs: dict[str, Any], states: Tensor) -> None:
        lengths: Tensor = args[1]
        if isinstance(layer, LatencyControlled):  # rows again, without the frames that windows share
            count = kwargs["count"]
            lengths = lengths.unflatten(0, (-1, count)).clamp(max=layer.chunk).sum(dim=1)
            states = chunks(states, count, layer.chunk)
        self._heard.append((states, lengths))


def chosen_weights(model: nn.Module, config: PenaltyConfig) -> dict[str, nn.Parameter]:
    """The weights that l1 and l2 are for, by name; a pattern that fits none raises `ConfigError`.

    >>> model = nn.LSTMCell(3, 4)
    >>> list(chosen_weights(model, PenaltyConfig(l1=0.1)))
    ['weight_ih', 'weight_hh']
    >>> list(chosen_weights(model, PenaltyConfig(l1=0.1, weights=("bias*",))))
    ['bias_ih', 'bias_hh']
    """
    if not (config.l1 or config.l2):
        return {}
    # a parametrised weight has the name that it has for those who read it
    named = {
        name.replace("parametrizations.", "").removesuffix(".original"): weight
        for name, weight in model.named_parameters()
    }
    for pattern in config.weights:
        if not any(fnmatch(name, pattern) for name in named):
            raise ConfigError(f"penalties.weights: no weight is called {pattern}; there are {_some(list(named))}.")
    if config.weights:
        return {name: one for name, one in named.items() if any(fnmatch(name, pattern) for pattern in config.weights)}
    return {name: weight for name, weight in named.items() if weight.ndim > 1}


def weight_penalty(weights: dict[str, nn.Parameter], config: PenaltyConfig) -> Tensor:
    """l1 sum |w| + l2 sum w^2 over all these weights.

    >>> weights = {"w": nn.Parameter(torch.tensor([3.0, -4.0]))}
    >>> weight_penalty(weights, PenaltyConfig(l1=1.0, l2=0.1)).item()
    9.5
    """
    penalty = torch.zeros(())
    for weight in weights.values():
        if config.l1:
            penalty = penalty + config.l1 * weight.abs().sum()
        if config.l2:
            penalty = penalty + config.l2 * weight.square().sum()
    return penalty


def state_penalty(states: Tensor, lengths: Tensor, config: PenaltyConfig) -> Tensor:
    """How large the states of each row are and how much they move, over the row's own frames.

        activation mean_t,j h_tj^2 + temporal mean_t,j (h_t+1,j - h_tj)^2

    A row of no frames has no penalty, one of a single frame does not move. Shapes: (B, T, H), lengths (B,) -> (B,).
    Source: Merity et al. 2017, "Revisiting activation regularization for language RNNs", arXiv:1708.01009.

    >>> states = torch.tensor([[[1.0], [3.0], [99.0]]])
    >>> state_penalty(states, torch.tensor([2]), PenaltyConfig(activation=1.0, temporal=10.0))
    tensor([45.])
    """
    size = _mean_square(states, lengths)
    change = _mean_square(states[:, 1:] - states[:, :-1], (lengths - 1).clamp(min=0))
    return config.activation * size + config.temporal * change


def _mean_square(values: Tensor, lengths: Tensor) -> Tensor:
    total = hide_padding(values, lengths).square().sum(dim=(1, 2))
    return total / (lengths * values.shape[2]).clamp(min=1)


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
