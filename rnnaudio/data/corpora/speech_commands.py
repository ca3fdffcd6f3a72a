"""Speech Commands: one-second clips of single words by thousands of people, 16 kHz."""

from collections.abc import Collection, Iterator
from pathlib import Path

from rnnaudio.data.corpora.base import (
    Corpus,
    audio_files,
    audio_stem,
    corpus_root,
    manifest_of,
    partition,
    split_by_speaker,
)
from rnnaudio.data.corpora.download import Archive, require
from rnnaudio.data.manifest import Manifest, Utterance

__all__ = ["SILENCE", "UNKNOWN", "speech_commands"]

SILENCE, UNKNOWN = "_silence_", "_unknown_"

_ARCHIVE = Archive(
    "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
    size="2.4 GB",
    sha256="af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
)
_BACKGROUND = "_background_noise_"


def speech_commands(root: Path | None = None, download: bool = False, keywords: Collection[str] = ()) -> Corpus:
    """Google's Speech Commands, version 2: text and label are the word, ids are `word_speaker_nohash_take`.

    The full corpus (a folder per word, `validation_list.txt`, `testing_list.txt`) has its official splits. A
    copy without the lists, such as the separate 12-class test set, is split 80/10/10 by a hash of the
    speaker: the corpus' own rule would put each of its speakers in test. There, clips in `_unknown_` keep
    that label with their true word as text, and clips in `_silence_` have no text and no speaker. With
    `keywords`, every other word has the label `_unknown_`; the text stays what was said. DataError when the
    corpus is not there.

    Source: Warden 2018, arXiv:1804.03209.

    >>> corpus = speech_commands(download=True)                                 # doctest: +SKIP
    >>> {name: len(split) for name, split in corpus.splits.items()}             # doctest: +SKIP
    {'train': 84843, 'valid': 9981, 'test': 11005}
    """
    root = _inner(Path(root) if root is not None else corpus_root("speech_commands"))
    require("speech_commands", root, _ARCHIVE, bool(_words(root)), download)
    everything = manifest_of(_utterances(root, frozenset(keywords)), "speech_commands")
    if (root / "testing_list.txt").is_file():
        splits = _official(everything, root)
    else:
        splits = split_by_speaker(everything, salt="speech commands ")
    return Corpus(
        name="speech_commands",
        licence="CC BY 4.0",
        citation="P. Warden, Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition, 2018, "
        "arXiv:1804.03209",
        splits=splits,
    )


def _inner(root: Path) -> Path:
    """The folder that holds the words: `root`, or where torchaudio unpacks the archive below it."""
    nested = root / "SpeechCommands" / "speech_commands_v0.02"
    return nested if nested.is_dir() else root


def _words(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    return sorted(path for path in root.iterdir() if path.is_dir() and path.name != _BACKGROUND and audio_files(path))


def _utterances(root: Path, keywords: frozenset[str]) -> Iterator[Utterance]:
    for folder in _words(root):
        for path in audio_files(folder):
            yield _utterance(path, folder.name, keywords)


def _utterance(path: Path, folder: str, keywords: frozenset[str]) -> Utterance:
    stem = audio_stem(path)
    if folder == SILENCE:
        return Utterance(f"silence_{stem}", (path,), label=SILENCE)
    if folder == UNKNOWN:  # backward_0c540988_nohash_0
        word, _, stem = stem.partition("_")
    else:
        word = folder
    label = UNKNOWN if folder == UNKNOWN or (keywords and word not in keywords) else word
    return Utterance(f"{word}_{stem}", (path,), text=word, speaker=stem.partition("_nohash_")[0], label=label)


def _official(everything: Manifest, root: Path) -> dict[str, Manifest]:
    """The published split: clips named in the two lists, as `word/clip.wav`, and the rest."""
    listed = {}
    for split, name in (("valid", "validation_list.txt"), ("test", "testing_list.txt")):
        for line in (root / name).read_text().split():
            word, _, clip = line.rpartition("/")
            listed[f"{word}_{audio_stem(Path(clip))}"] = split
    return partition(everything, lambda utterance: listed.get(utterance.id, "train"))
