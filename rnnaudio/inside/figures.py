"""Pictures of an `Inside`, each a matplotlib figure that a notebook shows and `savefig` saves.

All but `reach`, whose axis counts steps back, share one axis of time, with the words, the wave and the spectrogram
above (or the symbols, where the network read symbols). Gates run from 0 (dark blue) to 1 (yellow), states from blue
(negative) over white to red: colours that the colour-blind tell apart too. Units stand in the order in which they are
most active, the earliest at the top, the same order in every picture of a direction; of many units the ones that vary
most are shown.
"""

import itertools
import math
from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from rnnaudio.errors import ConfigError
from rnnaudio.inside._answer import answer_panel, draw_answer, label_shown
from rnnaudio.inside._reach import reach, reach_in_time
from rnnaudio.inside._sheet import heat, sheet
from rnnaudio.inside._style import ARROWS, CLOSE, FAINT, FINEST, HUES, SHARE, STYLE, Picture, Scale, symmetric
from rnnaudio.inside._time import every, set_time, visible
from rnnaudio.inside.captions import gate_words
from rnnaudio.inside.inside import Direction, Inside, Layer

__all__ = ["directions", "gates", "overview", "posteriors", "reach", "reach_in_time", "states", "unit"]

LIKELY = Scale("Greys", -4.0, 0.0)  # probabilities as powers of ten
MOST_LABELS = 40
MOST_UNITS = 64  # rows that can be told apart
STATES = {"h": "State h: what each unit puts out", "c": "Memory c: what each unit keeps to itself"}
FUSED = {"concat": "Both directions side by side (concat): reading ahead above, reading back below"}
SORTED = "units sorted by when they peak"


@mpl.rc_context(STYLE)
def overview(inside: Inside, columns: int = FINEST) -> Picture:
    """The whole way: recording, what the network is given, what the encoder makes of it, the answer."""
    panels = [(f"What the network is given: {inside.features.shape[1]} numbers {every(inside, inside.step)}", 1.05)]
    panels += [
        (f"What the encoder makes of it: {inside.states.shape[1]} numbers {every(inside, inside.output_step)}", 1.25)
    ]
    panels += [answer_panel(inside)] if inside.log_probs is not None else []
    end = "states" if inside.log_probs is None else "answer"
    picture, axes = sheet(inside, f"{inside.name}: from {_source(inside)} to {end}", panels, 1.7, SORTED)
    heat(
        axes[0],
        inside,
        inside.features,
        inside.step,
        symmetric([inside.features]),
        columns,
        f"{inside.features.shape[1]} numbers",
    )
    chosen = order(inside, inside.states, inside.output_step)
    made = inside.states[:, chosen]
    heat(axes[1], inside, made, inside.output_step, symmetric([inside.states]), columns, _of(chosen, inside.states))
    if inside.log_probs is not None:
        draw_answer(axes[2], inside)
    return picture


@mpl.rc_context(STYLE)
def gates(inside: Inside, layer: int, direction: str = "ahead", columns: int = FINEST) -> Picture:
    """Every gate of one direction of a layer (counted from 1): what it let through at each moment."""
    one, way = inside.layer(layer), _direction(inside, layer, direction)
    if not way.gates:
        raise ConfigError(f"the cell {one.cell} has no gates to draw; draw its states.")
    shares = [name for name in way.gates if is_share(name)]
    others = [name for name in way.gates if not is_share(name)]
    names = [*shares, *others]
    panels = [("Mean over all units", 0.7)] if shares else []
    panels += [(gate_words(one.cell, name)[0], 0.95) for name in names]
    picture, axes = sheet(inside, _title(inside, layer, direction, "its gates"), panels, note=SORTED)
    if shares:
        means = {name: way.gates[name].mean(dim=1) for name in shares}
        _lines(axes[0], inside, means, one.step, SHARE, "open")
    for part, name in zip(axes[-len(names) :], names, strict=True):
        values = way.gates[name]
        _draw(part, inside, values, _rows(inside, one, way, values), one.step, _scale(inside, name), columns)
    return picture


