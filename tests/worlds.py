"""Small worlds that the tests live in: beeps for words, manifests of them, models that know nothing yet."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from rnnaudio.data import Manifest, Utterance, write_manifest
from rnnaudio.features import FeatureConfig
from rnnaudio.models import SpeechConfig, SpeechRecognizer
from rnnaudio.nn import EncoderConfig
from rnnaudio.text import Alphabet

RATE = 8000
PITCH = {"high": 1800.0, "low": 300.0, "mid": 800.0}
WORDS = tuple(PITCH)


def beeps(text: str, seed: int = 0, rate: int = RATE) -> np.ndarray:
    """Each word a beep of its pitch, with silences of random length around it: (N,) float32."""
    rng = np.random.default_rng(seed)
    pieces = [np.zeros(int(rng.uniform(0.05, 0.15) * rate))]
    for word in text.split():
        times = np.arange(int(rng.uniform(0.1, 0.2) * rate)) / rate
        pieces += [0.5 * np.sin(2 * np.pi * PITCH[word] * times), np.zeros(int(rng.uniform(0.05, 0.15) * rate))]
    sound = np.concatenate(pieces)
    return (sound + 0.001 * rng.standard_normal(len(sound))).astype(np.float32)


def write_corpus(folder: Path, train: int = 12, valid: int = 4, test: int = 3) -> Path:
    """Manifests train, valid and test of beeps in `folder`, for `rnnaudio train --data`."""
    rng = np.random.default_rng(7)
    (folder / "audio").mkdir(parents=True)
    for split, count in (("train", train), ("valid", valid), ("test", test)):
        rows = []
        for number in range(count):
            text = " ".join(rng.choice(WORDS, size=rng.integers(1, 4)))
            path = folder / "audio" / f"{split}-{number:02d}.wav"
            soundfile.write(path, beeps(text, seed=int(rng.integers(1 << 30))), RATE)
            rows.append(Utterance(path.stem, (path,), text=text, speaker=f"{split}-{number % 2}"))
        write_manifest(folder / f"{split}.jsonl", Manifest(tuple(rows)))
    return folder


def speech_config(**encoder) -> SpeechConfig:
    return SpeechConfig(
        features=FeatureConfig(rate=RATE, bins=12, stack=2, stride=2),
        encoder=EncoderConfig(**{"layers": 1, "hidden": 8, **encoder}),
        units="words",
    )


def recognizer(seed: int = 0, **encoder) -> SpeechRecognizer:
    """A model that has learned nothing: it answers all the same, and always the same."""
    return SpeechRecognizer.build(speech_config(**encoder), Alphabet(WORDS, "words"), seed).eval()


def lock(folder: Path) -> None:
    """Take away the right to write into a folder; the test is skipped where rights do not count, as for root."""
    folder.chmod(0o555)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write anywhere")


def tone(seconds: float, rate: int, level: float = 0.3) -> torch.Tensor:
    return level * torch.sin(2 * torch.pi * 440.0 / rate * torch.arange(int(seconds * rate)))
