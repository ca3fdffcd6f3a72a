"""The recurrent core: layers and deep stacks over ragged batches, exact for every row.

Frames are `(batch, time, features)` with `lengths` `(batch,)`; padding is never seen and never shows.
"""

from rnnaudio.nn.convolution import ConvFront
from rnnaudio.nn.encoder import Encoder, EncoderConfig
from rnnaudio.nn.lengths import check_lengths, hide_padding, reverse, valid_mask
from rnnaudio.nn.recurrent import Recurrent, State

__all__ = [
    "ConvFront",
    "Encoder",
    "EncoderConfig",
    "Recurrent",
    "State",
    "check_lengths",
    "hide_padding",
    "reverse",
    "valid_mask",
]
