"""The real corpora, where RNNAUDIO_DATA holds them: counts, splits, and a clean check."""

import pytest

from rnnaudio.data import check, load_samples
from rnnaudio.data.corpora import (
    DIGITS,
    an4,
    corpus_root,
    fsdd,
    leave_one_speaker_out,
    speech_commands,
    yesno,
)


def real(name):
    return pytest.mark.skipif(
        not corpus_root(name).is_dir(), reason=f"{name} is not in RNNAUDIO_DATA or the cache folder"
    )


def disjoint(corpus):
    speakers = [set(split.speakers) for split in corpus.splits.values()]
    return sum(map(len, speakers)) == len(set.union(*speakers))


@real("fsdd")
def test_fsdd():
    corpus = fsdd()
    people = corpus["train"].speakers
    assert (len(corpus["train"]), len(corpus["test"])) == (450 * len(people), 50 * len(people))
    assert {utterance.text for utterance in corpus["test"]} == set(DIGITS)
    assert [len(fold.test) for fold in leave_one_speaker_out(corpus)] == [500] * len(people)
    assert load_samples(corpus["train"][0], 16000).abs().max() > 0.01
    assert check(corpus.splits).ok


@real("an4")
def test_an4():
    corpus = an4()
    assert {name: len(split) for name, split in corpus.splits.items()} == {
        "train": 844,
        "valid": 104,
        "test": 130,
    }
    assert [len(split.speakers) for split in corpus.splits.values()] == [66, 8, 10]
    assert disjoint(corpus)
    texts = [utterance.text for utterance in corpus["test"]]
    assert sum(len(text.split()) for text in texts) == 773
    assert sum(map(len, texts)) == 2565
    assert check(corpus.splits).ok


@real("yesno")
def test_yesno():
    corpus = yesno()
    assert (len(corpus["train"]), len(corpus["test"])) == (30, 30)
    assert all(len(utterance.text.split()) == 8 for split in corpus.splits.values() for utterance in split)
    assert check(corpus.splits).ok


@real("speech_commands")
def test_speech_commands():
    corpus = speech_commands()
    assert disjoint(corpus)
    words = {utterance.text for split in corpus.splits.values() for utterance in split} - {None}
    assert set(DIGITS) < words
    assert len(words) == 35
