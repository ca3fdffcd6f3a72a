"""Trainings that are killed, for test_resume.py: run as a program of its own, which forks once Lightning is imported.

Each training runs in a forked process that ends itself by SIGKILL at a named moment, or writes its model and exits.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import lightning.pytorch as pl
import torch

from rnnaudio.data import read_manifest
from rnnaudio.data.dataset import JoinConfig
from rnnaudio.features import AugmentConfig
from rnnaudio.nn.penalties import PenaltyConfig
from rnnaudio.training import SpeechRun, TrainingConfig
from rnnaudio.training.speech import SpeechLearner, train_speech
from tests.worlds import speech_config

Moment = tuple[str, int]

TRAINING = TrainingConfig(
    epochs=4, batch_seconds=2.0, learning_rate=0.01, save_steps=2, threads=1, device="cpu", progress=False
)
RUNS = {
    # Everything that draws or remembers something at once.
    "all": SpeechRun(
        model=speech_config(dropout=0.3, layers=2),
        augment=AugmentConfig.preset("strong"),
        join=JoinConfig(probability=0.5, most=3),
        training=replace(TRAINING, ema=0.8, keep_best=2, average_best=True, monitor_gradients=3),
    ),
    # A schedule that depends on what validation said; weights made anew at each read, and a loss with penalties; saving
    # at a stride that is no divisor of an epoch.
    "judged": SpeechRun(
        model=speech_config(
            cell="gru", dropout=0.1, locked_dropout=True, weight_drop=0.2, constraint="max_norm", constraint_limit=0.8
        ),
        augment=AugmentConfig.preset("light"),
        training=replace(
            TRAINING,
            optimizer="sgd",
            schedule="new_bob",
            patience=3,
            save_steps=5,
            epochs=6,
            penalties=PenaltyConfig(l2=1e-3, temporal=0.1),
        ),
    ),
}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(moment: Moment) -> None:
    """Arrange for this process to be killed at the given call of what the moment names."""
    name, count = moment
    if name == "step":  # in the middle of a training step
        _before_call(SpeechLearner, "losses", count, die)
    elif name == "judge":  # in the middle of validation
        _before_call(SpeechLearner, "judge", count, die)
    elif name == "half":  # while a checkpoint is being written
        _before_call(pl.Trainer, "save_checkpoint", count, die, spoil=True)
    elif name == "between":  # a checkpoint is written, what comes after it is not done
        _after_call(pl.Trainer, "save_checkpoint", count, die)
    else:
        raise ValueError(name)


def _before_call(owner: type, name: str, count: int, act: Callable[[], None], spoil: bool = False) -> None:
    kept, left = getattr(owner, name), [count]

    def called(self, *args, **kwargs):
        left[0] -= 1
        if not left[0]:
            if spoil:
                Path(args[0]).write_bytes(b"half a check")
            act()
        return kept(self, *args, **kwargs)

    setattr(owner, name, called)


def _after_call(owner: type, name: str, count: int, act: Callable[[], None]) -> None:
    kept, left = getattr(owner, name), [count]

    def called(self, *args, **kwargs):
        answer = kept(self, *args, **kwargs)
        left[0] -= 1
        if not left[0]:
            act()
        return answer

    setattr(owner, name, called)


def train(run: SpeechRun, corpus: Path, moment: Moment | None) -> bool:
    """Go on with a run in a process of its own; whether it was killed, and not finished."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            return os.WTERMSIG(status) == signal.SIGKILL
        assert status == 0, f"exit status {status}"
        return False
    try:
        torch.set_num_threads(1)
        if moment is not None:
            die_at(moment)
        _, result = train_speech(
            run, read_manifest(corpus / "train.jsonl"), read_manifest(corpus / "valid.jsonl"), resume=True
        )
        (run.output / "history.json").write_text(json.dumps([result.steps, *result.history]))
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main(corpus: Path, output: Path, plan: str) -> None:
    """Do the trainings of the plan, JSON of {run, output, moments, workers, again}; print how often each was killed."""
    killed = []
    for entry in json.loads(plan):
        run = RUNS[entry["run"]]
        training = replace(run.training, workers=entry.get("workers", 0))
        run = replace(run, output=output / entry["output"], training=training)
        killed.append(sum(train(run, corpus, tuple(moment)) for moment in entry["moments"]))
        for _ in range(1 + entry.get("again", 0)):
            assert not train(run, corpus, None)
    print(json.dumps(killed))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
