"""Penalties against plain sums, the batch law, and what they listen to."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from rnnaudio.errors import ConfigError, DataError
from rnnaudio.nn import Encoder, EncoderConfig
from rnnaudio.nn.constraints import constrain
from rnnaudio.nn.dropout import drop_weights
from rnnaudio.nn.penalties import Penalties, PenaltyConfig, chosen_weights, state_penalty, weight_penalty
from tests.laws.worlds import ragged_lengths

BOTH = PenaltyConfig(activation=0.7, temporal=1.3)


def drawn(lengths, spare=2, seed=0):
    """Random states with NaN in the padding."""
    generator = torch.Generator().manual_seed(seed)
    states = torch.randn(len(lengths), int(lengths.max()) + spare, 3, generator=generator, dtype=torch.float64)
    for row, length in enumerate(lengths.tolist()):
        states[row, length:] = float("nan")
    return states


def test_l1_and_l2_and_their_gradients():
    weight = nn.Parameter(torch.tensor([[3.0, -4.0]]))
    penalty = weight_penalty({"w": weight}, PenaltyConfig(l1=0.5, l2=0.1))
    penalty.backward()
    assert_close(penalty.detach(), torch.tensor(0.5 * 7 + 0.1 * 25))
    assert_close(weight.grad, torch.tensor([[0.5 + 0.2 * 3, -0.5 - 0.2 * 4]]))


def test_matrices_are_chosen_by_default_and_others_by_name():
    encoder = Encoder(3, EncoderConfig(layers=1, hidden=4, bidirectional=False, convolution=(2,), weight_drop=0.2))
    constrain(encoder.layers[0].ahead, ["weight_ih"], "max_norm")

    def chosen(*weights):
        return set(chosen_weights(encoder, PenaltyConfig(l1=1.0, weights=weights)))

    recurrent = {"layers.0.ahead.weight_ih", "layers.0.ahead.weight_hh"}  # as they are read, not as they are kept
    default = chosen()
    assert recurrent < default
    assert all("weight" in name for name in default)
    assert not any("norm" in name for name in default)
    assert chosen("*weight_hh") == {"layers.0.ahead.weight_hh"}
    assert chosen("layers.*.weight_?h", "norm.bias") == recurrent | {"norm.bias"}
    assert chosen_weights(encoder, PenaltyConfig(activation=1.0)) == {}


@given(lengths=ragged_lengths(), seed=st.integers(0, 99))
def test_states_against_plain_sums_whatever_the_batch_and_the_padding(lengths, seed):
    states = drawn(lengths, seed=seed).requires_grad_()
    together = state_penalty(states, lengths, BOTH)
    together.square().sum().backward()
    assert (states.grad[torch.isnan(states)] == 0).all()
    for row, length in enumerate(lengths.tolist()):
        h = states.detach()[row, :length].requires_grad_()
        wanted = h.sum() * 0
        if length:
            wanted = wanted + 0.7 * h.square().mean()
        if length > 1:
            wanted = wanted + 1.3 * (h[1:] - h[:-1]).square().mean()
        assert_close(together[row], wanted)
        wanted.square().backward()
        assert_close(states.grad[row, :length], h.grad)


@pytest.mark.parametrize(
    "how",
    [
        {"layers": 2, "hidden": 4},
        {"layers": 1, "hidden": 4, "chunk": 4, "right": 2},
        {"sizes": (4, 6), "reduce": (1, 2), "skip": True, "projection": 3},
    ],
)
def test_heard_is_what_the_last_layer_puts_out_before_dropout_and_norm(how):
    torch.manual_seed(0)
    encoder = Encoder(3, EncoderConfig(dropout=0.5, **how)).train()
    frames, lengths = torch.randn(3, 11, 3), torch.tensor([11, 6, 0])
    for row, length in enumerate(lengths.tolist()):
        frames[row, length:] = float("nan")
    penalties = Penalties(encoder, BOTH)
    torch.manual_seed(1)
    with penalties.listening():
        encoder(frames, lengths)
    heard = penalties.of_rows()
    torch.manual_seed(1)
    trace = encoder.trace(frames, lengths)
    assert_close(heard, state_penalty(trace.layers[-1].fused, trace.lengths[-1], BOTH))
    assert heard[0] > 0
    assert heard[2] == 0
    heard.sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in encoder.layers.parameters())
    assert not encoder.layers[-1]._forward_hooks


def test_only_what_comes_by_while_listening_counts_and_only_once():
    encoder = Encoder(3, EncoderConfig(layers=1, hidden=4, dropout=0.0))
    frames, lengths = torch.randn(2, 5, 3), torch.tensor([5, 4])
    penalties = Penalties(encoder, BOTH)
    encoder(frames, lengths)
    assert penalties.of_rows() == 0
    with penalties.listening():
        encoder(frames, lengths)
    once = penalties.of_rows()
    assert once.shape == (2,)
    assert penalties.of_rows() == 0
    with penalties.listening():
        encoder(frames, lengths)
        encoder(frames, lengths)
    assert_close(penalties.of_rows(), 2 * once)
    with pytest.raises(DataError), penalties.listening():
        encoder(frames, lengths) and encoder(frames, lengths + 9)
    with penalties.listening():  # what a step that was broken off has left does not count
        encoder(frames, lengths)
    assert_close(penalties.of_rows(), once)


def test_penalised_is_the_weight_that_is_learned_and_nothing_is_drawn():
    layer = nn.Linear(30, 20)
    before = layer.weight.detach().clone()
    drop_weights(layer, "weight", 0.5)
    torch.manual_seed(0)
    penalty = Penalties(layer, PenaltyConfig(l2=1.0)).of_rows()
    assert_close(penalty, before.square().sum())
    drawn = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(drawn, torch.rand(1))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"l1": -1.0}, r"penalties\.l1 is -1\.0"),
        ({"temporal": float("inf")}, r"penalties\.temporal is inf"),
        ({"l2": float("nan")}, r"penalties\.l2 is nan"),
        ({"weights": ("*",), "activation": 1.0}, r"penalties\.weights are named while"),
        ({"weights": ("wieght",), "l1": 1.0}, r"no weight is called wieght; there are weight, bias\."),
        ({"activation": 1.0}, r"need an encoder"),
        ({"temporal": 1.0}, r"need an encoder"),
    ],
)
def test_what_cannot_be_is_named(settings, words):
    with pytest.raises(ConfigError, match=words):
        Penalties(nn.Linear(2, 2), PenaltyConfig(**settings))
