"""What is looked at is what the network computes, and it stands at its time."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from rnnaudio.decoding import greedy
from rnnaudio.errors import AudioError, DataError, ModelError
from rnnaudio.features import Waveform
from rnnaudio.inside import look, look_at
from rnnaudio.nn import Encoder, EncoderConfig
from rnnaudio.nn.cells import CELLS
from tests.inside.conftest import CLICK, click, listener, silence, speech
from tests.worlds import RATE

SHAPES = (
    {},
    {"bidirectional": False},
    {"fusion": "gate"},
    {"fusion": "attention"},
    {"interaction": "dense", "norm": "none"},
    {"reduce": (1, 2)},
    {"convolution": (3,), "stride": 2},
    {"bidirectional": False, "lookahead": 2},
    {"chunk": 8, "right": 4},
)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_what_is_looked_at_is_what_the_network_computes(cell, shape):
    model = listener(cell=cell, **shape)
    wave = speech()
    frames, counts = model.frontend(wave.samples[None], torch.tensor([len(wave.samples)]))
    with torch.inference_mode():
        log_probs, counts = model(frames, counts)
        inside = look(model, wave)
        written = model.head(inside.states).log_softmax(dim=-1)
    assert_close(inside.log_probs, log_probs[0], rtol=0, atol=0)
    assert_close(written, log_probs[0], rtol=1e-4, atol=1e-5)
    assert inside.transcript.words == greedy(log_probs, counts, model.alphabet, model.frame_seconds)[0].words
    assert inside.transcript.words == model.transcribe(wave.samples, rate=RATE).words


@pytest.mark.parametrize("cell", CELLS)
def test_gates_are_shares_and_states_have_their_names(cell):
    inside = look(listener(cell=cell), speech())
    for layer in inside.layers:
        assert layer.cell == cell
        for way in layer.directions.values():
            assert set(way.gates) == set(CELLS[cell].gate_names)
            assert set(way.states) == set(CELLS[cell].state_names)
            for name, gate in way.gates.items():
                assert gate.dtype == torch.float32
                if name != "candidate":
                    assert 0 <= gate.min() <= gate.max() <= 1


def a_step_before(values):
    """Zero before the first step."""
    return torch.nn.functional.pad(values[:-1], (0, 0, 1, 0))


def test_the_equations_of_an_lstm_hold_on_what_is_kept():
    for layer in look(listener(), speech()).layers:
        for name, way in layer.directions.items():
            turn = (lambda values: values) if name == "ahead" else (lambda values: values.flip(0))
            states = {key: turn(values) for key, values in way.states.items()}
            gates = {key: turn(values) for key, values in way.gates.items()}
            kept = gates["forget"] * a_step_before(states["c"])
            assert_close(states["c"], kept + gates["input"] * gates["candidate"])
            assert_close(states["h"], gates["output"] * states["c"].tanh())


def test_the_equations_of_a_gru_hold_on_what_is_kept():
    for layer in look(listener(cell="gru", bidirectional=False), speech()).layers:
        h, gates = layer.ahead.states["h"], layer.ahead.gates
        assert_close(h, (1 - gates["update"]) * gates["candidate"] + gates["update"] * a_step_before(h))


@pytest.mark.parametrize("kind", ["gate", "attention"])
def test_fusion_weights_say_what_is_taken_from_each_direction(kind):
    for layer in look(listener(fusion=kind), speech()).layers:
        ahead, behind = layer.ahead.states["h"], layer.behind.states["h"]
        assert_close(layer.fused, layer.weights * ahead + (1 - layer.weights) * behind)


@pytest.mark.parametrize("shape", [{}, {"reduce": (2, 2)}, {"convolution": (3,), "stride": 2}], ids=str)
def test_things_stand_at_the_second_they_happen(shape):
    model = listener(bidirectional=False, norm="none", **shape)
    quiet, heard = look(model, silence()), look(model, click())
    seen = model.config.features.window + model.config.features.hop  # by one stacked frame
    wider = 2 * heard.step * model.config.features.stride if shape.get("convolution") else 0.0  # by the convolution
    for layer, other in zip(heard.layers, quiet.layers, strict=True):
        changed = (layer.fused != other.fused).any(dim=1).nonzero()[0].item()
        assert CLICK - seen - wider - layer.step < changed * layer.step <= CLICK
    changed = (heard.features != quiet.features).any(dim=1).nonzero().flatten() * heard.step
    assert CLICK - model.config.features.window < changed.min() <= changed.max() <= CLICK
    loud = heard.sound.first + heard.sound.decibels.mean(dim=1).argmax() * heard.sound.step
    assert abs(loud - CLICK) <= model.config.features.window


def test_the_backward_direction_is_in_reading_order():
    quiet, heard = look(listener(norm="none"), silence()), look(listener(norm="none"), click())
    changed = (heard.layers[0].behind.states["h"] != quiet.layers[0].behind.states["h"]).any(dim=1)
    times = changed.nonzero().flatten() * heard.layers[0].step
    assert times.min() == 0  # what is heard at the click is known to all before it
    assert CLICK - heard.layers[0].step < times.max() <= CLICK


def test_frames_of_higher_layers_last_longer():
    inside = look(listener(layers=3, reduce=(1, 2, 2)), speech())
    assert [round(layer.step / inside.layers[0].step) for layer in inside.layers] == [1, 2, 4]
    frames = [len(layer.fused) for layer in inside.layers]
    assert frames == [frames[0], math.ceil(frames[0] / 2), math.ceil(frames[0] / 4)]
    assert inside.output_step == inside.layers[-1].step
    assert len(inside.log_probs) == frames[-1]


def test_gradients_are_followed_back_from_the_words():
    inside = look(listener(), speech())
    first, last = inside.transcript.words[0].start, inside.transcript.words[-1].start
    for layer in inside.layers:
        assert layer.ahead.reach.at * layer.step == pytest.approx(last)
        assert layer.behind.reach.at * layer.step == pytest.approx(first)
        for way in layer.directions.values():
            assert way.reach.gains[0] == 1
            assert way.reach.lags[-1] > 0


def test_features_are_shown_as_they_were_before_stacking():
    model = listener()
    wave = speech()
    stacked = model.frontend(wave.samples[None], torch.tensor([len(wave.samples)]))[0][0]
    inside = look(model, wave)
    assert inside.step == pytest.approx(0.01)
    assert_close(inside.features.reshape(len(stacked), -1), stacked)


@pytest.mark.parametrize("seconds", [0.01, 0.2, 20.0])
def test_silence_of_any_length(seconds):
    inside = look(listener(layers=1), silence(seconds))
    assert inside.end == pytest.approx(max(seconds, inside.step), abs=1e-3)
    assert len(inside.layers[0].fused) == len(inside.log_probs) == listener().num_frames(seconds)
    assert torch.isfinite(inside.log_probs).all()


def test_looking_changes_nothing():
    model = listener().train()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    state = torch.random.get_rng_state()
    with torch.inference_mode():
        inside = look(model, speech())
    assert model.training
    assert model.encoder.training
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not inside.states.requires_grad


def test_what_cannot_be_looked_into_is_one_line(tmp_path):
    with pytest.raises(ModelError, match="a Linear cannot be looked into by sound"):
        look(torch.nn.Linear(2, 2), silence())
    with pytest.raises(DataError, match=r"longer than 300 s.* Cut out a piece\."):
        look(listener(), Waveform(torch.zeros(301 * RATE), RATE))
    with pytest.raises(AudioError, match="does not exist"):
        look(listener(), tmp_path / "no.wav")
    encoder = Encoder(4, EncoderConfig(layers=1, hidden=3))
    with pytest.raises(DataError, match=r"frames have shape \(5, 3\); this encoder reads \(time, 4\)"):
        look_at(encoder, torch.zeros(5, 3))
    with pytest.raises(DataError, match="4 symbols for 5 frames"):
        look_at(encoder, torch.zeros(5, 4), "abcd")
    with pytest.raises(DataError, match="without a step"):
        look_at(encoder, torch.zeros(5, 4), "abcde", step=0.1)


def test_symbols_are_their_own_axis():
    embedding, text = torch.nn.Embedding(128, 5), "a tiny text"
    encoder = Encoder(5, EncoderConfig(cell="gru", layers=2, hidden=4, reduce=(1, 2)))
    inside = look_at(encoder, embedding(torch.tensor(list(text.encode()))), text)
    assert (inside.unit, inside.end, inside.symbols) == ("symbols", len(text), tuple(text))
    assert [layer.step for layer in inside.layers] == [1, 2]


def test_looking_loads_no_matplotlib():
    script = "import sys, rnnaudio.inside; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2]).returncode == 0
