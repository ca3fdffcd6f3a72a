"""Going on with a run: only by its own settings, and only from a state that is whole and fits."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import nn

from rnnaudio.errors import ConfigError
from rnnaudio.files import write_file
from rnnaudio.settings import read_yaml

ANEW = "Without --resume, training begins anew."
FREE = frozenset(
    f"training.{name}"
    for name in ("device", "epochs", "monitor_gradients", "patience", "progress", "save_steps", "threads", "workers")
) | {"output"}
"""Settings that may change between a run and its resume. Only `epochs` bears on a step, by the schedule's length."""


def keep_settings(path: Path, settings: Mapping[str, Any]) -> None:
    """Write the settings of a run into its output folder, where `rnnaudio train --config` and a resume find them."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True))
    except OSError as error:
        raise ConfigError(
            f"{path.parent} cannot be written to ({error.strerror or error}). Choose another output."
        ) from error


def check_settings(path: Path, settings: Mapping[str, Any]) -> None:
    """Raise `ConfigError` if a run that is to go on began with other settings.

    >>> check_settings(Path("nowhere/config.yaml"), {})
    """
    if not path.is_file():
        return
    before, now = dict(_flat(read_yaml(path))), dict(_flat(settings))
    for name in now:
        if name not in FREE and name in before and before[name] != now[name]:
            raise ConfigError(
                f"{name} was {before[name]} when this run began and is {now[name]} now; a resume keeps it. {ANEW}"
            )


def check_state(path: Path, task: nn.Module, processes: int, steps: int) -> None:
    """Raise `ConfigError` if the saved state of a run is damaged, of another model or number of processes, or too old.

    `steps` is how many the whole run is to have.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        weights, position = state["state_dict"], state["rnnaudio"]
    except Exception as error:
        raise ConfigError(f"{path} is damaged, it cannot be gone on from. {ANEW}") from error
    for name, tensor in task.state_dict().items():
        if name not in weights or weights[name].shape != tensor.shape:
            raise ConfigError(f"{path} is of another model (at {name}): were other recordings trained on? {ANEW}")
    if position["done_steps"] > steps:
        raise ConfigError(f"{path} is {position['done_steps']} steps old, training.epochs asks for {steps}. {ANEW}")
    if position["processes"] != processes:
        raise ConfigError(
            f"{path} is of a training by {position['processes']} processes; this one has {processes}. {ANEW}"
        )


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
