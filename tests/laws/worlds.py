"""Random worlds for the laws: ragged batches, and encoders of every shape that the settings allow."""

import math

import torch
from hypothesis import strategies as st

from rnnaudio.nn import CellOptions, Encoder, EncoderConfig
from rnnaudio.nn.constraints import LIMITS

FEATURES = 4
OPTIONS = {
    "rnn": {"nonlinearity": st.sampled_from(["tanh", "relu"]), "layer_norm": st.booleans()},
    "lstm": {
        "peephole": st.booleans(),
        "coupled": st.booleans(),
        "projection": st.integers(0, 1),
        "layer_norm": st.booleans(),
    },
    "gru": {"layer_norm": st.booleans(), "reset": st.sampled_from(["after", "before"])},
    "ligru": {},
    "mingru": {},
    "minlstm": {},
}
READINGS = {
    "ahead": {"bidirectional": st.just(False), "lookahead": st.sampled_from([0, 0, 1, 3])},
    "both": {"bidirectional": st.just(True)},
    "chunks": {"bidirectional": st.just(True), "chunk": st.integers(1, 3), "right": st.integers(0, 3)},
}


@st.composite
def encoder_configs(draw, readings=tuple(READINGS), **fixed) -> EncoderConfig:
    """Settings of any kind, in one direction, in both, or in both by chunks."""
    reading = draw(st.sampled_from(readings))
    cell = draw(st.sampled_from(list(OPTIONS)))
    depth = draw(st.integers(1, 3))
    recurrent = not cell.startswith("min")  # whose gates do not see the state: it has no weights to drop or constrain
    stacked, pyramid = (2,) + (1,) * (depth - 1), (1,) * (depth - 1) + (3,)
    free = {
        "cell": st.just(cell),
        "options": st.builds(CellOptions, **OPTIONS[cell]),
        "sizes": st.lists(st.integers(2, 5), min_size=depth, max_size=depth).map(tuple),
        "norm": st.sampled_from(["none", "layer", "batch"]),
        "interaction": st.sampled_from(["plain", "residual", "dense"][: 2 if depth == 1 else 3]),
        "skip": st.booleans() if depth > 1 else st.just(False),
        "projection": st.sampled_from([0, 0, 3]),
        "reduce": st.sampled_from([(), (), stacked, pyramid]),
        "convolution": st.sampled_from([(), (), (2,), (1, 2)]),
        "input_dropout": st.sampled_from([0.0, 0.3]),
        "locked_dropout": st.booleans(),
        "zoneout": st.sampled_from([0.0, 0.0, 0.2]),
        "weight_drop": st.sampled_from([0.0, 0.3]) if recurrent else st.just(0.0),
        "constraint": st.sampled_from(["none", "none", *LIMITS]) if recurrent else st.just("none"),
        **READINGS[reading],
    }
    if reading != "ahead":
        free["fusion"] = st.sampled_from(["concat", "sum", "mean", "max", "gate", "attention"])
    values = {name: draw(value) for name, value in free.items()} | fixed
    if values["convolution"]:
        values["stride"] = draw(st.sampled_from([1, 2, 5]))
    if depth > 1 and draw(st.booleans()):  # a stack of one width: layers with something to add to
        width = values["sizes"][0]
        values |= {"interaction": draw(st.sampled_from(["residual", "highway"])), "projection": width, "reduce": ()}
    for name in ("chunk", "right"):
        if name in values:
            values[name] *= math.prod(values["reduce"]) * values.get("stride", 1)
    return EncoderConfig(**values)


def encoders(**which) -> st.SearchStrategy[Encoder]:
    return st.builds(make_encoder, encoder_configs(**which), st.integers(0, 1000))


def make_encoder(config: EncoderConfig, seed: int = 0) -> Encoder:
    """An encoder as after some training: no weight, bias or statistic is where it began."""
    generator = torch.manual_seed(seed)
    encoder = Encoder(FEATURES, config).eval()
    with torch.no_grad():
        for tensor in encoder.state_dict().values():
            tensor += 0.1 * torch.rand(tensor.shape, generator=generator)
    return encoder


def ragged_lengths(shortest: int = 0, longest: int = 12) -> st.SearchStrategy[torch.Tensor]:
    return st.lists(st.integers(shortest, longest), min_size=1, max_size=4).map(torch.tensor)
