"""Filterbanks over a power spectrum: mel, gammatone and none, each with a vocal-tract-length warp."""

import math

import torch
from torch import Tensor

from rnnaudio.features.config import FeatureConfig

__all__ = ["dct_matrix", "filterbank", "gammatone_centres", "hz_to_mel", "mel_to_hz", "warp_hz"]

# Slaney's mel scale: 3 mel per 200 Hz up to 1 kHz, then 27 mel per factor 6.4.
_SLANEY_HZ_PER_MEL = 200.0 / 3
_SLANEY_KNEE_HZ = 1000.0
_SLANEY_KNEE_MEL = _SLANEY_KNEE_HZ / _SLANEY_HZ_PER_MEL
_SLANEY_LOG_STEP = math.log(6.4) / 27


def filterbank(config: FeatureConfig, warp: float = 1.0) -> Tensor | None:
    """Weigh FFT bins into the bands of a front end; None where the bands are the FFT bins themselves.

    A warp above 1 moves the filters up, as for a speaker with a shorter vocal tract; see :func:`warp_hz`.

    Shapes: -> (fft_samples / 2 + 1, bands) float32.

    >>> filterbank(FeatureConfig(bins=40)).shape
    torch.Size([257, 40])
    """
    if config.kind == "spectrogram":
        return None if warp == 1.0 else _linear_bank(config, warp).float()
    bank = _gammatone_bank(config, warp) if config.kind == "log_gammatone" else _mel_bank(config, warp)
    return bank.float()


def hz_to_mel(hz: Tensor, scale: str) -> Tensor:
    """Place frequencies on a mel scale: "slaney" (as librosa), or O'Shaughnessy's of "htk" and "kaldi".

    >>> hz_to_mel(torch.tensor([1000.0]), "slaney").item()
    15.0
    """
    if scale == "slaney":
        bent = _SLANEY_KNEE_MEL + torch.log(hz.clamp(min=1e-3) / _SLANEY_KNEE_HZ) / _SLANEY_LOG_STEP
        return torch.where(hz < _SLANEY_KNEE_HZ, hz / _SLANEY_HZ_PER_MEL, bent)
    return 2595.0 * torch.log10(1.0 + hz / 700.0)


def mel_to_hz(mel: Tensor, scale: str) -> Tensor:
    """Undo :func:`hz_to_mel`.

    >>> mel_to_hz(torch.tensor([15.0]), "slaney").item()
    1000.0
    """
    if scale == "slaney":
        bent = _SLANEY_KNEE_HZ * torch.exp(_SLANEY_LOG_STEP * (mel - _SLANEY_KNEE_MEL))
        return torch.where(mel < _SLANEY_KNEE_MEL, mel * _SLANEY_HZ_PER_MEL, bent)
    return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)


def warp_hz(hz: Tensor, warp: float, nyquist: float) -> Tensor:
    """Scale frequencies by `warp` up to a knee, then run straight to the Nyquist frequency, which stays.

    The knee is at 0.6 of Nyquist (4800 Hz at 16 kHz). Source: Jaitly and Hinton 2013, "Vocal tract length
    perturbation improves speech recognition", equation 1.

    >>> warp_hz(torch.tensor([1000.0, 8000.0]), 1.1, nyquist=8000.0).tolist()
    [1100.0, 8000.0]
    """
    knee = 0.6 * nyquist * min(warp, 1.0)
    slope = (nyquist - knee) / (nyquist - knee / warp)
    return torch.where(hz <= knee / warp, hz * warp, nyquist - slope * (nyquist - hz))


def dct_matrix(bands: int, coefficients: int) -> Tensor:
    """Build the orthonormal DCT-II that turns log bands into cepstral coefficients.

    Shapes: -> (bands, coefficients) float32.

    >>> dct_matrix(4, 1)[:, 0].tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    band = torch.arange(bands, dtype=torch.float64).unsqueeze(1) + 0.5
    order = torch.arange(coefficients, dtype=torch.float64)
    matrix = torch.cos(math.pi / bands * band * order) * math.sqrt(2.0 / bands)
    matrix[:, 0] /= math.sqrt(2.0)
    return matrix.float()


def _mel_bank(config: FeatureConfig, warp: float) -> Tensor:
    edges = torch.tensor([config.low_hz, config.top_hz], dtype=torch.float64)
    low, high = hz_to_mel(edges, config.mel_scale).tolist()
    mels = torch.linspace(low, high, config.bins + 2, dtype=torch.float64)
    corners = warp_hz(mel_to_hz(mels, config.mel_scale), warp, config.rate / 2)
    bins = _fft_hz(config)
    if config.mel_scale == "kaldi":
        bank = _triangles(hz_to_mel(bins, "kaldi"), hz_to_mel(corners, "kaldi"))
        bank[-1] = 0.0  # Kaldi leaves the Nyquist bin out
        return bank
    bank = _triangles(bins, corners)
    return bank * 2.0 / (corners[2:] - corners[:-2]) if config.mel_scale == "slaney" else bank


def _triangles(positions: Tensor, corners: Tensor) -> Tensor:
    """Triangle k rises from corners[k] to 1 at corners[k + 1] and falls to corners[k + 2]."""
    left, centre, right = corners[:-2], corners[1:-1], corners[2:]
    position = positions.unsqueeze(1)  # (P, 1)
    rise, fall = (position - left) / (centre - left), (right - position) / (right - centre)
    return torch.minimum(rise, fall).clamp(min=0.0)


def _linear_bank(config: FeatureConfig, warp: float) -> Tensor:
    """Read the spectrum between its bins, at the warped frequency of each bin."""
    bins = _fft_hz(config)
    step = bins[1].item()
    corners = warp_hz(bins, warp, config.rate / 2)
    return (1.0 - (bins.unsqueeze(1) - corners).abs() / step).clamp(min=0.0)


def _gammatone_bank(config: FeatureConfig, warp: float) -> Tensor:
    """Weigh by the squared magnitude response of fourth-order gammatone filters, evenly spaced in ERB number.

    |H(f)|^2 = (1 + ((f - centre) / b)^2)^-4,  b = 1.019 ERB(centre),  ERB(f) = 24.7 (4.37 f / 1000 + 1)
    Source: Patterson et al. 1987; Glasberg and Moore 1990.
    """
    centres = warp_hz(gammatone_centres(config), warp, config.rate / 2)
    width = 1.019 * 24.7 * (0.00437 * centres + 1.0)
    return (1.0 + ((_fft_hz(config).unsqueeze(1) - centres) / width) ** 2) ** -4


def gammatone_centres(config: FeatureConfig) -> Tensor:
    """Find the centre frequencies in hertz, one step of ERB number inside the edges: (bins,) float64.

    >>> gammatone_centres(FeatureConfig(kind="log_gammatone", bins=2, low_hz=0.0)).round().tolist()
    [526.0, 2264.0]
    """
    edges = torch.tensor([config.low_hz, config.top_hz], dtype=torch.float64)
    low, high = (21.4 * torch.log10(1.0 + 0.00437 * edges)).tolist()
    numbers = torch.linspace(low, high, config.bins + 2, dtype=torch.float64)[1:-1]
    return (10.0 ** (numbers / 21.4) - 1.0) / 0.00437


def _fft_hz(config: FeatureConfig) -> Tensor:
    return torch.linspace(0.0, config.rate / 2, config.fft_samples // 2 + 1, dtype=torch.float64)
