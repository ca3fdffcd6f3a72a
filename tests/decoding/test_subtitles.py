"""Subtitles: what players accept, at any length and with any text."""

import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnaudio.decoding import Transcript, Word, cues, to_json, to_srt, to_tsv, to_vtt
from rnnaudio.errors import DataError

CLOCK = r"(\d{2,}):([0-5]\d):([0-5]\d)[,.](\d{3})"


def spoken(*words: tuple[str, float, float], file: str | None = None, seconds: float = 60.0) -> Transcript:
    text = " ".join(word for word, _, _ in words)
    return Transcript(text, tuple(Word(*word, confidence=0.9) for word in words), 0.9, seconds, file)


@st.composite
def transcripts(draw):
    """Words in order, with gaps of any length."""
    time, words = 0.0, []
    for text in draw(st.lists(st.text("ab<>&é中-", min_size=1, max_size=50), max_size=12)):
        start = time + draw(st.floats(0, 5))
        time = start + draw(st.floats(0.01, 3))
        words.append((text, start, time))
    return spoken(*words, seconds=time + draw(st.floats(0, 5)))


@given(transcripts())
def test_cues_hold_every_word_once_in_order_without_overlap(transcript):
    shown = cues(transcript)
    assert " ".join(cue.text for cue in shown) == transcript.text
    borders = [time for cue in shown for time in (cue.start, cue.end)]
    assert borders == sorted(borders)
    assert all(len(cue.text) <= 42 or " " not in cue.text for cue in shown)


@given(transcripts())
def test_the_clock_of_srt_reads_back(transcript):
    clocks = [
        int(h) * 3600 + int(m) * 60 + int(s) + int(ms) / 1000 for h, m, s, ms in re.findall(CLOCK, to_srt(transcript))
    ]
    expected = [time for cue in cues(transcript) for time in (cue.start, cue.end)]
    assert clocks == pytest.approx(expected, abs=0.00051)


def test_cues_part_at_pauses_and_before_they_grow_long():
    pause = spoken(("one", 0, 0.5), ("two", 0.6, 1), ("three", 3, 3.5))
    assert [cue.text for cue in cues(pause)] == ["one two", "three"]
    crowd = spoken(*[("word", i * 0.3, i * 0.3 + 0.3) for i in range(20)])
    assert [len(cue.text) for cue in cues(crowd)] == [39, 39, 19]
    slow = spoken(*[("so", i * 1.5, i * 1.5 + 1.0) for i in range(6)])
    assert [(cue.text, cue.end - cue.start) for cue in cues(slow)] == [("so so so so", 5.5), ("so so", 2.5)]


def test_a_short_cue_stays_a_second_where_there_is_room():
    first, second, last = cues(spoken(("a", 0, 0.2), ("b", 5, 5.2), ("c", 59.5, 59.6)))
    assert (first.end, second.end, last.end) == (1.0, 6.0, 60.0)


def test_a_text_without_times_is_one_cue_and_silence_none():
    assert [(c.text, c.start, c.end) for c in cues(Transcript("hi", (), 1.0, 2.0))] == [("hi", 0.0, 2.0)]
    silence = Transcript("", (), 1.0, 2.0)
    assert (to_srt(silence), to_vtt(silence)) == ("", "WEBVTT\n")


def test_srt_numbers_go_on_over_recordings():
    both = to_srt([spoken(("one", 0, 1)), spoken(("two", 59.9996, 60))])
    assert both == "1\n00:00:00,000 --> 00:00:01,000\none\n\n2\n00:01:00,000 --> 00:01:00,000\ntwo\n"


def test_vtt_escapes_and_names_files():
    page = to_vtt(spoken(("<b>&-->", 3600, 3601.5), file="a-->b.wav", seconds=4000))
    assert page == ("WEBVTT\n\nNOTE a--&gt;b.wav\n\n01:00:00.000 --> 01:00:01.500\n&lt;b&gt;&amp;--&gt;\n")


def test_tsv_reads_back_with_any_file_name():
    page = to_tsv([spoken(("six", 0.25, 0.5), file='tab\tand "quote".wav'), spoken(("two", 1, 2))])
    rows = list(csv.reader(io.StringIO(page), delimiter="\t"))
    assert rows == [
        ["file", "start", "end", "text", "confidence"],
        ['tab\tand "quote".wav', "0.250", "0.500", "six", "0.9000"],
        ["", "1.000", "2.000", "two", "0.9000"],
    ]


@given(st.lists(transcripts(), max_size=3))
def test_json_is_one_object_for_each_recording_in_order(answers):
    objects = json.loads(to_json(answers))
    assert [o["text"] for o in objects] == [answer.text for answer in answers]
    for found in objects:
        assert list(found) == ["file", "text", "confidence", "words"]
        assert all(list(word) == ["text", "start", "end", "confidence"] for word in found["words"])


def test_json_keeps_what_people_write_and_milliseconds():
    page = to_json(spoken(("中文", 1 / 3, 2 / 3), file="録音.wav"))
    assert '{"text": "中文", "start": 0.333, "end": 0.667, "confidence": 0.9}' in page
    assert json.loads(to_json([])) == []


@pytest.mark.parametrize("write", [to_vtt, to_tsv, to_json])
def test_a_file_name_that_is_no_utf8_can_still_be_written(write):
    page = write(spoken(("six", 0, 1), file=b"caf\xe9.wav".decode("utf-8", "surrogateescape")))
    assert b"caf" in page.encode("utf-8")


@pytest.mark.parametrize("time", [-1.0, float("nan"), float("inf")])
def test_a_time_that_cannot_be_shown_is_one_line(time):
    with pytest.raises(DataError, match="is not a time that subtitles can show"):
        to_srt(spoken(("six", time, time), seconds=0.0))
