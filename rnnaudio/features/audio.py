"""Sound files in and out: any format, rate, channels and length, whole or in blocks of constant memory."""

import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

from rnnaudio.errors import AudioError
from rnnaudio.features.resample import Resampler

__all__ = ["AudioInfo", "Waveform", "audio_info", "read_audio", "read_blocks", "write_audio"]

_CHUNK = 1 << 18  # frames decoded at a time: 1 MB per channel
_FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}
_UNKNOWN_SIZE = 0x7FFFF000  # a WAV written to a pipe claims at least so many bytes, whatever it holds


@dataclass(frozen=True)
class AudioInfo:
    """What the header of a sound file says.

    >>> AudioInfo(rate=8000, channels=1, frames=4000).seconds
    0.5
    """

    rate: int
    channels: int
    frames: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate


@dataclass(frozen=True, eq=False)
class Waveform:
    """Mono sound: samples (N,) float32, full scale 1, and their rate per second.

    >>> Waveform(torch.zeros(4000), 8000).seconds
    0.5
    """

    samples: Tensor
    rate: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate


def audio_info(path: str | Path) -> AudioInfo:
    """Read the header of a sound file: wav, flac, ogg, opus, mp3 and whatever else libsndfile knows.

    Raises:
        AudioError: the file is missing, empty, cut short or not sound.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_audio(f"{folder}/a.wav", torch.zeros(800), 8000)
    ...     audio_info(f"{folder}/a.wav")
    AudioInfo(rate=8000, channels=1, frames=800)
    """
    with _opened(path) as sound:
        return AudioInfo(sound.samplerate, sound.channels, sound.frames)


def read_audio(path: str | Path | BinaryIO, rate: int | None = None) -> Waveform:
    """Read a sound file as mono, the mean of its channels, resampled to `rate` where that is given.

    Raises:
        AudioError: the file is missing, empty, cut short, not sound, or holds samples that are no numbers.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_audio(f"{folder}/a.flac", torch.zeros(800), 8000)
    ...     read_audio(f"{folder}/a.flac", rate=16000).samples.shape
    torch.Size([1600])
    """
    with _opened(path) as sound:
        return Waveform(torch.cat(list(_pieces(sound, _name(path), rate))), rate or sound.samplerate)


def read_blocks(path: str | Path | BinaryIO, seconds: float, rate: int | None = None) -> Iterator[Waveform]:
    """Read a sound file in blocks of `seconds`, the last one shorter, in memory that does not grow.

    Joined, the blocks are the samples of :func:`read_audio`. A pipe is first copied to a temporary file.

    Raises:
        AudioError: as :func:`read_audio`, when the block at fault is reached.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_audio(f"{folder}/a.ogg", torch.zeros(20000), 8000)
    ...     [block.seconds for block in read_blocks(f"{folder}/a.ogg", 1.0)]
    [1.0, 1.0, 0.5]
    """
    with _opened(path) as sound:
        target = rate or sound.samplerate
        length = max(1, round(seconds * target))
        for block in _regroup(_pieces(sound, _name(path), rate), length):
            yield Waveform(block, target)


def write_audio(path: str | Path, samples: Tensor, rate: int) -> None:
    """Write mono samples (N,) in the format of the suffix: wav and flac (16 bit), ogg, opus or mp3.

    The file is written beside its place and then renamed, so that no half-written file is left behind.

    Raises:
        AudioError: the suffix is unknown, the folder is missing or read-only, or the samples are not finite.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_audio(f"{folder}/a.wav", torch.tensor([0.5, -0.5]), 8000)
    ...     read_audio(f"{folder}/a.wav").samples.tolist()
    [0.5, -0.5]
    """
    import soundfile

    path = Path(path)
    if samples.dim() != 1:
        raise AudioError(f"{path}: samples have shape {tuple(samples.shape)}; mono sound has shape (N,).")
    _check_finite(samples, str(path), 0, rate)
    if path.suffix.lower() not in _FORMATS:
        raise AudioError(f"{path}: sound is written as {', '.join(_FORMATS)}, not as {path.suffix!r}.")
    form, subtype = _FORMATS[path.suffix.lower()]
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.touch()  # says "No such file or directory" where libsndfile says "System error"
        with soundfile.SoundFile(beside, "w", rate, 1, subtype=subtype, format=form) as sound:
            for piece in samples.detach().cpu().float().clamp(-1.0, 1.0).split(_CHUNK):
                sound.write(piece.numpy())
        os.replace(beside, path)
    except (soundfile.SoundFileError, OSError) as error:
        raise AudioError(f"{path} cannot be written at {rate} Hz: {_reason(error)}") from error
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _opened(path: str | Path | BinaryIO) -> Iterator:
    """Open a sound file, or say in one line why that cannot be."""
    import soundfile

    name = _name(path)
    try:
        if isinstance(path, str | Path):
            _check_path(Path(path))
        sound = soundfile.SoundFile(path if isinstance(path, str | Path) else _seekable(path))
    except OSError as error:
        raise AudioError(f"{name} cannot be read: {_reason(error)}") from error
    except soundfile.SoundFileError as error:
        raise AudioError(f"{name} is damaged or not sound that libsndfile knows. Try it as wav or flac.") from error
    with sound:
        if sound.frames == 0:
            raise AudioError(f"{name} has a header but no samples.")
        yield sound


