"""Models that listen, recordings in which something happens at a known moment, and pictures that are drawn fast."""

import pytest
import torch

from rnnaudio.features import FeatureConfig, Waveform
from rnnaudio.inside import _style
from rnnaudio.models import SpeechConfig, SpeechRecognizer
from rnnaudio.nn import EncoderConfig
from rnnaudio.text import Alphabet
from tests.worlds import RATE, WORDS, beeps

CLICK = 0.9  # seconds


def listener(**encoder) -> SpeechRecognizer:
    """A model whose frames know nothing of one another: without normalisation over the recording."""
    config = SpeechConfig(
        features=FeatureConfig(rate=RATE, bins=12, stack=2, stride=2, normalise="none"),
        encoder=EncoderConfig(**{"layers": 2, "hidden": 6, **encoder}),
        units="words",
    )
    return SpeechRecognizer.build(config, Alphabet(WORDS, "words"), seed=3).eval()


def silence(seconds: float = 1.5) -> Waveform:
    return Waveform(torch.zeros(round(seconds * RATE)), RATE)


def click(seconds: float = 1.5, at: float = CLICK) -> Waveform:
    samples = torch.zeros(round(seconds * RATE))
    samples[round(at * RATE)] = 0.9
    return Waveform(samples, RATE)


def speech(text: str = "low high mid") -> Waveform:
    return Waveform(torch.from_numpy(beeps(text)), RATE)


@pytest.fixture(scope="module")
def small_pictures():
    """A quarter of the pixels in each direction: for tests of all but the pictures' size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_style, "DPI", 32)
        yield
