"""Weights that cannot leave a set: limited norms, norms of 1, nothing below zero, limited stretching.

A constraint here is a parametrisation (`torch.nn.utils.parametrize`): what is learned is a free matrix, and the weight
that everybody reads is made from it and obeys at every read, in training, validation and a saved model alike, under any
loop, optimizer or average of weights.

Most are projections: the weight is the nearest matrix that obeys, the gradient passes as it is, and a read in training
puts the free matrix itself back there. These are the steps of Keras's constraints, which project each weight after each
step (https://keras.io/api/layers/constraints), without a hook in the training loop. The gradient of the projection
itself would be the wrong one: it is zero across the border, so that a weight that has left the set would never be
called back by the loss.

The price is that a weight is made anew at each read. A layer reads its weights once a sequence, and `bake` leaves plain
ones. There is no hidden state: the same free matrix always gives the same weight.
"""

from collections.abc import Sequence
from typing import Literal, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import ParametrizationList, is_parametrized, register_parametrization

from rnnaudio.errors import ConfigError
from rnnaudio.nn.cells import Cell

ConstraintKind = Literal["max_norm", "unit_norm", "non_negative", "spectral"]

Baked = TypeVar("Baked", bound=nn.Module)
SLACK = 1 + 1e-5  # for rounding: what has been put on the border is not outside when it is read again


class Constraint(nn.Module):
    """A free matrix (rows, columns) to one that obeys; what obeys already stays as it is."""

    def forward(self, free: Tensor) -> Tensor:
        """The matrix that obeys."""
        raise NotImplementedError

    def right_inverse(self, weight: Tensor) -> Tensor:
        """The free matrix to begin with: the weight itself if it obeys, else the one that is made of it."""
        return self(weight)


class Projection(Constraint):
    """The nearest matrix that obeys. A subclass gives `nearest`."""

    def forward(self, free: Tensor) -> Tensor:
        """Project, and let the gradient pass as it is; in training the free matrix is put there too."""
        with torch.no_grad():
            obeying = self.nearest(free)
            if self.training:
                free.copy_(obeying)
        return obeying + (free - free.detach())  # plus zero, which carries the gradient

    def nearest(self, free: Tensor) -> Tensor:
        """The projection."""
        raise NotImplementedError


