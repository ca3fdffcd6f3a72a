"""Long short-term memory and its variants."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rnnaudio.errors import ConfigError
from rnnaudio.nn.cells.cell import PLAIN, Cell, CellOptions, State, Step, h_of
from rnnaudio.nn.initialise import initialise
from rnnaudio.nn.lengths import valid_mask

SHUT = 1e4  # a gate's logit that makes its sigmoid exactly 0 or 1


class LSTMCell(Cell):
    """A memory c that gates write, erase and read.

        i = sigmoid(W_i x + b_i + U_i h + c_i)            input: how much of the candidate is written
        f = sigmoid(W_f x + b_f + U_f h + c_f)            forget: how much of the memory stays
        g = tanh(W_g x + b_g + U_g h + c_g)               candidate
        o = sigmoid(W_o x + b_o + U_o h + c_o)            output: how much of the memory shows
        c' = f * c + i * g
        h' = o * tanh(c')

    Options, in any combination:
    - `peephole`: gates see the memory by one weight a unit, i and f the old (`weight_ci`, `weight_cf`), o the new
      (`weight_co`).
    - `coupled`: i = 1 - f, and no weights for i.
    - `projection`: h' = V (o * tanh(c')) with V (P, H), `weight_hr` as in torch.
    - `layer_norm`: W x and U h are normalised over all gates before their biases come on, and c' before tanh.

    Shapes: x (B, I), h (B, `width`), c (B, H) -> the same state.
    Sources: Hochreiter & Schmidhuber 1997; the forget gate of Gers et al. 2000. For the options: Gers & Schmidhuber
    2000; Greff et al. 2017, arXiv:1503.04069; Sak et al. 2014, arXiv:1402.1128; Ba et al. 2016, arXiv:1607.06450.

    >>> h, c = LSTMCell(3, 5, CellOptions(projection=2))(torch.zeros(2, 3))
    >>> h.shape, c.shape
    (torch.Size([2, 2]), torch.Size([2, 5]))
    """

    kind = "lstm"
    state_names: ClassVar[tuple[str, ...]] = ("h", "c")
    gate_names: ClassVar[tuple[str, ...]] = ("input", "forget", "candidate", "output")
    option_names: ClassVar[tuple[str, ...]] = ("peephole", "coupled", "projection", "layer_norm")
    weight_ci: Tensor
    weight_cf: Tensor
    weight_co: Tensor
    weight_hr: Tensor

    def __init__(self, inputs: int, hidden: int, options: CellOptions = PLAIN) -> None:
        super().__init__(inputs, hidden, options, blocks=self.gate_names[options.coupled :])
        if options.projection >= hidden:
            raise ConfigError(f"options.projection is {options.projection} of {hidden} units; it must be fewer.")
        self._add_weights()
        if options.projection:
            self.weight_hr = nn.Parameter(torch.empty(options.projection, hidden))
        if options.peephole:
            for gate in "fo" if options.coupled else "ifo":
                self.register_parameter(f"weight_c{gate}", nn.Parameter(torch.empty(hidden)))
        rows = len(self.blocks) * hidden
        self.norm_ih = nn.LayerNorm(rows, bias=False) if options.layer_norm else None
        self.norm_hh = nn.LayerNorm(rows, bias=False) if options.layer_norm else None
        self.norm_c = nn.LayerNorm(hidden) if options.layer_norm else None
        initialise(self)

    @property
    def width(self) -> int:
        """Numbers that come out at each step: the projection, or all units."""
        return self.options.projection or self.hidden

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """The size of h and of c."""
        return self.width, self.hidden

    def project(self, frames: Tensor) -> Tensor:
        """What the frames contribute to all gates. Shapes: (..., I) -> (..., 4H), coupled 3H."""
        if self.norm_ih is None:
            return super().project(frames)
        return self.norm_ih(linear(frames, self.weight_ih)) + self.bias_ih

    def recurrence(self) -> Step:
        """The equations."""
        weight, bias, norm_hh, norm_c = self.weight_hh, self.bias_hh, self.norm_hh, self.norm_c
        peephole, coupled = self.options.peephole, self.options.coupled
        shorten = self.weight_hr if self.options.projection else None
        to_i = self.weight_ci if peephole and not coupled else None
        to_f, to_o = (self.weight_cf, self.weight_co) if peephole else (None, None)

        def step(x: Tensor, state: State) -> tuple[State, tuple[Tensor, ...]]:
            h, c = state  # (B, P or H), (B, H)
            u = linear(h, weight, bias) if norm_hh is None else norm_hh(linear(h, weight)) + bias
            *a_i, a_f, a_g, a_o = (x + u).chunk(3 if coupled else 4, dim=1)  # (B, H) each
            f = torch.sigmoid(a_f if to_f is None else a_f + to_f * c)
            i = 1 - f if coupled else torch.sigmoid(a_i[0] if to_i is None else a_i[0] + to_i * c)
            g = torch.tanh(a_g)
            c = f * c + i * g
            o = torch.sigmoid(a_o if to_o is None else a_o + to_o * c)
            h = o * torch.tanh(c if norm_c is None else norm_c(c))
            return (h if shorten is None else linear(h, shorten), c), (i, f, g, o)

        return step

    def kernel(self, frames: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State] | None:
        """`torch.nn.LSTM`'s own, or `LSTMCell`'s for a frame or two; with a projection where it is in one piece."""
        if self.options.peephole or self.options.coupled or self.options.layer_norm:
            return None
        onednn = frames.device.type == "cpu" and not torch.compiler.is_exporting()
        if onednn and self.options.projection:
            return None  # it has none, and torch warns of it
        weight, rest = self.weight_ih, [self.weight_hh, self.bias_ih, self.bias_hh]
        h, c = state
        if onednn and lengths is None and frames.shape[1] <= max(1, self.hidden // 128):
            outs = []  # oneDNN lays out all weights anew at each call, which is worth some steps
            for frame in frames.unbind(1):
                h, c = torch.lstm_cell(frame, (h, c), weight, *rest)
                outs.append(h)
            return torch.stack(outs, dim=1), (h, c)
        if lengths is not None:
            frames, weight = self._holding(frames, weight, lengths)
        weights = [weight, *rest, *([self.weight_hr] if self.options.projection else [])]
        out, _, c = torch.lstm(frames, (h[None], c[None]), weights, True, 1, 0.0, self.training, False, True)
        return out, (h_of(out, state, lengths), c[0])

    def _holding(self, frames: Tensor, weight: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Frames with one more feature, 1 after a row's end, which shuts the input gate and opens the forget gate.

        The kernel tells only the last c. This makes it hold each row's own to the end, bit for bit, without a gradient
        to anything on the way.
        """
        over = ~valid_mask(lengths, frames.shape[1])[:, :, None]  # (B, T, 1)
        shut = weight.new_tensor([-SHUT, SHUT, 0.0, 0.0]).repeat_interleave(self.hidden)[:, None]  # (4H, 1)
        return torch.cat([frames, over.to(frames.dtype)], dim=2), torch.cat([weight, shut.to(weight.dtype)], dim=1)
