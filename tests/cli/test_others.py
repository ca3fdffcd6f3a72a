"""`check`, `evaluate`, `augment` and `models`."""

import json

import numpy as np
import pytest
import soundfile

import rnnaudio.models.folder as folder_module
from tests.worlds import RATE, beeps


@pytest.fixture
def broken(tmp_path):
    """A manifest with one good recording, one that is not there, and a text that no model knows."""
    soundfile.write(tmp_path / "a.wav", beeps("low high"), RATE)
    rows = [
        {"audio": "a.wav", "text": "low high"},
        {"audio": "gone.wav", "text": "low"},
        {"id": "odd", "audio": "a.wav", "text": "lower"},
    ]
    (tmp_path / "set.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return tmp_path / "set.jsonl"


def test_check_of_good_manifests(rnnaudio, corpus, model_folder):
    done = rnnaudio("check", corpus / "train.jsonl", corpus / "valid.jsonl", "-m", model_folder, "--deep")
    assert (done.code, done.err) == (0, "")
    assert "16 utterances" in done.out
    assert "all can be used" in done.out


def test_check_names_what_is_wrong_and_writes_a_drop_list(rnnaudio, broken, model_folder, tmp_path):
    done = rnnaudio("check", broken, "-m", model_folder, "--drop-list", tmp_path / "new" / "dropped.jsonl")
    assert done.code == 2
    assert f"{broken}:2: " in done.out
    assert "'lower'" in done.out
    dropped = [json.loads(line) for line in (tmp_path / "new" / "dropped.jsonl").read_text().splitlines()]
    assert [row["id"] for row in dropped] == ["gone", "odd"]
    assert json.loads(rnnaudio("check", broken, "--format", "json").out)["ok"] is False


def test_check_of_two_manifests_of_one_name(rnnaudio, corpus, tmp_path):
    (tmp_path / "train.jsonl").write_text("")
    assert rnnaudio("check", corpus / "train.jsonl", tmp_path / "train.jsonl").code == 0


def test_check_of_a_broken_line_names_it(rnnaudio, broken):
    with open(broken, "a") as file:
        file.write('{"audio": "a.wav", "txt": "low"}\n')
    assert rnnaudio("check", broken).error() == f'{broken}:4: "txt" is not a key of a manifest. Did you mean text?'


def test_evaluate_prints_and_saves(rnnaudio, corpus, model_folder, tmp_path):
    done = rnnaudio("evaluate", corpus / "test.jsonl", "-m", model_folder, "-o", tmp_path / "report")
    assert done.code == 0
    assert done.out.startswith("%WER ")
    assert {path.suffix for path in (tmp_path / "report").iterdir()} == {".md", ".html", ".json"}
    as_json = rnnaudio("evaluate", corpus / "test.jsonl", "-m", model_folder, "--format", "json")
    assert json.loads(as_json.out)["title"] == f"{model_folder} on {corpus / 'test.jsonl'}"
    assert "|" in rnnaudio("evaluate", corpus / "test.jsonl", "-m", model_folder, "--format", "markdown").out


def test_evaluate_leaves_out_and_reports_what_it_cannot_read(rnnaudio, broken, model_folder):
    done = rnnaudio("evaluate", broken, "-m", model_folder)
    assert done.code == 2
    assert done.errors == [f"rnnaudio: left out: {broken}:2: {broken.parent / 'gone.wav'} does not exist."]
    assert done.out.startswith("%WER ")


def test_evaluate_finds_out_first_that_its_report_has_no_place(rnnaudio, corpus, model_folder):
    message = rnnaudio("evaluate", corpus / "test.jsonl", "-m", model_folder, "-o", corpus / "test.jsonl").error()
    assert "test.jsonl" in message


def test_augment_is_the_same_for_the_same_seed(rnnaudio, tmp_path):
    soundfile.write(tmp_path / "in.wav", beeps("low high mid"), RATE)
    outs = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        done = rnnaudio("augment", tmp_path / "in.wav", "-o", tmp_path / f"{name}.wav", "--seed", seed)
        assert done.code == 0
        assert done.out.strip()
        outs.append((done.out, (tmp_path / f"{name}.wav").read_bytes()))
    assert outs[0] == outs[1] != outs[2]


def test_augment_with_nothing_leaves_the_sound(rnnaudio, tmp_path):
    soundfile.write(tmp_path / "in.wav", beeps("low"), RATE)
    assert rnnaudio("augment", tmp_path / "in.wav", "-o", tmp_path / "out.flac", "--preset", "none").code == 0
    assert np.array_equal(*(soundfile.read(tmp_path / name)[0] for name in ("in.wav", "out.flac")))


def test_augment_by_a_config(rnnaudio, tmp_path):
    soundfile.write(tmp_path / "in.wav", beeps("low"), RATE)
    (tmp_path / "config.yaml").write_text("augment: {gain: {low_db: -6.0, high_db: -6.0, probability: 1.0}}\n")
    arguments = ("augment", tmp_path / "in.wav", "-o", tmp_path / "out.wav", "--config", tmp_path / "config.yaml")
    assert rnnaudio(*arguments).code == 0


@pytest.mark.parametrize(
    ("source", "target", "line"),
    [
        ("no.wav", "out.wav", "no.wav does not exist"),
        ("in.wav", "out.xyz", "xyz"),
        ("in.wav", "no/out.wav", "no/out.wav"),
    ],
)
def test_augment_of_what_cannot_be_is_one_line(rnnaudio, tmp_path, source, target, line):
    soundfile.write(tmp_path / "in.wav", beeps("low"), RATE)
    assert line in rnnaudio("augment", tmp_path / source, "-o", tmp_path / target).error()


def test_models_are_listed_with_their_cards(rnnaudio, model_folder, monkeypatch):
    monkeypatch.setattr(folder_module, "SHIPPED", model_folder.parent)
    done = rnnaudio("models")
    name, kind, size, summary = done.out.rstrip("\n").split("\t")
    assert (name, kind, summary) == ("beeps", "speech", "A speech recogniser")
    assert size.endswith(" MB")
    assert rnnaudio("models", "beeps").out == (model_folder / "README.md").read_text() + "\n"


def test_an_unknown_model_is_one_line(rnnaudio, monkeypatch, model_folder):
    monkeypatch.setattr(folder_module, "SHIPPED", model_folder.parent)
    message = rnnaudio("models", "bleeps").error()
    assert message == "bleeps is neither a folder nor a shipped model (beeps) nor a hub id (owner/name)."


def test_a_model_without_a_card_is_one_line(rnnaudio, tmp_path, model_folder):
    import shutil

    shutil.copytree(model_folder, tmp_path / "model")
    (tmp_path / "model" / "README.md").unlink()
    assert "README.md" in rnnaudio("models", tmp_path / "model").error()


def test_check_takes_a_folder(rnnaudio, corpus):
    done = rnnaudio("check", corpus)
    assert done.code == 0
    assert "all can be used" in done.out
