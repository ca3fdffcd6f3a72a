"""Changes of time and pitch: speed, pitch alone, silence around."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from rnnaudio.features.augment._base import Augmentation, check_range, uniform
from rnnaudio.features.resample import resample

__all__ = ["Pitch", "PitchParams", "Shift", "ShiftParams", "Speed", "SpeedParams", "Tempo", "TempoParams"]

_HUNDREDTHS = 100  # speeds and pitch ratios are whole hundredths, so that their resampling kernels are kept


@dataclass(frozen=True)
class SpeedParams:
    """How much faster."""

    factor: float


@dataclass(frozen=True)
class Speed(Augmentation[SpeedParams]):
    """Play faster or slower, as a tape does: length, pitch and formants all change.

    Source: Ko et al. 2015, "Audio augmentation for speech recognition".

    >>> Speed.apply(torch.zeros(1100), 16000, SpeedParams(1.1)).shape
    torch.Size([1000])
    """

    low: float = 0.9
    high: float = 1.1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, "factors", self.low, self.high, 0.25, 4.0)

    def _draw(self, generator: torch.Generator) -> SpeedParams:
        return SpeedParams(uniform(generator, self.low, self.high, digits=2))

    @staticmethod
    def apply(samples: Tensor, rate: int, params: SpeedParams) -> Tensor:
        """Change samples (N,) into (N / factor,)."""
        return resample(samples, round(params.factor * _HUNDREDTHS), _HUNDREDTHS)


@dataclass(frozen=True)
class PitchParams:
    """How many semitones higher."""

    semitones: float


@dataclass(frozen=True)
class Pitch(Augmentation[PitchParams]):
    """Raise or lower the voice and its formants; the length stays.

    The sound is stretched by a phase vocoder, then played faster by as much.
    Source: Flanagan and Golden 1966, "Phase vocoder".

    >>> Pitch.apply(torch.zeros(8000), 16000, PitchParams(2.0)).shape
    torch.Size([8000])
    """

    low: float = -2.0
    high: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, "semitones", self.low, self.high, -12.0, 12.0)

    def _draw(self, generator: torch.Generator) -> PitchParams:
        return PitchParams(uniform(generator, self.low, self.high, digits=2))

    @staticmethod
    def apply(samples: Tensor, rate: int, params: PitchParams) -> Tensor:
        """Change samples (N,) into (N,)."""
        steps = round(2.0 ** (params.semitones / 12.0) * _HUNDREDTHS)
        if steps == _HUNDREDTHS or len(samples) == 0:
            return samples
        longer = _stretch(samples, steps / _HUNDREDTHS, rate)
        shifted = resample(longer, steps, _HUNDREDTHS)[: len(samples)]
        return functional.pad(shifted, (0, len(samples) - len(shifted)))


@dataclass(frozen=True)
class TempoParams:
    """How much faster."""

    factor: float


@dataclass(frozen=True)
class Tempo(Augmentation[TempoParams]):
    """Speak faster or slower at the same pitch, as people differ most: a phase vocoder.

    Source: Flanagan and Golden 1966; Kanda et al. 2013, "Elastic spectral distortion for low resource speech
    recognition", for its use here.

    >>> Tempo.apply(torch.zeros(1200), 8000, TempoParams(1.2)).shape
    torch.Size([1000])
    """

    low: float = 0.8
    high: float = 1.25

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, "factors", self.low, self.high, 0.25, 4.0)

    def _draw(self, generator: torch.Generator) -> TempoParams:
        return TempoParams(uniform(generator, self.low, self.high, digits=2))

    @staticmethod
    def apply(samples: Tensor, rate: int, params: TempoParams) -> Tensor:
        """Change samples (N,) into (N / factor,)."""
        if params.factor == 1.0 or len(samples) == 0:
            return samples
        return _stretch(samples, 1.0 / params.factor, rate)


@dataclass(frozen=True)
class ShiftParams:
    """Seconds of silence before and after."""

    before: float
    after: float


@dataclass(frozen=True)
class Shift(Augmentation[ShiftParams]):
    """Move the sound in time, by silence before and after it; nothing of it is cut off.

    >>> Shift.apply(torch.ones(2), 10, ShiftParams(before=0.1, after=0.2)).tolist()
    [0.0, 1.0, 1.0, 0.0, 0.0]
    """

    max_seconds: float = 0.3

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, "max_seconds", 0.0, self.max_seconds, 0.0, 60.0)

    def _draw(self, generator: torch.Generator) -> ShiftParams:
        return ShiftParams(uniform(generator, 0.0, self.max_seconds), uniform(generator, 0.0, self.max_seconds))

    @staticmethod
    def apply(samples: Tensor, rate: int, params: ShiftParams) -> Tensor:
        """Change samples (N,) into (N + (before + after) rate,)."""
        return functional.pad(samples, (round(params.before * rate), round(params.after * rate)))


def _stretch(samples: Tensor, factor: float, rate: int) -> Tensor:
    """Make sound longer at the same pitch, by a phase vocoder: (N,) -> (N factor,)."""
    size = 1 << max(4, round(math.log2(0.032 * rate)))  # about 32 ms: a few periods of a low voice
    hop, window = size // 4, torch.hann_window(size)
    around = functional.pad(samples, (size // 2, size // 2 + hop))
    spectra = torch.fft.rfft(around.unfold(0, size, hop) * window)  # (T, F), frame t in the middle of t hop
    places = torch.arange(0, len(spectra) - 1, 1.0 / factor)  # where in the old sound each new frame is read
    before = places.long().clamp(max=len(spectra) - 2)
    one, two = spectra[before], spectra[before + 1]  # (T factor, F)
    # From frame to frame each bin turns by as much as it does in the old sound at that place. Phases as unit
    # numbers and their running product take a quarter of the time of angles and their sum.
    turns = torch.sgn(two * one.conj())
    turns = torch.where(turns == 0, torch.ones_like(turns), turns)  # digital silence
    phases = torch.cumprod(torch.cat([torch.sgn(one[:1]) + (one[:1] == 0), turns[:-1]]), dim=0)
    size_now = torch.lerp(one.abs(), two.abs(), (places - before).unsqueeze(1))
    frames = torch.fft.irfft(size_now * _locked(size_now * torch.sgn(phases)), size) * window
    sound = _overlap(frames, hop) / _overlap((window * window).expand(frames.shape), hop).clamp(min=1e-3)
    length = round(len(samples) * factor)
    sound = sound[size // 2 : size // 2 + length]
    return functional.pad(sound, (0, length - len(sound)))


def _locked(spectra: Tensor) -> Tensor:
    """Give each bin the phase of it and its neighbours together, so that a partial's bins stay in step.

    Without this a voice loses 3 dB and sounds as from a tunnel. The neighbours' sign is turned because the
    middle of a frame is half a turn from bin to bin. Source: Puckette 1995, "Phase-locked vocoder".
    """
    together = spectra.clone()
    together[:, 1:] -= spectra[:, :-1]
    together[:, :-1] -= spectra[:, 1:]
    return torch.sgn(together)


def _overlap(frames: Tensor, hop: int) -> Tensor:
    """Add frames (T, 4 hop) that begin hop apart: ((T + 3) hop,)."""
    quarters = frames.reshape(len(frames), 4, hop)
    total = frames.new_zeros(len(frames) + 3, hop)
    for quarter in range(4):
        total[quarter : quarter + len(frames)] += quarters[:, quarter]
    return total.view(-1)
