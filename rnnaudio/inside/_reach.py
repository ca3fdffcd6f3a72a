"""How far back gradients reach, over the lag and over time."""

from collections.abc import Sequence
from dataclasses import replace

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from rnnaudio.errors import DataError
from rnnaudio.inside._sheet import sheet
from rnnaudio.inside._style import ARROWS, CLOSE, HUES, LEFT, RIGHT, SOFT, STYLE, WIDTH, Picture
from rnnaudio.inside._time import length, moment, set_time
from rnnaudio.inside.inside import Inside, Layer
from rnnaudio.nn.reach import Reach

Found = tuple[int, str, Layer, Reach]  # with the number of the layer and the name of the direction
FAINTEST = 1e-10  # what is less is drawn as this
SIDES = {"ahead": "in its past", "behind": "in what follows"}
LINES = {"ahead": "-", "behind": (0, (4, 2))}


@mpl.rc_context(STYLE)
def reach(inside: Inside) -> Picture:
    """How strongly the state of each layer still depends on its own past: the norm of a gradient over the lag."""
    picture = Picture(figsize=(WIDTH, 3.3))
    picture.text(LEFT, 0.94, "How far back gradients reach", fontsize=11, fontweight="bold", va="center")
    axes = picture.add_axes((LEFT, 0.14, RIGHT - LEFT, 0.73))
    for number, name, layer, found in _reaches(inside):
        times = np.array(found.lags) * layer.step
        label = f"layer {number}, {ARROWS[name]} from {moment(inside, layer, found.at)}"
        axes.plot(times, _norms(found), color=_hue(number), linestyle=LINES[name], linewidth=1.7, label=label)
    _draw_norms(axes)
    axes.set_xlim(left=0)
    axes.set_xlabel(f"lag k, {inside.unit} (a frame of layer 1 lasts {length(inside, inside.layers[0].step)})")
    s = _carried(inside, picture, 0.94)
    axes.set_ylabel(f"‖∂{s}(t) / ∂{s}(t−k)‖")
    axes.legend(frameon=False, loc="best", fontsize=8)
    return picture


@mpl.rc_context(STYLE)
def reach_in_time(inside: Inside) -> Picture:
    """The same norms where they belong in the recording: which moments the state at one moment depends on.

    A long recording is shown only as far as the norms go.
    """
    found = _reaches(inside)
    whole, inside = inside, _around(inside, found)
    ways = dict.fromkeys(name for _, name, _, _ in found)
    titles = [f"{ARROWS[name][:-2].capitalize()}: what the state at the dot depends on {SIDES[name]}" for name in ways]
    picture, axes = sheet(inside, "What the state at one moment depends on", [(title, 1.15) for title in titles])
    s = _carried(inside, picture, 1 - 0.19 / picture.get_figheight())
    for part, way in zip(axes, ways, strict=True):
        _draw_norms(part)
        part.set_ylabel(f"‖∂{s}(●) / ∂{s}‖")
        for number, name, layer, one in found:
            if name == way:
                times = _times(name, layer, one)
                part.plot(times, _norms(one), color=_hue(number), linewidth=1.7, label=f"layer {number}")
                part.plot(times[:1], _norms(one)[:1], "o", color=_hue(number), markersize=5)
        part.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7.5, **CLOSE)
        set_time(part, inside)
    picture.timed = inside is whole
    return picture


def _around(inside: Inside, found: Sequence[Found]) -> Inside:
    """The part of time that the norms speak of, where that is less than half of what is shown."""
    times = [time for _, way, layer, one in found for time in _times(way, layer, one)[[0, -1]]]
    start, end = max(inside.start, min(times) - 0.1), min(inside.end, max(times) + 0.1)
    return replace(inside, start=start, end=end) if 0 < end - start < (inside.end - inside.start) / 2 else inside


def _times(way: str, layer: Layer, found: Reach) -> np.ndarray:
    """The middle of each frame that the norms of a direction speak of."""
    return (found.at + 0.5 + (-1 if way == "ahead" else 1) * np.array(found.lags)) * layer.step


def _reaches(inside: Inside) -> list[Found]:
    """Every reach with the number of its layer and the name of its direction."""
    found = [
        (number, name, layer, way.reach)
        for number, layer in enumerate(inside.layers, 1)
        for name, way in layer.directions.items()
        if way.reach is not None
    ]
    if not found:
        raise DataError("no gradient reaches anywhere here: the sequence has no frames.")
    return found


def _carried(inside: Inside, picture: Picture, height: float) -> str:
    """The letter for what is carried from step to step, with a note on what that is where it is more than h."""
    names = tuple(inside.layers[0].ahead.states)
    if len(names) == 1:
        return names[0]
    note = f"s = ({', '.join(names)}), all that is carried from step to step"
    picture.text(RIGHT, height, note, fontsize=8, color=SOFT, ha="right", va="center")
    return "s"


def _norms(found: Reach) -> np.ndarray:
    return np.maximum(found.gains, FAINTEST)


def _hue(number: int) -> str:
    return HUES[(number - 1) % len(HUES)]


def _draw_norms(axes: Axes) -> None:
    """Norms are compared by their order of magnitude; the line at 1 is a gradient that neither grows nor fades."""
    axes.set_yscale("log")
    axes.axhline(1, color=SOFT, linewidth=0.7)
    axes.grid(color="#eceef2", linewidth=0.8)
    axes.set_axisbelow(True)
