"""Which remedy cures what, in one picture: what was learned at each length, and how far back gradients reach."""

import io
from pathlib import Path

import matplotlib as mpl
from grid import Curve, Job, Result, row_of
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image
from table import in_order

WIDTH, DPI = 10.0, 160
INK, SOFT, FAINT, PAPER = "#1f2430", "#6b7280", "#d9dce3", "#ffffff"
LEARNED = mpl.colors.LinearSegmentedColormap.from_list("learned", ("#f4f1ea", "#bcd7e8", "#2b7bba", "#0b3c6f"))
EXPLODED = "#c2334d"
STARTS = {"torch": "#b3541e", "identity": "#7a4fbf", "orthogonal": "#a87b00", "chrono": "#0b6fae"}
NAMES = {"torch": "torch's own", "identity": "identity", "orthogonal": "orthogonal", "chrono": "chrono"}
PLACES = {"torch": 0.0, "identity": 0.067, "orthogonal": 0.115, "chrono": 0.178}  # in the legend
CELLS = {
    "rnn": "RNN, tanh",
    "irnn": "IRNN, relu",
    "lstm": "LSTM",
    "gru": "GRU",
    "ligru": "Li-GRU",
    "mingru": "minGRU",
    "minlstm": "minLSTM",
}
TITLES = {"adding": "Adding two marked numbers", "copying": "Copying ten symbols"}
LOWEST = 1e-9  # what is less counts as nothing
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": SOFT,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
}
ROW, GAP, TOP, BOTTOM = 0.215, 0.26, 0.86, 0.7  # inches


def draw(rows: list[list[Job]], results: list[Result], curves: list[Curve], path: Path) -> None:
    """A band for each cell: its remedies line by line for each problem, and beside them its curves of reach."""
    problems = list(dict.fromkeys(row[0].problem for row in rows))
    lines = {cell: [one for one in in_order(rows, problems[0]) if one.cell == cell] for cell in CELLS}
    lines = {cell: jobs for cell, jobs in lines.items() if jobs}
    lengths = [job.length for job in rows[0]]
    height = TOP + BOTTOM + sum(ROW * len(jobs) for jobs in lines.values()) + GAP * (len(lines) - 1)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height), facecolor=PAPER)
        figure.text(0.012, 1 - 0.2 / height, "Which remedy cures what", fontsize=12, fontweight="bold", va="center")
        upper = height - TOP
        for number, (cell, jobs) in enumerate(lines.items()):
            size = ROW * len(jobs)
            last = number == len(lines) - 1

            def place(left: float, width: float, lower: float = upper - size, size: float = size) -> Axes:
                return figure.add_axes((left, lower / height, width, size / height))

            figure.text(0.012, (upper - size / 2) / height, CELLS[cell], fontsize=9.5, fontweight="bold", va="center")
            wide = 0.47 / len(problems) - 0.012
            for column, problem in enumerate(problems):
                axes = place(0.237 + column * (wide + 0.012), wide)
                _draw_cells(
                    axes, [row_of(results, one) for one in in_order(rows, problem) if one.cell == cell], lengths
                )
                if column == 0:
                    axes.set_yticks([index + 0.5 for index in range(len(jobs))], [one.remedy.name for one in jobs])
                if number == 0:
                    axes.set_title(TITLES[problem], fontsize=9, loc="left", pad=6)
                if last:
                    axes.set_xticks([index + 0.5 for index in range(len(lengths))], [str(length) for length in lengths])
                    axes.set_xlabel("length")
            axes = place(0.765, 0.222)
            _draw_reach(axes, [curve for curve in curves if curve.cell == cell])
            if number == 0:
                axes.set_title("Reach at the start:  ‖∂s(t) / ∂s(t−k)‖", fontsize=9, loc="left", pad=6)
            if last:
                axes.set_xlabel("lag k, in steps")
            else:
                axes.set_xticklabels([])
            upper -= size + GAP
        _draw_legend(figure, height, {curve.initial for curve in curves})
        _save(figure, path)


def _draw_cells(axes: Axes, lines: list[dict[int, Result]], lengths: list[int]) -> None:
    """A box for each length: its colour says how much of the baseline's loss is gone, the number the steps it took."""
    for row, came in enumerate(lines):
        for column, length in enumerate(lengths):
            one = came.get(length)
            colour = PAPER if one is None else EXPLODED if one.exploded else LEARNED(one.learned)
            axes.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, edgecolor=PAPER, linewidth=1.5))
            light = one is not None and (one.exploded or one.learned > 0.45)
            word = "·" if one is None else str(one).removesuffix(" steps")
            colour = PAPER if light else SOFT
            size = 5.8 if word == "explodes" else 7
            axes.text(column + 0.5, row + 0.52, word, ha="center", va="center", fontsize=size, color=colour)
    axes.set(xlim=(0, len(lengths)), ylim=(len(lines), 0), xticks=[], yticks=[])
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _draw_reach(axes: Axes, curves: list[Curve]) -> None:
    for curve in curves:
        shown = [max(norm, LOWEST) for norm in curve.norms]
        axes.plot(shown, color=STARTS[curve.initial], linewidth=1.5)
    furthest = max(len(one.norms) for one in curves) - 1
    axes.set(xscale="log", xlim=(1, furthest), yscale="log", ylim=(LOWEST, 30), yticks=[1e-8, 1e-4, 1])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}")
    axes.minorticks_off()
    axes.grid(color="#eceef2", linewidth=0.7)
    axes.set_axisbelow(True)


def _draw_legend(figure: Figure, height: float, initials: set[str]) -> None:
    at = 1 - 0.47 / height
    words = "%: how much of the loss of a network without memory is gone.  A bare number: solved, a tenth of it left, "
    words += "after so many steps.  Dot: not tried, as the shorter one was not half learned."
    figure.text(0.012, 0.13 / height, words, fontsize=7.5, color=SOFT, va="center")
    for index, share in enumerate((0.0, 0.25, 0.5, 0.75, 1.0)):
        left = 0.237 + 0.045 * index
        figure.patches.append(_box(figure, left, at, height, LEARNED(share)))
        colour = PAPER if share > 0.45 else SOFT
        figure.text(left + 0.0225, at, f"{100 * share:.0f} %", ha="center", va="center", fontsize=7, color=colour)
    left = 0.237 + 0.045 * 5 + 0.015
    figure.patches.append(_box(figure, left, at, height, EXPLODED, 0.06))
    figure.text(left + 0.03, at, "explodes", ha="center", va="center", fontsize=7, color=PAPER)
    for initial, name in NAMES.items():
        if initial in initials:
            figure.text(0.765 + PLACES[initial], at, name, fontsize=7.5, color=STARTS[initial], va="center")


def _box(figure: Figure, left: float, middle: float, height: float, colour: object, width: float = 0.045) -> Rectangle:
    corner, tall = (left, middle - 0.085 / height), 0.17 / height
    return Rectangle(corner, width, tall, transform=figure.transFigure, facecolor=colour, edgecolor=PAPER)


def _save(figure: Figure, path: Path) -> None:
    """A PNG of 128 colours, which this picture does not miss."""
    page = io.BytesIO()
    figure.savefig(page, format="png", dpi=DPI)
    Image.open(page).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
