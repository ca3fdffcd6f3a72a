"""The recurrent layer with every cell: ragged rows, both directions, states, traces, and what does not fit."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.testing import assert_close

from rnnaudio.errors import ConfigError, DataError
from rnnaudio.nn import Recurrent
from rnnaudio.nn.cells import CellOptions
from tests.laws.worlds import ragged_lengths

LENGTHS = torch.tensor([5, 0, 3, 1])


def made(variant, bidirectional=False, **more):
    torch.manual_seed(0)
    layer = Recurrent(variant[0], 3, 4, bidirectional, options=variant[1], **more).double()
    for weight in layer.parameters():
        weight.data += 0.3 * torch.randn_like(weight)
    return layer.eval()


def drawn(lengths=LENGTHS, time=6, padding=float("nan")):
    frames = torch.randn(len(lengths), time, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for row, length in zip(frames, lengths, strict=True):
        row[length:] = padding
    return frames


def at_end(layer, frames, lengths, state=None):
    """The state of each row after its own last frame, one row at a time."""
    rows = []
    for index, length in enumerate(lengths.tolist()):
        first = None if state is None else tuple(value[index : index + 1] for value in state)
        rows.append(layer.ahead.unfold(frames[index : index + 1, :length], first).last)
    return tuple(torch.cat(values) for values in zip(*rows, strict=True))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_row_is_what_it_is_alone_with_its_gradients(variant, bidirectional):
    layer = made(variant, bidirectional)
    frames = drawn()
    together = layer(frames.requires_grad_(), LENGTHS)
    assert together.isfinite().all()
    weight = torch.randn(layer.width, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    (together @ weight).square().sum().backward()
    gradients = [parameter.grad.clone() for parameter in layer.parameters()]
    assert all(gradient.isfinite().all() for gradient in (frames.grad, *gradients))
    layer.zero_grad()
    for row, length in enumerate(LENGTHS.tolist()):
        assert (together[row, length:] == 0).all()
        assert (frames.grad[row, length:] == 0).all()
        alone = layer(frames[row : row + 1, :length].detach(), LENGTHS[row : row + 1])
        assert_close(together[row, :length], alone[0])
        if length:
            (alone @ weight).square().sum().backward()
    assert_close([parameter.grad for parameter in layer.parameters()], gradients)


@given(
    kind=st.sampled_from(["rnn", "lstm", "gru"]),
    lengths=ragged_lengths(shortest=1),
    hidden=st.integers(2, 5),
    projection=st.integers(0, 1),
)
def test_both_directions_are_those_of_a_packed_sequence(kind, lengths, hidden, projection):
    projection = projection if kind == "lstm" else 0
    torch.manual_seed(0)
    extra = {"proj_size": projection} if projection else {}
    theirs = getattr(nn, kind.upper())(3, hidden, batch_first=True, bidirectional=True, **extra).double()
    ours = Recurrent(kind, 3, hidden, bidirectional=True, options=CellOptions(projection=projection)).double()
    weights = theirs.state_dict().items()
    ours.ahead.load_state_dict({n.removesuffix("_l0"): w for n, w in weights if n.endswith("_l0")})
    ours.behind.load_state_dict({n.removesuffix("_l0_reverse"): w for n, w in weights if n.endswith("_reverse")})
    frames = drawn(lengths, int(lengths.max()))
    packed = pack_padded_sequence(frames, lengths, batch_first=True, enforce_sorted=False)
    out, last = theirs(packed)
    expected, _ = pad_packed_sequence(out, batch_first=True)
    mine, state = ours.forward_with_state(frames, lengths)
    assert_close(mine, expected)
    assert_close(state, tuple(value[0] for value in (last if kind == "lstm" else (last,))))


@pytest.mark.parametrize("start", [False, True])
def test_each_row_tells_its_state_at_its_own_end(variant, start):
    layer, frames = made(variant), drawn()
    state = None
    if start:
        state = tuple(torch.randn(4, size, dtype=torch.float64) for size in layer.ahead.state_sizes)
    out, last = layer.forward_with_state(frames, LENGTHS, state)
    assert_close(out, layer(frames, LENGTHS, state))
    assert_close(last, at_end(layer, frames, LENGTHS, state))


def test_the_state_at_a_rows_end_has_its_gradient(variant):
    layer, frames = made(variant), drawn()
    results = []
    for way in (lambda: layer.forward_with_state(frames, LENGTHS)[1], lambda: at_end(layer, frames, LENGTHS)):
        loss = sum(value.square().sum() for value in way())
        results.append(torch.autograd.grad(loss, list(layer.parameters()), allow_unused=True))
    assert all(gradient is None or gradient.isfinite().all() for gradient in results[0])
    for fast, slow in zip(*results, strict=True):
        assert_close(fast, torch.zeros_like(fast) if slow is None else slow)


def test_the_state_at_a_rows_end_does_not_depend_on_how_far_the_padding_goes():
    layer = Recurrent("lstm", 3, 4)
    with torch.no_grad():
        layer.ahead.bias_ih.mul_(-3)  # a forget gate that would lose the memory over the padding
    frames = torch.randn(2, 300, 3)
    _, near = layer.forward_with_state(frames[:, :20], torch.tensor([9, 20]))
    _, far = layer.forward_with_state(frames, torch.tensor([9, 300]))
    assert_close([value[0] for value in far], [value[0] for value in near])


@given(chunks=st.lists(st.integers(0, 4), min_size=1, max_size=6), zoneout=st.sampled_from([0.0, 0.4]))
def test_chunks_are_the_whole(variant, chunks, zoneout):
    layer = made(variant, zoneout=zoneout)
    frames = torch.randn(2, sum(chunks), 3, dtype=torch.float64)
    whole = layer(frames, torch.full((2,), sum(chunks)))
    state, parts = None, []
    for part in frames.split(chunks, dim=1):
        out, state = layer.stream(part, state)
        parts.append(out)
    assert_close(torch.cat(parts, dim=1), whole)


@pytest.mark.parametrize("fusion", ["concat", "sum", "gate"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("zoneout", [0.0, 0.4])
def test_the_trace_is_in_reading_order_and_ends_in_the_output(variant, fusion, bidirectional, zoneout):
    layer, frames = made(variant, bidirectional, fusion=fusion, zoneout=zoneout), drawn()
    trace = layer.unfold(frames, LENGTHS)
    assert_close(trace.fused, layer(frames, LENGTHS))
    assert (trace.behind is None) == (not bidirectional)
    for cell, side, turn in ((layer.ahead, trace.ahead, False), (layer.behind, trace.behind, True)):
        if side is None:
            continue
        for row, length in enumerate(LENGTHS.tolist()):
            one = frames[row : row + 1, :length]
            alone = cell.unfold(one.flip(1) if turn else one, zoneout=zoneout)
            for kept, expected in ((side.states, alone.states), (side.gates, alone.gates)):
                assert kept.keys() == expected.keys()
                for name, values in kept.items():
                    assert_close(values[row, :length], expected[name][0].flip(0) if turn else expected[name][0])
                    assert (values[row, length:] == 0).all()
            assert_close(tuple(value[row : row + 1] for value in side.last), alone.last)


def test_the_state_starts_the_forward_direction_alone(variant):
    layer, frames = made(variant, bidirectional=True), drawn(padding=0.0)
    state = tuple(torch.randn(4, size, dtype=torch.float64) for size in layer.ahead.state_sizes)
    out, width = layer(frames, LENGTHS, state), layer.ahead.width
    assert_close(out[:, :, width:], layer(frames, LENGTHS)[:, :, width:])
    assert_close(out[0, :5, :width], layer.ahead.unfold(frames[:1], tuple(s[:1] for s in state)).states["h"][0, :5])


@pytest.mark.parametrize("way", ["whole", "stream", "unfold"])
@pytest.mark.parametrize(
    ("frames", "state", "words"),
    [
        (torch.zeros(2, 4, 7), None, r"\(batch, time, 3\)"),
        (torch.zeros(4, 3), None, r"\(batch, time, 3\)"),
        (torch.zeros(2, 4, 3).double(), None, "frames are torch.float64 and the layer's weights torch.float32"),
        (torch.zeros(2, 4, 3, device="meta"), None, "frames are on meta and the layer on cpu"),
        (torch.zeros(2, 4, 3), torch.zeros(2, 5), "one bare tensor"),
        (torch.zeros(2, 4, 3), (torch.zeros(2, 5), torch.zeros(2, 5)), "2 tensors"),
        (torch.zeros(2, 4, 3), (torch.zeros(1, 2, 5),), r"shape \(1, 2, 5\)"),
        (torch.zeros(2, 4, 3), (torch.zeros(2, 5).half(),), "state h is torch.float16"),
        (torch.zeros(2, 0, 3), (torch.zeros(3, 5),), r"shape \(3, 5\)"),
    ],
)
def test_what_does_not_fit_is_named(way, frames, state, words):
    layer, lengths = Recurrent("gru", 3, 5), torch.full((frames.shape[0],), frames.shape[1])
    call = {
        "whole": lambda: layer(frames, lengths, state),
        "stream": lambda: layer.stream(frames, state),
        "unfold": lambda: layer.unfold(frames, lengths, state),
    }[way]
    with pytest.raises(DataError, match=words):
        call()


def test_no_row_and_no_frame(variant):
    layer = made(variant, bidirectional=True).float()
    for rows, time in ((0, 4), (2, 0)):
        frames, lengths = torch.zeros(rows, time, 3), torch.zeros(rows, dtype=torch.int64)
        out, last = layer.forward_with_state(frames, lengths)
        assert out.shape == layer.unfold(frames, lengths).fused.shape == (rows, time, layer.width)
        assert [value.shape for value in last] == [(rows, size) for size in layer.ahead.state_sizes]


def test_weight_drop_holds_for_a_sequence_and_is_gone_at_evaluation():
    torch.manual_seed(0)
    plain, dropping = Recurrent("lstm", 3, 8), Recurrent("lstm", 3, 8, weight_drop=0.5)
    dropping.ahead.parametrizations.weight_hh.original.data.copy_(plain.ahead.weight_hh)
    for name in ("weight_ih", "bias_ih", "bias_hh"):
        getattr(dropping.ahead, name).data.copy_(getattr(plain.ahead, name))
    frames, lengths = torch.randn(2, 6, 3), torch.tensor([6, 6])
    assert_close(dropping.eval()(frames, lengths), plain(frames, lengths))
    torch.manual_seed(1)
    out = dropping.train()(frames, lengths)
    torch.manual_seed(1)
    dropped = dropping.ahead.weight_hh.detach()  # the same draw
    assert 0.3 < (dropped == 0).float().mean() < 0.7
    with torch.no_grad():
        plain.ahead.weight_hh.copy_(dropped)
    assert_close(out, plain(frames, lengths))


def test_shares_that_cannot_be_are_named():
    for name in ("weight_drop", "zoneout"):
        with pytest.raises(ConfigError, match=f"{name} is 1.0"):
            Recurrent("lstm", 3, 4, **{name: 1.0})
    with pytest.raises(ConfigError, match=r"weight_drop is 0.1, but the cell 'mingru'"):
        Recurrent("mingru", 3, 4, weight_drop=0.1)
