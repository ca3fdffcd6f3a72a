"""A training by two processes, for test_processes.py: Lightning starts this program a second time, as rank 1."""

import hashlib
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import torch

from rnnaudio.cli.train import finish
from rnnaudio.data import Manifest, read_manifest
from rnnaudio.features import AugmentConfig
from rnnaudio.training import SpeechRun, TrainingConfig, train_speech
from rnnaudio.training.speech import SpeechData
from tests.worlds import speech_config


def main(corpus: Path, output: Path) -> None:
    run = SpeechRun(
        data=SpeechData(**{name: corpus / f"{name}.jsonl" for name in ("train", "valid", "test")}),
        model=speech_config(dropout=0.2),
        augment=AugmentConfig.preset("light"),
        training=TrainingConfig(epochs=2, batch_seconds=3.0, threads=1, device="cpu", devices=2, progress=False),
        output=output,
    )
    train = read_manifest(corpus / "train.jsonl")
    bad = replace(train[0], id="bad", audio=(Path("nowhere.wav"),))  # said to be left out, once
    model, result = train_speech(run, Manifest((*train.utterances, bad)))
    finish(run, model, result)
    weights = b"".join(tensor.numpy().tobytes() for tensor in model.state_dict().values())
    told = {
        "first": result.first,
        "steps": result.steps,
        "history": result.history,
        "weights": hashlib.sha256(weights).hexdigest(),
        "drawn": torch.rand(1).item(),
    }
    (output / f"rank-{os.environ['LOCAL_RANK']}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
