"""The encoder beyond its laws: what each setting does, what is kept, and what does not fit."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from rnnaudio.errors import ConfigError, DataError
from rnnaudio.nn import CellOptions, Encoder, EncoderConfig

LENGTHS = torch.tensor([6, 3])


def encoder(inputs=4, seed=0, **settings):
    torch.manual_seed(seed)
    return Encoder(inputs, EncoderConfig(**{"hidden": 4, "layers": 2, "dropout": 0.0, **settings})).double().eval()


def frames(width=4):
    return torch.randn(2, 6, width, generator=torch.manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"cell": "transformer"}, "encoder.cell is 'transformer'; choose one of rnn, lstm"),
        ({"fusion": "x"}, "encoder.fusion is 'x'"),
        ({"interaction": "x"}, "encoder.interaction is 'x'"),
        ({"norm": "x"}, "encoder.norm is 'x'"),
        ({"layers": 0}, "encoder.layers is 0"),
        ({"hidden": 0}, "encoder.hidden is 0"),
        ({"lookahead": -1}, "encoder.lookahead is -1"),
        ({"chunk": -1}, "encoder.chunk is -1"),
        ({"sizes": (4, 0)}, "encoder.sizes"),
        ({"convolution": (0,)}, "encoder.convolution"),
        ({"dropout": 1.0}, "encoder.dropout is 1.0"),
        ({"input_dropout": -0.1}, "encoder.input_dropout is -0.1"),
        ({"weight_drop": 1.0}, "encoder.weight_drop is 1.0"),
        ({"zoneout": 1.5}, "encoder.zoneout is 1.5"),
        ({"sizes": (4, 4), "layers": 4}, "encoder.layers is 4, encoder.sizes has 2"),
        ({"sizes": (4, 4), "hidden": 4}, "encoder.hidden is 4 beside encoder.sizes"),
        ({"reduce": (2, 2)}, "encoder.reduce has 2 numbers for 3 layers"),
        ({"reduce": (1, 1, 1)}, "encoder.reduce.*1 joins nothing"),
        ({"stride": 2}, "encoder.stride is 2, but needs encoder.convolution"),
        ({"layers": 1, "interaction": "dense"}, "encoder.interaction is dense, but needs more than one layer"),
        ({"layers": 1, "skip": True}, "encoder.skip is True, but needs more than one layer"),
        ({"dropout": 0.0, "locked_dropout": True}, "encoder.locked_dropout is True, but needs encoder.dropout"),
        ({"bidirectional": False, "fusion": "sum"}, "encoder.fusion is sum, but needs encoder.bidirectional"),
        ({"bidirectional": False, "chunk": 4}, "encoder.chunk is 4, but needs encoder.bidirectional"),
        ({"right": 4}, "encoder.right is 4, but needs encoder.chunk"),
        ({"lookahead": 4}, "encoder.lookahead is 4, but needs encoder.bidirectional false"),
        ({"chunk": 3, "reduce": (2, 1, 1)}, "encoder.chunk is 3; it must be a multiple of 2"),
        ({"chunk": 4, "right": 1, "reduce": (2, 1, 1)}, "encoder.right is 1; it must be a multiple of 2"),
        ({"cell": "gru", "options": CellOptions(peephole=True)}, "encoder.options.peephole"),
        ({"hidden": 4, "options": CellOptions(projection=4)}, "encoder.options.projection is 4 of 4 units"),
        ({"cell": "mingru", "weight_drop": 0.2}, "encoder.weight_drop is 0.2, but the cell 'mingru'"),
        ({"constraint": "x"}, "encoder.constraint is 'x'; choose one of none, max_norm"),
        ({"constraint_limit": 2.0}, "encoder.constraint_limit is 2.0, but needs encoder.constraint"),
        ({"constraint": "unit_norm", "constraint_limit": 2.0}, "encoder.constraint_limit is 2.0, but has no effect"),
        ({"constraint": "spectral", "constraint_limit": -1.0}, "encoder.constraint_limit is -1.0"),
        ({"constraint": "spectral", "cell": "minlstm"}, "encoder.constraint is spectral, but the cell minlstm"),
        ({"initial": "identity"}, "encoder.initial is identity"),
        ({"initial": "chrono"}, "encoder.initial is chrono and longest is 0"),
        ({"longest": 9}, "encoder.longest is 9"),
        ({"cell": "gru", "forget_bias": 2.0}, "encoder.forget_bias is 2.0"),
    ],
)
def test_settings_that_cannot_be_or_would_do_nothing_are_named(settings, words):
    with pytest.raises(ConfigError, match=words) as caught:
        EncoderConfig(**settings)
    assert "\n" not in str(caught.value)


def test_settings_draw_nothing_from_the_generator():
    before = torch.get_rng_state()
    EncoderConfig(cell="gru", initial="chrono", longest=50)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_highway_needs_layers_of_one_width():
    with pytest.raises(ConfigError, match=r"encoder.interaction is highway, but no layer"):
        encoder(sizes=(3, 4), hidden=128, layers=3, interaction="highway")


def test_residual_adds_the_input_of_a_layer():
    added = encoder(8, norm="none", interaction="residual")
    first, second = added.layers
    states = frames(8) + first(frames(8), LENGTHS)
    expected = states + second(states, LENGTHS)
    out, _ = added(frames(8), LENGTHS)
    assert_close(out[0], expected[0])
    assert_close(out[1, :3], expected[1, :3])


def test_dense_layers_read_all_before_them_and_skip_shows_all_to_the_head():
    dense = encoder(interaction="dense", skip=True, norm="none", layers=3)
    assert [layer.inputs for layer in dense.layers] == [4, 4 + 8, 4 + 8 + 8]
    out, _ = dense(frames(), torch.tensor([6, 6]))
    first = dense.layers[0](frames(), torch.tensor([6, 6]))
    second = dense.layers[1](torch.cat([frames(), first], dim=2), torch.tensor([6, 6]))
    assert dense.width == 24
    assert_close(out[:, :, :8], first)
    assert_close(out[:, :, 8:16], second)


def test_skipped_outputs_of_a_pyramid_are_joined_like_the_frames():
    pyramid = encoder(skip=True, interaction="plain", norm="none", reduce=(1, 2), bidirectional=False)
    assert pyramid.width == 2 * 4 + 4
    assert pyramid.reduction == 2
    out, lengths = pyramid(frames(), LENGTHS)
    assert lengths.tolist() == [3, 2]
    first = pyramid.layers[0](frames(), LENGTHS)
    assert_close(out[:, :, :8], first.reshape(2, 3, 8))


def test_projections_set_the_width_of_each_layer():
    projected = encoder(projection=3, interaction="plain")
    assert [layer.inputs for layer in projected.layers] == [4, 3]
    assert projected(frames(), LENGTHS)[0].shape == (2, 6, 3)


def test_sizes_are_those_of_the_layers():
    assert [layer.hidden for layer in encoder(sizes=(5, 2, 3), hidden=128, layers=3).layers] == [5, 2, 3]


def test_how_weights_start_is_a_setting():
    start = encoder(initial="chrono", longest=100, bidirectional=False).layers[1].ahead.bias_ih
    assert (start[4:8] >= 0).all()
    assert_close(start[:4], -start[4:8])
    assert encoder(forget_bias=3.0).layers[0].behind.bias_ih[4:8].eq(3).all()


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "ligru"])
def test_a_constraint_holds_the_recurrent_weights_of_all_layers(cell):
    held = encoder(cell=cell, constraint="max_norm", constraint_limit=0.5, weight_drop=0.3)
    for layer in held.layers:
        for direction in (layer.ahead, layer.behind):
            assert direction.weight_hh.norm(dim=1).max() <= 0.5 + 1e-6
            assert direction.weight_ih.norm(dim=1).max() > 0.5


@pytest.mark.parametrize("locked", [False, True])
def test_dropout_acts_in_training_only_and_locked_dropout_keeps_its_mask_over_time(locked):
    dropping = encoder(layers=1, hidden=64, dropout=0.5, locked_dropout=locked, norm="none")
    dropped = dropping.train()(frames(), torch.tensor([6, 6]))[0] == 0  # (B, T, W)
    assert 0.3 < dropped.double().mean() < 0.7
    assert (dropped == dropped[:, :1]).all() == locked
    assert (dropped[0, 0] != dropped[1, 0]).any()
    assert not (dropping.eval()(frames(), torch.tensor([6, 6]))[0] == 0).any()


def test_input_dropout_hides_features_from_the_first_layer():
    hiding = encoder(layers=1, input_dropout=0.5, norm="none")
    seen = []
    hiding.layers[0].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    hiding.train()(frames(), torch.tensor([6, 6]))
    hiding.eval()(frames(), torch.tensor([6, 6]))
    hidden = seen[0] == 0
    assert 0.2 < hidden.double().mean() < 0.8
    assert_close(seen[0][~hidden], 2 * frames()[~hidden])
    assert torch.equal(seen[1], frames())


def test_a_norm_over_the_batch_learns_from_training_only():
    normed = encoder(norm="batch")
    before = normed.norm.mean.clone()
    normed(frames(), LENGTHS)
    assert torch.equal(normed.norm.mean, before)
    normed.train()(frames(), LENGTHS)
    assert not torch.equal(normed.norm.mean, before)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"bidirectional": False},
        {"fusion": "gate", "reduce": (2, 2), "interaction": "dense"},
        {"chunk": 4, "right": 2, "reduce": (1, 2)},
        {"convolution": (2, 2), "stride": 2, "chunk": 2, "skip": True},
    ],
)
@torch.no_grad()
def test_a_trace_is_what_the_encoder_does(settings):
    traced = encoder(**settings)
    trace = traced.trace(frames(), LENGTHS)
    states, lengths = traced(frames(), LENGTHS)
    assert_close(trace.states, states)
    assert torch.equal(trace.lengths[-1], lengths)
    for number, layer in enumerate(traced.layers):
        counts, inside = trace.lengths[number], trace.layers[number]
        assert trace.outputs[number].shape[:2] == (2, counts.max())
        assert inside.ahead.gates["forget"].shape == (2, inside.fused.shape[1], layer.hidden)
        for row, count in enumerate(counts.tolist()):
            assert inside.fused[row, :count].any(dim=1).all()
            assert not inside.fused[row, count:].any()
            assert not trace.outputs[number][row, count:].any()


@pytest.mark.parametrize("settings", [{}, {"chunk": 2, "right": 2}, {"convolution": (2,), "reduce": (2, 1)}])
def test_nothing_in_gives_nothing_out(settings):
    empty = encoder(skip=True, **settings)
    none = torch.zeros(0, dtype=torch.int64)
    assert empty(torch.zeros(0, 6, 4, dtype=torch.float64), none)[0].shape == (0, -(-6 // empty.reduction), empty.width)
    out, lengths = empty(torch.zeros(2, 0, 4, dtype=torch.float64), torch.tensor([0, 0]))
    assert out.shape == (2, 0, empty.width)
    assert lengths.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("given", "lengths", "words"),
    [
        (torch.zeros(2, 6, 5), LENGTHS, r"shape \(2, 6, 5\); this encoder reads \(batch, time, 4\)"),
        (torch.zeros(6, 4), LENGTHS, r"\(batch, time, 4\)"),
        (torch.zeros(2, 6, 4), torch.tensor([7, 3]), "a length is 7"),
        (torch.zeros(2, 6, 4), torch.tensor([-1, 3]), "a length is -1"),
        (torch.zeros(2, 6, 4), torch.tensor([1.0, 0.5]), "whole numbers"),
        (torch.zeros(2, 6, 4), torch.tensor([3]), "one per row"),
    ],
)
@pytest.mark.parametrize("settings", [{}, {"chunk": 2}, {"convolution": (2,)}])
def test_frames_and_lengths_that_do_not_fit_are_named(settings, given, lengths, words):
    with pytest.raises(DataError, match=words) as caught:
        encoder(**settings)(given.double(), lengths)
    assert "\n" not in str(caught.value)


LIVE = [
    {"bidirectional": False},
    {"chunk": 2, "right": 2},
    {"bidirectional": False, "convolution": (2,), "reduce": (1, 2), "lookahead": 1, "skip": True},
]


@pytest.mark.parametrize("settings", LIVE)
def test_a_state_that_does_not_fit_is_named(settings):
    live = encoder(**settings)
    _, state = live.stream(frames()[:, :5])
    with pytest.raises(DataError, match="the state is of 2 streams and the frames of 1"):
        live.stream(frames()[:1], state)
    with pytest.raises(DataError, match="not one of this encoder"):
        encoder(**{**settings, "hidden": 3}).stream(frames(), state)
    with pytest.raises(DataError, match="not one of this encoder"):
        encoder(**{**settings, "layers": 2, "cell": "gru"}).stream(frames(), state)
    with pytest.raises(DataError, match=r"this encoder reads \(batch, time, 4\)"):
        live.stream(frames(3), state)
    _, ended = live.stream(frames(), state, end=True)
    with pytest.raises(DataError, match="has ended"):
        live.stream(frames(), ended)


@pytest.mark.parametrize("settings", LIVE)
@torch.no_grad()
def test_a_stream_of_nothing_ends_with_nothing(settings):
    live = encoder(**settings)
    out, state = live.stream(frames()[:, :0])
    assert out.shape == (2, 0, live.width)
    assert live.stream(frames()[:, :0], state, end=True)[0].shape == (2, 0, live.width)
    assert live.stream(frames()[:0])[0].shape[::2] == (0, live.width)


@torch.no_grad()
def test_streams_of_one_batch_do_not_know_each_other():
    live = encoder(bidirectional=False, lookahead=2)
    both, state = live.stream(frames()[:, :4])
    alone, one = live.stream(frames()[1:, :4])
    assert_close(both[1:], alone)
    later, _ = live.stream(frames()[:, 4:], state, end=True)
    assert_close(later[1:], live.stream(frames()[1:, 4:], one, end=True)[0])


@pytest.mark.parametrize(
    "settings",
    [
        {"fusion": "gate", "norm": "batch", "reduce": (1, 2)},
        {"fusion": "attention", "interaction": "highway", "convolution": (2,), "projection": 4, "chunk": 2, "right": 2},
        {"bidirectional": False, "interaction": "dense", "skip": True, "lookahead": 2, "cell": "rnn"},
    ],
)
def test_half_precision_says_nearly_the_same(settings):
    half = encoder(**settings).float()
    exact, _ = half(frames().float(), LENGTHS)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough, _ = half(frames().float(), LENGTHS)
        rough.float().sum().backward()
        half.train()(frames().float(), LENGTHS)
    assert_close(rough.float(), exact, rtol=0.1, atol=0.1)
    assert all(parameter.grad.isfinite().all() for parameter in half.parameters())


def test_a_copied_encoder_of_any_shape_takes_the_weights():
    settings = {"convolution": (2,), "fusion": "attention", "norm": "batch", "projection": 3, "interaction": "highway"}
    one, other = encoder(**settings), encoder(seed=5, **settings)
    assert not torch.equal(one(frames(), LENGTHS)[0], other(frames(), LENGTHS)[0])
    other.load_state_dict(one.state_dict())
    assert torch.equal(one(frames(), LENGTHS)[0], other(frames(), LENGTHS)[0])
    assert isinstance(one.projections[0], nn.Linear)
