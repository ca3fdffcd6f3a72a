"""Norms that count real frames only."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from rnnaudio.errors import ConfigError
from rnnaudio.nn.lengths import hide_padding, valid_mask
from rnnaudio.nn.norm import BatchNorm, make_norm

LENGTHS = torch.tensor([5, 0, 2])


@pytest.fixture
def frames():
    return hide_padding(torch.randn(3, 6, 4, generator=torch.manual_seed(0)) * 3 + 1, LENGTHS)


def test_batch_norm_is_torchs_over_the_real_frames(frames):
    ours, theirs = BatchNorm(4), nn.BatchNorm1d(4)
    real = valid_mask(LENGTHS, 6)
    for _ in range(3):  # running statistics too
        assert_close(ours(frames, LENGTHS)[real], theirs(frames[real]))
    assert_close(ours.mean, theirs.running_mean)
    assert_close(ours.variance, theirs.running_var)
    assert_close(ours.eval()(frames, LENGTHS)[real], theirs.eval()(frames[real]))


def test_how_much_padding_there_is_changes_no_statistics(frames):
    short, long = BatchNorm(4), BatchNorm(4)
    short(frames, LENGTHS)
    long(nn.functional.pad(frames, (0, 0, 0, 50)), LENGTHS)
    assert_close(short.mean, long.mean)
    assert_close(short.variance, long.variance)


@pytest.mark.parametrize("rows", [0, 1])
def test_no_frame_or_one_frame_leaves_numbers(rows):
    norm = BatchNorm(4)
    out = norm(torch.ones(1, 3, 4), torch.tensor([rows]))
    assert out.isfinite().all()
    assert norm.variance.isfinite().all()
    assert (norm.mean != 0).any() == (rows > 0)


def test_gradients_see_the_statistics_of_the_batch(frames):
    frames = frames.double().requires_grad_()
    norm = BatchNorm(4).double()
    norm(frames, LENGTHS)[valid_mask(LENGTHS, 6)].square().sum().backward()
    assert frames.grad[0, :5].abs().max() < 1e-4  # the sum of squares of what is normalised is what it is


def test_an_unknown_norm_is_named():
    with pytest.raises(ConfigError, match="norm is 'x'; choose one of none, layer, batch"):
        make_norm("x", 2)
