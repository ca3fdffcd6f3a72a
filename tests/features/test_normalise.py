"""Normalisation: statistics over valid frames only, exact in pieces, and finite on silence."""

import pytest
import torch
from torch.testing import assert_close

from rnnaudio.errors import DataError
from rnnaudio.features.normalise import GlobalNorm, RunningNorm, UtteranceNorm


def test_global_statistics_are_those_of_all_valid_frames():
    generator = torch.Generator().manual_seed(1)
    batches = [(torch.randn(3, 9, 4, generator=generator) * 3 + 100, torch.tensor([9, 0, 4])) for _ in range(5)]
    for frames, lengths in batches:
        for row, length in enumerate(lengths):
            frames[row, length:] = float("nan")
    norm = GlobalNorm(4)
    norm.fit(batches)
    valid = torch.cat([frames[r, :n] for frames, lengths in batches for r, n in enumerate(lengths)]).double()
    assert_close(norm.mean, valid.mean(0).float())
    assert_close(norm.deviation, valid.std(0, correction=0).float(), atol=1e-4, rtol=1e-4)


def test_global_statistics_of_nothing_are_refused():
    with pytest.raises(DataError, match="no frames"):
        GlobalNorm(4).fit([(torch.zeros(2, 3, 4), torch.tensor([0, 0]))])


def test_a_constant_bin_does_not_explode():
    norm = GlobalNorm(1)
    norm.fit([(torch.full((1, 5, 1), 7.0), torch.tensor([5]))])
    assert norm(torch.full((1, 1, 1), 7.0), torch.tensor([1])).item() == 0.0
    assert UtteranceNorm()(torch.full((1, 5, 1), 7.0), torch.tensor([5])).abs().max() == 0.0


def test_running_normalisation_is_its_definition():
    norm, frames = RunningNorm(2, decay=0.9, prior=4.0), torch.randn(1, 300, 2) * 2 + 1
    ours = norm(frames, torch.tensor([300]))[0]
    weight, total, square = 4.0, torch.zeros(2), torch.full((2,), 4.0)
    for time, frame in enumerate(frames[0]):
        weight, total, square = 0.9 * weight + 1, 0.9 * total + frame, 0.9 * square + frame**2
        mean = total / weight
        deviation = (square / weight - mean**2).clamp(min=0.01).sqrt()
        assert_close(ours[time], (frame - mean) / deviation, atol=1e-4, rtol=1e-3)


def test_running_normalisation_sees_no_future():
    norm, frames = RunningNorm(2), torch.randn(1, 200, 2)
    changed = frames.clone()
    changed[:, 120:] += 50.0
    lengths = torch.tensor([200])
    assert torch.equal(norm(frames, lengths)[:, :120], norm(changed, lengths)[:, :120])
