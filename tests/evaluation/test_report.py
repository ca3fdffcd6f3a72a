"""The speech report: figures that agree with each other in all its forms, for any text."""

import html.parser
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnaudio.errors import DataError
from rnnaudio.evaluation import Answer, align, evaluate_transcripts, word_error_rate
from rnnaudio.evaluation.aligned import aligned_text
from rnnaudio.evaluation.tables import matrix

ANSWERS = (
    Answer("u1", "one two three", "one two three", speaker="ava", seconds=2.0, wall=0.1),
    Answer("u2", "six", "sex", speaker="bo", seconds=1.0, wall=0.1),
    Answer("u3", "four nine nine", "for nine", speaker="bo", seconds=1.0, wall=0.2),
    Answer("u4", "", "zero", speaker="ava", seconds=1.0, wall=0.1),
)
nasty = st.text('ab|<>&"`\n\\ é中\u200b', max_size=12)
answers = st.lists(st.builds(Answer, nasty, nasty, nasty, st.none() | nasty), min_size=1, max_size=5)


class Tags(html.parser.HTMLParser):
    """Reads a page and holds on to its open elements, its text and its tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_figures():
    report = evaluate_transcripts(ANSWERS)
    assert report.word_error_rate == 4 / 7
    assert (report.words.substitutions, report.words.deletions, report.words.insertions) == (2, 1, 1)
    assert (report.right, report.accuracy) == (1, 0.25)
    assert (report.seconds, report.real_time_factor) == (5.0, pytest.approx(0.1))
    assert report.word_interval.low <= report.word_error_rate <= report.word_interval.high
    assert [answer.id for answer in report.wrong] == ["u3", "u2", "u4"]


def test_the_short_form():
    lines = str(evaluate_transcripts(ANSWERS)).splitlines()
    assert lines[0].startswith("%WER 57.14 [4 / 7, 1 ins, 1 del, 2 sub], 95 % interval ")
    assert lines[1].startswith("%CER 36.67 [11 / 30, ")
    assert lines[2] == "1 of 4 utterances right to the last word (25.00%), real-time factor 0.1"
    assert str(evaluate_transcripts(ANSWERS[:1])).splitlines()[0] == "%WER 0.00 [0 / 3, 0 ins, 0 del, 0 sub]"


def test_groups_share_out_all_errors():
    report = evaluate_transcripts(ANSWERS)
    assert [(g.name, g.utterances, g.right) for g in report.speakers] == [("bo", 2, 0), ("ava", 2, 1)]
    assert [(g.name, g.utterances) for g in report.lengths] == [("0", 1), ("1", 1), ("3", 2)]
    for groups in (report.speakers, report.lengths):
        assert sum(group.words.errors for group in groups) == report.words.errors
        assert sum(group.characters.errors for group in groups) == report.characters.errors


def test_answers_without_a_speaker_stay_out_of_the_speaker_table():
    report = evaluate_transcripts([Answer("1", "one", "one"), Answer("2", "two", "too", speaker="ava")])
    assert [group.name for group in report.speakers] == ["ava"]
    assert report.seconds is None
    assert report.real_time_factor is None


def test_confusions_are_ranked_and_the_matrix_counts_them():
    report = evaluate_transcripts([Answer("1", "a b a", "b b b"), Answer("2", "a", ""), Answer("3", "", "c")])
    found = [(c.reference, c.hypothesis, c.count) for c in report.confusions]
    assert found == [("a", "b", 2), ("a", "", 1), ("", "c", 1)]
    grid = matrix(report.answers)
    assert grid.said == ("a", "b", "c", "")
    assert grid.counts == ((0, 2, 0, 1), (0, 1, 0, 0), (0, 0, 0, 0), (0, 0, 1, 0))
    assert matrix([Answer("1", " ".join(map(str, range(17))), "")]) is None
    assert matrix([Answer("1", "", "")]) is None


def test_speakers_can_be_resampled():
    by_speaker = evaluate_transcripts(ANSWERS, resample="speakers")
    assert by_speaker.word_interval != evaluate_transcripts(ANSWERS).word_interval
    assert "random draws of speakers" in by_speaker.markdown()
    with pytest.raises(DataError, match="u5 has none"):
        evaluate_transcripts([*ANSWERS, Answer("u5", "", "")], resample="speakers")


def test_an_empty_test_set_is_refused():
    with pytest.raises(DataError, match="nothing to evaluate"):
        evaluate_transcripts([])


@given(answers)
def test_json_holds_every_answer_and_the_same_figures(answers):
    report = evaluate_transcripts(answers, draws=10)
    read = json.loads(report.json())
    again = [Answer(a["id"], a["reference"], a["hypothesis"], a["speaker"]) for a in read["answers"]]
    assert again == answers
    assert read["wer"]["rate"] == report.word_error_rate
    assert sum(c["count"] for c in read["confusions"]) == read["wer"]["errors"] == report.words.errors


@given(answers, nasty)
def test_html_is_well_formed_and_self_contained_whatever_was_said(answers, title):
    page = evaluate_transcripts(answers, title=title, details={title: title}, draws=10).html()
    tags = Tags(page)
    assert tags.open == []
    assert not {"script", "link", "img", "b>", "iframe"} & set(tags.seen)
    assert "http" not in page
    assert title in tags.text
    for answer in answers:
        if not answer.right:
            assert all(word in tags.text for word in answer.reference.split())


@given(answers, nasty)
def test_markdown_tables_keep_their_columns_whatever_was_said(answers, title):
    page = evaluate_transcripts(answers, title=title, details={title: title}, draws=10).markdown()
    rows, inside = [], ""
    for line in page.splitlines():
        fence = line if set(line) == {"`"} and len(line) >= 3 else ""
        if fence and not inside:
            inside = fence
        elif inside and fence == inside:
            inside = ""
        elif line.startswith("| ") and not inside:
            rows.append(line.replace("\\\\", "").replace("\\|", "").count("|"))
    assert not inside
    assert set(rows) <= {3, 5, 10}


def test_aligned_text_keeps_wide_letters_in_line():
    text = aligned_text(align(["你好", "世界", "six"], ["你好", "six", "six"]))
    assert text == "said   你好  世界  six\nheard  你好  six   six\n             S"
    assert aligned_text(align(["a"], ["a"])) == "said   a\nheard  a"
    assert aligned_text(()) == "said\nheard"


def test_long_reports_point_to_the_file_with_all():
    many = [Answer(f"{i}", f"said{i}", f"heard{i}", speaker=f"speaker{i}") for i in range(300)]
    report = evaluate_transcripts(many, draws=10)
    assert "100 utterances more in report.json" in report.html()
    assert "250 utterances more in `report.json`" in report.markdown()
    assert "250 groups more in" in report.html()
    assert len(json.loads(report.json())["answers"]) == 300


def test_save_writes_three_files_and_nothing_else(tmp_path):
    report = evaluate_transcripts(ANSWERS)
    report.save(tmp_path / "new" / "folder")
    report.save(tmp_path / "new" / "folder")
    files = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "new" / "folder").iterdir()}
    assert files == {
        "report.md": report.markdown(),
        "report.html": report.html(),
        "report.json": report.json(),
    }


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DataError, match=r"cannot be saved in .*taken"):
        evaluate_transcripts(ANSWERS).save(tmp_path / "taken")


def test_a_full_disk_leaves_the_old_report(tmp_path, monkeypatch):
    old = evaluate_transcripts(ANSWERS[:2])
    old.save(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(DataError, match="No space left on device"):
        evaluate_transcripts(ANSWERS).save(tmp_path)
    assert (tmp_path / "report.json").read_text(encoding="utf-8") == old.json()
    assert len(list(tmp_path.iterdir())) == 3


def test_large_test_sets_are_fast():
    digits = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    said = [" ".join(digits[i * k % 10] for k in range(8)) for i in range(2000)]
    heard = [" ".join(digits[i * k % 9] for k in range(7)) for i in range(2000)]
    many = [Answer(str(i), *texts) for i, texts in enumerate(zip(said, heard, strict=True))]
    report = evaluate_transcripts(many, draws=100)
    assert report.word_error_rate == word_error_rate(said, heard)
