"""The CPU kernels give the numbers and gradients of what they stand for."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnaudio.nn.kernels import Direction, long_row, minimal_scan, ragged_gru, serves, switched_off
from rnnaudio.nn.kernels.rows import lay_out
from rnnaudio.nn.kernels.steps import exp, sigmoid, tanh


@pytest.mark.parametrize(
    ("ours", "true", "bound"),
    [(tanh, np.tanh, 4e-7), (sigmoid, lambda x: 1 / (1 + np.exp(-x)), 2e-7)],
)
def test_functions_are_right_to_float_precision(ours, true, bound):
    for x in np.linspace(-30, 30, 2001).astype(np.float32):
        assert abs(float(ours(x)) - true(float(x))) < bound


def test_exp_is_right_relative_to_its_size():
    for x in np.linspace(-79, 79, 2001).astype(np.float32):
        assert abs(float(exp(x)) / math.exp(float(x)) - 1) < 3e-7
    assert exp(np.float32(1000)) == exp(np.float32(80))


@pytest.mark.parametrize("function", [tanh, sigmoid, exp])
def test_nan_stays_nan(function):
    assert math.isnan(function(np.float32("nan")))


@given(st.lists(st.integers(0, 6), min_size=1, max_size=6), st.booleans())
def test_the_layout_holds_each_valid_frame_once_and_finds_its_neighbour(lengths, backward):
    rows = lay_out(torch.tensor(lengths), time=6, backward=backward)
    there = {row * 6 + step for row, length in enumerate(lengths) for step in range(length)}
    assert sorted(rows.index.tolist()) == sorted(there)
    assert len(rows.index) == len(there)
    assert sum(rows.sizes) == rows.frames
    assert rows.sizes == sorted(rows.sizes, reverse=True)
    past = -1 if not backward else 1
    begun = rows.sizes[0] if rows.sizes else 0
    assert (rows.index[rows.before] - rows.index[begun:] == past).all()


def _peer(frames, lengths, peer, states):
    rows = pack_padded_sequence(frames, lengths, batch_first=True, enforce_sorted=False)
    out, last = peer(rows, states)
    return pad_packed_sequence(out, batch_first=True, total_length=frames.shape[1])[0], last


def _ours(frames, lengths, peer, states):
    weights = list(peer.parameters())
    each = [Direction(*weights[4 * side : 4 * side + 4], (states[side],), bool(side)) for side in range(2)]
    (ahead, first), (behind, second) = ragged_gru(frames, lengths, each)
    return torch.cat([ahead, behind], dim=2), torch.stack([first, second])


@pytest.mark.parametrize("threads", [1, 2])
@settings(max_examples=15)
@given(lengths=st.lists(st.integers(1, 7), min_size=1, max_size=5), seed=st.integers(0, 99))
def test_gru_equals_packed_torch_in_outputs_states_and_gradients(lengths, seed, threads):
    torch.manual_seed(seed)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        peer = nn.GRU(3, 5, batch_first=True, bidirectional=True)
        frames = torch.randn(len(lengths), max(lengths), 3, requires_grad=True)
        states = torch.randn(2, len(lengths), 5, requires_grad=True)
        wanted = [frames, states, *peer.parameters()]
        results = []
        for run in (_peer, _ours):
            out, last = run(frames, torch.tensor(lengths), peer, states)
            torch.manual_seed(seed)
            loss = (out * torch.randn_like(out)).sum() + (last * torch.randn_like(last)).sum()
            results.append([out, last, *torch.autograd.grad(loss, wanted)])
    finally:
        torch.set_num_threads(before)
    for theirs, ours in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_a_graph_can_be_gone_through_twice():
    peer = nn.GRU(3, 5, bidirectional=True)
    frames = torch.randn(2, 4, 3, requires_grad=True)
    loss = _ours(frames, torch.tensor([4, 2]), peer, torch.zeros(2, 2, 5))[0].square().sum()
    first, second = (torch.autograd.grad(loss, frames, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)


def test_gradients_of_gradients_are_refused_and_not_wrong():
    peer = nn.GRU(3, 5, bidirectional=True)
    frames = torch.randn(1, 4, 3, requires_grad=True)
    loss = _ours(frames, torch.tensor([4]), peer, torch.zeros(2, 1, 5))[0].square().sum()
    (slope,) = torch.autograd.grad(loss, frames, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


def test_nan_in_padding_is_never_read():
    peer = nn.GRU(3, 5, bidirectional=True)
    frames = torch.randn(2, 4, 3)
    frames[1, 2:] = float("nan")
    frames.requires_grad_()
    out, last = _ours(frames, torch.tensor([4, 2]), peer, torch.zeros(2, 2, 5))
    (out.sum() + last.sum()).backward()
    assert out.isfinite().all()
    assert (out[1, 2:] == 0).all()
    assert frames.grad.isfinite().all()
    assert (frames.grad[1, 2:] == 0).all()
    assert all(weight.grad.isfinite().all() for weight in peer.parameters())


def test_nan_in_a_row_shows_in_that_row_alone():
    peer = nn.GRU(3, 5, bidirectional=True)
    frames = torch.randn(2, 4, 3)
    frames[1, 1] = float("nan")
    out, _ = _ours(frames, torch.tensor([4, 3]), peer, torch.zeros(2, 2, 5))
    assert out[0].isfinite().all()
    assert out[1, 1].isnan().all()


def test_rows_without_frames_keep_their_state():
    peer = nn.GRU(3, 5, bidirectional=True)
    states = torch.randn(2, 3, 5, requires_grad=True)
    out, last = _ours(torch.randn(3, 4, 3), torch.tensor([0, 4, 0]), peer, states)
    assert (out[[0, 2]] == 0).all()
    assert torch.equal(last[:, [0, 2]], states[:, [0, 2]])
    last.sum().backward()
    assert (states.grad[:, [0, 2]] == 1).all()
    out, last = _ours(torch.randn(1, 4, 3), torch.tensor([0]), peer, states[:, :1])
    assert (out == 0).all()
    assert torch.equal(last, states[:, :1])


def test_bfloat16_products_stay_near_and_states_stay_float32():
    peer = nn.GRU(64, 128, bidirectional=True)
    frames, lengths, states = torch.randn(16, 20, 64), torch.full((16,), 20), torch.zeros(2, 16, 128)
    exact, _ = _ours(frames, lengths, peer, states)
    with torch.autocast("cpu", torch.bfloat16):
        half, _ = _ours(frames, lengths, peer, states)
    assert half.dtype == torch.float32
    assert 0 < (half - exact).abs().max() < 0.03
    with torch.autocast("cpu", torch.bfloat16):
        half.sum().backward()
    assert all(weight.grad.dtype == torch.float32 for weight in peer.parameters())


def _written_out(kind, x, state):
    """The equations of the paper, in float64, by ordinary operations."""
    states = []
    for step in x.unbind(1):
        parts = step.chunk(2 if kind == "mingru" else 3, dim=1)
        bent = torch.where(parts[-1] >= 0, parts[-1] + 0.5, torch.sigmoid(parts[-1]))
        if kind == "mingru":
            keep = 1 - torch.sigmoid(parts[0])
        else:
            keep = torch.sigmoid(parts[0]) / (torch.sigmoid(parts[0]) + torch.sigmoid(parts[1]))
        state = keep * state + (1 - keep) * bent
        states.append(state)
    return torch.stack(states, dim=1)


@pytest.mark.parametrize("kind", ["mingru", "minlstm"])
@settings(max_examples=20)
@given(rows=st.integers(1, 3), time=st.integers(1, 9), scale=st.sampled_from([1.0, 10.0]), seed=st.integers(0, 99))
def test_minimal_scan_equals_the_written_out_cell(kind, rows, time, scale, seed):
    torch.manual_seed(seed)
    x = scale * torch.randn(rows, time, 7 * (2 if kind == "mingru" else 3), dtype=torch.float64)
    state = torch.randn(rows, 7, dtype=torch.float64)
    x.requires_grad_(), state.requires_grad_()
    true = _written_out(kind, x, state)
    ours = minimal_scan(kind, x, state)
    grad = torch.randn_like(true)
    wanted = torch.autograd.grad(true, [x, state], grad)
    given_ = torch.autograd.grad(ours, [x, state], grad.float())
    torch.testing.assert_close(ours.double(), true, atol=2e-5, rtol=1e-5)
    for one, other in zip(given_, wanted, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_the_switch_and_what_is_not_served():
    weight = torch.zeros(1)
    assert serves(weight)
    with switched_off():
        assert not serves(weight)
    with torch.no_grad():
        assert not serves(weight)
    assert not serves(weight, torch.zeros(1, dtype=torch.float64))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("hidden", [5, 16])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_long_row_equals_torch(kind, hidden, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        peer = {"lstm": nn.LSTM, "gru": nn.GRU}[kind](3, hidden, batch_first=True, bidirectional=True)
        frames = torch.randn(1, 40, 3)
        states = tuple(torch.randn(2, 1, hidden) for _ in range(2 if kind == "lstm" else 1))
        with torch.no_grad():
            out, last = peer(frames, states if kind == "lstm" else states[0])
            weights = list(peer.parameters())
            ours = long_row(
                kind,
                frames,
                [Direction(*weights[4 * d : 4 * d + 4], tuple(one[d] for one in states), bool(d)) for d in range(2)],
            )
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(torch.cat([one for one, _ in ours], dim=2), out, atol=1e-5, rtol=1e-4)
    for at, true in enumerate(last if kind == "lstm" else (last,)):
        torch.testing.assert_close(torch.stack([ends[at] for _, ends in ours]), true, atol=1e-5, rtol=1e-4)
