"""All pictures of an `Inside` on one page of HTML that needs no other file."""

import base64
import io
import math
import os
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from rnnaudio.evaluation.page import page
from rnnaudio.files import write_file
from rnnaudio.inside import captions
from rnnaudio.inside.inside import Inside

if TYPE_CHECKING:
    from rnnaudio.inside._style import Picture

PICTURES = 1_750_000  # bytes that all pictures may have; written as text they grow by a third
OUTLINE = 30_000  # of a picture for all that is not a heat map
VALUE = 1.25  # bytes of a value in a heat map, measured on speech and on noise
PLAYED = 60.0  # seconds of sound that a page may carry
STYLE = """
.look { position: relative; margin: 0 0 .5rem; background: #fff; border: 1px solid var(--line); border-radius: .6rem;
  overflow: hidden; }
.look img { display: block; width: 100%; }
.timed { cursor: crosshair; }
.now { position: absolute; top: 0; bottom: 0; width: 2px; background: #d0006f; pointer-events: none; display: none; }
.player { position: sticky; top: 0; z-index: 1; padding: .5rem 0; background: var(--back); }
audio { display: block; width: 100%; height: 2.4rem; }
.said { font-size: 1.25rem; }
p[lang="zh"] { color: var(--soft); }
"""
SCRIPT = """
const sound = document.querySelector("audio"), marks = document.querySelectorAll(".now");
const [left, right, start, end] = document.querySelector("[data-time]").dataset.time.split(" ").map(Number);
const show = time => marks.forEach(mark => {
  mark.style.display = "block";
  mark.style.left = 100 * (left + (right - left) * (time - start) / (end - start)) + "%";
});
const follow = () => { show(start + sound.currentTime); if (!sound.paused) requestAnimationFrame(follow); };
if (sound) { sound.onplay = follow; sound.onseeked = follow; }
document.querySelectorAll(".timed").forEach(picture => picture.onclick = event => {
  const box = picture.getBoundingClientRect(), share = (event.clientX - box.left) / box.width;
  const time = Math.min(end, Math.max(start, start + (share - left) / (right - left) * (end - start)));
  show(time);
  if (sound) sound.currentTime = time - start;
});
"""


def report(inside: Inside, path: str | os.PathLike[str], layers: Iterable[int] | None = None) -> Path:
    """Write all pictures, with what they show in English and 中文, as one file of HTML under 3 MB.

    `layers` are numbers from 1; all of them by default. The file holds the pictures, and the sound where it is not
    longer than a minute; it asks for nothing from elsewhere. Clicking into a picture marks that moment in all.
    """
    return write_file(path, report_html(inside, layers))


def report_html(inside: Inside, layers: Iterable[int] | None = None) -> str:
    """The page that `report` writes.

    >>> import torch
    >>> from rnnaudio.inside import look_at
    >>> from rnnaudio.nn import Encoder, EncoderConfig
    >>> encoder = Encoder(3, EncoderConfig(layers=1, hidden=4))
    >>> report_html(look_at(encoder, torch.zeros(5, 3)))[:15]
    '<!doctype html>'
    """
    chosen = list(range(1, len(inside.layers) + 1) if layers is None else layers)
    return page(f"Inside: {inside.name}", _body(inside, chosen))


def _body(inside: Inside, layers: list[int]) -> Iterator[str]:
    from rnnaudio.inside._style import LEFT, RIGHT  # here and not above: matplotlib is for those who draw

    yield f"<style>{STYLE}</style>"
    yield f'<h1 data-time="{LEFT} {RIGHT} {inside.start} {inside.end}">Inside: {escape(inside.name)}</h1>'
    if inside.transcript is not None:
        yield f'<p class="said">{escape(inside.transcript.text) or "<i>(no words · 无词)</i>"}</p>'
    terms = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in inside.facts.items())
    yield f"<dl>{terms}</dl>" if terms else ""
    yield _player(inside)
    yield _coarseness(inside, layers)
    for heading, picture, words in _pictures(inside, layers):
        yield f"<h2>{escape(heading)}</h2>" if heading else ""
        yield _shown(picture, words)
    yield f"<script>{SCRIPT}</script>"


