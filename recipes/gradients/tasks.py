"""Two problems that need a memory and nothing else: no network that forgets can do better than the baseline."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

SYMBOLS, RECALLED = 8, 10


@dataclass(frozen=True)
class Problem:
    """Where sequences come from, what is asked of a network, and what one without memory reaches."""

    inputs: int
    outputs: int
    baseline: float
    draw: Callable[[int, int, torch.Generator], tuple[Tensor, Tensor]]
    """(batch, length, generator) -> frames (B, T, inputs) and targets."""
    loss: Callable[[Tensor, Tensor], Tensor]
    """From scores (B, T, outputs) and targets."""


def draw_adding(batch: int, length: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Random numbers, two of them marked, one in each half; their sum is asked for at the end.

    Shapes: frames (B, T, 2) of numbers in 0 to 1 and marks; targets (B,).
    """
    numbers, marks = torch.rand(batch, length, generator=generator), torch.zeros(batch, length)
    rows, half = torch.arange(batch), length // 2
    marks[rows, torch.randint(half, (batch,), generator=generator)] = 1.0
    marks[rows, torch.randint(half, length, (batch,), generator=generator)] = 1.0
    return torch.stack([numbers, marks], dim=2), (numbers * marks).sum(dim=1)


def draw_copying(batch: int, length: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Ten symbols out of eight, `length` blanks, a sign to go, and ten blanks over which the symbols are asked for.

    Shapes: frames (B, length + 20, 10), one for each symbol, blank and sign; targets (B, 10).
    """
    symbols = torch.randint(SYMBOLS, (batch, RECALLED), generator=generator)
    ids = torch.full((batch, length + 2 * RECALLED), SYMBOLS)  # blank
    ids[:, :RECALLED] = symbols
    ids[:, -RECALLED - 1] = SYMBOLS + 1  # the sign
    return nn.functional.one_hot(ids, SYMBOLS + 2).float(), symbols


def adding_loss(scores: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error after the last frame."""
    return nn.functional.mse_loss(scores[:, -1, 0], targets)


def copying_loss(scores: Tensor, targets: Tensor) -> Tensor:
    """Mean negative log probability of the symbols asked for, in nats; the blanks before them ask for nothing."""
    return nn.functional.cross_entropy(scores[:, -RECALLED:].transpose(1, 2), targets)


PROBLEMS = {
    # Always saying 1 leaves the variance of two numbers from 0 to 1.
    "adding": Problem(2, 1, 1 / 6, draw_adding, adding_loss),
    "copying": Problem(SYMBOLS + 2, SYMBOLS, math.log(SYMBOLS), draw_copying, copying_loss),
}
