"""Recurrent cells: equations to read, one step to take, and a fast way over whole sequences that says the same."""

from typing import Literal, TypeAlias

from rnnaudio.errors import ConfigError
from rnnaudio.nn.cells.cell import PLAIN, Cell, CellOptions, State, Unfolded
from rnnaudio.nn.cells.gru import GRUCell
from rnnaudio.nn.cells.ligru import LiGRUCell
from rnnaudio.nn.cells.lstm import LSTMCell
from rnnaudio.nn.cells.minimal import MinGRUCell, MinLSTMCell
from rnnaudio.nn.cells.simple import SimpleCell

__all__ = [
    "CELLS",
    "PLAIN",
    "Cell",
    "CellKind",
    "CellOptions",
    "GRUCell",
    "LSTMCell",
    "LiGRUCell",
    "MinGRUCell",
    "MinLSTMCell",
    "SimpleCell",
    "State",
    "Unfolded",
    "make_cell",
]

CellKind: TypeAlias = Literal["rnn", "lstm", "gru", "ligru", "mingru", "minlstm"]
CELLS: dict[str, type[Cell]] = {
    cell.kind: cell for cell in (SimpleCell, LSTMCell, GRUCell, LiGRUCell, MinGRUCell, MinLSTMCell)
}


def make_cell(kind: str, inputs: int, hidden: int, options: CellOptions = PLAIN) -> Cell:
    """A cell by its name.

    >>> make_cell("gru", 3, 5)
    GRUCell(3, 5)
    """
    if kind not in CELLS:
        raise ConfigError(f"cell is {kind!r}; choose one of {', '.join(CELLS)}.")
    return CELLS[kind](inputs, hidden, options)
