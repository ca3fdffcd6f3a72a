"""Whole sequences: the trace against torch's layers, and the fast run against the trace."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.parametrize import register_parametrization
from torch.testing import assert_close

from rnnaudio.nn.cells import CellOptions, make_cell

TORCH = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def made(variant, inputs=3, hidden=4):
    torch.manual_seed(0)
    cell = make_cell(variant[0], inputs, hidden, variant[1]).double()
    for weight in cell.parameters():
        weight.data += 0.3 * torch.randn_like(weight)
    return cell


def drawn(cell, batch=2, time=6):
    g = torch.Generator().manual_seed(1)
    frames = torch.randn(batch, time, cell.inputs, generator=g, dtype=torch.float64)
    state = tuple(torch.randn(batch, size, generator=g, dtype=torch.float64) for size in cell.state_sizes)
    return frames, state


@given(
    kind=st.sampled_from(list(TORCH)),
    projection=st.integers(0, 2),
    batch=st.integers(1, 3),
    time=st.integers(1, 12),
    inputs=st.integers(1, 4),
    hidden=st.integers(3, 6),
)
def test_the_trace_and_the_run_are_those_of_torch(kind, projection, batch, time, inputs, hidden):
    projection = projection if kind == "lstm" else 0
    torch.manual_seed(0)
    extra = {"proj_size": projection} if projection else {}
    theirs = TORCH[kind](inputs, hidden, batch_first=True, **extra).double()
    ours = make_cell(kind, inputs, hidden, CellOptions(projection=projection)).double()
    ours.load_state_dict({name.removesuffix("_l0"): weight for name, weight in theirs.state_dict().items()})
    frames, state = drawn(ours, batch, time)
    given_state = tuple(value[None] for value in state)
    expected, last = theirs(frames, given_state if kind == "lstm" else given_state[0])
    last = tuple(value[0] for value in last) if kind == "lstm" else (last[0],)
    trace = ours.unfold(frames, state)
    assert_close(trace.states["h"], expected)
    assert_close(trace.last, last)
    assert_close(ours.run(frames, state), (expected, last))


@pytest.mark.parametrize("time", [1, 2, 6])
@pytest.mark.parametrize("lengths", [None, [0, 1]])
def test_the_run_is_the_trace_with_its_gradients(variant, time, lengths):
    cell = made(variant)
    lengths = None if lengths is None else torch.tensor(lengths)
    results = []
    for way in ("unfold", "run"):
        frames, state = drawn(cell, time=time)
        leaves = [frames.requires_grad_(), *(value.requires_grad_() for value in state), *cell.parameters()]
        if way == "unfold":
            trace = cell.unfold(frames, state, lengths)
            out, last = trace.states["h"], trace.last
        else:
            out, last = cell.run(frames, state, lengths)
        seen = out if lengths is None else out[1, :1]
        g = torch.Generator().manual_seed(2)
        loss = sum((value * torch.randn(value.shape, generator=g)).sum() for value in (seen, *last))
        gradients = torch.autograd.grad(loss, leaves, allow_unused=True)
        gradients = [torch.zeros_like(leaf) if g is None else g for leaf, g in zip(leaves, gradients, strict=True)]
        results.append((seen, last, gradients))
    assert_close(results[1], results[0])


def test_the_gradients_are_those_of_finite_differences(variant):
    cell = made(variant)
    frames, state = drawn(cell, time=3)
    frames.requires_grad_()
    assert torch.autograd.gradcheck(lambda frames, *state: cell.run(frames, state)[0], (frames, *state))


def test_steps_give_the_trace(variant):
    cell = made(variant)
    frames, state = drawn(cell)
    trace = cell.unfold(frames, state)
    for time in range(frames.shape[1]):
        state = cell(frames[:, time], state)
        for name, value in zip(cell.state_names, state, strict=True):
            assert_close(trace.states[name][:, time], value)
    assert_close(trace.last, state)


def test_the_trace_holds_gates_that_make_its_states(variant):
    cell = made(variant)
    frames, state = drawn(cell)
    trace = cell.unfold(frames, state)
    assert tuple(trace.states) == cell.state_names
    assert tuple(trace.gates) == cell.gate_names
    assert all(gate.shape == (2, 6, cell.hidden) for gate in trace.gates.values())
    past = torch.cat([state[-1][:, None], trace.states[cell.state_names[-1]]], dim=1)
    old, new, gates = past[:, :-1], past[:, 1:], trace.gates
    if cell.kind == "lstm":
        assert_close(new, gates["forget"] * old + gates["input"] * gates["candidate"])
    elif cell.kind in ("gru", "ligru"):
        assert_close(new, (1 - gates["update"]) * gates["candidate"] + gates["update"] * old)
    elif cell.kind == "mingru":
        assert_close(new, gates["update"] * gates["candidate"] + (1 - gates["update"]) * old)
    elif cell.kind == "minlstm":
        assert_close(gates["forget"] + gates["input"], torch.ones_like(new))
        assert_close(new, gates["forget"] * old + gates["input"] * gates["candidate"])
    else:
        assert gates == {}


def test_a_trace_is_open_to_gradients_of_gates_and_states(variant):
    cell = made(variant)
    frames, state = drawn(cell)
    trace = cell.unfold(frames.requires_grad_(), state)
    for value in (*trace.states.values(), *trace.gates.values()):
        (gradient,) = torch.autograd.grad(value[:, 3].sum(), frames, retain_graph=True)
        assert gradient[:, 3].abs().max() > 0
        assert gradient[:, 4:].abs().max() == 0


@pytest.mark.parametrize("shape", [(0, 5, 3), (2, 0, 3)])
def test_nothing_gives_nothing(variant, shape):
    cell = make_cell(variant[0], 3, 4, variant[1])
    out, last = cell.run(torch.zeros(shape))
    trace = cell.unfold(torch.zeros(shape))
    assert out.shape == trace.states["h"].shape == (*shape[:2], cell.width)
    assert all(gate.shape == (*shape[:2], 4) for gate in trace.gates.values())
    assert_close(last, cell.start(torch.zeros(shape)))
    assert_close(trace.last, last)


@pytest.mark.parametrize("time", [1, 9])
def test_frames_may_lie_in_memory_as_they_like(variant, time):
    cell = make_cell(variant[0], 3, 4, variant[1])
    frames = torch.randn(time, 2, 6).transpose(0, 1)[:, :, ::2]
    assert not frames.is_contiguous()
    assert_close(cell.run(frames), cell.run(frames.contiguous()))
    state = tuple(torch.randn(size, 2).T for size in cell.state_sizes)
    assert_close(cell.run(frames, state), cell.run(frames, tuple(value.contiguous() for value in state)))


@pytest.mark.parametrize("zoneout", [0.0, 0.2])
def test_half_precision_is_near(variant, zoneout):
    torch.manual_seed(0)
    cell = make_cell(variant[0], 3, 4, variant[1]).eval()
    frames = torch.randn(2, 9, 3)
    exact, _ = cell.run(frames, zoneout=zoneout)
    with torch.autocast("cpu", torch.bfloat16):
        out, state = cell.run(frames[:, :8], zoneout=zoneout)
        last, _ = cell.run(frames[:, 8:], state, zoneout=zoneout)  # what came out goes in again, whatever its type
    assert_close(torch.cat([out, last], dim=1).float(), exact, rtol=0.05, atol=0.05)
    out.float().square().sum().backward()
    assert all(weight.grad.isfinite().all() for weight in cell.parameters())


@pytest.mark.parametrize("kind", ["mingru", "minlstm"])
def test_half_precision_does_not_make_a_long_memory_endless(kind):
    cell = make_cell(kind, 3, 4)
    with torch.no_grad():
        cell.weight_ih.zero_()
        cell.bias_ih[:4] = -7.0 if kind == "mingru" else 7.0  # about a thousand steps
        cell.bias_ih[4:8] = 0.0 if kind == "mingru" else -7.0
    frames, state = torch.zeros(1, 1000, 3), (torch.full((1, 4), 100.0),)
    exact, _ = cell.run(frames, state)
    assert exact[0, -1].max() < 60
    with torch.autocast("cpu", torch.bfloat16):
        assert_close(cell.run(frames, state)[0], exact, rtol=0.01, atol=0.01)


class Counted(nn.Module):
    """A parametrisation that counts how often it is asked, and answers differently each time."""

    def __init__(self):
        super().__init__()
        self.times = 0

    def forward(self, weight):
        self.times += 1
        return weight / self.times


@pytest.mark.parametrize("way", ["run", "unfold"])
def test_recurrent_weights_are_read_once_a_sequence(variant, way):
    if variant[0].startswith("min"):
        pytest.skip("no recurrent weights")
    cell = make_cell(variant[0], 3, 4, variant[1])
    counted = Counted()
    register_parametrization(cell, "weight_hh", counted)
    before = counted.times
    getattr(cell, way)(torch.randn(2, 7, 3))
    assert counted.times == before + 1


def test_zoneout_keeps_old_units_in_training(variant):
    cell = made(variant).train()
    frames, state = drawn(cell, batch=100, time=5)
    torch.manual_seed(3)
    trace = cell.unfold(frames, state, zoneout=0.3)
    for name, first in zip(cell.state_names, state, strict=True):
        values = torch.cat([first[:, None], trace.states[name]], dim=1)
        kept = (values[:, 1:] == values[:, :-1]).double()
        still = 0.5 if cell.kind == "ligru" or variant[1].nonlinearity == "relu" else 0.0  # relu stays at 0 by itself
        assert 0.25 < kept.mean() < 0.35 + still
    torch.manual_seed(3)
    assert_close(cell.run(frames, state, zoneout=0.3)[0], trace.states["h"])
    assert not torch.equal(cell.run(frames, state, zoneout=0.3)[0], trace.states["h"])


def test_zoneout_mixes_old_and_new_at_evaluation(variant):
    cell = made(variant).eval()
    frames, state = drawn(cell, time=4)
    out, last = cell.run(frames, state, zoneout=0.3)
    for time in range(4):
        new = cell(frames[:, time], state)
        state = tuple(0.3 * old + 0.7 * value for old, value in zip(state, new, strict=True))
        assert_close(out[:, time], state[0])
    assert_close(last, state)
    assert_close(cell.unfold(*drawn(cell, time=4), zoneout=0.3).states["h"], out)
