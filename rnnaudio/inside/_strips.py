"""What stands above every picture: the words, the wave and the spectrogram, or the symbols that were read."""

import math

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes

from rnnaudio.decoding import Word
from rnnaudio.inside._style import FINEST, LEFT, LEVELS, RIGHT, SOFT, WIDTH
from rnnaudio.inside._time import MOST_SYMBOLS, fewer, set_time, shown, visible
from rnnaudio.inside.inside import Inside, Sound

RANGE_DB = 55.0  # below the loudest: what is fainter is drawn as silence
MARKS_HZ = (125, 250, 500, 1000, 2000, 4000, 8000, 16000)
MOST_WORDS = 40  # with a line each; more would hide what they point at


def mark_words(axes: Axes, inside: Inside) -> None:
    """A thin line where each word starts, unless they are too many."""
    starts = [word.start for word in _words(inside) if inside.start <= word.start <= inside.end]
    if len(starts) > MOST_WORDS:
        return
    across, dashes = axes.get_xaxis_transform(), (0, (3, 3))
    axes.vlines(starts, 0, 1, transform=across, color="#7d8594", linewidth=0.7, alpha=0.7, linestyle=dashes, zorder=3)
    set_time(axes, inside)


def draw_words(axes: Axes, inside: Inside) -> None:
    """Each word over its time, where there is room for it, in the size of letters that fits most."""
    _bare(axes)
    words = [word for word in _words(inside) if word.end > inside.start and word.start < inside.end]
    points = WIDTH * (RIGHT - LEFT) * 72 / (inside.end - inside.start)  # in a second
    fits = sorted(1.7 * word.seconds * points / max(len(word.text), 1) for word in words)
    size = min(10.0, max(6.0, fits[len(fits) // 4])) if fits else 10.0
    free = -math.inf
    for number, word in enumerate(words):
        axes.axvspan(word.start, word.end, color="#eef0f4" if number % 2 else "#e2e6ec", linewidth=0)
        middle = (max(word.start, inside.start) + min(word.end, inside.end)) / 2
        half = 0.32 * size * len(word.text) / points
        if middle - half > free:
            axes.text(middle, 0.47, word.text, ha="center", va="center", fontsize=size, clip_on=True)
            free = middle + half
    if not words:
        axes.text(0.5, 0.5, "(no words)", transform=axes.transAxes, ha="center", va="center", color=SOFT, fontsize=8)


def draw_symbols(axes: Axes, inside: Inside) -> None:
    """The symbols that were read, each over its step, as long as they can be told apart."""
    _bare(axes)
    first, last = max(0, math.floor(inside.start)), min(len(inside.symbols), math.ceil(inside.end))
    if last - first > MOST_SYMBOLS:
        text = f"{last - first} symbols"
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=SOFT, fontsize=8)
        return
    for place in range(first, last):
        axes.text(place + 0.5, 0.47, shown(inside.symbols[place]), ha="center", va="center", fontsize=10, clip_on=True)


def draw_wave(axes: Axes, inside: Inside, sound: Sound) -> None:
    """Highest and lowest sample of each pixel."""
    samples, first = visible(inside, sound.samples, 1 / sound.rate)
    size = max(1, len(samples) // FINEST)
    pieces = samples[: len(samples) // size * size].reshape(-1, size)  # (pixels, size)
    times = first + (torch.arange(len(pieces)) + 0.5) * (size / sound.rate)
    axes.fill_between(times, pieces.amin(dim=1), pieces.amax(dim=1), color="#3d4a66", linewidth=0.3)
    most = float(sound.samples.abs().max()) * 1.05 if len(sound.samples) else 0.0
    axes.set_ylim(-(most or 1.0), most or 1.0)
    axes.set_yticks([0], ["0"])
    axes.set_ylabel("wave")


def draw_spectrogram(axes: Axes, inside: Inside, sound: Sound) -> None:
    """Decibels of each band, the lowest at the bottom."""
    axes.set_facecolor(mpl.colormaps["magma"](0.0))
    frames, first = visible(inside, sound.decibels, sound.step, sound.first)
    bands = len(sound.hertz)
    places = np.interp(MARKS_HZ, sound.hertz.numpy(), np.arange(bands) + 0.5, left=-1, right=-1)
    room = 11 / 72 * axes.figure.dpi / axes.bbox.height * bands  # bands that a number is high
    marks: list[tuple[float, int]] = []
    for place, hz in zip(reversed(places), reversed(MARKS_HZ), strict=True):
        if place >= 0 and (not marks or marks[-1][0] - place > room):
            marks.append((place, hz))
    axes.set_yticks([place for place, _ in marks], [f"{hz // 1000}k" if hz >= 1000 else str(hz) for _, hz in marks])
    axes.set_ylim(0, bands)
    axes.set_ylabel("Hz")
    if len(frames):
        frames, size = fewer(frames, FINEST)
        peak = float(sound.decibels.max())
        extent = (first, first + len(frames) * size * sound.step, 0, bands)
        image = frames.T.clamp(min=peak - RANGE_DB)
        shades = mpl.colormaps["magma"].resampled(LEVELS)
        axes.imshow(image, origin="lower", aspect="auto", extent=extent, cmap=shades, interpolation="nearest")
        set_time(axes, inside)


def _words(inside: Inside) -> tuple[Word, ...]:
    return inside.transcript.words if inside.transcript else ()


def _bare(axes: Axes) -> None:
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.tick_params(bottom=False)
    axes.spines[:].set_visible(False)
