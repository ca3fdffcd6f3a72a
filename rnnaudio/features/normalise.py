"""Normalisation of frames: over the utterance, by the statistics of a corpus, or running along a stream."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rnnaudio.errors import DataError
from rnnaudio.features._mask import valid_mask
from rnnaudio.features.config import FeatureConfig

__all__ = ["GlobalNorm", "NoNorm", "RunningNorm", "RunningState", "UtteranceNorm", "build_norm"]

# Log energies of speech deviate by 1 to 3 per bin. A bin that deviates by less than 0.1 is silence or a
# hum, and stretching it to variance 1 would turn rounding noise into a signal.
_SMALLEST_VARIANCE = 0.1**2
_RUNNING_SECONDS = 3.0  # the age at which a frame counts 1/e in a running normalisation: a few words
_BLOCK = 128  # frames summed at a time


class NoNorm(nn.Module):
    """Leave the frames as they are.

    >>> NoNorm()(torch.ones(1, 1, 1), torch.tensor([1])).item()
    1.0
    """

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Return frames (B, T, F)."""
        return frames


class UtteranceNorm(nn.Module):
    """Bring each bin of each row to mean 0 and variance 1 over the row's own frames.

    A bin that hardly varies keeps its small variance; a single frame becomes zeros. Padding is not seen.

    Shapes: frames (B, T, F), lengths (B,) -> (B, T, F).

    >>> UtteranceNorm()(torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([2])).flatten()[:2].tolist()
    [-1.0, 1.0]
    """

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Normalise frames (B, T, F) of which the first lengths (B,) are valid."""
        mask = valid_mask(lengths, frames.shape[1]).unsqueeze(2)  # (B, T, 1)
        count = lengths.clamp(min=1).view(-1, 1, 1)
        mean = frames.where(mask, 0.0).sum(1, keepdim=True) / count  # (B, 1, F)
        centred = frames - mean
        variance = centred.where(mask, 0.0).square().sum(1, keepdim=True) / count
        return centred / variance.clamp(min=_SMALLEST_VARIANCE).sqrt()


class GlobalNorm(nn.Module):
    """Subtract the mean and divide by the deviation that :meth:`fit` found in the training data, per bin.

    Both are buffers, saved with the model. Before any fit they are 0 and 1.

    Shapes: frames (B, T, F), lengths (B,) -> (B, T, F).

    >>> norm = GlobalNorm(1)
    >>> norm.fit([(torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([2]))])
    >>> norm.mean.item(), norm.deviation.item()
    (2.0, 1.0)
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dimension))
        self.register_buffer("deviation", torch.ones(dimension))

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Normalise frames (B, T, F)."""
        return (frames - self.mean) / self.deviation

    def fit(self, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
        """Take the statistics of (frames (B, T, F), lengths (B,)) that have not been normalised.

        Raises:
            DataError: there is not one valid frame.
        """
        count, mean, spread = 0, torch.zeros_like(self.mean, dtype=torch.float64), torch.zeros(())
        for frames, lengths in batches:
            rows = frames[valid_mask(lengths, frames.shape[1])].to(mean)  # (N, F)
            if len(rows) == 0:
                continue
            # Chan, Golub and LeVeque 1979: sums of squares lose digits, joined squared deviations do not.
            here, total = rows.mean(0), count + len(rows)
            spread = spread + (rows - here).square().sum(0)
            spread = spread + (here - mean).square() * count * len(rows) / total
            mean, count = mean + (here - mean) * len(rows) / total, total
        if count == 0:
            raise DataError("Global normalisation found no frames: all recordings are shorter than a window.")
        self.mean.copy_(mean)
        self.deviation.copy_((spread / count).clamp(min=_SMALLEST_VARIANCE).sqrt())


@dataclass(frozen=True, eq=False)
class RunningState:
    """What a running normalisation remembers of each row: decaying sums over the frames seen, (B, 1 + 2 F).

    The columns are the weight, the F sums of the frames and the F sums of their squares.

    >>> RunningState(torch.zeros(1, 5)).sums.shape
    torch.Size([1, 5])
    """

    sums: Tensor


class RunningNorm(GlobalNorm):
    """Normalise causally, by a mean and variance that forget exponentially: what a live stream can have.

    After the normalisation of :class:`GlobalNorm`, the past and present frames of each row, weighted by
    decay^(age in frames), give mean and variance per bin. In the beginning `prior` imagined frames of mean 0
    and variance 1 keep the first real ones from being divided by nearly nothing.

    Shapes: frames (B, T, F), lengths (B,) -> (B, T, F).

    >>> norm, frames = RunningNorm(40), torch.randn(1, 100, 40)
    >>> whole = norm(frames, torch.tensor([100]))
    >>> first, state = norm.advance(frames[:, :30], torch.tensor([30]), None)
    >>> rest, state = norm.advance(frames[:, 30:], torch.tensor([70]), state)
    >>> torch.allclose(torch.cat([first, rest], 1), whole, atol=1e-5)
    True
    """

    def __init__(self, dimension: int, decay: float = 0.997, prior: float = 25.0) -> None:
        super().__init__(dimension)
        self.decay, self.prior = decay, prior

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Normalise whole rows (B, T, F)."""
        return self.advance(frames, lengths, None)[0]

    def advance(self, frames: Tensor, lengths: Tensor, state: RunningState | None) -> tuple[Tensor, RunningState]:
        """Normalise the next frames (B, T, F) of each row after `state`, None at the beginning."""
        rows, time, dimension = frames.shape
        frames = super().forward(frames, lengths)
        before = self._prior_sums(frames) if state is None else state.sums  # (B, 1 + 2 F)
        seen = frames.where(valid_mask(lengths, time).unsqueeze(2), 0.0)
        terms = torch.cat([seen.new_ones(rows, time, 1), seen, seen.square()], dim=2)  # (B, T, 1 + 2 F)
        sums = _decaying_sums(terms, before, self.decay)
        weight, total, square = sums.split([1, dimension, dimension], dim=2)
        mean = total / weight
        variance = (square / weight - mean.square()).clamp(min=_SMALLEST_VARIANCE)
        history = torch.cat([before.unsqueeze(1), sums], dim=1)  # (B, 1 + T, 1 + 2 F), entry t after t frames
        after = history.gather(1, lengths.view(-1, 1, 1).expand(-1, 1, history.shape[2])).squeeze(1)
        return (frames - mean) / variance.sqrt(), RunningState(after)

    def _prior_sums(self, frames: Tensor) -> Tensor:
        rows, _, dimension = frames.shape
        nothing = frames.new_zeros(rows, dimension)
        return torch.cat([frames.new_full((rows, 1), self.prior), nothing, nothing + self.prior], dim=1)


