"""Pictures show the numbers they say they show, at their times, on one axis and one scale of colours."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib.patches import StepPatch

from rnnaudio.errors import ConfigError, DataError
from rnnaudio.inside import figures, look, look_at
from rnnaudio.inside._style import LEFT, RIGHT
from rnnaudio.inside._time import MOST_SYMBOLS
from rnnaudio.nn import Encoder, EncoderConfig
from rnnaudio.nn.cells import CELLS, CellOptions
from tests.inside.conftest import CLICK, click, listener, silence, speech


@pytest.fixture(scope="module")
def inside():
    return look(listener(), speech())


def maps(picture):
    """The maps of heat beneath the spectrogram, by the title of their panel."""
    return {
        axes.get_title(loc="left"): axes.images[0]
        for axes in picture.axes
        if axes.get_title(loc="left") and axes.images
    }


def texts(picture):
    return [text.get_text() for axes in picture.axes for text in axes.texts]


@pytest.mark.parametrize(("cell", "both"), zip(CELLS, [True, False] * len(CELLS), strict=False))
def test_every_cell_can_be_drawn(cell, both):
    inside = look(listener(cell=cell, bidirectional=both), speech())
    direction = "behind" if both else "ahead"
    assert len(maps(figures.states(inside, 2, direction))) == len(CELLS[cell].state_names)
    if CELLS[cell].gate_names:
        assert len(maps(figures.gates(inside, 1, direction))) == len(CELLS[cell].gate_names)
    assert len(maps(figures.directions(inside, 1))) == (4 if both else 2)
    assert figures.reach(inside).axes
    assert len(figures.unit(inside, 1, 0, direction).axes) == 3 + bool(CELLS[cell].gate_names) + len(
        CELLS[cell].state_names
    )


def test_gates_are_drawn_as_they_are(inside):
    way, drawn = inside.layers[0].behind, maps(figures.gates(inside, 1, "behind"))
    assert len(drawn) == 4
    for image, name in zip(drawn.values(), ("input", "forget", "output", "candidate"), strict=True):
        order = figures.order(inside, way.states["h"], inside.layers[0].step)
        assert np.array_equal(image.get_array(), way.gates[name][:, order].T)
        assert (image.norm.vmin, image.norm.vmax) == ((-1, 1) if name == "candidate" else (0, 1))
        left, right, _, _ = image.get_extent()
        assert (left, right) == pytest.approx((0, len(way.gates[name]) * inside.layers[0].step))


def test_one_unit_is_drawn_as_it_is(inside):
    way = inside.layers[1].behind
    parts = [part for axes in figures.unit(inside, 2, 5, "behind").axes for part in axes.patches]
    drawn = {part.get_label(): part.get_data() for part in parts if isinstance(part, StepPatch)}
    for name, values in (way.gates | way.states).items():
        assert np.array_equal(drawn[name].values, values[:, 5])
        assert drawn[name].edges[[0, -1]] == pytest.approx((0, len(values) * inside.layers[1].step))
    with pytest.raises(ConfigError, match=r"there is no unit 6; this layer has 6, counted from 0\."):
        figures.unit(inside, 2, 6)


def test_a_projected_state_is_smaller_than_its_memory():
    inside = look(listener(options=CellOptions(projection=4), bidirectional=False), speech())
    (memory, state) = maps(figures.states(inside, 1)).values()
    assert (len(memory.get_array()), len(state.get_array())) == (6, 4)
    labels = [part.get_label() for axes in figures.unit(inside, 1, 5).axes for part in axes.patches]
    assert "c" in labels
    assert "h" not in labels


def test_one_scale_for_all_memories(inside):
    limits = {
        image.norm.vmax
        for layer in (1, 2)
        for direction in ("ahead", "behind")
        for title, image in maps(figures.states(inside, layer, direction)).items()
        if title.startswith("Memory")
    }
    assert len(limits) == 1
    assert limits.pop() >= max(float(layer.ahead.states["c"].abs().max()) for layer in inside.layers)


def test_units_stand_in_the_order_of_their_peaks(inside):
    values = inside.layers[1].ahead.states["h"]
    away = (values - values.mean(dim=0)).abs()[:, figures.order(inside, values, inside.layers[1].step)]
    peaks = away.argmax(dim=0).tolist()
    assert peaks == sorted(peaks)
    assert len(figures.order(inside, values, inside.layers[1].step, most=3)) == 3


def test_all_pictures_share_one_axis_of_time(inside):
    drawn = [figures.overview(inside), figures.gates(inside, 1), figures.directions(inside, 2)]
    drawn += [figures.posteriors(inside), figures.reach_in_time(inside)]
    for picture in drawn:
        assert picture.timed
        for axes in picture.axes:
            assert axes.get_xlim() == (0, inside.end)
            assert (axes.get_position().x0, axes.get_position().x1) == pytest.approx((LEFT, RIGHT))
        assert [axes.get_xlabel() for axes in picture.axes if axes.get_xlabel()] == ["seconds"]


def test_words_stand_at_their_times(inside):
    words = inside.transcript.words
    strip = figures.overview(inside).axes[0]
    assert [text.get_text() for text in strip.texts] == [word.text for word in words]
    for text, word in zip(strip.texts, words, strict=True):
        assert text.get_position()[0] == pytest.approx((word.start + word.end) / 2)


def test_a_click_is_drawn_where_it_is():
    model = listener(bidirectional=False, norm="none", layers=1)
    quiet, heard = look(model, silence()), look(model, click())
    order = figures.order(heard, heard.layers[0].ahead.states["h"], heard.layers[0].step)
    image = maps(figures.states(heard, 1))["State h: what each unit puts out"]
    before = quiet.layers[0].ahead.states["h"][:, order].T
    column = np.flatnonzero((image.get_array() != before.numpy()).any(axis=0))[0]
    left, right, _, _ = image.get_extent()
    width = (right - left) / image.get_array().shape[1]
    assert left + column * width <= CLICK < left + (column + 1) * width + model.config.features.window


def test_a_window_shows_its_own_frames(inside):
    part = replace(inside, start=0.3, end=0.5)
    picture = figures.states(part, 1)
    assert {axes.get_xlim() for axes in picture.axes} == {(0.3, 0.5)}
    image = next(iter(maps(picture).values()))
    left, right, _, _ = image.get_extent()
    step = inside.layers[0].step
    assert 0.3 - step < left <= 0.3
    assert 0.5 <= right < 0.5 + step


def test_long_recordings_are_drawn_in_means():
    values = torch.randn(2999, 3)
    inside = look_at(Encoder(3, EncoderConfig(layers=1, hidden=2, bidirectional=False)), values, step=0.02)
    image = maps(figures.overview(inside, columns=600))["What the network is given: 3 numbers every 20 ms"]
    assert image.get_array().shape == (3, 600)
    assert np.allclose(image.get_array()[:, 7], values[35:40].mean(dim=0), atol=1e-6)
    assert image.get_extent()[1] == pytest.approx(60.0)


def test_posteriors_are_what_the_network_writes(inside):
    picture = figures.posteriors(inside)
    image = next(image for title, image in maps(picture).items() if title.startswith("log"))
    assert np.allclose(image.get_array(), inside.log_probs.T / np.log(10))
    assert [label.get_text() for label in image.axes.get_yticklabels()] == ["blank", *inside.labels[1:]]
    written = {word.text for word in inside.transcript.words}
    assert written <= set(texts(picture))


def test_reach_is_drawn_as_measured(inside):
    lines = [line for line in figures.reach(inside).axes[0].lines if len(line.get_xdata()) > 2]
    ways = [(layer, way) for layer in inside.layers for way in layer.directions.values()]
    for line, (layer, way) in zip(lines, ways, strict=True):
        assert line.get_xdata() == pytest.approx(np.array(way.reach.lags) * layer.step)
        assert line.get_ydata() == pytest.approx(np.maximum(way.reach.gains, 1e-10))


@pytest.mark.parametrize("text", ["a tiny text\n", "x" * (MOST_SYMBOLS + 1)], ids=["short", "long"])
def test_an_axis_of_symbols(text):
    embedding = torch.nn.Embedding(128, 5)
    encoder = Encoder(5, EncoderConfig(cell="gru", layers=2, hidden=4))
    inside = look_at(encoder, embedding(torch.tensor(list(text.encode()))), text)
    picture = figures.gates(inside, 1)
    strip = picture.axes[0]
    assert {axes.get_xlim() for axes in picture.axes} == {(0, len(text))}
    assert picture.axes[-1].get_xlabel() == "symbol, in the order of reading"
    if len(text) > MOST_SYMBOLS:
        assert [one.get_text() for one in strip.texts] == [f"{len(text)} symbols"]
    else:
        assert [one.get_text() for one in strip.texts] == list("a␣tiny␣text⏎")
        assert [one.get_position()[0] for one in strip.texts] == [place + 0.5 for place in range(len(text))]
        ticks = picture.axes[-1].xaxis
        assert [one.get_text() for one in ticks.get_ticklabels()] == list("a␣tiny␣text⏎")
        assert list(ticks.get_ticklocs()) == [place + 0.5 for place in range(len(text))]
    with pytest.raises(ConfigError, match="without a head"):
        figures.posteriors(inside)


@pytest.mark.parametrize("seconds", [0.01, 0.2])
def test_next_to_nothing_is_drawn_too(seconds, small_pictures):
    inside = look(listener(layers=1, cell="gru"), silence(seconds))
    assert figures.gates(inside, 1)._repr_png_()[:4] == b"\x89PNG"
    if seconds < 0.02:
        assert "no frames" in texts(figures.states(inside, 1))
        with pytest.raises(DataError, match="the sequence has no frames"):
            figures.reach(inside)


def test_what_is_not_there_is_not_drawn(inside):
    with pytest.raises(ConfigError, match=r"there is no layer 3; this encoder has 2, counted from 1\."):
        figures.gates(inside, 3)
    with pytest.raises(ConfigError, match="there is no layer 0"):
        figures.directions(inside, 0)
    one = look(listener(cell="rnn", bidirectional=False), speech())
    with pytest.raises(ConfigError, match="has no direction 'behind'; choose one of ahead"):
        figures.states(one, 1, "behind")
    with pytest.raises(ConfigError, match="the cell rnn has no gates"):
        figures.gates(one, 1)
