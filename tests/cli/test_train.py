"""`rnnaudio train` from the first look at the data to a model that answers, and all that can be wrong on the way."""

import os
import shutil
import signal

import pytest
import soundfile

from rnnaudio import load
from rnnaudio.training.speech import SpeechLearner
from tests.worlds import RATE, beeps

CONFIG = """
model:
  features: {rate: 8000, bins: 12, stack: 2, stride: 2}
  encoder: {layers: 1, hidden: 8}
  units: words
training: {epochs: 1, batch_seconds: 4.0, threads: 1, progress: false}
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / "config.yaml").write_text(CONFIG)
    return tmp_path / "config.yaml"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def test_manifests_become_a_model_with_a_report(rnnaudio, config, corpus, out):
    done = rnnaudio("train", "--config", config, "--data", corpus, "-o", out, "--seed", 3, "--device", "cpu")
    assert (done.code, done.err) == (0, "")
    assert f"model: {out / 'model'}" in done.out
    assert "%WER " in done.out
    assert sorted(path.name for path in out.iterdir()) == ["checkpoints", "config.yaml", "logs", "model", "report"]
    assert load(out / "model").config.encoder.hidden == 8
    assert "seed: 3" in (out / "config.yaml").read_text()
    again = rnnaudio("train", "--config", out / "config.yaml", "--output", out.with_name("again"))
    assert again.code == 0  # the settings beside a run are all it needs
    weights = [(place / "model" / "model.safetensors").read_bytes() for place in (out, out.with_name("again"))]
    assert weights[0] == weights[1]


def test_a_folder_of_recordings_with_texts_is_enough(rnnaudio, config, tmp_path, out):
    for speaker in ("ann", "ben", "cat", "dan", "eve"):
        for number, text in enumerate(("low", "high mid", "mid low")):
            path = tmp_path / "mine" / speaker / f"{number}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, beeps(text, seed=number + ord(speaker[0])), RATE)
            path.with_suffix(".txt").write_text(text)
    done = rnnaudio("train", "--config", config, "--data", tmp_path / "mine", "-o", out)
    assert done.code == 0, done.err
    assert rnnaudio("transcribe", "-m", out / "model", tmp_path / "mine").code == 0


def test_settings_lists_what_can_be_set(rnnaudio):
    done = rnnaudio("train", "--settings")
    assert done.code == 0
    assert "--training.learning_rate" in done.out
    assert "The highest rate the schedule reaches." in done.out


def test_ctrl_c_says_how_to_go_on_and_that_command_does(rnnaudio, config, corpus, out, monkeypatch):
    words = ["train", "--config", config, "--data", corpus, "-o", out, "--training.epochs", 3]
    kept, calls = SpeechLearner.losses, []

    def losses(self, batch):
        calls.append(batch)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return kept(self, batch)

    monkeypatch.setattr(SpeechLearner, "losses", losses)
    monkeypatch.setattr("sys.argv", ["rnnaudio", *map(str, words)])
    message = rnnaudio(*words).error()
    command = " ".join(["rnnaudio", *map(str, words), "--resume"])
    assert message == f"stopped after step 2; all of it is saved. Go on with: {command}"
    done = rnnaudio(*command.split()[1:])
    assert done.code == 0
    assert (out / "model").is_dir()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--config", "no.yaml"], "no.yaml does not exist."),
        (["--training.epoch", "3"], "--training.epoch is not a setting. Did you mean --training.epochs?"),
        (["--training.epochs", "0"], "training.epochs is 0; it must be 1 or more."),
        (["--training.epochs", "many"], "training.epochs"),
        (["--training.learning_rate", "nan"], "training.learning_rate"),
        (["--training.threads", "-2"], "training.threads is -2"),
        (["--model.encoder", "lstm"], "--model.encoder is a group of settings"),
        (["stray"], "stray belongs to no setting"),
        (["--data", "nowhere"], "nowhere is not a folder"),
        ([], "data.train is not set"),
        (["--data.train", "no.jsonl", "--data.valid", "no.jsonl"], "no.jsonl"),
    ],
)
def test_what_cannot_be_trained_is_one_line(rnnaudio, words, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert line in rnnaudio("train", *words).error()
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_key_in_a_config_is_named_with_its_file(rnnaudio, config, corpus, out):
    config.write_text(CONFIG.replace("hidden", "hiden"))
    message = rnnaudio("train", "--config", config, "--data", corpus, "-o", out).error()
    assert message == f"{config}: model.encoder.hiden is not a setting. Did you mean model.encoder.hidden?"


def test_a_broken_line_of_a_manifest_is_named_with_its_file(rnnaudio, config, corpus, out, tmp_path):
    shutil.copytree(corpus, tmp_path / "data")
    lines = (tmp_path / "data" / "train.jsonl").read_text().splitlines()
    lines[4] = lines[4][:-3]
    (tmp_path / "data" / "train.jsonl").write_text("\n".join(lines))
    for words in (["train", "--config", config, "--data", tmp_path / "data", "-o", out],):
        assert rnnaudio(*words).error().startswith(f"{tmp_path / 'data' / 'train.jsonl'}:5: not JSON")
    assert not out.exists()


def test_training_without_validation_data_is_refused(rnnaudio, config, corpus, out, tmp_path):
    shutil.copytree(corpus, tmp_path / "data")
    (tmp_path / "data" / "valid.jsonl").unlink()
    message = rnnaudio("train", "--config", config, "--data", tmp_path / "data", "-o", out).error()
    assert "has no recordings for valid, to judge by" in message


def test_an_output_that_cannot_be_is_one_line(rnnaudio, config, corpus, tmp_path):
    (tmp_path / "taken").touch()
    message = rnnaudio("train", "--config", config, "--data", corpus, "-o", tmp_path / "taken").error()
    assert "cannot be written to" in message
