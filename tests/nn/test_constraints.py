"""Constraints: they hold at every read, leave what obeys alone, keep nothing hidden, and come off again."""

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from rnnaudio.errors import ConfigError
from rnnaudio.nn import CellOptions, Recurrent
from rnnaudio.nn.cells import make_cell
from rnnaudio.nn.constraints import LIMITS, bake, constrain
from rnnaudio.nn.dropout import drop_weights
from tests.laws.worlds import ragged_lengths

KINDS = list(LIMITS)
LIMIT = {"max_norm": 0.7, "spectral": 0.8}


def obeys(kind, weight, limit, blocks=1):
    if kind == "max_norm":
        return (weight.norm(dim=1) <= limit * 1.00002).all()
    if kind == "unit_norm":
        return ((weight.norm(dim=1) - 1).abs() < 1e-5).all()
    if kind == "non_negative":
        return (weight >= 0).all()
    return all(torch.linalg.svdvals(gate)[0] <= limit * 1.00002 for gate in weight.chunk(blocks))


def obeying(kind, weight):
    """A matrix that obeys each kind with room to spare, of which there is none in unit norm."""
    directions = weight / weight.norm(dim=1, keepdim=True)
    return {"unit_norm": directions, "non_negative": weight.abs()}.get(kind, 0.1 * directions)


def made(kind, seed=0, shape=(6, 5), scale=3.0):
    torch.manual_seed(seed)
    layer = nn.Linear(shape[1], shape[0])
    with torch.no_grad():
        layer.weight.normal_(0, scale)
    constrain(layer, ["weight"], kind, LIMIT.get(kind, 0.0))
    return layer


def cell_of(kind, name="lstm", options=None):
    torch.manual_seed(0)
    layer = Recurrent(name, 4, 5, bidirectional=True, options=options or CellOptions())
    for cell in (layer.ahead, layer.behind):
        with torch.no_grad():
            for parameter in cell.parameters():
                parameter.normal_(0, 1.5)
        constrain(cell, matrices(cell), kind, LIMIT.get(kind, 0.0))
    return layer


def matrices(cell):
    return [name for name in ("weight_ih", "weight_hh", "weight_hr") if hasattr(cell, name)]


