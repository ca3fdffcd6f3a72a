"""Clipping where training does it: what a step leaves is looked at when the next one clears it."""

import pytest
import torch

from rnnaudio.errors import ConfigError
from rnnaudio.nn.clipping import unit_norm
from rnnaudio.training import TrainingConfig, train_speech
from rnnaudio.training.task import Task

LIMIT = 1e-3


@pytest.fixture
def gradients(manifests, run, monkeypatch):
    """Weights and gradients as a step with some clipping leaves them; it moves the weights by next to nothing."""

    def make(**training):
        found = []

        def zero_grad(self, epoch, batch_idx, optimizer):
            found[:] = found or [(one.detach(), one.grad) for one in self.parameters() if one.grad is not None]
            optimizer.zero_grad()

        monkeypatch.setattr(Task, "optimizer_zero_grad", zero_grad)
        train_speech(run(epochs=1, learning_rate=1e-9, **training), *manifests)
        assert found
        return found

    return make


def test_the_norm_over_all_weights(gradients):
    norm = torch.nn.utils.get_total_norm([gradient for _, gradient in gradients(clip=LIMIT)])
    assert norm == pytest.approx(LIMIT, rel=1e-3)


def test_each_value(gradients):
    most = [float(gradient.abs().max()) for _, gradient in gradients(clip=LIMIT, clip_by="value")]
    assert max(most) == pytest.approx(LIMIT)


def test_each_unit(gradients):
    for weight, gradient in gradients(clip=LIMIT, clip_by="adaptive"):
        assert (unit_norm(gradient) <= 1.001 * LIMIT * unit_norm(weight).clamp(min=1e-3)).all()


def test_none_at_all(gradients):
    found = gradients(clip=0.0)
    assert torch.nn.utils.get_total_norm([gradient for _, gradient in found]) > 10 * LIMIT


def test_a_kind_of_clipping_that_would_do_nothing_is_named():
    with pytest.raises(ConfigError, match=r"training\.clip_by is adaptive while training.clip is 0"):
        TrainingConfig(clip=0.0, clip_by="adaptive")
