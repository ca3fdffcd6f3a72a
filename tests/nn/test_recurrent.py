"""The recurrent layer beyond its laws: errors, fusion, first weights."""

import pytest
import torch
from torch.testing import assert_close

from rnnaudio.errors import DataError
from rnnaudio.nn import Recurrent, reverse


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


def test_reverse_is_its_own_inverse():
    frames, lengths = torch.randn(3, 6, 2), torch.tensor([6, 0, 3])
    assert_close(reverse(reverse(frames, lengths), lengths), frames)


@pytest.mark.parametrize(("fusion", "width"), [("concat", 10), ("sum", 5), ("mean", 5)])
def test_fusion_sets_the_width(fusion, width):
    layer = Recurrent("lstm", 3, 5, bidirectional=True, fusion=fusion)
    assert layer.width == layer(torch.zeros(1, 2, 3), torch.tensor([2])).shape[2] == width


def test_the_forget_gate_starts_open():
    bias = Recurrent("lstm", 3, 5).ahead.bias_ih
    assert_close(bias, torch.tensor([0.0] * 5 + [1.0] * 5 + [0.0] * 10))
