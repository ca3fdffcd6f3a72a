"""Sound files: every format, rate, channel count and length, and every way a file can be bad."""

import io
import os
import resource
import signal
import sys
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch.testing import assert_close

from rnnaudio.errors import AudioError
from rnnaudio.features import audio_info, read_audio, read_blocks, write_audio

TONE = 0.5 * torch.sin(torch.arange(24000) * 0.1)


@pytest.mark.parametrize(
    ("suffix", "error"), [("wav", 1e-4), ("flac", 1e-4), ("ogg", 0.05), ("opus", 0.05), ("mp3", 0.05)]
)
def test_what_is_written_is_read(tmp_path, suffix, error):
    path = tmp_path / f"a.{suffix}"
    write_audio(path, TONE, 16000)
    info, sound = audio_info(path), read_audio(path)
    assert (info.rate, info.channels, info.frames) == (16000, 1, 24000)
    assert sound.seconds == info.seconds == 1.5
    assert sound.samples.dtype == torch.float32
    assert (sound.samples - TONE)[1000:-1000].abs().max() < error
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_channels_are_averaged(tmp_path):
    both = np.stack([np.full(100, 0.5), np.full(100, -0.25)], axis=1)
    soundfile.write(tmp_path / "a.wav", both, 8000)
    assert_close(read_audio(tmp_path / "a.wav").samples, torch.full((100,), 0.125), atol=1e-4, rtol=0)


def test_24_channels_at_192_khz(tmp_path):
    many = np.repeat(TONE.numpy()[:, None], 24, axis=1)
    soundfile.write(tmp_path / "a.wav", many, 192000)
    sound = read_audio(tmp_path / "a.wav", rate=16000)
    assert len(sound.samples) == 2000
    assert audio_info(tmp_path / "a.wav").channels == 24


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "GSM610"])
def test_every_kind_of_wav(tmp_path, subtype):
    soundfile.write(tmp_path / "a.wav", TONE.numpy(), 8000, subtype=subtype)
    samples = read_audio(tmp_path / "a.wav").samples[: len(TONE)]
    assert samples.abs().max() == pytest.approx(0.5, abs=0.1)


def test_one_sample(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.array([0.5]), 8000)
    assert read_audio(tmp_path / "a.wav").samples.tolist() == [0.5]
    assert len(read_audio(tmp_path / "a.wav", rate=16000).samples) == 2


def test_clipped_sound_is_read_and_loud_sound_written_at_full_scale(tmp_path):
    write_audio(tmp_path / "a.wav", TONE * 9.0, 8000)
    samples = read_audio(tmp_path / "a.wav").samples
    assert samples.max() == pytest.approx(1.0, abs=1e-4)
    assert samples.min() == -1.0


@pytest.mark.parametrize("rate", [None, 8000, 44100])
@pytest.mark.parametrize("seconds", [0.01, 0.37, 1.0, 100.0])
def test_blocks_joined_are_the_whole(tmp_path, rate, seconds):
    write_audio(tmp_path / "a.flac", TONE, 16000)
    whole = read_audio(tmp_path / "a.flac", rate)
    blocks = list(read_blocks(tmp_path / "a.flac", seconds, rate))
    assert_close(torch.cat([block.samples for block in blocks]), whole.samples, atol=1e-4, rtol=0)
    assert all(len(block.samples) == round(seconds * whole.rate) for block in blocks[:-1])
    assert {block.rate for block in blocks} == {whole.rate}


def test_a_stream_is_read_like_a_file():
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    written = io.BytesIO()
    soundfile.write(written, TONE.numpy(), 16000, format="WAV")
    for stream in (Pipe(written.getvalue()), io.BytesIO(written.getvalue())):
        (block,) = read_blocks(stream, 60.0)
        assert_close(block.samples, TONE, atol=1e-4, rtol=0)


def test_a_wav_from_a_pipe_does_not_know_its_size(tmp_path):
    write_audio(tmp_path / "a.wav", TONE, 16000)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    (tmp_path / "a.wav").write_bytes(content)
    assert len(read_audio(tmp_path / "a.wav").samples) == len(TONE)


def broken(folder: Path, what: str) -> Path:
    path = folder / what
    if what == "cut.flac":
        soundfile.write(path, np.random.default_rng(1).normal(size=400000) * 0.1, 16000)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif what.startswith("cut"):
        write_audio(path, TONE, 16000)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif what == "header.wav":
        soundfile.write(path, np.zeros(0), 16000)
    elif what == "nan.wav":
        samples = TONE.numpy().copy()
        samples[[8000, 16000]] = np.nan, np.inf
        soundfile.write(path, samples, 16000, subtype="FLOAT")
    elif what == "empty.wav":
        path.touch()
    elif what == "folder.wav":
        path.mkdir()
    elif what != "missing.wav":
        path.write_bytes(b"this is not a sound " * 100)
    return path


BAD = {
    "missing.wav": "does not exist",
    "folder.wav": "is a folder",
    "empty.wav": "is empty",
    "header.wav": "no samples",
    "text.wav": "not sound",
    "text.mp3": "not sound",
    "text.txt": "not sound",
    "cut.wav": "cut short",
    "cut.flac": "damaged|cut short|not sound",
    "cut.ogg": "damaged|cut short",
    "nan.wav": "2 samples that are no numbers, the first at 0.500 s",
}


@pytest.mark.parametrize(("what", "said"), BAD.items())
def test_a_bad_file_is_named_in_one_line(tmp_path, what, said):
    path = broken(tmp_path, what)
    for read in (read_audio, lambda path: list(read_blocks(path, 1.0))):
        with pytest.raises(AudioError, match=said) as caught:
            read(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "rate", "said"),
    [("a.xyz", 8000, "written as"), ("no/a.wav", 8000, "No such"), ("a.opus", 11025, "8000, 12000")],
)
def test_what_cannot_be_written_is_said_and_leaves_nothing(tmp_path, name, rate, said):
    with pytest.raises(AudioError, match=said):
        write_audio(tmp_path / name, TONE, rate)
    assert list(tmp_path.iterdir()) == []


def test_samples_that_are_no_numbers_are_not_written(tmp_path):
    with pytest.raises(AudioError, match="no numbers"):
        write_audio(tmp_path / "a.wav", torch.tensor([0.0, float("nan")]), 8000)


def _write_with_little_room(path: str) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000))
    try:
        write_audio(path, TONE, 16000)
    except AudioError:
        os._exit(7)
    os._exit(0)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on file sizes")
@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_a_full_disk_keeps_the_old_file(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    write_audio(path, TONE[:100], 16000)
    child = get_context("fork").Process(target=_write_with_little_room, args=(str(path),))
    child.start()
    child.join()
    assert child.exitcode == 7
    assert len(read_audio(path).samples) == 100
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.slow
def test_three_hours_pass_in_little_memory(tmp_path):
    path, hour = tmp_path / "long.flac", torch.zeros(8000 * 3600)
    with soundfile.SoundFile(path, "w", 8000, 1) as sound:
        for _ in range(3):
            sound.write(hour.numpy())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = sum(block.seconds for block in read_blocks(path, 30.0, rate=16000))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert seconds == 3 * 3600
    assert grown < 100 * 1024  # kilobytes
