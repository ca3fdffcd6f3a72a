"""The fastest decoder: take the best symbol of every frame, and read what that spells."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from rnnaudio.decoding.results import Transcript, Word
from rnnaudio.errors import DataError
from rnnaudio.text import Alphabet

_LINGER = 0.1  # seconds a word goes on after its last peak, see `greedy`


@dataclass(frozen=True)
class _Run:
    """A symbol on the best path from frame `first` to frame `last`; `peak` is its highest log probability."""

    symbol: int
    first: int
    last: int
    peak: float


def greedy(
    log_probs: Tensor, lengths: Tensor, alphabet: Alphabet, frame_seconds: float, offset: float = 0.0
) -> list[Transcript]:
    """Best-path decoding: the likeliest symbol of each frame, repeats merged, then blanks dropped.

    Shapes: log_probs (B, T, V) with V = alphabet.size, lengths (B,) -> B transcripts. Frames after a row's
    length are not looked at. `offset` is where frame 0 stands in the recording, in seconds; a row of no
    frames gives an empty transcript of confidence 0.

    Times: a word starts with the first frame of its first symbol. CTC writes a symbol as a peak somewhere
    in its sound, so a word ends 0.1 s after the last frame of its last symbol, but no later than the next
    word starts or the row ends.
    Confidence: a symbol is as sure as its surest frame, a word is the geometric mean over its symbols, and
    a transcript that over all symbols of its words; with no words it is the mean (again geometric)
    probability of the blank.

    Raises `DataError` for NaN and for scores that are not log probabilities.
    Source: Graves et al. 2006, "Connectionist Temporal Classification", section 3.2.

    >>> alphabet = Alphabet((" ", "a", "b"))
    >>> path = torch.tensor([[2, 2, 0, 2, 1, 3]])                            # a a - a _ b
    >>> log_probs = torch.nn.functional.one_hot(path, 4).float().log()      # (1, 6, 4)
    >>> greedy(log_probs, torch.tensor([6]), alphabet, frame_seconds=0.04)[0].words
    (Word(text='aa', start=0.0, end=0.2, confidence=1.0), Word(text='b', start=0.2, end=0.24, confidence=1.0))
    """
    log_probs = log_probs.detach().float()
    counts = _checked(log_probs, lengths, alphabet)
    peaks, path = log_probs.max(dim=-1)  # (B, T), (B, T)
    rows = zip(path.tolist(), peaks.tolist(), counts, strict=True)
    return [
        _transcript(list(_runs(symbols[:count], sure[:count])), sure[:count], alphabet, frame_seconds, offset)
        for symbols, sure, count in rows
    ]


def _runs(path: list[int], peaks: list[float]) -> Iterator[_Run]:
    """Merge repeats, drop blanks."""
    first = 0
    for frame in range(1, len(path) + 1):
        if frame == len(path) or path[frame] != path[first]:
            if path[first] != Alphabet.blank:
                yield _Run(path[first], first, frame - 1, max(peaks[first:frame]))
            first = frame


def _transcript(
    runs: list[_Run], peaks: list[float], alphabet: Alphabet, frame_seconds: float, offset: float
) -> Transcript:
    """One row's answer: `runs` grouped to words, `peaks` the best log probability of each frame."""
    seconds = len(peaks) * frame_seconds
    groups = _words(runs, alphabet)
    starts = [offset + group[0].first * frame_seconds for group in groups]
    limits = [*starts[1:], offset + seconds][: len(starts)]  # none where nobody spoke
    words = tuple(
        Word(
            text=alphabet.decode(run.symbol for run in group),
            start=_tidy(start),
            end=_tidy(min(offset + (group[-1].last + 1) * frame_seconds + _LINGER, limit)),
            confidence=_mean_probability([run.peak for run in group]),
        )
        for group, start, limit in zip(groups, starts, limits, strict=True)
    )
    sure = [run.peak for group in groups for run in group] or peaks
    return Transcript(" ".join(word.text for word in words), words, _mean_probability(sure), _tidy(seconds))


def _words(runs: list[_Run], alphabet: Alphabet) -> list[list[_Run]]:
    """Runs between spaces, or each run alone where symbols are words."""
    if alphabet.units == "words":
        return [[run] for run in runs]
    groups: list[list[_Run]] = [[]]
    for run in runs:
        if run.symbol == alphabet.space:
            groups.append([])
        else:
            groups[-1].append(run)
    return [group for group in groups if group]


def _mean_probability(log_probs: list[float]) -> float:
    """The geometric mean of probabilities given as logarithms; 0 for none: nothing heard, nothing known."""
    return min(1.0, math.exp(math.fsum(log_probs) / len(log_probs))) if log_probs else 0.0


def _tidy(seconds: float) -> float:
    """Seconds to the microsecond, so that 3 frames of 0.1 s end at 0.3 and not at 0.30000000000000004."""
    return round(seconds, 6)


def _checked(log_probs: Tensor, lengths: Tensor, alphabet: Alphabet) -> list[int]:
    """The lengths as a list, or a `DataError` that says why these scores cannot be decoded."""
    if log_probs.dim() != 3 or log_probs.shape[2] != alphabet.size:
        raise DataError(
            f"log_probs have shape {tuple(log_probs.shape)}; with this alphabet they must be "
            f"(batch, frames, {alphabet.size})."
        )
    counts = lengths.tolist()
    batch, frames = log_probs.shape[:2]
    if len(counts) != batch or any(not 0 <= count <= frames for count in counts):
        raise DataError(f"lengths {counts} do not fit {batch} rows of {frames} frames.")
    # One sum per frame tells all: NaN stays NaN, raw scores do not sum to 1. Loose enough for bf16.
    total = log_probs.logsumexp(dim=-1)  # (B, T)
    valid = torch.arange(frames, device=total.device) < lengths.to(total.device)[:, None]  # (B, T)
    wrong = (valid & ~(total.abs() < 0.05)).nonzero()
    if len(wrong):
        row, frame = wrong[0].tolist()
        value = float(total[row, frame])
        if math.isnan(value):
            raise DataError(f"log_probs of row {row} are NaN at frame {frame}. Look at the model or its input.")
        raise DataError(
            f"log_probs of row {row}, frame {frame} sum to {math.exp(min(value, 99.0)):.3g}, not 1, as "
            "probabilities. Give them a log_softmax first."
        )
    return counts
