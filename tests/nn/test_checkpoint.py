"""Segments save memory and change nothing else."""

import pytest
import torch

from rnnaudio.errors import ConfigError
from rnnaudio.nn import Encoder, EncoderConfig, Recurrent


def _learned(layer, frames, lengths):
    torch.manual_seed(1)
    out, last = layer.forward_with_state(frames, lengths)
    loss = out.square().sum() + sum(state.sum() for state in last)
    return [out, *last, *torch.autograd.grad(loss, [frames, *layer.parameters()])]


@pytest.mark.parametrize("zoneout", [0.0, 0.3])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "ligru", "mingru", "minlstm"])
def test_outputs_states_and_gradients_are_those_of_one_piece(cell, zoneout):
    torch.manual_seed(0)
    whole = Recurrent(cell, 3, 5, bidirectional=True, zoneout=zoneout)
    pieces = Recurrent(cell, 3, 5, bidirectional=True, zoneout=zoneout, segment=4)
    pieces.load_state_dict(whole.state_dict())
    frames, lengths = torch.randn(3, 11, 3, requires_grad=True), torch.tensor([11, 4, 0])
    for one, other in zip(_learned(whole, frames, lengths), _learned(pieces, frames, lengths), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_less_is_kept_for_the_way_back():
    kept = []
    for segment in (0, 16):
        layer, held = Recurrent("lstm", 8, 32, segment=segment), []

        def keep(tensor, held=held):
            held.append(tensor.untyped_storage().nbytes())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            layer(torch.randn(4, 256, 8), torch.full((4,), 256))
        kept.append(sum(held))
    assert kept[1] < kept[0] / 2


def test_an_encoder_takes_it_from_its_settings():
    torch.manual_seed(0)
    encoder = Encoder(3, EncoderConfig(layers=2, hidden=4, dropout=0.0, segment=3))
    frames, lengths = torch.randn(2, 8, 3), torch.tensor([8, 5])
    trained, _ = encoder(frames, lengths)
    with torch.no_grad():
        torch.testing.assert_close(encoder(frames, lengths)[0], trained, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("change", [{"segment": -1}, {"segment": 4, "chunk": 4}, {"segment": 4, "weight_drop": 0.1}])
def test_what_cannot_be_is_named(change):
    with pytest.raises(ConfigError, match="segment"):
        EncoderConfig(**change)
