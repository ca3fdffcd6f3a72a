"""What happens around the steps: counting them, stopping between two of them, saving without losing anything."""

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Callback

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


class SaveState(Callback):
    """Writes the state a resume starts from: every so many steps, after each epoch, and on Ctrl-C.

    The first Ctrl-C lets the step finish, saves, and ends with the command that goes on; a second one ends at once.
    """

    def __init__(self, path: Path, every: int, resume_with: str) -> None:
        self.path, self.every, self.resume_with = path, every, resume_with
        self._asked = False
        self._before: Any = None

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Listen for Ctrl-C."""
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._ask)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Stop listening."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save if it is time, or if asked to stop; the last step of an epoch waits for its validation."""
        assert isinstance(pl_module, Task)
        if trainer.is_last_batch:
            return
        if self._asked or pl_module.done_steps % self.every == 0:
            self._save(trainer, pl_module)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save once validation of the epoch is known."""
        assert isinstance(pl_module, Task)
        self._save(trainer, pl_module)

    def _save(self, trainer: pl.Trainer, task: Task) -> None:
        trainer.save_checkpoint(self.path)
        if self._asked:
            raise InterruptedTrainingError(
                f"stopped after step {task.done_steps}; all of it is saved. Go on with: {self.resume_with}"
            )

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
