"""Manifests: what is read, what is refused and in which words, and that writing and reading agree."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnaudio.data import Manifest, Utterance, load_samples, read_manifest, write_manifest
from rnnaudio.errors import AudioError, DataError, ManifestError, RnnaudioError

names = st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1, max_size=8).filter(
    lambda name: name.strip(". ") != ""
)
seconds = st.floats(min_value=0.01, max_value=1e4)


@st.composite
def utterances(draw):
    paths = st.lists(names, min_size=1, max_size=3).map(lambda parts: Path("/somewhere", *parts))
    audio = tuple(draw(st.lists(paths, min_size=1, max_size=3)))
    gaps = draw(st.none() | st.lists(st.floats(0, 9), min_size=len(audio) + 1, max_size=len(audio) + 1))
    texts = st.none() | st.text(st.characters(codec="utf-8"))
    return Utterance(
        id=draw(names.filter(lambda name: name.splitlines() == [name])),
        audio=audio,
        gaps=tuple(gaps or ()),
        text=draw(texts),
        seconds=draw(st.none() | seconds),
        speaker=draw(texts),
        label=draw(texts),
        source=draw(texts) or "",
    )


def resolved(utterance):
    return replace(utterance, audio=tuple(Path(os.path.abspath(path)) for path in utterance.audio))


@given(manifest=st.lists(utterances(), max_size=4, unique_by=lambda utterance: utterance.id))
def test_what_is_written_is_read(manifest, tmp_path_factory):
    path = write_manifest(tmp_path_factory.mktemp("round") / "deep" / "train.jsonl", manifest)
    assert [resolved(utterance) for utterance in read_manifest(path)] == manifest


keys = st.sampled_from(["id", "audio", "gaps", "text", "seconds", "speaker", "label", "source", "sec"])
values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
)


@given(line=st.binary(max_size=40) | values.map(lambda value: json.dumps(value).encode()))
def test_no_line_does_more_than_be_refused(line, tmp_path_factory):
    path = tmp_path_factory.mktemp("junk") / "train.jsonl"
    path.write_bytes(line)
    try:
        read_manifest(path)
    except ManifestError as error:
        words = str(error)
    else:
        return
    assert words.startswith(f"{path}:")
    assert "\n" not in words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"audio": "a.wav", "txt": "one"}', '"txt" is not a key of a manifest. Did you mean text?'),
        ('{"audio": "a.wav", "xyz": "one"}', '"xyz" is not a key of a manifest. Known keys: id, audio,'),
        ('{"audio": "a.wav"', "not JSON"),
        ('{"audio": "a.wav", "audio": "b.wav"}', '"audio" is given twice'),
        ('["a.wav"]', "not an object"),
        ('{"text": "one"}', "audio must be a path or a list of paths"),
        ('{"audio": []}', "audio must be a path"),
        ('{"audio": ["a.wav", 3]}', "audio must be a path"),
        ('{"audio": "a\\u0000.wav"}', "audio must be a path"),
        ('{"audio": "a.wav", "text": 7}', "text must be a string, not 7"),
        ('{"audio": "a.wav", "seconds": "1"}', 'seconds must be a number of seconds, not "1"'),
        ('{"audio": "a.wav", "seconds": true}', "seconds must be a number of seconds, not true"),
        ('{"audio": "a.wav", "seconds": NaN}', "seconds must be a number of seconds, not NaN"),
        ('{"audio": "a.wav", "seconds": -1}', "a is -1.0 seconds long"),
        ('{"audio": ["a.wav", "b.wav"], "gaps": [0.1]}', "a+b has 1 gaps for 2 pieces. Give 3"),
        ('{"audio": "a.wav", "gaps": [0, -1]}', "a has a gap of -1.0 seconds"),
        ('{"audio": "a.wav", "gaps": 1}', "gaps must be a list"),
        ('{"audio": "a.wav", "id": ""}', "id '' is not a name in one line"),
        ('{"audio": "a.wav", "id": "a\\nb"}', r"id 'a\nb' is not a name in one line"),
        ('{"audio": "z.wav", "id": "first"}', "id first is taken by"),
    ],
)
def test_a_broken_line_is_named(line, words, tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text(f'\n{{"audio": "b.wav", "id": "first"}}\n\n{line}\n')
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    assert str(caught.value).startswith(f"{path}:4: {words}")


def test_a_missing_manifest_is_named(tmp_path):
    with pytest.raises(ManifestError, match=r"none\.jsonl cannot be read: No such file"):
        read_manifest(tmp_path / "none.jsonl")


def test_a_manifest_that_is_not_utf8_names_the_line(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_bytes(b'{"audio": "a.wav"}\n{"audio": "b.wav", "text": "caf\xe9"}\n')
    with pytest.raises(ManifestError, match=r":2: not UTF-8"):
        read_manifest(path)


def test_other_editors_line_ends_and_marks_are_read(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"audio": "a.wav", "text": null}\r\n{"audio": "b.wav"}\r\n')
    assert [utterance.id for utterance in read_manifest(path)] == ["a", "b"]


def test_a_file_name_that_is_not_utf8_survives(tmp_path):
    audio = tmp_path / os.fsdecode(b"caf\xe9.wav")
    path = write_manifest(tmp_path / "train.jsonl", [Utterance("a", (audio,))])
    assert read_manifest(path)[0].audio == (audio,)


def test_paths_lead_out_of_a_linked_folder(tmp_path, sound):
    audio = sound(tmp_path / "audio" / "a.wav")
    (tmp_path / "far" / "lists").mkdir(parents=True)
    (tmp_path / "lists").symlink_to(tmp_path / "far" / "lists")
    path = write_manifest(tmp_path / "lists" / "train.jsonl", [Utterance("a", (audio,))])
    assert read_manifest(path)[0].audio[0].samefile(audio)


def test_a_moved_folder_keeps_its_manifest(tmp_path, sound):
    audio = sound(tmp_path / "old" / "audio" / "a.wav")
    write_manifest(tmp_path / "old" / "train.jsonl", [Utterance("a", (audio,))])
    (tmp_path / "old").rename(tmp_path / "new")
    assert read_manifest(tmp_path / "new" / "train.jsonl")[0].audio[0].exists()


def test_a_manifest_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "train.jsonl").mkdir()
    with pytest.raises(ManifestError, match=r"train\.jsonl cannot be written"):
        write_manifest(tmp_path / "train.jsonl", [Utterance("a", (Path("a.wav"),))])
    assert os.listdir(tmp_path) == ["train.jsonl"]


def test_lengths_are_measured_with_their_gaps(tmp_path, sound):
    pieces = sound(tmp_path / "a.wav", 0.5), sound(tmp_path / "b.flac", 0.25, 16000)
    manifest = Manifest((Utterance("a+b", pieces, (0.1, 0.0, 0.2)), Utterance("b", pieces[1:], seconds=9.0)))
    with pytest.raises(DataError, match="1 of 2 lengths are unknown"):
        _ = manifest.seconds
    assert [utterance.seconds for utterance in manifest.measured()] == pytest.approx([1.05, 9.0])
    assert manifest.measured().seconds == pytest.approx(10.05)


def test_samples_are_the_pieces_with_silence_between(tmp_path, sound):
    one, two = sound(tmp_path / "a.wav", 0.5), sound(tmp_path / "b.wav", 0.25)
    samples = load_samples(Utterance("x", (one, two), (0.1, 0.2, 0.3)), 8000)
    alone = [load_samples(Utterance("x", (path,)), 8000) for path in (one, two)]
    silence = [torch.zeros(count) for count in (800, 1600, 2400)]
    assert torch.equal(samples, torch.cat([silence[0], alone[0], silence[1], alone[1], silence[2]]))
    assert load_samples(Utterance("x", (one,)), 16000).shape == (8000,)


def test_a_missing_piece_is_named(tmp_path):
    with pytest.raises(AudioError, match=r"none\.wav"):
        load_samples(Utterance("x", (tmp_path / "none.wav",)), 8000)


def test_filter_keeps_the_lines_and_merge_refuses_the_same_id(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text('{"audio": "a.wav"}\n\n{"audio": "b.wav", "speaker": "bob"}\n')
    manifest = read_manifest(path)
    kept = manifest.filter(lambda utterance: utterance.id == "b")
    assert kept.where(0) == f"{path}:3"
    assert kept.speakers == ("bob",)
    with pytest.raises(RnnaudioError, match="id b is taken"):
        manifest.merge(kept)
