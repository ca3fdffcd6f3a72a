"""Looking inside: run a model over one sequence and keep everything that happens on the way."""

import math
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor, nn

from rnnaudio.decoding import Transcript, greedy
from rnnaudio.errors import DataError, ModelError
from rnnaudio.features import FeatureConfig, Frontend, Waveform, read_blocks, resample
from rnnaudio.features.filterbank import gammatone_centres, hz_to_mel, mel_to_hz
from rnnaudio.inside.inside import BLANK, Inside, Sound
from rnnaudio.inside.reading import look_at
from rnnaudio.models import SpeechRecognizer

MANY = 12  # words
LONGEST = 300.0  # seconds of sound: every state and gate of it is kept


@torch.no_grad()
def look(model: nn.Module, source: str | Path | BinaryIO | Waveform) -> Inside:
    """See a speech recogniser from inside while it hears a recording: all that `figures` and `report` draw.

    The recording is heard whole, as one piece; `dataclasses.replace(inside, start=1.0, end=2.0)` narrows what is drawn,
    not what is heard. Raises `DataError` for recordings longer than 300 s and `ModelError` for models of another kind.

    >>> from rnnaudio.models import SpeechConfig
    >>> from rnnaudio.nn import EncoderConfig
    >>> from rnnaudio.text import Alphabet
    >>> config = SpeechConfig(encoder=EncoderConfig(layers=2, hidden=8), units="words")
    >>> model = SpeechRecognizer.build(config, Alphabet(("no", "yes"), "words"))
    >>> inside = look(model, Waveform(torch.zeros(16000), 16000))
    >>> inside.layers[1].ahead.gates["forget"].shape, inside.log_probs.shape
    (torch.Size([98, 8]), torch.Size([98, 3]))
    """
    if not isinstance(model, SpeechRecognizer):
        raise ModelError(f"a {type(model).__name__} cannot be looked into by sound; give a speech model.")
    features, device = model.config.features, model.head.scores.weight.device
    wave = _heard(source, features.rate)
    training = model.training
    model.eval()
    try:
        lengths = torch.tensor([len(wave.samples)], device=device)
        frames, counts = model.frontend(wave.samples[None].to(device), lengths)  # (1, T, F)
        log_probs, ends = model(frames, counts)
        answer = greedy(log_probs, ends, model.alphabet, model.frame_seconds)[0]
        inside = look_at(
            model.encoder, frames[0, : int(counts[0])], step=model.frontend.frame_seconds, moments=_moments(answer)
        )
    finally:
        model.train(training)
    given, step = _before_stacking(inside.features, features.stack, features.stride, model.frontend.frame_seconds)
    return replace(
        inside,
        name=_name(source),
        end=max(wave.seconds, step),
        features=given,
        step=step,
        log_probs=log_probs[0, : int(ends[0])].float().cpu(),
        labels=(BLANK, *model.alphabet.symbols),
        transcript=replace(answer, seconds=wave.seconds),
        sound=Sound(wave.samples, wave.rate, *_spectrogram(model.frontend, wave)),
        facts=_facts(model, wave),
    )


def _moments(answer: Transcript) -> tuple[float, float] | None:
    """Where the last word starts, to look back from, and where the first one does, to look ahead from.

    In a recording of many words both are the one in the middle.
    """
    words = answer.words
    if len(words) > MANY:
        return words[len(words) // 2].start, words[len(words) // 2].start
    return (words[-1].start, words[0].start) if words else None


def _heard(source: str | Path | BinaryIO | Waveform, rate: int) -> Waveform:
    """The whole recording at the model's rate, or one line on why it cannot be looked at whole."""
    if isinstance(source, Waveform):
        pieces = [resample(source.samples, source.rate, rate)]
    else:
        pieces, seconds = [], 0.0
        for block in read_blocks(source, 30.0, rate):
            pieces.append(block.samples)
            seconds += block.seconds
            if seconds > LONGEST:
                break
    samples = torch.cat(pieces) if pieces else torch.zeros(0)
    if len(samples) > LONGEST * rate:
        raise DataError(
            f"{_name(source)} is longer than {LONGEST:g} s, the most that can be looked into at once. Cut out a piece."
        )
    return Waveform(samples, rate)


def _name(source: str | Path | BinaryIO | Waveform) -> str:
    if isinstance(source, str | Path):
        return Path(source).name
    return "a recording" if isinstance(source, Waveform) else str(getattr(source, "name", "a recording"))


def _before_stacking(frames: Tensor, stack: int, stride: int, step: float) -> tuple[Tensor, float]:
    """Frames as they were before neighbours were put side by side, each once: (T, stack F) -> (T stride, F).

    They stay as they are where some were left out (stride above stack).
    """
    if stride > stack:
        return frames, step
    return frames.unflatten(1, (stack, -1))[:, :stride].flatten(0, 1), step / stride


def _spectrogram(frontend: Frontend, wave: Waveform) -> tuple[Tensor, float, float, Tensor]:
    """Decibels in the bands that the model hears by, where the first frame is drawn, seconds per frame, band centres.

    Each frame is drawn in the middle of the window it was made of.
    """
    config = frontend.config
    kind = "log_mel" if config.kind == "mfcc" else config.kind
    plain = replace(config, kind=kind, deltas=0, stack=1, stride=1, normalise="none", log_floor=1e-12)
    frames, _ = Frontend(plain)(wave.samples[None], torch.tensor([len(wave.samples)]))  # (1, T, bands)
    first = (plain.window_samples - plain.hop_samples) / 2 / plain.rate
    return frames[0] * (10 / math.log(10)), first, plain.frame_seconds, _band_centres(plain)


def _band_centres(config: FeatureConfig) -> Tensor:
    """The hertz in the middle of each band: (bands,)."""
    if config.kind == "log_gammatone":
        return gammatone_centres(config)
    if config.kind == "spectrogram":
        return torch.linspace(0, config.rate / 2, config.base_dimension)
    low, high = hz_to_mel(torch.tensor([config.low_hz, config.top_hz]), config.mel_scale).tolist()
    return mel_to_hz(torch.linspace(low, high, config.bins + 2)[1:-1], config.mel_scale)


def _facts(model: SpeechRecognizer, wave: Waveform) -> dict[str, str]:
    encoder, features = model.config.encoder, model.config.features
    both = "bidirectional " if encoder.bidirectional else ""
    return {
        "network": f"{len(encoder.states)} {both}{encoder.cell.upper()} layers of "
        f"{', '.join(map(str, dict.fromkeys(encoder.states)))}, {model.parameter_count:,} parameters",
        "hears": f"{features.kind}, {features.dimension // features.stack} numbers every {features.hop * 1000:g} ms",
        "writes": f"{len(model.alphabet.symbols)} {model.config.units}, every {model.frame_seconds * 1000:g} ms",
        "recording": f"{wave.seconds:.2f} s at {wave.rate} Hz",
    }