def _check_path(path: Path) -> None:
    if not path.exists():
        raise AudioError(f"{path} does not exist.")
    if path.is_dir():
        raise AudioError(f"{path} is a folder, not a sound file.")
    size = path.stat().st_size
    if size == 0:
        raise AudioError(f"{path} is empty (0 bytes).")
    missing = _wav_bytes_missing(path, size)
    if missing:
        raise AudioError(f"{path} is cut short: {missing} bytes of its sound are missing. Copy it again.")


def _wav_bytes_missing(path: Path, size: int) -> int:
    """Count the bytes that the data chunk of a WAV promises and the file does not hold; 0 for other files."""
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return 0
        while len(chunk := file.read(8)) == 8:
            length = int.from_bytes(chunk[4:], "little")
            if chunk[:4] == b"data":
                return max(0, length - (size - file.tell())) if length < _UNKNOWN_SIZE else 0
            file.seek(length + length % 2, os.SEEK_CUR)
    return 0


def _pieces(sound, name: str, rate: int | None) -> Iterator[Tensor]:  # type: ignore[no-untyped-def]
    """Read an open file piece by piece, at another rate where one is given."""
    pieces = _decode(sound, name)
    if rate is None or rate == sound.samplerate:
        return pieces
    return Resampler(sound.samplerate, rate).stream(pieces)


def _decode(sound, name: str) -> Iterator[Tensor]:  # type: ignore[no-untyped-def]
    """Read an open file piece by piece, mixed to mono and checked."""
    import soundfile

    done, rate = 0, sound.samplerate
    while True:
        try:
            piece = sound.read(_CHUNK, dtype="float32", always_2d=True)  # (N, C)
        except soundfile.SoundFileError as error:
            raise AudioError(f"{name} is damaged after {done / rate:.2f} s: {_reason(error)}") from error
        if len(piece) == 0:
            break
        channels = torch.from_numpy(piece)  # (N, C)
        mono = channels[:, 0] if channels.shape[1] == 1 else channels.mean(1)  # (N,)
        _check_finite(mono, name, done, rate)
        done += len(piece)
        yield mono
    if done < sound.frames:
        ends, promised = done / rate, sound.frames / rate
        raise AudioError(f"{name} is cut short: it ends at {ends:.2f} s of {promised:.2f} s. Copy it again.")


def _check_finite(samples: Tensor, name: str, start: int, rate: int) -> None:
    if not math.isfinite(samples.sum().item()):  # one pass; the count is only for the bad ones
        bad = ~torch.isfinite(samples)
        if bad.any():
            first, count = (start + int(bad.nonzero()[0])) / rate, int(bad.sum())
            raise AudioError(f"{name} holds {count} samples that are no numbers, the first at {first:.3f} s.")


def _regroup(pieces: Iterable[Tensor], length: int) -> Iterator[Tensor]:
    """Cut a stream of pieces (N,) into blocks of `length`, the last one shorter."""
    held, count = [], 0
    for piece in pieces:
        held.append(piece)
        count += len(piece)
        if count >= length:
            *blocks, rest = _split(torch.cat(held), length)
            yield from blocks
            held, count = [rest], len(rest)
    if count:
        yield torch.cat(held)


def _split(samples: Tensor, length: int) -> list[Tensor]:
    """Cut into whole blocks and a rest, which may be empty."""
    whole = len(samples) - len(samples) % length
    return [*samples[:whole].split(length), samples[whole:]] if whole else [samples]


def _seekable(file: BinaryIO) -> BinaryIO:
    if file.seekable():
        return file
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the sound that reads it
    shutil.copyfileobj(file, copy)
    copy.seek(0)
    return copy


def _name(path: str | Path | BinaryIO) -> str:
    return str(path) if isinstance(path, str | Path) else str(getattr(path, "name", "the stream"))


def _reason(error: Exception) -> str:
    text = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    if text == "System error.":  # all that libsndfile says of a failed write
        return "the disk is full or failed."
    return " ".join(str(text).removeprefix("Error : ").split()).rstrip(".") + "."