def _pictures(inside: Inside, layers: list[int]) -> Iterator[tuple[str, "Picture", captions.Words]]:
    """Heading, picture and caption, one after the other; the heat maps as fine as the page may be large."""
    from rnnaudio.inside import figures

    fine = _columns(inside, layers)
    yield "From start to end · 从头到尾", figures.overview(inside, fine), captions.overview(inside)
    for layer in layers:
        heading = f"Layer {layer} · 第 {layer} 层"
        for name, way in inside.layer(layer).directions.items():
            if way.gates:
                yield heading, figures.gates(inside, layer, name, fine), captions.gates(inside, layer, name)
                heading = ""
            yield heading, figures.states(inside, layer, name, fine), captions.states(inside, layer, name)
            heading = ""
        yield "", figures.directions(inside, layer, fine), captions.directions(inside, layer)
    if inside.log_probs is not None:
        yield "What is written · 写出的内容", figures.posteriors(inside, fine), captions.posteriors(inside)
    if any(way.reach is not None for layer in inside.layers for way in layer.directions.values()):
        yield "How far back gradients reach · 梯度能回传多远", figures.reach(inside), captions.reach(inside)
        yield "", figures.reach_in_time(inside), captions.reach_in_time(inside)


def _columns(inside: Inside, layers: list[int]) -> int:
    """Columns of a heat map such that all of them fit the page, whatever they hold."""
    from rnnaudio.inside._style import FINEST
    from rnnaudio.inside.figures import MOST_UNITS

    ways = [way for layer in layers for way in inside.layer(layer).directions.values()]
    maps = 4 + 3 * len(layers) + sum(len(way.gates) + len(way.states) + 1 for way in ways)
    outlines = OUTLINE * (4 + len(layers) + 2 * len(ways))
    return max(60, min(FINEST, int((PICTURES - outlines) / VALUE / MOST_UNITS / maps)))


def _coarseness(inside: Inside, layers: list[int]) -> str:
    """What a column is, where it is more than one step."""
    frames = (inside.end - inside.start) / inside.layer(1).step
    size = math.ceil(frames / _columns(inside, layers))
    if size < 2:
        return ""
    return (
        f'<p class="soft small">A column in the maps of layer 1 is the mean of {size} steps; a shorter window shows '
        f"each step. · 第 1 层图中的一列是 {size} 步的平均；缩短时间窗可看到每一步。</p>"
    )


def _shown(picture: "Picture", words: captions.Words) -> str:
    """A picture on the page, with a mark for the moment if time runs along it, and its caption in both languages."""
    data = base64.b64encode(picture.png()).decode()
    timed, mark = (" timed", '<i class="now"></i>') if picture.timed else ("", "")
    english, chinese = (escape(text) for text in words)
    return (
        f'<div class="look{timed}"><img alt="{english}" src="data:image/png;base64,{data}">{mark}</div>\n'
        f'<p class="small" lang="en">{english}</p>\n<p class="small" lang="zh">{chinese}</p>'
    )


def _player(inside: Inside) -> str:
    """The sound of the window of time, to be heard while a mark runs through the pictures."""
    import soundfile

    sound = inside.sound
    if sound is None or not 0 < inside.end - inside.start <= PLAYED:
        return ""
    samples = sound.samples[round(inside.start * sound.rate) : round(inside.end * sound.rate)].clamp(-1, 1)
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", sound.rate, 1, format="OGG", subtype="VORBIS") as writer:
        for piece in samples.split(1 << 16):  # libsndfile does not survive long pieces of Vorbis
            writer.write(piece.numpy())
    data = base64.b64encode(file.getvalue()).decode()
    return f'<div class="player"><audio controls src="data:audio/ogg;base64,{data}"></audio></div>'
