"""The shape of an encoder as settings, and which of them go together."""

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

import torch

from rnnaudio.errors import ConfigError
from rnnaudio.nn.cells import CELLS, CellKind, CellOptions
from rnnaudio.nn.constraints import LIMITS, constrain
from rnnaudio.nn.fusion import FUSIONS, FusionKind
from rnnaudio.nn.initialise import InitialKind, initialise
from rnnaudio.nn.interaction import INTERACTIONS, InteractionKind
from rnnaudio.nn.latency import LatencyControlled
from rnnaudio.nn.norm import NORMS, NormKind
from rnnaudio.nn.recurrent import Recurrent


@dataclass(frozen=True)
class EncoderConfig:
    """The shape of a deep recurrent encoder. Settings that contradict each other, or would do nothing, are errors.

    >>> EncoderConfig(cell="gru", layers=4).hidden
    128
    >>> EncoderConfig(chunk=20, bidirectional=False)
    Traceback (most recent call last):
    ...
    rnnaudio.errors.ConfigError: encoder.chunk is 20, but needs encoder.bidirectional: it says where ...
    """

    cell: CellKind = "lstm"
    """The recurrent unit: rnn, lstm, gru, ligru, mingru or minlstm."""
    options: CellOptions = field(default_factory=CellOptions)
    """Variants of the unit: peepholes, coupled gates, a projection, layer norm inside, where the reset acts."""
    layers: int = 3
    """How many recurrent layers lie on one another."""
    hidden: int = 128
    """States in each direction of each layer."""
    sizes: tuple[int, ...] = ()
    """States in each direction of each layer, one number a layer, instead of `layers` and `hidden`."""
    bidirectional: bool = True
    """Read each sequence from both ends."""
    fusion: FusionKind = "concat"
    """How two directions become one sequence: concat, sum, mean, max, gate or attention."""
    interaction: InteractionKind = "residual"
    """What a layer does with its input: plain, residual (adds it), highway (weighs it), dense (all above read it)."""
    skip: bool = False
    """Give the head the outputs of all layers side by side instead of the last one's (Graves et al. 2013)."""
    norm: NormKind = "layer"
    """Normalise frames before each layer and after the last: none, layer or batch."""
    dropout: float = 0.1
    """Share of each layer's outputs set to zero while training."""
    input_dropout: float = 0.0
    """Share of the features set to zero while training."""
    locked_dropout: bool = False
    """Drop the same units at all times of a row (variational) rather than anew at each frame."""
    weight_drop: float = 0.0
    """Share of the recurrent weights set to zero while training, the same ones at all times (Merity et al. 2018)."""
    zoneout: float = 0.0
    """Share of states that stay as they were for a step while training (Krueger et al. 2017)."""
    reduce: tuple[int, ...] = ()
    """Neighbouring frames joined into one before each layer: 2, 1, 1 stacks at the input, 1, 2, 2 is a pyramid."""
    projection: int = 0
    """Width of a linear map after each layer; 0 for none."""
    convolution: tuple[int, ...] = ()
    """Channels of convolutional layers over time and frequency before the first recurrent one; none by default."""
    stride: int = 1
    """Keep every so many-th frame after the convolution; needs one."""
    lookahead: int = 0
    """Frames that a one-directional encoder sees ahead after its last layer (Wang et al. 2016); 0 for none."""
    chunk: int = 0
    """Frames after which the backward direction begins anew, so that both directions can be live; 0 for whole rows."""
    right: int = 0
    """Frames to the right of each chunk that its backward direction begins with; needs a `chunk`."""
    segment: int = 0
    """Train in less memory: keep the states between pieces of so many frames, run each twice; 0 keeps everything."""
    constraint: Literal["none", "max_norm", "unit_norm", "non_negative", "spectral"] = "none"
    """What recurrent weights are held to at each step: none, max_norm, unit_norm, non_negative or spectral."""
    constraint_limit: float = 0.0
    """The longest row under max_norm, the largest stretch under spectral; 0 for the usual one (3 and 1)."""
    initial: InitialKind = "orthogonal"
    """How weights start: orthogonal, xavier, identity (rnn), chrono (memories up to `longest`) or torch."""
    forget_bias: float = 1.0
    """Bias that a forget gate starts with under orthogonal and xavier."""
    longest: int = 0
    """Steps that the longest memories of chrono last at the start; needs it."""

    def __post_init__(self) -> None:
        """Name the first setting that cannot be."""
        self._check_names()
        self._check_numbers()
        self._check_pairs()
        self._check_layer()

    @property
    def states(self) -> tuple[int, ...]:
        """States in each direction of each layer.

        >>> EncoderConfig(layers=2, hidden=8).states, EncoderConfig(sizes=(8, 4, 4)).states
        ((8, 8), (8, 4, 4))
        """
        return self.sizes or (self.hidden,) * self.layers

    @property
    def factors(self) -> tuple[int, ...]:
        """Frames joined into one before each layer.

        >>> EncoderConfig(layers=2).factors
        (1, 1)
        """
        return self.reduce or (1,) * len(self.states)

    @property
    def reduction(self) -> int:
        """Frames of the input for one of the output.

        >>> EncoderConfig(layers=2, reduce=(1, 2), convolution=(4,), stride=2).reduction
        4
        """
        return self.stride * math.prod(self.factors)

    def _check_names(self) -> None:
        known: dict[str, Collection[str]] = {
            "cell": CELLS,
            "fusion": FUSIONS,
            "interaction": INTERACTIONS,
            "norm": NORMS,
            "constraint": ("none", *LIMITS),
        }
        for name, names in known.items():
            if getattr(self, name) not in names:
                raise ConfigError(f"encoder.{name} is {getattr(self, name)!r}; choose one of {', '.join(names)}.")

    def _check_numbers(self) -> None:
        least = {
            "layers": 1,
            "hidden": 1,
            "stride": 1,
            "projection": 0,
            "lookahead": 0,
            "chunk": 0,
            "right": 0,
            "segment": 0,
        }
        for name, low in least.items():
            if getattr(self, name) < low:
                raise ConfigError(f"encoder.{name} is {getattr(self, name)}; it must be {low} or more.")
        for name in ("sizes", "reduce", "convolution"):
            if any(number < 1 for number in getattr(self, name)):
                raise ConfigError(f"encoder.{name} is {getattr(self, name)}; each number must be 1 or more.")
        for name in ("dropout", "input_dropout", "weight_drop", "zoneout"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"encoder.{name} is {getattr(self, name)}; it must be 0 or more and less than 1.")

    def _check_pairs(self) -> None:
        if self.sizes and self.layers not in (len(self.sizes), _default("layers")):
            raise ConfigError(f"encoder.layers is {self.layers}, encoder.sizes has {len(self.sizes)}; leave one out.")
        if self.sizes and self.hidden != _default("hidden"):
            raise ConfigError(f"encoder.hidden is {self.hidden} beside encoder.sizes; leave one of them out.")
        if self.reduce and len(self.reduce) != len(self.states):
            raise ConfigError(f"encoder.reduce has {len(self.reduce)} numbers for {len(self.states)} layers.")
        several = len(self.states) > 1
        droppable = self.dropout > 0 or self.input_dropout > 0
        for name, default, possible, needs in (
            ("reduce", (), set(self.reduce) != {1}, "a number above 1: 1 joins nothing"),
            ("interaction", self.interaction if self.interaction != "dense" else "", several, "more than one layer"),
            ("skip", False, several, "more than one layer"),
            ("locked_dropout", False, droppable, "encoder.dropout or encoder.input_dropout"),
            ("constraint_limit", 0.0, self.constraint != "none", "encoder.constraint"),
            ("stride", 1, bool(self.convolution), "encoder.convolution; without one use features.stride"),
            ("fusion", "concat", self.bidirectional, "encoder.bidirectional: one direction has nothing to join"),
            ("chunk", 0, self.bidirectional, "encoder.bidirectional: it says where the backward direction begins"),
            ("right", 0, self.chunk > 0, "encoder.chunk: it is what the backward direction sees beyond one"),
            ("segment", 0, not self.chunk, "whole rows: encoder.chunk cuts them already"),
            ("lookahead", 0, not self.bidirectional, "encoder.bidirectional false: both directions see all that comes"),
        ):
            if getattr(self, name) != default and not possible:
                raise ConfigError(f"encoder.{name} is {getattr(self, name)}, but needs {needs}.")
        for name in ("chunk", "right"):
            if getattr(self, name) % self.reduction:
                raise ConfigError(
                    f"encoder.{name} is {getattr(self, name)}; it must be a multiple of {self.reduction}, the frames "
                    "that encoder.stride and encoder.reduce join into one."
                )

    def _check_layer(self) -> None:
        """Let the parts of a layer say what they do not take, by building a small one."""
        try:
            with torch.random.fork_rng(devices=[]):
                make_layer(self, 1, min(*self.states, self.options.projection + 1), 1)
        except ConfigError as error:
            raise ConfigError(f"encoder.{error}") from None


