"""What training makes of data that is not as it should be, and evaluation after it."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from rnnaudio.data import Manifest, Utterance, read_manifest
from rnnaudio.errors import AudioError, ConfigError, DataError
from rnnaudio.training import evaluate
from rnnaudio.training.speech import SpeechLearner, train_speech
from tests.worlds import RATE, recognizer


def only(manifest, *extra):
    return Manifest((*manifest.utterances, *extra))


def test_what_cannot_be_used_is_left_out_listed_and_said(manifests, run, tmp_path, capsys):
    train, valid = manifests
    soundfile.write(tmp_path / "tiny.wav", np.zeros(300), RATE)
    missing = Utterance("missing", (tmp_path / "missing.wav",), text="low")
    silent = replace(train[0], id="silent", text=" ")
    short = Utterance("short", (tmp_path / "tiny.wav",), text="low low low")
    stranger = replace(valid[0], id="stranger", text="higher")
    settings = run(epochs=1)
    train_speech(settings, only(train, missing, silent, short), only(valid, stranger))
    listed = read_dropped(settings.output / "dropped.jsonl")
    assert listed == {
        "missing": "unreadable",
        "silent": "empty_text",
        "short": "ctc_infeasible",
        "stranger": "unknown_character",
    }
    said = capsys.readouterr().err
    assert said.startswith("rnnaudio: 4 of 20 utterances cannot be used (first: ")
    assert str(settings.output / "dropped.jsonl") in said


def read_dropped(path):
    import json

    return {row["id"]: row["kind"] for row in map(json.loads, path.read_text().splitlines())}


def test_no_data_at_all_is_one_line(manifests, run, tmp_path):
    train, valid = manifests
    with pytest.raises(DataError, match="empty"):
        train_speech(run(), Manifest(()), valid)
    with pytest.raises(DataError, match="valid is empty; training needs recordings there"):
        train_speech(run(), train, Manifest(()))
    gone = Manifest(tuple(replace(one, audio=(Path("gone.wav"),)) for one in valid))
    with pytest.raises(DataError, match=r"no utterance of valid can be learned from; see .*dropped\.jsonl"):
        train_speech(run(), train, gone)
    with pytest.raises(ConfigError, match=r"data\.train is not set"):
        train_speech(run())


def test_a_recording_that_spoils_after_the_check_is_named(manifests, run, corpus):
    train, valid = manifests
    settings = run(epochs=1)
    broken = train[0].audio[0].read_bytes()
    copy = settings.output.parent / "copy.wav"
    copy.write_bytes(broken[: len(broken) // 2 * 2])
    samples, _ = soundfile.read(copy)
    samples[10] = np.nan
    soundfile.write(copy, samples, RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"copy\.wav holds 1 samples that are no numbers"):
        train_speech(settings, only(train, replace(train[0], id="copy", audio=(copy,))), valid)


def test_frames_are_made_beside_the_network_wherever_that_goes(manifests, run):
    learner = SpeechLearner(recognizer(), *manifests, run())
    before = learner.train[0, 0].frames
    learner.model.to("meta")
    assert torch.equal(learner.train[0, 0].frames, before)


def test_half_precision_learns(manifests, run):
    model, result = train_speech(run(precision="bf16"), *manifests)
    assert result.history[-1]["loss"] < 20
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())


def test_evaluation_counts_what_is_heard(corpus):
    manifest = read_manifest(corpus / "test.jsonl")
    heard = []
    report = evaluate(recognizer(), manifest, at_once=2, progress=lambda done, total: heard.append((done, total)))
    assert len(report.answers) == 3
    assert heard == [(2, 3), (3, 3)]
    assert [answer.speaker for answer in report.answers] == [one.speaker for one in manifest]


def test_evaluation_names_what_it_cannot_use(corpus, tmp_path):
    manifest = read_manifest(corpus / "test.jsonl")
    with pytest.raises(DataError, match="is empty"):
        evaluate(recognizer(), Manifest(()))
    with pytest.raises(DataError, match=r"utterance 1: test-00 has no text to compare with"):
        evaluate(recognizer(), Manifest((replace(manifest[0], text=None),)))
    bad = replace(manifest[0], id="bad", audio=(tmp_path / "no.wav",))
    with pytest.raises(AudioError, match=r"no\.wav does not exist"):
        evaluate(recognizer(), only(manifest, bad))
    unread = []
    report = evaluate(recognizer(), only(manifest, bad), unread=unread)
    assert len(report.answers) == 3
    assert [str(error) for error in unread] == [f"utterance 4: {tmp_path / 'no.wav'} does not exist."]
    with pytest.raises(DataError, match=r"no recording of the manifest can be read \(first: "):
        evaluate(recognizer(), Manifest((bad,)), unread=[])


def test_public_names_are_what_they_say_whatever_was_imported_before():
    """A module of the name of its function would stand in the function's place."""
    import importlib
    import pkgutil

    import rnnaudio.training as room

    for module in pkgutil.iter_modules(room.__path__):
        importlib.import_module(f"rnnaudio.training.{module.name}")
    assert all(callable(getattr(room, name)) for name in room.__all__)


@pytest.mark.parametrize("change", [{"constraint": "max_norm"}, {"weight_drop": 0.2}])
def test_readers_in_other_processes_are_not_sent_the_network(manifests, run, change):
    train, valid = manifests
    model = recognizer(**change)
    learner = SpeechLearner(model, train, valid, run())
    data = pickle.loads(pickle.dumps(learner.train))
    assert data.num_frames(1.0) == model.num_frames(1.0)
    assert list(model.state_dict()) == list(recognizer(**change).state_dict())  # which keeps what it learns by
