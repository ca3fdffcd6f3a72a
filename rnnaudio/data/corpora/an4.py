"""AN4: people saying names, addresses, numbers and control words, 16 kHz, 948 + 130 utterances."""

import re
from pathlib import Path

from rnnaudio.data.corpora.base import Corpus, corpus_root, find_audio, hash_share, manifest_of
from rnnaudio.data.corpora.download import Archive, require
from rnnaudio.data.manifest import Manifest, Utterance
from rnnaudio.errors import DataError

__all__ = ["an4"]

_COMMIT = "b567d132f43304e70a2b2eca6077f22255311812"  # 2022-10-03
_ARCHIVE = Archive(
    f"https://github.com/cmusphinx/an4/archive/{_COMMIT}.tar.gz",
    size="about 80 MB",
    audio=1078,
    inside=f"an4-{_COMMIT}",
)
_TRANSCRIPT = re.compile(r"^(?:<s>)?\s*(?P<text>.*?)\s*(?:</s>)?\s*\((?P<id>\S+)\)$")


def an4(root: Path | None = None, download: bool = False, valid_speakers: int = 8) -> Corpus:
    """CMU's AN4. Train and test as published (74 and 10 speakers, disjoint), text in lower case.

    There is no published validation set: `valid_speakers` of the training speakers, chosen by a hash of
    their name, are set apart. With 0 there is none, and train is the published 948. Layout:
    `etc/an4_train.fileids` and so on, and the audio below `wav/`. DataError when the corpus is not there, or
    a file of its lists is missing.

    Source: Acero 1990, Acoustical and Environmental Robustness in Automatic Speech Recognition, PhD thesis,
    CMU.

    >>> corpus = an4(download=True)                                             # doctest: +SKIP
    >>> {name: len(split) for name, split in corpus.splits.items()}             # doctest: +SKIP
    {'train': 844, 'valid': 104, 'test': 130}
    """
    root = Path(root) if root is not None else corpus_root("an4")
    require("an4", root, _ARCHIVE, (root / "etc" / "an4_train.fileids").is_file(), download)
    train, test = _read(root, "train"), _read(root, "test")
    held = set(sorted(train.speakers, key=hash_share)[:valid_speakers])
    splits = {"train": train.filter(lambda utterance: utterance.speaker not in held)}
    if held:
        splits["valid"] = train.filter(lambda utterance: utterance.speaker in held)
    splits["test"] = test
    return Corpus(
        name="an4",
        licence="BSD-style (CMU), free for any use with notice",
        citation="A. Acero, Acoustical and Environmental Robustness in Automatic Speech Recognition, "
        "PhD thesis, Carnegie Mellon University, 1990",
        splits=splits,
    )


def _read(root: Path, split: str) -> Manifest:
    texts = {}
    transcription = root / "etc" / f"an4_{split}.transcription"
    for number, line in enumerate(transcription.read_text().splitlines(), start=1):
        if line.strip():
            if (match := _TRANSCRIPT.match(line.strip())) is None:
                raise DataError(f"{transcription}:{number}: not `words (utterance)`. Fetch the corpus again.")
            texts[match["id"]] = match["text"].lower()
    fileids = (root / "etc" / f"an4_{split}.fileids").read_text().split()
    return manifest_of((_utterance(root, fileid, texts) for fileid in fileids), "an4")


def _utterance(root: Path, fileid: str, texts: dict[str, str]) -> Utterance:
    path = find_audio(root / "wav" / fileid)
    if path.stem not in texts:
        raise DataError(f"{root}: {path.stem} has no transcript. Fetch the corpus again.")
    return Utterance(path.stem, (path,), text=texts[path.stem], speaker=path.parent.name)
