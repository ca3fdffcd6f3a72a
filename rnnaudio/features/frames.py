"""From samples to frames, and from frames to richer or fewer frames, each row minding its own length."""

import torch
from torch import Tensor

from rnnaudio.features._mask import valid_mask

__all__ = ["add_deltas", "power_spectrum", "stack_frames", "zero_padding"]


def power_spectrum(samples: Tensor, window: Tensor, hop: int, fft: int, preemphasis: float = 0.0) -> Tensor:
    """Compute the power spectrum of every whole window; frame t sees samples [t hop, t hop + len(window)).

    It is divided by the energy of the window: white noise of variance v has v in each bin, at any window.
    With pre-emphasis the window must begin with 0, as Hann's and Povey's do: emphasising the whole signal
    then equals Kaldi's emphasising of each window alone, and no frame sees the sample before it.

    Shapes: samples (B, N), window (W,) -> (B, T, fft / 2 + 1), T = 1 + (N - W) // hop, or 0 where N < W.

    >>> power_spectrum(torch.randn(2, 1600), torch.hann_window(400), hop=160, fft=512).shape
    torch.Size([2, 8, 257])
    """
    if samples.shape[1] < len(window):
        return samples.new_zeros(len(samples), 0, fft // 2 + 1)
    if preemphasis:
        samples = torch.cat([samples[:, :1], samples[:, 1:] - preemphasis * samples[:, :-1]], dim=1)
    scaled = window / window.square().sum().sqrt()
    # Framing by unfold is three times faster than torch.stft on CPU and keeps time before frequency.
    spectrum = torch.fft.rfft(samples.unfold(1, len(window), hop) * scaled, fft)  # (B, T, fft / 2 + 1)
    return spectrum.real.square() + spectrum.imag.square()


def add_deltas(frames: Tensor, lengths: Tensor, order: int) -> Tensor:
    """Append slopes (order 1) and slopes of slopes (order 2) to each frame.

        d[t] = sum over n of n (c[t + n] - c[t - n]) / (2 sum over n of n^2),  n = 1, 2

    The first and last frame of each row are repeated beyond its ends. What is beyond `lengths` means nothing.
    Source: the HTK book, equation 5.16; the same numbers as torchaudio.functional.compute_deltas.

    Shapes: frames (B, T, F), lengths (B,) -> (B, T, F (1 + order)).

    >>> add_deltas(torch.arange(5.0).view(1, 5, 1), torch.tensor([5]), 1)[0, 2].tolist()
    [2.0, 1.0]
    """
    parts = [frames]
    for _ in range(order):
        parts.append(_slope(parts[-1], lengths))
    return torch.cat(parts, dim=2) if order else frames


def stack_frames(frames: Tensor, lengths: Tensor, stack: int, stride: int) -> tuple[Tensor, Tensor]:
    """Join `stack` frames into one and keep every stride-th; at the end the last frame is repeated.

    Shapes: frames (B, T, F), lengths (B,) -> (B, ceil(T / stride), F stack), ceil(lengths / stride).

    >>> stack_frames(torch.arange(3.0).view(1, 3, 1), torch.tensor([3]), stack=2, stride=2)[0].tolist()
    [[[0.0, 1.0], [2.0, 2.0]]]
    """
    if stack == 1:
        return frames[:, ::stride], -(-lengths // stride)
    starts = torch.arange(0, frames.shape[1], stride, device=frames.device)
    columns = [_at(frames, lengths, starts + offset) for offset in range(stack)]
    return torch.cat(columns, dim=2), -(-lengths // stride)


def zero_padding(frames: Tensor, lengths: Tensor) -> Tensor:
    """Set the frames beyond each row's length to zero.

    >>> zero_padding(torch.ones(1, 3, 1), torch.tensor([2])).flatten().tolist()
    [1.0, 1.0, 0.0]
    """
    return frames.masked_fill(~valid_mask(lengths, frames.shape[1]).unsqueeze(2), 0.0)


def _slope(frames: Tensor, lengths: Tensor) -> Tensor:
    if frames.shape[1] == 0:
        return frames
    here = torch.arange(frames.shape[1], device=frames.device)
    one = _at(frames, lengths, here + 1) - _at(frames, lengths, here - 1)
    two = _at(frames, lengths, here + 2) - _at(frames, lengths, here - 2)
    return (one + 2.0 * two) / 10.0


def _at(frames: Tensor, lengths: Tensor, times: Tensor) -> Tensor:
    """Read frames (B, T, F) at times (S,), held at each row's first and last valid frame -> (B, S, F)."""
    last = (lengths - 1).clamp(min=0).unsqueeze(1)  # (B, 1)
    held = torch.minimum(times.clamp(min=0), last)  # (B, S)
    return frames.gather(1, held.unsqueeze(2).expand(-1, -1, frames.shape[2]))
