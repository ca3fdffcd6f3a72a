"""What every recurrent cell has: weights, a state, its equations once, and from these a step, a trace and a run."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import ClassVar, Literal, TypeAlias

import torch
from torch import Tensor, nn

from rnnaudio.errors import ConfigError, DataError
from rnnaudio.nn.cells.loop import last_of, loop

State: TypeAlias = tuple[Tensor, ...]
"""One (B, size) tensor for each of a cell's `state_names`; the first is what the cell puts out."""
Step: TypeAlias = Callable[[Tensor, State], tuple[State, tuple[Tensor, ...]]]


@dataclass(frozen=True)
class CellOptions:
    """What a cell may be given beyond its size. An option that the chosen cell does not have raises `ConfigError`.

    >>> CellOptions(peephole=True, projection=4).projection
    4
    """

    nonlinearity: Literal["tanh", "relu"] = "tanh"
    """rnn: what bends the new state."""
    peephole: bool = False
    """lstm: let the gates see the memory (Gers & Schmidhuber 2000)."""
    coupled: bool = False
    """lstm: write as much as is forgotten, input = 1 - forget (Greff et al. 2017, arXiv:1503.04069)."""
    projection: int = 0
    """lstm: put out so many numbers, a linear map of the units (Sak et al. 2014, arXiv:1402.1128); 0 for none."""
    layer_norm: bool = False
    """rnn, lstm, gru: normalise inside the cell (Ba et al. 2016, arXiv:1607.06450)."""
    reset: Literal["after", "before"] = "after"
    """gru: let the reset gate act after the recurrent product, as cuDNN does, or before it, as Cho et al. 2014."""

    def __post_init__(self) -> None:
        """Name the first option that cannot be."""
        if self.nonlinearity not in ("tanh", "relu"):
            raise ConfigError(f"options.nonlinearity is {self.nonlinearity!r}; choose one of tanh, relu.")
        if self.reset not in ("after", "before"):
            raise ConfigError(f"options.reset is {self.reset!r}; choose one of after, before.")
        if self.projection < 0:
            raise ConfigError(f"options.projection is {self.projection}; it must be 0 (none) or more.")


PLAIN = CellOptions()


@dataclass(frozen=True)
class Unfolded:
    """All that happened in a cell over time: states (B, T, size) and gates (B, T, H) by name, and the last state."""

    states: dict[str, Tensor]
    gates: dict[str, Tensor]
    last: State


