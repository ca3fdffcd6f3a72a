"""Training and inference of a bidirectional LSTM on ragged batches: ours against packed and padded `torch.nn`.

    python benchmarks/recurrent.py [--threads 1] [--rounds 5]

The three stand in one process and take turns, so that a noisy machine is noisy for all of them; medians and ratios are
printed. "padded" is what one gets by ignoring lengths: fast, and wrong for every row but the longest.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnaudio.nn import Recurrent

CASES = [  # cell, layers, hidden, batch, shortest, longest: the second is the one that stands in README
    ("lstm", 1, 128, 16, 50, 100),
    ("lstm", 3, 256, 16, 200, 400),
    ("gru", 3, 256, 16, 200, 400),
]
INPUTS = 80


class Ours(nn.Module):
    """A plain stack of our layers, to be compared one to one with `torch.nn`."""

    def __init__(self, cell: str, layers: int, hidden: int) -> None:
        super().__init__()
        widths = [INPUTS, *[2 * hidden] * (layers - 1)]
        self.layers = nn.ModuleList(Recurrent(cell, width, hidden, bidirectional=True) for width in widths)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        for layer in self.layers:
            frames = layer(frames, lengths)
        return frames


class Peer(nn.Module):
    """`torch.nn`'s own stack with the same weights, packed or padded."""

    def __init__(self, ours: Ours, cell: str, layers: int, hidden: int, packed: bool) -> None:
        super().__init__()
        kernel = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
        self.stack = kernel(INPUTS, hidden, layers, batch_first=True, bidirectional=True)
        self.packed = packed
        for name, weight in self.stack.named_parameters():
            what, _, index = name.removesuffix("_reverse").rpartition("_l")
            layer = ours.layers[int(index)]
            side = layer.behind if name.endswith("_reverse") else layer.ahead
            weight.data.copy_(side.get_parameter(f"{what}_l0").data)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        if not self.packed:
            return self.stack(frames)[0]
        rows = pack_padded_sequence(frames, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.stack(rows)[0], batch_first=True, total_length=frames.shape[1])[0]


def step(model: nn.Module, frames: Tensor, lengths: Tensor) -> None:
    """One training step without its optimizer."""
    model.zero_grad(set_to_none=True)
    model(frames, lengths).square().sum().backward()


def seconds(work: Callable[..., None], *inputs: object) -> float:
    """Wall-clock seconds of one call."""
    begin = time.perf_counter()
    work(*inputs)
    return time.perf_counter() - begin


def main() -> None:
    """Measure every case and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print(f"torch {torch.__version__}, {args.threads} thread(s), {platform.processor() or platform.machine()}")
    print(f"median of {args.rounds} rounds in turn, training step (forward and backward)\n")
    print(
        "| cell | layers x hidden | batch | frames | packed ms | padded ms | ours ms | packed / ours | ours / padded |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    worst = 0.0
    for cell, layers, hidden, batch, shortest, longest in CASES:
        torch.manual_seed(0)
        lengths = torch.linspace(shortest, longest, batch).round().long()
        frames = torch.randn(batch, longest, INPUTS) * (torch.arange(longest) < lengths[:, None])[:, :, None]
        ours = Ours(cell, layers, hidden)
        models = {
            "packed": Peer(ours, cell, layers, hidden, packed=True),
            "padded": Peer(ours, cell, layers, hidden, packed=False),
            "ours": ours,
        }
        with torch.no_grad():
            difference = (models["packed"](frames, lengths) - ours(frames, lengths)).abs().max().item()
        worst = max(worst, difference)
        taken: dict[str, list[float]] = {name: [] for name in models}
        for turn in range(args.rounds + 1):
            for name, model in models.items():
                spent = seconds(step, model, frames, lengths)
                if turn:  # the first round warms up
                    taken[name].append(spent)
        packed, padded, mine = (1000 * statistics.median(taken[name]) for name in models)
        print(
            f"| {cell} | {layers} x {hidden} | {batch} | {shortest} to {longest} "
            f"| {packed:.0f} | {padded:.0f} | {mine:.0f} | {packed / mine:.1f} | {mine / padded:.2f} |"
        )
    print(f"\nlargest difference between packed and ours: {worst:.1e}")


if __name__ == "__main__":
    main()
