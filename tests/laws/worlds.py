"""Random worlds for the laws: ragged batches and encoders of every shape."""

import torch
from hypothesis import strategies as st

from rnnaudio.nn import Encoder, EncoderConfig


def encoder_configs(**fixed) -> st.SearchStrategy[EncoderConfig]:
    free = {
        "cell": st.sampled_from(["rnn", "lstm", "gru"]),
        "layers": st.integers(1, 3),
        "hidden": st.integers(1, 9),
        "bidirectional": st.booleans(),
        "fusion": st.sampled_from(["concat", "sum", "mean"]),
        "residual": st.booleans(),
        "layer_norm": st.booleans(),
        "dropout": st.just(0.3),
        "locked_dropout": st.booleans(),
        "convolution": st.sampled_from([(), (3,), (2, 4)]),
        "stride": st.just(1),
    }
    return st.builds(EncoderConfig, **{**free, **{name: st.just(value) for name, value in fixed.items()}})


def encoders(**fixed) -> st.SearchStrategy[Encoder]:
    return st.builds(_encoder, encoder_configs(**fixed), st.integers(0, 1000))


def ragged_lengths(shortest: int = 0, longest: int = 12) -> st.SearchStrategy[torch.Tensor]:
    return st.lists(st.integers(shortest, longest), min_size=1, max_size=5).map(torch.tensor)


def conv_encoders() -> st.SearchStrategy[Encoder]:
    configs = st.one_of(*(encoder_configs(convolution=(2, 3), stride=stride) for stride in (2, 3)))
    return st.builds(_encoder, configs, st.integers(0, 1000))


def _encoder(config: EncoderConfig, seed: int) -> Encoder:
    torch.manual_seed(seed)
    return Encoder(4, config).eval()
