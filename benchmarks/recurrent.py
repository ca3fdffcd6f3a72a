"""Speed and memory of the recurrent core against named peers, in one process and in turn.

    python benchmarks/recurrent.py                          # everything, one thread and all threads
    python benchmarks/recurrent.py --only training --threads 1 --rounds 5

Peers: `torch.nn` on padded rows (fast, and wrong for every row but the longest) and on packed ones (right), the same
under `torch.compile`, SpeechBrain's recurrent classes, onnxruntime for inference; those that are not installed are left
out (`pip install .[bench]`). Times are medians, ratios medians over rounds of both times in the same round.
"""

import argparse
import importlib.util
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from timing import in_turn, milliseconds, table, times
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnaudio.nn import Encoder, EncoderConfig, Recurrent
from rnnaudio.nn.cells import Cell, make_cell
from rnnaudio.nn.cells.scan import FORMS, scan
from rnnaudio.nn.kernels import switched_off

KERNELS = {"lstm": nn.LSTM, "gru": nn.GRU}
SHAPES = [(4, 100, 128), (16, 100, 256), (16, 300, 256), (32, 800, 512)]
INPUTS = 80
HUGE = 10**7  # rows x frames x units from which packed gradients take minutes: fewer rounds


def ragged(batch: int, time_: int, inputs: int = INPUTS) -> tuple[Tensor, Tensor]:
    """Frames with NaN-free padding and lengths from half of the longest to the longest."""
    lengths = torch.linspace(time_ / 2, time_, batch).round().long()
    return torch.randn(batch, time_, inputs) * (torch.arange(time_) < lengths[:, None])[:, :, None], lengths


def twin(layer: Recurrent, kind: str) -> nn.RNNBase:
    """`torch.nn`'s bidirectional layer with the same weights."""
    peer = KERNELS[kind](layer.inputs, layer.hidden, batch_first=True, bidirectional=True)
    for side, cell in (("", layer.ahead), ("_reverse", layer.behind)):
        for name, weight in cell.named_parameters():
            peer.get_parameter(f"{name}_l0{side}").data.copy_(weight.data)
    return peer


def packed(peer: nn.RNNBase, frames: Tensor, lengths: Tensor) -> Tensor:
    """What packing gives."""
    rows = pack_padded_sequence(frames, lengths, batch_first=True, enforce_sorted=False)
    return pad_packed_sequence(peer(rows)[0], batch_first=True, total_length=frames.shape[1])[0]


def step(run: Callable[[], Tensor], weights: list[nn.Parameter]) -> Callable[[], None]:
    """One training step without its optimizer."""

    def work() -> None:
        for weight in weights:
            weight.grad = None
        run().square().sum().backward()

    return work


def plainly(work: Callable[[], None]) -> Callable[[], None]:
    """The same with PyTorch's own kernels."""

    def plain() -> None:
        with switched_off():
            work()

    return plain


