"""First weights: what each scheme promises, and what it must not touch."""

import math

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrize import register_parametrization
from torch.testing import assert_close

from rnnaudio.errors import ConfigError
from rnnaudio.nn.cells import CELLS, CellOptions, make_cell
from rnnaudio.nn.initialise import KEEP, WRITE, initialise

VARIANTS = [
    *((kind, {}) for kind in CELLS),
    ("rnn", {"nonlinearity": "relu", "layer_norm": True}),
    ("lstm", {"coupled": True, "peephole": True}),
    ("lstm", {"projection": 3, "layer_norm": True}),
    ("gru", {"reset": "before", "layer_norm": True}),
]


def started(kind, scheme, hidden=8, options=None, **how):
    """A cell whose weights were all 7 before."""
    torch.manual_seed(0)
    cell = make_cell(kind, 5, hidden, CellOptions(**(options or {})))
    with torch.no_grad():
        for weight in cell.parameters(recurse=False):
            weight.fill_(7.0)
    initialise(cell, scheme, **how)
    return cell


def bias(cell, gate):
    first = cell.blocks.index(gate) * cell.hidden
    return cell.bias_ih.detach()[first : first + cell.hidden]


@pytest.mark.parametrize(("kind", "options"), VARIANTS)
@pytest.mark.parametrize("scheme", ["orthogonal", "xavier", "torch"])
def test_every_weight_of_every_variant_is_drawn_by_the_global_generator_alone(kind, options, scheme):
    cell, again = (started(kind, scheme, options=options) for _ in range(2))
    for (name, weight), other in zip(cell.named_parameters(), again.parameters(), strict=True):
        assert not (weight == 7.0).any(), name
        assert torch.equal(weight, other), name
    for name, weight in cell.named_parameters():
        if name.startswith("norm"):
            assert torch.equal(weight, torch.ones_like(weight) if "weight" in name else torch.zeros_like(weight))


@pytest.mark.parametrize(("kind", "options"), VARIANTS)
def test_orthogonal_blocks_keep_lengths(kind, options):
    cell = started(kind, "orthogonal", options=options)
    recurrent = dict(cell.named_parameters()).get("weight_hh")
    for block in [] if recurrent is None else recurrent.split(cell.hidden):
        assert_close(block.T @ block, torch.eye(cell.width), atol=1e-5, rtol=0)  # (H, P) with P <= H
    for block in cell.weight_ih.split(cell.hidden):
        bound = math.sqrt(6 / (8 + 5))
        assert 0.8 * bound < block.abs().max() <= bound
    assert cell.bias_ih.sum() == (8.0 if "forget" in cell.blocks else 0.0)


def test_xavier_is_uniform_in_each_block():
    weight = started("lstm", "xavier", hidden=64).weight_hh
    bound = math.sqrt(6 / 128)
    for block in weight.split(64):
        assert 0.95 * bound < block.abs().max() <= bound
        assert block.detach().std() == pytest.approx(bound / math.sqrt(3), rel=0.05)


def test_torchs_own_start_fills_everything_to_the_root_of_the_units():
    cell = started("lstm", "torch", hidden=16)
    for weight in cell.parameters():
        assert 0.2 < weight.abs().max() <= 0.25


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_identity_carries_the_state_on(nonlinearity):
    cell = started("rnn", "identity", options={"nonlinearity": nonlinearity})
    assert torch.equal(cell.weight_hh, torch.eye(8))
    assert not cell.bias_ih.any()
    assert not cell.bias_hh.any()
    if nonlinearity == "relu":
        state = torch.rand(2, 8)
        assert_close(cell(torch.zeros(2, 5), (state,))[0], state)


@pytest.mark.parametrize(("kind", "options"), [one for one in VARIANTS if one[0] != "rnn"])
def test_chrono_memories_last_as_long_as_asked(kind, options):
    cell = started(kind, "chrono", hidden=512, longest=100, options=options)
    keep, write = KEEP.get(kind), WRITE.get(kind)
    gate = write if keep is None else keep
    spans = (bias(cell, gate) * (1 if gate == keep else -1)).exp()
    assert spans.min() >= 1
    assert spans.max() <= 99
    assert 45 < spans.mean() < 55
    if keep and write in cell.blocks:
        assert torch.equal(bias(cell, write), -bias(cell, keep))


@pytest.mark.parametrize("kind", ["lstm", "gru", "ligru", "mingru", "minlstm"])
def test_chrono_holds_what_was_written(kind):
    """With weights of zero a state decays by its gate's bias alone: exp(-1) is left after about `longest` steps."""
    cell = make_cell(kind, 3, 4)
    with torch.no_grad():
        initialise(cell, "chrono", longest=3)
        for name, weight in cell.named_parameters():
            if name.startswith("weight"):
                weight.zero_()
        cell.bias_ih[cell.bias_ih != 0] = cell.bias_ih[cell.bias_ih != 0].sign() * math.log(99.0)
    frames, state = torch.zeros(1, 100, 3), tuple(torch.ones_like(part) for part in cell.start(torch.zeros(1, 3)))
    left = cell.eval().run(frames, state)[1][-1] - cell.run(frames, tuple(0 * part for part in state))[1][-1]
    assert_close(left, torch.full((1, 4), 0.99**100), rtol=0.02, atol=0)


def test_the_forget_gate_starts_as_open_as_asked():
    assert (bias(started("lstm", "xavier", forget_bias=3.0), "forget") == 3.0).all()
    assert (bias(started("lstm", "orthogonal", options={"coupled": True}), "forget") == 1.0).all()


def test_a_weight_that_is_dropped_or_constrained_is_started_too():
    cell = make_cell("gru", 3, 4)
    register_parametrization(cell, "weight_hh", nn.Dropout(0.5))
    initialise(cell, "orthogonal")
    block = cell.parametrizations.weight_hh.original[:4]
    before = block.detach().clone()
    initialise(cell, "orthogonal")
    assert not torch.equal(block, before)
    assert_close(block @ block.T, torch.eye(4), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("kind", "how", "words"),
    [
        ("gru", {"scheme": "zeros"}, r"initial is 'zeros'; choose one of orthogonal, xavier"),
        ("gru", {"scheme": "identity"}, r"which is for the cell rnn, not gru"),
        ("rnn", {"scheme": "chrono", "longest": 9}, r"the cell rnn has none"),
        ("gru", {"scheme": "chrono"}, r"longest is 0; give the longest lag"),
        ("gru", {"scheme": "xavier", "longest": 9}, r"no effect on xavier"),
        ("gru", {"forget_bias": 2.0}, r"no effect on gru"),
        ("lstm", {"scheme": "torch", "forget_bias": 2.0}, r"no effect on lstm under initial: torch"),
    ],
)
def test_a_choice_without_effect_is_named(kind, how, words):
    with pytest.raises(ConfigError, match=words):
        initialise(make_cell(kind, 3, 4), **how)
