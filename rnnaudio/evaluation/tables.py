"""The tables of a speech report: errors by group, and which words were taken for which."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rnnaudio.evaluation.answers import Answer
from rnnaudio.evaluation.errors import EditKind, ErrorCounts


@dataclass(frozen=True)
class Group:
    """Answers that share something: their errors together, and how many are right to the last word."""

    name: str
    utterances: int
    right: int
    words: ErrorCounts
    characters: ErrorCounts


@dataclass(frozen=True)
class Confusion:
    """How often a word was replaced by another, left out (no hypothesis) or made up (no reference)."""

    kind: EditKind
    reference: str
    hypothesis: str
    count: int


@dataclass(frozen=True)
class Matrix:
    """Which word was heard for which: `counts[i][j]` times `heard[j]` where `said[i]` was said.

    The last row, "", holds words that were made up, the last column words that were left out.
    """

    said: tuple[str, ...]
    heard: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


def total(name: str, answers: Iterable[Answer]) -> Group:
    """All answers as one group."""
    listed = list(answers)
    return Group(
        name,
        len(listed),
        sum(answer.right for answer in listed),
        sum((answer.words for answer in listed), ErrorCounts()),
        sum((answer.characters for answer in listed), ErrorCounts()),
    )


def by_speaker(answers: Iterable[Answer]) -> tuple[Group, ...]:
    """One group a speaker, most errors per word first; answers without a speaker are left out."""
    groups = _grouped((a for a in answers if a.speaker is not None), lambda answer: str(answer.speaker))
    return tuple(sorted(groups, key=lambda group: (-group.words.rate, group.name)))


def by_length(answers: Iterable[Answer]) -> tuple[Group, ...]:
    """One group a length of the reference in words, short first; beyond 8 words, groups by powers of two.

    >>> [group.name for group in by_length(Answer("", "so " * n, "") for n in (1, 2, 8, 9, 16, 30))]
    ['1', '2', '8', '9-16', '17-32']
    """
    ordered = sorted(answers, key=lambda answer: answer.words.reference)
    return _grouped(ordered, lambda answer: _length_name(answer.words.reference))


def confusions(answers: Iterable[Answer]) -> tuple[Confusion, ...]:
    """Every wrong edit of all answers with its count, most frequent first.

    >>> confusions([Answer("1", "nine five", "five five"), Answer("2", "nine", "five")])
    (Confusion(kind='substitution', reference='nine', hypothesis='five', count=2),)
    """
    counts = Counter(edit for answer in answers for edit in answer.edits if edit.kind != "hit")
    found = (Confusion(edit.kind, edit.reference, edit.hypothesis, n) for edit, n in counts.items())
    return tuple(sorted(found, key=lambda c: (-c.count, c.kind, c.reference, c.hypothesis)))


def matrix(answers: Iterable[Answer], most: int = 16) -> Matrix | None:
    """The confusion matrix of a small vocabulary, None for more than `most` words.

    >>> matrix([Answer("1", "yes no", "yes yes no"), Answer("2", "no", "")])
    Matrix(said=('no', 'yes', ''), heard=('no', 'yes', ''), counts=((1, 0, 1), (0, 1, 0), (0, 1, 0)))
    """
    counts = Counter((edit.reference, edit.hypothesis) for answer in answers for edit in answer.edits)
    words = sorted({word for pair in counts for word in pair if word})
    if not words or len(words) > most:
        return None
    names = (*words, "")
    return Matrix(names, names, tuple(tuple(counts[said, heard] for heard in names) for said in names))


def _length_name(words: int) -> str:
    if words <= 8:
        return str(words)
    high = 1 << (words - 1).bit_length()
    return f"{high // 2 + 1}-{high}"


def _grouped(answers: Iterable[Answer], name: Callable[[Answer], str]) -> tuple[Group, ...]:
    groups: dict[str, list[Answer]] = {}
    for answer in answers:
        groups.setdefault(name(answer), []).append(answer)
    return tuple(total(key, members) for key, members in groups.items())
