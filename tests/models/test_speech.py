from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

import rnnaudio
from rnnaudio.decoding import Transcript
from rnnaudio.errors import AudioError, ConfigError, DataError, ModelError
from rnnaudio.features import FeatureConfig
from rnnaudio.models import SpeechConfig, SpeechRecognizer
from rnnaudio.models.speech import audio_files, plain_card
from rnnaudio.text import Alphabet
from tests.worlds import RATE, WORDS, beeps, recognizer, speech_config, tone


@pytest.fixture(scope="module")
def model():
    return recognizer()


def test_what_comes_back_follows_what_is_asked(model, tmp_path):
    for name in ("b.wav", "a.wav"):
        soundfile.write(tmp_path / name, beeps("low high", seed=1), RATE)
    (tmp_path / "notes.txt").touch()
    one = model.transcribe(tmp_path / "a.wav")
    assert isinstance(one, Transcript)
    assert one.file == str(tmp_path / "a.wav")
    folder = model.transcribe(str(tmp_path))
    assert [answer.file for answer in folder] == [str(tmp_path / "a.wav"), str(tmp_path / "b.wav")]
    several = model.transcribe([tmp_path / "b.wav", tmp_path])
    assert [answer.file for answer in several] == [str(tmp_path / name) for name in ("b.wav", "a.wav", "b.wav")]
    assert model.transcribe([]) == []
    assert model.transcribe(beeps("low"), rate=RATE).file is None


def test_audio_files_are_found_below_and_in_order(tmp_path):
    for name in ("b.FLAC", "a.wav", "c/d.ogg", "e.txt", "f.opus"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [str(path.relative_to(tmp_path)) for path in audio_files(tmp_path)]
    assert found == ["a.wav", "b.FLAC", "c/d.ogg", "f.opus"]


@given(seconds=st.lists(st.floats(0.0, 0.5), min_size=1, max_size=12), at_once=st.integers(1, 9))
def test_a_recording_does_not_know_its_neighbours(model, seconds, at_once):
    waves = [tone(length, RATE) + 0.01 * torch.randn(int(length * RATE)) for length in seconds]
    together = [answer for _, answer in model.transcribe_each(waves, rate=RATE, at_once=at_once)]
    for wave, answer in zip(waves, together, strict=True):
        alone = model.transcribe(wave, rate=RATE)
        assert alone.text == answer.text
        assert [(word.start, word.end) for word in alone.words] == [(word.start, word.end) for word in answer.words]
        assert alone.confidence == pytest.approx(answer.confidence, abs=1e-4)


def test_a_long_recording_is_heard_in_pieces_with_running_times(model):
    wave = torch.cat([torch.from_numpy(beeps("low mid high", seed=number)) for number in range(60)])
    answer = model.transcribe(wave, rate=RATE)
    assert answer.seconds == pytest.approx(len(wave) / RATE)
    starts = [word.start for word in answer.words]
    assert starts == sorted(starts)
    assert starts[-1] > 20


def test_progress_hears_of_every_second(model):
    heard = []
    waves = [tone(0.5, RATE), tone(25.0, RATE)]
    assert len(list(model.transcribe_each(waves, rate=RATE, heard=heard.append))) == 2
    assert sum(heard) == pytest.approx(25.5)


def test_answering_leaves_training_as_it_was(model):
    model.train()
    model.transcribe(tone(0.3, RATE), rate=RATE)
    assert model.training
    model.eval()


@pytest.mark.parametrize("rate", [4000, 16000, 44100])
def test_arrays_of_any_rate(model, rate):
    assert model.transcribe(tone(0.5, rate), rate=rate).seconds == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("rate", [0, -8000])
def test_a_rate_that_cannot_be_is_one_line(model, rate):
    with pytest.raises((DataError, AudioError, ConfigError), match="rate"):
        model.transcribe(tone(0.5, RATE), rate=rate)


@pytest.mark.parametrize(("kind", "full"), [(np.int16, 32768), (np.int32, 2147483648)])
def test_whole_numbers_are_samples_too(kind, full):
    hears_how_loud = FeatureConfig(rate=RATE, bins=12, normalise="none")
    config = replace(speech_config(), features=hears_how_loud)
    model = SpeechRecognizer.build(config, Alphabet(WORDS, "words")).eval()
    whole = (beeps("low high", seed=3).astype(np.float64) * full).astype(kind)
    floats = (whole / full).astype(np.float32)
    assert model.transcribe(whole, rate=RATE).words == model.transcribe(floats, rate=RATE).words


def test_weights_follow_from_the_seed_alone():
    torch.manual_seed(1)
    first = recognizer(seed=3)
    torch.manual_seed(2)
    before = torch.random.get_rng_state()
    again, other = recognizer(seed=3), recognizer(seed=4)
    assert torch.equal(torch.random.get_rng_state(), before)
    for name, weight in first.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name])
    assert not torch.equal(first.head.scores.weight, other.head.scores.weight)


