"""The rules of the check: each is one function from what was read to the problems it sees."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Literal, Protocol

import numpy as np

from rnnaudio.data.manifest import Utterance
from rnnaudio.data.report import Problem
from rnnaudio.errors import DataError

__all__ = ["Encoder", "Entry", "Sound", "all_problems"]

_OUTLIER = 6.0  # robust standard deviations
_LEAST_SPREAD = 0.1  # of the logarithm: where nearly all are alike, 10 % more or less is nothing
_FEWEST = 10  # utterances, below which nobody can say what is usual


class Encoder(Protocol):
    """What the check needs of an alphabet."""

    def encode(self, text: str) -> list[int]:
        """Ids of a text; DataError, naming the symbol, for one outside the alphabet."""


@dataclass(frozen=True)
class Sound:
    """One file: how long it is, what tells its content from others, and its faults as (kind, message)."""

    seconds: float = 0.0
    content: object = None
    faults: tuple[tuple[str, str], ...] = ()
    unreadable: str = ""

    @property
    def readable(self) -> bool:
        """Whether its length is known."""
        return not self.unreadable


@dataclass(frozen=True)
class Entry:
    """An utterance with its split, its place for messages, and its files."""

    split: str
    where: str
    utterance: Utterance
    sounds: tuple[Sound, ...]

    @property
    def seconds(self) -> float | None:
        """The measured length with gaps; None when a file cannot be read."""
        if all(sound.readable for sound in self.sounds):
            return sum(sound.seconds for sound in self.sounds) + sum(self.utterance.gaps)
        return None

    @property
    def content(self) -> tuple[object, ...]:
        """What tells this recording from others."""
        return tuple(sound.content for sound in self.sounds)

    def problem(self, level: Literal["error", "warning"], kind: str, message: str) -> Problem:
        """A problem of this utterance."""
        return Problem(level, kind, self.where, message, self.split, self.utterance.id)


def all_problems(
    entries: Sequence[Entry], alphabet: Encoder | None, frames_for: Callable[[float], int] | None
) -> Iterator[Problem]:
    """Everything that any rule finds."""
    yield from _bad_files(entries)
    yield from _bad_texts(entries, alphabet)
    if alphabet is not None and frames_for is not None:
        yield from _too_short_for_ctc(entries, alphabet, frames_for)
    yield from _recordings_in_two_splits(entries)
    yield from _recordings_twice_in_a_split(entries)
    yield from _texts_in_two_splits(entries)
    yield from _outliers(entries)


def _bad_files(entries: Iterable[Entry]) -> Iterator[Problem]:
    for entry in entries:
        for sound in entry.sounds:
            if not sound.readable:
                yield entry.problem("error", "unreadable", sound.unreadable)
            for kind, message in sound.faults:
                yield entry.problem("warning", kind, message)
        claimed, measured = entry.utterance.seconds, entry.seconds
        if claimed and measured and abs(claimed - measured) > max(0.05, 0.01 * measured):
            message = f"{entry.utterance.id} lasts {measured:.2f} s, not {claimed:.2f}. Remove seconds."
            yield entry.problem("warning", "wrong_seconds", message)


def _bad_texts(entries: Iterable[Entry], alphabet: Encoder | None) -> Iterator[Problem]:
    for entry in entries:
        text = entry.utterance.text
        if text is None and alphabet is None:
            continue
        if text is None or not text.strip():
            message = f"{entry.utterance.id} has no text. Transcribe or remove it."
            yield entry.problem("error", "empty_text", message)
        elif alphabet is not None:
            try:
                alphabet.encode(text)
            except DataError as error:
                yield entry.problem("error", "unknown_character", f"{entry.utterance.id}: {error}")


def _too_short_for_ctc(
    entries: Iterable[Entry], alphabet: Encoder, frames_for: Callable[[float], int]
) -> Iterator[Problem]:
    """CTC needs a frame for each label, and for the blank between equal neighbours (Graves et al. 2006)."""
    for entry in entries:
        if entry.seconds is None or not entry.utterance.text:
            continue
        try:
            labels = alphabet.encode(entry.utterance.text)
        except DataError:
            continue
        frames = frames_for(entry.seconds)
        repeats = sum(one == following for one, following in pairwise(labels))
        if frames < len(labels) + repeats:
            needed = f"{len(labels)} labels" + (f" and {repeats} repeats" if repeats else "")
            message = f"{entry.utterance.id} has {frames} frames for {needed}: CTC cannot learn it."
            yield entry.problem("error", "ctc_infeasible", message)


def _recordings_in_two_splits(entries: Iterable[Entry]) -> Iterator[Problem]:
    """A recording, or a piece of one, that a later split has too: the test would ask what was taught."""
    rank: dict[str, int] = {}
    holders: defaultdict[object, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.seconds is not None:
            rank.setdefault(entry.split, len(rank))
            for content in dict.fromkeys(entry.content):
                holders[content].append(entry)
    told = set()
    for sharing in holders.values():
        last = max(sharing, key=lambda entry: rank[entry.split])
        for entry in sharing:
            if rank[entry.split] < rank[last.split] and (entry.split, entry.utterance.id) not in told:
                told.add((entry.split, entry.utterance.id))
                message = f"{entry.utterance.id} is also in {last.split}, as {last.utterance.id}. Keep one."
                yield entry.problem("error", "duplicate_audio", message)


def _recordings_twice_in_a_split(entries: Iterable[Entry]) -> Iterator[Problem]:
    known: dict[object, Entry] = {}
    for entry in entries:
        if entry.seconds is not None:
            first = known.setdefault((entry.split, entry.content, entry.utterance.gaps), entry)
            if first is not entry:
                message = f"{entry.utterance.id} is the recording {first.utterance.id} again. Keep one of them."
                yield entry.problem("warning", "duplicate_audio", message)


def _texts_in_two_splits(entries: Iterable[Entry]) -> Iterator[Problem]:
    """One line for each pair of splits: by one speaker a warning, by others a note, for digits repeat."""
    texts: defaultdict[str, set[str]] = defaultdict(set)
    spoken: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for entry in entries:
        if text := entry.utterance.text:
            texts[entry.split].add(text)
            if entry.utterance.speaker is not None:
                spoken[entry.split].add((entry.utterance.speaker, text))
    for one, other in combinations(texts, 2):
        where = f"{one} and {other}"
        if same := sorted(spoken[one] & spoken[other]):
            message = f"{len(same)} texts have one speaker in both, as {same[0][1]!r} by {same[0][0]}."
            yield Problem("warning", "duplicate_text", where, message)
        if shared := sorted(texts[one] & texts[other]):
            message = f"{len(shared)} of {len(texts[other])} texts of {other} are in {one} too, as {shared[0]!r}."
            yield Problem("note", "duplicate_text", where, message)


def _outliers(entries: Iterable[Entry]) -> Iterator[Problem]:
    """Utterances far from what is usual in their split: in seconds, and in characters per second."""
    splits: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.seconds:
            splits[entry.split].append(entry)
    for members in splits.values():
        lengths = [(entry, entry.seconds or 0.0) for entry in members]
        for entry, length, usual in _far(lengths):
            message = f"{entry.utterance.id} lasts {length:.2f} s; {usual:.2f} s is usual."
            yield entry.problem("warning", "length_outlier", message)
        texts = [(entry, seconds, (entry.utterance.text or "").strip()) for entry, seconds in lengths]
        paces = [(entry, len(text) / seconds) for entry, seconds, text in texts if text]
        for entry, pace, usual in _far(paces):
            message = f"{entry.utterance.id} has {pace:.1f} characters a second; {usual:.1f} is usual."
            yield entry.problem("warning", "length_outlier", message)


def _far(members: Sequence[tuple[Entry, float]]) -> Iterator[tuple[Entry, float, float]]:
    """Members with an outlying value, that value, and the median.

    The z-score of the logarithm from median and median absolute deviation (Iglewicz and Hoaglin 1993).
    """
    if len(members) < _FEWEST:
        return
    logs = np.log([value for _, value in members])
    away = np.abs(logs - np.median(logs))
    limit = _OUTLIER * max(1.4826 * float(np.median(away)), _LEAST_SPREAD)
    usual = float(np.exp(np.median(logs)))
    for index in np.flatnonzero(away > limit).tolist():
        yield *members[index], usual
