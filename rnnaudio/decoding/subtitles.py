"""Transcripts as files that players, spreadsheets and programs read: SRT, WebVTT, TSV and JSON."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rnnaudio.decoding.results import Transcript, Word
from rnnaudio.errors import DataError

_MILLISECOND = 3  # digits after the point of a second: no decoder knows more


@dataclass(frozen=True)
class Cue:
    """A few words that are shown together, from `start` to `end` in seconds."""

    text: str
    start: float
    end: float


def cues(
    transcript: Transcript, characters: int = 42, seconds: float = 6.0, pause: float = 0.8, least: float = 1.0
) -> tuple[Cue, ...]:
    """Cut a transcript into cues at each pause and before a cue grows too long to read.

    A cue has at most `characters` (one line on a screen; a longer word stands alone) and `seconds`; it
    stays for `least` seconds where the next cue and the end of the recording leave room. A text without
    word times is one cue.

    >>> words = tuple(Word(text, i, i + 0.5, 1.0) for i, text in enumerate("one two three four".split()))
    >>> for cue in cues(Transcript("one two three four", words, 1.0, 4.0), characters=9):
    ...     print(cue)
    Cue(text='one two', start=0, end=1.5)
    Cue(text='three', start=2, end=3.0)
    Cue(text='four', start=3, end=4.0)
    """
    if not transcript.words:
        return (Cue(transcript.text, 0.0, transcript.seconds),) if transcript.text else ()
    groups: list[list[Word]] = []
    for word in transcript.words:
        if groups and _fits(groups[-1], word, characters, seconds, pause):
            groups[-1].append(word)
        else:
            groups.append([word])
    limits = [group[0].start for group in groups[1:]] + [transcript.seconds]
    return tuple(
        Cue(
            " ".join(word.text for word in group),
            group[0].start,
            max(group[-1].end, min(group[0].start + least, limit)),
        )
        for group, limit in zip(groups, limits, strict=True)
    )


def _fits(group: list[Word], word: Word, characters: int, seconds: float, pause: float) -> bool:
    length = sum(len(member.text) + 1 for member in group) + len(word.text)
    return length <= characters and word.end - group[0].start <= seconds and word.start - group[-1].end < pause


def to_srt(transcripts: Transcript | Iterable[Transcript]) -> str:
    """SubRip subtitles. Several recordings follow each other with their own times: better one file for each.

    >>> print(to_srt(Transcript("six", (Word("six", 0.2, 0.6, 1.0),), 1.0, 1.5)))
    1
    00:00:00,200 --> 00:00:01,200
    six
    <BLANKLINE>
    """
    shown = (cue for transcript in _several(transcripts) for cue in cues(transcript))
    blocks = [
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{cue.text}\n"
        for number, cue in enumerate(shown, start=1)
    ]
    return "\n".join(blocks)


def to_vtt(transcripts: Transcript | Iterable[Transcript]) -> str:
    """WebVTT subtitles; a note names each file. Source: W3C WebVTT.

    >>> print(to_vtt(Transcript("six", (Word("six", 0.2, 0.6, 1.0),), 1.0, 1.5)))
    WEBVTT
    <BLANKLINE>
    00:00:00.200 --> 00:00:01.200
    six
    <BLANKLINE>
    """
    blocks = ["WEBVTT\n"]
    for transcript in _several(transcripts):
        if transcript.file is not None:
            blocks.append(f"NOTE {_vtt_text(_printable(transcript.file))}\n")
        blocks += [
            f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{_vtt_text(cue.text)}\n" for cue in cues(transcript)
        ]
    return "\n".join(blocks)


def to_tsv(transcripts: Transcript | Iterable[Transcript]) -> str:
    """One word a line with tabs between file, start, end (seconds), text and confidence, under a header.

    >>> print(to_tsv(Transcript("six", (Word("six", 0.2, 0.6, 0.98),), 0.98, 1.5, "a.wav")), end="")
    file    start   end     text    confidence
    a.wav   0.200   0.600   six     0.9800
    """
    page = io.StringIO()
    writer = csv.writer(page, delimiter="\t", lineterminator="\n")
    writer.writerow(["file", "start", "end", "text", "confidence"])
    for transcript in _several(transcripts):
        file = "" if transcript.file is None else _printable(transcript.file)
        for word in transcript.words:
            writer.writerow([file, f"{word.start:.3f}", f"{word.end:.3f}", word.text, f"{word.confidence:.4f}"])
    return page.getvalue()


def to_json(transcripts: Transcript | Iterable[Transcript]) -> str:
    """A list with one object a transcript, in order; times in seconds to the millisecond.

    >>> print(to_json(Transcript("six", (Word("six", 0.2, 0.6, 0.98),), 0.98, 1.5, "a.wav")), end="")
    [
      {
        "file": "a.wav",
        "text": "six",
        "confidence": 0.98,
        "words": [
          {"text": "six", "start": 0.2, "end": 0.6, "confidence": 0.98}
        ]
      }
    ]
    """
    answers = [_json_object(transcript) for transcript in _several(transcripts)]
    return "[\n" + ",\n".join(answers) + "\n]\n" if answers else "[]\n"


def _json_object(transcript: Transcript) -> str:
    """One transcript; words one a line, which `json.dumps` cannot do."""
    file = None if transcript.file is None else _printable(transcript.file)
    head = [
        f'    "file": {_json(file)}',
        f'    "text": {_json(transcript.text)}',
        f'    "confidence": {_json(round(transcript.confidence, 4))}',
    ]
    words = ",\n".join(
        "      "
        + _json(
            {
                "text": word.text,
                "start": round(word.start, _MILLISECOND),
                "end": round(word.end, _MILLISECOND),
                "confidence": round(word.confidence, 4),
            }
        )
        for word in transcript.words
    )
    head.append(f'    "words": [\n{words}\n    ]' if words else '    "words": []')
    return "  {\n" + ",\n".join(head) + "\n  }"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _several(transcripts: Transcript | Iterable[Transcript]) -> Iterator[Transcript]:
    yield from (transcripts,) if isinstance(transcripts, Transcript) else transcripts


def _clock(seconds: float, point: str) -> str:
    """Seconds as 01:02:03.456; rounded once, so that 59.9996 is the next minute."""
    if not 0 <= seconds < float("inf"):
        raise DataError(f"{seconds} s is not a time that subtitles can show.")
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{point}{milliseconds:03d}"


def _vtt_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", " ")


def _printable(file: str) -> str:
    """A file name with bytes that are no UTF-8 spelled out, so that it can be written as UTF-8."""
    return file.encode("utf-8", "backslashreplace").decode("utf-8")
