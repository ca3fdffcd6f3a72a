"""Utterances and manifests: what is known of each recording, and its samples."""

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from rnnaudio.errors import DataError, ManifestError
from rnnaudio.features import audio_info, read_audio

__all__ = ["Manifest", "Utterance", "load_samples"]


@dataclass(frozen=True)
class Utterance:
    """One recording, or several joined, with what is known about it.

    `gaps` are seconds of silence before the first piece, between the pieces and after the last: one more
    than there are pieces, or none at all. `seconds` is the whole length, gaps included. `source` names the
    corpus. A value that cannot be is a ManifestError.

    >>> Utterance("seven-two", (Path("7.wav"), Path("2.wav")), gaps=(0.0, 0.25, 0.0), text="seven two").text
    'seven two'
    """

    id: str
    audio: tuple[Path, ...]
    gaps: tuple[float, ...] = ()
    text: str | None = None
    seconds: float | None = None
    speaker: str | None = None
    label: str | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if self.id.splitlines() != [self.id]:
            raise ManifestError(f"id {self.id!r} is not a name in one line. Give each utterance its own.")
        if not self.audio:
            raise ManifestError(f"{self.id} names no audio. Give one file or a list of files.")
        if self.gaps and len(self.gaps) != len(self.audio) + 1:
            raise ManifestError(
                f"{self.id} has {len(self.gaps)} gaps for {len(self.audio)} pieces. "
                f"Give {len(self.audio) + 1}: before the first, between them, after the last."
            )
        for gap in self.gaps:
            if not (math.isfinite(gap) and gap >= 0):
                raise ManifestError(f"{self.id} has a gap of {gap} seconds. Gaps are zero or longer.")
        if self.seconds is not None and not (math.isfinite(self.seconds) and self.seconds > 0):
            raise ManifestError(f"{self.id} is {self.seconds} seconds long. Leave seconds out to have them measured.")


@dataclass(frozen=True)
class Manifest:
    """Utterances in order, each id once, and the file they came from (None when made in memory).

    >>> george = Utterance("a", (Path("a.wav"),), text="one", seconds=0.5, speaker="george")
    >>> manifest = Manifest((george, replace(george, id="b", speaker="lucas")))
    >>> len(manifest), manifest.seconds, manifest.speakers
    (2, 1.0, ('george', 'lucas'))
    >>> [utterance.id for utterance in manifest.filter(lambda utterance: utterance.speaker == "lucas")]
    ['b']
    """

    utterances: tuple[Utterance, ...]
    path: Path | None = None
    lines: tuple[int, ...] = field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        first: dict[str, int] = {}
        for index, utterance in enumerate(self.utterances):
            if (other := first.setdefault(utterance.id, index)) != index:
                taken = f"id {utterance.id} is taken by {self.where(other)}"
                raise ManifestError(f"{self.where(index)}: {taken}. Ids must differ.")

    def __len__(self) -> int:
        return len(self.utterances)

    def __iter__(self) -> Iterator[Utterance]:
        return iter(self.utterances)

    def __getitem__(self, index: int) -> Utterance:
        return self.utterances[index]

    @cached_property
    def seconds(self) -> float:
        """Seconds of audio in all. DataError while some length is unknown: see `measured`."""
        known = [utterance.seconds for utterance in self if utterance.seconds is not None]
        if len(known) < len(self):
            raise DataError(f"{len(self) - len(known)} of {len(self)} lengths are unknown. Use manifest.measured().")
        return math.fsum(known)

    @cached_property
    def speakers(self) -> tuple[str, ...]:
        """The names of all speakers, each once, sorted."""
        return tuple(sorted({utterance.speaker for utterance in self if utterance.speaker is not None}))

    def where(self, index: int) -> str:
        """Where utterance `index` stands, for an error message: `train.jsonl:17`, or the place in memory."""
        if self.path is not None and self.lines:
            return f"{self.path}:{self.lines[index]}"
        return f"utterance {index + 1}"

    def filter(self, keep: Callable[[Utterance], bool]) -> "Manifest":
        """The utterances for which `keep` is true, in the same order."""
        kept = [index for index, utterance in enumerate(self.utterances) if keep(utterance)]
        lines = tuple(self.lines[index] for index in kept) if self.lines else ()
        return replace(self, utterances=tuple(self.utterances[index] for index in kept), lines=lines)

    def merge(self, *others: "Manifest") -> "Manifest":
        """These utterances, then the others'. An id that appears twice is a ManifestError.

        >>> one, two = (Manifest((Utterance(name, (Path(name),)),)) for name in "ab")
        >>> [utterance.id for utterance in one.merge(two)]
        ['a', 'b']
        """
        return Manifest(tuple(utterance for manifest in (self, *others) for utterance in manifest))

    def measured(self, threads: int = 4) -> "Manifest":
        """The same with each unknown `seconds` read from the audio headers; AudioError for a bad file."""
        with ThreadPoolExecutor(threads) as pool:
            return replace(self, utterances=tuple(pool.map(_measured, self.utterances)))


def _measured(utterance: Utterance) -> Utterance:
    if utterance.seconds is not None:
        return utterance
    pieces = (audio_info(path).seconds for path in utterance.audio)
    return replace(utterance, seconds=math.fsum((*pieces, *utterance.gaps)))


def load_samples(utterance: Utterance, rate: int) -> Tensor:
    """The sound of an utterance at `rate`: each piece resampled, gaps filled with zeros. (N,) float32, mono.

    A gap of g seconds is round(g * rate) samples. AudioError for a piece that cannot be read.

    >>> import tempfile, soundfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/tone.wav", [0.5] * 800, 8000)
    ...     tone = Path(folder, "tone.wav")
    ...     load_samples(Utterance("twice", (tone, tone), gaps=(0.1, 0.2, 0.0)), 8000).shape
    torch.Size([4000])
    """
    gaps = utterance.gaps or (0.0,) * (len(utterance.audio) + 1)
    pieces = [torch.zeros(round(gaps[0] * rate))]
    for path, gap in zip(utterance.audio, gaps[1:], strict=True):
        pieces += [read_audio(path, rate).samples, torch.zeros(round(gap * rate))]
    return torch.cat(pieces)
