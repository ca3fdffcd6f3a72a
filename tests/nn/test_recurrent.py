"""The recurrent layer and encoder beyond their laws: errors, fusion, dropout, first weights."""

import pytest
import torch
from torch.testing import assert_close

from rnnaudio.errors import ConfigError, DataError
from rnnaudio.nn import ConvFront, Encoder, EncoderConfig, Recurrent, reverse


def test_an_empty_batch_and_no_frames_give_nothing():
    layer = Recurrent("lstm", 3, 5, bidirectional=True)
    assert layer(torch.zeros(0, 4, 3), torch.zeros(0, dtype=torch.int64)).shape == (0, 4, 10)
    assert layer(torch.zeros(2, 0, 3), torch.tensor([0, 0])).shape == (2, 0, 10)


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        (torch.tensor([0.5, 1.0]), "whole numbers"),
        (torch.tensor([3]), "one per row"),
        (torch.tensor([-1, 3]), "-1"),
        (torch.tensor([3, 9]), "9"),
    ],
)
def test_lengths_that_do_not_fit_are_named(lengths, words):
    with pytest.raises(DataError, match=words):
        Recurrent("gru", 3, 5)(torch.zeros(2, 4, 3), lengths)


def test_a_wrong_width_is_named():
    with pytest.raises(DataError, match=r"\(batch, time, 3\)"):
        Recurrent("gru", 3, 5)(torch.zeros(2, 4, 7), torch.tensor([4, 4]))


def test_both_directions_cannot_stream():
    with pytest.raises(DataError, match="cannot stream"):
        Recurrent("gru", 3, 5, bidirectional=True).stream(torch.zeros(1, 2, 3))


@pytest.mark.parametrize("change", [{"cell": "transformer"}, {"layers": 0}, {"dropout": 1.0}, {"fusion": "x"}])
def test_settings_that_cannot_be_are_named(change):
    with pytest.raises(ConfigError, match=f"encoder.{next(iter(change))}"):
        EncoderConfig(**change)


def test_reverse_is_its_own_inverse():
    frames, lengths = torch.randn(3, 6, 2), torch.tensor([6, 0, 3])
    assert_close(reverse(reverse(frames, lengths), lengths), frames)


@pytest.mark.parametrize(("fusion", "width"), [("concat", 10), ("sum", 5), ("mean", 5)])
def test_fusion_sets_the_width(fusion, width):
    layer = Recurrent("lstm", 3, 5, bidirectional=True, fusion=fusion)
    assert layer.width == layer(torch.zeros(1, 2, 3), torch.tensor([2])).shape[2] == width


def test_residual_adds_the_input_of_a_layer():
    torch.manual_seed(0)
    config = EncoderConfig(layers=2, hidden=4, layer_norm=False, dropout=0.0, residual=False)
    plain = Encoder(8, config)
    with_sum = Encoder(8, EncoderConfig(layers=2, hidden=4, layer_norm=False, dropout=0.0, residual=True))
    with_sum.load_state_dict(plain.state_dict())
    frames, lengths = torch.randn(2, 5, 8), torch.tensor([5, 5])
    first = frames + plain.layers[0](frames, lengths)
    assert_close(with_sum(frames, lengths)[0], first + plain.layers[1](first, lengths))


def test_dropout_acts_in_training_only_and_locked_dropout_keeps_its_mask_over_time():
    encoder = Encoder(4, EncoderConfig(layers=1, hidden=64, dropout=0.5, locked_dropout=True, layer_norm=False))
    frames, lengths = torch.randn(1, 9, 4), torch.tensor([9])
    dropped = encoder.train()(frames, lengths)[0][0] == 0  # (T, H)
    assert 0.2 < dropped.float().mean() < 0.8
    assert (dropped == dropped[0]).all()
    assert not (encoder.eval()(frames, lengths)[0] == 0).any()


def test_the_forget_gate_starts_open():
    bias = Recurrent("lstm", 3, 5).ahead.bias_ih_l0
    assert_close(bias, torch.tensor([0.0] * 5 + [1.0] * 5 + [0.0] * 10))


def test_a_convolution_cannot_stream_and_a_stride_needs_one():
    encoder = Encoder(8, EncoderConfig(layers=1, hidden=2, bidirectional=False, convolution=(2,)))
    with pytest.raises(DataError, match="convolution cannot stream"):
        encoder.stream(torch.zeros(1, 4, 8))
    with pytest.raises(ConfigError, match=r"encoder.stride is 2"):
        EncoderConfig(stride=2)
    with pytest.raises(ConfigError, match=r"encoder.convolution"):
        EncoderConfig(convolution=(0,))


def test_the_convolution_looks_at_frequency_neighbours():
    front = ConvFront(8, (4, 4), stride=2)
    one, other = torch.zeros(1, 6, 8), torch.zeros(1, 6, 8)
    one[0, 2, 3] = other[0, 2, 7] = 1.0
    lengths = torch.tensor([6])
    difference = front(one, lengths)[0] - front(other, lengths)[0]
    assert difference.abs().sum() > 0
    assert front(one, lengths)[0].shape == (1, 3, front.width)
