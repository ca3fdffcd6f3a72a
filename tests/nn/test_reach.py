"""Reach against what is known: powers of a matrix, autograd's whole Jacobians, gates that are open or shut."""

import pytest
import torch
from torch.testing import assert_close

from rnnaudio.errors import ConfigError, DataError
from rnnaudio.nn import Encoder, EncoderConfig, Recurrent
from rnnaudio.nn.cells import CELLS, CellOptions, make_cell
from rnnaudio.nn.initialise import initialise
from rnnaudio.nn.reach import gradient_reach, layer_reaches


def whole_jacobian(cell, frames, at, lag):
    """ds_t/ds_{t-k} by torch.autograd.functional.jacobian, states laid end to end."""
    sizes = [part.shape[1] for part in cell.start(frames)]
    before = cell.run(frames[:, : at - lag + 1])[1]

    def later(flat):
        state = tuple(flat.split(sizes, dim=1))
        for frame in frames[0, at - lag + 1 : at + 1]:
            state = cell(frame[None], state)
        return torch.cat(state, dim=1)

    found = torch.autograd.functional.jacobian(later, torch.cat(before, dim=1))
    return found[0, :, 0, :], sizes  # (S, S)


@pytest.mark.parametrize("norm", ["spectral", "frobenius"])
def test_a_linear_network_has_the_norms_of_the_powers_of_its_matrix(norm):
    torch.manual_seed(0)
    cell = make_cell("rnn", 2, 6, CellOptions(nonlinearity="relu"))
    with torch.no_grad():
        cell.weight_hh.abs_()
        cell.bias_ih.fill_(5.0)  # relu stays on its straight part
    reach = gradient_reach(cell, torch.rand(12, 2), lags=9, norm=norm)
    order = 2 if norm == "spectral" else "fro"
    powers = [torch.linalg.matrix_power(cell.weight_hh.detach(), lag) for lag in range(10)]
    assert_close(torch.tensor(reach.norms), torch.stack([torch.linalg.matrix_norm(one, order) for one in powers]))
    assert reach.lags == tuple(range(10))


@pytest.mark.parametrize(
    ("kind", "options"),
    [*((kind, {}) for kind in CELLS), ("lstm", {"projection": 2, "peephole": True}), ("lstm", {"coupled": True})],
)
def test_it_is_autograds_own_jacobian(kind, options):
    torch.manual_seed(1)
    cell = make_cell(kind, 3, 4, CellOptions(**options)).double()
    frames = torch.randn(1, 11, 3, dtype=torch.float64)
    for of in ("all", *cell.state_names):
        found = gradient_reach(cell, frames, at=8, lags=5, of=of)
        assert found.at == 8
        for lag in (0, 1, 5):
            whole, sizes = whole_jacobian(cell, frames, 8, lag)
            if of != "all":
                place = cell.state_names.index(of)
                whole = whole.split(sizes)[place].split(sizes, dim=1)[place]
            assert found.norms[lag] == pytest.approx(float(torch.linalg.matrix_norm(whole, 2)), rel=1e-6)


def test_an_open_forget_gate_keeps_a_gradient_as_it_is():
    cell = make_cell("lstm", 2, 5)
    with torch.no_grad():
        for weight in (cell.weight_ih, cell.weight_hh):
            weight.zero_()
        cell.bias_ih[5:10] = 1e4
    reach = gradient_reach(cell, torch.randn(60, 2), lags=50, of="c")
    assert_close(torch.tensor(reach.norms), torch.ones(51))
    with torch.no_grad():
        cell.bias_ih[5:10] = 0.0  # half open
    reach = gradient_reach(cell, torch.randn(60, 2), lags=50, of="c")
    assert_close(torch.tensor(reach.norms), 0.5 ** torch.arange(51.0))


def test_chrono_reaches_further_than_an_open_gate_and_that_further_than_torchs_own_start():
    torch.manual_seed(2)
    cell, frames, left = make_cell("lstm", 4, 32), torch.randn(101, 4), []
    for how in ({"scheme": "torch"}, {"scheme": "orthogonal"}, {"scheme": "chrono", "longest": 100}):
        initialise(cell, **how)
        left.append(gradient_reach(cell, frames, lags=100).norms[-1])
    assert left[0] < left[1] / 100 < left[2] / 10_000


