"""The front end: a batch of sound becomes a batch of frames."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from rnnaudio.features._mask import valid_mask
from rnnaudio.features.config import FeatureConfig
from rnnaudio.features.filterbank import dct_matrix, filterbank
from rnnaudio.features.frames import add_deltas, power_spectrum, stack_frames, zero_padding
from rnnaudio.features.normalise import GlobalNorm, build_norm

__all__ = ["Frontend"]

_WARP_STEPS = 100  # warps are rounded to 1/100, so that a training keeps a few dozen filterbanks at most
_LOWEST_WARP, _HIGHEST_WARP = 0.7, 1.4  # after rounding
_BLOCK = 512  # frames transformed at a time: they stay in the cache, nearly three times faster for a minute of sound
_FAINTEST = 1e-10  # -100 dB of full scale: digital silence has a logarithm too


class Frontend(nn.Module):
    """Turn samples into frames, causally: frame t sees the samples [t hop, t hop + window) and nothing else.

        samples -> pre-emphasis, window, power -> filterbank -> log (-> DCT) -> deltas -> normalise -> stack

    Neither padding nor the rest of the batch changes a frame. Frames beyond a row's length are zero; a row
    shorter than one window has none. It computes in float32 also under autocast, which would blur it.

    Shapes: samples (B, N) float32 in [-1, 1], lengths (B,) int64 -> frames (B, T, F) float32, lengths (B,).

    >>> frontend = Frontend(FeatureConfig(bins=40))
    >>> frames, lengths = frontend(torch.randn(2, 16000), torch.tensor([16000, 8000]))
    >>> frames.shape, lengths.tolist()
    (torch.Size([2, 98, 40]), [98, 48])
    """

    window: Tensor
    dct: Tensor

    def __init__(self, config: FeatureConfig) -> None:
        super().__init__()
        self.config = config
        self.normalise = build_norm(config)
        self._banks: dict[int, Tensor | None] = {}
        self.register_buffer("window", _window(config), persistent=False)
        coefficients = config.coefficients if config.kind == "mfcc" else 1
        self.register_buffer("dct", dct_matrix(config.bins, coefficients), persistent=False)

    @property
    def dimension(self) -> int:
        """Values per frame that come out, F."""
        return self.config.dimension

    @property
    def frame_seconds(self) -> float:
        """Seconds between the beginnings of the frames that come out."""
        return self.config.frame_seconds

    def num_frames(self, samples: int) -> int:
        """Count the frames that come out for so many samples; 0 below one window."""
        return self.config.num_frames(samples)

    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Count the frames that come out for rows of so many samples: (B,) int64 -> (B,) int64."""
        return -(-self._frame_counts(lengths) // self.config.stride)

    def forward(self, samples: Tensor, lengths: Tensor, warp: Tensor | float | None = None) -> tuple[Tensor, Tensor]:
        """Compute the frames of a padded batch of sound.

        `warp` stretches the filterbank of all rows (float) or of each row (Tensor (B,)), rounded to 0.01: see
        :func:`~rnnaudio.features.filterbank.warp_hz`. Values outside 0.7 to 1.4 raise ValueError.
        """
        config = self.config
        with torch.autocast(samples.device.type, enabled=False):
            frames, counts = self._raw_frames(samples, lengths, warp)
            frames = self.normalise(frames, counts)
            frames, counts = stack_frames(frames, counts, config.stack, config.stride)
            return zero_padding(frames, counts), counts

    @torch.no_grad()
    def fit(self, recordings: Iterable[Tensor]) -> None:
        """Take the statistics that global and running normalisation need, from recordings (N,) one by one.

        Without effect under the normalisations that need none.

        >>> frontend = Frontend(FeatureConfig(normalise="global"))
        >>> frontend.fit([torch.randn(16000)])
        >>> frames, _ = frontend(torch.randn(1, 16000), torch.tensor([16000]))
        >>> bool(frames.mean().abs() < 0.1)
        True
        """
        if isinstance(self.normalise, GlobalNorm):
            rows = (self._raw_frames(wave[None], torch.tensor([len(wave)]), None) for wave in recordings)
            self.normalise.fit(rows)

    def _raw_frames(self, samples: Tensor, lengths: Tensor, warp: Tensor | float | None) -> tuple[Tensor, Tensor]:
        """Frames (B, T, F) before normalisation and stacking, with their counts."""
        counts = self._frame_counts(lengths)
        energies = self._band_energies(samples.float(), warp)  # (B, T, bands)
        frames = self._logarithm(energies, counts)
        if self.config.kind == "mfcc":
            frames = frames @ self.dct  # (B, T, coefficients)
        return add_deltas(frames, counts, self.config.deltas), counts

    def _frame_counts(self, lengths: Tensor) -> Tensor:
        config = self.config
        counts = 1 + torch.div(lengths - config.window_samples, config.hop_samples, rounding_mode="floor")
        return counts.clamp(min=0)

    def _band_energies(self, samples: Tensor, warp: Tensor | float | None) -> Tensor:
        """Find the energy of each band in each frame: (B, N) -> (B, T, bands)."""
        hop, window = self.config.hop_samples, self.config.window_samples
        bank = self._bank(warp, len(samples))
        bank = bank if bank is None else bank.to(samples.device)
        blocks, total = [], 1 + (samples.shape[1] - window) // hop
        for first in range(0, max(total, 1), _BLOCK):
            piece = samples[:, first * hop : (first + _BLOCK - 1) * hop + window]
            power = power_spectrum(piece, self.window, hop, self.config.fft_samples, self.config.preemphasis)
            blocks.append(power if bank is None else power @ bank)
        return torch.cat(blocks, dim=1)

    def _logarithm(self, energies: Tensor, counts: Tensor) -> Tensor:
        """The logarithm of band energies (B, T, bands) above the floor, relative to each row's mean where asked."""
        config = self.config
        if config.normalise not in ("utterance", "level"):
            return torch.log(energies + config.log_floor)
        mask = valid_mask(counts, energies.shape[1]).unsqueeze(2)
        values = counts.clamp(min=1) * energies.shape[2]
        mean = (energies.where(mask, 0.0).sum((1, 2)) / values).view(-1, 1, 1)
        if config.normalise == "level":
            return torch.log(energies / (mean + _FAINTEST) + config.log_floor)
        return torch.log(energies + config.log_floor * mean + _FAINTEST)

    def _bank(self, warp: Tensor | float | None, rows: int) -> Tensor | None:
        """Find the filterbank of all rows (bins, F), or of each row (B, bins, F); None is no filterbank."""
        if warp is None:
            return self._bank_at(_WARP_STEPS)
        if isinstance(warp, float | int):
            return self._bank_at(_step(warp))
        if warp.shape != (rows,):
            raise ValueError(f"warp has shape {tuple(warp.shape)}; a batch of {rows} rows needs ({rows},).")
        steps = [_step(value) for value in warp.tolist()]
        if len(set(steps)) == 1:
            return self._bank_at(steps[0])
        eye = torch.eye(self.config.fft_samples // 2 + 1)
        banks = [self._bank_at(step) for step in steps]
        return torch.stack([eye if bank is None else bank for bank in banks])

    def _bank_at(self, step: int) -> Tensor | None:
        if step not in self._banks:
            self._banks[step] = filterbank(self.config, step / _WARP_STEPS)
        return self._banks[step]


def _step(warp: float) -> int:
    if not _LOWEST_WARP <= round(warp, 2) <= _HIGHEST_WARP:
        raise ValueError(f"warp is {warp}; it must be from {_LOWEST_WARP} to {_HIGHEST_WARP}.")
    return round(warp * _WARP_STEPS)


def _window(config: FeatureConfig) -> Tensor:
    length = config.window_samples
    if config.window_shape == "povey":
        return torch.hann_window(length, periodic=False, dtype=torch.float64).pow(0.85).float()
    return torch.hann_window(length)
