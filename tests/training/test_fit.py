import csv
import os
import signal
from pathlib import Path

import lightning.pytorch as pl
import pytest
import torch

from rnnaudio import load
from rnnaudio.errors import ConfigError, DataError
from rnnaudio.training.callbacks import InterruptedTrainingError
from rnnaudio.training.speech import SpeechLearner, train_speech
from tests.worlds import lock


def judged(model, manifests, run):
    """Validation figures of a model, as training makes them."""
    learner = SpeechLearner(model, *manifests, run)
    return learner.score(sum(learner.judge(batch) for batch in learner.valid_batches(0, 1)))


def same(model, other):
    """Whether two models are the same to the bit."""
    weights = other.state_dict()
    return all(torch.equal(tensor, weights[name]) for name, tensor in model.state_dict().items())


def at_call(monkeypatch, number, act):
    """Do something in the middle of the given training step, counted from 1."""
    kept, calls = SpeechLearner.losses, []

    def losses(self, batch):
        calls.append(batch.ids)
        return act(kept(self, batch), batch) if len(calls) == number else kept(self, batch)

    monkeypatch.setattr(SpeechLearner, "losses", losses)
    return calls


def test_beeps_are_learned(manifests, run):
    settings = run(epochs=25, learning_rate=0.02, encoder={"hidden": 16})
    model, result = train_speech(settings, *manifests)
    assert result.best["wer"] == 0.0
    assert result.steps == 25 * len(SpeechLearner(model, *manifests, settings).train_batches(lambda: (0, 0), 0, 1, 0))
    assert not model.training


@pytest.mark.parametrize("changes", [{}, {"ema": 0.7}, {"keep_best": 2}, {"monitor": "loss"}])
def test_the_model_that_comes_out_is_the_best_one(manifests, run, changes):
    settings = run(epochs=5, learning_rate=0.05, **changes)
    model, result = train_speech(settings, *manifests)
    figures = judged(model, manifests, settings)
    assert figures == pytest.approx({name: result.best[name] for name in figures})
    assert result.best["monitor"] == min(figures["monitor"] for figures in result.history)
    assert len(result.history) == 5
    saved = load(settings.output / "model")
    assert same(model, saved)


def test_the_mean_of_the_kept_checkpoints(manifests, run):
    settings = run(epochs=4, keep_best=3, average_best=True)
    model, _ = train_speech(settings, *manifests)
    paths = sorted((settings.output / "checkpoints").glob("best-*.ckpt"))
    assert len(paths) == 3
    states = [torch.load(path, weights_only=True)["state_dict"] for path in paths]
    mean = torch.stack([state["model.head.scores.weight"].double() for state in states]).mean(dim=0).float()
    assert torch.equal(model.head.scores.weight, mean)


def test_logs_can_be_read_with_a_spreadsheet_and_a_resume_keeps_them(manifests, run):
    settings = run(epochs=2)
    train_speech(settings, *manifests)
    with open(settings.output / "logs" / "metrics.csv") as file:
        rows = list(csv.DictReader(file))
    assert {"step", "train_loss", "valid_wer", "valid_cer", "valid_loss"} <= set(rows[0])
    assert list((settings.output / "logs").rglob("events.out.tfevents.*"))
    train_speech(run(epochs=3), *manifests, resume=True)
    assert (settings.output / "logs" / "metrics.until-resume-1.csv").exists()


def test_patience_ends_a_training_that_does_not_get_better(manifests, run):
    _, result = train_speech(run(epochs=9, patience=1, learning_rate=1e-12), *manifests)
    assert len(result.history) == 2


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle", "plateau", "new_bob"])
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_every_schedule_and_optimizer_runs(manifests, run, schedule, optimizer):
    _, result = train_speech(run(epochs=1, schedule=schedule, optimizer=optimizer), *manifests)
    assert result.steps > 0


def test_a_step_without_finite_gradient_is_passed_over_and_its_utterances_named(manifests, run, monkeypatch, capsys):
    def spoil(losses, batch):
        return losses * torch.tensor([float("nan")] + [1.0] * (len(losses) - 1))

    calls = at_call(monkeypatch, 2, spoil)
    model, _ = train_speech(run(), *manifests)
    assert f"step 1 passed over: its gradient is not finite ({calls[1][0]})." in capsys.readouterr().out
    assert all(parameter.isfinite().all() for parameter in model.parameters())


def test_too_many_such_steps_are_an_error_that_names_them(manifests, run, monkeypatch):
    kept = SpeechLearner.losses
    monkeypatch.setattr(SpeechLearner, "losses", lambda self, batch: kept(self, batch) * float("inf"))
    with pytest.raises(DataError, match=r"3 training steps had a gradient that is not finite, the last on train-"):
        train_speech(run(skip_nonfinite=2), *manifests)


def test_ctrl_c_finishes_the_step_saves_and_a_resume_comes_to_the_same_bits(manifests, run, tmp_path, monkeypatch):
    whole, _ = train_speech(run(encoder={"dropout": 0.3}, output=tmp_path / "whole"), *manifests)
    before = signal.getsignal(signal.SIGINT)
    settings = run(encoder={"dropout": 0.3}, output=tmp_path / "stopped")

    def press(losses, batch):
        os.kill(os.getpid(), signal.SIGINT)
        return losses

    with monkeypatch.context() as patch:
        at_call(patch, 2, press)
        with pytest.raises(InterruptedTrainingError) as caught:
            train_speech(settings, *manifests, resume_with="rnnaudio train --resume")
    assert str(caught.value) == "stopped after step 2; all of it is saved. Go on with: rnnaudio train --resume"
    assert signal.getsignal(signal.SIGINT) is before
    model, _ = train_speech(settings, *manifests, resume=True)
    assert same(model, whole)


