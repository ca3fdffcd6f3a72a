"""Augmentation, seeded and replayable: draw a plan for (seed, epoch, item), print it, carry it out.

Each augmentation is a frozen dataclass: `draw(generator)` decides, `apply(samples, rate, params)` does.
"""

from rnnaudio.features.augment.level import Gain, Noise
from rnnaudio.features.augment.plan import AugmentConfig, Augmenter, AugmentPlan
from rnnaudio.features.augment.room import Band, Reverb
from rnnaudio.features.augment.spectral import SpecAugment, TractLength
from rnnaudio.features.augment.tempo import Pitch, Shift, Speed, Tempo

__all__ = [
    "AugmentConfig",
    "AugmentPlan",
    "Augmenter",
    "Band",
    "Gain",
    "Noise",
    "Pitch",
    "Reverb",
    "Shift",
    "SpecAugment",
    "Speed",
    "Tempo",
    "TractLength",
]
