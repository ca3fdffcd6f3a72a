"""Which augmentations a training uses, and what one of them did to one item in one epoch."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from torch import Tensor

from rnnaudio.errors import ConfigError
from rnnaudio.features.augment._base import Augmentation, seeded
from rnnaudio.features.augment.level import Gain, GainParams, Noise, NoiseParams
from rnnaudio.features.augment.room import Band, BandParams, Reverb, ReverbParams
from rnnaudio.features.augment.spectral import (
    SpecAugment,
    SpecAugmentParams,
    TractLength,
    TractLengthParams,
)
from rnnaudio.features.augment.tempo import (
    Pitch,
    PitchParams,
    Shift,
    ShiftParams,
    Speed,
    SpeedParams,
    Tempo,
    TempoParams,
)

__all__ = ["AugmentConfig", "AugmentPlan", "Augmenter"]


@dataclass(frozen=True)
class AugmentConfig:
    """The augmentations of a training; None is off. They are applied in this order.

    First what the speaker could have done, then the room, the microphone and the recorder.

    >>> AugmentConfig(speed=Speed(0.9, 1.1)).noise is None
    True
    """

    pitch: Pitch | None = None
    tempo: Tempo | None = None
    speed: Speed | None = None
    shift: Shift | None = None
    reverb: Reverb | None = None
    noise: Noise | None = None
    band: Band | None = None
    gain: Gain | None = None
    tract: TractLength | None = None
    mask: SpecAugment | None = None

    @staticmethod
    def preset(name: str) -> "AugmentConfig":
        """Look up none, light (much data, many speakers) or strong (few speakers, unknown rooms).

        Raises:
            ConfigError: another name.

        >>> AugmentConfig.preset("light").speed
        Speed(probability=0.5, low=0.9, high=1.1)
        """
        match name:
            case "none":
                return AugmentConfig()
            case "light":
                return AugmentConfig(
                    speed=Speed(0.9, 1.1, probability=0.5),
                    noise=Noise(15.0, 40.0, probability=0.3),
                    gain=Gain(-10.0, 6.0, probability=0.5),
                    tract=TractLength(0.9, 1.1, probability=0.5),
                    mask=SpecAugment(),
                )
            case "strong":
                return AugmentConfig(
                    pitch=Pitch(-4.0, 4.0, probability=0.5),
                    speed=Speed(0.8, 1.25, probability=0.8),
                    shift=Shift(0.3, probability=0.5),
                    reverb=Reverb(probability=0.3),
                    noise=Noise(5.0, 40.0, probability=0.6),
                    band=Band(probability=0.5),
                    gain=Gain(-20.0, 6.0, probability=0.5),
                    tract=TractLength(0.8, 1.25, probability=0.8),
                    mask=SpecAugment(),
                )
        raise ConfigError(f"augment is {name!r}; it must be one of none, light, strong.")


@dataclass(frozen=True)
class AugmentPlan:
    """What was drawn for one item of one epoch: all that is needed to do it again. None is not applied.

    >>> plan = AugmentPlan(item="a", speed=SpeedParams(1.05))
    >>> print(plan.json())
    {"seed": 0, "epoch": 0, "item": "a", "speed": {"factor": 1.05}}
    >>> AugmentPlan.from_json(plan.json()) == plan
    True
    """

    seed: int = 0
    epoch: int = 0
    item: int | str = 0
    pitch: PitchParams | None = None
    tempo: TempoParams | None = None
    speed: SpeedParams | None = None
    shift: ShiftParams | None = None
    reverb: ReverbParams | None = None
    noise: NoiseParams | None = None
    band: BandParams | None = None
    gain: GainParams | None = None
    tract: TractLengthParams | None = None
    mask: SpecAugmentParams | None = None

    @property
    def warp(self) -> float:
        """The factor for the front end's filterbank; 1 where the vocal tract stays."""
        return 1.0 if self.tract is None else self.tract.factor

    def json(self) -> str:
        """Write the plan as one line of JSON, without what is not applied."""
        return json.dumps({name: value for name, value in asdict(self).items() if value is not None})

    @staticmethod
    def from_json(text: str) -> "AugmentPlan":
        """Read what :meth:`json` wrote.

        Raises:
            ConfigError: it is something else.
        """
        try:
            entries = json.loads(text)
            return AugmentPlan(**{name: _restore(name, entry) for name, entry in entries.items()})
        except (ValueError, TypeError, AttributeError) as error:
            raise ConfigError(f"{text[:60]!r} is not the plan of an augmentation: {error}.") from error


