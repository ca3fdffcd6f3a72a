"""A folder of one's own: its three kinds of transcript, its splits, and what is refused."""

from pathlib import Path

import pytest

from rnnaudio.data import Manifest
from rnnaudio.data.corpora import folder, split_by_speaker
from rnnaudio.errors import DataError


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_a_folder_with_a_transcript_beside_each_file(tmp_path, sound):
    for name in ("bob/one.wav", "bob/sub/two.ogg", "eve/three.flac"):
        write(sound(tmp_path / name, rate=16000).with_suffix(".txt"), f"{Path(name).stem}\n times ")
    (tmp_path / "eve" / "three.txt").unlink()
    train = folder(tmp_path, valid=0, test=0, speaker=lambda path: path.parts[0])["train"]
    assert [(one.id, one.text, one.speaker, one.label) for one in train] == [
        ("bob/one", "one times", "bob", None),
        ("bob/sub/two", "two times", "bob", None),
        ("eve/three", None, "eve", None),
    ]


def test_a_folder_of_classes_in_named_splits(tmp_path, sound):
    for name in ("train/dog/1.wav", "train/cat/1.wav", "dev/dog/2.wav", "test/cat/3.wav", "test/.hidden.wav"):
        sound(tmp_path / name)
    corpus = folder(tmp_path)
    assert {split: [(one.id, one.label) for one in manifest] for split, manifest in corpus.splits.items()} == {
        "valid": [("dev/dog/2", "dog")],
        "test": [("test/cat/3", "cat")],
        "train": [("train/cat/1", "cat"), ("train/dog/1", "dog")],
    }


@pytest.mark.parametrize(
    ("name", "comma"), [("transcripts.csv", ","), ("transcripts.tsv", "\t"), ("metadata.csv", ",")]
)
def test_a_folder_with_a_table(tmp_path, name, comma):
    rows = [
        ["File", "Sentence", "speaker", "split"],
        ["a/1.wav", " hello ", "ann", "train"],
        ["2.wav", "", "", "dev"],
    ]
    write(tmp_path / name, "\ufeff" + "\n".join(comma.join(row) for row in rows))
    corpus = folder(tmp_path)
    hello, empty = corpus["train"][0], corpus["valid"][0]
    assert (hello.id, hello.text, hello.speaker, hello.audio) == (
        "a/1",
        "hello",
        "ann",
        (tmp_path / "a" / "1.wav",),
    )
    assert (empty.id, empty.text, empty.speaker) == ("2", "", None)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("", "transcripts.csv:1: there is no column audio, only nothing"),
        ("name,text\na,b", "transcripts.csv:1: there is no column audio, only name, text"),
        ("audio,text\n,b", "transcripts.csv:2: audio is empty"),
        ("audio,split\na.wav,trian", "transcripts.csv:2: trian is not a split"),
    ],
)
def test_a_table_that_cannot_be_read_names_the_line(tmp_path, table, words):
    write(tmp_path / "transcripts.csv", table)
    with pytest.raises(DataError, match=words):
        folder(tmp_path)


def test_a_folder_without_sound_is_named(tmp_path):
    with pytest.raises(DataError, match="holds no sound files"):
        folder(tmp_path)
    with pytest.raises(DataError, match="none is not a folder"):
        folder(tmp_path / "none")


def test_nobody_moves_when_others_are_added(tmp_path, sound):
    for number in range(60):
        sound(tmp_path / f"speaker{number}" / "a.wav")
    everybody = folder(tmp_path, valid=0, test=0, speaker=lambda path: path.parts[0])["train"]
    few = Manifest(everybody.utterances[::3])
    sides = {one.id: side for side, manifest in split_by_speaker(everybody, 0.3, 0.3).items() for one in manifest}
    assert set(sides.values()) == {"train", "valid", "test"}
    assert all(sides[one.id] == side for side, manifest in split_by_speaker(few, 0.3, 0.3).items() for one in manifest)
