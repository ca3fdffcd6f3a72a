"""Pooling over time: the batch law, what each kind computes, and what happens where there is nothing to pool."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from rnnaudio.errors import ConfigError, DataError
from rnnaudio.nn import Encoder, EncoderConfig
from rnnaudio.nn.pooling import POOLINGS, make_pooling
from tests.laws.worlds import ragged_lengths

HEADS = {"attention": 3}


def made(kind, width=4):
    torch.manual_seed(0)
    return make_pooling(kind, width, HEADS.get(kind, 1)).double()


def drawn(lengths, width=4, spare=2, seed=0):
    """Random states with NaN in the padding, of which there is more than needed."""
    generator = torch.Generator().manual_seed(seed)
    states = torch.randn(len(lengths), int(lengths.max()) + spare, width, generator=generator, dtype=torch.float64)
    for row, length in enumerate(lengths.tolist()):
        states[row, length:] = float("nan")
    return states


@given(kind=st.sampled_from(list(POOLINGS)), lengths=ragged_lengths(), seed=st.integers(0, 99))
def test_a_row_does_not_know_its_batch_nor_does_its_gradient(kind, lengths, seed):
    pooling, states = made(kind), drawn(lengths, seed=seed).requires_grad_()
    direction = torch.randn(pooling.width, dtype=torch.float64)
    together = pooling(states, lengths)
    assert together.shape == (len(lengths), pooling.width)
    (together @ direction).square().sum().backward()
    learned = [parameter.grad for parameter in pooling.parameters()]
    pooling.zero_grad()
    for row, length in enumerate(lengths.tolist()):
        alone = states.detach()[row : row + 1, :length].requires_grad_()
        pooled = pooling(alone, lengths[row : row + 1])
        assert_close(pooled[0], together[row])
        (pooled @ direction).square().sum().backward()
        assert_close(alone.grad[0], states.grad[row, :length])
    assert (states.grad[torch.isnan(states)] == 0).all()
    for whole, parameter in zip(learned, pooling.parameters(), strict=True):
        assert_close(whole, parameter.grad)


@pytest.mark.parametrize("kind", POOLINGS)
def test_rows_without_frames_give_zeros_and_finite_gradients(kind):
    pooling = made(kind)
    states = torch.full((2, 3, 4), torch.nan, dtype=torch.float64)
    states[0] = torch.randn(3, 4)
    states.requires_grad_()
    with torch.autograd.set_detect_anomaly(True):  # no NaN on the way either
        out = pooling(states, torch.tensor([3, 0]))
        out.sum().backward()
    assert (out[1] == 0).all()
    assert (out[0] != 0).all()
    assert states.grad.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in pooling.parameters())
    for rows, time in ((0, 4), (2, 0), (0, 0)):
        nothing = pooling(torch.zeros(rows, time, 4).double(), torch.zeros(rows, dtype=torch.int64))
        assert torch.equal(nothing, torch.zeros(rows, pooling.width).double())


def test_each_kind_against_plain_python():
    rows = [[1.0, -4.0], [3.0, -2.0], [8.0, -3.0]]
    states = torch.tensor([[*rows, [99.0, 99.0]]]).double()
    deviations = [math.sqrt(sum((x - sum(unit) / 3) ** 2 for x in unit) / 3) for unit in zip(*rows, strict=True)]
    wanted = {
        "last": [8.0, -3.0],
        "ends": [8.0, -4.0],
        "mean": [4.0, -3.0],
        "max": [8.0, -2.0],
        "statistics": [4.0, -3.0, *deviations],
    }
    for kind, numbers in wanted.items():
        assert_close(make_pooling(kind, 2)(states, torch.tensor([3]))[0], torch.tensor(numbers).double(), msg=kind)


def test_attention_is_what_its_equations_say():
    pooling, states, lengths = made("attention"), drawn(torch.tensor([4, 2])), torch.tensor([4, 2])
    weights, pooled = pooling.weights(states, lengths), pooling(states, lengths)
    assert weights.shape == (2, 3, 6)
    assert_close(weights.sum(dim=2), torch.ones(2, 3).double())
    assert (weights[1, :, 2:] == 0).all()
    for row, length in enumerate(lengths.tolist()):
        h = states[row, :length]  # (T, F)
        scores = torch.tanh(h @ pooling.keys.weight.T + pooling.keys.bias) @ pooling.queries.weight.T  # (T, K)
        a = scores.softmax(dim=0)
        assert_close(weights[row, :, :length], a.T)
        assert_close(pooled[row], torch.cat([(a[:, head, None] * h).sum(dim=0) for head in range(3)]))


def test_attention_can_look_at_one_frame_and_at_all():
    pooling = made("attention", 2)
    states, lengths = drawn(torch.tensor([5]), 2), torch.tensor([5])
    with torch.no_grad():
        pooling.queries.weight.zero_()
        assert_close(pooling(states, lengths)[0, :2], states[0, :5].mean(dim=0))
        pooling.keys.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 0.0]]))
        pooling.queries.weight[:, 0] = 1e4
    first = states[0, :5, 0].argmax()
    assert_close(pooling(states, lengths)[0, :2], states[0, first])


def test_ends_are_where_both_directions_have_read_all():
    torch.manual_seed(0)
    encoder = Encoder(3, EncoderConfig(layers=1, hidden=4, interaction="plain", norm="none", dropout=0.0)).eval()
    frames, lengths = torch.randn(2, 7, 3), torch.tensor([7, 4])
    pooled = make_pooling("ends", encoder.width)(*encoder(frames, lengths))
    for row, length in enumerate(lengths.tolist()):
        whole = frames[row : row + 1, :length]
        _, (ahead, _) = encoder.layers[0].ahead.run(whole)
        _, (behind, _) = encoder.layers[0].behind.run(whole.flip(1))
        assert_close(pooled[row], torch.cat([ahead[0], behind[0]]))


@pytest.mark.parametrize("value", [0.0, 1.0, 1e3])
@pytest.mark.parametrize("length", [1, 6])
def test_the_deviation_of_what_stands_still_has_a_finite_gradient(value, length):
    states = torch.full((1, 6, 2), value, requires_grad=True)
    pooled = make_pooling("statistics", 2)(states, torch.tensor([length]))
    assert_close(pooled[0, 2:], torch.tensor([1e-5, 1e-5]), rtol=0, atol=1e-3)
    pooled.sum().backward()
    assert states.grad.abs().max() <= 2.0


def test_the_deviation_of_small_movements_far_from_zero_keeps_its_digits():
    states = torch.tensor([[[1000.0], [1000.5]]])
    assert_close(make_pooling("statistics", 1)(states, torch.tensor([2])), torch.tensor([[1000.25, 0.25]]))


def test_frames_that_share_the_largest_value_share_its_gradient():
    states = torch.tensor([[[1.0], [1.0], [0.0], [7.0]]], requires_grad=True)
    make_pooling("max", 1)(states, torch.tensor([3])).sum().backward()
    assert_close(states.grad.flatten(), torch.tensor([0.5, 0.5, 0.0, 0.0]))


@pytest.mark.parametrize(
    ("kind", "width", "heads", "words"),
    [
        ("median", 4, 1, "pooling is 'median'; choose one of last"),
        ("ends", 3, 1, "3 states are no pair"),
        ("attention", 4, 0, "by 0 heads"),
        ("mean", 4, 2, "heads is 2, which is for pooling by attention"),
    ],
)
def test_settings_that_cannot_be_are_named(kind, width, heads, words):
    with pytest.raises(ConfigError, match=words):
        make_pooling(kind, width, heads)


@pytest.mark.parametrize(
    ("states", "lengths", "words"),
    [
        (torch.zeros(2, 3, 5), torch.tensor([3, 3]), r"reads \(batch, time, 4\)"),
        (torch.zeros(3, 4), torch.tensor([3]), r"reads \(batch, time, 4\)"),
        (torch.zeros(2, 3, 4), torch.tensor([3, 4]), "a length is 4"),
        (torch.zeros(2, 3, 4), torch.tensor([1.0, 0.5]), "whole numbers"),
    ],
)
def test_states_that_do_not_fit_are_named(states, lengths, words):
    with pytest.raises(DataError, match=words):
        make_pooling("mean", 4)(states, lengths)
