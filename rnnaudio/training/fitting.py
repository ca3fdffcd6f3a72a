"""Fit a model: a Lightning trainer set up once, for one process or many, that can be stopped and gone on with."""

import logging
import shutil
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rnnaudio.errors import ConfigError
from rnnaudio.training.callbacks import Bar, CountSteps, InterruptedTrainingError, SaveState
from rnnaudio.training.config import TrainingConfig
from rnnaudio.training.gradients import GradientMonitor
from rnnaudio.training.processes import first_process
from rnnaudio.training.resume import check_state
from rnnaudio.training.task import Learner, Task, seed_step

STATE = "last.ckpt"


@dataclass(frozen=True)
class FitResult:
    """What came of a run: validation figures after each epoch, the best of them, steps and wall-clock seconds."""

    history: tuple[dict[str, float], ...]
    best: dict[str, float]
    steps: int
    seconds: float
    first: bool = True
    """Whether this process is the one of several that writes and prints."""


def fit(
    learner: Learner[Any],
    config: TrainingConfig,
    output: Path,
    resume: bool = False,
    resume_with: str = "the same command and --resume",
) -> FitResult:
    """Train `learner.model` in place; at the end it holds the best (or averaged) weights and stands in evaluation mode.

    Checkpoints and logs go to `output`. With `resume` the run goes on from the state saved there, bit for bit as if it
    had never stopped, or starts anew if there is none. Raises `RnnaudioError` in one line for what a user can mend.
    """
    import lightning.pytorch as pl

    if config.threads:
        torch.set_num_threads(config.threads)
    state = output / "checkpoints" / STATE
    if first_process():
        _make_room(output, state, resume)
    task = Task(learner, config)
    _quiet()
    seed_step(config.seed, 0)
    processes = config.devices * config.nodes
    steps = learner.steps_per_epoch(processes)
    if steps == 0:
        raise ConfigError("there is no training data.")
    resume = resume and state.exists()
    if resume:
        check_state(state, task, processes, config.epochs * steps)
    saver = SaveState(state, config.save_steps, resume_with)
    try:
        trainer = pl.Trainer(
            max_epochs=config.epochs,
            accelerator=config.device,
            devices=config.devices,
            num_nodes=config.nodes,
            strategy="ddp" if processes > 1 else "auto",
            precision="bf16-mixed" if config.precision == "bf16" else "32-true",
            callbacks=[*_callbacks(config, output), saver],
            logger=_loggers(output),
            log_every_n_steps=min(10, steps),
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
            enable_progress_bar=_shows_bar(config),
            enable_model_summary=False,
            default_root_dir=output,
        )
    except (RuntimeError, ValueError, pl.utilities.exceptions.MisconfigurationException) as error:
        raise ConfigError(f"training cannot start on this machine: {' '.join(str(error).split())}") from error
    begin = time.perf_counter()
    try:
        with saver.listening():
            trainer.fit(task, ckpt_path=state if resume else None, weights_only=True)
    except OSError as error:
        raise ConfigError(
            f"the state of training cannot be saved in {output} ({error.strerror or error}). Mend that; "
            f"the state saved before is whole. Go on with: {resume_with}"
        ) from error
    except InterruptedTrainingError:
        if not trainer.is_global_zero:  # the first process says it
            sys.exit(2)
        raise
    except SystemExit:
        if trainer.interrupted:  # a second Ctrl-C, which Lightning turns into this
            raise KeyboardInterrupt from None
        raise
    seconds = time.perf_counter() - begin
    _take_best(trainer, task, config)
    learner.model.eval()
    best = min(task.history, key=lambda figures: figures["monitor"], default={})
    return FitResult(tuple(task.history), best, task.done_steps, seconds, trainer.is_global_zero)


def _callbacks(config: TrainingConfig, output: Path) -> list[Any]:
    from lightning.pytorch.callbacks import (
        EarlyStopping,
        EMAWeightAveraging,
        LearningRateMonitor,
        ModelCheckpoint,
    )

    callbacks: list[Any] = [CountSteps()]
    if config.ema:
        callbacks.append(EMAWeightAveraging(decay=config.ema))
    callbacks.append(
        ModelCheckpoint(
            dirpath=output / "checkpoints",
            filename="best-{epoch}",
            monitor="valid_monitor",
            save_top_k=config.keep_best,
            save_weights_only=not config.ema,  # the moving average is only put into a whole checkpoint
        )
    )
    if config.patience:
        callbacks.append(EarlyStopping("valid_monitor", patience=config.patience))
    callbacks.append(LearningRateMonitor("step"))
    if config.monitor_gradients:
        callbacks.append(GradientMonitor(config.monitor_gradients))
    if _shows_bar(config):
        callbacks.append(Bar(console_kwargs={"stderr": True}))
    return callbacks


def _make_room(output: Path, state: Path, resume: bool) -> None:
    """Remove the state of another run, or keep the log of the one that goes on from being overwritten."""
    try:
        if not resume and state.parent.exists():
            shutil.rmtree(state.parent)
        state.parent.mkdir(parents=True, exist_ok=True)
        log = output / "logs" / "metrics.csv"
        if resume and log.exists():
            earlier = len(list(log.parent.glob("metrics.until-resume-*.csv")))
            log.replace(log.with_name(f"metrics.until-resume-{earlier + 1}.csv"))
    except OSError as error:
        raise ConfigError(
            f"{output} cannot be written to ({error.strerror or error}). Choose another output."
        ) from error


def _shows_bar(config: TrainingConfig) -> bool:
    return config.progress and sys.stderr.isatty()


def _loggers(output: Path) -> list[Any]:
    from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

    return [
        CSVLogger(output, name="logs", version=""),
        TensorBoardLogger(output, name="logs", version="tensorboard"),
    ]


def _take_best(trainer: Any, task: Task, config: TrainingConfig) -> None:
    """Put the weights to keep into the model: of the best checkpoint, or the mean of the kept ones."""
    from lightning.pytorch.callbacks import ModelCheckpoint

    keeper = next(one for one in trainer.callbacks if type(one) is ModelCheckpoint)
    paths = sorted(keeper.best_k_models) if config.average_best else [keeper.best_model_path]
    states = [_weights(Path(path)) for path in paths if path]
    if not states:
        return
    mean: dict[str, Tensor] = {}
    for name, tensor in states[0].items():
        if tensor.is_floating_point():
            mean[name] = torch.stack([state[name].double() for state in states]).mean(dim=0).to(tensor.dtype)
        else:
            mean[name] = tensor
    task.model.load_state_dict(mean)


def _weights(path: Path) -> dict[str, Tensor]:
    state = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    return {name.removeprefix("model."): tensor for name, tensor in state.items() if name.startswith("model.")}


def _quiet() -> None:
    for name in ("lightning.pytorch", "lightning.pytorch.utilities.rank_zero", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    warnings.filterwarnings("ignore", message=".*dataloader is not resumable.*")  # ours is, by its sampler
    warnings.filterwarnings("ignore", message=".*exists and is not empty.*")
    warnings.filterwarnings("ignore", message=".*sync_dist=True.*")  # figures are added up before they are logged
    warnings.filterwarnings("ignore", message=".*The `srun` command is available.*")
    warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*")