@mpl.rc_context(STYLE)
def states(inside: Inside, layer: int, direction: str = "ahead", columns: int = FINEST) -> Picture:
    """What the units of one direction of a layer (counted from 1) hold at each moment."""
    one, way = inside.layer(layer), _direction(inside, layer, direction)
    names = sorted(way.states, key=lambda name: name == "h")  # the memory first: the state is made from it
    panels = [(STATES.get(name, f"State {name}"), 1.5) for name in names]
    picture, axes = sheet(inside, _title(inside, layer, direction, "its states"), panels, note=SORTED)
    for part, name in zip(axes, names, strict=True):
        values = way.states[name]
        _draw(part, inside, values, _rows(inside, one, way, values), one.step, _scale(inside, name), columns)
    return picture


@mpl.rc_context(STYLE)
def unit(inside: Inside, layer: int, number: int, direction: str = "ahead") -> Picture:
    """One unit alone (counted from 0, as in the tensors): its gates, what they let through, what it holds."""
    one, way = inside.layer(layer), _direction(inside, layer, direction)
    units = way.states.get("c", way.states["h"]).shape[1]
    if not 0 <= number < units:
        raise ConfigError(f"there is no unit {number}; this layer has {units}, counted from 0.")
    known = {**way.gates, **way.states}.items()  # h is no unit's own where it is a projection of all
    series = {name: values[:, number] for name, values in known if values.shape[1] == units}
    shares = [name for name in way.gates if is_share(name)]
    others = [name for name in series if name in ("candidate", "h")]
    panels = [(shares, SHARE, "Gates", "open")] if shares else []
    panels += [(others, symmetric([series[name] for name in others]), "Candidate and state h", "value")]
    panels += [([name], _span(series[name]), STATES.get(name, name), "value") for name in way.states if name != "h"]
    title = _title(inside, layer, direction, f"unit {number}")
    picture, axes = sheet(inside, title, [(text, 1.0) for _, _, text, _ in panels])
    for part, (names, scale, _, label) in zip(axes, panels, strict=True):
        _lines(part, inside, {name: series[name] for name in names}, one.step, scale, label)
    return picture


@mpl.rc_context(STYLE)
def directions(inside: Inside, layer: int, columns: int = FINEST) -> Picture:
    """The directions of a layer (counted from 1), what they become together, and what the layer hands on."""
    one = inside.layer(layer)
    panels = [(f"State h, {ARROWS[name]}", 1.0) for name in one.directions]
    panels += [("How much is taken from the direction that reads ahead", 0.7)] if one.weights is not None else []
    panels += (
        [(FUSED.get(one.fusion, f"Both directions, fused by {one.fusion}"), 1.0)] if one.behind is not None else []
    )
    panels += [("What the layer hands on", 1.0)]
    what = "its two directions" if one.behind is not None else "what it hands on"
    picture, axes = sheet(inside, _title(inside, layer, None, what), panels, note=SORTED)
    rest = iter(axes)
    for way in one.directions.values():
        values = way.states["h"]
        _draw(next(rest), inside, values, _rows(inside, one, way, values), one.step, _scale(inside, "h"), columns)
    if one.weights is not None:
        chosen = order(inside, one.weights, one.step)
        _draw(next(rest), inside, one.weights, chosen, one.step, SHARE, columns)
    if one.behind is not None:
        chosen = order(inside, one.fused, one.step)
        if one.fusion == "concat":
            chosen = chosen[(chosen >= one.ahead.states["h"].shape[1]).int().argsort(stable=True)]
        _draw(next(rest), inside, one.fused, chosen, one.step, _scale(inside, "h"), columns)
    chosen = order(inside, one.output, one.step)
    _draw(next(rest), inside, one.output, chosen, one.step, _scale(inside, "handed on"), columns)
    return picture


@mpl.rc_context(STYLE)
def posteriors(inside: Inside, columns: int = FINEST) -> Picture:
    """The probability of each label at each moment: what the network writes."""
    if inside.log_probs is None:
        raise ConfigError("this network was looked at without a head: it has no posteriors to draw.")
    likely = inside.log_probs.amax(dim=0) if len(inside.log_probs) else inside.log_probs.new_zeros(len(inside.labels))
    chosen = likely.argsort(descending=True, stable=True)[:MOST_LABELS].sort().values
    title, height = answer_panel(inside)
    panels = [(title, 1.2 * height), ("log₁₀ of the probability: what else was thought of", 0.15 * len(chosen))]
    picture, axes = sheet(inside, "What the network writes", panels)
    draw_answer(axes[0], inside)
    tens = inside.log_probs[:, chosen] / math.log(10)
    heat(axes[1], inside, tens, inside.output_step, LIKELY, columns)
    names = [label_shown(inside.labels[label]) for label in chosen.tolist()]
    axes[1].set_yticks(range(len(names)), names, fontsize=7.5)
    axes[1].set_ylabel("")
    return picture


