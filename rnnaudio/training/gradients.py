"""Watching gradients while they are used: how large they are in each layer, how far back they reach, and what to do."""

import sys
from contextlib import ExitStack
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn

from rnnaudio.nn.reach import Reach, Read, reaches, reading
from rnnaudio.nn.recurrent import Recurrent
from rnnaudio.training.task import Task

PROBES = 8
SHOWN = (1, 2, 5, 10, 20, 50, 100, 200, 500)  # lags that are logged
GONE = 1e-6  # a gradient so much smaller than another has vanished beside it
TOO_LARGE = 1e3  # one so much larger has exploded


class GradientMonitor(Callback):
    """Looks at the gradients of every `every`-th step, logs what it sees, and says in words what looks wrong.

    Logged are, before clipping:

    - `gradient_norm/LAYER`: the norm of the loss's gradient by the weights of each recurrent layer, and by those of
      each other part of the model;
    - `gradient_reach/CELL/K`: how much of a gradient is left K steps back, for each direction of each layer: the
      state's Jacobian over K steps on the longest row of the batch, from the last step read (`rnnaudio.nn.reach`), as
      the root mean square over all directions, by 8 random ones. It is 1 at lag 0. The gradient of the loss by the
      states would mix this with where in the row the loss comes from.

    A warning, one line to standard error, is given where a cell's reach falls below 1e-6 within `horizon` steps (it
    more than halves with each), rises above 1000 within `lags` steps or is not finite, and where a layer's norm is a
    millionth of the largest one's, or above 1000. Each kind is given once in `again` steps for each layer.

    It draws from a generator of its own and leaves weights, gradients and modes alone: a run with it has the same bits.
    With several processes the first one looks.
    """

    def __init__(self, every: int, lags: int = 100, horizon: int = 20, again: int = 1000) -> None:
        self.every, self.lags, self.horizon, self.again = every, lags, horizon, again
        self._watching: ExitStack | None = None
        self._read: Read = {}
        self._said: dict[tuple[str, str], int] = {}

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Keep what the layers read, if this is a step to look at."""
        assert isinstance(pl_module, Task)
        if pl_module.done_steps % self.every == 0 and trainer.is_global_zero:
            self._watching = ExitStack()
            self._read = self._watching.enter_context(reading(pl_module.model))

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        """Measure, log, warn."""
        if self._watching is None:
            return
        assert isinstance(pl_module, Task)
        self._stop()
        norms = layer_norms(pl_module.model)
        found = reaches(self._read, lags=self.lags, norm="frobenius", probes=PROBES)
        figures = {f"gradient_norm/{name}": norm for name, norm in norms.items()}
        for name, reach in found.items():
            figures |= {f"gradient_reach/{name}/{lag}": reach.gains[lag] for lag in SHOWN if lag in reach.lags}
        for logger in trainer.loggers:
            logger.log_metrics(figures, step=trainer.global_step)
        for name, reach in found.items():
            layer = self._read[name.rpartition(".")[0]][0]
            self._judge_reach(pl_module, name, reach, layer)
        self._judge_norms(pl_module, norms)
        self._read = {}

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Leave no hooks behind."""
        self._stop()

    def _judge_reach(self, task: Task, name: str, reach: Reach, layer: Recurrent) -> None:
        gated = len(layer.ahead.gate_names) > 1
        for lag, gain in zip(reach.lags, reach.gains, strict=True):
            if not gain <= TOO_LARGE:
                start = "" if gated else "encoder.initial: orthogonal, "
                advice = f"{start}{_clip(task)}a lower training.learning_rate"
                self._say(task, "reach explodes", name, f"grow {gain:.0e}-fold over {lag} frames: try {advice}")
                return
            if gain < GONE and lag <= self.horizon:
                advice = (
                    "encoder.initial: chrono with encoder.longest"
                    if gated
                    else "encoder.cell: lstm, or encoder.initial: orthogonal"
                )
                self._say(task, "reach vanishes", name, f"shrink {gain:.0e}-fold over {lag} frames: try {advice}")
                return

    def _judge_norms(self, task: Task, norms: dict[str, float]) -> None:
        largest = max(norms.values(), default=0.0)
        for name, norm in norms.items():
            if not norm <= TOO_LARGE:
                words = f"exploded, their norm is {norm:.0e}: try {_clip(task)}a lower training.learning_rate"
                self._say(task, "norm explodes", name, words)
            elif norm < GONE * largest:
                words = f"are {norm / largest:.0e} of the largest ones: try encoder.interaction: residual"
                self._say(task, "norm vanishes", name, f"{words}, encoder.norm: layer")

    def _say(self, task: Task, kind: str, name: str, words: str) -> None:
        last = self._said.get((kind, name))
        if last is None or task.done_steps - last >= self.again:
            self._said[kind, name] = task.done_steps
            print(f"rnnaudio: step {task.done_steps}: gradients of {name} {words}.", file=sys.stderr)

    def _stop(self) -> None:
        if self._watching is not None:
            self._watching.close()
            self._watching = None


def layer_norms(model: nn.Module) -> dict[str, float]:
    """The norm of the gradient by the weights of each recurrent layer, and of each other part of a model.

    >>> model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))
    >>> model(torch.ones(1, 1)).sum().backward()
    >>> list(layer_norms(model))
    ['0', '1']
    """
    layers = [name for name, part in model.named_modules() if isinstance(part, Recurrent)]
    gradients: dict[str, list[Tensor]] = {}
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            owner = next((layer for layer in layers if name.startswith(f"{layer}.")), name.partition(".")[0])
            gradients.setdefault(owner, []).append(parameter.grad)
    return {owner: float(torch.nn.utils.get_total_norm(some)) for owner, some in gradients.items()}


def _clip(task: Task) -> str:
    return "training.clip: 1.0, " if task.config.clip == 0 else ""
