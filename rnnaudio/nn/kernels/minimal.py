"""minGRU and minLSTM over whole sequences: gates, recurrence and gradient in one pass over memory each way."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from rnnaudio.nn.kernels.threads import side_by_side, spans


def minimal_scan(kind: str, x: Tensor, start: Tensor) -> Tensor:
    """All states of a minimal cell from what its frames contribute.

    On a CPU the recurrence is bound by memory, and a scan in logarithmic depth reads it log T times; this reads it
    once, and keeps nothing for the way back but its own input and output.

    Shapes: x (B, T, 2H) for "mingru" (update, candidate) or (B, T, 3H) for "minlstm" (forget, input, candidate), before
    their nonlinearities, start (B, H), float32 on the CPU -> (B, T, H). Gradients of gradients raise an error.

    >>> minimal_scan("mingru", torch.zeros(1, 3, 2), torch.zeros(1, 1)).flatten().tolist()  # half way to 0.5 each time
    [0.25, 0.375, 0.4375]
    """
    with torch.autocast("cpu", enabled=False):
        states: Tensor = _Minimal.apply(kind, x.float(), start.float())
    return states


class _Minimal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, kind: str, x: Tensor, start: Tensor) -> Tensor:
        from rnnaudio.nn.kernels import steps

        x, start = x.contiguous(), start.contiguous()
        states = x.new_empty(*x.shape[:2], start.shape[1])
        ahead = steps.mingru_ahead if kind == "mingru" else steps.minlstm_ahead
        _share(ahead, x, start, states)
        ctx.kind = kind
        ctx.save_for_backward(x, start, states)
        return states

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor, Tensor]:
        from rnnaudio.nn.kernels import steps

        x, start, states = ctx.saved_tensors
        carry, grad_x = torch.zeros_like(start), torch.empty_like(x)
        back = steps.mingru_back if ctx.kind == "mingru" else steps.minlstm_back
        _share(back, x, start, states, grad.contiguous(), carry, grad_x)
        return None, grad_x, carry


def _share(kernel: Callable[..., None], *tensors: Tensor) -> None:
    """Run a kernel over all rows, some of them in each thread."""
    arrays = [tensor.detach().numpy() for tensor in tensors]
    side_by_side([partial(kernel, *(array[part] for array in arrays)) for part in spans(len(arrays[0]))])
