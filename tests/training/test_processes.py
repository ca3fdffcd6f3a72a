"""Several processes, one training."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rnnaudio.errors import ConfigError
from rnnaudio.training.processes import RANKS, first_process
from rnnaudio.training.speech import SpeechLearner
from tests.worlds import recognizer

ROOT = Path(__file__).parents[2]


def test_two_processes_agree_and_only_the_first_one_writes_and_prints(corpus, tmp_path):
    command = [sys.executable, "-m", "tests.training.two_processes", str(corpus), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    first, second = (json.loads((tmp_path / f"rank-{rank}.json").read_text()) for rank in (0, 1))
    assert (first["first"], second["first"]) == (True, False)
    for name in ("steps", "history", "weights"):
        assert first[name] == second[name], name
    assert first["drawn"] != second["drawn"]  # each drops out its own
    assert len([line for line in done.stdout.splitlines() if line.startswith("model: ")]) == 1
    assert len([line for line in done.stdout.splitlines() if line.startswith("%WER ")]) == 1
    (line,) = [line for line in done.stderr.splitlines() if "rnnaudio: " in line]
    assert line.startswith("rnnaudio: 1 of 17 utterances cannot be used (first: train:13: nowhere.wav does not exist.")
    names = ["checkpoints", "config.yaml", "dropped.jsonl", "logs", "model", "rank-0.json", "rank-1.json", "report"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


@pytest.mark.parametrize("world", [1, 2, 3])
def test_processes_share_the_data_and_take_the_same_steps(manifests, run, world):
    learner = SpeechLearner(recognizer(), *manifests, run(batch_seconds=2.0))
    train = [list(learner.train_batches(lambda: (1, 0), rank, world, 0)) for rank in range(world)]
    assert {len(batches) for batches in train} == {learner.steps_per_epoch(world)}
    ids = [name for batches in train for batch in batches for name in batch.ids]
    assert sorted(ids) == [one.id for one in manifests[0]]
    judged = [name for rank in range(world) for batch in learner.valid_batches(rank, world) for name in batch.ids]
    assert sorted(judged) == [one.id for one in manifests[1]]
    assert all(len(learner.valid_batches(rank, world)) for rank in range(world))


def test_more_processes_than_validation_recordings_are_refused(manifests, run):
    learner = SpeechLearner(recognizer(), *manifests, run())
    with pytest.raises(ConfigError, match="4 validation recordings are too few for 5 processes"):
        learner.valid_batches(0, 5)


@pytest.mark.parametrize("name", RANKS)
def test_the_first_process_is_known_by_every_launchers_sign(name, monkeypatch):
    for other in RANKS:
        monkeypatch.delenv(other, raising=False)
    assert first_process()
    monkeypatch.setenv(name, "0")
    assert first_process()
    monkeypatch.setenv(name, "3")
    assert not first_process()


def test_a_pass_goes_on_from_where_the_run_stands(manifests, run):
    learner = SpeechLearner(recognizer(), *manifests, run(batch_seconds=2.0))
    whole = [batch.ids for batch in learner.train_batches(lambda: (3, 0), 0, 1, 0)]
    assert [batch.ids for batch in learner.train_batches(lambda: (3, 2), 0, 1, 0)] == whole[2:]
