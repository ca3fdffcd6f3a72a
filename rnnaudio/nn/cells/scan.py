"""Linear recurrences h_t = a_t * h_{t-1} + b_t over whole sequences, in three ways that say the same."""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from rnnaudio.errors import ConfigError

ScanForm = Literal["auto", "sequential", "chunked", "doubling"]


def scan(a: Tensor, b: Tensor, h: Tensor, form: ScanForm = "auto") -> Tensor:
    """All h_t = a_t * h_{t-1} + b_t. Shapes: a, b (B, T, H), h (B, H) before the first step -> (B, T, H).

    The gradient is the same recurrence read from the end, so that no more is kept than a and the result. Forms:
    - "sequential": T steps in place.
    - "chunked": about sqrt(T) pieces step together, then their ends are carried over: 2 sqrt(T) steps.
    - "doubling": log2(T) passes over all times, each of which joins a step with the one 1, 2, 4, … before it
      (Hillis & Steele 1986; Blelloch 1990 for recurrences).
    "auto" is sequential on a CPU, but for long sequences of small steps, and chunked elsewhere. Ahead and back on one
    thread, sequential / chunked / doubling / `log_scan` took 11 / 18 / 58 / 300 ms for (16, 512, 256) and 50 / 38 /
    180 / 620 ms for (4, 4096, 256).

    >>> a, b = torch.full((1, 4, 1), 0.5), torch.ones(1, 4, 1)
    >>> scan(a, b, torch.zeros(1, 1)).flatten()
    tensor([1.0000, 1.5000, 1.7500, 1.8750])
    """
    if form == "auto":
        # a step costs its calls however small it is: small ones are cheaper many at a time
        small = b.shape[1] > 64 and b.shape[0] * b.shape[2] <= 1024
        form = "sequential" if b.device.type == "cpu" and not small else "chunked"
    if form not in FORMS:
        raise ConfigError(f"the form of a scan is {form!r}; choose one of auto, {', '.join(FORMS)}.")
    if a.shape[1] == 0:
        return b
    a, b = torch.broadcast_tensors(a, b)
    out: Tensor = _Scan.apply(a, b, h, FORMS[form])
    return out


class _Scan(torch.autograd.Function):
    """The scan with its gradient written out: g_t = dy_t + a_{t+1} g_{t+1}, db_t = g_t, da_t = g_t h_{t-1}."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, h: Tensor, form: Callable[..., Tensor]) -> Tensor:
        out = form(a, b, h)
        ctx.save_for_backward(a, h, out)
        ctx.form = form
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        a, h, out = ctx.saved_tensors
        g = torch.empty_like(out)
        g[:, -1] = dy[:, -1]
        if out.shape[1] > 1:
            g[:, :-1] = ctx.form(a[:, 1:], dy[:, :-1], dy[:, -1], backwards=True)
        da = None
        if ctx.needs_input_grad[0]:
            da = torch.empty_like(out)
            torch.mul(g[:, 0], h, out=da[:, 0])
            torch.mul(g[:, 1:], out[:, :-1], out=da[:, 1:])
        dh = a[:, 0] * g[:, 0] if ctx.needs_input_grad[2] else None
        return da, g, dh, None


def _sequential(a: Tensor, b: Tensor, h: Tensor, backwards: bool = False) -> Tensor:
    out = torch.empty_like(b)
    steps = zip(a.unbind(1), b.unbind(1), out.unbind(1), strict=True)
    for a_t, b_t, out_t in reversed(list(steps)) if backwards else steps:
        h = torch.addcmul(b_t, a_t, h, out=out_t)
    return out


def _chunked(a: Tensor, b: Tensor, h: Tensor, backwards: bool = False) -> Tensor:
    if backwards:
        return _chunked(a.flip(1), b.flip(1), h).flip(1)
    batch, time, width = b.shape
    size = max(1, round(time**0.5))
    count = -(-time // size)
    spare = (0, 0, 0, count * size - time)  # steps after the end, which touch nothing before it
    a = torch.nn.functional.pad(a, spare).view(batch, count, size, width)
    b = torch.nn.functional.pad(b, spare).view(batch, count, size, width)
    out, decay = torch.empty_like(b), torch.empty_like(b)  # each piece from zero, and what is left of its start
    out[:, :, 0], decay[:, :, 0] = b[:, :, 0], a[:, :, 0]
    for step in range(1, size):
        torch.addcmul(b[:, :, step], a[:, :, step], out[:, :, step - 1], out=out[:, :, step])
        torch.mul(a[:, :, step], decay[:, :, step - 1], out=decay[:, :, step])
    starts = [h]
    for piece in range(count - 1):
        starts.append(torch.addcmul(out[:, piece, -1], decay[:, piece, -1], starts[-1]))
    return out.addcmul_(decay, torch.stack(starts, dim=1)[:, :, None]).view(batch, -1, width)[:, :time]


def _doubling(a: Tensor, b: Tensor, h: Tensor, backwards: bool = False) -> Tensor:
    if backwards:
        return _doubling(a.flip(1), b.flip(1), h).flip(1)
    out, decay = b.clone(), a.clone()
    out[:, 0] = torch.addcmul(b[:, 0], a[:, 0], h)
    reach = 1
    while reach < out.shape[1]:
        near, far = slice(reach, None), slice(None, -reach)
        # new tensors on the right: each pass reads what the pass before it left
        out[:, near] = torch.addcmul(out[:, near], decay[:, near], out[:, far])
        decay[:, near] = decay[:, near] * decay[:, far]
        reach *= 2
    return out


FORMS: dict[str, Callable[..., Tensor]] = {"sequential": _sequential, "chunked": _chunked, "doubling": _doubling}


def log_scan(log_a: Tensor, log_b: Tensor, log_h: Tensor) -> Tensor:
    """The scan of positive numbers by their logarithms, as minGRU's authors train it; -inf in `log_h` is a zero start.

        log h_t = A_t + logcumsumexp(log b - A)_t,  A_t = log a_1 + ... + log a_t

    Shapes: log_a, log_b (B, T, H), log_h (B, H) -> h (B, T, H), not its logarithm.
    Source: Heinsen 2023, "Efficient parallelization of a ubiquitous sequential computation", arXiv:2311.06281.

    >>> half, one = torch.full((1, 4, 1), 0.5), torch.ones(1, 4, 1)
    >>> log_scan(half.log(), one.log(), torch.full((1, 1), -torch.inf)).flatten()
    tensor([1.0000, 1.5000, 1.7500, 1.8750])
    """
    total = torch.nn.functional.pad(log_a, (0, 0, 1, 0)).cumsum(1)  # (B, 1 + T, H)
    values = torch.cat([log_h[:, None], log_b], dim=1)
    return (total + (values - total).logcumsumexp(1))[:, 1:].exp()
