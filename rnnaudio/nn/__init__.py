"""The recurrent core: layers and deep stacks over ragged batches, exact for every row.

Frames are `(batch, time, features)` with `lengths` `(batch,)`; padding is never seen and never shows.
"""

from rnnaudio.nn.cells import CellOptions, State
from rnnaudio.nn.config import EncoderConfig
from rnnaudio.nn.convolution import ConvFront
from rnnaudio.nn.encoder import Encoder, EncoderTrace
from rnnaudio.nn.lengths import check_lengths, hide_padding, reverse, valid_mask
from rnnaudio.nn.recurrent import LayerTrace, Recurrent
from rnnaudio.nn.streaming import EncoderState

__all__ = [
    "CellOptions",
    "ConvFront",
    "Encoder",
    "EncoderConfig",
    "EncoderState",
    "EncoderTrace",
    "LayerTrace",
    "Recurrent",
    "State",
    "check_lengths",
    "hide_padding",
    "reverse",
    "valid_mask",
]
