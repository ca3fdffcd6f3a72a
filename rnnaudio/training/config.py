"""Settings of training that do not depend on what is trained."""

import math
from dataclasses import dataclass, field
from typing import Literal

from rnnaudio.errors import ConfigError
from rnnaudio.nn.clipping import ClipBy
from rnnaudio.nn.penalties import PenaltyConfig


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained.

    >>> TrainingConfig(epochs=3).schedule
    'one_cycle'
    """

    seed: int = 0
    """Everything random in a run follows from this one number."""
    epochs: int = 30
    """Times the training data is gone through at most."""
    batch_seconds: float = 60.0
    """Audio in one batch, padding included; fewer or more utterances as they are long or short."""
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    """The rule of the steps; sgd has a momentum of 0.9."""
    learning_rate: float = 2e-3
    """The highest rate the schedule reaches."""
    weight_decay: float = 1e-2
    """Pull of the weights towards zero (decoupled for adamw)."""
    penalties: PenaltyConfig = field(default_factory=PenaltyConfig)
    """What is added to the loss in training: l1 and l2 of weights, size and movement of states; nothing by default."""
    schedule: Literal["constant", "cosine", "one_cycle", "plateau", "new_bob"] = "one_cycle"
    """How the rate moves: warm-up then constant or cosine, one cycle, or halving when validation stands still."""
    warmup: float = 0.1
    """Share of all steps in which the rate rises from near zero (one_cycle: 0.3 is usual)."""
    clip: float = 1.0
    """Longest gradient, measured as clip_by says; 0 for no clipping."""
    clip_by: ClipBy = "norm"
    """What is held: the norm over all weights, each value, or each unit's norm against its weights' (adaptive)."""
    monitor_gradients: int = 0
    """Steps between two looks at the gradients of each layer, logged, with a warning where they vanish; 0 for none."""
    patience: int = 0
    """Stop early after this many epochs without a better validation score; 0 goes on to the end."""
    monitor: Literal["score", "loss"] = "score"
    """What "better" means on validation: the task's own score (word error rate for speech) or the loss."""
    keep_best: int = 1
    """Checkpoints to keep, the best on validation."""
    average_best: bool = False
    """Give the model the mean weights of the kept checkpoints rather than those of the best one."""
    ema: float = 0.0
    """Decay of an exponential moving average of the weights that is validated and kept; 0 for none."""
    save_steps: int = 200
    """Steps between two saves of the state that `--resume` goes on from (also saved after each epoch)."""
    skip_nonfinite: int = 5
    """Steps with a non-finite gradient that are passed over, with their utterances named, before training gives up."""
    precision: Literal["32", "bf16"] = "32"
    """Numbers of the network: 32-bit, or bfloat16 where the machine has it."""
    device: Literal["auto", "cpu", "gpu"] = "auto"
    """Where the network runs."""
    devices: int = 1
    """Processes or GPUs per machine, data parallel."""
    nodes: int = 1
    """Machines, data parallel; start one process per machine with torchrun or your cluster's launcher."""
    threads: int = 0
    """CPU threads of each process; 0 leaves torch's choice."""
    workers: int = 0
    """Processes that read and augment audio beside the training one."""
    progress: bool = True
    """Show a progress bar where standard error is a terminal."""

    def __post_init__(self) -> None:
        """Name the first setting that cannot be."""
        least = {"epochs": 1, "keep_best": 1, "save_steps": 1, "devices": 1, "nodes": 1, "seed": 0}
        least |= {"patience": 0, "skip_nonfinite": 0, "threads": 0, "workers": 0, "weight_decay": 0, "clip": 0}
        least |= {"monitor_gradients": 0}
        for name, bound in least.items():
            if not bound <= getattr(self, name) < math.inf:
                raise ConfigError(f"training.{name} is {getattr(self, name)}; it must be {bound} or more.")
        most = {"devices": 256, "nodes": 4096, "threads": 1024, "workers": 256, "seed": 2**63 - 1, "epochs": 10**9}
        for name, bound in most.items():
            if getattr(self, name) > bound:
                raise ConfigError(f"training.{name} is {getattr(self, name)}; it must be {bound} or less.")
        if self.clip == 0 and self.clip_by != "norm":
            raise ConfigError(f"training.clip_by is {self.clip_by} while training.clip is 0: nothing is clipped.")
        for name in ("batch_seconds", "learning_rate"):
            if not 0 < getattr(self, name) < math.inf:
                raise ConfigError(f"training.{name} is {getattr(self, name)}; it must be more than 0.")
        for name in ("warmup", "ema"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"training.{name} is {getattr(self, name)}; it must be 0 or more, under 1.")
