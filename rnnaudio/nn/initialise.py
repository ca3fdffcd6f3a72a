"""First weights of a recurrent cell: what decides how far back gradients reach before anything is learned."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, get_args

import torch
from torch import Tensor, nn

from rnnaudio.errors import ConfigError

if TYPE_CHECKING:
    from rnnaudio.nn.cells.cell import Cell

InitialKind = Literal["orthogonal", "xavier", "identity", "chrono", "torch"]

# Which gates keep the old state, and which let in the new: a bias of b on the one and -b on the other holds a unit's
# memory for about exp(b) steps.
KEEP = {"lstm": "forget", "gru": "update", "ligru": "update", "minlstm": "forget"}
WRITE = {"lstm": "input", "mingru": "update", "minlstm": "input"}


@torch.no_grad()
def initialise(cell: Cell, scheme: InitialKind = "orthogonal", forget_bias: float = 1.0, longest: int = 0) -> None:
    """Give a cell its first weights, from torch's global generator.

    - "orthogonal": the recurrent block of each gate is orthogonal by itself, so that a state keeps its length through
      one step (Saxe et al. 2014, arXiv:1312.6120); other weights as "xavier".
    - "xavier": every block of weights uniform in ± sqrt(6 / (rows + columns)) (Glorot & Bengio 2010).
    - "identity": for the cell "rnn", best with relu: a state is carried on as it is, W_hh = 1 (Le et al. 2015,
      arXiv:1504.00941). Inputs as "xavier": the paper's deviation of 0.001 learns nothing for a thousand steps.
    - "chrono": "orthogonal", and gates whose memories last from 1 to `longest` steps, the longest lag expected in the
      data: biases log(U(1, longest - 1)) that keep, the same negative ones that write (Tallec & Ollivier 2018,
      arXiv:1804.11188).
    - "torch": everything uniform in ± 1 / sqrt(H), as `torch.nn` does. For comparison.

    A forget gate's bias is `forget_bias` under "orthogonal" and "xavier" (Gers et al. 2000; 1 by Jozefowicz et al.
    2015); other biases and peepholes are 0, and the gains of norms stay as they are. What has no effect on the cell or
    under the scheme raises `ConfigError`.

    >>> from rnnaudio.nn.cells import make_cell
    >>> gru = make_cell("gru", 2, 3)
    >>> initialise(gru, "chrono", longest=100)
    >>> bool((gru.bias_ih[3:6] > 0).all())  # the update gate keeps
    True
    """
    _check(cell, scheme, forget_bias, longest)
    for name, weight in _weights(cell):
        if scheme == "torch":
            nn.init.uniform_(weight, -(cell.hidden**-0.5), cell.hidden**-0.5)
        elif weight.ndim == 1:
            nn.init.zeros_(weight)
        elif name == "weight_hh" and scheme == "identity":
            nn.init.eye_(weight)
        else:
            start = nn.init.orthogonal_ if name == "weight_hh" and scheme != "xavier" else xavier
            for block in weight.split(cell.hidden):  # each gate by itself
                start(block)
    if scheme == "chrono":
        spans = torch.empty(cell.hidden).uniform_(1, longest - 1).log()
        _set_bias(cell, KEEP.get(cell.kind), spans)
        _set_bias(cell, WRITE.get(cell.kind), -spans)
    elif scheme in ("orthogonal", "xavier"):
        _set_bias(cell, "forget", torch.tensor(forget_bias))


def xavier(weight: Tensor) -> None:
    """Uniform so that signals keep their size both ways. Shapes: (rows, columns).

    >>> weight = torch.empty(2, 4); xavier(weight); bool(weight.abs().max() <= 1)
    True
    """
    bound = math.sqrt(6 / (weight.shape[0] + weight.shape[1]))
    weight.uniform_(-bound, bound)


def _weights(cell: Cell) -> Iterator[tuple[str, Tensor]]:
    """A cell's own weights, and what constrained or dropped ones are made of."""
    yield from cell.named_parameters(recurse=False)
    for name, made in getattr(cell, "parametrizations", {}).items():
        yield name, made.original


def _set_bias(cell: Cell, gate: str | None, bias: Tensor) -> None:
    if gate in cell.blocks:
        first = cell.blocks.index(gate) * cell.hidden
        cell.bias_ih[first : first + cell.hidden] = bias


def _check(cell: Cell, scheme: str, forget_bias: float, longest: int) -> None:
    """Name the first choice that cannot be, or would have no effect."""
    if scheme not in get_args(InitialKind):
        raise ConfigError(f"initial is {scheme!r}; choose one of {', '.join(get_args(InitialKind))}.")
    if scheme == "identity" and cell.kind != "rnn":
        raise ConfigError(f"initial is identity, which is for the cell rnn, not {cell.kind}; choose orthogonal.")
    if scheme == "chrono" and cell.kind not in KEEP and cell.kind not in WRITE:
        raise ConfigError(f"initial is chrono, which sets gates, and the cell {cell.kind} has none; choose orthogonal.")
    if scheme == "chrono" and longest < 3:
        raise ConfigError(f"initial is chrono and longest is {longest}; give the longest lag expected, 3 or more.")
    if scheme != "chrono" and longest:
        raise ConfigError(f"longest is {longest}, which is for initial: chrono; it has no effect on {scheme}.")
    if forget_bias != 1.0 and ("forget" not in cell.blocks or scheme not in ("orthogonal", "xavier")):
        raise ConfigError(f"forget_bias is {forget_bias}; it has no effect on {cell.kind} under initial: {scheme}.")