def order(inside: Inside, values: Tensor, step: float, most: int = MOST_UNITS) -> Tensor:
    """Which columns of (T, N) to show, in which order: of many those that vary most, sorted by when they peak.

    A unit peaks where it is furthest from its own mean, within the window of time that is shown.
    """
    seen, _ = visible(inside, values, step)
    if len(seen) == 0:
        return torch.arange(min(most, values.shape[1]))
    away = (seen - seen.mean(dim=0)).abs()  # (T, N)
    kept = away.square().sum(dim=0).argsort(descending=True, stable=True)[:most]
    return kept[away[:, kept].argmax(dim=0).argsort(stable=True)]


def is_share(gate: str) -> bool:
    """Whether a gate runs from 0 to 1; a candidate is no gate in that sense but what gates let through."""
    return gate != "candidate"


def _direction(inside: Inside, layer: int, direction: str) -> Direction:
    found = inside.layer(layer).directions
    if direction not in found:
        raise ConfigError(f"layer {layer} has no direction {direction!r}; choose one of {', '.join(found)}.")
    return found[direction]


def _rows(inside: Inside, layer: Layer, way: Direction, values: Tensor) -> Tensor:
    """The order of a direction's units, by its state; by its memory where the state has another size (projection)."""
    known = [state for state in way.states.values() if state.shape[1] == values.shape[1]]
    return order(inside, known[0] if known else values, layer.step)


def _scale(inside: Inside, name: str) -> Scale:
    """One scale for all values of a kind, over all layers and directions."""
    if name == "handed on":
        return symmetric([layer.output for layer in inside.layers])
    ways = [way for layer in inside.layers for way in layer.directions.values()]
    if name in ways[0].gates and is_share(name):
        return SHARE
    if name in ("h", "candidate"):
        found = [way.states["h"] for way in ways] + [layer.fused for layer in inside.layers]
        return symmetric(found + [way.gates["candidate"] for way in ways if "candidate" in way.gates])
    return symmetric([way.states[name] for way in ways], bent=True)


def _span(values: Tensor) -> Scale:
    """From the lowest value to the highest, with zero and one step of 1 in between at least."""
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    return Scale("RdBu_r", min(low, 0.0), max(high, min(low, 0.0) + 1.0))


def _title(inside: Inside, layer: int, direction: str | None, what: str) -> str:
    one = inside.layer(layer)
    units = one.ahead.states["h"].shape[1]
    way = [] if direction is None else [ARROWS[direction]]
    return ", ".join([f"Layer {layer} of {len(inside.layers)} ({one.cell.upper()}, {units} units)", *way]) + f": {what}"


def _draw(axes: Axes, inside: Inside, values: Tensor, chosen: Tensor, step: float, scale: Scale, columns: int) -> None:
    heat(axes, inside, values[:, chosen], step, scale, columns, _of(chosen, values))


def _lines(axes: Axes, inside: Inside, series: Mapping[str, Tensor], step: float, scale: Scale, title: str) -> None:
    """Values (T,) by name, each a line of steps; names stand to the right."""
    for hue, (name, values) in zip(itertools.cycle(HUES), series.items(), strict=False):
        seen, first = visible(inside, values, step)
        if len(seen):
            edges = first + np.arange(len(seen) + 1) * step
            axes.stairs(seen, edges, color=hue, linewidth=1.4, baseline=None, label=name)
    margin = 0.04 * (scale.high - scale.low)
    axes.set_ylim(scale.low - margin, scale.high + margin)
    axes.set_ylabel(title)
    axes.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 5, 10]))
    if scale.low < 0:
        axes.axhline(0, color=FAINT, linewidth=0.7, zorder=0)
    if len(axes.get_legend_handles_labels()[1]) > 1:
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7.5, **CLOSE)
    set_time(axes, inside)


def _of(chosen: Tensor, values: Tensor) -> str:
    return f"{len(chosen)} of {values.shape[1]} units" if len(chosen) < values.shape[1] else f"{len(chosen)} units"


def _source(inside: Inside) -> str:
    return "sound" if inside.sound is not None else "symbols" if inside.symbols else "frames"
