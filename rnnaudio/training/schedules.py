"""How the learning rate moves over a run."""

import math
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from rnnaudio.training.config import TrainingConfig

FLOOR = 1e-3  # the share of the highest rate at which warm-up starts and a cosine ends


def rate_at(step: int, steps: int, config: TrainingConfig) -> float:
    """The share of the highest rate used at `step` of `steps`, for the schedules that follow the clock.

    "cosine": linear warm-up, then half a cosine (Loshchilov & Hutter 2017, arXiv:1608.03983).
    "one_cycle": a cosine up over the warm-up and a cosine down (Smith & Topin 2018, arXiv:1708.07120).

    >>> config = TrainingConfig(schedule="cosine", warmup=0.5)
    >>> [round(rate_at(step, 4, config), 2) for step in range(4)]
    [0.0, 0.5, 1.0, 0.5]
    """
    rising = max(1, round(config.warmup * steps))
    if config.warmup and step < rising:
        share = step / rising
        if config.schedule == "one_cycle":
            share = (1 - math.cos(math.pi * share)) / 2
        return FLOOR + (1 - FLOOR) * share
    if config.schedule in ("cosine", "one_cycle"):
        done = (step - rising) / max(1, steps - rising) if config.warmup else step / max(1, steps)
        return FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * min(1.0, done))) / 2
    return 1.0


def scheduler(optimizer: Optimizer, steps_per_epoch: int, config: TrainingConfig) -> dict[str, Any]:
    """The schedule in the form Lightning takes.

    "plateau" tenths the rate after three epochs without gain; "new_bob" halves it after each epoch that gains less
    than a quarter percent, as QuickNet did.
    """
    if config.schedule in ("plateau", "new_bob"):
        judged: ReduceLROnPlateau
        if config.schedule == "plateau":
            judged = ReduceLROnPlateau(optimizer, patience=3)
        else:
            judged = ReduceLROnPlateau(optimizer, factor=0.5, patience=0, threshold=0.0025)
        # Counted in steps, Lightning moves it before the state of the epoch is saved; counted in epochs, after that.
        return {
            "scheduler": judged,
            "monitor": "valid_monitor",
            "interval": "step",
            "frequency": steps_per_epoch,
        }
    steps = config.epochs * steps_per_epoch
    return {"scheduler": LambdaLR(optimizer, lambda step: rate_at(step, steps, config)), "interval": "step"}
