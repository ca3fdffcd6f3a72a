"""Word and character error rates: how many edits part what was said from what was understood."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import Levenshtein

from rnnaudio.errors import DataError

EditKind = Literal["hit", "substitution", "deletion", "insertion"]


@dataclass(frozen=True)
class Edit:
    """One step from reference to hypothesis; the side that a deletion or insertion lacks is empty."""

    kind: EditKind
    reference: str
    hypothesis: str


@dataclass(frozen=True)
class ErrorCounts:
    """How many units were right, replaced, left out and made up. Counts add up over a corpus.

    >>> counts = ErrorCounts(hits=238, substitutions=1) + ErrorCounts(hits=1, insertions=2)
    >>> counts.errors, counts.reference
    (3, 240)
    >>> counts.line("WER")
    '%WER 1.25 [3 / 240, 2 ins, 0 del, 1 sub]'
    """

    hits: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @property
    def errors(self) -> int:
        """Substitutions, deletions and insertions."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def reference(self) -> int:
        """How many units the reference has."""
        return self.hits + self.substitutions + self.deletions

    @property
    def rate(self) -> float:
        """Errors per unit of the reference, above 1 where much was made up.

        Where the reference is empty it is the number of insertions, as jiwer has it: silence understood as
        silence is 0, every word heard in it counts whole.
        """
        return self.errors / max(1, self.reference)

    def line(self, name: str) -> str:
        """The one-line form that Kaldi and icefall print, rate in percent."""
        return (
            f"%{name} {100 * self.rate:.2f} [{self.errors} / {self.reference}, {self.insertions} ins, "
            f"{self.deletions} del, {self.substitutions} sub]"
        )

    def __add__(self, other: "ErrorCounts") -> "ErrorCounts":
        return ErrorCounts(
            self.hits + other.hits,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )


def split_words(text: str) -> list[str]:
    """The words of a text: what stands between white space of any kind (jiwer parts at plain spaces only).

    >>> split_words(" seven  two ")
    ['seven', 'two']
    """
    return text.split()


def split_characters(text: str) -> list[str]:
    """The characters of a text without the white space around it; spaces inside count, as in jiwer.

    >>> split_characters(" a b ")
    ['a', ' ', 'b']
    """
    return list(text.strip())


def align(reference: Sequence[str], hypothesis: Sequence[str]) -> tuple[Edit, ...]:
    """The fewest edits that turn the reference into the hypothesis, in order.

    Source: Levenshtein distance, by rapidfuzz; where several alignments have the fewest edits it is the one
    jiwer shows.

    >>> for edit in align("one two three".split(), "one too".split()):
    ...     print(edit.kind, edit.reference, edit.hypothesis)
    hit one one
    substitution two too
    deletion three
    """
    return tuple(_edits(reference, hypothesis))


def _edits(reference: Sequence[str], hypothesis: Sequence[str]) -> Iterator[Edit]:
    for step in Levenshtein.opcodes(reference, hypothesis):
        said = reference[step.src_start : step.src_end]
        heard = hypothesis[step.dest_start : step.dest_end]
        if step.tag == "equal":
            yield from (Edit("hit", word, word) for word in said)
        elif step.tag == "replace":  # always as many on both sides
            yield from (Edit("substitution", old, new) for old, new in zip(said, heard, strict=True))
        elif step.tag == "delete":
            yield from (Edit("deletion", word, "") for word in said)
        else:
            yield from (Edit("insertion", "", word) for word in heard)


def count_errors(reference: Sequence[str], hypothesis: Sequence[str]) -> ErrorCounts:
    """The counts of `align`, without building the alignment.

    >>> count_errors("seven", "eleven")
    ErrorCounts(hits=4, substitutions=1, deletions=0, insertions=1)
    """
    substitutions = deletions = insertions = 0
    for step in Levenshtein.editops(reference, hypothesis):
        substitutions += step.tag == "replace"
        deletions += step.tag == "delete"
        insertions += step.tag == "insert"
    return ErrorCounts(len(reference) - substitutions - deletions, substitutions, deletions, insertions)


def word_errors(references: str | Sequence[str], hypotheses: str | Sequence[str]) -> ErrorCounts:
    """Word errors summed over a corpus of texts, or of one text.

    >>> word_errors(["one two", "six"], ["one two", ""]).line("WER")
    '%WER 33.33 [1 / 3, 0 ins, 1 del, 0 sub]'
    """
    pairs = _pairs(references, hypotheses)
    return sum((count_errors(split_words(r), split_words(h)) for r, h in pairs), ErrorCounts())


def character_errors(references: str | Sequence[str], hypotheses: str | Sequence[str]) -> ErrorCounts:
    """Character errors summed over a corpus of texts, or of one text; spaces are characters.

    >>> character_errors("seven", "eleven").line("CER")
    '%CER 40.00 [2 / 5, 1 ins, 0 del, 1 sub]'
    """
    pairs = _pairs(references, hypotheses)
    return sum((count_errors(split_characters(r), split_characters(h)) for r, h in pairs), ErrorCounts())


def word_error_rate(references: str | Sequence[str], hypotheses: str | Sequence[str]) -> float:
    """Word errors of all texts over words of all references: a fraction, 1.0 for 100 %. Equals `jiwer.wer`.

    >>> word_error_rate(["one two", "six six"], ["one two", "six"])
    0.25
    """
    return word_errors(references, hypotheses).rate


def character_error_rate(references: str | Sequence[str], hypotheses: str | Sequence[str]) -> float:
    """Character errors of all texts over characters of all references: a fraction. Equals `jiwer.cer`.

    >>> character_error_rate("nine", "fine")
    0.25
    """
    return character_errors(references, hypotheses).rate


def _pairs(references: str | Sequence[str], hypotheses: str | Sequence[str]) -> list[tuple[str, str]]:
    said = [references] if isinstance(references, str) else list(references)
    heard = [hypotheses] if isinstance(hypotheses, str) else list(hypotheses)
    if len(said) != len(heard):
        raise DataError(f"There are {len(said)} references but {len(heard)} hypotheses. Give one for each.")
    return list(zip(said, heard, strict=True))
