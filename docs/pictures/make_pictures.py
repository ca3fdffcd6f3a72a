"""Draw the pictures of README and docs/inside.md, through the public API.

    python docs/pictures/make_pictures.py                          all of them
    python docs/pictures/make_pictures.py --only transcribe --file data/digits/audio/test-0124.ogg
    python docs/pictures/make_pictures.py --only inside --file data/digits/audio/test-0003.ogg

`transcribe.png` shows how a recording becomes words: its wave, its spectrogram, what the network writes at each moment,
the words; all four share one axis of time, so that a word can be followed upwards from its box to its sound.
`inside-*.png` are what `rnnaudio.inside.figures` draws, as docs/inside.md explains.
"""

import argparse
import io
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib as mpl
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from PIL import Image
from torch import Tensor

import rnnaudio
from rnnaudio.errors import RnnaudioError
from rnnaudio.features import Frontend
from rnnaudio.features.filterbank import hz_to_mel
from rnnaudio.files import write_file
from rnnaudio.inside import figures, look
from rnnaudio.models import SpeechRecognizer

WIDTH, HEIGHT, DPI = 8.0, 5.9, 200  # inches: 1600 pixels wide
LEFT, RIGHT = 0.075, 0.985  # shares of the width
PAPER, INK, SOFT, FAINT = "#ffffff", "#1f2430", "#6b7280", "#d9dce3"  # its own paper: the same on a dark page
# Okabe and Ito's colours, which differ for the colour-blind too, darkened where they are too light for paper.
HUES = ("#0072b2", "#d55e00", "#009e73", "#b0508a", "#a87b00", "#2f9ad0", "#7a4fbf", "#8c564b", "#3f7f2f", "#c2334d")
NOTHING = 0.02  # a probability under which a line would only thicken the axis
RANGE_DB = 55.0  # below the loudest: what is fainter is drawn as silence
MARKS_HZ = (250, 500, 1000, 2000, 4000, 8000, 16000)
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": SOFT,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "text.color": INK,
}


@dataclass(frozen=True)
class Heard:
    """What is drawn: samples (N,), the spectrogram in decibels (T, bins), probabilities (T', V), the answer."""

    model: SpeechRecognizer
    samples: Tensor
    decibels: Tensor
    probabilities: Tensor
    answer: rnnaudio.Transcript

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return len(self.samples) / self.model.config.features.rate


@torch.inference_mode()
def listen(model: SpeechRecognizer, file: str) -> Heard:
    """Put a recording through the model and keep what is on the way."""
    features = model.config.features
    samples = rnnaudio.read_audio(file, features.rate).samples
    wave, length = samples[None], torch.tensor([len(samples)])
    # The bands the network hears by, before they are normalised and stacked.
    plain = replace(features, kind="log_mel", deltas=0, stack=1, stride=1, normalise="none", log_floor=1e-12)
    decibels = Frontend(plain)(wave, length)[0][0] * (10 / torch.log(torch.tensor(10.0)))  # (T, bins)
    log_probs, counts = model(*model.frontend(wave, length))
    answer = model.answers(*model.frontend(wave, length))[0]
    return Heard(model, samples, decibels, log_probs[0, : int(counts[0])].exp(), answer)


