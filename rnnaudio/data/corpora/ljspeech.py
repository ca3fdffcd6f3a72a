"""LJ Speech: one woman reads seven books, 24 hours, 22.05 kHz."""

import csv
from pathlib import Path

from rnnaudio.data.corpora.base import Corpus, corpus_root, find_audio, manifest_of
from rnnaudio.data.corpora.download import Archive, require
from rnnaudio.data.manifest import Manifest, Utterance
from rnnaudio.errors import DataError

__all__ = ["ljspeech"]

_ARCHIVE = Archive(
    "https://data.keithito.com/data/speech/LJSpeech-1.1.tar.bz2",
    size="2.7 GB",
    sha256="be1a30453f28eb8dd26af4101ae40cbf2c50413b1bb21936cbcdc6fae3de8aa5",
    inside="LJSpeech-1.1",
)


def ljspeech(root: Path | None = None, download: bool = False, held_out: int = 250) -> Corpus:
    """LJ Speech 1.1, with the normalised text (numbers written out, punctuation kept).

    There is no official split. As in ESPnet's recipe, in the order of the names the last `held_out`
    utterances are test, as many before them valid, the rest train: the tail of the last book. Layout:
    `metadata.csv` and `wavs/LJ001-0001.wav`, in `root` or in `root/LJSpeech-1.1`. DataError when it is not
    there or not whole.

    Source: Ito and Johnson 2017, keithito.com/LJ-Speech-Dataset.

    >>> corpus = ljspeech(download=True)                                        # doctest: +SKIP
    >>> {name: len(split) for name, split in corpus.splits.items()}             # doctest: +SKIP
    {'train': 12600, 'valid': 250, 'test': 250}
    """
    root = Path(root) if root is not None else corpus_root("ljspeech")
    root = root / "LJSpeech-1.1" if (root / "LJSpeech-1.1").is_dir() else root
    metadata = root / "metadata.csv"
    require("ljspeech", root, _ARCHIVE, metadata.is_file(), download)
    with metadata.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="|", quoting=csv.QUOTE_NONE))
    utterances = manifest_of((_utterance(root, row) for row in rows if row), "ljspeech").utterances
    if not 0 < 2 * held_out < len(utterances):
        raise DataError(
            f"{root} has {len(utterances)} utterances: {held_out} for valid and as many for test leave "
            "none to train on. Choose held_out anew."
        )
    return Corpus(
        name="ljspeech",
        licence="public domain",
        citation="K. Ito, L. Johnson, The LJ Speech Dataset, 2017, https://keithito.com/LJ-Speech-Dataset",
        splits={
            "train": Manifest(utterances[: -2 * held_out]),
            "valid": Manifest(utterances[-2 * held_out : -held_out]),
            "test": Manifest(utterances[-held_out:]),
        },
    )


def _utterance(root: Path, row: list[str]) -> Utterance:
    """A row of metadata: id, text as printed, text as read."""
    return Utterance(row[0], (find_audio(root / "wavs" / row[0]),), text=row[-1].strip(), speaker="linda johnson")
