"""Training items: made again from (epoch, index) alone, joined within a speaker, never too short for their text."""

import pickle

import pytest
import torch
from torch.testing import assert_close

from rnnaudio.data import Manifest, Utterance
from rnnaudio.data.dataset import JoinConfig, SpeechDataset, collate
from rnnaudio.errors import ConfigError, DataError
from rnnaudio.features import AugmentConfig, FeatureConfig, Frontend, write_audio
from rnnaudio.features.augment import Speed
from rnnaudio.text import Alphabet

ALPHABET = Alphabet(("one", "two"), "words")
FRONTEND = Frontend(FeatureConfig(rate=8000, bins=8))


@pytest.fixture
def manifest(tmp_path):
    made = []
    for number, (text, speaker) in enumerate([("one", "ann"), ("two", "ann"), ("one", "bob"), ("two", "bob")]):
        path = tmp_path / f"{number}.wav"
        write_audio(path, torch.randn(4000, generator=torch.manual_seed(number)) * 0.1, 8000)
        made.append(Utterance(str(number), (path,), text=text, speaker=speaker))
    return Manifest(tuple(made)).measured()


def test_an_item_follows_from_epoch_and_index_alone(manifest):
    strong, join = AugmentConfig.preset("strong"), JoinConfig(probability=0.5)
    first = SpeechDataset(manifest, FRONTEND, ALPHABET, strong, join, seed=3)
    there = pickle.loads(pickle.dumps(SpeechDataset(manifest, FRONTEND, ALPHABET, strong, join, seed=3)))
    list(map(first.__getitem__, [(0, 2), (5, 1)]))
    for key in [(0, 0), (4, 3), (9, 1)]:
        assert_close(first[key].frames, there[key].frames, rtol=0, atol=0)
        assert first[key].text == there[key].text
    assert not torch.equal(first[(0, 0)].frames[:3], first[(1, 0)].frames[:3])


def test_joined_recordings_are_of_one_speaker_and_keep_their_texts(manifest):
    always = SpeechDataset(manifest, FRONTEND, ALPHABET, join=JoinConfig(probability=1.0, most=3), seed=0)
    texts = [always[(epoch, index)].text.split() for epoch in range(10) for index in range(4)]
    assert {len(words) for words in texts} == {2, 3}
    item = always[(0, 0)]
    assert item.seconds > 0.5 * len(item.text.split())
    assert item.target.tolist() == ALPHABET.encode(item.text)


def test_long_recordings_are_not_joined(manifest):
    never = SpeechDataset(manifest, FRONTEND, ALPHABET, join=JoinConfig(probability=1.0, longest=0.1))
    assert never[(0, 0)].text == "one"


def test_a_recording_sped_up_beyond_its_text_stays_as_it_is(manifest):
    fast = AugmentConfig(speed=Speed(4.0, 4.0))
    item = SpeechDataset(manifest, FRONTEND, ALPHABET, fast, num_frames=lambda seconds: int(seconds > 0.2))[(0, 0)]
    assert item.seconds == 0.5
    assert SpeechDataset(manifest, FRONTEND, ALPHABET, fast)[(0, 0)].seconds == 0.125


def test_a_batch_has_zeros_after_each_row(manifest):
    plain = SpeechDataset(manifest, FRONTEND, ALPHABET, AugmentConfig(speed=Speed(0.5, 2.0)))
    batch = collate([plain[(0, index)] for index in range(4)])
    assert batch.frames.shape[:2] == (4, int(batch.lengths.max()))
    for row, length in enumerate(batch.lengths.tolist()):
        assert (batch.frames[row, length:] == 0).all()
    assert batch.to("cpu").ids == batch.ids == ("0", "1", "2", "3")


def test_an_utterance_without_text_is_named(manifest):
    silent = Manifest((Utterance("mute", manifest[0].audio, seconds=0.5),))
    with pytest.raises(DataError, match="mute has no text"):
        SpeechDataset(silent, FRONTEND, ALPHABET)[(0, 0)]


@pytest.mark.parametrize("change", [{"probability": 1.5}, {"most": 1}, {"shortest_gap": 0.6}])
def test_settings_that_cannot_be_are_named(change):
    with pytest.raises(ConfigError, match=f"join.{next(iter(change))}"):
        JoinConfig(**change)
