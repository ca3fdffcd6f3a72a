"""Looking into an encoder: run it over frames and keep everything that happens on the way."""

import itertools
import operator
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from rnnaudio.errors import DataError
from rnnaudio.inside.inside import Direction, Inside, Layer
from rnnaudio.nn import Encoder, Recurrent
from rnnaudio.nn.cells import Unfolded
from rnnaudio.nn.encoder import EncoderTrace
from rnnaudio.nn.fusion import Attention, Gate
from rnnaudio.nn.latency import LatencyControlled, chunks
from rnnaudio.nn.reach import Reach, gradient_reach
from rnnaudio.nn.recurrent import LayerTrace

LAGS = 100  # frames back
EXACT, PROBES = 256, 64  # above so large a state whole Jacobians take too long: so many random gradients instead
Way = Literal["ahead", "behind"]
WAYS: tuple[Way, ...] = ("ahead", "behind")


@torch.inference_mode(False)
@torch.no_grad()
def look_at(
    encoder: Encoder,
    frames: Tensor,
    symbols: Sequence[str] = (),
    step: float = 1.0,
    moments: tuple[float, float] | None = None,
    name: str = "an encoder",
) -> Inside:
    """See an encoder from inside while it reads frames (T, F), each lasting `step` seconds, or one of `symbols`.

    With `symbols` (T of them; frames are then their embeddings) the axis counts symbols. `moments` are the two at which
    the reach of gradients is measured, one for each direction, in seconds or symbols; the far ends by default.

    >>> from rnnaudio.nn import EncoderConfig
    >>> inside = look_at(Encoder(4, EncoderConfig(cell="gru", layers=1, hidden=8)), torch.randn(5, 4), "hello")
    >>> list(inside.layers[0].behind.gates), inside.unit
    (['reset', 'update', 'candidate'], 'symbols')
    """
    if frames.ndim != 2 or frames.shape[1] != encoder.inputs:
        raise DataError(f"frames have shape {tuple(frames.shape)}; this encoder reads (time, {encoder.inputs}).")
    if symbols and (len(symbols) != len(frames) or step != 1):
        raise DataError(f"{len(symbols)} symbols for {len(frames)} frames; give one for each, without a step.")
    frames = frames.detach().clone()  # as gradients can be followed through, whatever mode they come from
    training = encoder.training
    encoder.eval()
    try:
        trace = encoder.trace(frames[None], torch.tensor([len(frames)], device=frames.device))
        layers = _layers(encoder, trace, frames, step, moments)
    finally:
        encoder.train(training)
    return Inside(
        name=name,
        layers=layers,
        features=_kept(frames[None], len(frames)),
        step=step,
        start=0.0,
        end=max(len(frames), 1) * step,
        states=_kept(trace.states, int(trace.lengths[-1][0])),
        output_step=step * encoder.config.reduction,
        symbols=tuple(symbols),
    )


def _layers(
    encoder: Encoder, trace: EncoderTrace, frames: Tensor, step: float, moments: tuple[float, float] | None
) -> tuple[Layer, ...]:
    """Every layer of the trace with how long its frames last and how far back its gradients reach."""
    config = encoder.config
    factors = itertools.accumulate(config.factors, operator.mul)
    steps = [step * config.stride * factor for factor in factors]
    reaches = _reaches(encoder, frames, steps, moments)
    layers = []
    for number, (layer, one) in enumerate(zip(encoder.layers, trace.layers, strict=True)):
        count = int(trace.lengths[number][0])
        layers.append(
            Layer(
                cell=config.cell,
                step=steps[number],
                ahead=_direction(one.ahead, count, reaches.get((number, "ahead"))),
                behind=None if one.behind is None else _direction(one.behind, count, reaches.get((number, "behind"))),
                fusion=config.fusion,
                fused=_kept(one.fused, count),
                output=_kept(trace.outputs[number], count),
                weights=_fusion_weights(layer, one, count),
            )
        )
    return tuple(layers)


def _direction(trace: Unfolded, count: int, reach: Reach | None) -> Direction:
    states = {name: _kept(values, count) for name, values in trace.states.items()}
    return Direction(states, {name: _kept(values, count) for name, values in trace.gates.items()}, reach)


def _kept(values: Tensor, count: int) -> Tensor:
    """The frames of the one row there is. Shapes: (1, T, N) -> (count, N)."""
    return values[0, :count].detach().to("cpu", torch.float32)


def _fusion_weights(layer: Recurrent, trace: LayerTrace, count: int) -> Tensor | None:
    """How much of each frame comes from the direction that reads ahead, for fusions that choose: (T, H) or (T, 1)."""
    if trace.behind is None or not isinstance(layer.fuse, Gate | Attention):
        return None
    weights = layer.fuse.weights(trace.ahead.states["h"], trace.behind.states["h"])
    return _kept(weights[..., :1] if isinstance(layer.fuse, Attention) else weights, count)


def _reaches(
    encoder: Encoder, frames: Tensor, steps: Sequence[float], moments: tuple[float, float] | None
) -> dict[tuple[int, Way], Reach]:
    """The reach of every direction of every layer from the moments given, or from the end that it reads towards."""
    exact = max(sum(layer.ahead.state_sizes) for layer in encoder.layers) <= EXACT
    read = _read(encoder, frames)
    found = {}
    for number, (layer, (rows, lengths), step) in enumerate(zip(encoder.layers, read, steps, strict=True)):
        whole = lengths if not isinstance(layer, LatencyControlled) else lengths.clamp(max=layer.chunk)
        count = int(whole.sum())
        for place, way in enumerate(WAYS if layer.behind is not None else WAYS[:1]):
            at = (count - 1, 0)[place] if moments is None else min(int(moments[place] / step + 1e-6), count - 1)
            if count:
                found[number, way] = _reach(layer, rows, lengths, at, way, exact)
    return found


def _read(encoder: Encoder, frames: Tensor) -> list[tuple[Tensor, Tensor]]:
    """What each layer reads, (N, T, F) with lengths (N,): one row, or all windows of it where latency is controlled."""
    read: list[tuple[Tensor, Tensor]] = []
    hooks = [layer.register_forward_pre_hook(lambda _, args: read.append(args)) for layer in encoder.layers]
    try:
        encoder(frames[None], torch.tensor([len(frames)], device=frames.device))
    finally:
        for hook in hooks:
            hook.remove()
    return read


def _reach(layer: Recurrent, rows: Tensor, lengths: Tensor, at: int, way: Way, exact: bool) -> Reach:
    """The reach from frame `at`; a backward direction that begins anew in each window reaches to the end of its own."""
    first = 0
    if isinstance(layer, LatencyControlled):
        window = at // layer.chunk
        first = 0 if way == "ahead" else window * layer.chunk
        rows = chunks(rows, len(rows), layer.chunk) if way == "ahead" else rows[window : window + 1, : lengths[window]]
    norm: Literal["spectral", "frobenius"] = "spectral" if exact else "frobenius"
    found = gradient_reach(layer, rows, at - first, LAGS, direction=way, norm=norm, probes=0 if exact else PROBES)
    return replace(found, at=at)
