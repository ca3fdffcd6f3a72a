"""One Lightning task for every model: steps, schedule, what is logged, and what happens when a number is not finite."""

import math
import random
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.utils.data import DataLoader

from rnnaudio.errors import DataError
from rnnaudio.nn.clipping import clip_gradients
from rnnaudio.nn.penalties import Penalties
from rnnaudio.training.config import TrainingConfig
from rnnaudio.training.schedules import scheduler

Batch = TypeVar("Batch", contravariant=True)


class Learner(Protocol[Batch]):
    """What a kind of model adds to be trained: its batches, its losses, and how an answer is judged."""

    @property
    def model(self) -> nn.Module:
        """What is trained."""

    score_name: str
    """What the score is called in logs; lower is better."""

    def train_batches(self, position: Callable[[], tuple[int, int]], rank: int, world: int, workers: int) -> DataLoader:
        """Training batches for one process; each pass is the rest of the epoch from `position()` = epoch, batch."""

    def steps_per_epoch(self, world: int) -> int:
        """Training batches of one epoch and process, the same for each."""

    def valid_batches(self, rank: int, world: int) -> DataLoader:
        """Validation batches for one process."""

    def losses(self, batch: Batch) -> Tensor:
        """The loss of each item, (B,)."""

    def names(self, batch: Batch) -> tuple[str, ...]:
        """The name of each item, for messages."""

    def judge(self, batch: Batch) -> Tensor:
        """Sums over a batch that can be added up over batches and processes, (K,) float64."""

    def score(self, sums: Tensor) -> dict[str, float]:
        """Figures out of added sums; the one under `score_name` is what "best" is judged by."""


class Task(pl.LightningModule, Generic[Batch]):
    """Trains what a learner holds. All randomness of a step follows from (seed, step), so a step can be made again."""

    def __init__(self, learner: Learner[Batch], config: TrainingConfig) -> None:
        super().__init__()
        self.learner, self.config = learner, config
        self.model = learner.model
        self.penalties = Penalties(self.model, config.penalties)
        self.done_steps = 0  # training batches finished since the beginning; what a resume goes on from
        self.skipped = 0
        self._last: tuple[tuple[str, ...], Tensor] = ((), torch.zeros(0))
        self._sums: list[Tensor] = []
        self.history: list[dict[str, float]] = []

    def train_dataloader(self) -> DataLoader:
        """Training data; each pass goes on from where the run stands."""
        steps = self.learner.steps_per_epoch(self.trainer.world_size)
        return self.learner.train_batches(
            lambda: divmod(self.done_steps, steps),
            self.trainer.global_rank,
            self.trainer.world_size,
            self.config.workers,
        )

    def val_dataloader(self) -> DataLoader:
        """All validation data, shared out over the processes."""
        return self.learner.valid_batches(self.trainer.global_rank, self.trainer.world_size)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Seed what the step draws (dropout) by the step alone."""
        seed_step(self.config.seed, self.done_steps, self.trainer.global_rank)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The mean loss of a batch, and the penalties of its rows."""
        with self.penalties.listening():
            losses = self.learner.losses(batch)
        self.log("train_loss", losses.detach().mean(), prog_bar=True, batch_size=len(losses))
        if self.config.penalties.active:
            penalties = self.penalties.of_rows()
            self.log("train_penalty", penalties.detach().mean(), batch_size=len(losses))
            losses = losses + penalties
        self._last = (self.learner.names(batch), losses.detach())
        return losses.mean()

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the gradient; pass over a step where it is not finite, and say which utterances that came from."""
        norm = clip_gradients(self.model.parameters(), self.config.clip or math.inf, self.config.clip_by)
        self.log("gradient_norm", norm)  # before clipping
        if norm.isfinite():
            return
        # Gradients are the same in every process by now, so each takes the same turn here.
        optimizer.zero_grad(set_to_none=True)
        self.skipped += 1
        names, losses = self._last
        bad = [name for name, loss in zip(names, losses.isfinite().tolist(), strict=True) if not loss]
        words = ", ".join(bad or names)
        if self.skipped > self.config.skip_nonfinite:
            raise DataError(
                f"{self.skipped} training steps had a gradient that is not finite, the last on {words}. "
                "Look at these recordings, or lower training.learning_rate."
            )
        self.print(f"step {self.done_steps} passed over: its gradient is not finite ({words}).")

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Add up what the learner counts."""
        self._sums.append(self.learner.judge(batch))

    def on_validation_epoch_end(self) -> None:
        """Figures over all validation data of all processes."""
        total = torch.stack(self._sums).sum(dim=0)
        self._sums = []
        if self.trainer.world_size > 1:
            total = self.trainer.strategy.reduce(total.to(self.device), reduce_op="sum")
        figures = self.learner.score(total)
        # Equal scores are common on small validation sets; the loss then decides which is the better one.
        score = figures[self.learner.score_name] + 1e-4 * min(figures["loss"], 100.0)
        figures["monitor"] = figures["loss"] if self.config.monitor == "loss" else score
        for name, value in figures.items():
            self.log(f"valid_{name}", value, prog_bar=name == self.learner.score_name)
        if not self.trainer.sanity_checking:
            self.history.append({"epoch": float(self.current_epoch), **figures})

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Optimizer and schedule; biases and gains of norms are not decayed."""
        config = self.config
        decayed = [parameter for parameter in self.model.parameters() if parameter.ndim > 1]
        others = [parameter for parameter in self.model.parameters() if parameter.ndim <= 1]
        groups: list[dict[str, Any]] = [
            {"params": decayed, "weight_decay": config.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        optimizer: torch.optim.Optimizer
        if config.optimizer == "sgd":
            optimizer = torch.optim.SGD(groups, lr=config.learning_rate, momentum=0.9)
        else:
            kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
            optimizer = kind(groups, lr=config.learning_rate)
        steps = self.learner.steps_per_epoch(self.trainer.world_size)
        return {"optimizer": optimizer, "lr_scheduler": scheduler(optimizer, steps, config)}  # type: ignore[return-value]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep where the run stands."""
        checkpoint["rnnaudio"] = {
            "done_steps": self.done_steps,
            "skipped": self.skipped,
            "history": self.history,
            "processes": self.trainer.world_size,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on from where the run stood."""
        state = checkpoint["rnnaudio"]
        self.done_steps, self.skipped, self.history = state["done_steps"], state["skipped"], state["history"]

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Batches know how to move."""
        return batch.to(device)


def seed_step(seed: int, step: int, rank: int = 0) -> None:
    """Seed torch, numpy and Python for one step of one process.

    >>> seed_step(1, 2); first = torch.rand(1); seed_step(1, 2); bool(torch.rand(1) == first)
    True
    """
    drawn = np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)[0]
    torch.manual_seed(int(drawn) % 2**63)
    np.random.seed(int(drawn) % 2**32)
    random.seed(int(drawn))
