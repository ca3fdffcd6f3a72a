"""The report on a speech recogniser: three lines to read, a page to study, a file to compute with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rnnaudio.errors import DataError
from rnnaudio.evaluation._html import speech_html
from rnnaudio.evaluation._json import speech_json
from rnnaudio.evaluation._markdown import speech_markdown
from rnnaudio.evaluation._save import save_files
from rnnaudio.evaluation.answers import Answer
from rnnaudio.evaluation.bootstrap import Interval, error_interval, share_interval
from rnnaudio.evaluation.errors import ErrorCounts
from rnnaudio.evaluation.tables import Confusion, Group, by_length, by_speaker, confusions, total

Unit = Literal["utterances", "speakers"]


@dataclass(frozen=True)
class SpeechReport:
    """How well answers match what was said, as `evaluate_transcripts` makes it. Rates are fractions.

    `words` and `characters` count the errors of the corpus; their 95 % intervals draw `resampled` again and
    are None where there is only one. `speakers` and `lengths` break the errors down, `confusions` ranks
    them, and `details` (command, commit, hardware…) are printed as given.
    """

    title: str
    answers: tuple[Answer, ...] = field(repr=False)
    words: ErrorCounts
    characters: ErrorCounts
    right: int
    word_interval: Interval | None
    character_interval: Interval | None
    resampled: Unit
    speakers: tuple[Group, ...] = field(repr=False)
    lengths: tuple[Group, ...] = field(repr=False)
    confusions: tuple[Confusion, ...] = field(repr=False)
    details: tuple[tuple[str, str], ...] = ()

    @property
    def word_error_rate(self) -> float:
        """Word errors per word of the references, a fraction."""
        return self.words.rate

    @property
    def character_error_rate(self) -> float:
        """Character errors per character of the references, a fraction."""
        return self.characters.rate

    @property
    def accuracy(self) -> float:
        """The share of utterances that are right to the last word."""
        return self.right / len(self.answers)

    @property
    def accuracy_interval(self) -> Interval:
        """A 95 % interval for `accuracy`."""
        return share_interval(self.right, len(self.answers))

    @property
    def seconds(self) -> float | None:
        """The length of all recordings, None where one is unknown."""
        return _sum([answer.seconds for answer in self.answers])

    @property
    def real_time_factor(self) -> float | None:
        """Time to transcribe over the length of the recordings, None where unknown."""
        wall, seconds = _sum([answer.wall for answer in self.answers]), self.seconds
        return wall / seconds if wall is not None and seconds else None

    @property
    def wrong(self) -> tuple[Answer, ...]:
        """The answers with an error, most word errors first."""
        return tuple(sorted((a for a in self.answers if not a.right), key=lambda a: (-a.words.errors, a.id)))

    def __str__(self) -> str:
        lines = [
            self.words.line("WER") + (f", 95 % interval {self.word_interval}" if self.word_interval else ""),
            self.characters.line("CER")
            + (f", 95 % interval {self.character_interval}" if self.character_interval else ""),
            f"{self.right} of {len(self.answers)} utterances right to the last word ({self.accuracy:.2%})",
        ]
        if self.real_time_factor is not None:
            lines[-1] += f", real-time factor {self.real_time_factor:.3g}"
        return "\n".join(lines)

    def markdown(self) -> str:
        """The report as Markdown."""
        return speech_markdown(self)

    def html(self) -> str:
        """The report as one page of HTML that needs no other file."""
        return speech_html(self)

    def json(self) -> str:
        """The report as JSON, with every answer."""
        return speech_json(self)

    def save(self, folder: str | Path) -> None:
        """Write `report.md`, `report.html` and `report.json` into a folder, made where it is missing.

        Each file is written beside and renamed. Raises `DataError` where that is not possible.
        """
        pages = {"report.md": self.markdown(), "report.html": self.html(), "report.json": self.json()}
        save_files(folder, pages)


def evaluate_transcripts(
    answers: Iterable[Answer],
    title: str = "Speech recognition",
    details: Mapping[str, str] | None = None,
    resample: Unit = "utterances",
    draws: int = 1000,
    seed: int = 0,
) -> SpeechReport:
    """Compare hypotheses to references and sum up.

    `resample` says what the 95 % bootstrap intervals draw again: utterances, or whole speakers where each
    answer has one. Raises `DataError` for no answers, and for resampling speakers that are unknown.

    >>> report = evaluate_transcripts([Answer("1", "one two", "one two"), Answer("2", "four", "five")])
    >>> print(report)
    %WER 33.33 [1 / 3, 0 ins, 0 del, 1 sub], 95 % interval 0.00 to 100.00 %
    %CER 27.27 [3 / 11, 0 ins, 0 del, 3 sub], 95 % interval 0.00 to 75.00 %
    1 of 2 utterances right to the last word (50.00%)
    """
    listed = tuple(answers)
    if not listed:
        raise DataError("There is nothing to evaluate: the test set is empty.")
    if resample == "speakers" and (unknown := [answer.id for answer in listed if answer.speaker is None]):
        raise DataError(f"Speakers cannot be resampled: {unknown[0]} has none. Resample utterances.")
    groups = [answer.speaker for answer in listed] if resample == "speakers" else None

    def interval(counts: list[ErrorCounts]) -> Interval | None:
        errors, references = [count.errors for count in counts], [count.reference for count in counts]
        return error_interval(errors, references, groups, draws=draws, seed=seed)

    everything = total(title, listed)
    return SpeechReport(
        title=title,
        answers=listed,
        words=everything.words,
        characters=everything.characters,
        right=everything.right,
        word_interval=interval([answer.words for answer in listed]),
        character_interval=interval([answer.characters for answer in listed]),
        resampled=resample,
        speakers=by_speaker(listed),
        lengths=by_length(listed),
        confusions=confusions(listed),
        details=tuple((str(name), str(value)) for name, value in (details or {}).items()),
    )


def _sum(values: list[float | None]) -> float | None:
    """The sum, None where a value is."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
