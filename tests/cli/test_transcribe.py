import io
import json
import os
import pty
import subprocess
import sys
import wave

import numpy as np
import pytest
import soundfile

import rnnaudio as package
from tests.worlds import RATE, beeps, lock


@pytest.fixture
def sounds(tmp_path):
    """Three recordings: two in a folder, one beside it."""
    (tmp_path / "talks" / "old").mkdir(parents=True)
    for number, name in enumerate(("talks/a.wav", "talks/old/b.flac", "c.wav")):
        soundfile.write(tmp_path / name, beeps("high low mid", seed=number), RATE)
    return tmp_path


@pytest.fixture
def stdin(monkeypatch):
    """Give bytes as standard input, through a pipe that cannot be wound back."""

    def give(content):
        class Pipe(io.RawIOBase):
            rest = io.BytesIO(content)

            def readable(self):
                return True

            def readinto(self, target):
                return self.rest.readinto(target)

        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Pipe())))

    return give


@pytest.fixture
def text_of(model_folder):
    model = package.load(model_folder)
    return lambda path: model.transcribe(path).text


def test_one_recording_gives_its_text(rnnaudio, model_folder, sounds, text_of):
    done = rnnaudio("transcribe", "-m", model_folder, sounds / "c.wav")
    assert (done.code, done.out, done.err) == (0, text_of(sounds / "c.wav") + "\n", "")


def test_several_come_with_their_names_in_order(rnnaudio, model_folder, sounds, text_of):
    done = rnnaudio("transcribe", "-m", model_folder, sounds / "c.wav", sounds / "talks", "--threads", 1)
    paths = [sounds / "c.wav", sounds / "talks/a.wav", sounds / "talks/old/b.flac"]
    assert done.out.splitlines() == [f"{path}\t{text_of(path)}" for path in paths]


def test_text_to_a_file_is_the_text_on_standard_output(rnnaudio, model_folder, sounds):
    shown = rnnaudio("transcribe", "-m", model_folder, sounds / "talks").out
    done = rnnaudio("transcribe", "-m", model_folder, sounds / "talks", "-o", sounds / "new" / "all.txt")
    assert (done.code, done.out) == (0, "")
    assert (sounds / "new" / "all.txt").read_text() == shown


def test_json_has_one_object_for_each_input(rnnaudio, model_folder, sounds):
    done = rnnaudio("transcribe", "-m", model_folder, sounds / "c.wav", sounds / "no.wav", "--format", "json")
    assert done.code == 2
    first, second = json.loads(done.out)
    assert list(first) == ["file", "text", "confidence", "words"]
    assert first["file"] == str(sounds / "c.wav")
    for word in first["words"]:
        assert list(word) == ["text", "start", "end", "confidence"]
    assert second == {"file": str(sounds / "no.wav"), "error": f"{sounds / 'no.wav'} does not exist."}
    assert done.errors == [f"rnnaudio: {sounds / 'no.wav'} does not exist."]


def test_a_folder_without_sound_is_reported_and_the_rest_answered(rnnaudio, model_folder, sounds):
    (sounds / "empty").mkdir()
    done = rnnaudio("transcribe", "-m", model_folder, sounds / "empty", sounds / "c.wav")
    assert done.code == 2
    assert "holds no sound files" in done.err
    assert len(done.out.splitlines()) == 1


def test_tsv_is_one_table(rnnaudio, model_folder, sounds):
    done = rnnaudio("transcribe", "-m", model_folder, sounds / "talks", "--format", "tsv")
    assert done.out.splitlines()[0] == "file\tstart\tend\ttext\tconfidence"


def test_one_recording_gives_subtitles_on_standard_output_or_in_a_file(rnnaudio, model_folder, sounds):
    shown = rnnaudio("transcribe", "-m", model_folder, sounds / "c.wav", "--format", "vtt").out
    assert shown.startswith("WEBVTT\n")
    rnnaudio("transcribe", "-m", model_folder, sounds / "c.wav", "--format", "vtt", "-o", sounds / "c.vtt")
    assert (sounds / "c.vtt").read_text() == shown


def test_subtitles_of_several_go_into_a_folder_one_file_each(rnnaudio, model_folder, sounds):
    done = rnnaudio(
        "transcribe", "-m", model_folder, sounds / "talks", sounds / "c.wav", "--format", "srt", "-o", sounds / "subs"
    )
    assert (done.code, done.out) == (0, "")
    found = sorted(str(path.relative_to(sounds / "subs")) for path in (sounds / "subs").rglob("*.*"))
    assert found == ["a.srt", "c.srt", "old/b.srt"]
    rnnaudio("transcribe", "-m", model_folder, sounds / "talks/a.wav", "--format", "srt", "-o", sounds / "one/")
    alone = rnnaudio("transcribe", "-m", model_folder, sounds / "talks/a.wav", "--format", "srt").out
    assert (sounds / "subs" / "a.srt").read_text() == alone


def test_recordings_of_one_name_keep_their_subtitles_apart(rnnaudio, model_folder, sounds):
    soundfile.write(sounds / "talks" / "a.flac", beeps("low"), RATE)
    arguments = ("transcribe", "-m", model_folder, "--format", "srt", "-o", sounds / "subs")
    assert rnnaudio(*arguments, sounds / "talks").code == 0
    assert sorted(path.name for path in (sounds / "subs").iterdir()) == ["a.flac.srt", "a.wav.srt", "old"]
    soundfile.write(sounds / "a.wav", beeps("low"), RATE)
    message = rnnaudio(*arguments, sounds / "a.wav", sounds / "talks" / "a.wav").error()
    assert "would both go to a.wav.srt" in message