class MaxNorm(Projection):
    """No row longer than `limit`: a unit's incoming weights as one vector.

        w = v min(1, limit / |v|)

    Source: Srivastava et al. 2014, "Dropout", section 5.1; usual limits are 3 and 4.

    >>> MaxNorm(1.0)(torch.tensor([[3.0, 4.0], [0.3, 0.4]]))
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit = limit

    def nearest(self, free: Tensor) -> Tensor:
        """Shorten rows that are too long."""
        norms = _norms(free)
        return torch.where(norms > self.limit * SLACK, free * (self.limit / norms), free)

    def extra_repr(self) -> str:
        """Show the limit."""
        return f"{self.limit}"


class NonNegative(Projection):
    """Nothing below zero: units can only add up what they read.

        w = max(v, 0)

    Not softplus, which cannot be zero and which weight decay pulls to log 2. First weights lose their sign only: with
    half of them at zero they would be a smaller initialisation.

    For what it is good for see Chorowski & Zurada 2015, "Learning understandable neural networks with nonnegative
    weight constraints".

    >>> NonNegative()(torch.tensor([[0.5, -0.5]]))
    tensor([[0.5000, 0.0000]])
    """

    def nearest(self, free: Tensor) -> Tensor:
        """Cut off."""
        return free.clamp(min=0)

    def right_inverse(self, weight: Tensor) -> Tensor:
        """The weight without its signs."""
        return weight.abs()


class Spectral(Projection):
    """No block of rows stretches a vector to more than `limit` times its length.

        W = U min(S, limit) V^T        where U S V^T = the block, by its singular values

    On recurrent weights, limit 1 keeps the gradients of a plain network from exploding (Pascanu et al. 2013,
    arXiv:1211.5063).

    Source: Miyato et al. 2018, "Spectral normalization", arXiv:1802.05957, who divide the matrix by its largest
    singular value, which they follow by power iteration from a vector kept between reads. Here what is too large is cut
    off and the rest stays, and the values are computed: the same in training and evaluation, with nothing to save. A
    read takes 4 ms for four gates of 64 units, 14 for 128, 70 for 256 and 480 for 512, on one thread.

    >>> Spectral(1.0)(torch.tensor([[2.0, 0.0], [0.0, 0.5]]))
    tensor([[1.0000, 0.0000],
            [0.0000, 0.5000]])
    """

    def __init__(self, limit: float, blocks: int = 1) -> None:
        super().__init__()
        self.limit, self.blocks = limit, blocks

    def nearest(self, free: Tensor) -> Tensor:
        """Cut off singular values."""
        gates = free.unflatten(0, (self.blocks, -1))  # (blocks, rows, columns)
        left, values, right = torch.linalg.svd(gates, full_matrices=False)
        held = (left * values.clamp(max=self.limit)[:, None]) @ right
        return torch.where(values[:, :1, None] > self.limit * SLACK, held, gates).flatten(0, 1)

    def extra_repr(self) -> str:
        """Show limit and blocks."""
        return f"{self.limit}, blocks={self.blocks}"


class UnitNorm(Constraint):
    """Every row of length 1: a unit's incoming weights are a direction.

        w = v / |v|

    The gradient is that of the formula: across the row, never along it, and smaller as the free row grows. A row of
    zeros has no direction; it stays zero until its first step.

    Source: the direction of Salimans & Kingma 2016, "Weight normalization", arXiv:1602.07868, without its length.

    >>> UnitNorm()(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """

    def forward(self, free: Tensor) -> Tensor:
        """Divide by the length."""
        norms = _norms(free)
        return free / torch.where(norms > 0, norms, 1.0)


LIMITS: dict[str, float] = {"max_norm": 3.0, "unit_norm": 0.0, "non_negative": 0.0, "spectral": 1.0}
"""The usual limit of each kind of constraint; 0 where there is none to choose."""


def constrain(module: nn.Module, names: Sequence[str], kind: ConstraintKind, limit: float = 0.0) -> None:
    """Constrain matrices of a module by name; `limit` 0 is the usual one (`LIMITS`).

    A weight that obeys already is not changed, others become the nearest that is made of them. The weight keeps its
    name for who reads it; what is learned and saved is `parametrizations.NAME.original`. In a recurrent cell spectral
    looks at each gate's block of rows by itself. Where weight drop is on too, the constraint comes before it, in
    whichever order they were asked for.

    Raises `ConfigError` for a kind, name or limit that cannot be, and for a weight that is constrained already.

    >>> layer = nn.Linear(3, 2)
    >>> constrain(layer, ["weight"], "unit_norm")
    >>> layer.weight.norm(dim=1).detach().round(decimals=3)
    tensor([1., 1.])
    """
    check_constraint(kind, limit)
    for name in names:
        chain, weight = _found(module, name)
        if weight.ndim != 2:
            raise ConfigError(f"the weight {name} has {weight.ndim} dimensions; a constraint is for matrices.")
        if chain is not None and any(isinstance(one, Constraint) for one in chain):
            raise ConfigError(f"the weight {name} is constrained already; bake it first.")
        constraint = _made(kind, limit or LIMITS[kind], _blocks(module, weight))
        if chain is None:
            register_parametrization(module, name, constraint)
        else:  # before what is there, which is weight drop: a constraint on what was left by chance would be another
            with torch.no_grad():
                weight.copy_(constraint.right_inverse(weight))
            chain.insert(0, constraint)


def check_constraint(kind: str, limit: float) -> None:
    """Raise `ConfigError` for a kind there is not, and a limit that cannot be or has no effect.

    >>> check_constraint("unit_norm", 2.0)
    Traceback (most recent call last):
    ...
    rnnaudio.errors.ConfigError: constraint_limit is 2.0, but has no effect on constraint unit_norm; leave it out.
    """
    if kind not in LIMITS:
        raise ConfigError(f"constraint is {kind!r}; choose one of {', '.join(LIMITS)}.")
    if not 0 <= limit < torch.inf:
        raise ConfigError(f"constraint_limit is {limit}; it must be more than 0, or 0 for the usual one.")
    if limit and not LIMITS[kind]:
        raise ConfigError(f"constraint_limit is {limit}, but has no effect on constraint {kind}; leave it out.")


def bake(module: Baked) -> Baked:
    """Leave plain weights, as evaluation reads them, in place of all that are constrained or dropped in a module.

    For export, for streaming, where a weight would be made anew at each step, and for model folders. The weights have
    their plain names from then on; what is built with constraints loads them once it is baked itself.

    >>> layer = nn.Linear(3, 2)
    >>> constrain(layer, ["weight"], "max_norm", 0.1)
    >>> list(bake(layer).state_dict())
    ['bias', 'weight']
    """
    for part in list(module.modules()):
        if not is_parametrized(part):
            continue
        # Not torch's remove_parametrizations: copies of a module share the class that it takes the weight out of.
        chains = dict(cast(nn.ModuleDict, part.parametrizations).items())
        part.__class__ = type(part).__bases__[0]
        del part.parametrizations
        for name, chain in chains.items():
            part.register_parameter(name, nn.Parameter(chain.eval()().detach()))
    return module


def _made(kind: ConstraintKind, limit: float, blocks: int) -> Constraint:
    if kind == "max_norm":
        return MaxNorm(limit)
    if kind == "spectral":
        return Spectral(limit, blocks)
    return UnitNorm() if kind == "unit_norm" else NonNegative()


def _found(module: nn.Module, name: str) -> tuple[ParametrizationList | None, Tensor]:
    """What makes a weight, if it is parametrised, and what is learned of it; `ConfigError` if there is none."""
    if is_parametrized(module, name):
        chain = cast(nn.ModuleDict, module.parametrizations)[name]
        assert isinstance(chain, ParametrizationList)
        return chain, chain.original
    plain = dict(module.named_parameters(recurse=False))
    if name not in plain:
        raise ConfigError(f"{type(module).__name__} has no weight {name!r} to constrain.")
    return None, plain[name]


def _blocks(module: nn.Module, weight: Tensor) -> int:
    """Gates of a cell that lie on one another in this weight."""
    if isinstance(module, Cell) and len(weight) == len(module.blocks) * module.hidden:
        return len(module.blocks)
    return 1


def _norms(free: Tensor) -> Tensor:
    return torch.linalg.vector_norm(free, dim=1, keepdim=True)  # (rows, 1)
