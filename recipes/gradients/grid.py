"""One network for each cell, remedy, problem and length: trained alone, kept in a file of its own."""

import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from tasks import PROBLEMS
from torch import Tensor, nn

from rnnaudio.errors import ConfigError
from rnnaudio.files import write_file
from rnnaudio.nn import Recurrent
from rnnaudio.nn.cells import CellOptions
from rnnaudio.nn.clipping import clip_gradients
from rnnaudio.nn.initialise import initialise
from rnnaudio.nn.reach import gradient_reach

SOLVED, ENOUGH = 0.1, 0.05  # shares of the baseline's loss: what counts as solved, and where training stops
HOPELESS = 0.97  # the share of it at which a network that has had `patience` steps is given up
EXPLODED = 10.0  # times the baseline's loss: guessing at random is not so bad
WINDOW = 20  # steps over which the rate rises at first, and over which losses are averaged


@dataclass(frozen=True)
class Remedy:
    """How a network starts, whether its gradients are clipped, how deep it is."""

    name: str
    initial: str = "torch"
    clipped: bool = True
    layers: int = 1


NONE, CLIP = Remedy("none", clipped=False), Remedy("clipping")
ORTHOGONAL, CHRONO = Remedy("+ orthogonal", "orthogonal"), Remedy("+ chrono", "chrono")
GATED = (NONE, CLIP, ORTHOGONAL, CHRONO)
MINIMAL = (NONE, CLIP, CHRONO, Remedy("+ chrono, 3 layers", "chrono", layers=3))  # nothing recurrent to be orthogonal
REMEDIES: dict[str, tuple[Remedy, ...]] = {
    "rnn": (NONE, CLIP, ORTHOGONAL),
    "irnn": (Remedy("none", "identity", clipped=False), Remedy("clipping", "identity")),
    "lstm": GATED,
    "gru": GATED,
    "ligru": GATED,
    "mingru": MINIMAL,
    "minlstm": MINIMAL,
}


@dataclass(frozen=True)
class Learning:
    """How each network learns."""

    hidden: int = 64
    """States of a layer."""
    batch: int = 20
    """Sequences in a step, all of them new."""
    steps: int = 2500
    """Training steps at most; a network that has solved its problem stops."""
    frames: int = 500_000
    """Steps times length at most: long sequences get fewer steps, so that no network gets more work than another."""
    patience: int = 2000
    """Steps after which a network that has learned nothing is given up."""
    learning_rate: float = 0.02
    """Rate of Adam for cells with gates."""
    simple_rate: float = 0.001
    """Rate of Adam for rnn and irnn, which a higher one throws out of course."""
    clip: float = 1.0
    """Longest gradient, for the remedies that clip."""
    seed: int = 0
    """Everything random follows from this one number."""

    def __post_init__(self) -> None:
        """Name the first setting that cannot be."""
        for name in ("hidden", "batch", "steps", "frames", "patience"):
            if getattr(self, name) < 1:
                raise ConfigError(f"learning.{name} is {getattr(self, name)}; it must be 1 or more.")


