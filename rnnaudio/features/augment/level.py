"""Changes of level: gain, and noise at a given distance below the sound."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from rnnaudio.errors import ConfigError
from rnnaudio.features.audio import read_audio
from rnnaudio.features.augment._base import Augmentation, check_range, fast_size, seeded, uniform, whole

__all__ = ["Gain", "GainParams", "Noise", "NoiseParams", "coloured_noise"]

Colour = Literal["white", "pink", "brown", "babble"]
_FALL = {"white": 0.0, "pink": 0.5, "brown": 1.0, "babble": 1.5}  # amplitude falls as frequency to this power
_KNEE_HZ = {"white": 20.0, "pink": 20.0, "brown": 20.0, "babble": 500.0}  # below it does not
_LEVELS_PER_SECOND = 4  # syllables


@dataclass(frozen=True)
class GainParams:
    """Decibels louder.

    >>> GainParams(-6.0)
    GainParams(decibels=-6.0)
    """

    decibels: float


@dataclass(frozen=True)
class Gain(Augmentation[GainParams]):
    """Make the sound louder or softer. It is not clipped: samples may pass 1.

    >>> Gain.apply(torch.tensor([0.1]), 16000, GainParams(20.0)).tolist()
    [1.0]
    """

    low_db: float = -10.0
    high_db: float = 6.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, "decibels", self.low_db, self.high_db, -100.0, 100.0)

    def _draw(self, generator: torch.Generator) -> GainParams:
        return GainParams(uniform(generator, self.low_db, self.high_db, digits=1))

    @staticmethod
    def apply(samples: Tensor, rate: int, params: GainParams) -> Tensor:
        """Change samples (N,) into (N,)."""
        return samples * 10.0 ** (params.decibels / 20.0)


@dataclass(frozen=True)
class NoiseParams:
    """Which noise, how far below the sound, and its seed; `file` where it is a part of a recording.

    >>> NoiseParams(20.0, "pink", seed=1).file is None
    True
    """

    snr_db: float
    colour: Colour
    seed: int
    file: str | None = None


@dataclass(frozen=True)
class Noise(Augmentation[NoiseParams]):
    """Add noise: white, pink, brown, babble (shaped and swelling like far voices) or a part of a recording.

    It is compared with the sound where that is loud, so that pauses do not make the noise fainter.

    Attributes:
        colours: drawn evenly.
        files: recordings of noise; where there are some, half of all noises come from them. Each is read when
            drawn, and repeated where it is short.

    >>> noise = Noise.apply(torch.ones(16000), 16000, NoiseParams(20.0, "pink", seed=1)) - 1.0
    >>> round(noise.square().mean().item(), 4)
    0.01
    """

    low_snr_db: float = 5.0
    high_snr_db: float = 30.0
    colours: tuple[Colour, ...] = ("white", "pink", "brown", "babble")
    files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, "decibels", self.low_snr_db, self.high_snr_db, -40.0, 100.0)
        if not self.colours or set(self.colours) - set(_FALL):
            raise ConfigError(f"augment.Noise: colours is {self.colours}; allowed are {', '.join(_FALL)}.")

    def _draw(self, generator: torch.Generator) -> NoiseParams:
        snr_db = uniform(generator, self.low_snr_db, self.high_snr_db, digits=1)
        colour = self.colours[whole(generator, len(self.colours))]
        seed = whole(generator, 1 << 31)
        recorded = bool(self.files) and whole(generator, 2) == 1
        return NoiseParams(snr_db, colour, seed, self.files[seed % len(self.files)] if recorded else None)

    @staticmethod
    def apply(samples: Tensor, rate: int, params: NoiseParams) -> Tensor:
        """Change samples (N,) into (N,); silence stays silent.

        Raises:
            AudioError: the recording of noise cannot be read.
        """
        loudness, generator = _loud_power(samples, rate), seeded(params.seed)
        if loudness == 0.0:
            return samples
        if params.file is None:
            noise = coloured_noise(len(samples), rate, params.colour, generator)
        else:
            noise = _recorded_noise(len(samples), rate, params.file, generator)
        power = max(noise.square().mean().item(), 1e-20)
        return samples + noise * math.sqrt(loudness / power * 10.0 ** (-params.snr_db / 10.0))


def coloured_noise(count: int, rate: int, colour: Colour, generator: torch.Generator) -> Tensor:
    """Make noise of a colour, of no particular power: (count,).

    White is level, pink falls by 3 dB per octave, brown by 6. Babble has the spectrum of long speech, level
    to 500 Hz and then falling by 9 dB (Byrne et al. 1994, rounded), and swells like a few voices.

    >>> coloured_noise(5, 16000, "brown", torch.Generator().manual_seed(1)).shape
    torch.Size([5])
    """
    noise = torch.randn(fast_size(count), generator=generator)
    if colour != "white":
        hz = torch.fft.rfftfreq(len(noise), 1.0 / rate).clamp(min=_KNEE_HZ[colour])
        noise = torch.fft.irfft(torch.fft.rfft(noise) * (hz / 1000.0) ** -_FALL[colour], len(noise))
    return noise[:count] * _swell(count, rate, generator) if colour == "babble" else noise[:count]


def _swell(count: int, rate: int, generator: torch.Generator) -> Tensor:
    """Make the envelope of a few voices: random levels some 10 dB apart, joined by lines: (count,)."""
    levels = torch.randn(2 + count * _LEVELS_PER_SECOND // rate, generator=generator) * 0.5
    position = torch.arange(count) * (_LEVELS_PER_SECOND / rate)
    before = position.long().clamp(max=len(levels) - 2)
    return torch.lerp(levels[before], levels[before + 1], position - before).exp()


def _recorded_noise(count: int, rate: int, file: str, generator: torch.Generator) -> Tensor:
    recording = read_audio(file, rate).samples
    start = whole(generator, len(recording))
    return recording[(start + torch.arange(count)) % len(recording)]


def _loud_power(samples: Tensor, rate: int) -> float:
    """Find the mean power of those pieces of 20 ms that are louder than a tenth of the mean."""
    if len(samples) == 0:
        return 0.0
    length = max(1, min(len(samples), rate // 50))
    powers = samples[: len(samples) // length * length].view(-1, length).square().mean(1)
    return powers[powers >= 0.1 * powers.mean()].mean().item()