def test_units_of_alphabet_and_config_must_agree():
    with pytest.raises(ModelError, match="the alphabet is of characters, the config says units: words"):
        SpeechRecognizer(speech_config(), Alphabet(("a",), "characters"))


@pytest.mark.parametrize(
    "encoder",
    [
        {"reduce": (2,)},
        {"convolution": (2,), "stride": 3},
        {"convolution": (2,), "stride": 2, "reduce": (2,), "chunk": 8},
    ],
)
def test_an_encoder_of_fewer_frames_counts_and_times_them(encoder):
    fewer, factor = recognizer(**encoder), 4 if "chunk" in encoder else 2 if "reduce" in encoder else 3
    assert fewer.frame_seconds == pytest.approx(factor * recognizer().frame_seconds)
    for seconds in (0.02, 0.5, 1.01, 1.23):
        samples = tone(seconds, RATE)[None]
        log_probs, lengths = fewer(*fewer.frontend(samples, torch.tensor([samples.shape[1]])))
        assert fewer.num_frames(samples.shape[1] / RATE) == log_probs.shape[1] == lengths.item()
    answer = fewer.transcribe(beeps("low high mid low"), rate=RATE)
    assert all(word.end < answer.seconds + fewer.frame_seconds for word in answer.words)


def test_a_text_too_long_for_its_frames_is_named(model):
    frames = torch.zeros(1, 3, model.frontend.dimension)
    with pytest.raises(DataError, match="utterance-7"):
        model.losses(frames, torch.tensor([3]), [torch.tensor([1, 1, 1])], ["utterance-7"])


def test_a_model_gone_wrong_says_so_for_each_recording():
    broken = recognizer()
    with torch.no_grad():
        broken.head.scores.weight.fill_(float("nan"))
    answers = [answer for _, answer in broken.transcribe_each([tone(0.3, RATE), tone(0.4, RATE)], rate=RATE)]
    assert len(answers) == 2
    assert all(isinstance(answer, DataError) and "NaN" in str(answer) for answer in answers)


def test_the_card_says_what_the_model_is(model):
    card = plain_card(model, {"trained on": "beeps"})
    assert card.startswith("---\nlibrary_name: rnnaudio\n")
    assert f"{model.parameter_count:,} parameters, {len(WORDS)} words" in card
    assert "- trained on: beeps" in card
    assert "- 3 bidirectional GRU layers of 8, 4, " in plain_card(
        recognizer(cell="gru", layers=3, sizes=(8, 4, 8), hidden=128)
    )


def test_public_names_are_found_without_their_room():
    assert set(rnnaudio.__all__) <= set(dir(rnnaudio))
    for name in rnnaudio.__all__:
        assert getattr(rnnaudio, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'sing'"):
        rnnaudio.sing  # noqa: B018


def test_log_probs_are_log_probabilities():
    model = SpeechRecognizer.build(SpeechConfig(units="words"), Alphabet(WORDS, "words"))
    log_probs, lengths = model(torch.randn(2, 7, model.frontend.dimension), torch.tensor([7, 4]))
    assert lengths.tolist() == [7, 4]
    assert_close(log_probs[0].exp().sum(dim=-1), torch.ones(7))
