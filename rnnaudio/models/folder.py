"""A model as a folder: `config.yaml`, `model.safetensors`, its vocabulary and a model card. No pickle is ever read."""

import importlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml
from torch import Tensor, nn

from rnnaudio.errors import ConfigError, ModelError
from rnnaudio.settings import read_yaml

FORMAT = 1
CONFIG, WEIGHTS, VOCABULARY, CARD = "config.yaml", "model.safetensors", "vocabulary.txt", "README.md"
PICKLES = {".bin", ".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth"}
KINDS = {"speech": ("rnnaudio.models.speech", "SpeechRecognizer")}
SHIPPED = Path(__file__).parent.parent / "pretrained"


class FolderModel(Protocol):
    """What a class must offer to be loaded by name: itself, out of a folder that has been looked over."""

    @classmethod
    def from_folder(cls, folder: "ModelFolder") -> Any:
        """Build the model and fill in its weights."""


@dataclass(frozen=True)
class ModelFolder:
    """A folder that has been found to hold a whole model."""

    path: Path
    kind: str
    settings: Mapping[str, Any]

    def fill(self, model: nn.Module) -> None:
        """Put the folder's weights into `model`; every tensor must be there, with its shape."""
        from safetensors.torch import load_file

        try:
            weights = load_file(self.path / WEIGHTS)
        except Exception as error:
            raise ModelError(f"{self.path / WEIGHTS} is damaged ({error}). Copy the folder again.") from error
        wanted = model.state_dict()
        for name in (*wanted, *weights):
            if name not in weights or name not in wanted or weights[name].shape != wanted[name].shape:
                raise ModelError(
                    f"{self.path / WEIGHTS} does not fit {CONFIG} beside it (at {name}). Copy the folder again."
                )
            if not weights[name].isfinite().all():
                raise ModelError(f"{self.path / WEIGHTS} holds values that are no numbers (at {name}).")
        model.load_state_dict(weights)


def load(name: str | Path) -> Any:
    """Load a model by its shipped name, its folder, or its Hugging Face hub id (`owner/name`).

    Raises `ModelError` in one line if there is no such model, or it is incomplete, newer than this version, or
    carries a pickle.

    >>> load("no-such-model")
    Traceback (most recent call last):
    ...
    rnnaudio.errors.ModelError: no-such-model is neither a folder nor a shipped model (...
    """
    folder = open_folder(find(name))
    module, cls = KINDS[folder.kind]
    model: FolderModel = getattr(importlib.import_module(module), cls)
    return model.from_folder(folder)


def shipped() -> tuple[str, ...]:
    """Names of the models that come with the package.

    >>> isinstance(shipped(), tuple)
    True
    """
    return tuple(sorted(path.parent.name for path in SHIPPED.glob(f"*/{CONFIG}")))


def find(name: str | Path) -> Path:
    """The folder of a model named in any of the three ways; a hub id is fetched into the hub's own cache.

    >>> find("no-such-model")
    Traceback (most recent call last):
    ...
    rnnaudio.errors.ModelError: no-such-model is neither a folder nor a shipped model (...
    """
    if Path(name).is_dir():
        return Path(name)
    if str(name) in shipped():
        return SHIPPED / str(name)
    text = str(name)
    if text.count("/") != 1 or text.startswith((".", "/", "~")):
        names = ", ".join(shipped()) or "none"
        raise ModelError(f"{name} is neither a folder nor a shipped model ({names}) nor a hub id (owner/name).")
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(text, allow_patterns=["*.yaml", "*.safetensors", "*.txt", "*.md"]))
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{name} is no folder here and cannot be fetched from the hub ({reason}).") from error


def open_folder(path: Path) -> ModelFolder:
    """Look a model folder over before anything of it is used.

    >>> open_folder(Path("nowhere"))
    Traceback (most recent call last):
    ...
    rnnaudio.errors.ModelError: nowhere is not a model folder: it has no config.yaml, no model.safetensors, no ...
    """
    if absent := [name for name in (CONFIG, WEIGHTS, VOCABULARY) if not (path / name).is_file()]:
        raise ModelError(f"{path} is not a model folder: it has no {', no '.join(absent)}.")
    if pickles := sorted(file.name for file in path.iterdir() if file.suffix.lower() in PICKLES):
        raise ModelError(
            f"{path / pickles[0]} may hold a pickle, which can run code; a model here is {CONFIG} and {WEIGHTS}. "
            "Remove the file if you do not need it."
        )
    try:
        settings = read_yaml(path / CONFIG)
    except ConfigError as error:
        raise ModelError(str(error)) from error
    version, kind = settings.pop("format", None), settings.pop("kind", None)
    settings.pop("rnnaudio", None)
    if type(version) is not int or version < 1:
        raise ModelError(f"{path / CONFIG} has no `format: {FORMAT}`; it is not a model's.")
    if version > FORMAT:
        raise ModelError(
            f"{path} is of format {version}, newer than this rnnaudio reads ({FORMAT}). Run pip install -U rnnaudio."
        )
    if kind not in KINDS:
        raise ModelError(f"{path / CONFIG}: kind is {kind!r}; this version knows {', '.join(KINDS)}.")
    return ModelFolder(path, kind, settings)


def save_folder(
    path: Path,
    kind: str,
    settings: Mapping[str, Any],
    weights: Mapping[str, Tensor],
    card: str,
    vocabulary: Callable[[Path], None],
) -> None:
    """Write a model folder whole or not at all: beside its place first, then by renaming.

    `vocabulary` writes the vocabulary to the path it is given. An older model in the place is replaced.
    """
    from safetensors.torch import save

    from rnnaudio.version import __version__

    head = {"format": FORMAT, "kind": kind, "rnnaudio": __version__}
    with replaced_folder(path) as beside:
        text = yaml.safe_dump({**head, **settings}, sort_keys=False, allow_unicode=True)
        (beside / CONFIG).write_text(text, encoding="utf-8")
        # As bytes, so that a full disk is the same error here as everywhere.
        (beside / WEIGHTS).write_bytes(save({name: tensor.contiguous().cpu() for name, tensor in weights.items()}))
        (beside / CARD).write_text(card, encoding="utf-8")
        vocabulary(beside / VOCABULARY)


@contextmanager
def replaced_folder(path: Path) -> Iterator[Path]:
    """A new folder beside `path` that takes its place when the block ends well, and is gone when it does not."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    except OSError as error:
        raise ModelError(f"{path} cannot be written ({error.strerror}).") from error
    try:
        yield beside
        beside.chmod(0o755)
        for file in beside.iterdir():
            file.chmod(0o644)
        old = beside.with_name(f"{beside.name}-old")
        if path.exists():
            os.rename(path, old)
        try:
            os.rename(beside, path)
        except OSError:
            if old.exists():
                os.rename(old, path)
            raise
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise ModelError(f"{path} cannot be written ({error.strerror}). What was there is kept.") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
