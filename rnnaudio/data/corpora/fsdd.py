"""The Free Spoken Digit Dataset: six people, ten digits, fifty takes each, 8 kHz."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rnnaudio.data.corpora.base import Corpus, audio_files, audio_stem, corpus_root, manifest_of
from rnnaudio.data.corpora.download import Archive, require
from rnnaudio.data.manifest import Manifest, Utterance
from rnnaudio.errors import DataError

__all__ = ["DIGITS", "Fold", "fsdd", "leave_one_speaker_out"]

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

_COMMIT = "26eb9aaf76e81b692f806f9140c2d2777410d7a1"  # 2024-05-02
_ARCHIVE = Archive(
    f"https://github.com/Jakobovski/free-spoken-digit-dataset/archive/{_COMMIT}.tar.gz",
    size="about 20 MB",
    audio=3000,
    inside=f"free-spoken-digit-dataset-{_COMMIT}",
)


def fsdd(root: Path | None = None, download: bool = False) -> Corpus:
    """Free Spoken Digit Dataset. Splits as its README has them: test is takes 0 to 4, train takes 5 to 49.

    The same people speak in both splits; for people never heard see `leave_one_speaker_out`. Text and label
    are the digit as a word. Layout: `recordings/{digit}_{speaker}_{take}.wav` (or any format that can be
    read). DataError when the corpus is not there.

    Source: github.com/Jakobovski/free-spoken-digit-dataset.

    >>> corpus = fsdd(download=True)                                            # doctest: +SKIP
    >>> len(corpus["train"]), len(corpus["test"])                               # doctest: +SKIP
    (2700, 300)
    """
    root = Path(root) if root is not None else corpus_root("fsdd")
    recordings = root / "recordings"
    require("fsdd", root, _ARCHIVE, bool(audio_files(recordings)), download)
    utterances = [_utterance(path) for path in audio_files(recordings)]
    splits = {
        "train": manifest_of((utterance for utterance in utterances if _take(utterance) >= 5), "fsdd"),
        "test": manifest_of((utterance for utterance in utterances if _take(utterance) < 5), "fsdd"),
    }
    return Corpus(
        name="fsdd",
        licence="CC BY-SA 4.0",
        citation="Zohar Jackson et al., Free Spoken Digit Dataset, 2016-2024, "
        "https://github.com/Jakobovski/free-spoken-digit-dataset",
        splits=splits,
    )


@dataclass(frozen=True)
class Fold:
    """One round of leaving a speaker out: train and valid are the others, test is all of the one left out."""

    speaker: str
    train: Manifest
    valid: Manifest
    test: Manifest


def leave_one_speaker_out(corpus: Corpus) -> Iterator[Fold]:
    """One fold for each speaker of FSDD.

    Test: every take of that speaker. Valid: the others' takes 0 to 4. Train: their rest.

    Nothing of the speaker left out, not even for early stopping, is seen in training.

    >>> def take(number):
    ...     names = (f"7_{speaker}_{number}" for speaker in ("ann", "bob"))
    ...     return Manifest(tuple(Utterance(name, (Path("a.wav"),), speaker=name[2:5]) for name in names))
    >>> corpus = Corpus("fsdd", "", "", {"train": take(9), "test": take(0)})
    >>> for fold in leave_one_speaker_out(corpus):
    ...     print(fold.speaker, len(fold.train), len(fold.valid), len(fold.test))
    ann 1 1 2
    bob 1 1 2
    """
    train, test = corpus["train"], corpus["test"]
    for speaker in train.merge(test).speakers:
        yield Fold(
            speaker,
            train=_without(speaker, train),
            valid=_without(speaker, test),
            test=_only(speaker, train.merge(test)),
        )


def _only(speaker: str, manifest: Manifest) -> Manifest:
    return manifest.filter(lambda utterance: utterance.speaker == speaker)


def _without(speaker: str, manifest: Manifest) -> Manifest:
    return manifest.filter(lambda utterance: utterance.speaker != speaker)


def _utterance(path: Path) -> Utterance:
    stem = audio_stem(path)
    digit, _, rest = stem.partition("_")
    speaker, _, take = rest.rpartition("_")
    if not (digit in set("0123456789") and speaker and take.isdecimal()):
        raise DataError(f"{path} is not named digit_speaker_take. Remove it from the corpus.")
    word = DIGITS[int(digit)]
    return Utterance(stem, (path,), text=word, speaker=speaker, label=word)


def _take(utterance: Utterance) -> int:
    return int(utterance.id.rpartition("_")[2])
