"""Clipping against its definitions, torch's own, and what is not finite."""

import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from rnnaudio.errors import ConfigError
from rnnaudio.nn.clipping import clip_gradients, unit_norm


def weights(*gradients):
    """Parameters with the given gradients; the first of them is not learned."""
    made = [nn.Parameter(torch.randn(3))]
    for gradient in gradients:
        made.append(nn.Parameter(torch.randn_like(gradient)))
        made[-1].grad = gradient.clone()
    return made


@pytest.mark.parametrize("limit", [0.1, 1e3])
def test_the_norm_over_all_weights_is_held_and_the_direction_kept(limit):
    torch.manual_seed(0)
    gradients = [torch.randn(4, 3), torch.randn(5)]
    whole = torch.cat([gradient.flatten() for gradient in gradients])
    clipped = weights(*gradients)
    assert_close(clip_gradients(clipped, limit), whole.norm())
    after = torch.cat([one.grad.flatten() for one in clipped[1:]])
    assert_close(after, whole * min(1.0, limit / float(whole.norm())))


def test_it_is_torchs_to_the_bit():
    torch.manual_seed(1)
    gradients = [torch.randn(4, 3), torch.randn(5)]
    ours, theirs = weights(*gradients), weights(*gradients)
    assert torch.equal(clip_gradients(ours, 0.5), nn.utils.clip_grad_norm_(theirs, 0.5))
    assert all(torch.equal(one.grad, other.grad) for one, other in zip(ours[1:], theirs[1:], strict=True))


def test_each_value_is_held():
    (_, weight) = clipped = weights(torch.tensor([-3.0, 0.25, 4.0]))
    assert clip_gradients(clipped, 0.5, "value") == pytest.approx(math.sqrt(25.0625))
    assert weight.grad.tolist() == [-0.5, 0.25, 0.5]


def test_each_unit_is_held_by_the_length_of_its_own_weights():
    torch.manual_seed(2)
    (_, matrix, vector) = clipped = weights(torch.randn(3, 4), torch.randn(5))
    with torch.no_grad():
        matrix[0] *= 1e4  # a unit so large that its gradient is short beside it
        matrix[1] = 0.0  # one that could never leave zero but for the floor
    before = matrix.grad.clone(), vector.grad.clone()
    clip_gradients(clipped, 0.01, "adaptive")
    assert torch.equal(matrix.grad[0], before[0][0])
    assert matrix.grad[1].norm() == pytest.approx(0.01 * 1e-3)
    assert matrix.grad[2].norm() == pytest.approx(0.01 * float(matrix.detach()[2].norm()), rel=1e-5)
    assert vector.grad.norm() == pytest.approx(0.01 * float(vector.detach().norm()), rel=1e-5)
    assert_close(nn.functional.cosine_similarity(matrix.grad, before[0]), torch.ones(3))  # shorter, not turned


def test_a_kernel_of_a_convolution_is_one_unit():
    assert unit_norm(torch.ones(2, 3, 4, 4)).flatten().tolist() == pytest.approx([48**0.5] * 2)


@pytest.mark.parametrize("by", ["norm", "value", "adaptive"])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_is_left_and_told(by, bad):
    clipped = weights(torch.tensor([bad, 7.0]), torch.tensor([9.0]))
    assert not clip_gradients(clipped, 0.1, by).isfinite()
    assert clipped[1].grad[1] == 7.0
    assert clipped[2].grad[0] == 9.0


@pytest.mark.parametrize("by", ["norm", "value", "adaptive"])
def test_without_gradients_there_is_nothing_to_do(by):
    assert clip_gradients(weights(), 1.0, by) == 0


def test_what_cannot_be_is_named():
    with pytest.raises(ConfigError, match="limit of clipping is 0"):
        clip_gradients(weights(), 0.0)
    with pytest.raises(ConfigError, match="clip_by is 'size'"):
        clip_gradients(weights(), 1.0, "size")
