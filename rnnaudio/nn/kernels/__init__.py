"""What makes recurrence fast on a CPU where PyTorch's own kernels do not.

`ragged_gru` runs a GRU layer over rows laid out without padding, `minimal_scan` a minGRU or minLSTM over all times,
`long_row` an LSTM or GRU over one recording. All have the numbers, the first two also the gradients, of the cells that
`rnnaudio.nn.cells` writes out, and are measured in `benchmarks/recurrent.py`. An LSTM that trains has no kernel here:
oneDNN's, behind `torch.lstm`, is as fast as one written this way. `switched_off` goes back to PyTorch's own.
"""

from rnnaudio.nn.kernels.alone import long_row
from rnnaudio.nn.kernels.gru import ragged_gru
from rnnaudio.nn.kernels.minimal import minimal_scan
from rnnaudio.nn.kernels.switch import Direction, serves, serves_alone, switched_off

__all__ = ["Direction", "long_row", "minimal_scan", "ragged_gru", "serves", "serves_alone", "switched_off"]
