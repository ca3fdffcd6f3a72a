"""One page with all pictures, that needs nothing else and is not large."""

import base64
import io
import re
from dataclasses import replace

import pytest
import soundfile
import torch

from rnnaudio.errors import ConfigError
from rnnaudio.features import Waveform
from rnnaudio.inside import Direction, look, look_at, report
from rnnaudio.inside.report import report_html
from rnnaudio.nn import Encoder, EncoderConfig
from tests.inside.conftest import listener, silence, speech
from tests.worlds import RATE

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def inside():
    return look(listener(layers=1), speech())


@pytest.fixture(scope="module")
def page(inside, small_pictures):
    return report_html(inside)


def sources(page):
    return re.findall(r'(?:src|href)="([^"]*)"', page)


def test_a_page_has_all_pictures_and_needs_nothing_from_elsewhere(page, inside):
    assert len(re.findall("data:image/png", page)) == 1 + 5 + 1 + 2
    assert all(source.startswith("data:") for source in sources(page))
    assert not re.search(r"https?:|url\(|@import|<link", page)
    assert inside.transcript.text in page
    for data in re.findall(r"data:image/png;base64,([^\"]+)", page):
        assert base64.b64decode(data)[:4] == b"\x89PNG"


def test_each_picture_has_words_in_two_languages(page):
    pictures = page.count('class="look')
    assert page.count('lang="zh"') - 1 == page.count('<p class="small" lang="en"') == pictures  # one is of the style
    assert "nan" not in re.sub(r"base64,[^\"]+", "", page)


def test_the_sound_can_be_played(page, inside):
    data = re.search(r"data:audio/ogg;base64,([^\"]+)", page)[1]
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(data)))
    assert (rate, len(samples)) == (RATE, len(inside.sound.samples))


def test_only_what_is_asked_for_is_played_and_drawn(small_pictures):
    inside = look(listener(layers=3, cell="rnn", bidirectional=False), speech())
    page = report_html(replace(inside, start=0.2, end=0.4), layers=[2])
    data = re.search(r"data:audio/ogg;base64,([^\"]+)", page)[1]
    assert len(soundfile.read(io.BytesIO(base64.b64decode(data)))[0]) == round(0.2 * RATE)
    assert ' 0.2 0.4"' in page
    assert [layer for layer in (1, 2, 3) if f"<h2>Layer {layer} · 第 {layer} 层</h2>" in page] == [2]


def test_a_minute_stays_under_three_megabytes(tmp_path):
    """In full size, with the values that are worst to compress: each frame and unit by chance."""
    chance = torch.Generator().manual_seed(0)
    noise = Waveform(torch.rand(60 * RATE, generator=chance) - 0.5, RATE)
    inside = look(listener(layers=1, hidden=64, bidirectional=False), noise)
    (layer,) = inside.layers
    gates = {name: torch.rand(values.shape, generator=chance) for name, values in layer.ahead.gates.items()}
    states = {name: 2 * torch.rand(values.shape, generator=chance) - 1 for name, values in layer.ahead.states.items()}
    layer = replace(layer, ahead=Direction(states, gates, layer.ahead.reach), fused=states["h"], output=states["h"])
    path = report(replace(inside, layers=(layer,), states=states["h"]), tmp_path / "a.html")
    assert len(layer.fused) == 2999
    assert path.stat().st_size < 3 * MEGABYTE


@pytest.mark.parametrize(("seconds", "said"), [(0.01, "<i>(no words · 无词)</i>"), (0.2, "0.20 s at 8000 Hz")])
def test_next_to_nothing_has_a_page_too(seconds, said, small_pictures):
    assert said in report_html(look(listener(layers=1, cell="rnn", bidirectional=False), silence(seconds)))


def test_an_encoder_alone_and_a_cell_without_gates(small_pictures):
    encoder = Encoder(4, EncoderConfig(cell="rnn", layers=1, hidden=3))
    page = report_html(look_at(encoder, torch.randn(6, 4), "<b>&x\n", name="<script>"))
    assert len(re.findall("data:image/png", page)) == 1 + 3 + 2
    assert "<audio" not in page
    assert "&lt;script&gt;" in page


def test_a_layer_that_is_not_there_leaves_nothing_behind(inside, tmp_path, small_pictures):
    with pytest.raises(ConfigError, match="there is no layer 3"):
        report(inside, tmp_path / "a.html", layers=[3])
    assert list(tmp_path.iterdir()) == []