@pytest.mark.parametrize("place", [[], ["-o", "-"], ["-o", "all.srt"], ["-o", "c.wav"]])
def test_several_recordings_cannot_share_a_subtitle_file(rnnaudio, model_folder, sounds, place, monkeypatch):
    monkeypatch.chdir(sounds)
    message = rnnaudio("transcribe", "-m", model_folder, "talks", "c.wav", "--format", "srt", *place).error()
    assert message.startswith("3 recordings cannot share")
    assert "name a folder" in message
    assert not (sounds / "all.srt").exists()


def test_a_sound_file_on_standard_input(rnnaudio, model_folder, sounds, stdin, text_of):
    stdin((sounds / "talks/old/b.flac").read_bytes())
    done = rnnaudio("transcribe", "-m", model_folder, "-", "--format", "json")
    (answer,) = json.loads(done.out)
    assert answer["file"] == "-"
    assert answer["text"] == text_of(sounds / "talks/old/b.flac")


@pytest.mark.parametrize("torn", [b"", b"\x07"])
def test_raw_samples_on_standard_input(rnnaudio, model_folder, sounds, stdin, torn):
    with wave.open(str(sounds / "c.wav")) as sound:
        stdin(sound.readframes(1 << 30) + torn)
    done = rnnaudio("transcribe", "-m", model_folder, "-", "--raw", RATE, "--format", "tsv")
    expected = rnnaudio("transcribe", "-m", model_folder, sounds / "c.wav", "--format", "tsv")
    assert done.out.replace("\n-\t", f"\n{sounds / 'c.wav'}\t") == expected.out


def test_standard_input_that_is_no_sound_is_one_line(rnnaudio, model_folder, stdin):
    stdin(b"hello")
    done = rnnaudio("transcribe", "-m", model_folder, "-")
    assert done.error().startswith("standard input is damaged or not sound")
    stdin(b"")
    assert rnnaudio("transcribe", "-m", model_folder, "-", "--raw", RATE).error().startswith("standard input")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["-", "-"], "- stands for standard input and can be given once."),
        (["c.wav", "--raw", "8000"], "give - as a file too"),
        (["c.wav", "-o", "talks"], "talks is a folder"),
        (["c.wav", "-o", "c.wav/x.txt"], "is not a folder"),
        (["c.wav", "--format", "srt", "-o", "c.wav/x.srt"], "is not a folder"),
        (["c.wav", "--device", "abacus"], "torch knows no such device"),
        (["c.wav", "--device", "meta"], "--device meta cannot be used here"),
        (["c.wav", "-m", "nobody/nothing/at-all"], "neither a folder nor a shipped model"),
        (["c.wav", "-m", "talks"], "talks is not a model folder: it has no config.yaml"),
    ],
)
def test_what_cannot_be_done_is_one_line(rnnaudio, model_folder, sounds, words, line, monkeypatch):
    monkeypatch.chdir(sounds)
    assert line in rnnaudio("transcribe", "-m", model_folder, *words).error()


def test_an_output_that_may_not_be_written_is_found_out_first(rnnaudio, model_folder, sounds):
    lock(sounds / "talks")
    done = rnnaudio("transcribe", "-m", model_folder, sounds / "c.wav", "-o", sounds / "talks" / "c.txt")
    assert "is not yours to write to" in done.error()


def test_a_device_is_written_to_and_stays_a_device(rnnaudio, model_folder, sounds):
    done = rnnaudio("transcribe", "-m", model_folder, sounds / "c.wav", "--format", "json", "-o", "/dev/null")
    assert done.code == 0
    assert not os.path.isfile("/dev/null")


def test_a_full_disk_is_one_line_and_leaves_the_old_file(rnnaudio, model_folder, sounds, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    (sounds / "a.txt").write_text("old")
    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    done = rnnaudio("transcribe", "-m", model_folder, sounds / "c.wav", "-o", sounds / "a.txt")
    assert "cannot be written (No space left on device)" in done.error()
    assert (sounds / "a.txt").read_text() == "old"
    assert not list(sounds.glob(".*"))


def test_the_bar_is_for_terminals_and_leaves_standard_output_alone(model_folder, sounds):
    """With standard error a terminal and standard output a file, the text is in the file, whole, and the bar is not."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "rnnaudio.cli.main", "transcribe", "-m", str(model_folder), str(sounds / "talks")]
    environment = {**os.environ, "TERM": "xterm", "OMP_NUM_THREADS": "1"}
    with open(sounds / "out.txt", "w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    while True:
        try:
            seen += os.read(ours, 1 << 16)
        except OSError:  # the other end is closed
            break
    assert process.wait() == 0
    assert b"transcribing" in seen
    lines = (sounds / "out.txt").read_text().splitlines()
    assert [line.split("\t")[0] for line in lines] == [str(sounds / "talks/a.wav"), str(sounds / "talks/old/b.flac")]


def test_arrays_and_files_agree(model_folder, sounds):
    model = package.load(model_folder)
    samples = soundfile.read(sounds / "c.wav", dtype="float32")[0]
    assert model.transcribe(samples, rate=RATE).words == model.transcribe(sounds / "c.wav").words
    stereo = np.stack([samples, samples])
    assert model.transcribe(stereo, rate=RATE).words == model.transcribe(sounds / "c.wav").words
