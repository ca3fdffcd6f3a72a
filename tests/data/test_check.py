"""The check: each flaw is put into a sound corpus and must be found, at its place, and nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rnnaudio.data import Manifest, Utterance, check, read_manifest, write_manifest
from rnnaudio.errors import ManifestError
from rnnaudio.text import Alphabet

ALPHABET = Alphabet.from_texts(["one two three"])


@pytest.fixture
def splits(tmp_path, sound):
    """Two splits of twelve recordings each, everybody saying "one" in about half a second."""

    def manifest(split):
        lines = [
            Utterance(
                f"{split}{n}",
                (sound(tmp_path / f"{split}{n}.wav", 0.5 + n / 100),),
                text="one",
                speaker=f"{split} {n}",
            )
            for n in range(12)
        ]
        return read_manifest(write_manifest(tmp_path / f"{split}.jsonl", lines))

    return {"train": manifest("train"), "test": manifest("test")}


def change(splits, split, index, **values):
    """The splits with one utterance changed."""
    lines = list(splits[split].utterances)
    lines[index] = replace(lines[index], **values)
    return {**splits, split: replace(splits[split], utterances=tuple(lines))}


def serious(report):
    """What is said beyond notes, as (level, kind, file:line)."""
    return [
        (problem.level, problem.kind, Path(problem.where).name)
        for problem in report.problems
        if problem.level != "note"
    ]


def test_a_sound_corpus_has_but_a_note(splits):
    report = check(splits, ALPHABET, frames_for=lambda seconds: int(seconds / 0.04), deep=True)
    assert report.ok
    assert report.dropped == ()
    assert [str(problem) for problem in report.problems] == [
        "train and test: 1 of 1 texts of test are in train too, as 'one'."
    ]
    assert report.utterances == 24
    assert report.seconds == pytest.approx(2 * sum(0.5 + n / 100 for n in range(12)))
    assert report.kept["train"].seconds == pytest.approx(report.seconds / 2)


def test_a_missing_file_names_the_line_and_is_dropped(splits):
    splits["train"][3].audio[0].unlink()
    report = check(splits)
    assert serious(report) == [("error", "unreadable", "train.jsonl:4")]
    assert "train3.wav does not exist. Paths are relative to the manifest." in report.text()
    assert report.dropped == ("train3",)
    assert [utterance.id for utterance in report.kept["train"]] == [f"train{n}" for n in range(12) if n != 3]


@pytest.mark.parametrize("content", [b"", b"RIFF", b"this is no sound at all" * 99])
def test_what_is_no_sound_is_unreadable(splits, content):
    splits["test"][0].audio[0].write_bytes(content)
    assert serious(check(splits)) == [("error", "unreadable", "test.jsonl:1")]


def test_samples_that_are_no_numbers_are_found_deep_down(splits):
    soundfile.write(splits["train"][5].audio[0], np.full(4000, np.nan), 8000, subtype="FLOAT")
    assert check(splits).ok
    assert serious(check(splits, deep=True)) == [("error", "unreadable", "train.jsonl:6")]


@pytest.mark.parametrize(
    ("samples", "kind"), [(np.zeros(4000), "silent"), (np.sign(np.sin(np.arange(4000))), "clipped")]
)
def test_silence_and_clipping_are_found_deep_down(splits, samples, kind):
    soundfile.write(splits["train"][5].audio[0], samples, 8000)
    report = check(splits, deep=True)
    assert serious(report) == [("warning", kind, "train.jsonl:6")]
    assert report.ok


@pytest.mark.parametrize("text", ["", "  ", None])
def test_an_empty_text_is_an_error(splits, text):
    assert serious(check(change(splits, "train", 1, text=text), ALPHABET)) == [("error", "empty_text", "train.jsonl:2")]


def test_sounds_without_texts_are_fine_where_none_are_needed(splits):
    sounds = tuple(replace(one, text=None, label="dog") for one in splits["train"])
    assert check(Manifest(sounds)).problems == ()


def test_an_unknown_character_is_named(splits):
    report = check(change(splits, "test", 1, text="öne"), ALPHABET)
    assert serious(report) == [("error", "unknown_character", "test.jsonl:2")]
    assert "ö" in report.text()


@pytest.mark.parametrize(("text", "frames"), [("one", 3), ("one two", 7), ("three", 6), ("nnnn", 7)])
def test_ctc_needs_a_frame_for_each_label_and_repeat(splits, text, frames):
    splits = {"train": change(splits, "train", 0, text=text)["train"].filter(lambda one: one.id == "train0")}
    heard = []
    assert check(splits, ALPHABET, frames_for=lambda seconds: heard.append(seconds) or frames).ok
    assert heard == [0.5]
    report = check(splits, ALPHABET, frames_for=lambda _: frames - 1)
    assert serious(report) == [("error", "ctc_infeasible", "train.jsonl:1")]
    assert f"train0 has {frames - 1} frames for {len(text)} labels" in report.text()


def test_wrong_seconds_are_a_warning_and_the_file_is_believed(splits):
    report = check(change(splits, "train", 2, seconds=5.0))
    assert serious(report) == [("warning", "wrong_seconds", "train.jsonl:3")]
    assert report.kept["train"][2].seconds == pytest.approx(0.52)


def test_a_recording_that_is_also_tested_is_dropped_from_training(splits, sound):
    twin = splits["test"][4].audio[0]
    splits["train"][7].audio[0].write_bytes(twin.read_bytes())
    report = check(splits)
    assert serious(report) == [("error", "duplicate_audio", "train.jsonl:8")]
    assert len(report.kept["train"]) == 11
    assert len(report.kept["test"]) == 12


def test_a_joined_recording_leaks_by_any_of_its_pieces(splits):
    pieces = splits["train"][0].audio + splits["test"][0].audio
    report = check(change(splits, "train", 0, audio=pieces))
    assert report.dropped == ("train0",)


def test_a_recording_twice_in_one_split_is_a_warning(splits):
    splits["train"][7].audio[0].write_bytes(splits["train"][2].audio[0].read_bytes())
    assert serious(check(splits)) == [("warning", "duplicate_audio", "train.jsonl:8")]


def test_pieces_may_be_joined_again_in_another_way(splits):
    audio = splits["train"][0].audio + splits["train"][1].audio
    joined = Manifest(tuple(Utterance(name, order) for name, order in (("a", audio), ("b", audio[::-1]))))
    assert check(joined).problems == ()


def test_the_same_words_by_one_speaker_in_two_splits_are_a_warning(splits):
    report = check(change(splits, "train", 0, speaker="test 0"))
    assert serious(report) == [("warning", "duplicate_text", "train and test")]


def test_an_utterance_of_unusual_length_is_a_warning(splits, sound):
    sound(splits["train"][3].audio[0], seconds=9.0)
    report = check(splits)
    assert {(kind, where) for _, kind, where in serious(report)} == {("length_outlier", "train.jsonl:4")}
    assert "train3 lasts 9.00 s" in report.text()
    assert "train3 has 0.3 characters a second" in report.text()


def test_the_drop_list_has_a_line_for_each_dropped_utterance(splits, tmp_path):
    splits["train"][3].audio[0].unlink()
    report = check(change(splits, "test", 1, text="?"), ALPHABET)
    rows = [
        json.loads(line) for line in report.write_drop_list(tmp_path / "out" / "dropped.jsonl").read_text().splitlines()
    ]
    assert [(row["split"], row["id"], row["kind"]) for row in rows] == [
        ("train", "train3", "unreadable"),
        ("test", "test1", "unknown_character"),
    ]
    (tmp_path / "file").touch()
    with pytest.raises(ManifestError, match="cannot be written"):
        report.write_drop_list(tmp_path / "file" / "dropped.jsonl")


def test_the_report_is_json(splits):
    splits["train"][3].audio[0].unlink()
    report = json.loads(check(splits).json())
    assert (report["ok"], report["dropped"], report["problems"][0]["kind"]) == (
        False,
        ["train3"],
        "unreadable",
    )


def test_a_long_list_is_cut_and_says_so(splits):
    for utterance in splits["train"]:
        utterance.audio[0].unlink()
    lines = check(splits["train"]).text(examples=2).splitlines()
    assert (lines[0], lines[3]) == ("12 errors: unreadable", "  … and 10 more")
    assert lines[-1] == "12 utterances, 0.00 hours; 12 cannot be used."


def test_progress_counts_files(splits):
    steps = []
    check(splits, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(n, 24) for n in range(1, 25)]
