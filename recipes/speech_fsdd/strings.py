"""Digit strings out of single digits: recordings of one speaker joined with random gaps, and noise over them."""

import torch
from numpy.random import default_rng
from torch import Tensor

from rnnaudio.data import Manifest, Utterance
from rnnaudio.features.augment import Noise
from rnnaudio.features.augment.level import NoiseParams

NOISE_DB = 15.0


def strings(manifest: Manifest, most: int, each: int = 60, seed: int = 0) -> Manifest:
    """`each` strings of two to `most` digits by each speaker, silences of 0.05 to 0.5 s around and between."""
    rng = default_rng([seed, most])
    made = []
    for speaker in manifest.speakers:
        takes = [one for one in manifest if one.speaker == speaker]
        for number in range(each):
            chosen = [takes[index] for index in rng.choice(len(takes), size=int(rng.integers(2, most + 1)))]
            made.append(
                Utterance(
                    f"{speaker}-{most}-{number}",
                    tuple(one.audio[0] for one in chosen),
                    tuple(round(float(gap), 3) for gap in rng.uniform(0.05, 0.5, size=len(chosen) + 1)),
                    text=" ".join(one.text or "" for one in chosen),
                    speaker=speaker,
                )
            )
    return Manifest(tuple(made))


def noisy(samples: Tensor, rate: int) -> Tensor:
    """The recording in babble-like noise `NOISE_DB` below it; the same noise for the same recording."""
    seed = int(samples.abs().sum().mul(1000)) % 2**31
    return Noise.apply(samples, rate, NoiseParams(NOISE_DB, "babble", seed)).to(torch.float32)
