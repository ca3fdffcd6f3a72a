"""What a front end computes, as a typed and checked record."""

import math
from dataclasses import dataclass
from typing import Literal

from rnnaudio.errors import ConfigError

__all__ = ["FeatureConfig"]

_KINDS = ("log_mel", "mfcc", "spectrogram", "log_gammatone")
_SCALES = ("htk", "slaney", "kaldi")
_WINDOWS = ("hann", "povey")
_NORMALISATIONS = ("utterance", "level", "global", "running", "none")


@dataclass(frozen=True)
class FeatureConfig:
    """Settings of a :class:`~rnnaudio.features.Frontend`. Times are seconds, frequencies hertz.

    Attributes:
        kind: log_mel, mfcc, spectrogram (natural logarithm of the power spectrum) or log_gammatone.
        rate: samples per second of the sound that comes in.
        window: length of the piece of sound one frame sees.
        hop: distance between the beginnings of neighbouring frames.
        bins: number of mel or gammatone filters (a spectrogram has one per FFT bin instead).
        coefficients: number of cepstral coefficients, for mfcc.
        mel_scale: htk (triangles in hertz, as torchaudio), slaney (Slaney's scale and unit area, as librosa)
            or kaldi (the HTK scale, triangles in mel).
        low_hz: lower edge of the lowest filter.
        high_hz: upper edge of the highest filter; None is half the rate.
        window_shape: hann (periodic) or povey (Kaldi's, symmetric).
        preemphasis: c of y[n] = x[n] - c x[n-1] inside each window, which lifts consonants; 0 is off.
        log_floor: what is added to each band before the logarithm, so that nothing fainter speaks.
            Digital silence (8-bit files, trimmed files) would otherwise be -20 where a quiet room is -8,
            and the network would learn the recorder. With normalise="utterance" and "level" it is a fraction of
            the utterance's mean band energy, so that a louder recording gives the same frames; otherwise it
            is an energy, full scale being 1.
        deltas: 0, 1 (append slopes) or 2 (and slopes of slopes).
        stack: how many successive frames become one.
        stride: keep every stride-th stacked frame; a frame then lasts hop * stride seconds.
        normalise: utterance (each bin to mean 0 and variance 1 over the utterance), global (by statistics of
            the training data, kept with the model), level (the loudness of the utterance taken out first, then
            as global: for short utterances, whose own means would take the vowels out), running (causal, for
            streams) or none.

    Raises:
        ConfigError: a value that cannot be, named in one line.

    >>> FeatureConfig(bins=80, stack=3, stride=3).dimension
    240
    """

    kind: Literal["log_mel", "mfcc", "spectrogram", "log_gammatone"] = "log_mel"
    rate: int = 16000
    window: float = 0.025
    hop: float = 0.010
    bins: int = 40
    coefficients: int = 13
    mel_scale: Literal["htk", "slaney", "kaldi"] = "htk"
    low_hz: float = 60.0
    high_hz: float | None = None
    window_shape: Literal["hann", "povey"] = "hann"
    preemphasis: float = 0.97
    log_floor: float = 1e-6
    deltas: int = 0
    stack: int = 1
    stride: int = 1
    normalise: Literal["utterance", "level", "global", "running", "none"] = "utterance"

    def __post_init__(self) -> None:
        _one_of("kind", self.kind, _KINDS)
        _one_of("mel_scale", self.mel_scale, _SCALES)
        _one_of("window_shape", self.window_shape, _WINDOWS)
        _one_of("normalise", self.normalise, _NORMALISATIONS)
        _check(self.rate >= 100, "rate", self.rate, "at least 100 samples per second")
        _check(_long_enough(self.hop * self.rate, 1), "hop", self.hop, "at least one sample long")
        _check(_long_enough(self.window * self.rate, 2), "window", self.window, "at least two samples long")
        _check(self.bins >= 1, "bins", self.bins, "at least 1")
        top, half = self.top_hz, self.rate / 2
        _check(0 <= self.low_hz < top, "low_hz", self.low_hz, f"from 0 to below high_hz, {top:g}")
        _check(top <= half, "high_hz", self.high_hz, f"at most half the rate, {half:g}")
        _check(0 <= self.preemphasis <= 1, "preemphasis", self.preemphasis, "from 0 to 1")
        _check(0 < self.log_floor < math.inf, "log_floor", self.log_floor, "above 0")
        _check(self.deltas in (0, 1, 2), "deltas", self.deltas, "0, 1 or 2")
        _check(self.stack >= 1, "stack", self.stack, "at least 1")
        _check(self.stride >= 1, "stride", self.stride, "at least 1")
        if self.kind == "mfcc":
            allowed = f"from 1 to bins, {self.bins}"
            _check(1 <= self.coefficients <= self.bins, "coefficients", self.coefficients, allowed)

    @property
    def window_samples(self) -> int:
        """Samples one frame sees."""
        return round(self.window * self.rate)

    @property
    def hop_samples(self) -> int:
        """Samples between the beginnings of neighbouring frames, before any stride."""
        return round(self.hop * self.rate)

    @property
    def fft_samples(self) -> int:
        """Length of the Fourier transform: the window, filled with zeros to a power of two."""
        return 1 << (self.window_samples - 1).bit_length()

    @property
    def top_hz(self) -> float:
        """Upper edge of the highest filter."""
        return self.rate / 2 if self.high_hz is None else self.high_hz

    @property
    def base_dimension(self) -> int:
        """Values per frame before deltas and stacking."""
        if self.kind == "mfcc":
            return self.coefficients
        return self.fft_samples // 2 + 1 if self.kind == "spectrogram" else self.bins

    @property
    def dimension(self) -> int:
        """Values per frame that come out."""
        return self.base_dimension * (1 + self.deltas) * self.stack

    @property
    def frame_seconds(self) -> float:
        """Seconds between the beginnings of the frames that come out."""
        return self.hop_samples * self.stride / self.rate

    def num_frames(self, samples: int) -> int:
        """Count the frames that come out for so many samples; 0 below one window.

        >>> FeatureConfig(rate=16000).num_frames(16000)
        98
        """
        if samples < self.window_samples:
            return 0
        frames = 1 + (samples - self.window_samples) // self.hop_samples
        return -(-frames // self.stride)


def _long_enough(samples: float, least: int) -> bool:
    return math.isfinite(samples) and round(samples) >= least


def _check(holds: bool, name: str, value: object, allowed: str) -> None:
    if not holds:
        raise ConfigError(f"features.{name} is {value}; it must be {allowed}.")


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigError(f"features.{name} is {value!r}; it must be one of {', '.join(allowed)}.")
