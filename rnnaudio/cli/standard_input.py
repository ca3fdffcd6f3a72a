"""Sound from a pipe: a sound file as it is, or raw samples that get the header they lack."""

import shutil
import sys
import tempfile
import wave
from typing import Any, BinaryIO

NAME = "standard input"
_BLOCK = 1 << 20


class StandardInput:
    """A file with the name that a user knows it by."""

    name = NAME

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def standard_input(raw: int | None = None) -> StandardInput:
    """All of standard input as a sound file on disk, for memory must not grow with it.

    With `raw` it is taken for signed 16-bit little-endian mono samples at that rate; half a sample at the end, as a cut
    pipe leaves, is dropped.
    """
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the sound that reads it
    if raw is None:
        shutil.copyfileobj(sys.stdin.buffer, copy, _BLOCK)
    else:
        with wave.open(copy, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(raw)
            odd = b""
            while block := sys.stdin.buffer.read(_BLOCK):
                block = odd + block
                even = len(block) - len(block) % 2
                sound.writeframesraw(block[:even])
                odd = block[even:]
    copy.seek(0)
    return StandardInput(copy)
