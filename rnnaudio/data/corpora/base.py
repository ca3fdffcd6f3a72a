"""What corpus readers share: the record they return, where corpora live, how files are found and split."""

import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rnnaudio.data.manifest import Manifest, Utterance
from rnnaudio.errors import DataError

__all__ = ["Corpus", "corpus_root", "split_by_speaker"]

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".sph")


@dataclass(frozen=True)
class Corpus:
    """A corpus on disk: its splits as manifests, under what licence it may be used, and whom to cite.

    >>> corpus = Corpus("tiny", "CC0 1.0", "nobody", {"train": Manifest(())})
    >>> len(corpus["train"])
    0
    >>> corpus["test"]
    Traceback (most recent call last):
    rnnaudio.errors.DataError: tiny has no split test. It has: train.
    """

    name: str
    licence: str
    citation: str
    splits: Mapping[str, Manifest]

    def __getitem__(self, split: str) -> Manifest:
        if split not in self.splits:
            raise DataError(f"{self.name} has no split {split}. It has: {', '.join(self.splits)}.")
        return self.splits[split]


def corpus_root(name: str) -> Path:
    """The folder of a corpus: `$RNNAUDIO_DATA/name`, or `rnnaudio/name` in the user's cache folder.

    >>> corpus_root("fsdd").name
    'fsdd'
    """
    if chosen := os.environ.get("RNNAUDIO_DATA"):
        return Path(chosen).expanduser() / name
    if sys.platform == "win32":
        cache = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        cache = Path.home() / "Library" / "Caches"
    else:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "rnnaudio" / name


def split_by_speaker(manifest: Manifest, valid: float = 0.1, test: float = 0.1, salt: str = "") -> dict[str, Manifest]:
    """Split into train, valid and test by a hash of the speaker, so that nobody is heard on both sides.

    An utterance without a speaker goes by its id. A share is a probability: few speakers may miss it by far.
    Nobody moves when others are added. Another `salt` gives another split.

    >>> people = [Utterance(str(n), (Path("a.wav"),), speaker=f"speaker {n}") for n in range(1000)]
    >>> {name: len(split) for name, split in split_by_speaker(Manifest(tuple(people))).items()}
    {'train': 795, 'valid': 90, 'test': 115}
    """

    def share(utterance: Utterance) -> str:
        place = hash_share(salt + (utterance.speaker if utterance.speaker is not None else utterance.id))
        return "test" if place < test else "valid" if place < test + valid else "train"

    return partition(manifest, share)


def partition(manifest: Manifest, side: Callable[[Utterance], str]) -> dict[str, Manifest]:
    """Train, valid and test, each with the utterances whose `side` it is."""

    def part(name: str) -> Manifest:
        return manifest.filter(lambda utterance: side(utterance) == name)

    return {name: part(name) for name in ("train", "valid", "test")}


def hash_share(key: str) -> float:
    """A number in [0, 1) that depends on the key alone."""
    digest = hashlib.sha1(key.encode(errors="surrogatepass"), usedforsecurity=False).hexdigest()
    return int(digest[:13], 16) / 16**13  # 52 bits: exact in a float


def audio_files(folder: Path) -> list[Path]:
    """The sound files directly in a folder, sorted by name; no hidden ones."""
    if not folder.is_dir():
        return []
    return sorted(
        path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )


def audio_stem(path: Path) -> str:
    """The name without its audio suffixes: some copies carry two, as in `one.wav.wav`.

    >>> audio_stem(Path("yes/0c540988_nohash_0.wav.wav"))
    '0c540988_nohash_0'
    """
    name = path.name
    while Path(name).suffix.lower() in SUFFIXES:
        name = Path(name).stem
    return name


def manifest_of(utterances: Iterable[Utterance], source: str) -> Manifest:
    """Utterances as a manifest, sorted by id, each marked with the corpus it is from."""
    marked = (replace(utterance, source=source) for utterance in utterances)
    return Manifest(tuple(sorted(marked, key=lambda utterance: utterance.id)))


def find_audio(stem: Path) -> Path:
    """The sound file of that name in whatever format it is kept; DataError when there is none."""
    for suffix in SUFFIXES:
        if (path := stem.parent / f"{stem.name}{suffix}").is_file():
            return path
    raise DataError(f"{stem} has no sound file (one of {', '.join(SUFFIXES)}). Fetch the corpus again.")
