"""Penalties in training: in the gradient and the log, not in the loss that is told, and not in validation."""

import csv

import pytest
import torch
from torch.testing import assert_close

from rnnaudio.errors import ConfigError
from rnnaudio.nn.penalties import PenaltyConfig, state_penalty
from rnnaudio.training.speech import SpeechLearner, train_speech
from rnnaudio.training.task import Task

ALL = PenaltyConfig(l1=1e-3, l2=1e-2, activation=0.5, temporal=0.3)


class Logged(dict):
    """Stands for Lightning's log of a task that is not in a trainer."""

    def __call__(self, name, value, **how):
        self[name] = float(value)


@pytest.fixture
def step(manifests, run, monkeypatch):
    """The first step of a training with a penalty: its model, gradients, log and batch."""

    def make(penalties):
        model, _ = train_speech(run(epochs=1, learning_rate=1e-9, encoder={"dropout": 0.0}), *manifests)
        learner = SpeechLearner(model, *manifests, run())
        batch = next(iter(learner.train_batches(lambda: (0, 0), 0, 1, 0)))
        task, log = Task(learner, run(penalties=penalties).training), Logged()
        monkeypatch.setattr(task, "log", log)
        model.train()
        model.zero_grad()
        task.training_step(batch, 0).backward()
        gradients = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
        return model, gradients, log, batch

    return make


def test_the_gradient_is_that_of_loss_and_penalties(step):
    model, gradients, log, batch = step(ALL)
    model.zero_grad()
    losses = model.losses(batch.frames, batch.lengths, batch.targets, batch.ids)
    trace = model.encoder.trace(batch.frames, batch.lengths)
    rows = state_penalty(trace.layers[-1].fused, trace.lengths[-1], ALL)
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    weights = sum(1e-3 * weight.abs().sum() + 1e-2 * weight.square().sum() for weight in matrices)
    (losses.mean() + rows.mean() + weights).backward()
    for name, parameter in model.named_parameters():
        assert_close(gradients[name], parameter.grad, rtol=1e-4, atol=1e-6)
    assert log["train_loss"] == pytest.approx(losses.mean().item())
    assert log["train_penalty"] == pytest.approx((rows.mean() + weights).item())
    assert rows.mean() > 1e-3
    assert weights > 1e-2


def test_without_penalties_nothing_is_added_and_none_is_logged(step):
    model, gradients, log, batch = step(PenaltyConfig())
    model.zero_grad()
    model.losses(batch.frames, batch.lengths, batch.targets, batch.ids).mean().backward()
    for name, parameter in model.named_parameters():
        assert torch.equal(gradients[name], parameter.grad)
    assert list(log) == ["train_loss"]


def test_weights_really_shrink_and_validation_is_of_the_plain_loss(manifests, run):
    figures = {}
    for name, penalties in {"none": PenaltyConfig(), "l2": PenaltyConfig(l2=0.1), "l1": PenaltyConfig(l1=0.1)}.items():
        settings = run(
            epochs=14, weight_decay=0.0, penalties=penalties, monitor="loss", output=run().output.with_name(name)
        )
        model, result = train_speech(settings, *manifests)
        learner = SpeechLearner(model, *manifests, settings)
        judged = learner.score(sum(learner.judge(batch) for batch in learner.valid_batches(0, 1)))
        assert result.best["loss"] == pytest.approx(judged["loss"])
        last = torch.load(settings.output / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        weights = torch.cat([value.flatten() for key, value in last.items() if "weight_" in key])
        figures[name] = float(weights.square().mean()), float((weights.abs() < 0.01).float().mean())
        with open(settings.output / "logs" / "metrics.csv") as file:
            columns = next(csv.reader(file))
        assert ("train_penalty" in columns) == (name != "none")
        assert not any("penalty" in column for column in columns if column.startswith("valid"))
    assert figures["l2"][0] < 0.5 * figures["none"][0]
    assert figures["l1"][0] < 0.5 * figures["none"][0]
    assert figures["l1"][1] > 2 * figures["none"][1]  # many near zero


def test_states_become_smaller_and_steadier(manifests, run):
    sizes = {}
    for name, penalties in {"none": PenaltyConfig(), "both": PenaltyConfig(activation=20.0, temporal=20.0)}.items():
        settings = run(epochs=12, penalties=penalties, output=run().output.with_name(name))
        model, _ = train_speech(settings, *manifests)
        learner = SpeechLearner(model, *manifests, settings)
        batch = next(iter(learner.valid_batches(0, 1)))
        with torch.no_grad():
            trace = model.encoder.trace(batch.frames, batch.lengths)
        states, lengths = trace.layers[-1].fused, trace.lengths[-1]
        sizes[name] = [
            float(state_penalty(states, lengths, one).mean())
            for one in (PenaltyConfig(activation=1.0), PenaltyConfig(temporal=1.0))
        ]
    assert sizes["both"][0] < 0.5 * sizes["none"][0]
    assert sizes["both"][1] < 0.5 * sizes["none"][1]


def test_a_penalty_that_is_not_finite_is_passed_over_and_its_utterance_named(manifests, run, monkeypatch, capsys):
    bad = []

    def spoiled(states, lengths, config):
        penalty = state_penalty(states, lengths, config)
        if not bad:
            bad.append(len(penalty))
            penalty = penalty * torch.tensor([1.0] * (len(penalty) - 1) + [float("nan")])
        return penalty

    named = []
    losses = SpeechLearner.losses
    monkeypatch.setattr(SpeechLearner, "losses", lambda self, batch: named.append(batch.ids) or losses(self, batch))
    monkeypatch.setattr("rnnaudio.nn.penalties.state_penalty", spoiled)
    model, _ = train_speech(run(epochs=1, penalties=PenaltyConfig(activation=1.0)), *manifests)
    assert f"step 0 passed over: its gradient is not finite ({named[0][-1]})." in capsys.readouterr().out
    assert all(parameter.isfinite().all() for parameter in model.parameters())


def test_a_pattern_that_fits_no_weight_is_named_before_training(manifests, run):
    with pytest.raises(ConfigError, match=r"penalties\.weights: no weight is called wieght\*"):
        train_speech(run(penalties=PenaltyConfig(l1=0.1, weights=("wieght*",))), *manifests)
