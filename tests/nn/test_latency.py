"""Both directions live: what a chunk hears, and what it does not."""

import pytest
import torch
from torch.testing import assert_close

from rnnaudio.nn import Encoder, EncoderConfig, Recurrent
from rnnaudio.nn.latency import LatencyControlled, chunks, count_windows, windows


def encoder(chunk, right, layers=2, hidden=4, **more):
    torch.manual_seed(0)
    return Encoder(3, EncoderConfig(layers=layers, hidden=hidden, chunk=chunk, right=right, **more)).double().eval()


def whole_rows(layer):
    """A layer of the same weights that reads whole rows."""
    plain = Recurrent(layer.kind, layer.inputs, layer.hidden, bidirectional=True).double()
    plain.load_state_dict(layer.state_dict())
    return plain


def test_windows_and_chunks_are_each_others_inverse():
    rows = torch.arange(2 * 7 * 3.0).view(2, 7, 3)
    cut, lengths = windows(rows, torch.tensor([7, 4]), chunk=3, right=2, count=3)
    assert cut.shape == (6, 5, 3)
    assert lengths.tolist() == [5, 4, 1, 4, 1, 0]
    assert torch.equal(chunks(cut, count=3, chunk=3)[:, :7], rows)


@pytest.mark.parametrize(("time", "count"), [(0, 1), (1, 1), (3, 1), (4, 2)])
def test_there_is_always_a_window(time, count):
    assert count_windows(time, 3) == count


def test_a_chunk_longer_than_the_row_is_the_whole_row():
    frames, lengths = torch.randn(2, 9, 3, dtype=torch.float64), torch.tensor([9, 6])
    live = encoder(chunk=9, right=0)
    plain = Encoder(3, EncoderConfig(layers=2, hidden=4)).double().eval()
    plain.load_state_dict(live.state_dict())
    assert_close(live(frames, lengths)[0], plain(frames, lengths)[0])


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_the_forward_state_is_carried_and_the_backward_one_begins_anew(kind):
    torch.manual_seed(0)
    layer = LatencyControlled(3, kind, 2, 4).double()
    frames = torch.randn(1, 9, 2, dtype=torch.float64)
    rows, lengths = windows(frames, torch.tensor([9]), chunk=3, right=2, count=3)
    cut = layer(rows, lengths, count=3)  # (3, 5, 8)
    out = chunks(cut, count=3, chunk=3)  # (1, 9, 8)
    plain = whole_rows(layer)
    ahead = plain(frames, torch.tensor([9]))[:, :, :4]
    assert_close(out[:, :, :4], ahead)
    assert_close(cut[:2, 3:, :4], torch.cat([ahead[:, 3:5], ahead[:, 6:8]]))  # in the right context too
    for first, last in ((0, 5), (3, 8), (6, 9)):
        window = frames[:, first:last]
        behind = plain(window, torch.tensor([last - first]))[:, :3, 4:]
        assert_close(out[:, first : first + 3, 4:], behind)


@torch.no_grad()
def test_a_stack_hears_its_right_context_and_nothing_beyond():
    live, frames = encoder(chunk=4, right=2, layers=3), torch.randn(1, 12, 3, dtype=torch.float64)
    out, _ = live(frames, torch.tensor([12]))
    for changed, heard in ((6, False), (5, True)):  # frames 0 to 3 hear up to frame 5
        other = frames.clone()
        other[0, changed, 0] += 1
        difference = (live(other, torch.tensor([12]))[0] - out)[0, :4].abs().max()
        assert (difference > 1e-6) == heard


@torch.no_grad()
def test_frames_come_out_when_their_right_context_is_there():
    live, state, known = encoder(chunk=4, right=2), None, []
    for _ in range(11):
        out, state = live.stream(torch.zeros(1, 1, 3, dtype=torch.float64), state)
        known.append(out.shape[1])
    assert known == [0, 0, 0, 0, 0, 4, 0, 0, 0, 4, 0]
    assert live.stream(torch.zeros(1, 0, 3, dtype=torch.float64), state, end=True)[0].shape[1] == 3


def test_locked_units_and_dropped_weights_are_the_same_in_all_chunks_of_a_row():
    live = encoder(chunk=2, right=1, layers=1, hidden=16, dropout=0.5, locked_dropout=True, norm="none").train()
    out, _ = live(torch.randn(2, 9, 3, dtype=torch.float64), torch.tensor([9, 9]))
    dropped = out == 0  # (B, T, W)
    assert (dropped == dropped[:, :1]).all()
    assert (dropped[0, 0] != dropped[1, 0]).any()


@torch.no_grad()
def test_weights_are_dropped_once_for_all_chunks_of_a_batch():
    live = encoder(chunk=1, right=1, layers=1, hidden=16, cell="rnn", weight_drop=0.5, dropout=0.0, norm="none").train()
    for parameter in live.parameters():
        parameter *= 0.4
    ahead = live(torch.ones(1, 60, 3, dtype=torch.float64), torch.tensor([60]))[0][0, :, :16]
    assert_close(ahead[-2], ahead[-1])  # a fixed point, which it would not find with other weights at each step
