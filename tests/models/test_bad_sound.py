"""Every kind of bad recording: told in one line where it cannot be read, answered where it can, the others unharmed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import rnnaudio
from rnnaudio.errors import AudioError, DataError
from tests.worlds import RATE, beeps

UNREADABLE = {
    "missing.wav": "does not exist",
    "empty.wav": "is empty (0 bytes)",
    "header.wav": "has a header but no samples",
    "short.wav": "is cut short",
    "short.flac": "is damaged after|is cut short",
    "words.wav": "is damaged or not sound",
    "nan.wav": "holds 3 samples that are no numbers, the first at 0.500 s",
    "folder.wav": "holds no sound files",
}
READABLE = ("good.wav", "silent.wav", "clipped.wav", "one.wav", "channels.wav", "fast.flac", "slow.wav", "bytes.wav")


@pytest.fixture(scope="module")
def sounds(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    good = beeps("high low", seed=1)
    soundfile.write(folder / "good.wav", good, RATE)
    soundfile.write(folder / "good.flac", np.random.default_rng(0).uniform(-1, 1, 40000), RATE)
    (folder / "empty.wav").touch()
    soundfile.write(folder / "header.wav", good[:0], RATE)
    for name in ("short.wav", "short.flac"):
        content = (folder / f"good{name[5:]}").read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])
    (folder / "words.wav").write_text("These are no samples.\n" * 100)
    broken = good.copy()
    broken[RATE // 2 : RATE // 2 + 3] = np.nan
    soundfile.write(folder / "nan.wav", broken, RATE, subtype="FLOAT")
    (folder / "folder.wav").mkdir()
    soundfile.write(folder / "silent.wav", np.zeros(RATE), RATE)
    soundfile.write(folder / "clipped.wav", np.sign(good), RATE)
    soundfile.write(folder / "one.wav", good[:1], RATE)
    soundfile.write(folder / "channels.wav", np.tile(good[:, None], (1, 24)), RATE)
    soundfile.write(folder / "fast.flac", beeps("high low", seed=1, rate=192_000), 192_000)
    soundfile.write(folder / "slow.wav", good[::4], RATE // 4)
    soundfile.write(folder / "bytes.wav", good, RATE, subtype="PCM_U8")
    return folder


@pytest.fixture(scope="module")
def model(model_folder):
    return rnnaudio.load(model_folder)


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_told_in_one_line(model, sounds, name):
    with pytest.raises(AudioError) as caught:
        model.transcribe([sounds / name])
    message = str(caught.value)
    assert "\n" not in message
    assert str(sounds / name) in message
    assert any(words in message for words in UNREADABLE[name].split("|")), message


@pytest.mark.parametrize("name", READABLE)
def test_what_can_be_read_is_answered(model, sounds, name):
    answer = model.transcribe(sounds / name)
    assert answer.seconds == pytest.approx(soundfile.info(sounds / name).duration, abs=1e-3)
    assert all(0 <= word.start <= word.end <= answer.seconds + 1e-6 for word in answer.words)
    assert 0 <= answer.confidence <= 1


def test_more_channels_say_no_more(model, sounds):
    one, many = model.transcribe([sounds / "good.wav", sounds / "channels.wav"])
    assert (one.text, one.confidence) == (many.text, pytest.approx(many.confidence, abs=1e-4))


def test_bad_ones_among_many_do_not_stop_the_others(model, sounds):
    names = [name for pair in zip(UNREADABLE, READABLE, strict=True) for name in pair]
    answers = list(model.transcribe_each([sounds / name for name in names]))
    assert [Path(name).name for name, _ in answers] == names
    for name, (_, answer) in zip(names, answers, strict=True):
        if name in UNREADABLE:
            assert isinstance(answer, AudioError)
        else:
            assert answer.text == model.transcribe(sounds / name).text


@pytest.mark.parametrize(
    ("samples", "rate", "line"),
    [
        (torch.zeros(10), None, "needs its rate"),
        (torch.zeros(2, 2, 10), RATE, r"shape \(2, 2, 10\)"),
        (torch.tensor([0.0, float("nan")]), RATE, "NaN"),
        (np.array([np.inf]), RATE, "infinite"),
    ],
)
def test_bad_arrays_are_told_in_one_line(model, samples, rate, line):
    with pytest.raises((AudioError, DataError), match=line):
        model.transcribe(samples, rate=rate)


def test_no_samples_at_all_are_no_words(model):
    answer = model.transcribe(torch.zeros(0), rate=RATE)
    assert (answer.text, answer.words, answer.confidence, answer.seconds) == ("", (), 0.0, 0.0)


LONG = """
import resource, sys
import torch
from rnnaudio import load
torch.set_num_threads(1)
model = load(sys.argv[1])
model.transcribe(torch.zeros(200 * 8000), rate=8000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
answer = model.transcribe(sys.argv[2])
print(answer.seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def test_three_hours_need_no_more_memory_than_three_minutes(model_folder, tmp_path):
    quiet, burst = np.zeros(600 * RATE, np.int16), np.random.default_rng(0).integers(-9999, 9999, RATE, dtype=np.int16)
    with soundfile.SoundFile(tmp_path / "long.flac", "w", RATE, 1) as sound:
        for part in range(18):
            sound.write(burst if part == 9 else quiet[:RATE])
            sound.write(quiet[: 599 * RATE])
    command = [sys.executable, "-c", LONG, str(model_folder), str(tmp_path / "long.flac")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    seconds, megabytes = map(float, done.stdout.split())
    assert seconds == pytest.approx(3 * 3600)
    assert megabytes < 60  # the samples alone would be 330
