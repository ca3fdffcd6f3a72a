"""A GRU over ragged rows, one direction or both, as one differentiable operation."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from rnnaudio.nn.kernels.rows import Rows, lay_out
from rnnaudio.nn.kernels.switch import Direction
from rnnaudio.nn.kernels.threads import side_by_side

Kept = tuple[Tensor, Tensor, Tensor]
WORTH_HALF = 2048  # rows x units of a step from which bfloat16 products gain more than their conversions cost


def ragged_gru(frames: Tensor, lengths: Tensor, directions: Sequence[Direction]) -> list[tuple[Tensor, Tensor]]:
    """States of each direction in reading order, (B, T, H) with zeros after each row's end, and each row's last state.

    No product is computed for padding, and none of its values is read. A GRU of `torch.nn` has no fused kernel on a
    CPU: each step is a dozen operations ahead and two dozen back, with a gradient of all recurrent weights at each.
    Here a step is one product and one pass, and the weights' gradient is one product at the end.

    Shapes: frames (B, T, I), lengths (B,), float32 on the CPU. Under bfloat16 autocast the larger matrix products are
    in bfloat16 and everything else, states too, in float32. With two directions and more than one thread, each
    direction has a thread of its own. Gradients go to frames, weights and first states, again if the graph is kept;
    gradients of gradients raise an error (`switched_off` has them).

    >>> weights = [torch.zeros(shape) for shape in ((12, 3), (12, 4), (12,), (12,))]
    >>> frames = torch.zeros(2, 5, 3)
    >>> states, last = ragged_gru(frames, torch.tensor([5, 2]), [Direction(*weights, (torch.ones(2, 4),))])[0]
    >>> states[:, :, 0].tolist()                                          # z = 1/2, n = 0: half of it is kept
    [[0.5, 0.25, 0.125, 0.0625, 0.03125], [0.5, 0.25, 0.0, 0.0, 0.0]]
    >>> last[:, 0].tolist()
    [0.03125, 0.25]
    """
    half = torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16
    half = half and len(frames) * directions[0].weight_hh.shape[1] >= WORTH_HALF
    plans = [lay_out(lengths, frames.shape[1], one.backward) for one in directions]
    weights = [
        tensor.float()
        for one in directions
        for tensor in (one.weight_ih, one.weight_hh, one.bias_ih, one.bias_hh, *one.start)
    ]
    with torch.autocast("cpu", enabled=False):
        outs = _Ragged.apply(plans, half, frames.float(), *weights)
    return list(zip(outs[::2], outs[1::2], strict=True))


class _Ragged(torch.autograd.Function):
    """All directions of a layer at once, so that they can run side by side both ahead and back."""

    @staticmethod
    def forward(ctx: Any, plans: list[Rows], half: bool, frames: Tensor, *weights: Tensor) -> Any:
        ctx.plans, ctx.half = plans, half
        ctx.save_for_backward(frames, *weights)
        ctx.kept = _ahead_all(frames, plans, half, weights)
        outs = []
        for (_, _, states), (*_, start), rows in zip(ctx.kept, _fives(weights), plans, strict=True):
            batch = frames.new_zeros(frames.shape[0] * frames.shape[1], states.shape[1])
            batch.index_copy_(0, rows.index, states)
            outs += [batch.view(*frames.shape[:2], -1), _last(states, start, rows)]  # (B, T, H), (B, H)
        return tuple(outs)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:
        with torch.autocast("cpu", enabled=False):  # the step may be taken inside one
            return None, None, *_undo(ctx, *grads)


def _undo(ctx: Any, *grads: Tensor) -> list[Tensor | None]:
    """Gradients of the frames and of all weights."""
    frames, *weights = ctx.saved_tensors
    # The way back writes gradients over the gates, which saves half of the memory; a second one makes them anew.
    kept = ctx.kept or _ahead_all(frames, ctx.plans, ctx.half, weights)
    ctx.kept = None
    wanted = ctx.needs_input_grad[2]
    parts = zip(_fives(weights), kept, grads[::2], grads[1::2], ctx.plans, strict=True)
    ran = side_by_side([partial(_back, frames, ctx.half, wanted, *part) for part in parts])
    to_frames = None
    if wanted:
        flat = frames.new_zeros(frames.shape[0] * frames.shape[1], frames.shape[2])
        for (dx, *_), rows in zip(ran, ctx.plans, strict=True):
            flat.index_add_(0, rows.index, dx)
        to_frames = flat.view(frames.shape)
    return [to_frames, *[grad for _, *rest in ran for grad in rest]]


def _ahead_all(frames: Tensor, plans: list[Rows], half: bool, weights: Sequence[Tensor]) -> list[Kept]:
    each = zip(_fives(weights), plans, strict=True)
    return side_by_side([partial(_ahead, frames, rows, half, *five) for five, rows in each])


def _ahead(frames: Tensor, rows: Rows, half: bool, w: Tensor, u: Tensor, bi: Tensor, bh: Tensor, h: Tensor) -> Kept:
    """All gates (N, 3H), the candidate's recurrent part (N, H), all states (N, H)."""
    from rnnaudio.nn.kernels.steps import gru_ahead

    hidden = u.shape[1]
    bias = bi.clone()
    bias[: 2 * hidden] += bh[: 2 * hidden]  # the candidate's own stays inside the reset gate
    gates = _product(_packed(frames, rows), w.t(), half).add_(bias)
    states, inner = gates.new_empty(rows.frames, hidden), gates.new_empty(rows.frames, hidden)
    recur = _Recurrence(u.t(), half, len(rows.order))
    arrays = gates.numpy(), inner.numpy(), states.numpy(), recur.array, bh[2 * hidden :].numpy()
    past, first = h[rows.order], 0
    past_array = past.numpy()
    for size, at in zip(rows.sizes, rows.offsets, strict=True):
        recur.fill(past[first : first + size])
        gru_ahead(*arrays, past_array, first, at, size)
        past, past_array, first = states, arrays[2], at
    return gates, inner, states


