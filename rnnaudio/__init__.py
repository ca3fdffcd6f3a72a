"""rnnaudio: recurrent networks for sound and sequences.

`rnnaudio.load("digits-en").transcribe("recording.wav")` is the whole of it for most people. Names are loaded when they
are first used, so that importing the package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

from rnnaudio.version import __version__

if TYPE_CHECKING:
    from rnnaudio.data import Manifest, read_manifest
    from rnnaudio.decoding import Transcript, Word
    from rnnaudio.errors import RnnaudioError
    from rnnaudio.features import read_audio
    from rnnaudio.models import SpeechConfig, SpeechRecognizer, load, shipped

__all__ = [
    "Manifest",
    "RnnaudioError",
    "SpeechConfig",
    "SpeechRecognizer",
    "Transcript",
    "Word",
    "__version__",
    "load",
    "read_audio",
    "read_manifest",
    "shipped",
]

_HOMES = {
    "Manifest": "rnnaudio.data",
    "RnnaudioError": "rnnaudio.errors",
    "SpeechConfig": "rnnaudio.models",
    "SpeechRecognizer": "rnnaudio.models",
    "Transcript": "rnnaudio.decoding",
    "Word": "rnnaudio.decoding",
    "load": "rnnaudio.models",
    "read_audio": "rnnaudio.features",
    "read_manifest": "rnnaudio.data",
    "shipped": "rnnaudio.models",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'rnnaudio' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
