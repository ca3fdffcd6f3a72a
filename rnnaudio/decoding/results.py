"""What a recogniser answers: words with times and confidence."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """One word: `start` and `end` in seconds of the recording, `confidence` a probability from 0 to 1.

    >>> Word("seven", start=0.31, end=0.72, confidence=0.98).seconds
    0.41
    """

    text: str
    start: float
    end: float
    confidence: float

    @property
    def seconds(self) -> float:
        """How long the word lasts, to the microsecond."""
        return round(self.end - self.start, 6)


@dataclass(frozen=True)
class Transcript:
    """What was said in a recording of `seconds`, word by word; `file` names it where it came from a file.

    `confidence` is a probability from 0 to 1 that speaks for the whole text. An empty text is an answer
    too: nobody spoke.

    >>> str(Transcript("seven two", (), 0.97, 1.4))
    'seven two'
    """

    text: str
    words: tuple[Word, ...]
    confidence: float
    seconds: float
    file: str | None = None

    def __str__(self) -> str:
        return self.text