@dataclass(frozen=True)
class Job:
    """One network to train."""

    problem: str
    cell: str
    remedy: Remedy
    length: int
    learning: Learning

    @property
    def steps(self) -> int:
        """Training steps at most."""
        return max(1, min(self.learning.steps, self.learning.frames // self.length))

    @property
    def rate(self) -> float:
        """The learning rate after the first steps."""
        return self.learning.simple_rate if self.cell in ("rnn", "irnn") else self.learning.learning_rate

    @property
    def file(self) -> str:
        """Where its result is kept."""
        place = REMEDIES[self.cell].index(self.remedy)
        return f"{self.problem}-{self.cell}-{place}-{self.length}.json"


@dataclass(frozen=True)
class Result:
    """What came of a job: loss on sequences never seen, the share of the baseline's that is gone, steps, CPU time."""

    job: Job
    loss: float
    learned: float
    exploded: bool
    steps: int
    seconds: float

    @property
    def solved(self) -> bool:
        """Whether a tenth of the baseline's loss is left or less."""
        return self.learned >= 1 - SOLVED

    def __str__(self) -> str:
        """The steps it took to solve it, or how much of the baseline's loss is gone."""
        if self.exploded:
            return "explodes"
        return f"{self.steps} steps" if self.solved else f"{100 * self.learned:.0f} %"


class Net(nn.Module):
    """Recurrent layers, each adding to what the one beneath it says, and a linear answer at every frame."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        kind, problem = "rnn" if job.cell == "irnn" else job.cell, PROBLEMS[job.problem]
        options = CellOptions(nonlinearity="relu") if job.cell == "irnn" else CellOptions()
        self.layers = nn.ModuleList(
            Recurrent(kind, job.learning.hidden if above else problem.inputs, job.learning.hidden, options=options)
            for above in range(job.remedy.layers)
        )
        self.head = nn.Linear(job.learning.hidden, problem.outputs)
        for layer in self.layers:
            longest = job.length if job.remedy.initial == "chrono" else 0
            initialise(layer.ahead, job.remedy.initial, longest=longest)

    def forward(self, frames: Tensor) -> Tensor:
        """Scores. Shapes: (B, T, F) -> (B, T, outputs)."""
        lengths = torch.full(frames.shape[:1], frames.shape[1])
        states = self.layers[0](frames, lengths)
        for layer in self.layers[1:]:
            states = states + layer(states, lengths)
        return self.head(states)


def train(job: Job) -> Result:
    """Learn from sequences that are all new, until solved or out of steps; judge on others."""
    torch.manual_seed(job.learning.seed)
    problem, net = PROBLEMS[job.problem], Net(job)
    draw = torch.Generator().manual_seed(job.learning.seed + 1)
    optimizer = torch.optim.Adam(net.parameters(), lr=job.rate)
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / WINDOW))
    losses: list[float] = []
    begin = time.process_time()  # of this process alone: the same whatever else the machine does
    for _ in range(job.steps):
        frames, targets = problem.draw(job.learning.batch, job.length, draw)
        loss = problem.loss(net(frames), targets)
        optimizer.zero_grad()
        loss.backward()
        if job.remedy.clipped:
            clip_gradients(net.parameters(), job.learning.clip)
        optimizer.step()
        rate.step()
        losses.append(loss.item())
        if ended(losses, job.learning.patience, problem.baseline):
            break
    seconds = time.process_time() - begin
    with torch.no_grad():
        frames, targets = problem.draw(400, job.length, torch.Generator().manual_seed(job.learning.seed + 2))
        loss = float(problem.loss(net(frames), targets))
    learned = max(0.0, 1 - loss / problem.baseline) if math.isfinite(loss) else 0.0
    worst = max(one if math.isfinite(one) else math.inf for one in losses[WINDOW:] or losses[-1:])
    exploded = learned < 1 - SOLVED and worst > EXPLODED * problem.baseline
    return Result(job, loss, learned, exploded, len(losses), seconds)


def ended(losses: list[float], patience: int, baseline: float) -> bool:
    """Whether a network has solved its problem, is lost, or has learned nothing for too long."""
    recent = losses[-WINDOW:]
    mean = sum(recent) / len(recent) / baseline
    if not mean < 1e6 or (len(losses) >= WINDOW and mean < ENOUGH):
        return True
    recent = losses[-10 * WINDOW :]
    return len(losses) >= patience and sum(recent) / len(recent) / baseline > HOPELESS


def train_row(jobs: list[Job], folder: Path) -> list[Result]:
    """One cell and remedy over growing lengths, up to the first of which less than half is learned."""
    results = []
    for job in jobs:
        result = kept(job, folder) or train(job)
        write_file(folder / job.file, json.dumps(asdict(result), indent=1) + "\n")
        results.append(result)
        if result.learned < 0.5:
            break
    return results


def row_of(results: list[Result], job: Job) -> dict[int, Result]:
    """What came of a job's cell and remedy in its problem, by length."""
    same = (job.problem, job.cell, job.remedy)
    return {one.job.length: one for one in results if (one.job.problem, one.job.cell, one.job.remedy) == same}


def kept(job: Job, folder: Path) -> Result | None:
    """The result of a job that has been done already, by the same settings."""
    try:
        values = json.loads((folder / job.file).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Result(**{**values, "job": job}) if values["job"] == asdict(job) else None


@dataclass(frozen=True)
class Curve:
    """How far back gradients reach in a cell before anything is learned: the spectral norm at each lag, from 0."""

    cell: str
    initial: str
    norms: tuple[float, ...]


def reach_at_start(job: Job) -> Curve:
    """Measured on one sequence of the problem, from its end to its beginning."""
    torch.manual_seed(job.learning.seed)
    frames, _ = PROBLEMS[job.problem].draw(1, job.length + 1, torch.Generator().manual_seed(job.learning.seed + 2))
    return Curve(job.cell, job.remedy.initial, gradient_reach(Net(job).layers[0], frames, lags=job.length).norms)


def starts(rows: list[list[Job]]) -> list[Job]:
    """One job for each cell and way to start, at the greatest length."""
    found = {(row[-1].cell, row[-1].remedy.initial): row[-1] for row in rows if row[-1].remedy.layers == 1}
    return list(found.values())
