"""What the network writes, as steps of probability with the names of the labels at their peaks."""

from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from rnnaudio.inside._style import HUES, LEFT, RIGHT, SOFT, WIDTH
from rnnaudio.inside._time import every, set_time, shown, visible
from rnnaudio.inside.inside import BLANK, Inside

UNLIKELY = 0.02  # a probability under which a line would only thicken the axis


def answer_panel(inside: Inside) -> tuple[str, float]:
    """Title and height of the panel."""
    blank = "blank (grey) or " if BLANK in inside.labels else ""
    return f"What the network writes {every(inside, inside.output_step)}: {blank}a symbol", 1.15


def draw_answer(axes: Axes, inside: Inside) -> None:
    """Probability of each label as steps, the ones that are ever likeliest in colour with their name at the peak."""
    assert inside.log_probs is not None
    seen, first = visible(inside, inside.log_probs.exp(), inside.output_step)
    edges = first + np.arange(len(seen) + 1) * inside.output_step
    likeliest = seen.argmax(dim=1) if len(seen) else torch.zeros(0, dtype=torch.int64)
    blank = inside.labels.index(BLANK) if BLANK in inside.labels else -1
    written = [label for label in dict.fromkeys(likeliest.tolist()) if label != blank]
    colours = {label: HUES[place % len(HUES)] for place, label in enumerate(written)}
    axes.set_ylim(0, 1.22)
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.set_ylabel("probability")
    set_time(axes, inside)
    if len(seen) == 0:
        return
    if blank >= 0:
        axes.stairs(seen[:, blank], edges, fill=True, color="#eef0f3", linewidth=0)
        axes.stairs(seen[:, blank], edges, color="#b4bac6", linewidth=1.0)
    for label in range(seen.shape[1]):
        if label == blank or seen[:, label].max() < UNLIKELY:
            continue
        line = seen[:, label]
        near = torch.nn.functional.max_pool1d(line[None], 3, stride=1, padding=1)[0] > UNLIKELY
        line = line.where(near, torch.nan)
        axes.stairs(line, edges, color=colours.get(label, SOFT), linewidth=1.5 if label in colours else 0.7)
        if label in colours:
            axes.stairs(line, edges, fill=True, color=colours[label], alpha=0.2, linewidth=0)
    _name_peaks(axes, inside, likeliest, edges, colours)


def label_shown(label: str) -> str:
    """A label that can be seen."""
    return "blank" if label == BLANK else shown(label)


def _name_peaks(axes: Axes, inside: Inside, likeliest: Tensor, edges: np.ndarray, colours: Mapping[int, str]) -> None:
    """The label over the middle of each run in which it is the likeliest, where there is room for it."""
    points = WIDTH * (RIGHT - LEFT) * 72 / (inside.end - inside.start)
    runs = torch.unique_consecutive(likeliest, return_counts=True)
    free, frame = -np.inf, 0
    for label, count in zip(*(run.tolist() for run in runs), strict=True):
        middle = (edges[frame] + edges[frame + count]) / 2
        frame += count
        text = label_shown(inside.labels[label]) if label in colours else ""
        half = (3.2 * len(text) + 2) / points
        if text and middle - half > free and inside.start <= middle <= inside.end:
            axes.text(middle, 1.03, text, ha="center", va="bottom", fontsize=8, color=colours[label])
            free = middle + half