def build_norm(config: FeatureConfig) -> nn.Module:
    """Build the normalisation a front end asks for."""
    dimension = config.base_dimension * (1 + config.deltas)
    match config.normalise:
        case "utterance":
            return UtteranceNorm()
        case "global" | "level":
            return GlobalNorm(dimension)
        case "running":
            return RunningNorm(dimension, decay=1.0 - config.hop_samples / (config.rate * _RUNNING_SECONDS))
        case _:
            return NoNorm()


def _decaying_sums(terms: Tensor, before: Tensor, decay: float) -> Tensor:
    """Compute s[t] = decay s[t - 1] + terms[t], s[-1] = before: (B, T, D), (B, D) -> (B, T, D).

    Block by block as a product with a triangular matrix: exact where a cumulative sum of scaled terms would
    overflow, and a hundred times fewer steps than a loop.
    """
    age = torch.arange(_BLOCK, device=terms.device).unsqueeze(1) - torch.arange(_BLOCK, device=terms.device)
    fall = (decay ** age.clamp(min=0)).tril().to(terms)  # (S, S)
    carry = (decay ** torch.arange(1, _BLOCK + 1, device=terms.device)).to(terms).unsqueeze(1)  # (S, 1)
    blocks = []
    for block in terms.split(_BLOCK, dim=1):
        size = block.shape[1]
        sums = fall[:size, :size] @ block + carry[:size] * before.unsqueeze(1)  # (B, S, D)
        if size:
            before = sums[:, -1]
        blocks.append(sums)
    return torch.cat(blocks, dim=1)
