"""Law 1: what a network says about a row does not depend on the batch it stands in."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from rnnaudio.heads import CTCHead, ctc_losses
from rnnaudio.nn import Recurrent
from tests.laws.worlds import conv_encoders, encoders, ragged_lengths


def _frames(lengths, width=4, padding=float("nan"), seed=0):
    frames = torch.randn(len(lengths), int(lengths.max()) + 2, width, generator=torch.manual_seed(seed))
    for row, length in enumerate(lengths.tolist()):
        frames[row, length:] = padding
    return frames


@given(encoder=st.one_of(encoders(), conv_encoders()), lengths=ragged_lengths())
def test_a_row_does_not_know_its_batch(encoder, lengths):
    frames = _frames(lengths)
    together, counts = encoder(frames, lengths)
    assert torch.equal(counts, encoder.output_lengths(lengths))
    for row, (length, count) in enumerate(zip(lengths.tolist(), counts.tolist(), strict=True)):
        alone, _ = encoder(frames[row : row + 1, :length], lengths[row : row + 1])
        assert_close(together[row, :count], alone[0], rtol=1e-5, atol=1e-5)
        assert (together[row, count:] == 0).all()


@given(encoder=encoders(), lengths=ragged_lengths(shortest=1))
def test_gradients_do_not_know_the_batch(encoder, lengths):
    # In double precision: layer norm of a nearly constant row makes much of the last digits of a float.
    encoder, frames = encoder.double(), _frames(lengths).double()
    weight = torch.randn(encoder.width, dtype=torch.float64)
    (encoder(frames, lengths)[0] @ weight).square().sum().backward()
    together = [parameter.grad.clone() for parameter in encoder.parameters()]
    encoder.zero_grad()
    for row, length in enumerate(lengths.tolist()):
        alone, _ = encoder(frames[row : row + 1, :length], lengths[row : row + 1])
        (alone @ weight).square().sum().backward()
    for whole, parameter in zip(together, encoder.parameters(), strict=True):
        assert_close(whole, parameter.grad, rtol=1e-4, atol=1e-4)


@given(cell=st.sampled_from(["rnn", "lstm", "gru"]), lengths=ragged_lengths(shortest=1), hidden=st.integers(1, 8))
def test_both_directions_equal_a_packed_sequence(cell, lengths, hidden):
    torch.manual_seed(0)
    layer = Recurrent(cell, 4, hidden, bidirectional=True)
    packed_layer = getattr(torch.nn, cell.upper())(4, hidden, batch_first=True, bidirectional=True)
    for name, parameter in packed_layer.named_parameters():
        ours = layer.behind if name.endswith("_reverse") else layer.ahead
        parameter.data.copy_(getattr(ours, name.removesuffix("_reverse")))
    ours = _frames(lengths, padding=0.0).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    packed = torch.nn.utils.rnn.pack_padded_sequence(theirs, lengths, batch_first=True, enforce_sorted=False)
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(
        packed_layer(packed)[0], batch_first=True, total_length=ours.shape[1]
    )
    states = layer(ours, lengths)
    assert_close(states, expected, rtol=1e-5, atol=1e-5)
    states.square().sum().backward()
    expected.square().sum().backward()
    assert_close(ours.grad, theirs.grad, rtol=1e-5, atol=1e-5)
    for name, parameter in packed_layer.named_parameters():
        kernel = layer.behind if name.endswith("_reverse") else layer.ahead
        assert_close(getattr(kernel, name.removesuffix("_reverse")).grad, parameter.grad, rtol=1e-4, atol=1e-4)


@given(encoder=encoders(), lengths=ragged_lengths(shortest=6))
def test_the_loss_of_a_row_does_not_know_its_batch(encoder, lengths):
    torch.manual_seed(0)
    head = CTCHead(encoder.width, 5)
    frames = _frames(lengths)
    targets = [torch.randint(1, 5, (row % 3 + 1,)) for row in range(len(lengths))]
    names = [str(row) for row in range(len(lengths))]
    together = ctc_losses(head(encoder(frames, lengths)[0]), lengths, targets, names)
    for row, length in enumerate(lengths.tolist()):
        states, one = encoder(frames[row : row + 1, :length], lengths[row : row + 1])
        alone = ctc_losses(head(states), one, targets[row : row + 1], names[row : row + 1])
        assert_close(together[row], alone[0], rtol=1e-4, atol=1e-4)