def _back(
    frames: Tensor, half: bool, to_frames: bool, weights: Any, kept: Kept, grad: Tensor, grad_last: Tensor, rows: Rows
) -> tuple[Tensor | None, ...]:
    """Gradients of frames (N, I), the four weights, and the first state."""
    from rnnaudio.nn.kernels.steps import gru_back

    w, u, _, _, h = weights
    gates, inner, states = kept
    hidden = u.shape[1]
    above = grad.reshape(-1, hidden)[rows.index]  # (N, H)
    grad_h, first = grad_last[rows.order], h[rows.order]
    recur = _Recurrence(u, half, len(rows.order))
    arrays, grad_array = (gates.numpy(), inner.numpy(), above.numpy()), grad_h.numpy()
    for step in range(len(rows.sizes) - 1, -1, -1):
        size, at = rows.sizes[step], rows.offsets[step]
        past = states if step else first
        gru_back(*arrays, past.numpy(), rows.offsets[step - 1] if step else 0, grad_array, at, size)
        recur.add(gates[at : at + size], grad_h[:size])
    packed = _packed(frames, rows)
    begun = rows.sizes[0] if rows.sizes else 0
    previous = torch.cat([first[:begun], states.index_select(0, rows.before)])  # (N, H)
    both = gates[:, : 2 * hidden]  # r and z read the sum of frame and state, so both get the same gradient
    to_w = torch.cat([_product(both.t(), packed, half), _product(inner.t(), packed, half)])
    to_u = _product(gates.t(), previous, half)
    to_bh = gates.sum(dim=0)
    to_bi = torch.cat([to_bh[: 2 * hidden], inner.sum(dim=0)])
    to_h = torch.empty_like(grad_h).index_copy_(0, rows.order, grad_h)
    to_x = None
    if to_frames:
        to_x = _product(both, w[: 2 * hidden], half).add_(_product(inner, w[2 * hidden :], half))
    return to_x, to_w, to_u, to_bi, to_bh, to_h


class _Recurrence:
    """The product of a step's rows with the recurrent weights, in one buffer used again at each step."""

    def __init__(self, weight: Tensor, half: bool, rows: int) -> None:
        self.half = half
        self.weight = (weight.bfloat16() if half else weight).contiguous()
        self.buffer = weight.new_empty(rows, weight.shape[1])
        self.array = self.buffer.numpy()

    def fill(self, states: Tensor) -> None:
        """Put the product into the buffer."""
        if self.half:
            self.buffer[: len(states)].copy_(torch.mm(states.bfloat16(), self.weight))
        else:
            torch.mm(states, self.weight, out=self.buffer[: len(states)])

    def add(self, states: Tensor, total: Tensor) -> None:
        """Add the product to `total`."""
        if self.half:
            total.add_(torch.mm(states.bfloat16(), self.weight))
        else:
            total.addmm_(states, self.weight)


def _product(left: Tensor, right: Tensor, half: bool) -> Tensor:
    return torch.mm(left.bfloat16(), right.bfloat16()).float() if half else torch.mm(left, right)


def _packed(frames: Tensor, rows: Rows) -> Tensor:
    return frames.reshape(-1, frames.shape[2]).index_select(0, rows.index)  # (N, I)


def _last(states: Tensor, start: Tensor, rows: Rows) -> Tensor:
    """Each row's state after its own last frame, in the order of the batch; a row without frames keeps its first."""
    last = start.clone()
    some = rows.ends >= 0
    last[rows.order[some]] = states[rows.ends[some]]
    return last


def _fives(items: Sequence[Tensor]) -> list[Sequence[Tensor]]:
    return [items[at : at + 5] for at in range(0, len(items), 5)]
