"""Frames on the axis of time that all pictures share."""

import math

import torch
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from rnnaudio.inside.inside import Inside, Layer

VISIBLE = {" ": "␣", "\n": "⏎", "\t": "⇥"}
MOST_SYMBOLS = 130  # that can be told apart along an axis


def set_time(axes: Axes, inside: Inside) -> None:
    """Show the window of time and nothing else."""
    axes.set_xlim(inside.start, max(inside.end, inside.start + 1e-3))


def visible(inside: Inside, values: Tensor, step: float, origin: float = 0.0) -> tuple[Tensor, float]:
    """The frames (T, ...) that reach into the window of time, and where the first of them begins."""
    first = max(0, math.floor((inside.start - origin) / step + 1e-6))
    last = max(first, math.ceil((inside.end - origin) / step - 1e-6))
    return values[first:last], origin + first * step


def fewer(values: Tensor, columns: int) -> tuple[Tensor, int]:
    """At most `columns` rows of (T, N), each the mean of so many neighbours; the last one of those that are left.

    >>> rows, size = fewer(torch.arange(5.0)[:, None], 3)
    >>> rows.flatten().tolist(), size
    ([0.5, 2.5, 4.0], 2)
    """
    size = max(1, -(-len(values) // columns))
    return (values if size == 1 else torch.stack([piece.mean(dim=0) for piece in values.split(size)])), size


def label_time(axes: Axes, inside: Inside) -> None:
    """Say what the axis counts: seconds, or the symbols themselves as long as they can be told apart."""
    axes.tick_params(labelbottom=True)
    axes.set_xlabel("seconds" if not inside.symbols else "symbol, in the order of reading")
    places = range(max(0, math.floor(inside.start)), min(len(inside.symbols), math.ceil(inside.end)))
    if 0 < len(places) <= MOST_SYMBOLS:
        axes.set_xticks([place + 0.5 for place in places], [shown(inside.symbols[place]) for place in places])
        axes.tick_params(axis="x", length=0, labelsize=9)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(12, steps=[1, 2, 5, 10], integer=bool(inside.symbols)))


def shown(symbol: str) -> str:
    """A symbol that can be seen."""
    return VISIBLE.get(symbol, symbol)


def every(inside: Inside, step: float) -> str:
    """How often, in words."""
    return "for each symbol" if inside.symbols and step == 1 else f"every {length(inside, step)}"


def length(inside: Inside, step: float) -> str:
    """How long, in words."""
    return f"{step:g} symbols" if inside.symbols else f"{step * 1000:g} ms"


def moment(inside: Inside, layer: Layer, frame: int) -> str:
    """When a frame of a layer begins, in words."""
    return f"symbol {frame * layer.step:g}" if inside.symbols else f"{frame * layer.step:.2f} s"
