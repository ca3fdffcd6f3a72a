"""How far back gradients reach: how strongly a state depends on the states before it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from rnnaudio.errors import ConfigError, DataError
from rnnaudio.nn.cells import Cell, State
from rnnaudio.nn.recurrent import Recurrent

ROWS = 64  # rows of the Jacobian that go back together: bounds the memory, `lags` steps of a batch of so many


@dataclass(frozen=True)
class Reach:
    """Norms of dh_t/dh_{t-k} for k = 0, 1, …: what arrives k steps back of a gradient of 1 at step t.

    Above 1 gradients explode over k steps, far below they vanish. `norms[0]` is that of the identity.
    """

    at: int
    """The step t, in reading order."""
    lags: tuple[int, ...]
    """Steps back from t, or ahead of it for the direction that reads from the end."""
    norms: tuple[float, ...]
    """The norm for each lag."""
    norm: str
    """Which norm: spectral or frobenius."""
    of: str
    """Which state: all of them together, or one by its name."""

    @property
    def gains(self) -> tuple[float, ...]:
        """Norms over that of lag 0; of the Frobenius norm: the root mean square over all directions, 1 at lag 0.

        >>> Reach(9, (0, 1), (2.0, 1.0), "frobenius", "h").gains
        (1.0, 0.5)
        """
        return tuple(norm / self.norms[0] for norm in self.norms)


def gradient_reach(
    layer: Recurrent | Cell,
    frames: Tensor,
    at: int | None = None,
    lags: int = 100,
    of: str = "all",
    direction: Literal["ahead", "behind"] = "ahead",
    norm: Literal["spectral", "frobenius"] = "spectral",
    probes: int = 0,
) -> Reach:
    """Measure || ds_t / ds_{t-k} || on one sequence, for k from 0 to `lags`, or as many as there are before step `at`.

    s_t is all the network carries from one step to the next, so that ds_t/ds_{t-k} is the product of the Jacobians of k
    steps and nothing else is between the two (Bengio et al. 1994; Pascanu et al. 2013, arXiv:1211.5063). For an LSTM
    that is (h, c) together, as one vector: its memory is in c, and h alone says little of what is kept. `of` names one
    of the states to look at that one's block of the product only: of="h" is dh_t/dh_{t-k} with c_{t-k} held.

    The spectral norm is the gain in the direction that is kept best, the Frobenius norm the root of the sum over all
    directions. Both are exact, from all rows of the product. With `probes` the Frobenius norm is estimated from so many
    random vectors sent backwards (its square without bias, Hutchinson 1990), for layers too large for whole Jacobians;
    they come from a generator of their own, always the same. A product too large for its numbers has the norm inf.

    Shapes: frames (T, F) or (1, T, F), one row without padding. `at` counts from 0 in reading order, the last step
    reached by default: T - 1, or 0 for the direction "behind", whose lags lie ahead in reading order. Dropout, zoneout
    and the like are switched off meanwhile; weights and their gradients are not touched.

    >>> layer = Recurrent("gru", 3, 5)
    >>> reach = gradient_reach(layer, torch.zeros(20, 3), lags=4)
    >>> reach.at, reach.lags, reach.norms[0]
    (19, (0, 1, 2, 3, 4), 1.0)
    """
    cell, frames = _direction(layer, frames, direction)
    last = frames.shape[1] - 1
    step = last if at is None else at if direction == "ahead" else last - at  # in the order of this direction
    if not 0 <= step <= last:
        raise DataError(f"at is {at}; the sequence has {last + 1} frames, so 0 to {last}.")
    if lags < 0 or probes < 0:
        raise ConfigError(f"lags is {lags} and probes {probes}; they must be 0 or more.")
    if of != "all" and of not in cell.state_names:
        raise ConfigError(f"of is {of!r}; choose one of all, {', '.join(cell.state_names)}.")
    if norm not in ("spectral", "frobenius"):
        raise ConfigError(f"norm is {norm!r}; choose one of spectral, frobenius.")
    if probes and norm != "frobenius":
        raise ConfigError("probes estimate the Frobenius norm only; set norm to frobenius, or probes to 0.")
    frames = frames.detach().to(cell.bias_ih.dtype)  # it may come out of mixed precision
    with _evaluating(layer), torch.enable_grad():
        product = _products(cell, frames, step, min(lags, step), of, probes)  # (K + 1, rows, S)
    finite = product.isfinite().flatten(1).all(dim=1)
    norms = product.new_full((len(product),), torch.inf)
    norms[finite] = torch.linalg.matrix_norm(product[finite], 2 if norm == "spectral" else "fro")
    norms /= max(probes, 1) ** 0.5
    measured = tuple(range(len(product)))
    return Reach(last - step if direction == "behind" else step, measured, tuple(norms.tolist()), norm, of)


def layer_reaches(model: nn.Module, frames: Tensor, lengths: Tensor, **how: Any) -> dict[str, Reach]:
    """The reach of each recurrent layer of a model, from its last step, under the name of the cell of each direction.

    Each layer is measured by itself, as it reads what the layers beneath it make of the longest row. `model` is called
    with frames (B, T, F) and lengths (B,), as an encoder is; `how` goes to `gradient_reach`.

    >>> from rnnaudio.nn import Encoder, EncoderConfig
    >>> encoder = Encoder(3, EncoderConfig(layers=1, hidden=4))
    >>> list(layer_reaches(encoder, torch.zeros(1, 9, 3), torch.tensor([9]), lags=2))
    ['layers.0.ahead', 'layers.0.behind']
    """
    with _evaluating(model), reading(model) as read, torch.no_grad():
        model(frames, lengths)
    return reaches(read, **how)


Read = dict[str, tuple[Recurrent, Tensor]]


@contextmanager
def reading(model: nn.Module) -> Iterator[Read]:
    """Keep what each recurrent layer reads of the longest row, (1, T, F), the first time it is called in the block."""
    read: Read = {}

    def keep(name: str) -> Callable[..., None]:
        def before(layer: Recurrent, frames: Tensor, lengths: Tensor, *_: Any, **__: Any) -> None:
            if name not in read and len(lengths):
                row = int(lengths.argmax())
                read[name] = layer, frames[row : row + 1, : int(lengths[row])].detach()

        return lambda layer, args, kwargs: before(layer, *args, **kwargs)

    layers = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, Recurrent)]
    hooks = [layer.register_forward_pre_hook(keep(name), with_kwargs=True) for name, layer in layers]
    try:
        yield read
    finally:
        for hook in hooks:
            hook.remove()


def reaches(read: Read, **how: Any) -> dict[str, Reach]:
    """The reach of each cell on what its layer has read; `how` goes to `gradient_reach`."""
    found: dict[str, Reach] = {}
    for name, (layer, frames) in read.items():
        if frames.shape[1]:
            found[f"{name}.ahead"] = gradient_reach(layer, frames, **how)
            if layer.behind is not None:
                found[f"{name}.behind"] = gradient_reach(layer, frames, direction="behind", **how)
    return found


def _direction(layer: Recurrent | Cell, frames: Tensor, direction: str) -> tuple[Cell, Tensor]:
    """The cell of a direction and its row in the order it reads."""
    if frames.ndim == 2:
        frames = frames[None]
    if frames.ndim != 3 or frames.shape[0] != 1 or frames.shape[1] == 0 or frames.shape[2] != layer.inputs:
        raise DataError(f"frames have shape {tuple(frames.shape)}; give one row of (time, {layer.inputs}), not empty.")
    if direction == "ahead":
        return (layer.ahead if isinstance(layer, Recurrent) else layer), frames
    cell = layer.behind if isinstance(layer, Recurrent) else None
    if direction != "behind" or cell is None:
        raise ConfigError(f"direction is {direction!r}, which this layer does not have.")
    return cell, frames.flip(1)


def _products(cell: Cell, frames: Tensor, step: int, lags: int, of: str, probes: int) -> Tensor:
    """Rows of ds_t/ds_{t-k}, or `probes` random combinations of them, for k from 0: (K + 1, rows, S).

    A batch of copies of the row runs once through the last steps; each copy sends another row of the identity back.
    """
    with torch.no_grad():
        before = cell.run(frames[:, : step - lags + 1])[1]  # s_{t-K}
    sizes = [part.shape[1] for part in before]
    names = cell.state_names if of == "all" else (of,)
    chosen = [index for index, name in enumerate(cell.state_names) if name in names]
    width = sum(sizes[index] for index in chosen)
    sent = torch.eye(width)
    if probes:
        sent = torch.randn(probes, width, generator=torch.Generator().manual_seed(0))
    sent = sent.to(frames)
    window = frames[0, step - lags + 1 : step + 1]  # (K, F): what the K steps after s_{t-K} read
    rows = [_sent_back(cell, window, before, chosen, some) for some in sent.split(ROWS)]
    return torch.cat(rows, dim=1)


def _sent_back(cell: Cell, window: Tensor, before: State, chosen: list[int], sent: Tensor) -> Tensor:
    """`sent` (rows, S) times ds_t/ds_{t-k}, for k from 0 to the length of the window: (K + 1, rows, S)."""
    state = tuple(part.expand(len(sent), -1).clone().requires_grad_() for part in before)
    states = [state]
    for frame in window:
        # Each state passes on a view of itself to be differentiated by: what c does to the h of its own step is not in
        # ds_t/ds_{t-k}, which takes them as two.
        state = tuple(part.view_as(part) for part in cell(frame.expand(len(sent), -1), state))
        states.append(state)
    wanted = [state[index] for state in states for index in chosen]
    out = torch.cat([state[index] for index in chosen], dim=1)  # (rows, S)
    found = torch.autograd.grad(out, wanted, sent)
    per_step = [torch.cat(found[first : first + len(chosen)], dim=1) for first in range(0, len(found), len(chosen))]
    return torch.stack(per_step[::-1])


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode, and every part back in its own afterwards."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode
