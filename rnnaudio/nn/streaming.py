"""An encoder fed a little at a time: what it remembers between two calls, and what it can already say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from rnnaudio.errors import DataError
from rnnaudio.nn.cells import State
from rnnaudio.nn.latency import LatencyControlled, chunks, windows
from rnnaudio.nn.recurrent import Recurrent

if TYPE_CHECKING:
    from rnnaudio.nn.encoder import Encoder


class LayerState(NamedTuple):
    """What a layer remembers of a stream: its state, and frames and skipped outputs that wait to be joined."""

    memory: State
    read: Tensor
    skipped: Tensor


@dataclass(frozen=True)
class EncoderState:
    """What an encoder remembers of a stream. No call changes it: it may be kept, and gone on from more than once.

    `front` are frames that the convolution still needs, `waiting` those whose future has not come far enough.
    """

    front: tuple[Tensor, ...]
    layers: tuple[LayerState, ...]
    waiting: Tensor
    ended: bool = False

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All that is kept, each (B, ..., size)."""
        layers = [tensor for layer in self.layers for tensor in (*layer.memory, layer.read, layer.skipped)]
        return *self.front, self.waiting, *layers


def stream(
    encoder: Encoder, frames: Tensor, state: EncoderState | None = None, end: bool = False
) -> tuple[Tensor, EncoderState]:
    """`Encoder.stream`: the next frames (B, T, F) of as many streams, from `state`; the last ones if this is the `end`.

    >>> from rnnaudio.nn import Encoder, EncoderConfig
    >>> encoder = Encoder(4, EncoderConfig(hidden=3, chunk=4, right=2)).eval()
    >>> out, state = stream(encoder, torch.zeros(1, 9, 4))
    >>> out.shape, state.waiting.shape  # 4 of 9 frames have 2 known ones to the right of their chunk
    (torch.Size([1, 4, 6]), torch.Size([1, 5, 4]))
    """
    config, past = encoder.config, state
    if config.bidirectional and not config.chunk:
        raise DataError(
            "an encoder of both directions cannot stream whole rows: the backward one begins at the end. Set "
            "encoder.chunk, or encoder.bidirectional to false."
        )
    if past is not None:
        _check(encoder, frames, past)
    front: tuple[Tensor, ...] = ()
    frames = encoder.drop_input(frames)
    if encoder.front is not None:
        frames, front = encoder.front.stream(frames, None if past is None else past.front, end)
    if config.chunk:
        out, layers, waiting = _windows(encoder, frames, past, end)
    else:
        out, layers = _stack(encoder, frames, past, end)
        waiting = out[:, :0] if past is None else past.waiting
        if encoder.lookahead is not None:
            out, waiting = encoder.lookahead.stream(out, None if past is None else past.waiting, end)
    return encoder.norm(out), EncoderState(front, layers, waiting, end)


def _stack(
    encoder: Encoder, read: Tensor, past: EncoderState | None, end: bool
) -> tuple[Tensor, tuple[LayerState, ...]]:
    skipped, after = read[..., :0], []
    for index, (reduction, layer) in enumerate(zip(encoder.reductions, encoder.layers, strict=True)):
        memory, waits, skips = (None, None, None) if past is None else past.layers[index]
        read, waits = reduction.stream(read, waits, end)
        skipped, skips = reduction.stream(skipped, skips, end)
        made, memory = layer.stream(encoder.norms[index](read), memory)
        states, read = encoder.interactions[index](read, encoder.drop(encoder.projections[index](made)))
        skipped = torch.cat([skipped, states], dim=2) if encoder.config.skip else skipped
        after.append(LayerState(memory, waits, skips))
    return skipped if encoder.config.skip else states, tuple(after)


def _windows(
    encoder: Encoder, frames: Tensor, past: EncoderState | None, end: bool
) -> tuple[Tensor, tuple[LayerState, ...], Tensor]:
    """Chunks whose right context has come, all at the end; the rest waits."""
    config = encoder.config
    chunk, right = config.chunk // config.stride, config.right // config.stride
    if past is not None:
        frames = torch.cat([past.waiting, frames], dim=1)
    time, nothing = frames.shape[1], frames[:, :0, :0]
    count = -(-time // chunk) if end else max(0, (time - right) // chunk)
    if not count:
        layers = tuple(LayerState(layer.ahead.start(frames), nothing, nothing) for layer in encoder.layers)
        return frames.new_zeros(len(frames), 0, encoder.width), layers if past is None else past.layers, frames
    lengths = torch.full((len(frames),), time, device=frames.device)
    memories: list[State] = []

    def run(layer: Recurrent, read: Tensor, counts: Tensor, count: int) -> Tensor:
        assert isinstance(layer, LatencyControlled)
        state = None if past is None else past.layers[len(memories)].memory
        out, after = layer.forward_with_state(read, counts, state, count)
        memories.append(after)
        return out

    states, _ = encoder.stack(*windows(frames[:, : count * chunk + right], lengths, chunk, right, count), run, count)
    joined = config.reduction // config.stride
    known = -(-min(time, count * chunk) // joined)
    layers = tuple(LayerState(memory, nothing, nothing) for memory in memories)
    return chunks(states, count, chunk // joined)[:, :known], layers, frames[:, count * chunk :]


def _check(encoder: Encoder, frames: Tensor, past: EncoderState) -> None:
    """Say in one line why these frames cannot follow this state."""
    if past.ended:
        raise DataError("the stream of this state has ended; begin another one with state=None.")
    if [tensor.shape[-1] for tensor in past.tensors] != encoder.state_sizes:
        raise DataError("the state is not one of this encoder; give what its last call returned.")
    streams, device = len(past.waiting), past.waiting.device
    if streams != len(frames):
        raise DataError(f"the state is of {streams} streams and the frames of {len(frames)}; they go together.")
    if device != frames.device:
        raise DataError(f"the state is on {device} and the frames on {frames.device}; move one of them.")


def state_sizes(encoder: Encoder) -> list[int]:
    """Values in the last dimension of each of `EncoderState.tensors`.

    >>> from rnnaudio.nn import Encoder, EncoderConfig
    >>> state_sizes(Encoder(4, EncoderConfig(layers=1, hidden=3, bidirectional=False)))  # waiting, h, c, read, skipped
    [3, 3, 3, 4, 0]
    """
    config, front, skipped = encoder.config, encoder.front, 0
    sizes = [] if front is None else list(front.bands)
    sizes.append((encoder.inputs if front is None else front.width) if config.chunk else encoder.width)
    for layer, reduction, interaction in zip(encoder.layers, encoder.reductions, encoder.interactions, strict=True):
        sizes += layer.ahead.state_sizes
        sizes += (0, 0) if config.chunk else (layer.inputs // reduction.factor, skipped)
        skipped = skipped * reduction.factor + interaction.output if config.skip else 0
    return sizes
