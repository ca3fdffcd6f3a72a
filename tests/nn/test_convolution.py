"""The convolutional front."""

import pytest
import torch
from torch.testing import assert_close

from rnnaudio.nn import ConvFront


def test_the_convolution_looks_at_frequency_neighbours():
    front = ConvFront(8, (4, 4), stride=2)
    one, other = torch.zeros(1, 6, 8), torch.zeros(1, 6, 8)
    one[0, 2, 3] = other[0, 2, 7] = 1.0
    lengths = torch.tensor([6])
    difference = front(one, lengths)[0] - front(other, lengths)[0]
    assert difference.abs().sum() > 0
    assert front(one, lengths)[0].shape == (1, 3, front.width)


@pytest.mark.parametrize("stride", [1, 2, 3, 5])
@pytest.mark.parametrize("channels", [(2,), (2, 3), (2, 2, 2)])
@torch.no_grad()
def test_it_streams_with_one_frame_of_delay_a_layer(channels, stride):
    torch.manual_seed(0)
    front = ConvFront(5, channels, stride)
    for time in range(10):
        frames = torch.randn(2, time, 5)
        waiting, outs = None, []
        for frame in frames.split(1, dim=1):
            out, waiting = front.stream(frame, waiting)
            outs.append(out)
        last, _ = front.stream(frames[:, time:], waiting, end=True)
        whole, _ = front(frames, torch.tensor([time, time]))
        assert_close(torch.cat([*outs, last], dim=1), whole)
        if stride == 1:
            assert sum(out.shape[1] for out in outs) == max(0, time - len(channels))
