"""Changes by what stands between mouth and file: a room, a microphone, a telephone line."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from rnnaudio.features.augment._base import Augmentation, check_range, fast_size, seeded, uniform, whole

__all__ = ["Band", "BandParams", "Reverb", "ReverbParams", "room_response"]

_REFLECTIONS = 6  # off the walls, before they are too many to tell apart
_MIXING_SECONDS = 0.03  # when that is, in a room of a house
_SPEED_OF_SOUND = 343.0
_DIRECT_METRES = 1.5
_POINTS = 5
_LOWEST_POINT_HZ = 100.0


@dataclass(frozen=True)
class ReverbParams:
    """Seconds until the echo has fallen by 60 dB, direct sound over echo in decibels, the seed of the room.

    >>> ReverbParams(rt60=0.3, direct_db=6.0, seed=1)
    ReverbParams(rt60=0.3, direct_db=6.0, seed=1)
    """

    rt60: float
    direct_db: float
    seed: int


@dataclass(frozen=True)
class Reverb(Augmentation[ReverbParams]):
    """Put the sound into a room: the direct sound, a few early reflections, then noise that dies away.

    Length and power stay, and the direct sound is not delayed.
    Source: Polack 1988 for the decaying noise; Ko et al. 2017 for its use on speech.

    >>> Reverb.apply(torch.zeros(800), 16000, ReverbParams(rt60=0.3, direct_db=6.0, seed=1)).shape
    torch.Size([800])
    """

    low_rt60: float = 0.1
    high_rt60: float = 0.6
    low_direct_db: float = 0.0
    high_direct_db: float = 15.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, "rt60", self.low_rt60, self.high_rt60, 0.01, 10.0)
        check_range(self, "direct_db", self.low_direct_db, self.high_direct_db, -20.0, 60.0)

    def _draw(self, generator: torch.Generator) -> ReverbParams:
        rt60 = uniform(generator, self.low_rt60, self.high_rt60)
        direct_db = uniform(generator, self.low_direct_db, self.high_direct_db, digits=1)
        return ReverbParams(rt60, direct_db, seed=whole(generator, 1 << 31))

    @staticmethod
    def apply(samples: Tensor, rate: int, params: ReverbParams) -> Tensor:
        """Change samples (N,) into (N,)."""
        if len(samples) == 0:
            return samples
        response = room_response(rate, params)[: len(samples)]
        size = fast_size(len(samples) + len(response) - 1)
        spectrum = torch.fft.rfft(samples, size) * torch.fft.rfft(response, size)
        wet = torch.fft.irfft(spectrum, size)[: len(samples)]
        return wet * (samples.norm() / wet.norm().clamp(min=1e-9))


def room_response(rate: int, params: ReverbParams) -> Tensor:
    """Make the impulse response of a room, its direct sound first: (rt60 rate,).

    >>> room_response(16000, ReverbParams(rt60=0.3, direct_db=6.0, seed=1)).shape
    torch.Size([4800])
    """
    generator = seeded(params.seed)
    count = max(2, round(params.rt60 * rate))
    times = torch.arange(count) / rate
    thin = (times / _MIXING_SECONDS).clamp(max=1.0)  # echoes are few at first
    late = torch.randn(count, generator=generator) * thin * torch.exp(times * (-3.0 * math.log(10.0) / params.rt60))
    arrivals = 1 + (torch.rand(_REFLECTIONS, generator=generator) * min(count - 1, _MIXING_SECONDS * rate)).long()
    arrivals = arrivals.clamp(max=count - 1)
    walls = 2.0 * torch.rand(_REFLECTIONS, generator=generator) - 1.0
    early = walls / (1.0 + times[arrivals] * _SPEED_OF_SOUND / _DIRECT_METRES)  # a longer path is a fainter one
    echo = (late / late.norm().clamp(min=1e-9)).index_add(0, arrivals, early)
    echo[0] = 0.0
    echo *= 10.0 ** (-params.direct_db / 20.0) / echo.norm().clamp(min=1e-9)
    echo[0] = 1.0
    return echo


@dataclass(frozen=True)
class BandParams:
    """Decibels at five points evenly spaced in octaves from 100 Hz to Nyquist, and the edges kept, if any.

    >>> BandParams((0.0, 0.0, 0.0, 0.0, 0.0), high_hz=3400.0).low_hz is None
    True
    """

    equaliser_db: tuple[float, ...]
    low_hz: float | None = None
    high_hz: float | None = None


@dataclass(frozen=True)
class Band(Augmentation[BandParams]):
    """Colour the sound like another microphone or line: a smooth equaliser and at times a narrow band.

    Attributes:
        equaliser_db: the five points of the equaliser are drawn from minus to plus this.
        narrow: how often the band is limited, its edges drawn evenly in octaves: the lower from 20 Hz to
            `highest_low_hz`, the upper from `lowest_high_hz` to twice that. The defaults reach a telephone's.

    >>> flat = BandParams((0.0, 0.0, 0.0, 0.0, 0.0))
    >>> torch.allclose(Band.apply(torch.ones(100), 16000, flat), torch.ones(100), atol=1e-5)
    True
    """

    equaliser_db: float = 8.0
    narrow: float = 0.5
    highest_low_hz: float = 300.0
    lowest_high_hz: float = 3400.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, "equaliser_db", self.equaliser_db, self.equaliser_db, 0.0, 60.0)
        check_range(self, "narrow", self.narrow, self.narrow, 0.0, 1.0)
        check_range(self, "edges in hertz", self.highest_low_hz, self.lowest_high_hz, 20.0, 1e6)

    def _draw(self, generator: torch.Generator) -> BandParams:
        most = self.equaliser_db
        points = tuple(uniform(generator, -most, most, digits=1) for _ in range(_POINTS))
        if torch.rand((), generator=generator).item() >= self.narrow:
            return BandParams(points)
        low = 20.0 * (self.highest_low_hz / 20.0) ** uniform(generator, 0.0, 1.0)
        high = self.lowest_high_hz * 2.0 ** uniform(generator, 0.0, 1.0)
        return BandParams(points, round(low, 1), round(high, 1))

    @staticmethod
    def apply(samples: Tensor, rate: int, params: BandParams) -> Tensor:
        """Change samples (N,) into (N,), without delay."""
        if len(samples) == 0:
            return samples
        size = fast_size(len(samples) + rate // 20)  # silence behind: the end must not ring into the start
        hz = torch.fft.rfftfreq(size, 1.0 / rate)
        response = _equaliser(hz, rate, params.equaliser_db)
        if params.low_hz is not None:
            response = response / (1.0 + (params.low_hz / hz.clamp(min=1e-3)).pow(8)).sqrt()  # 24 dB per octave
        if params.high_hz is not None:
            response = response / (1.0 + (hz / params.high_hz).pow(16)).sqrt()  # 48 dB per octave
        return torch.fft.irfft(torch.fft.rfft(samples, size) * response, size)[: len(samples)]


def _equaliser(hz: Tensor, rate: int, decibels: tuple[float, ...]) -> Tensor:
    """Join the points by lines, level below the first: amplitudes at frequencies hz (F,)."""
    octaves = math.log2(max(2.0, rate / 2 / _LOWEST_POINT_HZ))
    position = (hz.clamp(min=_LOWEST_POINT_HZ) / _LOWEST_POINT_HZ).log2() / octaves * (len(decibels) - 1)
    before = position.long().clamp(max=len(decibels) - 2)
    points = torch.tensor(decibels)
    return 10.0 ** (torch.lerp(points[before], points[before + 1], position - before) / 20.0)