def once(work: Callable[[], None]) -> float:
    """Seconds of one call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def half(run: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """The same in bfloat16, by autocast."""

    def work() -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return run().float()

    return work


def training(rounds: int) -> str:
    """Training steps of one bidirectional layer over ragged batches."""
    head = ["layer", "(B, T, H)", "packed ms", "SpeechBrain ms", "padded ms", "ours ms", "ours bf16 ms"]
    rows = [_training(kind, shape, rounds) for kind in KERNELS for shape in SHAPES]
    return table([*head, "packed / ours", "padded / ours", "fp32 / bf16", "largest difference to packed"], rows)


def _training(kind: str, shape: tuple[int, int, int], rounds: int) -> list[str]:
    batch, time_, hidden = shape
    frames, lengths = ragged(batch, time_)
    layer = Recurrent(kind, INPUTS, hidden, bidirectional=True)
    peer = twin(layer, kind)
    with torch.no_grad():
        apart = (packed(peer, frames, lengths) - layer(frames, lengths)).abs().max().item()
    mine, theirs = list(layer.parameters()), list(peer.parameters())
    peers = {
        "packed": step(lambda: packed(peer, frames, lengths), theirs),
        **speechbrain(kind, frames, lengths, hidden),
        "padded": step(lambda: peer(frames)[0], theirs),
        "ours": step(lambda: layer(frames, lengths), mine),
        "bf16": step(half(lambda: layer(frames, lengths)), mine),
    }
    slow: dict[str, float] = {}
    if batch * time_ * hidden > HUGE:  # a packed gradient is quadratic in time: minutes a step, so one is enough
        peers.pop("SpeechBrain", None)
        slow["packed"] = once(peers.pop("packed"))
    timing = in_turn(peers, rounds)
    timing.seconds.update({name: [seconds] * rounds for name, seconds in slow.items()})
    row = [f"Bi{kind.upper()}", str(shape)]
    row += [milliseconds(timing.median(name)) for name in ("packed", "SpeechBrain", "padded", "ours", "bf16")]
    row += [times(timing.ratio(*pair)) for pair in (("packed", "ours"), ("padded", "ours"), ("ours", "bf16"))]
    print(*row, sep=" | ", file=sys.stderr, flush=True)
    return [*row, f"{apart:.0e}"]


def speechbrain(kind: str, frames: Tensor, lengths: Tensor, hidden: int) -> dict[str, Callable[[], None]]:
    """SpeechBrain's class of the same shape; none where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from speechbrain.nnet import RNN
    except ImportError:
        return {}
    peer = getattr(RNN, kind.upper())(hidden, input_size=INPUTS, bidirectional=True)
    share = lengths / lengths.max()  # it takes lengths as shares of the longest, and packs by them
    order = torch.argsort(lengths, descending=True)
    return {"SpeechBrain": step(lambda: peer(frames[order], lengths=share[order])[0], list(peer.parameters()))}


def compiled(rounds: int) -> str:
    """`torch.compile` on the same layer, packed and padded: it leaves recurrent kernels as they are."""
    frames, lengths = ragged(16, 300)
    layer = Recurrent("lstm", INPUTS, 256, bidirectional=True)
    peer = twin(layer, "lstm")
    fast = torch.compile(peer)
    peers = {
        "ours": step(lambda: layer(frames, lengths), list(layer.parameters())),
        "compiled": step(lambda: fast(frames)[0], list(peer.parameters())),
    }
    try:
        timing = in_turn(peers, rounds)
    except Exception as error:  # no compiler on this machine, or none that it can use
        return f"torch.compile did not run here: {str(error).splitlines()[0]}"
    row = ["BiLSTM", "(16, 300, 256)", *[milliseconds(timing.median(name)) for name in ("compiled", "ours")]]
    return table(
        ["layer", "(B, T, H)", "compiled padded ms", "ours ms", "compiled / ours"],
        [[*row, times(timing.ratio("compiled", "ours"))]],
    )


def inference(rounds: int) -> str:
    """One recording, both directions, against onnxruntime on the graph of `torch.nn`'s layer."""
    if importlib.util.find_spec("onnxruntime") is None:
        return "onnxruntime is not installed: pip install .[bench]"
    shapes = ((1, 300, 256), (1, 1000, 256), (1, 500, 512))
    head = ["layer", "(B, T, H)", "onnxruntime ms", "torch.nn ms", "ours ms", "onnxruntime / ours", "torch.nn / ours"]
    return table(
        [*head, "largest difference"], [_inference(kind, shape, rounds) for kind in KERNELS for shape in shapes]
    )


@torch.inference_mode()
def _inference(kind: str, shape: tuple[int, int, int], rounds: int) -> list[str]:
    _, time_, hidden = shape
    layer = Recurrent(kind, INPUTS, hidden, bidirectional=True).eval()
    peer, frames, lengths = twin(layer, kind).eval(), torch.randn(1, time_, INPUTS), torch.tensor([time_])
    session, array = onnx_session(peer, frames), frames.numpy()
    peers = {
        "onnxruntime": lambda: session.run(None, {"x": array})[0],
        "torch.nn": lambda: peer(frames)[0],
        "ours": lambda: layer(frames, lengths),
    }
    apart = abs(peers["onnxruntime"]() - peers["ours"]().numpy()).max()
    timing = in_turn(peers, 3 * rounds)
    row = [f"Bi{kind.upper()}", str(shape), *[milliseconds(timing.median(name)) for name in peers]]
    return [*row, *[times(timing.ratio(name, "ours")) for name in ("onnxruntime", "torch.nn")], f"{apart:.0e}"]


