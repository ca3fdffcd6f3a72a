"""Long recordings in pieces: cut where it is quietest, so that memory stays constant and words stay whole."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rnnaudio.decoding import Transcript
from rnnaudio.features import Waveform

QUIET_SECONDS = 0.2


@dataclass(frozen=True)
class Segment:
    """A piece of a recording: samples (N,) and the second at which they start."""

    samples: Tensor
    start: float


def segments(blocks: Iterable[Waveform], longest: float = 20.0) -> Iterator[Segment]:
    """Pieces of at most `longest` seconds, cut in the quietest fifth of a second of a piece's second half.

    A recording no longer than that stays in one piece. Every sample is in exactly one piece.

    >>> [len(piece.samples) for piece in segments([Waveform(torch.zeros(50), 10)], longest=2.0)]
    [11, 11, 11, 17]
    """
    held = torch.zeros(0)
    start, rate = 0, 1
    for block in blocks:
        rate = block.rate
        held = torch.cat([held, block.samples])
        while len(held) > int(longest * rate):
            cut = quietest(held[: int(longest * rate)], rate)
            yield Segment(held[:cut].clone(), start / rate)
            held, start = held[cut:], start + cut
    if len(held) or start == 0:
        yield Segment(held, start / rate)


def quietest(samples: Tensor, rate: int) -> int:
    """The middle of the quietest window in the second half of (N,) samples.

    >>> quietest(torch.cat([torch.ones(70), torch.zeros(20), torch.ones(10)]), 100)
    80
    """
    width = max(1, int(QUIET_SECONDS * rate))
    half = len(samples) // 2
    energy = torch.cumsum(torch.cat([torch.zeros(1), samples[half:].square()]).double(), dim=0)
    windows = energy[width:] - energy[:-width]
    if len(windows) == 0:
        return max(1, half)
    return max(1, half + int(windows.argmin()) + width // 2)


def joined(parts: Sequence[Transcript]) -> Transcript:
    """One transcript of successive pieces, whose times already count from the start of the recording.

    Its confidence is the geometric mean over the words, or over the pieces where nobody spoke.

    >>> joined([Transcript("one", (), 0.5, 1.0), Transcript("", (), 0.9, 2.0), Transcript("two", (), 0.5, 1.0)]).text
    'one two'
    """
    words = tuple(word for part in parts for word in part.words)
    sure = [word.confidence for word in words] or [part.confidence for part in parts] or [0.0]
    confidence = 0.0 if min(sure) <= 0 else math.exp(sum(math.log(value) for value in sure) / len(sure))
    text = " ".join(part.text for part in parts if part.text)
    return Transcript(text, words, confidence, math.fsum(part.seconds for part in parts))