@given(
    kind=st.sampled_from(KINDS),
    rows=st.integers(1, 7),
    columns=st.integers(1, 7),
    scale=st.sampled_from([1e-4, 1.0, 1e4]),
    seed=st.integers(0, 99),
)
def test_whatever_is_learned_the_weight_obeys(kind, rows, columns, scale, seed):
    layer = made(kind, seed, (rows, columns), scale)
    assert obeys(kind, layer.weight, LIMIT.get(kind))
    with torch.no_grad():
        layer.parametrizations.weight.original.normal_(0, scale)
    assert obeys(kind, layer.weight, LIMIT.get(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_stays_within_and_gets_there(kind):
    torch.manual_seed(0)
    target, layer = obeying(kind, torch.randn(6, 5)), made(kind)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.05)
    for _ in range(600):
        optimizer.zero_grad()
        (layer.weight - target).square().sum().backward()
        optimizer.step()
        assert obeys(kind, layer.weight, LIMIT.get(kind))
    assert_close(layer.weight, target, rtol=0, atol=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_what_obeys_is_not_changed_by_a_constraint(kind):
    torch.manual_seed(0)
    layer = nn.Linear(5, 6)
    weight = obeying(kind, torch.randn(6, 5))
    layer.weight.data.copy_(weight)
    constrain(layer, ["weight"], kind)
    assert_close(layer.weight, weight)
    layer.weight.square().sum().backward()
    free = layer.parametrizations.weight.original.grad
    # and neither is its gradient, but along a row of unit norm, where there is no way to go
    assert_close(free, torch.zeros_like(free) if kind == "unit_norm" else 2 * weight, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_weight_can_be_set_to_what_obeys(kind):
    layer = made(kind)
    weight = obeying(kind, torch.randn(6, 5))
    layer.weight = weight
    assert_close(layer.weight, weight)


PLAIN = {
    "max_norm": lambda weight: torch.renorm(weight, 2, 0, LIMIT["max_norm"]),
    "non_negative": lambda weight: weight.relu(),
    "spectral": lambda weight: clipped(weight, LIMIT["spectral"]),
}


def clipped(weight, limit):
    left, values, right = torch.linalg.svd(weight, full_matrices=False)
    return left @ values.clamp(max=limit).diag() @ right


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_steps_are_those_of_a_projection_after_each_step(kind, decay):
    layer = made(kind).double()
    weight = nn.Parameter(layer.weight.detach().clone())
    targets = 2 * torch.randn(50, 6, 5, dtype=torch.float64)
    ours = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9, weight_decay=decay)
    theirs = torch.optim.SGD([weight], lr=0.1, momentum=0.9, weight_decay=decay)
    outside = 0
    for target in targets:
        for read, optimizer in ((layer.weight, ours), (weight, theirs)):
            optimizer.zero_grad()
            (read - target).square().sum().backward()
            optimizer.step()
        outside += not torch.allclose(PLAIN[kind](weight), weight)
        with torch.no_grad():
            weight.copy_(PLAIN[kind](weight))
        assert_close(layer.eval().weight, weight)
        layer.train()
    assert outside > 20


def test_the_gradient_of_unit_norm_is_that_of_its_formula():
    chain = made("unit_norm").double().parametrizations.weight
    free = (3 * torch.randn(6, 5, dtype=torch.float64)).requires_grad_()
    assert torch.autograd.gradcheck(chain[0], (free,))
    (chain[0](free) @ torch.randn(5, dtype=torch.float64)).sum().backward()
    assert_close((free.grad * free).sum(dim=1), torch.zeros(6).double())  # a row turns, and does not grow
    assert (free.grad.norm(dim=1) > 0.01).all()


def test_evaluation_changes_nothing_that_is_learned():
    for kind in KINDS:
        layer = made(kind).eval()
        free = layer.parametrizations.weight.original
        with torch.no_grad():
            free.normal_(0, 9)
        before = free.detach().clone()
        assert obeys(kind, layer.weight, LIMIT.get(kind))
        assert torch.equal(free, before)


def test_a_weight_that_has_become_zero_comes_back():
    for kind in KINDS:
        layer = made(kind)
        with torch.no_grad():
            layer.parametrizations.weight.original.zero_()
        layer.weight.sum().backward()
        gradient = layer.parametrizations.weight.original.grad
        assert gradient.isfinite().all()
        assert (gradient != 0).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("rnn", CellOptions()),
        ("lstm", CellOptions(peephole=True, projection=3, layer_norm=True)),
        ("gru", CellOptions()),
        ("mingru", CellOptions()),
    ],
)
def test_matrices_of_a_cell_obey_gate_by_gate(kind, name, options):
    cell = cell_of(kind, name, options).ahead
    for weight in matrices(cell):
        blocks = 1 if weight == "weight_hr" else len(cell.blocks)
        assert obeys(kind, getattr(cell, weight), LIMIT.get(kind), blocks)


def test_each_gate_may_stretch_to_the_limit_so_that_orthogonal_weights_stay():
    torch.manual_seed(0)
    cell = make_cell("lstm", 4, 5)
    before = cell.weight_hh.detach().clone()
    constrain(cell, ["weight_hh"], "spectral")
    assert torch.linalg.svdvals(before)[0] > 1.5  # all four gates as one matrix
    assert_close(cell.weight_hh, before)