def make_layer(config: EncoderConfig, inputs: int, hidden: int, chunk: int = 0) -> Recurrent:
    """One recurrent layer as the settings have it, reading both ways within a `chunk` of its own frames if they say so.

    >>> make_layer(EncoderConfig(cell="gru"), 3, 5).width
    10
    """
    how = config.options, config.weight_drop, config.zoneout
    if config.chunk:
        layer: Recurrent = LatencyControlled(chunk, config.cell, inputs, hidden, config.fusion, *how)
    else:
        layer = Recurrent(config.cell, inputs, hidden, config.bidirectional, config.fusion, *how, config.segment)
    cells = [cell for cell in (layer.ahead, layer.behind) if cell is not None]
    start = config.initial, config.forget_bias, config.longest
    for cell in cells:
        if start != ("orthogonal", 1.0, 0):  # which is how cells begin anyway
            initialise(cell, *start)
        if config.constraint != "none":
            if not hasattr(cell, "weight_hh"):
                raise ConfigError(
                    f"constraint is {config.constraint}, but the cell {cell.kind} has no recurrent weights."
                )
            constrain(cell, ["weight_hh"], config.constraint, config.constraint_limit)
    return layer


def _default(name: str) -> object:
    return EncoderConfig.__dataclass_fields__[name].default
