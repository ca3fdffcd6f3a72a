"""What is dropped, for how long, how much of it, and that nothing is in evaluation."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from rnnaudio.errors import ConfigError
from rnnaudio.nn import Encoder, EncoderConfig, Recurrent
from rnnaudio.nn.dropout import EmbeddingDropout, LockedDropout, drop_weights

SHARE = 0.3


def locked(rows=400, time=3, units=50):
    return LockedDropout(SHARE)(torch.ones(rows, time, units))


def words(rows=400, vocabulary=50):
    ids = torch.arange(vocabulary).repeat(rows, 2)  # every word twice in every row
    return EmbeddingDropout(vocabulary, SHARE)(torch.ones(*ids.shape, 4), ids)


def weights(rows=400, columns=50):
    layer = nn.Linear(columns, rows)
    nn.init.ones_(layer.weight)
    drop_weights(layer, "weight", SHARE)
    return layer.weight


@pytest.mark.parametrize("drawn", [locked, words, weights])
def test_a_share_is_dropped_and_the_mean_stays(drawn):
    torch.manual_seed(0)
    values = drawn().detach()
    # 20,000 independent draws: the share is known to 0.003, the mean to 0.005 (one deviation)
    assert (values == 0).float().mean() == pytest.approx(SHARE, abs=0.012)
    assert values.mean() == pytest.approx(1.0, abs=0.018)
    assert_close(values[values != 0], torch.full_like(values[values != 0], 1 / (1 - SHARE)))


@pytest.mark.parametrize("drawn", [locked, words, weights])
def test_the_global_generator_decides_and_nothing_else(drawn):
    torch.manual_seed(5)
    first, second = drawn(), drawn()
    torch.manual_seed(5)
    assert torch.equal(first, drawn())
    assert not torch.equal(first, second)


def test_locked_units_are_dropped_at_all_times_of_their_row_alone():
    torch.manual_seed(0)
    dropped = locked(rows=2, time=9) == 0
    assert (dropped == dropped[:, :1]).all()
    assert (dropped[0] != dropped[1]).any()


def test_a_dropped_word_is_gone_from_its_row_alone():
    torch.manual_seed(0)
    dropped = words(rows=2) == 0  # (2, 100, 4)
    assert (dropped == dropped[:, :, :1]).all()  # whole words
    assert (dropped[:, :50] == dropped[:, 50:]).all()  # in both places
    assert (dropped[0] != dropped[1]).any()


@pytest.mark.parametrize("share", [0.0, SHARE])
def test_evaluation_is_without_it(share):
    states, ids = torch.randn(2, 5, 3), torch.tensor([[0, 1, 2, 1, 0], [2, 2, 1, 0, 0]])
    assert torch.equal(LockedDropout(share).eval()(states), states)
    assert torch.equal(EmbeddingDropout(3, share).eval()(states, ids), states)
    layer = nn.Linear(3, 4)
    before = layer.weight.detach().clone()
    drop_weights(layer, "weight", share)
    assert torch.equal(layer.eval().weight, before)
    if share == 0:
        layer.train()
        assert torch.equal(LockedDropout(share)(states), states)
        assert torch.equal(EmbeddingDropout(3, share)(states, ids), states)
        assert torch.equal(layer.weight, before)


def test_what_is_dropped_has_no_gradient_and_the_rest_its_share():
    torch.manual_seed(0)
    states = torch.ones(2, 3, 20, requires_grad=True)
    out = LockedDropout(SHARE)(states)
    out.sum().backward()
    assert_close(states.grad, out.detach())  # of ones: 0 or 1 / (1 - share)
    layer = nn.Linear(20, 5, bias=False)
    drop_weights(layer, "weight", SHARE)
    torch.manual_seed(1)
    layer(torch.ones(1, 20)).sum().backward()
    torch.manual_seed(1)
    kept = layer.weight.detach() != 0
    assert_close(layer.parametrizations.weight.original.grad, kept.float() / (1 - SHARE))


@pytest.mark.parametrize("lock", [True, False])
def test_input_dropout_takes_features_away_before_anything_reads_them(lock):
    config = EncoderConfig(layers=1, hidden=2, dropout=0.0, input_dropout=SHARE, locked_dropout=lock)
    encoder, frames, lengths = Encoder(200, config).train(), torch.ones(2, 6, 200), torch.tensor([6, 4])
    seen = []
    encoder.norms[0].register_forward_pre_hook(lambda module, read: seen.append(read[0]))
    torch.manual_seed(0)
    encoder(frames, lengths)
    encoder.eval()(frames, lengths)
    training, evaluation = seen[0], seen[-1]
    dropped = training[0] == 0  # (T, F)
    assert dropped.float().mean() == pytest.approx(SHARE, abs=0.1)
    assert (dropped == dropped[0]).all() == lock
    assert torch.equal(evaluation[0], frames[0])


def test_a_layer_with_weight_drop_saves_and_loads():
    torch.manual_seed(0)
    saved, loaded = (Recurrent("gru", 3, 5, bidirectional=True, weight_drop=SHARE).eval() for _ in range(2))
    loaded.load_state_dict(saved.state_dict())
    frames, lengths = torch.randn(2, 6, 3), torch.tensor([6, 4])
    assert torch.equal(saved(frames, lengths), loaded(frames, lengths))


@pytest.mark.parametrize(
    "make",
    [
        lambda: LockedDropout(1.0),
        lambda: LockedDropout(-0.1),
        lambda: EmbeddingDropout(3, 1.5),
        lambda: EmbeddingDropout(0, 0.1),
        lambda: drop_weights(nn.Linear(2, 2), "weight", 1.0),
        lambda: drop_weights(nn.Linear(2, 2), "weight_hh", 0.1),
    ],
)
def test_what_cannot_be_is_named(make):
    with pytest.raises(ConfigError, match=r"is 1\.0|is -0\.1|is 1\.5|of 0 words|no weight 'weight_hh'"):
        make()
