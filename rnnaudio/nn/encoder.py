"""The deep recurrent encoder: a front, layers of recurrence over one another, and what joins them."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeVar, cast

import torch
from torch import Tensor, nn

from rnnaudio.errors import ConfigError, DataError
from rnnaudio.nn.config import EncoderConfig, make_layer
from rnnaudio.nn.convolution import ConvFront
from rnnaudio.nn.dropout import LockedDropout
from rnnaudio.nn.interaction import Plain, make_interaction
from rnnaudio.nn.latency import LatencyControlled, chunks, count_windows, windows
from rnnaudio.nn.lengths import check_lengths, hide_padding
from rnnaudio.nn.lookahead import Lookahead
from rnnaudio.nn.norm import make_norm
from rnnaudio.nn.recurrent import LayerTrace, Recurrent
from rnnaudio.nn.reduction import Reduction
from rnnaudio.nn.streaming import EncoderState, state_sizes, stream

Part = TypeVar("Part", bound=nn.Module)
Recurrence = Callable[[Recurrent, Tensor, Tensor, int], Tensor]
"""How a layer reads frames (B N, T, F) with lengths (B N,), N windows for each row: -> (B N, T, W)."""


@dataclass(frozen=True)
class EncoderTrace:
    """All that happened in an encoder: inside each layer, what came out of each, (B, T, W), with its lengths (B,)."""

    layers: tuple[LayerTrace, ...]
    outputs: tuple[Tensor, ...]
    lengths: tuple[Tensor, ...]
    states: Tensor
    """What the encoder puts out."""


class Encoder(nn.Module):
    """A deep stack of recurrent layers. What it gives for a row does not depend on the row's batch.

    A convolution, if any, reads the frames first. Each layer then joins neighbouring frames (`reduce`), normalises,
    runs, projects, drops, and is joined with what it read (`interaction`). After the last one come a look ahead, if
    any, and a last norm. Sources stand where the parts are; the skip connections to the head are those of Graves et
    al. 2013, arXiv:1303.5778.

    Shapes: frames (B, T, F), lengths (B,) -> states (B, ceil(T / `reduction`), `width`) zero after each row's end,
    lengths (B,). A row of length zero gives zeros; what stands in the padding, NaN too, reaches neither outputs nor
    gradients. Frames and lengths that do not fit raise `DataError`.

    >>> encoder = Encoder(40, EncoderConfig(layers=2, hidden=16))
    >>> states, lengths = encoder(torch.zeros(2, 7, 40), torch.tensor([7, 3]))
    >>> states.shape, lengths.tolist()
    (torch.Size([2, 7, 32]), [7, 3])
    """

    def __init__(self, inputs: int, config: EncoderConfig) -> None:
        super().__init__()
        self.config, self.inputs = config, inputs
        self.front = ConvFront(inputs, config.convolution, config.stride) if config.convolution else None
        dropout = LockedDropout if config.locked_dropout else nn.Dropout
        self.drop_input, self.drop = dropout(config.input_dropout), dropout(config.dropout)
        read, skipped, joined = inputs if self.front is None else self.front.width, 0, config.stride
        reductions, norms, layers, projections, interactions = [], [], [], [], []
        for hidden, factor in zip(config.states, config.factors, strict=True):
            read, skipped, joined = read * factor, skipped * factor, joined * factor
            layer = make_layer(config, read, hidden, config.chunk // joined)
            interaction = make_interaction(config.interaction, read, config.projection or layer.width)
            reductions.append(Reduction(factor))
            norms.append(make_norm(config.norm, read))
            layers.append(layer)
            projections.append(nn.Linear(layer.width, config.projection) if config.projection else nn.Identity())
            interactions.append(interaction)
            read, skipped = interaction.width, skipped + interaction.output
        if config.interaction == "highway" and all(type(interaction) is Plain for interaction in interactions):
            raise ConfigError(
                "encoder.interaction is highway, but no layer puts out as many values as it reads; "
                "change encoder.hidden, or choose plain."
            )
        self.reductions, self.norms, self.layers = _listed(reductions), _listed(norms), _listed(layers)
        self.projections, self.interactions = _listed(projections), _listed(interactions)
        self.width = skipped if config.skip else interaction.output
        self.lookahead = Lookahead(self.width, config.lookahead) if config.lookahead else None
        self.norm = make_norm(config.norm, self.width)
        self.state_sizes = state_sizes(self)

    @property
    def reduction(self) -> int:
        """Frames of the input for one of the output.

        >>> Encoder(4, EncoderConfig(layers=2, hidden=2, reduce=(2, 2))).reduction
        4
        """
        return self.config.reduction

    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Frames out for frames in: one for each `reduction`, the last of them perhaps of fewer.

        >>> config = EncoderConfig(layers=1, hidden=2, convolution=(4,), stride=2)
        >>> Encoder(4, config).output_lengths(torch.tensor([3]))
        tensor([2])
        """
        return -(-lengths // self.reduction)

    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Encode whole rows."""
        states, _, counts = self._encode(frames, lengths, _run)
        return states, counts[-1]

    def trace(self, frames: Tensor, lengths: Tensor) -> EncoderTrace:
        """Encode whole rows and keep every state, gate and output on the way; differentiable, and slower.

        >>> encoder = Encoder(4, EncoderConfig(layers=2, hidden=3, reduce=(1, 2))).eval()
        >>> trace = encoder.trace(torch.zeros(1, 6, 4), torch.tensor([6]))
        >>> trace.layers[0].ahead.gates["forget"].shape, trace.outputs[1].shape
        (torch.Size([1, 6, 3]), torch.Size([1, 3, 6]))
        """
        layers: list[LayerTrace] = []

        def run(layer: Recurrent, read: Tensor, counts: Tensor, count: int) -> Tensor:
            if not isinstance(layer, LatencyControlled):
                layers.append(layer.unfold(read, counts))
                return layers[-1].fused
            layers.append(layer.unfold(read, counts, count=count))
            return layer(read, counts, count=count)

        states, outputs, counts = self._encode(frames, lengths, run)
        return EncoderTrace(tuple(layers), outputs, counts, states)

    def stream(
        self, frames: Tensor, state: EncoderState | None = None, end: bool = False
    ) -> tuple[Tensor, EncoderState]:
        """Encode the next frames of a stream; `state` is what the last call returned, None at the start.

        Chunks of any size, empty ones too, give what one call over all frames gives. What needs frames to come (joined
        frames, a convolution, a look ahead, both directions in chunks) comes out late; the last call says `end`, and
        all that waits comes out.

        Shapes: frames (B, T, F) without padding -> (B, as many as are known, `width`), state. A batch is as many
        streams. Both directions over whole rows raise `DataError`, and so does a state of another encoder or batch, or
        of a stream that has ended.

        >>> encoder = Encoder(4, EncoderConfig(layers=2, hidden=8, bidirectional=False, lookahead=2)).eval()
        >>> out, state = encoder.stream(torch.zeros(1, 3, 4))
        >>> out.shape, encoder.stream(torch.zeros(1, 1, 4), state, end=True)[0].shape
        (torch.Size([1, 1, 8]), torch.Size([1, 3, 8]))
        """
        self._check(frames)
        return stream(self, frames, state, end)

    def stack(
        self, read: Tensor, lengths: Tensor, run: Recurrence, count: int = 1
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """All layers over whole rows, or over `count` windows of each: what the head may see, and each one's output."""
        skipped, outputs = read[..., :0], []
        for index, (reduction, layer) in enumerate(zip(self.reductions, self.layers, strict=True)):
            read, skipped, lengths = reduction(read), reduction(skipped), reduction.output_lengths(lengths)
            made = self.projections[index](run(layer, self.norms[index](read, lengths), lengths, count))
            made = hide_padding(made, lengths) if self.config.projection else made
            states, read = self.interactions[index](read, self._dropped(made, count))
            skipped = torch.cat([skipped, states], dim=2) if self.config.skip else skipped
            outputs.append(states)
        return skipped if self.config.skip else states, tuple(outputs)

    def _encode(
        self, frames: Tensor, lengths: Tensor, run: Recurrence
    ) -> tuple[Tensor, tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Whole rows with this recurrence: what comes out, and the output of each layer with its lengths."""
        self._check(frames)
        lengths = check_lengths(frames, lengths)
        frames = self.drop_input(hide_padding(frames, lengths))
        if self.front is not None:
            frames, lengths = self.front(frames, lengths)
        joined = tuple(accumulate(self.config.factors, operator.mul))
        counts = tuple(-(-lengths // factor) for factor in joined)
        if self.config.chunk:
            states, outputs = self._in_windows(frames, lengths, run, joined)
        else:
            states, outputs = self.stack(frames, lengths, run)
        if self.lookahead is not None:
            states = self.lookahead(states)
        return hide_padding(self.norm(states, counts[-1]), counts[-1]), outputs, counts

    def _in_windows(
        self, frames: Tensor, lengths: Tensor, run: Recurrence, joined: tuple[int, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        chunk, right = self.config.chunk // self.config.stride, self.config.right // self.config.stride
        count = count_windows(frames.shape[1], chunk)
        states, outputs = self.stack(*windows(frames, lengths, chunk, right, count), run, count)
        *rows, whole = (
            chunks(values, count, chunk // factor)[:, : -(-frames.shape[1] // factor)]
            for values, factor in zip((*outputs, states), (*joined, joined[-1]), strict=True)
        )
        return whole, tuple(rows)

    def _dropped(self, made: Tensor, count: int) -> Tensor:
        """Dropout by rows, so that locked units are the same in all `count` windows of one."""
        rows = made.reshape(len(made) // count, count * made.shape[1], made.shape[2])
        dropped: Tensor = self.drop(rows).view_as(made)
        return dropped

    def _check(self, frames: Tensor) -> None:
        if frames.ndim != 3 or frames.shape[2] != self.inputs:
            shape = tuple(frames.shape)
            raise DataError(f"frames have shape {shape}; this encoder reads (batch, time, {self.inputs}).")


def _listed(modules: list[Part]) -> Sequence[Part]:
    """A `ModuleList` that type checkers know to hold these."""
    return cast(Sequence[Part], nn.ModuleList(modules))


def _run(layer: Recurrent, read: Tensor, lengths: Tensor, count: int) -> Tensor:
    out: Tensor = layer(read, lengths, count=count) if isinstance(layer, LatencyControlled) else layer(read, lengths)
    return out