def test_ctrl_c_twice_ends_at_once(manifests, run, monkeypatch):
    before = signal.getsignal(signal.SIGINT)

    def press(losses, batch):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        return losses

    at_call(monkeypatch, 2, press)
    with pytest.raises(KeyboardInterrupt):
        train_speech(run(), *manifests)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("failing", [2, 3])  # a state in the epoch, the best weights after it
def test_a_disk_that_fills_keeps_the_state_before_and_says_how_to_go_on(manifests, run, monkeypatch, failing):
    kept, calls = pl.Trainer.save_checkpoint, []

    def save(self, path, *args, **kwargs):
        calls.append(path)
        if len(calls) == failing:
            Path(path).write_bytes(b"half")
            raise OSError(28, "No space left on device")
        kept(self, path, *args, **kwargs)

    settings = run(save_steps=1)
    with monkeypatch.context() as patch:
        patch.setattr(pl.Trainer, "save_checkpoint", save)
        with pytest.raises(ConfigError) as caught:
            train_speech(settings, *manifests, resume_with="COMMAND")
    message = str(caught.value)
    assert "\n" not in message
    assert f"cannot be saved in {settings.output} (No space left on device)" in message
    assert message.endswith("Go on with: COMMAND")
    assert not list((settings.output / "checkpoints").glob(".*"))
    _, result = train_speech(settings, *manifests, resume=True)
    assert len(result.history) == 2


def test_an_output_that_may_not_be_written_is_one_line(manifests, run):
    settings = run()
    settings.output.mkdir()
    lock(settings.output)
    with pytest.raises(ConfigError, match=r"cannot be written to \(Permission denied\)\. Choose another output"):
        train_speech(settings, *manifests)


def test_a_right_to_write_that_is_lost_while_training_is_one_line(manifests, run, monkeypatch):
    settings = run(save_steps=1)

    def lose(losses, batch):
        lock(settings.output / "checkpoints")
        return losses

    at_call(monkeypatch, 2, lose)
    with pytest.raises(ConfigError, match=r"cannot be saved in .*the state saved before is whole"):
        train_speech(settings, *manifests)


def test_an_output_that_is_a_file_is_one_line(manifests, run, tmp_path):
    (tmp_path / "taken").touch()
    for place in (tmp_path / "taken", tmp_path / "taken" / "below"):
        with pytest.raises(ConfigError, match=r"cannot be written to .*Choose another output"):
            train_speech(run(output=place), *manifests)


def test_a_new_training_in_an_old_place_begins_anew(manifests, run):
    train_speech(run(seed=1), *manifests)
    _, result = train_speech(run(seed=2), *manifests)
    assert len(result.history) == 2


def test_a_resume_where_nothing_was_saved_begins(manifests, run):
    _, result = train_speech(run(), *manifests, resume=True)
    assert len(result.history) == 2


def test_a_resume_with_other_settings_is_refused_by_name(manifests, run):
    train_speech(run(epochs=1), *manifests)
    with pytest.raises(ConfigError, match=r"training\.learning_rate was 0\.01 when this run began and is 0\.02 now"):
        train_speech(run(epochs=1, learning_rate=0.02), *manifests, resume=True)
    with pytest.raises(ConfigError, match=r"model\.encoder\.hidden was 8 when this run began and is 9 now"):
        train_speech(run(epochs=1, encoder={"hidden": 9}), *manifests, resume=True)
    _, result = train_speech(run(epochs=2, save_steps=1), *manifests, resume=True)  # these may change
    assert len(result.history) == 2
    with pytest.raises(ConfigError, match=r"last\.ckpt is \d+ steps old, training\.epochs asks for \d+\."):
        train_speech(run(epochs=1), *manifests, resume=True)


def test_a_state_that_does_not_fit_is_refused_in_one_line(manifests, run, monkeypatch):
    settings = run(epochs=1)
    train_speech(settings, *manifests)
    train, valid = manifests
    fewer = train.filter(lambda one: "mid" not in one.text), valid.filter(lambda one: "mid" not in one.text)
    with pytest.raises(ConfigError, match=r"last\.ckpt is of another model \(at model\.head"):
        train_speech(settings, *fewer, resume=True)
    monkeypatch.setattr("rnnaudio.training.resume.torch.load", lambda *_, **__: {"state_dict": {}})
    with pytest.raises(ConfigError, match=r"last\.ckpt is damaged"):
        train_speech(settings, *manifests, resume=True)


def test_a_damaged_state_is_refused_in_one_line(manifests, run):
    settings = run(epochs=1)
    train_speech(settings, *manifests)
    state = settings.output / "checkpoints" / "last.ckpt"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(ConfigError, match=r"last\.ckpt is damaged, it cannot be gone on from. Without --resume"):
        train_speech(settings, *manifests, resume=True)


def test_a_device_that_is_not_there_is_one_line(manifests, run):
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(ConfigError, match="training cannot start on this machine"):
        train_speech(run(device="gpu"), *manifests)
