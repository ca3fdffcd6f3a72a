"""Small sounds for fake corpora."""

import zlib

import numpy as np
import pytest
import soundfile


@pytest.fixture
def sound():
    """Write a file of noise that is its own (or a copy of another's, by `like`) and return its path."""

    def write(path, seconds=0.1, rate=8000, like=None):
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(zlib.crc32(str(like or path).encode()))
        soundfile.write(path, noise.uniform(-0.5, 0.5, round(seconds * rate)), rate)
        return path

    return write
