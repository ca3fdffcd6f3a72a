"""Every cell with every option it has."""

import pytest

from rnnaudio.nn.cells import CellOptions

VARIANTS = {
    "rnn": ("rnn", CellOptions()),
    "rnn-relu": ("rnn", CellOptions(nonlinearity="relu")),
    "rnn-norm": ("rnn", CellOptions(layer_norm=True)),
    "lstm": ("lstm", CellOptions()),
    "lstm-peephole": ("lstm", CellOptions(peephole=True)),
    "lstm-coupled": ("lstm", CellOptions(coupled=True)),
    "lstm-projection": ("lstm", CellOptions(projection=2)),
    "lstm-norm": ("lstm", CellOptions(layer_norm=True)),
    "lstm-all": ("lstm", CellOptions(peephole=True, coupled=True, projection=2, layer_norm=True)),
    "gru": ("gru", CellOptions()),
    "gru-before": ("gru", CellOptions(reset="before")),
    "gru-norm": ("gru", CellOptions(layer_norm=True)),
    "gru-before-norm": ("gru", CellOptions(reset="before", layer_norm=True)),
    "ligru": ("ligru", CellOptions()),
    "mingru": ("mingru", CellOptions()),
    "minlstm": ("minlstm", CellOptions()),
}


@pytest.fixture(scope="session", params=VARIANTS.values(), ids=VARIANTS.keys())
def variant(request) -> tuple[str, CellOptions]:
    """A kind of cell and its options."""
    return request.param
