"""The deep recurrent encoder: layers of states over states, with residual connections between them."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rnnaudio.errors import ConfigError, DataError
from rnnaudio.nn.convolution import ConvFront
from rnnaudio.nn.lengths import check_lengths, hide_padding
from rnnaudio.nn.recurrent import KERNELS, Cell, Fusion, Recurrent, State


@dataclass(frozen=True)
class EncoderConfig:
    """The shape of a deep recurrent encoder.

    >>> EncoderConfig(cell="gru", layers=4).hidden
    128
    """

    cell: Cell = "lstm"
    """The recurrent unit: rnn, lstm or gru."""
    layers: int = 3
    """How many recurrent layers lie on one another."""
    hidden: int = 128
    """States in each direction of each layer."""
    bidirectional: bool = True
    """Read each sequence from both ends."""
    fusion: Fusion = "concat"
    """How two directions become one sequence: concat, sum or mean."""
    residual: bool = True
    """Add a layer's input to its output where the widths agree."""
    layer_norm: bool = True
    """Normalise each frame before each layer and after the last."""
    dropout: float = 0.1
    """Share of each layer's outputs set to zero while training."""
    convolution: tuple[int, ...] = ()
    """Channels of convolutional layers over time and frequency before the first recurrent one; none by default."""
    stride: int = 1
    """Keep every so many-th frame after the convolution; needs one."""
    locked_dropout: bool = False
    """Drop the same units at all times of a row (variational) rather than anew at each frame."""

    def __post_init__(self) -> None:
        """Name the first setting that cannot be."""
        if self.cell not in KERNELS:
            raise ConfigError(f"encoder.cell is {self.cell!r}; choose one of {', '.join(KERNELS)}.")
        if self.fusion not in ("concat", "sum", "mean"):
            raise ConfigError(f"encoder.fusion is {self.fusion!r}; choose one of concat, sum, mean.")
        if any(channels < 1 for channels in self.convolution):
            raise ConfigError(f"encoder.convolution is {self.convolution}; each layer needs 1 channel or more.")
        if self.stride > 1 and not self.convolution:
            raise ConfigError(f"encoder.stride is {self.stride} without encoder.convolution; use features.stride.")
        for name in ("layers", "hidden", "stride"):
            if getattr(self, name) < 1:
                raise ConfigError(f"encoder.{name} is {getattr(self, name)}; it must be 1 or more.")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"encoder.dropout is {self.dropout}; it must be 0 or more and less than 1.")


class Encoder(nn.Module):
    """A deep stack of recurrent layers. What it gives for a row does not depend on the row's batch.

    Each layer computes `x + dropout(recurrent(norm(x)))`, the sum only where `residual` is set and the widths agree
    (He et al. 2016 for residuals, Ba et al. 2016, arXiv:1607.06450 for layer norm, Gal & Ghahramani 2016,
    arXiv:1512.05287 for locked dropout).

    Shapes: frames (B, T, F), lengths (B,) -> states (B, T / stride, `width`) zero after each row's end, lengths (B,).

    >>> encoder = Encoder(40, EncoderConfig(layers=2, hidden=16))
    >>> states, lengths = encoder(torch.zeros(2, 7, 40), torch.tensor([7, 3]))
    >>> states.shape, lengths.tolist()
    (torch.Size([2, 7, 32]), [7, 3])
    """

    def __init__(self, inputs: int, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.inputs = inputs
        self.front = ConvFront(inputs, config.convolution, config.stride) if config.convolution else None
        self.layers, self.norms = nn.ModuleList(), nn.ModuleList()
        width = inputs if self.front is None else self.front.width
        for _ in range(config.layers):
            layer = Recurrent(config.cell, width, config.hidden, config.bidirectional, config.fusion)
            self.norms.append(nn.LayerNorm(width) if config.layer_norm else nn.Identity())
            self.layers.append(layer)
            width = layer.width
        self.norm = nn.LayerNorm(width) if config.layer_norm else nn.Identity()
        self.width = width

    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Frames out for frames in: as many, or one for each `config.stride`.

        >>> config = EncoderConfig(layers=1, hidden=2, convolution=(4,), stride=2)
        >>> Encoder(4, config).output_lengths(torch.tensor([3]))
        tensor([2])
        """
        return lengths if self.front is None else self.front.output_lengths(lengths)

    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Encode whole rows."""
        lengths = check_lengths(frames, lengths)
        if self.front is None:
            states = hide_padding(frames, lengths)
        else:
            states, lengths = self.front(frames, lengths)
        for norm, layer in zip(self.norms, self.layers, strict=True):
            states = self._joined(states, layer(norm(states), lengths))  # (B, T, W)
        return hide_padding(self.norm(states), lengths), lengths

    def stream(self, frames: Tensor, states: list[State] | None = None) -> tuple[Tensor, list[State]]:
        """Encode the next frames of a stream; `states` is what the last call returned, None at the start.

        Shapes: frames (B, T, F) without padding -> (B, T, `width`), one state per layer. Chunks of any size give what
        one call over all frames gives; an encoder that looks ahead (both directions, convolution) raises `DataError`.

        >>> encoder = Encoder(4, EncoderConfig(layers=2, hidden=8, bidirectional=False)).eval()
        >>> out, states = encoder.stream(torch.zeros(1, 3, 4))
        >>> len(states), encoder.stream(torch.zeros(1, 1, 4), states)[0].shape
        (2, torch.Size([1, 1, 8]))
        """
        if self.front is not None:
            raise DataError("an encoder with a convolution cannot stream: it looks one frame ahead.")
        after: list[State] = []
        for index, (norm, layer) in enumerate(zip(self.norms, self.layers, strict=True)):
            assert isinstance(layer, Recurrent)
            out, state = layer.stream(norm(frames), None if states is None else states[index])
            frames = self._joined(frames, out)
            after.append(state)
        return self.norm(frames), after

    def _joined(self, before: Tensor, after: Tensor) -> Tensor:
        after = self._drop(after)
        return before + after if self.config.residual and before.shape == after.shape else after

    def _drop(self, states: Tensor) -> Tensor:
        if not self.config.locked_dropout or not self.training or self.config.dropout == 0:
            return nn.functional.dropout(states, self.config.dropout, self.training)
        keep = 1 - self.config.dropout
        mask = torch.empty(states.shape[0], 1, states.shape[2], device=states.device, dtype=states.dtype)
        return states * mask.bernoulli_(keep) / keep
