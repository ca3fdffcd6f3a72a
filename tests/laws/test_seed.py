"""Law 6: the same seed gives the same training, another seed another one, and nothing else is drawn from."""

from dataclasses import replace

import pytest
import torch

from rnnaudio.data import read_manifest
from rnnaudio.features import AugmentConfig
from rnnaudio.training import SpeechRun, TrainingConfig
from rnnaudio.training.speech import SpeechLearner, train_speech
from rnnaudio.training.task import seed_step
from tests.worlds import recognizer, speech_config

TRAINING = TrainingConfig(epochs=1, batch_seconds=4.0, threads=1, device="cpu", progress=False)


def weights_after_training(corpus, output, seed):
    run = SpeechRun(
        model=speech_config(dropout=0.3),
        augment=AugmentConfig.preset("strong"),
        training=replace(TRAINING, seed=seed),
        output=output,
    )
    manifests = [read_manifest(corpus / f"{split}.jsonl") for split in ("train", "valid")]
    model, result = train_speech(run, *manifests)
    assert result.steps >= 2
    return model.state_dict(), result.history


def test_same_seed_same_training_another_seed_another(corpus, tmp_path):
    torch.manual_seed(11)
    first, history = weights_after_training(corpus, tmp_path / "first", seed=3)
    torch.manual_seed(12)
    torch.rand(5)
    again, same_history = weights_after_training(corpus, tmp_path / "again", seed=3)
    other, _ = weights_after_training(corpus, tmp_path / "other", seed=4)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert history == same_history
    trained = [name for name in first if first[name].is_floating_point() and first[name].ndim > 1]
    assert not any(torch.equal(first[name], other[name]) for name in trained if "normalise" not in name)


@pytest.mark.parametrize("what", ["items", "batches"])
def test_an_item_and_a_batch_follow_from_seed_epoch_and_place(corpus, what):
    manifests = [read_manifest(corpus / f"{split}.jsonl") for split in ("train", "valid")]

    def made(seed, epoch, order):
        run = SpeechRun(
            model=speech_config(), augment=AugmentConfig.preset("strong"), training=replace(TRAINING, seed=seed)
        )
        learner = SpeechLearner(recognizer(), *manifests, run)
        if what == "items":
            return {index: learner.train[epoch, index].frames for index in order}
        loader = learner.train_batches(lambda: (epoch, 0), 0, 1, 0)
        return {number: batch.frames for number, batch in enumerate(loader)}

    forward, backward = made(1, 2, range(12)), made(1, 2, reversed(range(12)))
    assert all(torch.equal(forward[key], backward[key]) for key in forward)
    for other in (made(2, 2, range(12)), made(1, 3, range(12))):
        assert not any(
            forward[key].shape == other[key].shape and torch.equal(forward[key], other[key]) for key in forward
        )


def test_a_step_draws_by_its_number_and_process():
    def drawn(*key):
        seed_step(*key)
        return torch.rand(3).tolist()

    assert drawn(1, 2, 0) == drawn(1, 2, 0)
    different = [drawn(*key) for key in ((1, 2, 0), (1, 2, 1), (1, 3, 0), (2, 2, 0))]
    assert len({tuple(one) for one in different}) == 4
