"""Fewer frames, and a glance ahead: parts that wait for frames to come."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from rnnaudio.errors import ConfigError
from rnnaudio.nn.lookahead import Lookahead
from rnnaudio.nn.reduction import Reduction


def streamed(part, frames, sizes):
    waiting, outs = None, []
    for chunk in frames.split(sizes, dim=1):
        out, waiting = part.stream(chunk, waiting)
        outs.append(out)
    return [*outs, part.stream(frames[:, :0], waiting, end=True)[0]]


@pytest.mark.parametrize("factor", [1, 2, 3, 7])
def test_neighbours_stand_side_by_side_and_the_last_group_is_filled_with_zeros(factor):
    frames = torch.arange(1.0, 11.0).view(1, 5, 2)
    joined = Reduction(factor)(frames)
    assert joined.shape == (1, -(-5 // factor), 2 * factor)
    assert joined.flatten()[:10].tolist() == frames.flatten().tolist()
    assert (joined.flatten()[10:] == 0).all()
    assert Reduction(factor).output_lengths(torch.tensor([0, 1, 5])).tolist() == [0, 1, -(-5 // factor)]


def test_the_look_ahead_is_the_sum_of_the_paper():
    torch.manual_seed(0)
    ahead = Lookahead(3, context=2)
    nn.init.normal_(ahead.weight)
    frames = torch.randn(2, 6, 3)
    padded = torch.cat([frames, torch.zeros(2, 2, 3)], dim=1)
    expected = sum(ahead.weight[:, j] * padded[:, j : j + 6] for j in range(3))
    assert_close(ahead(frames), expected)


def test_a_look_ahead_begins_as_what_it_reads():
    frames = torch.randn(2, 6, 3, generator=torch.manual_seed(0))
    assert torch.equal(Lookahead(3, context=4)(frames), frames)


@pytest.mark.parametrize("part", [Reduction(3), Lookahead(2, context=3)])
@pytest.mark.parametrize("sizes", [[0, 10], [1] * 10, [4, 0, 6], [2, 7, 1]])
def test_what_comes_in_parts_comes_out_the_same(part, sizes):
    for parameter in part.parameters():
        nn.init.normal_(parameter)
    frames = torch.randn(2, 10, 2, generator=torch.manual_seed(1))
    assert_close(torch.cat(streamed(part, frames, sizes), dim=1), part(frames))


def test_nothing_waits_longer_than_it_must():
    frames = torch.zeros(1, 6, 2)
    assert [out.shape[1] for out in streamed(Reduction(3), frames, [1] * 6)] == [0, 0, 1, 0, 0, 1, 0]
    assert [out.shape[1] for out in streamed(Lookahead(2, 2), frames, [1] * 6)] == [0, 0, 1, 1, 1, 1, 2]


@pytest.mark.parametrize("wrong", [lambda: Reduction(0), lambda: Lookahead(2, context=0)])
def test_parts_that_would_do_nothing_are_errors(wrong):
    with pytest.raises(ConfigError, match="must be 1 or more"):
        wrong()
