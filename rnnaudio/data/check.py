"""The check of a manifest before anything is learned from it: every header read, every text tried."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from rnnaudio.data.findings import Encoder, Entry, Sound, all_problems
from rnnaudio.data.manifest import Manifest
from rnnaudio.data.report import CheckReport
from rnnaudio.errors import AudioError
from rnnaudio.features import audio_info, read_audio

__all__ = ["check"]

_SILENT = 10 ** (-70 / 20)  # a peak below -70 dB of full scale: the last bit or two of a 16-bit file
_CLIPPED_SHARE = 0.001  # of the samples at full scale: far above what a clean peak leaves


def check(
    manifests: Manifest | Mapping[str, Manifest],
    alphabet: Encoder | None = None,
    frames_for: Callable[[float], int] | None = None,
    deep: bool = False,
    progress: Callable[[int, int], object] | None = None,
    threads: int = 4,
) -> CheckReport:
    """Look for everything that training would stumble over, or worse, would not.

    manifests: one, or several by the name of their split, in the order train, valid, test. frames_for:
    seconds of audio to frames of the model. progress(done, total) is called after each file, from this
    thread.

    Errors, for which an utterance is dropped: `unreadable` audio; `empty_text`; `unknown_character`, when an
    `alphabet` is given; `ctc_infeasible`, when `frames_for` is given too and there are fewer frames than
    labels plus repeats; `duplicate_audio`, a recording that is in a later split as well: train loses it, test
    keeps it.

    Warnings: `duplicate_audio` within a split; `duplicate_text`, the same words by the same speaker in two
    splits; `length_outlier`, in seconds or in characters per second; `wrong_seconds`, the manifest against
    the file; with `deep`, which decodes every sample, `silent` and `clipped`. With `deep`, NaN and truncation
    make a file unreadable. Notes: `duplicate_text`, words that two splits share. An utterance may be without
    text if no alphabet is given.

    >>> import tempfile, soundfile
    >>> from rnnaudio.data import Utterance
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/one.wav", [0.1] * 800, 8000)
    ...     found = Utterance("one", (Path(folder, "one.wav"),), text="one")
    ...     report = check(Manifest((found, Utterance("two", (Path("two.wav"),), text="two"))))
    >>> print(report.text())
    1 error: unreadable
      manifest:2: two.wav does not exist. Paths are relative to the manifest.
    2 utterances, 0.00 hours; 1 cannot be used.
    """
    named = _named(manifests)
    paths = list(dict.fromkeys(path for manifest in named.values() for one in manifest for path in one.audio))
    sounds: dict[Path, Sound] = {}
    with ThreadPoolExecutor(threads) as pool:
        for path, sound in zip(paths, pool.map(lambda path: _listen(path, deep), paths), strict=True):
            sounds[path] = sound
            if progress is not None:
                progress(len(sounds), len(paths))
        sounds |= _told_apart(sounds, pool)
    entries = [
        Entry(split, _where(split, manifest, index), one, tuple(sounds[path] for path in one.audio))
        for split, manifest in named.items()
        for index, one in enumerate(manifest)
    ]
    problems = tuple(all_problems(entries, alphabet, frames_for))
    bad = {(problem.split, problem.utterance) for problem in problems if problem.level == "error"}
    return CheckReport(
        problems,
        utterances=len(entries),
        seconds=sum(entry.seconds or 0.0 for entry in entries),
        kept={split: _kept(manifest, split, entries, bad) for split, manifest in named.items()},
    )


def _named(manifests: Manifest | Mapping[str, Manifest]) -> Mapping[str, Manifest]:
    if isinstance(manifests, Manifest):
        return {manifests.path.stem if manifests.path is not None else "manifest": manifests}
    return manifests


def _where(split: str, manifest: Manifest, index: int) -> str:
    """The line in its file, or for a manifest in memory the place in its split."""
    return manifest.where(index) if manifest.path is not None else f"{split}:{index + 1}"


def _kept(manifest: Manifest, split: str, entries: Iterable[Entry], bad: set[tuple[str, str]]) -> Manifest:
    """A manifest without its bad utterances, the others as long as they were measured to be."""
    seconds = {entry.utterance.id: entry.seconds for entry in entries if entry.split == split}
    kept = manifest.filter(lambda utterance: (split, utterance.id) not in bad)
    return replace(kept, utterances=tuple(replace(one, seconds=seconds[one.id]) for one in kept))


def _listen(path: Path, deep: bool) -> Sound:
    """What the header of a file says, and with `deep` all of its samples."""
    try:
        if not path.exists():
            return Sound(unreadable=f"{path} does not exist. Paths are relative to the manifest.")
        info = audio_info(path)
        content = path.stat().st_size, info.frames
        return Sound(info.seconds, content, faults=tuple(_faults(path)) if deep else ())
    except (AudioError, OSError) as error:
        return Sound(unreadable=str(error))


def _faults(path: Path) -> Iterator[tuple[str, str]]:
    """What only the samples tell."""
    loudness = read_audio(path).samples.abs()
    peak, full = loudness.max().item(), (loudness >= 0.999).float().mean().item()
    if peak < _SILENT:
        yield "silent", f"{path.name} is silent (peak {peak:.1e}). Is it the right file?"
    elif full > _CLIPPED_SHARE:
        yield "clipped", f"{path.name} has {full:.1%} of its samples at full scale. Record at a lower level."


def _told_apart(sounds: Mapping[Path, Sound], pool: ThreadPoolExecutor) -> dict[Path, Sound]:
    """The files whose sizes are not unique, with a hash of their bytes as their content instead."""
    alike = Counter(sound.content for sound in sounds.values())
    doubtful = [path for path, sound in sounds.items() if sound.readable and alike[sound.content] > 1]
    hashes = pool.map(_hash, doubtful)
    return {path: replace(sounds[path], content=content) for path, content in zip(doubtful, hashes, strict=True)}


def _hash(path: Path) -> object:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()
    except OSError:
        return os.path.abspath(path)