def test_rows_beyond_one_batch_of_copies_change_nothing():
    torch.manual_seed(3)
    cell, frames = make_cell("lstm", 3, 40).double(), torch.randn(9, 3, dtype=torch.float64)  # 80 rows
    whole, _ = whole_jacobian(cell, frames[None], 8, 4)
    assert gradient_reach(cell, frames, lags=4).norms[4] == pytest.approx(float(torch.linalg.matrix_norm(whole, 2)))


def test_probes_estimate_the_frobenius_norm_and_leave_the_generator_alone():
    torch.manual_seed(4)
    cell, frames = make_cell("gru", 3, 24), torch.randn(30, 3)
    before = torch.get_rng_state()
    exact, guess = (gradient_reach(cell, frames, lags=20, norm="frobenius", probes=probes) for probes in (0, 500))
    assert torch.equal(torch.get_rng_state(), before)
    assert guess.norms == pytest.approx(exact.norms, rel=0.1)
    assert exact.gains[0] == 1.0
    assert exact.norms[0] == pytest.approx(24**0.5)


def test_the_backward_direction_looks_ahead():
    torch.manual_seed(5)
    layer, frames = Recurrent("gru", 3, 4, bidirectional=True), torch.randn(10, 3)
    behind = gradient_reach(layer, frames, at=2, lags=99, direction="behind")
    turned = gradient_reach(layer.behind, frames.flip(0), at=7, lags=99)
    assert (behind.at, behind.lags) == (2, tuple(range(8)))
    assert behind.norms == turned.norms
    assert gradient_reach(layer, frames, direction="behind").at == 0


def test_what_is_too_large_for_a_number_is_infinite():
    cell = make_cell("rnn", 1, 2, CellOptions(nonlinearity="relu"))
    with torch.no_grad():
        cell.weight_hh.copy_(10 * torch.eye(2))
        cell.bias_ih.fill_(1e-30)
    reach = gradient_reach(cell, torch.zeros(60, 1), lags=50)
    assert reach.norms[20] == pytest.approx(1e20, rel=1e-4)
    assert reach.norms[50] == float("inf")


def test_each_layer_of_an_encoder_on_what_it_reads():
    torch.manual_seed(6)
    encoder = Encoder(3, EncoderConfig(layers=2, hidden=4, dropout=0.5)).train()
    frames, lengths = torch.randn(2, 9, 3), torch.tensor([6, 9])
    found = layer_reaches(encoder, frames, lengths, lags=5)
    assert list(found) == [f"layers.{layer}.{direction}" for layer in (0, 1) for direction in ("ahead", "behind")]
    first = gradient_reach(encoder.layers[0], encoder.norms[0](frames[1]), lags=5)
    assert found["layers.0.ahead"].norms == pytest.approx(first.norms)
    assert all(part.training for part in encoder.modules())
    assert all(weight.grad is None for weight in encoder.parameters())
    assert not any(part._forward_pre_hooks for part in encoder.modules())


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        ({"at": 5}, DataError, "at is 5; the sequence has 5 frames"),
        ({"at": -1}, DataError, "at is -1"),
        ({"lags": -1}, ConfigError, "lags is -1"),
        ({"of": "c"}, ConfigError, "of is 'c'; choose one of all, h"),
        ({"probes": 3}, ConfigError, "Frobenius norm only"),
        ({"norm": "largest"}, ConfigError, "norm is 'largest'"),
        ({"direction": "behind"}, ConfigError, "which this layer does not have"),
        ({"frames": torch.zeros(2, 5, 3)}, DataError, r"shape \(2, 5, 3\)"),
        ({"frames": torch.zeros(0, 3)}, DataError, "not empty"),
        ({"frames": torch.zeros(5, 2)}, DataError, r"\(time, 3\)"),
    ],
)
def test_what_cannot_be_is_named(how, error, words):
    with pytest.raises(error, match=words):
        gradient_reach(Recurrent("gru", 3, 4), **{"frames": torch.zeros(5, 3), **how})
