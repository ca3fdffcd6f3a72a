"""The sheet a picture is drawn on: what was heard above, panels beneath, one axis of time; and maps of heat in them."""

from collections.abc import Sequence

import torch
from matplotlib.axes import Axes
from torch import Tensor

from rnnaudio.inside._strips import draw_spectrogram, draw_symbols, draw_wave, draw_words, mark_words
from rnnaudio.inside._style import BOTTOM, FINEST, GAP, LEFT, LEVELS, RIGHT, SOFT, TOP, WIDTH, Picture, Scale
from rnnaudio.inside._time import fewer, label_time, set_time, visible
from rnnaudio.inside.inside import Inside


def sheet(
    inside: Inside, title: str, panels: Sequence[tuple[str, float]], head: float = 1.0, note: str = ""
) -> tuple[Picture, list[Axes]]:
    """A picture with what was heard above and empty panels (title, height in inches) beneath, on one axis of time."""
    upper = [0.24, 0.4 * head, 0.66 * head] if inside.sound is not None else [0.24] if inside.symbols else []
    tall = TOP + sum(upper) + sum(height + GAP for _, height in panels) + BOTTOM + 0.05 * len(upper)
    picture = Picture(figsize=(WIDTH, tall))
    picture.timed = True
    y = tall - TOP
    picture.text(LEFT, 1 - 0.19 / tall, title, fontsize=11, fontweight="bold", va="center")
    picture.text(RIGHT, 1 - 0.19 / tall, note, fontsize=8, color=SOFT, ha="right", va="center")

    def place(height: float, gap: float) -> Axes:
        nonlocal y
        y -= height + gap
        axes = picture.add_axes((LEFT, y / tall, RIGHT - LEFT, height / tall))
        set_time(axes, inside)
        axes.tick_params(labelbottom=False)
        return axes

    strips = [place(height, 0.05) for height in upper]
    if inside.sound is not None:
        draw_words(strips[0], inside)
        draw_wave(strips[1], inside, inside.sound)
        draw_spectrogram(strips[2], inside, inside.sound)
    elif strips:
        draw_symbols(strips[0], inside)
    found = [place(height, GAP) for _, height in panels]
    for axes, (text, _) in zip(found, panels, strict=True):
        axes.set_title(text)
    for axes in (*strips[1:], *found):
        mark_words(axes, inside)
    label_time(([*strips, *found])[-1], inside)
    return picture, found


def heat(
    axes: Axes, inside: Inside, values: Tensor, step: float, scale: Scale, columns: int = FINEST, rows: str = ""
) -> None:
    """Values (T, N) in colour, frame t from `t step` on, unit 0 at the top; a bar says what the colours mean."""
    values, first = visible(inside, values, step)
    values, size = fewer(values, columns)
    units = values.shape[1]
    axes.set_ylim(units - 0.5, -0.5)
    axes.set_yticks([])
    axes.set_ylabel(rows or f"{units} units")
    if len(values):
        extent = (first, first + len(values) * size * step, units - 0.5, -0.5)
        axes.imshow(
            values.T, extent=extent, cmap=scale.map(), norm=scale.norm(), aspect="auto", interpolation="nearest"
        )
        set_time(axes, inside)
    else:
        axes.text(0.5, 0.5, "no frames", transform=axes.transAxes, ha="center", va="center", color=SOFT)
    _draw_bar(axes, scale)


def _draw_bar(axes: Axes, scale: Scale) -> None:
    """What the colours mean, beside a map. (A colorbar of matplotlib's takes ten times as long.)"""
    limits = axes.get_xlim(), axes.get_ylim()
    place, extent = axes.transAxes, (1.012, 1.023, 0.0, 1.0)
    shades = torch.linspace(1, 0, LEVELS)[:, None]
    axes.imshow(shades, extent=extent, transform=place, cmap=scale.map(), aspect="auto", clip_on=False)
    axes.set(xlim=limits[0], ylim=limits[1])
    norm = scale.norm()
    for value, text in scale.ticks:
        axes.text(1.028, float(norm(value)), text, transform=place, fontsize=7.5, color=SOFT, va="center")
