"""Answers to reports: error rates with their uncertainty, tables of where the errors are, pages to look at.

`evaluate_transcripts` makes a `SpeechReport`; `word_error_rate` and `character_error_rate` are the bare
numbers.
"""

from rnnaudio.evaluation.answers import Answer
from rnnaudio.evaluation.errors import (
    Edit,
    ErrorCounts,
    align,
    character_error_rate,
    character_errors,
    word_error_rate,
    word_errors,
)
from rnnaudio.evaluation.report import SpeechReport, evaluate_transcripts

__all__ = [
    "Answer",
    "Edit",
    "ErrorCounts",
    "SpeechReport",
    "align",
    "character_error_rate",
    "character_errors",
    "evaluate_transcripts",
    "word_error_rate",
    "word_errors",
]
