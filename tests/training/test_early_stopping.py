"""Patience: training stops when validation has not been better for so long, and the best weights come back."""

import pytest
import torch

from rnnaudio.training.speech import SpeechLearner, train_speech


@pytest.mark.parametrize(
    ("scores", "patience", "epochs", "best"),
    [
        ([0.9, 0.5, 0.6, 0.7, 0.1], 2, 4, 1),  # the good one after that is never seen
        ([0.9, 0.5, 0.6, 0.4, 0.8, 0.8, 0.1], 2, 6, 3),  # a better one starts the count anew
        ([0.9, 0.5, 0.5, 0.5, 0.5], 1, 3, 1),  # as good is not better
        ([0.9, 0.5, 0.6, 0.7, 0.1], 0, 5, 4),  # no patience set: to the end
    ],
)
@pytest.mark.parametrize("monitor", ["score", "loss"])
def test_it_stops_in_time_with_the_best_weights(manifests, run, monkeypatch, scores, patience, epochs, best, monitor):
    seen = []

    def score(self, sums):
        seen.append({name: tensor.clone() for name, tensor in self.model.state_dict().items()})
        told = scores[len(seen) - 1]
        return {"loss": told if monitor == "loss" else 1.0, "wer": told if monitor == "score" else 1.0, "cer": 1.0}

    monkeypatch.setattr(SpeechLearner, "score", score)
    model, result = train_speech(run(epochs=len(scores), patience=patience, monitor=monitor), *manifests)
    assert len(result.history) == len(seen) == epochs
    assert result.best == result.history[best]
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, seen[best][name])
    assert any(not torch.equal(tensor, seen[best][name]) for name, tensor in seen[-1].items()) == (best != epochs - 1)
