"""One step of each cell against torch's own and against the papers' formulas, written down again here."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn, sigmoid, tanh
from torch.testing import assert_close

from rnnaudio.errors import ConfigError, DataError
from rnnaudio.nn.cells import CELLS, CellOptions, make_cell
from rnnaudio.nn.cells.scan import FORMS, log_scan, scan

TORCH = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}


def stirred(kind, inputs=3, hidden=4, **options):
    """A cell with no weight at a value that hides it, in double precision."""
    torch.manual_seed(0)
    cell = make_cell(kind, inputs, hidden, CellOptions(**options)).double()
    for weight in cell.parameters():
        weight.data += 0.5 * torch.randn_like(weight)
    return cell


def norm(values, gain, bias=0.0):
    centred = values - values.mean(-1, keepdim=True)
    return gain * centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt() + bias


@pytest.fixture
def world():
    g = torch.Generator().manual_seed(1)
    return [torch.randn(2, size, generator=g, dtype=torch.float64) for size in (3, 4, 4)]


@given(kind=st.sampled_from(list(TORCH)), batch=st.integers(1, 4), inputs=st.integers(1, 5), hidden=st.integers(1, 5))
def test_a_step_is_that_of_torch_whose_state_dict_loads(kind, batch, inputs, hidden):
    torch.manual_seed(0)
    theirs, ours = TORCH[kind](inputs, hidden), make_cell(kind, inputs, hidden)
    ours.load_state_dict(theirs.state_dict())
    assert list(ours.state_dict()) == list(theirs.state_dict())
    frame, state = torch.randn(batch, inputs), tuple(torch.randn(batch, hidden) for _ in ours.state_names)
    expected = theirs(frame, state if kind == "lstm" else state[0])
    assert_close(ours(frame, state), expected if kind == "lstm" else (expected,))
    expected = theirs(frame)
    assert_close(ours(frame), expected if kind == "lstm" else (expected,))


def test_relu_is_that_of_torch(world):
    x, h, _ = world
    theirs, ours = nn.RNNCell(3, 4, nonlinearity="relu").double(), stirred("rnn", nonlinearity="relu")
    theirs.load_state_dict(ours.state_dict())
    assert_close(ours(x, (h,))[0], theirs(x, h))


def test_peepholes_show_the_gates_the_memory(world):
    (x, h, c), cell = world, stirred("lstm", peephole=True)
    a = x @ cell.weight_ih.T + cell.bias_ih + h @ cell.weight_hh.T + cell.bias_hh
    i = sigmoid(a[:, 0:4] + cell.weight_ci * c)
    f = sigmoid(a[:, 4:8] + cell.weight_cf * c)
    new_c = f * c + i * tanh(a[:, 8:12])
    o = sigmoid(a[:, 12:16] + cell.weight_co * new_c)
    assert_close(cell(x, (h, c)), (o * tanh(new_c), new_c))


def test_coupled_gates_write_what_they_forget(world):
    (x, h, c), cell = world, stirred("lstm", coupled=True)
    assert cell.weight_ih.shape == (12, 3)
    a = x @ cell.weight_ih.T + cell.bias_ih + h @ cell.weight_hh.T + cell.bias_hh
    f = sigmoid(a[:, 0:4])
    new_c = f * c + (1 - f) * tanh(a[:, 4:8])
    assert_close(cell(x, (h, c)), (sigmoid(a[:, 8:12]) * tanh(new_c), new_c))


def test_coupled_gates_with_peepholes_see_the_memory_by_two_weights(world):
    (x, h, c), cell = world, stirred("lstm", coupled=True, peephole=True)
    assert not hasattr(cell, "weight_ci")
    a = x @ cell.weight_ih.T + cell.bias_ih + h @ cell.weight_hh.T + cell.bias_hh
    f = sigmoid(a[:, 0:4] + cell.weight_cf * c)
    new_c = f * c + (1 - f) * tanh(a[:, 4:8])
    assert_close(cell(x, (h, c)), (sigmoid(a[:, 8:12] + cell.weight_co * new_c) * tanh(new_c), new_c))


def test_lstm_with_layer_norm_is_the_papers(world):
    (x, h, c), cell = world, stirred("lstm", layer_norm=True)
    a = norm(x @ cell.weight_ih.T, cell.norm_ih.weight) + cell.bias_ih
    a = a + norm(h @ cell.weight_hh.T, cell.norm_hh.weight) + cell.bias_hh
    i, f, g, o = a.chunk(4, dim=1)
    new_c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    shown = norm(new_c, cell.norm_c.weight, cell.norm_c.bias)
    assert_close(cell(x, (h, c)), (sigmoid(o) * tanh(shown), new_c))


def test_rnn_with_layer_norm_is_the_papers(world):
    (x, h, _), cell = world, stirred("rnn", layer_norm=True)
    summed = norm(x @ cell.weight_ih.T + h @ cell.weight_hh.T, cell.norm.weight)
    assert_close(cell(x, (h,)), (tanh(summed + cell.bias_ih + cell.bias_hh),))


def test_gru_with_layer_norm_is_the_papers(world):
    (x, h, _), cell = world, stirred("gru", layer_norm=True)
    W, U, b, c = cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh  # noqa: N806
    gates = norm(x @ W[:8].T, cell.norm_ih.gates.weight) + b[:8] + norm(h @ U[:8].T, cell.norm_hh.gates.weight) + c[:8]
    r, z = sigmoid(gates).chunk(2, dim=1)
    past = norm(h @ U[8:].T, cell.norm_hh.candidate.weight) + c[8:]
    n = tanh(norm(x @ W[8:].T, cell.norm_ih.candidate.weight) + b[8:] + r * past)
    assert_close(cell(x, (h,)), ((1 - z) * n + z * h,))


def test_a_reset_before_the_product_is_that_of_cho(world):
    (x, h, _), cell = world, stirred("gru", reset="before")
    W, U, b, c = cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh  # noqa: N806
    r, z = sigmoid(x @ W[:8].T + b[:8] + h @ U[:8].T + c[:8]).chunk(2, dim=1)
    n = tanh(x @ W[8:].T + b[8:] + (r * h) @ U[8:].T + c[8:])
    assert_close(cell(x, (h,)), ((1 - z) * n + z * h,))


def test_ligru_is_the_papers_with_layer_norm(world):
    (x, h, _), cell = world, stirred("ligru")
    a = norm(x @ cell.weight_ih.T, cell.norm_ih.weight) + cell.bias_ih + h @ cell.weight_hh.T
    z, n = sigmoid(a[:, :4]), torch.relu(a[:, 4:])
    assert_close(cell(x, (h,)), (z * h + (1 - z) * n,))


def test_the_minimal_cells_are_the_papers(world):
    x, h, _ = world
    g = lambda a: torch.where(a >= 0, a + 0.5, sigmoid(a))  # noqa: E731
    cell = stirred("mingru")
    z, n = (x @ cell.weight_ih.T + cell.bias_ih).chunk(2, dim=1)
    assert_close(cell(x, (h,)), ((1 - sigmoid(z)) * h + sigmoid(z) * g(n),))
    cell = stirred("minlstm")
    f, i, n = (x @ cell.weight_ih.T + cell.bias_ih).chunk(3, dim=1)
    f, i = sigmoid(f), sigmoid(i)
    assert_close(cell(x, (h,)), (f / (f + i) * h + i / (f + i) * g(n),))


def test_the_minimal_cells_equal_the_logarithms_they_are_published_with():
    frames = torch.randn(2, 60, 3, dtype=torch.float64)
    none = torch.full((2, 4), -torch.inf, dtype=torch.float64)
    softplus, log_g = nn.functional.softplus, lambda a: torch.where(a >= 0, (a.relu() + 0.5).log(), -softplus(-a))
    cell = stirred("mingru")
    z, n = cell.project(frames).chunk(2, dim=-1)
    assert_close(cell.run(frames)[0], log_scan(-softplus(z), -softplus(-z) + log_g(n), none))
    cell = stirred("minlstm")
    f, i, n = cell.project(frames).chunk(3, dim=-1)
    ahead = softplus(-f) - softplus(-i)
    assert_close(cell.run(frames)[0], log_scan(-softplus(ahead), -softplus(-ahead) + log_g(n), none))


def test_minlstm_shares_out_gates_that_are_both_shut():
    cell = make_cell("minlstm", 1, 1)
    with torch.no_grad():
        cell.weight_ih.zero_()
        cell.bias_ih.copy_(torch.tensor([-200.0, -201.0, 0.0]))  # both sigmoids are 0 in single precision
    trace = cell.unfold(torch.zeros(1, 1, 1))
    assert_close(trace.gates["forget"].item(), 0.7310585, rtol=1e-5, atol=0)


@pytest.mark.parametrize("form", ["auto", *FORMS])
@given(batch=st.integers(1, 3), time=st.integers(0, 90), hidden=st.integers(1, 3))
def test_every_form_of_the_scan_is_the_recurrence(form, batch, time, hidden):
    g = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, batch, time, hidden, generator=g, dtype=torch.float64).unbind()
    h = torch.randn(batch, hidden, generator=g, dtype=torch.float64)
    out, expected = scan(a, b, h, form), []
    for step in range(time):
        h = a[:, step] * h + b[:, step]
        expected.append(h)
    assert_close(out, torch.stack(expected, dim=1) if expected else b)


@pytest.mark.parametrize("form", ["auto", *FORMS])
@pytest.mark.parametrize("time", [1, 2, 7])
def test_the_gradient_of_every_form_is_right(form, time):
    torch.manual_seed(0)
    a, b = torch.randn(2, 2, time, 3, dtype=torch.float64).unbind()
    h = torch.randn(2, 3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda *given: scan(*given, form), [v.requires_grad_() for v in (a, b, h)])


def test_the_scan_of_logarithms_is_the_scan():
    a, b, h = torch.rand(2, 30, 3), torch.rand(2, 30, 3), torch.rand(2, 3)
    assert_close(log_scan(a.log(), b.log(), h.log()), scan(a, b, h), rtol=1e-4, atol=1e-5)


def test_a_form_that_is_none_is_named():
    with pytest.raises(ConfigError, match="'fast'"):
        scan(torch.zeros(1, 2, 1), torch.zeros(1, 2, 1), torch.zeros(1, 1), "fast")


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("rnn", {"peephole": True}),
        ("rnn", {"reset": "before"}),
        ("lstm", {"nonlinearity": "relu"}),
        ("lstm", {"reset": "before"}),
        ("gru", {"coupled": True}),
        ("gru", {"projection": 2}),
        ("ligru", {"layer_norm": True}),
        ("mingru", {"layer_norm": True}),
        ("minlstm", {"nonlinearity": "relu"}),
    ],
)
def test_an_option_that_a_cell_does_not_have_is_named(kind, options):
    with pytest.raises(ConfigError, match=rf"options.{next(iter(options))} is not an option of the cell '{kind}'"):
        make_cell(kind, 3, 4, CellOptions(**options))


def test_options_that_cannot_be_are_named():
    for wrong in ({"nonlinearity": "sin"}, {"reset": "never"}, {"projection": -1}):
        with pytest.raises(ConfigError, match=rf"options.{next(iter(wrong))}"):
            CellOptions(**wrong)
    with pytest.raises(ConfigError, match=r"options.projection is 4 of 4"):
        make_cell("lstm", 3, 4, CellOptions(projection=4))
    with pytest.raises(ConfigError, match="'transformer'; choose one of rnn, lstm, gru"):
        make_cell("transformer", 3, 4)
    with pytest.raises(ConfigError, match="hidden is 0"):
        make_cell("lstm", 3, 0)


@pytest.mark.parametrize("way", ["forward", "run", "unfold"])
@pytest.mark.parametrize(
    ("state", "words"),
    [
        (torch.zeros(2, 4), "one bare tensor; the cell 'lstm' needs a tuple of h, c"),
        ((torch.zeros(2, 4),), "1 tensors"),
        ((torch.zeros(2, 4), torch.zeros(1, 4)), r"state c has shape \(1, 4\); this cell and batch need \(2, 4\)"),
        ((torch.zeros(2, 4).double(), torch.zeros(2, 4)), r"state h is torch.float64 and the frames torch.float32"),
        ((torch.zeros(2, 4), torch.zeros(2, 4, device="meta")), "state c is on meta and the frames on cpu"),
    ],
)
def test_a_state_that_does_not_fit_is_named(way, state, words):
    cell = make_cell("lstm", 3, 4)
    frames = torch.zeros(2, 3) if way == "forward" else torch.zeros(2, 5, 3)
    with pytest.raises(DataError, match=words):
        getattr(cell, way)(frames, state)


def test_frames_of_another_width_are_named():
    with pytest.raises(DataError, match="reads 3 features"):
        make_cell("gru", 3, 4).run(torch.zeros(2, 5, 7))


def test_a_cell_starts_where_gradients_live_long():
    lstm, minlstm = make_cell("lstm", 3, 4), make_cell("minlstm", 3, 4)
    assert_close(lstm.bias_ih, torch.tensor([0.0] * 4 + [1.0] * 4 + [0.0] * 8))
    assert_close(make_cell("lstm", 3, 4, CellOptions(coupled=True)).bias_ih, torch.tensor([1.0] * 4 + [0.0] * 8))
    assert_close(minlstm.bias_ih, torch.tensor([1.0] * 4 + [0.0] * 8))
    for cell in (lstm, make_cell("ligru", 3, 4), make_cell("gru", 3, 4)):
        for block in cell.weight_hh.split(4):
            assert_close(block @ block.T, torch.eye(4), rtol=0, atol=1e-5)
    bound = (6 / (3 + 4)) ** 0.5
    assert 0.8 * bound < make_cell("gru", 3, 400).weight_ih.abs().max() * (403 / 7) ** 0.5 < bound * 1.0001


def test_every_kind_has_its_own_name():
    assert all(cell.kind == kind for kind, cell in CELLS.items())