class Cell(nn.Module):
    """A recurrent unit. A subclass gives `recurrence`, its equations; step, trace and run follow from them.

    Weights have the names and the order of gates of `torch.nn.LSTMCell` and its kin, whose state_dict loads.
    """

    kind: ClassVar[str]
    state_names: ClassVar[tuple[str, ...]] = ("h",)
    gate_names: ClassVar[tuple[str, ...]] = ()
    option_names: ClassVar[tuple[str, ...]] = ()
    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor
    bias_hh: Tensor

    def __init__(self, inputs: int, hidden: int, options: CellOptions = PLAIN, *, blocks: tuple[str, ...] = ()) -> None:
        super().__init__()
        for name, size in (("inputs", inputs), ("hidden", hidden)):
            if size < 1:
                raise ConfigError(f"{name} is {size}; a cell needs 1 or more.")
        for option in fields(options):
            if option.name not in self.option_names and getattr(options, option.name) != option.default:
                has = ", ".join(self.option_names) or "no options"
                raise ConfigError(f"options.{option.name} is not an option of the cell {self.kind!r}; it has {has}.")
        self.inputs, self.hidden, self.options = inputs, hidden, options
        self.blocks = blocks
        """What each block of `hidden` rows in `weight_ih` computes, in order."""

    @property
    def width(self) -> int:
        """Numbers that come out at each step."""
        return self.hidden

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """The size of each tensor of the state."""
        return (self.width,)

    def _add_weights(self, recurrent: bool = True, recurrent_bias: bool = True) -> None:
        rows = len(self.blocks) * self.hidden
        self.weight_ih = nn.Parameter(torch.empty(rows, self.inputs))
        if recurrent:
            self.weight_hh = nn.Parameter(torch.empty(rows, self.width))
        self.bias_ih = nn.Parameter(torch.empty(rows))
        if recurrent and recurrent_bias:
            self.bias_hh = nn.Parameter(torch.empty(rows))

    def project(self, frames: Tensor) -> Tensor:
        """All that depends on the frame alone, in one product for all times. Shapes: (..., I) -> (..., G)."""
        return nn.functional.linear(frames, self.weight_ih, self.bias_ih)

    def recurrence(self) -> Step:
        """The equations: `step(x, state) -> (state, gates)`, where x (B, G) comes from `project`.

        Weights are read here, once for all steps: a parametrisation is evaluated once a sequence and holds for all of
        it.
        """
        raise NotImplementedError

    def kernel(self, frames: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State] | None:
        """A faster way through the whole sequence than step by step, where there is one."""
        return None

    def start(self, frames: Tensor) -> State:
        """The state before the first frame: zeros for the batch, type and device of `frames`."""
        return tuple(frames.new_zeros(frames.shape[0], size) for size in self.state_sizes)

    def forward(self, frame: Tensor, state: State | None = None) -> State:
        """One step. Shapes: frame (B, I) -> state.

        >>> from rnnaudio.nn.cells import make_cell
        >>> h, c = make_cell("lstm", 3, 5)(torch.zeros(2, 3))
        >>> h.shape, c.shape
        (torch.Size([2, 5]), torch.Size([2, 5]))
        """
        state = self.check(frame, state)
        return self.recurrence()(self.project(frame), state)[0]

    def unfold(
        self, frames: Tensor, state: State | None = None, lengths: Tensor | None = None, zoneout: float = 0.0
    ) -> Unfolded:
        """Step through the frames and keep every state and gate; differentiable. Shapes: frames (B, T, I).

        >>> from rnnaudio.nn.cells import make_cell
        >>> trace = make_cell("gru", 3, 5).unfold(torch.zeros(2, 7, 3))
        >>> list(trace.gates), trace.states["h"].shape
        (['reset', 'update', 'candidate'], torch.Size([2, 7, 5]))
        """
        states, gates, last = loop(self, frames, self.check(frames, state), lengths, zoneout)
        return Unfolded(
            dict(zip(self.state_names, states, strict=True)), dict(zip(self.gate_names, gates, strict=True)), last
        )

    def run(
        self, frames: Tensor, state: State | None = None, lengths: Tensor | None = None, zoneout: float = 0.0
    ) -> tuple[Tensor, State]:
        """The fast way to what `unfold` gives: all outputs and the last state.

        With `lengths` (B,) the last state is each row's own, after its own last frame; what comes out beyond a row's
        end is without meaning. Zoneout keeps a unit's state with this probability in training and mixes old and new in
        this proportion at evaluation (Krueger et al. 2017, arXiv:1606.01305).

        Shapes: frames (B, T, I), state or None -> (B, T, `width`), state.

        >>> from rnnaudio.nn.cells import make_cell
        >>> out, (h, c) = make_cell("lstm", 3, 5).run(torch.zeros(2, 7, 3))
        >>> out.shape, h.shape
        (torch.Size([2, 7, 5]), torch.Size([2, 5]))
        """
        state = self.check(frames, state)
        if frames.shape[0] == 0 or frames.shape[1] == 0:
            return frames.new_zeros(*frames.shape[:2], self.width), state
        if zoneout == 0:
            fast = self.kernel(frames, state, lengths)
            if fast is not None:
                return fast
        states, _, last = loop(self, frames, state, lengths, zoneout, whole=False)
        return states[0], last

    def check(self, frames: Tensor, state: State | None) -> State:
        """The state to begin with, or one line on why frames or state do not fit."""
        if frames.shape[-1] != self.inputs:
            raise DataError(f"frames have shape {tuple(frames.shape)}; this cell reads {self.inputs} features.")
        if state is None:
            return self.start(frames)
        names = ", ".join(self.state_names)
        if isinstance(state, Tensor) or len(state) != len(self.state_names):
            given = "one bare tensor" if isinstance(state, Tensor) else f"{len(state)} tensors"
            raise DataError(f"the state is {given}; the cell {self.kind!r} needs a tuple of {names}.")
        mixed = torch.is_autocast_enabled(frames.device.type)
        for name, size, tensor in zip(self.state_names, self.state_sizes, state, strict=True):
            if tensor.shape != (frames.shape[0], size):
                raise DataError(
                    f"the state {name} has shape {tuple(tensor.shape)}; this cell and batch need "
                    f"({frames.shape[0]}, {size})."
                )
            if tensor.device != frames.device:
                raise DataError(f"the state {name} is on {tensor.device} and the frames on {frames.device}; move one.")
            if tensor.dtype != frames.dtype and not mixed:
                raise DataError(f"the state {name} is {tensor.dtype} and the frames {frames.dtype}; convert one.")
        return tuple(tensor.to(frames.dtype) for tensor in state)

    def extra_repr(self) -> str:
        """Size, for printing."""
        return f"{self.inputs}, {self.hidden}"


def h_of(out: Tensor, state: State, lengths: Tensor | None) -> Tensor:
    """The last h of each row from all outputs: (B, T, H) -> (B, H)."""
    return out[:, -1] if lengths is None else last_of(out, state[0], lengths)