def draw(heard: Heard) -> Figure:
    """The four parts, one above the other."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, HEIGHT), facecolor=PAPER)
        parts = figure.subplots(4, sharex=True, height_ratios=(0.75, 1.7, 1.35, 0.62))
        figure.subplots_adjust(left=LEFT, right=RIGHT, top=0.953, bottom=0.082, hspace=0.36)
        for part, title in zip(
            parts,
            (
                "The recording",
                "Its log-mel spectrogram",
                "What the network writes at each moment: blank (grey), or a symbol",
                "The words, with their confidence",
            ),
            strict=True,
        ):
            part.set_facecolor(PAPER)
            part.set_title(title, loc="left", fontsize=9.5, color=INK, pad=5)
            part.tick_params(length=3, width=0.8)
        colours = colours_of(heard)
        draw_wave(parts[0], heard)
        draw_spectrogram(parts[1], heard)
        draw_posteriors(parts[2], heard, colours)
        draw_words(parts[3], heard, colours)
        for part, colour in zip(parts[:2], (INK, PAPER), strict=True):
            for word in heard.answer.words:
                part.axvline(word.start, color=colour, linewidth=0.7, alpha=0.45, linestyle=(0, (3, 3)), zorder=3)
        parts[3].set_xlim(0, heard.seconds)
        parts[3].set_xlabel("seconds")
        figure.align_ylabels(parts)
    return figure


def colours_of(heard: Heard) -> dict[int, str]:
    """A colour for each symbol of the answer; symbols that are never the likeliest get none."""
    likeliest = heard.probabilities.argmax(dim=1).tolist()
    written = dict.fromkeys(symbol for symbol in likeliest if symbol)
    return {symbol: HUES[place % len(HUES)] for place, symbol in enumerate(written)}


def draw_wave(part: Axes, heard: Heard) -> None:
    """Highest and lowest sample of each pixel."""
    pixels = round(WIDTH * DPI)
    size = max(1, len(heard.samples) // pixels)
    pieces = heard.samples[: len(heard.samples) // size * size].reshape(-1, size)  # (pixels, size)
    times = (torch.arange(len(pieces)) + 0.5) * (size / heard.model.config.features.rate)
    part.fill_between(times, pieces.amin(dim=1), pieces.amax(dim=1), color="#3d4a66", linewidth=0.3)
    most = float(heard.samples.abs().max()) * 1.05 or 1.0
    part.set_ylim(-most, most)
    part.set_yticks([0], ["0"])
    part.set_ylabel("amplitude")


def draw_spectrogram(part: Axes, heard: Heard) -> None:
    """Decibels of each band, evenly spaced in mel; each frame as wide as its hop, in the middle of its window."""
    config = heard.model.config.features
    frames, bins = heard.decibels.shape
    first = (config.window_samples - config.hop_samples) / 2 / config.rate
    last = first + frames * config.hop_samples / config.rate
    peak = float(heard.decibels.max())
    shown = heard.decibels.T.clamp(min=peak - RANGE_DB)
    part.set_facecolor(mpl.colormaps["magma"](0.0))
    part.imshow(shown, origin="lower", aspect="auto", extent=(first, last, 0, bins), cmap="magma", interpolation="none")
    low, high = hz_to_mel(torch.tensor([config.low_hz, config.top_hz]), config.mel_scale).tolist()
    # Filter k is centred k + 1 steps above the lower edge and drawn from k to k + 1.
    marks = [hz for hz in MARKS_HZ if config.low_hz < hz <= config.top_hz]
    mels = hz_to_mel(torch.tensor(marks, dtype=torch.float64), config.mel_scale)
    places = ((mels - low) / (high - low) * (bins + 1) - 0.5).clamp(max=bins).tolist()
    part.set_yticks(places, [f"{hz // 1000}k" if hz >= 1000 else str(hz) for hz in marks])
    part.set_ylim(0, bins)
    part.set_ylabel("Hz (mel axis)")


def draw_posteriors(part: Axes, heard: Heard, colours: dict[int, str]) -> None:
    """Probability of each symbol as steps: frame t of the network lasts from t to t + 1 times its length."""
    length = heard.model.frame_seconds
    edges = torch.arange(len(heard.probabilities) + 1) * length
    blank = heard.probabilities[:, 0]
    part.stairs(blank, edges, fill=True, color="#eef0f3", linewidth=0)
    part.stairs(blank, edges, color="#b4bac6", linewidth=1.0)
    for symbol in range(1, heard.probabilities.shape[1]):
        line = heard.probabilities[:, symbol]
        near = torch.nn.functional.max_pool1d(line[None], 3, stride=1, padding=1)[0] > NOTHING  # steps up and down too
        line = line.where(near, torch.nan)
        if symbol in colours:
            part.stairs(line, edges, fill=True, color=colours[symbol], alpha=0.2, linewidth=0)
            part.stairs(line, edges, color=colours[symbol], linewidth=1.5)
        else:
            part.stairs(line, edges, color=SOFT, linewidth=0.7)
    part.set_ylim(0, 1.04)
    part.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    part.set_ylabel("probability")


def draw_words(part: Axes, heard: Heard, colours: dict[int, str]) -> None:
    """A box for each word, from its start to its end; all words in the size of letters that fits all boxes."""
    alphabet, words = heard.model.alphabet, heard.answer.words
    points = WIDTH * (RIGHT - LEFT) * 72 / heard.seconds  # in a second
    fitting = min((1.5 * word.seconds * points / max(len(word.text), 2) for word in words), default=0.0)
    size = min(10.5, max(7.0, fitting))
    for number, word in enumerate(words):
        known = alphabet.encode(word.text)[0] if alphabet.units == "words" else 0
        colour = colours.get(known, HUES[number % len(HUES)])
        box = FancyBboxPatch(
            (word.start, 0.0),
            word.seconds,
            1.0,
            boxstyle=f"round,pad=0,rounding_size={3 / points:.4f}",
            mutation_aspect=points / 40,
            facecolor=(*mpl.colors.to_rgb(colour), 0.16),
            edgecolor=colour,
            linewidth=1.3,
        )
        part.add_patch(box)
        middle = (word.start + word.end) / 2
        part.text(middle, 0.62, word.text, ha="center", va="center", fontsize=size, color=INK)
        if word.seconds * points > 16:  # the width of the figures
            part.text(middle, 0.24, f"{word.confidence:.2f}", ha="center", va="center", fontsize=7, color=SOFT)
    part.set_ylim(-0.08, 1.08)
    part.set_yticks([])
    part.spines["left"].set_visible(False)


def save(figure: Figure, path: Path) -> None:
    """Write a PNG of 256 colours, which these pictures do not miss, at a third of the size."""
    page = io.BytesIO()
    figure.savefig(page, format="png", dpi=DPI)
    picture = Image.open(page).convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def transcribe(model: SpeechRecognizer, file: str, folder: Path) -> None:
    """The picture of the README."""
    heard = listen(model, file)
    save(draw(heard), folder / "transcribe.png")
    print(f"{folder / 'transcribe.png'}: {heard.answer.text}")


def inside(model: SpeechRecognizer, file: str, folder: Path) -> None:
    """The pictures of docs/inside.md."""
    seen = look(model, file)
    longest = int(seen.layer(1).ahead.states["c"].abs().amax(dim=0).argmax())
    pictures = {
        "overview": figures.overview(seen),
        "gates": figures.gates(seen, 1),
        "states": figures.states(seen, 1),
        "unit": figures.unit(seen, 1, longest),
        "directions": figures.directions(seen, 1),
        "posteriors": figures.posteriors(seen),
        "reach": figures.reach(seen),
        "reach-in-time": figures.reach_in_time(seen),
    }
    for name, picture in pictures.items():
        write_file(folder / f"inside-{name}.png", picture.png())
    print(f"{folder / 'inside-*.png'}: {seen.transcript}")


def main() -> None:
    """Read the options, listen, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-m", "--model", default="digits-en", help="a shipped name, a model folder or a hub id")
    parser.add_argument("--only", choices=("transcribe", "inside"), help="these and no others")
    parser.add_argument("--file", help="a recording of a few seconds, instead of the one in the docs")
    parser.add_argument("-o", "--output", default="docs/pictures", metavar="FOLDER", help="where the pictures go")
    args = parser.parse_args()
    folder = Path(args.output)
    try:
        model = rnnaudio.load(args.model)
        folder.mkdir(parents=True, exist_ok=True)
        if args.only != "inside":
            transcribe(model, args.file or "data/digits/audio/test-0124.ogg", folder)
        if args.only != "transcribe":
            inside(model, args.file or "data/digits/audio/test-0003.ogg", folder)
    except RnnaudioError as error:
        print(f"rnnaudio: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
