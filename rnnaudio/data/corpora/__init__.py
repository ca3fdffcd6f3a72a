"""Readers of public corpora and of a folder of one's own: each returns a Corpus with its splits as manifests.

A local copy is used where there is one; `download=True` fetches the real archive.
"""

from rnnaudio.data.corpora.an4 import an4
from rnnaudio.data.corpora.base import Corpus, corpus_root, split_by_speaker
from rnnaudio.data.corpora.common_voice import common_voice
from rnnaudio.data.corpora.folder import folder
from rnnaudio.data.corpora.fsdd import DIGITS, Fold, fsdd, leave_one_speaker_out
from rnnaudio.data.corpora.librispeech import librispeech
from rnnaudio.data.corpora.ljspeech import ljspeech
from rnnaudio.data.corpora.speech_commands import SILENCE, UNKNOWN, speech_commands
from rnnaudio.data.corpora.yesno import yesno

__all__ = [
    "DIGITS",
    "SILENCE",
    "UNKNOWN",
    "Corpus",
    "Fold",
    "an4",
    "common_voice",
    "corpus_root",
    "folder",
    "fsdd",
    "leave_one_speaker_out",
    "librispeech",
    "ljspeech",
    "speech_commands",
    "split_by_speaker",
    "yesno",
]
