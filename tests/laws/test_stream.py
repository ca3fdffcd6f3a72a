"""Law 2: a one-directional network fed in chunks of any size says what it says when fed whole."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from tests.laws.worlds import encoders


@given(
    encoder=encoders(bidirectional=False, fusion="concat", convolution=()),
    chunks=st.lists(st.integers(0, 5), min_size=1, max_size=6),
)
def test_chunks_equal_the_whole(encoder, chunks):
    total = sum(chunks) + 1
    frames = torch.randn(2, total, 4, generator=torch.manual_seed(1))
    whole, _ = encoder(frames, torch.tensor([total, total]))
    states, parts, start = None, [], 0
    for size in [1, *chunks]:
        out, states = encoder.stream(frames[:, start : start + size], states)
        parts.append(out)
        start += size
    assert_close(torch.cat(parts, dim=1), whole, rtol=1e-5, atol=1e-5)
