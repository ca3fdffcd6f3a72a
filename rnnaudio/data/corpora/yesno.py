"""YesNo: one man says eight Hebrew words a recording, each yes (ken) or no (lo); sixty recordings, 8 kHz."""

import re
from pathlib import Path

from rnnaudio.data.corpora.base import Corpus, audio_files, audio_stem, corpus_root, manifest_of
from rnnaudio.data.corpora.download import Archive, require
from rnnaudio.data.manifest import Manifest, Utterance

__all__ = ["yesno"]

_ARCHIVE = Archive(
    "http://www.openslr.org/resources/1/waves_yesno.tar.gz",
    size="4.7 MB",
    sha256="c3f49e0cca421f96b75b41640749167b52118f232498667ca7a5f9416aef8e73",
)


def yesno(root: Path | None = None, download: bool = False) -> Corpus:
    """OpenSLR 1. Kaldi's split: in order of their names the first half trains, the second tests.

    The name of a file is its transcript (1 is yes); the text has the words yes and no. Layout:
    `waves_yesno/1_0_1_1_0_0_1_0.wav`. DataError when the corpus is not there.

    Source: openslr.org/1; the split is that of Kaldi's egs/yesno.

    >>> corpus = yesno(download=True)                                           # doctest: +SKIP
    >>> corpus["test"][0].text                                                  # doctest: +SKIP
    'yes no no no no no no yes'
    """
    root = Path(root) if root is not None else corpus_root("yesno")
    folder = root / "waves_yesno"
    require("yesno", root, _ARCHIVE, bool(audio_files(folder)), download)
    utterances = manifest_of((_utterance(path) for path in audio_files(folder) if _is_ours(path)), "yesno").utterances
    half = len(utterances) // 2
    return Corpus(
        name="yesno",
        licence="CC BY 3.0",
        citation="The YesNo dataset, created for the Kaldi project, https://www.openslr.org/1",
        splits={"train": Manifest(utterances[:half]), "test": Manifest(utterances[half:])},
    )


def _is_ours(path: Path) -> bool:
    return re.fullmatch(r"[01](_[01])*", audio_stem(path)) is not None


def _utterance(path: Path) -> Utterance:
    stem = audio_stem(path)
    text = " ".join("yes" if mark == "1" else "no" for mark in stem.split("_"))
    return Utterance(stem, (path,), text=text, speaker="yesno")
