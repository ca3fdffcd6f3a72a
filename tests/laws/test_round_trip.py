"""Law 3: what is saved and loaded says what it said, to the bit."""

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from torch.testing import assert_close

import rnnaudio
from rnnaudio.features import FeatureConfig
from rnnaudio.models import SpeechConfig, SpeechRecognizer
from rnnaudio.settings import from_mapping, to_mapping
from rnnaudio.text import Alphabet
from tests.laws.worlds import encoder_configs
from tests.worlds import RATE, beeps, recognizer

features = st.builds(
    FeatureConfig,
    kind=st.sampled_from(["log_mel", "mfcc", "spectrogram", "log_gammatone"]),
    rate=st.just(RATE),
    bins=st.integers(8, 16),
    coefficients=st.integers(2, 8),
    deltas=st.integers(0, 2),
    stack=st.integers(1, 3),
    stride=st.integers(1, 3),
    normalise=st.sampled_from(["utterance", "global", "running", "none"]),
)
alphabets = st.one_of(
    st.just(Alphabet(("high", "low", "mid"), "words")),
    st.just(Alphabet(tuple(" 一二é'ab"), "characters")),
)


@given(features=features, encoder=encoder_configs(), alphabet=alphabets, seed=st.integers(0, 99))
@hypothesis_settings(max_examples=15)
def test_a_saved_model_says_the_same(tmp_path_factory, features, encoder, alphabet, seed):
    folder = tmp_path_factory.mktemp("round") / "model"
    model = SpeechRecognizer.build(SpeechConfig(features, encoder, alphabet.units), alphabet, seed).eval()
    waves = [torch.from_numpy(beeps("low high mid", seed=number)) for number in range(2)]
    if features.normalise == "global":
        model.frontend.fit(waves)
    model.save(folder)
    again = rnnaudio.load(folder)
    assert again.config == model.config
    assert again.alphabet == alphabet
    assert not again.training
    with torch.no_grad():
        frames, lengths = model.frontend(torch.stack([wave[:4000] for wave in waves]), torch.tensor([4000, 3000]))
        same_frames, _ = again.frontend(torch.stack([wave[:4000] for wave in waves]), torch.tensor([4000, 3000]))
        assert_close(frames, same_frames, rtol=0, atol=0)
        assert_close(model(frames, lengths)[0], again(frames, lengths)[0], rtol=0, atol=0)
    assert again.transcribe(waves, rate=RATE) == model.transcribe(waves, rate=RATE)
    model.save(folder)  # and a second generation is the first, byte by byte
    again.save(folder.with_name("again"))
    for name in ("config.yaml", "model.safetensors", "vocabulary.txt", "README.md"):
        assert (folder.with_name("again") / name).read_bytes() == (folder / name).read_bytes()


@given(config=st.builds(SpeechConfig, features, encoder_configs(), st.sampled_from(["words", "characters"])))
def test_settings_come_back(config):
    assert from_mapping(SpeechConfig, to_mapping(config), "here") == config


@pytest.mark.parametrize("as_text", [str, lambda path: path])
def test_a_folder_is_loaded_by_its_path(model_folder, as_text):
    model = rnnaudio.load(as_text(model_folder))
    assert isinstance(model, rnnaudio.SpeechRecognizer)
    expected = recognizer().transcribe(torch.from_numpy(beeps("low")), rate=RATE)
    assert model.transcribe(torch.from_numpy(beeps("low")), rate=RATE) == expected


def test_a_relative_folder_is_loaded(model_folder, monkeypatch):
    monkeypatch.chdir(model_folder.parent)
    assert rnnaudio.load(model_folder.name).config.units == "words"
