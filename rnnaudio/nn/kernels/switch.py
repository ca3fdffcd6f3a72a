"""Turning the kernels off: for comparison, and for what they do not do (gradients of gradients)."""

import contextlib
import functools
import importlib.util
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

import torch
from torch import Tensor

_ON: ContextVar[bool] = ContextVar("kernels", default=True)


LONG = 256  # frames from which a single row is worth the start of the compiler


@dataclass(frozen=True)
class Direction:
    """A layer's weights as in `torch.nn.LSTMCell` and `GRUCell`, its first state, and which end is read first."""

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor
    bias_hh: Tensor
    start: tuple[Tensor, ...]
    """(B, H) for h and, of an LSTM, c."""
    backward: bool = False


def serves_alone(frames: Tensor, *tensors: Tensor) -> bool:
    """Whether `long_row` can and should run here: one row of many frames, no gradients, float32 on a CPU.

    >>> serves_alone(torch.zeros(1, 500, 3)), serves_alone(torch.zeros(2, 500, 3))
    (False, False)
    >>> with torch.no_grad():
    ...     serves_alone(torch.zeros(1, 500, 3))
    True
    """
    return (
        not torch.is_grad_enabled()
        and frames.shape[0] == 1
        and frames.shape[1] >= LONG
        and not torch.is_autocast_enabled("cpu")
        and _possible(frames, *tensors)
    )


def serves(*tensors: Tensor) -> bool:
    """Whether the kernels can and should run on these: float32 on a CPU, being trained, not being exported.

    Without gradients PyTorch's kernels are used, `serves_alone` apart: they need no compiling, and a program that only
    answers stays light.

    >>> serves(torch.zeros(2)), serves(torch.zeros(2, dtype=torch.float64))
    (True, False)
    """
    return torch.is_grad_enabled() and _possible(*tensors)


def _possible(*tensors: Tensor) -> bool:
    return (
        _ON.get()
        and _compiler_is_there()
        and all(one.device.type == "cpu" and one.dtype == torch.float32 for one in tensors)
        and not torch.jit.is_tracing()
        and not torch.compiler.is_compiling()
    )


@functools.cache
def _compiler_is_there() -> bool:
    return importlib.util.find_spec("numba") is not None


@contextlib.contextmanager
def switched_off() -> Iterator[None]:
    """Inside this block, recurrent layers use PyTorch's own kernels alone.

    Needed for gradients of gradients, which the kernels do not give; they say so when asked.

    >>> with switched_off():
    ...     serves(torch.zeros(2))
    False
    """
    token = _ON.set(False)
    try:
        yield
    finally:
        _ON.reset(token)
