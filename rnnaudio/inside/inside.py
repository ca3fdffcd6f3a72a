"""What a network goes through while it reads one sequence, as numbers on one axis of time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from rnnaudio.decoding import Transcript
from rnnaudio.errors import ConfigError
from rnnaudio.nn.reach import Reach

BLANK = "<blank>"  # the label of CTC's symbol for nothing new


@dataclass(frozen=True, eq=False)
class Direction:
    """All that happens in one direction of a layer, in the order of reading: each (T, size).

    `states` are what a unit holds after each step ("h" is what it puts out, "c" the memory of an LSTM), `gates` what
    it decided on the way there, under the names that the cell gives them. `reach` says how strongly the state still
    depends on the states before it, None where there are no frames.
    """

    states: Mapping[str, Tensor]
    gates: Mapping[str, Tensor]
    reach: Reach | None = None


@dataclass(frozen=True, eq=False)
class Layer:
    """One recurrent layer: its directions, how they became one, and what the layer handed on.

    `step` is how long a frame of it lasts, in seconds or symbols. Shapes: fused (T, W), output (T, V); `weights` says
    how much each frame's fusion took from the direction that reads ahead, (T, W) or (T, 1), for fusions that choose.
    """

    cell: str
    step: float
    ahead: Direction
    behind: Direction | None
    fusion: str
    fused: Tensor
    output: Tensor
    weights: Tensor | None = None

    @property
    def directions(self) -> Mapping[str, Direction]:
        """The directions by name: "ahead", and "behind" where there is one."""
        return {"ahead": self.ahead} | ({} if self.behind is None else {"behind": self.behind})


@dataclass(frozen=True, eq=False)
class Sound:
    """The recording: samples (N,) at `rate`, and its spectrogram in decibels, (T, bands).

    Frame t of the spectrogram is drawn from `first + t step` seconds, the middle of the window it was made of; `hertz`
    (bands,) are the centres of the bands.
    """

    samples: Tensor
    rate: int
    decibels: Tensor
    first: float
    step: float
    hertz: Tensor

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return len(self.samples) / self.rate


@dataclass(frozen=True, eq=False)
class Inside:
    """A network seen from inside while it reads one sequence: float32 tensors on the CPU, one axis for all.

    The axis counts seconds, or symbols where `symbols` are given: symbol t then lasts from t to t + 1. Pictures show
    it from `start` to `end`, which `dataclasses.replace` may narrow; the numbers stay those of the whole sequence.

    Shapes: features (T, F) with `step` per frame, what was made of the sequence for the encoder (before frames are
    stacked); log_probs (T', S) with `output_step`
    per frame, one column for each of `labels` (None for an encoder without a head).
    """

    name: str
    layers: tuple[Layer, ...]
    features: Tensor
    step: float
    start: float
    end: float
    states: Tensor
    output_step: float
    log_probs: Tensor | None = None
    labels: tuple[str, ...] = ()
    transcript: Transcript | None = None
    sound: Sound | None = None
    symbols: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)

    def layer(self, number: int) -> Layer:
        """The layer of this number, counted from 1; `ConfigError` where there is none."""
        if not 1 <= number <= len(self.layers):
            raise ConfigError(f"there is no layer {number}; this encoder has {len(self.layers)}, counted from 1.")
        return self.layers[number - 1]

    @property
    def unit(self) -> str:
        """What the axis counts."""
        return "symbols" if self.symbols else "seconds"
