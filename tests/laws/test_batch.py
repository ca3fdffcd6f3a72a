"""Law 1: what a network says about a row does not depend on the batch it stands in."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from rnnaudio.heads import CTCHead, ctc_losses
from rnnaudio.nn import CellOptions, Recurrent
from tests.laws.worlds import FEATURES, encoders, ragged_lengths


def _frames(lengths, padding=float("nan"), seed=0, dtype=torch.float64):
    generator = torch.manual_seed(seed)
    frames = torch.randn(len(lengths), int(lengths.max()) + 2, FEATURES, generator=generator, dtype=dtype)
    for row, length in enumerate(lengths.tolist()):
        frames[row, length:] = padding
    return frames


def _gradients(encoder, frames, lengths, weight):
    """What a loss sends back to the frames and to every parameter."""
    encoder.zero_grad()
    frames = frames.detach().requires_grad_()
    states, _ = encoder(frames, lengths)
    loss = (states @ weight).square().sum()
    inputs = [frames, *encoder.parameters()]
    return torch.autograd.grad(loss, inputs, allow_unused=True, materialize_grads=True)


@given(encoder=encoders(), lengths=ragged_lengths())
@settings(max_examples=120)
def test_a_row_does_not_know_its_batch(encoder, lengths):
    # In double precision: layer norm of a nearly constant frame makes much of the last digits of a float.
    encoder, frames = encoder.double(), _frames(lengths)
    together, counts = encoder(frames, lengths)
    assert torch.equal(counts, encoder.output_lengths(lengths))
    assert together.shape[1] == encoder.output_lengths(torch.tensor(frames.shape[1]))
    for row, (length, count) in enumerate(zip(lengths.tolist(), counts.tolist(), strict=True)):
        alone, _ = encoder(frames[row : row + 1, :length], lengths[row : row + 1])
        assert_close(together[row, :count], alone[0], rtol=1e-8, atol=1e-8)
        assert (together[row, count:] == 0).all()


@given(encoder=encoders(), lengths=ragged_lengths().filter(lambda lengths: lengths.max() > 0))
@settings(max_examples=60)
def test_gradients_do_not_know_the_batch(encoder, lengths):
    encoder, frames = encoder.double(), _frames(lengths)
    weight = torch.randn(encoder.width, dtype=torch.float64)
    together, *whole = _gradients(encoder, frames, lengths, weight)
    total = [torch.zeros_like(gradient) for gradient in whole]
    for row, length in enumerate(lengths.tolist()):
        assert (together[row, length:] == 0).all()
        if length:
            alone, *parts = _gradients(encoder, frames[row : row + 1, :length], lengths[row : row + 1], weight)
            assert_close(together[row, :length], alone[0], rtol=1e-7, atol=1e-8)
            total = [one + part for one, part in zip(total, parts, strict=True)]
    for (name, _), ours, sum_of_rows in zip(encoder.named_parameters(), whole, total, strict=True):
        assert_close(ours, sum_of_rows, rtol=1e-7, atol=1e-7, msg=lambda words, name=name: f"{name}: {words}")


@given(encoder=encoders(norm="none", options=CellOptions()), lengths=ragged_lengths(shortest=1))
@settings(max_examples=60)
def test_nor_does_a_row_of_floats_and_the_kernels_that_train_them(encoder, lengths):
    frames = _frames(lengths, dtype=torch.float32)
    weight = torch.randn(encoder.width)
    together, *whole = _gradients(encoder, frames, lengths, weight)
    total = [torch.zeros_like(gradient) for gradient in whole]
    for row, length in enumerate(lengths.tolist()):
        alone, *parts = _gradients(encoder, frames[row : row + 1, :length], lengths[row : row + 1], weight)
        assert_close(together[row, :length], alone[0], rtol=1e-4, atol=1e-4)
        total = [one + part for one, part in zip(total, parts, strict=True)]
    for ours, sum_of_rows in zip(whole, total, strict=True):
        assert_close(ours, sum_of_rows, rtol=1e-4, atol=1e-4 * max(1.0, float(sum_of_rows.abs().max())))


@given(cell=st.sampled_from(["rnn", "lstm", "gru"]), lengths=ragged_lengths(shortest=1), hidden=st.integers(1, 8))
def test_both_directions_equal_a_packed_sequence(cell, lengths, hidden):
    torch.manual_seed(0)
    layer = Recurrent(cell, 4, hidden, bidirectional=True)
    packed_layer = getattr(torch.nn, cell.upper())(4, hidden, batch_first=True, bidirectional=True)
    for name, parameter in packed_layer.named_parameters():
        ours = layer.behind if name.endswith("_reverse") else layer.ahead
        parameter.data.copy_(getattr(ours, name.removesuffix("_reverse").removesuffix("_l0")))
    ours = _frames(lengths, padding=0.0, dtype=torch.float32).requires_grad_()
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
        cell = layer.behind if name.endswith("_reverse") else layer.ahead
        gradient = getattr(cell, name.removesuffix("_reverse").removesuffix("_l0")).grad
        assert_close(gradient, parameter.grad, rtol=1e-4, atol=1e-4)


@given(encoder=encoders(), lengths=ragged_lengths(shortest=6))
def test_the_loss_of_a_row_does_not_know_its_batch(encoder, lengths):
    torch.manual_seed(0)
    encoder, head, frames = encoder.double(), CTCHead(encoder.width, 5).double(), _frames(lengths)
    targets = [torch.randint(1, 5, (row % 2,)) for row in range(len(lengths))]
    names = [str(row) for row in range(len(lengths))]
    states, counts = encoder(frames, lengths)
    together = ctc_losses(head(states), counts, targets, names)
    for row, length in enumerate(lengths.tolist()):
        states, one = encoder(frames[row : row + 1, :length], lengths[row : row + 1])
        alone = ctc_losses(head(states), one, targets[row : row + 1], names[row : row + 1])
        assert_close(together[row], alone[0], rtol=1e-6, atol=1e-6)
