"""Trainings small enough for a test."""

from dataclasses import replace

import pytest

from rnnaudio.data import read_manifest
from rnnaudio.features import AugmentConfig
from rnnaudio.training import SpeechRun, TrainingConfig
from tests.worlds import speech_config


@pytest.fixture
def manifests(corpus):
    """Train and valid."""
    return read_manifest(corpus / "train.jsonl"), read_manifest(corpus / "valid.jsonl")


@pytest.fixture
def run(tmp_path):
    """Settings of a training of a few steps, with changes: run(epochs=3)."""

    def make(encoder=None, output=tmp_path / "out", **training) -> SpeechRun:
        config = TrainingConfig(
            epochs=2, batch_seconds=4.0, learning_rate=0.01, threads=1, device="cpu", progress=False
        )
        return SpeechRun(
            model=speech_config(**(encoder or {})),
            augment=AugmentConfig.preset("none"),
            training=replace(config, **training),
            output=output,
        )

    return make
