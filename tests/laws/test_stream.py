"""Law 2: a network fed in chunks of any size says what it says when fed whole, unless it has to hear the end first."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from rnnaudio.errors import DataError
from tests.laws.worlds import FEATURES, encoders


def _frames(time):
    return torch.randn(2, time, FEATURES, generator=torch.manual_seed(1), dtype=torch.float64)


@given(encoder=encoders(readings=("ahead", "chunks")), sizes=st.lists(st.integers(0, 7), max_size=6))
@settings(max_examples=150)
@torch.no_grad()
def test_chunks_equal_the_whole(encoder, sizes):
    encoder, frames = encoder.double(), _frames(sum(sizes))
    whole, _ = encoder(frames, torch.tensor([len(frames[0])] * 2))
    state, parts = None, []
    *firsts, last = frames.split([*sizes, 0], dim=1)
    for part in firsts:
        out, state = encoder.stream(part, state)
        parts.append(out)
    out, _ = encoder.stream(last, state, end=True)
    assert_close(torch.cat([*parts, out], dim=1), whole, rtol=1e-8, atol=1e-8)


@given(encoder=encoders(readings=("ahead", "chunks")), sizes=st.lists(st.integers(0, 7), min_size=2, max_size=4))
@torch.no_grad()
def test_a_state_may_be_gone_on_from_twice(encoder, sizes):
    encoder = encoder.double()
    first, second = _frames(sum(sizes)).split([sizes[0], sum(sizes[1:])], dim=1)
    _, state = encoder.stream(first)
    kept = [tensor.clone() for tensor in state.tensors]
    once, _ = encoder.stream(second, state, end=True)
    twice, _ = encoder.stream(second, state, end=True)
    assert torch.equal(once, twice)
    assert all(torch.equal(before, after) for before, after in zip(kept, state.tensors, strict=True))


@given(encoder=encoders(readings=("both",)))
def test_who_reads_from_the_end_cannot_stream_and_says_what_to_set(encoder):
    with pytest.raises(DataError, match=r"cannot stream.*encoder\.chunk"):
        encoder.stream(torch.zeros(1, 3, FEATURES))
