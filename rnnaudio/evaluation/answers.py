"""One recording of a test set: what was said, what was understood, and where they part."""

from dataclasses import dataclass
from functools import cached_property

from rnnaudio.evaluation.errors import (
    Edit,
    ErrorCounts,
    align,
    count_errors,
    split_characters,
    split_words,
)


@dataclass(frozen=True)
class Answer:
    """What was said in a recording (`reference`) and what was understood (`hypothesis`).

    `seconds` is the length of the recording, `wall` the time it took to transcribe, in seconds too.

    >>> Answer("0001", reference="one two", hypothesis="one too").words.line("WER")
    '%WER 50.00 [1 / 2, 0 ins, 0 del, 1 sub]'
    """

    id: str
    reference: str
    hypothesis: str
    speaker: str | None = None
    seconds: float | None = None
    wall: float | None = None

    @cached_property
    def edits(self) -> tuple[Edit, ...]:
        """The alignment of the words."""
        return align(split_words(self.reference), split_words(self.hypothesis))

    @cached_property
    def words(self) -> ErrorCounts:
        """Word errors."""
        return count_errors(split_words(self.reference), split_words(self.hypothesis))

    @cached_property
    def characters(self) -> ErrorCounts:
        """Character errors."""
        return count_errors(split_characters(self.reference), split_characters(self.hypothesis))

    @property
    def right(self) -> bool:
        """Whether every word is right, and nothing else was heard."""
        return self.words.errors == 0
