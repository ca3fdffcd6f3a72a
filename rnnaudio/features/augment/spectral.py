"""Changes of the spectrogram: the length of the vocal tract, and SpecAugment's masks."""

from dataclasses import dataclass

import torch
from torch import Tensor

from rnnaudio.features.augment._base import Augmentation, check_range, uniform

__all__ = ["SpecAugment", "SpecAugmentParams", "TractLength", "TractLengthParams"]


@dataclass(frozen=True)
class TractLengthParams:
    """The factor by which the front end moves its filters: `Frontend(...)(samples, lengths, warp=factor)`.

    >>> TractLengthParams(1.07)
    TractLengthParams(factor=1.07)
    """

    factor: float


@dataclass(frozen=True)
class TractLength(Augmentation[TractLengthParams]):
    """Move the formants as in a longer or shorter vocal tract; pitch and tempo stay.

    Source: Jaitly and Hinton 2013, "Vocal tract length perturbation improves speech recognition".

    >>> TractLength(1.1, 1.1).draw(torch.Generator())
    TractLengthParams(factor=1.1)
    """

    low: float = 0.9
    high: float = 1.1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, "factors", self.low, self.high, 0.7, 1.4)

    def _draw(self, generator: torch.Generator) -> TractLengthParams:
        return TractLengthParams(uniform(generator, self.low, self.high, digits=2))


@dataclass(frozen=True)
class SpecAugmentParams:
    """Masks as (place, width): a place from 0 (first) to 1 (last), a width in seconds or in parts of 1.

    >>> SpecAugmentParams(times=((0.5, 0.1),), frequencies=(), share=0.25)
    SpecAugmentParams(times=((0.5, 0.1),), frequencies=(), share=0.25)
    """

    times: tuple[tuple[float, float], ...]
    frequencies: tuple[tuple[float, float], ...]
    share: float


@dataclass(frozen=True)
class SpecAugment(Augmentation[SpecAugmentParams]):
    """Hide pieces of time and bands of frequency, by the mean of each bin over the utterance.

    Source: Park et al. 2019, arXiv:1904.08779, without the time warp, which brings little there.

    Attributes:
        time_masks: how many pieces of time are hidden.
        time_width: seconds that each may last at most.
        time_share: the part of the utterance that each may last at most, for short ones.
        frequency_masks: how many bands are hidden.
        frequency_width: the part of the bins that each may cover at most.

    >>> frames = torch.arange(4.0).view(4, 1)
    >>> params = SpecAugmentParams(times=((0.0, 0.02),), frequencies=(), share=0.5)
    >>> SpecAugment.apply(frames, params, frame_seconds=0.01).flatten().tolist()
    [1.5, 1.5, 2.0, 3.0]
    """

    time_masks: int = 2
    time_width: float = 0.1
    time_share: float = 0.15
    frequency_masks: int = 2
    frequency_width: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, "time_masks", self.time_masks, self.time_masks, 0, 100)
        check_range(self, "time_width", self.time_width, self.time_width, 0.0, 100.0)
        check_range(self, "time_share", self.time_share, self.time_share, 0.0, 1.0)
        check_range(self, "frequency_masks", self.frequency_masks, self.frequency_masks, 0, 100)
        check_range(self, "frequency_width", self.frequency_width, self.frequency_width, 0.0, 1.0)

    def _draw(self, generator: torch.Generator) -> SpecAugmentParams:
        def masks(count: int, widest: float) -> tuple[tuple[float, float], ...]:
            return tuple((uniform(generator, 0, 1), uniform(generator, 0, widest)) for _ in range(count))

        times = masks(self.time_masks, self.time_width)
        return SpecAugmentParams(times, masks(self.frequency_masks, self.frequency_width), self.time_share)

    @staticmethod
    def apply(frames: Tensor, params: SpecAugmentParams, frame_seconds: float = 0.01, copies: int = 1) -> Tensor:
        """Change frames (T, F) into (T, F).

        `copies` tells how often the bins repeat within F, by deltas and stacking, so that a band is hidden in
        all of them.
        """
        time, dimension = frames.shape
        if time == 0:
            return frames
        bins = dimension // copies
        hidden_times = torch.zeros(time, dtype=torch.bool)
        for place, seconds in params.times:
            _hide(hidden_times, place, min(seconds / frame_seconds, params.share * time))
        hidden_bins = torch.zeros(bins, dtype=torch.bool)
        for place, part in params.frequencies:
            _hide(hidden_bins, place, part * bins)
        hidden = hidden_times.unsqueeze(1) | hidden_bins.repeat(copies)  # (T, F)
        return frames.where(~hidden.to(frames.device), frames.mean(0))


def _hide(hidden: Tensor, place: float, width: float) -> None:
    whole = min(len(hidden), round(width))
    start = round(place * (len(hidden) - whole))
    hidden[start : start + whole] = True
