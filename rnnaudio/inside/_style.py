"""How all pictures look: measures, colours, one scale of colour for each kind of value."""

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names
from torch import Tensor

WIDTH, DPI = 10.0, 130  # inches; 1300 pixels
LEFT, RIGHT = 0.078, 0.922  # shares of the width between which time runs, the same in every picture
TOP, BOTTOM, GAP = 0.38, 0.44, 0.33  # inches
PAPER, INK, SOFT, FAINT = "#ffffff", "#1f2430", "#5c6472", "#d9dce3"
# Okabe and Ito's colours, which differ for the colour-blind too, darkened where they are too light for paper.
HUES = ("#0072b2", "#d55e00", "#009e73", "#b0508a", "#a87b00", "#2f9ad0", "#7a4fbf", "#8c564b", "#3f7f2f", "#c2334d")
LEVELS = 33  # of colour on a scale: the eye sees no more, and a picture of few colours is small
FINEST = 1200  # columns of a heat map
CJK = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "PingFang SC",
    "Microsoft YaHei",
)
ARROWS = {"ahead": "reading ahead →", "behind": "reading back ←"}
CLOSE: Any = {"handlelength": 0.7, "handletextpad": 0.4, "borderaxespad": 0.4, "borderpad": 0.0}  # a legend
STYLE: Any = {
    "font.family": ["DejaVu Sans", *(name for name in CJK if name in get_font_names())],
    "font.size": 9,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": SOFT,
    "axes.facecolor": PAPER,
    "axes.linewidth": 0.8,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.titlepad": 4,
    "axes.titley": 1.0,  # at its place at once, without measuring what is around it
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": PAPER,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "text.color": INK,
}


class Picture(Figure):
    """A figure that shows itself in a notebook, whether pyplot is loaded or not; `timed` where time runs along it."""

    timed = False

    def _repr_png_(self) -> bytes:
        return self.png()

    def png(self) -> bytes:
        """A PNG of 256 colours, which these pictures do not miss, at a third of the size."""
        from PIL import Image

        page, small = io.BytesIO(), io.BytesIO()
        with mpl.rc_context(STYLE), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph")  # a script that no font here has becomes boxes
            self.savefig(page, format="png", dpi=DPI)
        drawn = Image.open(page).convert("RGB")
        drawn.quantize(256, dither=Image.Dither.NONE).save(small, "png", optimize=True)
        return small.getvalue()


@dataclass(frozen=True)
class Scale:
    """The colours of one kind of value, from `low` to `high`; `cut` where a few values lie beyond them.

    A `bent` scale is even from -1 to 1 and logarithmic beyond, for memories that count: a few are far out.
    """

    colours: str
    low: float
    high: float
    cut: bool = False
    bent: bool = False

    def norm(self) -> mpl.colors.Normalize:
        """The scale as matplotlib has it."""
        if self.bent:
            return mpl.colors.SymLogNorm(1.0, 1.0, self.low, self.high)
        return mpl.colors.Normalize(self.low, self.high)

    def map(self) -> mpl.colors.Colormap:
        """The colours as matplotlib has them."""
        return mpl.colormaps[self.colours].resampled(LEVELS)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """The values that stand beside the colours; ≤ and ≥ where some lie beyond."""
        inner = [-1.0, 0.0, 1.0] if self.bent else [(self.low + self.high) / 2]
        ends = ("≤", "≥") if self.cut else ("", "")
        between = [(value, _number(value)) for value in inner]
        return [(self.low, ends[0] + _number(self.low)), *between, (self.high, ends[1] + _number(self.high))]


def _number(value: float) -> str:
    return f"{value:.2g}".replace("-", "−")


SHARE = Scale("cividis", 0.0, 1.0)  # gates


def symmetric(values: Sequence[Tensor], bent: bool = False) -> Scale:
    """Blue below zero, red above: to ±1 if that holds all, else to where 99.8 % of the values lie.

    With `bent` to the largest value, even to ±1 and logarithmic beyond.

    >>> symmetric([torch.tensor([0.5, -0.9])])
    Scale(colours='RdBu_r', low=-1.0, high=1.0, cut=False, bent=False)
    """
    flat = torch.cat([value.abs().flatten() for value in values]) if values else torch.zeros(0)
    most = float(flat.max()) if len(flat) else 0.0
    if most <= 1.0 + 1e-6:
        return Scale("RdBu_r", -1.0, 1.0)
    if bent:
        return Scale("RdBu_r", -most, most, bent=True)
    limit = float(f"{np.quantile(flat.numpy(), 0.998):.2g}")
    return Scale("RdBu_r", -limit, limit, cut=most > limit)
