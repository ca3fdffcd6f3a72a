"""From one sample rate to another, whole or as a stream, by band-limited interpolation."""

import math
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial

import torch
from torch import Tensor

from rnnaudio.errors import AudioError

__all__ = ["Resampler", "resample"]

_CROSSINGS = 24  # zero crossings of the sinc on either side; with the two values below -80 dB at 1.05 Nyquist
_ROLLOFF = 0.95
_KAISER_BETA = 8.0
_SECTION = 1 << 18  # samples resampled at a time, so that scratch memory does not grow with the sound
_LARGEST_TERM = 1000  # of a ratio whose phases all get their own kernel
_PHASES = 2048  # for other ratios: a sample is at most 1/4096 of a sample off, noise at -68 dB


def resample(samples: Tensor, from_rate: int, to_rate: int) -> Tensor:
    """Change the sample rate: N samples become ceil(N to_rate / from_rate), at the same pitch and speed.

    Shapes: samples (N,) float32 -> (ceil(N to_rate / from_rate),).
    Source: J. O. Smith, "Digital audio resampling home page"; torchaudio's kernel with a Kaiser window.

    >>> resample(torch.zeros(441), 44100, 16000).shape
    torch.Size([160])
    """
    if from_rate == to_rate:
        return samples
    return torch.cat(list(Resampler(from_rate, to_rate).stream([samples])))


class Resampler:
    """Change the sample rate of sound that comes in pieces; joined, they are :func:`resample`'s output.

    Sound comes out when enough is known of what follows it: some 26 samples of the lower rate later, or up
    to a second where the rates have no common measure (47999 to 16000).

    Raises:
        AudioError: a rate is not a positive whole number.

    >>> resampler = Resampler(8000, 16000)
    >>> pieces = [resampler.push(torch.zeros(100)), resampler.push(torch.zeros(60)), resampler.flush()]
    >>> len(torch.cat(pieces))
    320
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        for rate in (from_rate, to_rate):
            if rate < 1 or rate != int(rate):
                raise AudioError(f"A sample rate is {rate}; it must be a positive whole number of hertz.")
        common = math.gcd(int(from_rate), int(to_rate))
        self._step, self._gain = int(from_rate) // common, int(to_rate) // common  # `step` in make `gain` out
        self._convert = _converter(self._step, self._gain)
        self._margin = -(-_reach(self._step, self._gain) // self._step) * self._step  # seen on either side
        self._held = torch.zeros(self._margin)
        self._seen = self._made = 0

    def stream(self, pieces: Iterable[Tensor]) -> Iterator[Tensor]:
        """Resample all pieces (N,) and the end."""
        for piece in pieces:
            for section in piece.split(_SECTION):
                yield self.push(section)
        yield self.flush()

    def push(self, samples: Tensor) -> Tensor:
        """Take samples (N,) and give the samples that are now certain, perhaps none."""
        self._seen += len(samples)
        return self._advance(samples)

    def flush(self) -> Tensor:
        """Take the end of the sound and give the rest."""
        missing = -(-self._seen * self._gain // self._step) - self._made
        steps = -(-missing // self._gain)
        silence = steps * self._step + 2 * self._margin - len(self._held)
        return self._advance(self._held.new_zeros(max(0, silence)))[:missing]

    def _advance(self, samples: Tensor) -> Tensor:
        held = torch.cat([self._held.to(samples), samples])
        steps = max(0, len(held) - 2 * self._margin) // self._step
        self._held = held[steps * self._step :]
        if steps == 0:
            return held[:0]
        seen = held[: steps * self._step + 2 * self._margin]
        skipped = self._margin // self._step * self._gain
        made = self._convert(seen)[skipped : skipped + steps * self._gain]
        self._made += len(made)
        return made


@lru_cache(maxsize=64)  # building a kernel takes longer than resampling a second of sound with it
def _converter(step: int, gain: int) -> Callable[[Tensor], Tensor]:
    """Find what turns samples (N,) into ceil(N gain / step), with silence around them."""
    if max(step, gain) > _LARGEST_TERM:  # a kernel for each phase would take gigabytes
        return partial(_interpolate, step=step, gain=gain, kernels=_phase_kernels(step, gain))
    from torchaudio.transforms import Resample

    return Resample(step, gain, "sinc_interp_kaiser", _CROSSINGS, _ROLLOFF, _KAISER_BETA)


def _reach(step: int, gain: int) -> int:
    """Count the input samples that an output sample depends on, on either side."""
    return math.ceil(_CROSSINGS / _cutoff(step, gain))


def _cutoff(step: int, gain: int) -> float:
    """Find the highest frequency kept, where the input's Nyquist frequency is 1."""
    return min(1.0, gain / step) * _ROLLOFF


def _phase_kernels(step: int, gain: int) -> Tensor:
    """Tabulate the interpolation kernel at each phase between two input samples: (_PHASES, taps)."""
    reach, cutoff = _reach(step, gain), _cutoff(step, gain)
    phases = (torch.arange(_PHASES, dtype=torch.float64).unsqueeze(1) + 0.5) / _PHASES
    times = (torch.arange(-reach, reach + 2, dtype=torch.float64) - phases) * cutoff
    inside = (1.0 - (times / _CROSSINGS).square()).clamp(min=0.0)
    window = torch.i0(_KAISER_BETA * inside.sqrt()) / torch.i0(inside.new_tensor(_KAISER_BETA))
    return (cutoff * torch.sinc(times) * window * (inside > 0)).float()


def _interpolate(samples: Tensor, step: int, gain: int, kernels: Tensor) -> Tensor:
    """Evaluate the sound at each output time by the kernel of the nearest phase."""
    reach = _reach(step, gain)
    around = torch.nn.functional.pad(samples, (reach, reach + 1)).unfold(0, kernels.shape[1], 1)  # (N, taps)
    total = -(-len(samples) * gain // step)
    made = []
    for first in range(0, total, 1 << 14):
        position = torch.arange(first, min(total, first + (1 << 14))) * step
        phase = (position % gain) * _PHASES // gain
        made.append((around[position // gain] * kernels[phase]).sum(1))
    return torch.cat(made)
