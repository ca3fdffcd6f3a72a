"""What happens around the steps: counting them, stopping between two of them, saving without losing anything."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Callback, Checkpoint, RichProgressBar

from rnnaudio.errors import RnnaudioError
from rnnaudio.training.task import Task


class InterruptedTrainingError(RnnaudioError):
    """Ctrl-C, after the state has been saved; says how to go on."""


class CountSteps(Callback):
    """Counts finished training batches before any checkpoint of the same step is written."""

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """One more."""
        assert isinstance(pl_module, Task)
        pl_module.done_steps += 1


class Bar(RichProgressBar):
    """Progress with the figures of the run, without the loggers' version."""

    def get_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> dict[str, Any]:
        """What stands beside the bar."""
        figures = super().get_metrics(trainer, pl_module)
        return {name: value for name, value in figures.items() if name != "v_num"}


class SaveState(Checkpoint):
    """Writes the state a resume starts from: every so many steps, after each epoch, and on Ctrl-C.

    The first Ctrl-C lets the step finish, saves, and ends with the command that goes on; a second one ends at once.
    With several processes all stop after the same step, whichever heard the Ctrl-C first.

    It is a `Checkpoint` only because Lightning calls those last, in the order they are given: what it writes then knows
    what the keeper of the best weights has found out in the same epoch.
    """

    def __init__(self, path: Path, every: int, resume_with: str) -> None:
        self.path, self.every, self.resume_with = path, every, resume_with
        self._asked = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear Ctrl-C while the block, a whole training, runs; inside it Lightning would put back what it had found."""
        if threading.current_thread() is not threading.main_thread():
            yield  # signals are the main thread's
            return
        before = signal.signal(signal.SIGINT, self._ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save if it is time, or if asked to stop; the last step of an epoch waits for its validation."""
        assert isinstance(pl_module, Task)
        if trainer.is_last_batch:
            return
        stop = self._to_stop(trainer)
        if stop or pl_module.done_steps % self.every == 0:
            self._save(trainer, pl_module, stop)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save once validation of the epoch is known."""
        assert isinstance(pl_module, Task)
        self._save(trainer, pl_module, self._to_stop(trainer))

    def _to_stop(self, trainer: pl.Trainer) -> bool:
        return trainer.strategy.reduce_boolean_decision(self._asked, all=False)

    def _save(self, trainer: pl.Trainer, task: Task, stop: bool) -> None:
        # Lightning's own saving moves a file from the system's temporary folder, which is a slow copy across disks: a
        # kill in the middle of it would leave half a state. A rename has no middle.
        part = self.path.with_name(f".{self.path.name}.part")
        try:
            trainer.save_checkpoint(part)
            if trainer.is_global_zero:
                part.replace(self.path)
        finally:
            if trainer.is_global_zero:
                part.unlink(missing_ok=True)
        if stop:
            raise InterruptedTrainingError(
                f"stopped after step {task.done_steps}; all of it is saved. Go on with: {self.resume_with}"
            )

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
