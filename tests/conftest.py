"""What every test shares: one thread, no network, corpora only where RNNAUDIO_DATA names them."""

import os

import pytest
import torch
from hypothesis import settings

from tests.worlds import recognizer, write_corpus

os.environ.setdefault("HF_HUB_OFFLINE", "1")
settings.register_profile("default", deadline=None, derandomize=True, max_examples=25, print_blob=True)
settings.load_profile("default")


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """A folder with manifests of beeps; look, do not touch."""
    return write_corpus(tmp_path_factory.mktemp("corpus") / "beeps")


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """A model that answers (nonsense); look, do not touch."""
    folder = tmp_path_factory.mktemp("models") / "beeps"
    recognizer().save(folder)
    return folder
