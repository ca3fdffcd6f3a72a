"""Single words out of recordings of several: cut in the pauses, where there are as many pauses as the text asks for."""

from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor

from rnnaudio.data import Manifest, Utterance, load_samples
from rnnaudio.features import write_audio

RATE = 8000
FRAME = 160  # 20 ms


def pieces(manifest: Manifest, folder: Path) -> Manifest:
    """Every word of every recording whose pauses are clear, as a recording of its own in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for one in manifest:
        words = (one.text or "").split()
        samples = load_samples(one, RATE)
        for number, (word, (start, end)) in enumerate(zip(words, spans(samples, len(words)), strict=False)):
            path = folder / f"{one.id}-{number}.wav"
            write_audio(path, samples[start:end], RATE)
            made.append(Utterance(path.stem, (path,), text=word, speaker=one.speaker or "one"))
    return Manifest(tuple(made))


def spans(samples: Tensor, wanted: int) -> list[tuple[int, int]]:
    """`wanted` stretches of sound with half of each pause on either side; none if no threshold gives so many."""
    level = samples[: len(samples) // FRAME * FRAME].view(-1, FRAME).square().mean(dim=1)
    level = torch.nn.functional.avg_pool1d(level[None], 5, 1, 2)[0].log()
    low, high = level.quantile(0.05), level.quantile(0.95)
    for share in torch.linspace(0.25, 0.75, 26):
        loud = (level > low + share * (high - low)).int()
        edges = torch.diff(loud, prepend=torch.zeros(1, dtype=torch.int32), append=torch.zeros(1, dtype=torch.int32))
        found = [
            (begin, end)
            for begin, end in zip(
                (edges == 1).nonzero()[:, 0].tolist(), (edges == -1).nonzero()[:, 0].tolist(), strict=True
            )
            if end - begin >= 6
        ]
        if len(found) == wanted:
            middles = [(left[1] + right[0]) // 2 for left, right in pairwise(found)]
            borders = [max(0, found[0][0] - 8), *middles, found[-1][1] + 8]
            return [(a * FRAME, b * FRAME) for a, b in pairwise(borders)]
    return []