class Augmenter:
    """Draw a plan for each item of each epoch, and carry it out.

    The same (seed, epoch, item) gives the same plan, and the same plan the same sound, in any order and any
    process. Each augmentation has its own generator: turning one on does not change what others draw.

    `frame_seconds` and `copies` are those of the frames that :meth:`apply_frames` gets: with a front end,
    `config.frame_seconds` and `config.dimension // config.base_dimension`.

    >>> augmenter = Augmenter(AugmentConfig.preset("light"), rate=16000)
    >>> plan = augmenter.draw(seed=3, epoch=1, item="utterance-17")
    >>> torch.equal(*(augmenter.apply_wave(torch.ones(16000), plan) for _ in range(2)))
    True
    """

    def __init__(self, config: AugmentConfig, rate: int, frame_seconds: float = 0.01, copies: int = 1) -> None:
        self.config, self.rate = config, rate
        self.frame_seconds, self.copies = frame_seconds, copies

    def draw(self, seed: int, epoch: int, item: int | str) -> AugmentPlan:
        """Decide what happens to an item in an epoch."""
        drawn: dict[str, Any] = {}
        for setting in fields(self.config):
            augmentation: Augmentation[Any] | None = getattr(self.config, setting.name)
            if augmentation is not None:
                drawn[setting.name] = augmentation.draw(seeded(seed, epoch, item, setting.name))
        return AugmentPlan(seed, epoch, item, **drawn)

    def apply_wave(self, samples: Tensor, plan: AugmentPlan) -> Tensor:
        """Change the sound (N,) as planned; its length may change."""
        rate = self.rate
        if plan.pitch is not None:
            samples = Pitch.apply(samples, rate, plan.pitch)
        if plan.tempo is not None:
            samples = Tempo.apply(samples, rate, plan.tempo)
        if plan.speed is not None:
            samples = Speed.apply(samples, rate, plan.speed)
        if plan.shift is not None:
            samples = Shift.apply(samples, rate, plan.shift)
        if plan.reverb is not None:
            samples = Reverb.apply(samples, rate, plan.reverb)
        if plan.noise is not None:
            samples = Noise.apply(samples, rate, plan.noise)
        if plan.band is not None:
            samples = Band.apply(samples, rate, plan.band)
        return samples if plan.gain is None else Gain.apply(samples, rate, plan.gain)

    def apply_frames(self, frames: Tensor, plan: AugmentPlan) -> Tensor:
        """Mask frames (T, F) as planned."""
        if plan.mask is None:
            return frames
        return SpecAugment.apply(frames, plan.mask, self.frame_seconds, self.copies)

    def apply_batch(self, frames: Tensor, lengths: Tensor, plans: Sequence[AugmentPlan]) -> Tensor:
        """Mask each row of a padded batch (B, T, F) by its own plan; the padding stays as it is."""
        rows = []
        for row, length, plan in zip(frames, lengths.tolist(), plans, strict=True):
            rows.append(torch.cat([self.apply_frames(row[:length], plan), row[length:]]))
        return torch.stack(rows)


def _restore(name: str, entry: Any) -> Any:
    """Turn an entry of JSON back into parameters, and its lists into tuples."""
    if name not in _PARAMS:
        return entry
    return _PARAMS[name](**{key: _tuples(value) for key, value in entry.items()})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value


_PARAMS: dict[str, type] = {
    "pitch": PitchParams,
    "tempo": TempoParams,
    "speed": SpeedParams,
    "shift": ShiftParams,
    "reverb": ReverbParams,
    "noise": NoiseParams,
    "band": BandParams,
    "gain": GainParams,
    "tract": TractLengthParams,
    "mask": SpecAugmentParams,
}