@pytest.mark.parametrize("kind", KINDS)
def test_save_load_copy_and_bake_give_the_same_layer(kind):
    layer, other = cell_of(kind), cell_of(kind)
    frames, lengths = torch.randn(2, 6, 4), torch.tensor([6, 3])
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()
    wanted = layer(frames, lengths)
    assert not torch.equal(other(frames, lengths), wanted)
    copied = copy.deepcopy(layer)
    other.load_state_dict(layer.state_dict())
    plain = Recurrent("lstm", 4, 5, bidirectional=True)
    plain.load_state_dict(bake(copy.deepcopy(layer)).state_dict())
    for same in (copied, other, plain, bake(copy.deepcopy(layer))):
        assert_close(same(frames, lengths), wanted, rtol=0, atol=0)
    assert list(layer.buffers()) == []
    with torch.no_grad():
        for parameter in copied.parameters():
            parameter.zero_()
    assert_close(layer(frames, lengths), wanted, rtol=0, atol=0)  # the copy has weights of its own


@pytest.mark.parametrize("kind", KINDS)
def test_training_and_evaluation_read_the_same_weight_again_and_again(kind):
    layer = made(kind)
    weight = layer.train().weight.detach()
    assert torch.equal(layer.weight, weight)
    assert torch.equal(layer.eval().weight, weight)


@given(kind=st.sampled_from(KINDS), lengths=ragged_lengths(shortest=1), cell=st.sampled_from(["lstm", "gru", "rnn"]))
def test_a_row_does_not_know_its_batch_nor_does_the_gradient(kind, lengths, cell):
    layer = cell_of(kind, cell).double()
    frames = torch.randn(len(lengths), int(lengths.max()), 4, dtype=torch.float64)
    layer(frames, lengths).square().sum().backward()
    together = [parameter.grad for parameter in layer.parameters()]
    layer.zero_grad()
    for row, length in enumerate(lengths.tolist()):
        layer(frames[row : row + 1, :length], lengths[row : row + 1]).square().sum().backward()
    for whole, parameter in zip(together, layer.parameters(), strict=True):
        assert_close(whole, parameter.grad)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("first", ["drop", "constrain"])
def test_weight_drop_comes_after_the_constraint_in_whichever_order(kind, first):
    torch.manual_seed(0)
    layer = nn.Linear(40, 30)
    nn.init.normal_(layer.weight, 0, 3.0)
    limit = LIMIT.get(kind, 0.0)
    if first == "drop":
        drop_weights(layer, "weight", 0.5)
        constrain(layer, ["weight"], kind, limit)
    else:
        constrain(layer, ["weight"], kind, limit)
        drop_weights(layer, "weight", 0.5)
    whole = layer.eval().weight.detach()
    assert obeys(kind, whole, limit)
    dropped = layer.train().weight.detach()
    kept = dropped != 0
    assert 0.4 < kept.float().mean() < 0.6
    assert_close(dropped[kept], 2 * whole[kept])
    assert_close(bake(layer).weight, whole)  # from training too


def test_bake_leaves_other_weights_as_they_are():
    layer = made("max_norm")
    weight, bias = layer.weight.detach().clone(), layer.bias
    assert bake(layer) is layer
    assert torch.equal(layer.weight, weight)
    assert layer.bias is bias
    assert type(layer) is nn.Linear


def test_what_cannot_be_is_named():
    def layer():
        return nn.Linear(3, 2)

    for words, make in {
        r"constraint is 'l3'; choose one of max_norm": lambda: constrain(layer(), ["weight"], "l3"),
        r"constraint_limit is -1\.0": lambda: constrain(layer(), ["weight"], "max_norm", -1.0),
        r"constraint_limit is nan": lambda: constrain(layer(), ["weight"], "max_norm", float("nan")),
        r"no effect on constraint non_negative": lambda: constrain(layer(), ["weight"], "non_negative", 1.0),
        r"Linear has no weight 'weight_hh'": lambda: constrain(layer(), ["weight_hh"], "max_norm"),
        r"the weight bias has 1 dimensions": lambda: constrain(layer(), ["bias"], "max_norm"),
        r"the weight weight is constrained already": lambda: constrain(made("max_norm"), ["weight"], "unit_norm"),
    }.items():
        with pytest.raises(ConfigError, match=words):
            make()
