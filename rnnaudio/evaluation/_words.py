"""The words that every form of a report shares."""

from typing import TYPE_CHECKING

from rnnaudio.evaluation.bootstrap import Interval

if TYPE_CHECKING:
    from rnnaudio.evaluation.report import SpeechReport


def percent(rate: float) -> str:
    """A fraction in percent.

    >>> percent(0.0042)
    '0.42 %'
    """
    return f"{100 * rate:.2f} %"


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(75.2), duration(8.04), duration(7384)
    ('1 min 15 s', '8.0 s', '2 h 3 min')
    """
    if round(seconds) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def plural(count: int, thing: str) -> str:
    """A count and its thing.

    >>> plural(1, "error"), plural(1200, "word")
    ('1 error', '1,200 words')
    """
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def between(interval: Interval | None) -> str:
    """An interval in words."""
    return "too little for an interval" if interval is None else f"95 % interval {interval}"


def extent(report: "SpeechReport") -> str:
    """How large the test set is."""
    parts = [plural(len(report.answers), "utterance"), plural(report.words.reference, "word")]
    if report.speakers:
        parts.append(plural(len(report.speakers), "speaker"))
    if report.seconds is not None:
        parts.append(f"{duration(report.seconds)} of sound")
    return ", ".join(parts)


def method(report: "SpeechReport") -> str:
    """How the figures were made."""
    return (
        "WER and CER are the substitutions, deletions and insertions of the whole test set over the words or "
        "characters that were said. Their 95 % intervals are percentiles over random draws of "
        f"{report.resampled} with replacement; without a single error they end at the rate that shows none "
        "in as many words one time in twenty. The interval of utterances right is Wilson's."
    )
