"""What makes gradients vanish or explode, and which remedy cures what: two problems of memory, 50 to 1000 steps long.

Each network is small and trained alone; its result is kept in a file of its own, so that `--resume` does the rest only.
"""

import multiprocessing
import os
import signal
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
from grid import REMEDIES, Job, Learning, Result, reach_at_start, starts, train_row
from picture import draw
from table import table
from tasks import PROBLEMS

from rnnaudio.cli.recipe import run_recipe
from rnnaudio.errors import ConfigError
from rnnaudio.files import write_file

# glibc gives large buffers back to the system after each step and fetches them again page by page. Told to keep them,
# an LSTM over 500 steps trains 1.6 times faster. Other allocators pass over these.
ALLOCATOR = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_TRIM_THRESHOLD_")


@dataclass(frozen=True)
class Gradients:
    """Settings of this recipe."""

    problems: tuple[str, ...] = ("adding", "copying")
    """What to learn: adding (Hochreiter & Schmidhuber 1997), copying (Arjovsky et al. 2016)."""
    only: tuple[str, ...] = ()
    """Cells to train: rnn, irnn, lstm, gru, ligru, mingru, minlstm; empty for all."""
    lengths: tuple[int, ...] = (50, 100, 200, 500, 1000)
    """Steps between what is to be kept and where it is asked for, at most."""
    learning: Learning = field(default_factory=Learning)
    processes: int = 2
    """Networks trained at the same time, one thread each."""
    output: Path = Path("runs/gradients")
    """Folder for results, table and picture."""

    def __post_init__(self) -> None:
        """Name the first setting that cannot be."""
        for name, known in (("problems", PROBLEMS), ("only", REMEDIES)):
            for one in getattr(self, name):
                if one not in known:
                    raise ConfigError(f"{name} has {one!r}; choose from {', '.join(known)}.")
        if not self.lengths or min(self.lengths) < 2:
            raise ConfigError(f"lengths is {self.lengths}; give lengths of 2 or more.")
        if self.processes < 1:
            raise ConfigError(f"processes is {self.processes}; it must be 1 or more.")


def main(recipe: Gradients, resume: bool, resume_with: str) -> None:
    folder = recipe.output / "results"
    folder.mkdir(parents=True, exist_ok=True)
    for file in [] if resume else folder.glob("*.json"):
        file.unlink()
    for name in ALLOCATOR:
        os.environ.setdefault(name, str(2**30))  # read by the processes that begin now
    rows, results = grid(recipe), list[Result]()
    with multiprocessing.get_context("spawn").Pool(recipe.processes, alone) as pool:
        for row in pool.imap_unordered(partial(train_row, folder=folder), rows):
            results += row
            job, came = row[0].job, ", ".join(f"{one.job.length}: {one}" for one in row)
            print(f"{job.problem} {job.cell}, {job.remedy.name}: {came}", flush=True)
        curves = pool.map(reach_at_start, starts(rows))
    write_file(recipe.output / "table.md", table(rows, results))
    draw(rows, results, curves, recipe.output / "gradients.png")
    spent = sum(one.seconds for one in results)
    print(f"\n{table(rows, results)}\n{len(results)} networks, {spent:.0f} s of CPU time to train them")


def grid(recipe: Gradients) -> list[list[Job]]:
    """Each problem, cell and remedy at every length; first what gets furthest, and so takes longest."""
    rows = [
        [Job(problem, cell, remedy, length, recipe.learning) for length in sorted(set(recipe.lengths))]
        for problem in recipe.problems
        for cell in recipe.only or REMEDIES
        for remedy in REMEDIES[cell]
    ]
    return sorted(rows, key=lambda row: -REMEDIES[row[0].cell].index(row[0].remedy))


def alone() -> None:
    """What a process does first: one thread; Ctrl-C is for the process that began it."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    run_recipe(main, Gradients, __file__)
