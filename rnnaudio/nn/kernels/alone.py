"""One long row at a time, without gradients: a recording that is transcribed."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from rnnaudio.nn.kernels.switch import Direction
from rnnaudio.nn.kernels.threads import side_by_side


@torch.no_grad()
def long_row(kind: str, frames: Tensor, directions: Sequence[Direction]) -> list[tuple[Tensor, tuple[Tensor, ...]]]:
    """States (1, T, H) of an LSTM or GRU in each direction, in reading order, and the last states (1, H).

    With one row, each step is a matrix by a vector: all recurrent weights are read for 2 operations each, and what
    counts is to read them in order and nothing else. Directions run in threads of their own where torch may use them.

    Shapes: frames (1, T, I) float32 on the CPU.

    >>> weights = [torch.zeros(shape) for shape in ((12, 3), (12, 4), (12,), (12,))]
    >>> states, _ = long_row("gru", torch.zeros(1, 3, 3), [Direction(*weights, (torch.ones(1, 4),))])[0]
    >>> states[0, :, 0].tolist()
    [0.5, 0.25, 0.125]
    """
    return side_by_side([partial(_run, kind, frames, one) for one in directions])


def _run(kind: str, frames: Tensor, one: Direction) -> tuple[Tensor, tuple[Tensor, ...]]:
    from rnnaudio.nn.kernels import steps

    row = frames[0].flip(0) if one.backward else frames[0]  # (T, I)
    bias = one.bias_ih + one.bias_hh if kind == "lstm" else one.bias_ih
    gates = torch.addmm(bias, row, one.weight_ih.t()).numpy()  # (T, G)
    out = row.new_empty(len(row), one.weight_hh.shape[1])
    weight = one.weight_hh.t().contiguous().numpy()
    first = [state[0].contiguous() for state in one.start]
    if kind == "lstm":
        memory = first[1].clone()
        steps.lstm_alone(gates, weight, first[0].numpy(), memory.numpy(), out.numpy())
        last: tuple[Tensor, ...] = (out[-1:].clone(), memory[None])
    else:
        steps.gru_alone(gates, weight, one.bias_hh.contiguous().numpy(), first[0].numpy(), out.numpy())
        last = (out[-1:].clone(),)
    return (out.flip(0) if one.backward else out)[None], last