def onnx_session(peer: nn.Module, frames: Tensor):
    """The peer in onnxruntime, with as many threads as torch."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "model.onnx"
        torch.onnx.export(peer, (frames,), str(path), dynamo=False, input_names=["x"], dynamic_axes={"x": {1: "t"}})
        return onnxruntime.InferenceSession(str(path), options)


def streaming(rounds: int) -> str:
    """One frame at a time through three LSTM layers of 256 with norms and residuals, as a live model runs."""
    encoder = Encoder(INPUTS, EncoderConfig(layers=3, hidden=256, bidirectional=False)).eval()
    peer = nn.LSTM(INPUTS, 256, 3, batch_first=True).eval()
    frame = torch.randn(1, 1, INPUTS)
    spent: dict[str, list[float]] = {"torch": [], "ours": []}
    steps = {"torch": lambda state: peer(frame, state)[1], "ours": lambda state: encoder.stream(frame, state)[1]}
    with torch.inference_mode():
        for _ in range(rounds):
            for name, work in steps.items():  # many frames at once: a live model has the caches to itself
                state = None
                for turn in range(500):
                    begin = time.perf_counter()
                    state = work(state)
                    if turn >= 100:
                        spent[name].append(time.perf_counter() - begin)
    rows = [
        [name, milliseconds(statistics.median(taken)), milliseconds(statistics.quantiles(taken, n=100)[98])]
        for name, taken in (("torch.nn.LSTM, bare", spent["torch"]), ("ours, Encoder.stream", spent["ours"]))
    ]
    return table(["3 x 256 LSTM, one frame", "median ms", "p99 ms"], rows)


def sampling(rounds: int) -> str:
    """One step at batch 1 of two LSTM layers of 256, as a language model is sampled from."""
    cells = [make_cell("lstm", 256, 256).eval() for _ in range(2)]
    peer = nn.LSTM(256, 256, 2, batch_first=True).eval()
    frame = torch.randn(1, 1, 256)
    with torch.inference_mode():
        states = [cell.start(frame[:, 0]) for cell in cells]
        theirs = peer(frame)[1]

        def ours() -> None:
            x = frame[:, 0]
            for at, cell in enumerate(cells):
                states[at] = cell(x, states[at])
                x = states[at][0]

        timing = in_turn({"torch": lambda: peer(frame, theirs), "ours": ours}, 3 * rounds, least=0.05)
    return table(
        ["2 x 256 LSTM, one step", "nn.LSTM ms", "ours ms", "nn.LSTM / ours"],
        [
            [
                "batch 1",
                *[milliseconds(timing.median(name)) for name in ("torch", "ours")],
                times(timing.ratio("torch", "ours")),
            ]
        ],
    )


def minimal(rounds: int) -> str:
    """Minimal cells against `nn.LSTM` of the same size, training step; then the ways to scan, in PyTorch alone."""
    head = ["layer", "(B, T, H)", "nn.LSTM ms", "minGRU ms", "without kernel", "minLSTM ms", "without kernel"]
    shapes = ((16, 512, 256), (4, 4096, 256))
    cells = table(
        [*head, "LSTM / minGRU", "LSTM / minLSTM"],
        [_minimal(inputs, shape, rounds) for inputs in (INPUTS, 256) for shape in shapes],
    )
    scans = table(["scan of (B, T, H)", *[f"{form} ms" for form in FORMS]], [_scans(shape, rounds) for shape in shapes])
    return f"{cells}\n\n{scans}"


def _minimal(inputs: int, shape: tuple[int, int, int], rounds: int) -> list[str]:
    batch, time_, hidden = shape
    deeper = inputs == hidden  # then the layer below wants a gradient
    frames = torch.randn(batch, time_, inputs, requires_grad=deeper)
    peer = nn.LSTM(inputs, hidden, batch_first=True)
    peers = {"lstm": step(lambda: peer(frames)[0], list(peer.parameters()))}
    for kind in ("mingru", "minlstm"):
        cell = make_cell(kind, inputs, hidden)
        peers[kind] = step(partial(_states, cell, frames), list(cell.parameters()))
        peers[f"{kind} in torch"] = plainly(peers[kind])
    timing = in_turn(peers, rounds)
    row = [f"{'deeper' if deeper else 'first'} layer, {inputs} inputs", str(shape)]
    row += [milliseconds(timing.median(name)) for name in peers]
    return [*row, *[times(timing.ratio("lstm", kind)) for kind in ("mingru", "minlstm")]]


def _states(cell: Cell, frames: Tensor) -> Tensor:
    return cell.run(frames)[0]


def _scans(shape: tuple[int, int, int], rounds: int) -> list[str]:
    batch, _, hidden = shape
    a, b = (torch.rand(shape, requires_grad=True) for _ in range(2))
    start = torch.zeros(batch, hidden)
    timing = in_turn({form: step(partial(scan, a, b, start, form), [a, b]) for form in FORMS}, rounds)
    return [str(shape), *[milliseconds(timing.median(form)) for form in FORMS]]


def memory(rounds: int) -> str:
    """Peak memory of one training step beyond what stood before it, each in a process of its own."""
    if not Path("/proc/self/clear_refs").exists():
        return "peak memory is measured on Linux alone"
    rows = []
    for kind in KERNELS:
        for shape in ((16, 300, 256), (16, 1000, 256)):
            peak = {
                who: statistics.median(_peak(who, kind, shape) for _ in range(3))
                for who in ("padded", "ours", "segments")
            }
            ratio = [f"{peak[who] / peak['padded']:.2f}" for who in ("ours", "segments")]
            rows.append([f"Bi{kind.upper()}", str(shape), *[f"{value / 2**20:.0f}" for value in peak.values()], *ratio])
    head = ["layer", "(B, T, H)", "padded MiB", "ours MiB", "in segments MiB", "ours / padded", "segments / padded"]
    return table(head, rows)


def _peak(who: str, kind: str, shape: tuple[int, int, int]) -> int:
    command = [
        sys.executable,
        __file__,
        "--peak",
        who,
        kind,
        *map(str, shape),
        "--threads",
        str(torch.get_num_threads()),
    ]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def peak(who: str, kind: str, batch: int, time_: int, hidden: int) -> int:
    """Bytes that one training step takes at its height."""
    frames, lengths = ragged(batch, time_)
    segment = round(time_**0.5) * 2 if who == "segments" else 0
    layer = Recurrent(kind, INPUTS, hidden, bidirectional=True, segment=segment)
    peer = twin(layer, kind)
    small, few = ragged(2, 8)
    run = (lambda x, n: peer(x)[0]) if who == "padded" else layer
    step(lambda: run(small, few), list(layer.parameters()))()  # what is made once is not the step's
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    step(lambda: run(frames, lengths), list(layer.parameters()))()
    return _status("VmHWM") - before


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(name))


PARTS = {
    "training": training,
    "compiled": compiled,
    "inference": inference,
    "streaming": streaming,
    "sampling": sampling,
    "minimal": minimal,
    "memory": memory,
}


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", help="thread counts (default: 1 and all)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds in turn (default: 5)")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS), help="parts to run")
    parser.add_argument("--peak", nargs=5, help=argparse.SUPPRESS)
    args = parser.parse_args()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if args.peak:
        torch.set_num_threads(args.threads[0])
        print(peak(*args.peak[:2], *map(int, args.peak[2:])))
        return
    for threads in args.threads or sorted({1, cores}):
        torch.set_num_threads(threads)
        print(f"## {threads} thread(s) of {cores}, torch {torch.__version__}, {_processor()}, {args.rounds} rounds\n")
        for part in args.only:
            torch.manual_seed(0)
            print(f"### {part}: {PARTS[part].__doc__}\n\n{PARTS[part](args.rounds)}\n", flush=True)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
