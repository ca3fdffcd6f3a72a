"""Training a speech recogniser: from manifests and settings to a model folder."""

import copy
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from rnnaudio.data import Manifest, check, read_manifest
from rnnaudio.data.dataset import JoinConfig, SpeechBatch, SpeechDataset, collate
from rnnaudio.data.sampler import LengthBatches
from rnnaudio.errors import ConfigError, DataError
from rnnaudio.evaluation import character_errors, word_errors
from rnnaudio.features import AugmentConfig
from rnnaudio.models import SpeechConfig, SpeechRecognizer
from rnnaudio.nn.constraints import bake
from rnnaudio.settings import to_mapping
from rnnaudio.text import Alphabet
from rnnaudio.training.config import TrainingConfig
from rnnaudio.training.fitting import FitResult, fit
from rnnaudio.training.processes import first_process
from rnnaudio.training.resume import check_settings, keep_settings


@dataclass(frozen=True)
class SpeechData:
    """Manifests of a corpus (JSON lines, see `rnnaudio check --help`)."""

    train: Path | None = None
    """Recordings with their texts to learn from."""
    valid: Path | None = None
    """Recordings to choose the best weights by, of other speakers if it can be."""
    test: Path | None = None
    """Recordings to report on, once, at the end."""


@dataclass(frozen=True)
class SpeechRun:
    """All settings of training a speech recogniser, as they stand in a recipe's config.yaml.

    >>> SpeechRun().model.units
    'characters'
    """

    data: SpeechData = field(default_factory=SpeechData)
    model: SpeechConfig = field(default_factory=SpeechConfig)
    augment: AugmentConfig = field(default_factory=lambda: AugmentConfig.preset("light"))
    join: JoinConfig = field(default_factory=JoinConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    output: Path = Path("runs/speech")
    """Folder for the model, its report, checkpoints and logs."""


class EpochBatches:
    """Batches as lists of (epoch, index); each pass goes on from where the run stands."""

    def __init__(self, batches: LengthBatches, position: Callable[[], tuple[int, int]]) -> None:
        self.batches, self.position = batches, position

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        epoch, start = self.position()
        for batch in self.batches.batches(epoch)[start:]:
            yield [(epoch, index) for index in batch]


class SpeechLearner:
    """What a speech recogniser adds to the training task; see `rnnaudio.training.task.Learner`."""

    score_name = "wer"

    def __init__(self, model: SpeechRecognizer, train: Manifest, valid: Manifest, run: SpeechRun) -> None:
        self.model, self.run = model, run
        seed = run.training.seed
        # Frames are made beside the network, by a frontend that does not follow it to another device.
        frontend = copy.deepcopy(model.frontend)
        # Readers in other processes are sent what they need by pickle, which a constrained module does not take.
        num_frames = bake(copy.deepcopy(model)).num_frames
        self.train = SpeechDataset(train.measured(), frontend, model.alphabet, run.augment, run.join, seed, num_frames)
        self.valid = SpeechDataset(valid.measured(), frontend, model.alphabet, seed=seed)

    def train_batches(self, position: Callable[[], tuple[int, int]], rank: int, world: int, workers: int) -> DataLoader:
        """Training batches of similar lengths."""
        batches = EpochBatches(self._length_batches(self.train, world, rank), position)
        return DataLoader(
            self.train,
            batch_sampler=batches,
            collate_fn=collate,
            num_workers=workers,
            persistent_workers=workers > 0,
            # Not "forkserver": where the trainer is killed, its workers and the server keep each other alive for ever.
            multiprocessing_context="spawn" if workers else None,
        )

    def steps_per_epoch(self, world: int) -> int:
        """Batches of one process in one epoch."""
        return len(self._length_batches(self.train, world, 0))

    def valid_batches(self, rank: int, world: int) -> DataLoader:
        """Every `world`-th batch of the validation data; none twice, so that the counts add up."""
        whole = self._length_batches(self.valid, 1, 0, shuffle=False).batches(0)
        if len(whole) < world:  # a process without a batch would leave the others waiting for its counts
            whole = [[index] for batch in whole for index in batch]
        if len(whole) < world:
            raise ConfigError(f"{len(whole)} validation recordings are too few for {world} processes.")
        mine = [[(0, index) for index in batch] for batch in whole[rank::world]]
        return DataLoader(self.valid, batch_sampler=mine, collate_fn=collate)

    def losses(self, batch: SpeechBatch) -> Tensor:
        """CTC losses."""
        return self.model.losses(batch.frames, batch.lengths, batch.targets, batch.ids)

    def names(self, batch: SpeechBatch) -> tuple[str, ...]:
        """Ids of the utterances."""
        return batch.ids

    def judge(self, batch: SpeechBatch) -> Tensor:
        """Loss, items, word errors, words, character errors, characters."""
        loss = self.model.losses(batch.frames, batch.lengths, batch.targets, batch.ids).sum().item()
        texts = [answer.text for answer in self.model.answers(batch.frames, batch.lengths)]
        words, characters = word_errors(list(batch.texts), texts), character_errors(list(batch.texts), texts)
        sums = [loss, len(texts), words.errors, words.reference, characters.errors, characters.reference]
        return torch.tensor(sums, dtype=torch.float64)

    def score(self, sums: Tensor) -> dict[str, float]:
        """Mean loss, WER and CER."""
        loss, items, word, words, character, characters = sums.tolist()
        return {
            "loss": loss / max(items, 1),
            "wer": word / max(words, 1),
            "cer": character / max(characters, 1),
        }

    def _length_batches(self, dataset: SpeechDataset, world: int, rank: int, shuffle: bool = True) -> LengthBatches:
        training = self.run.training
        seconds = [utterance.seconds or 0.0 for utterance in dataset.manifest]
        return LengthBatches(
            seconds, training.batch_seconds, training.seed, world_size=world, rank=rank, shuffle=shuffle
        )


def train_speech(
    run: SpeechRun,
    train: Manifest | None = None,
    valid: Manifest | None = None,
    alphabet: Alphabet | None = None,
    resume: bool = False,
    resume_with: str = "the same command and --resume",
) -> tuple[SpeechRecognizer, FitResult]:
    """Train a recogniser and save it as `run.output / "model"`.

    Manifests default to those `run.data` names. They are checked first: what cannot be learned from is left out and
    listed in `dropped.jsonl`; what should be looked at is printed. Raises `RnnaudioError` in one line for what a user
    can mend. With several processes only the first one, `result.first`, writes and prints.
    """
    train = train if train is not None else _named(run.data.train, "train")
    valid = valid if valid is not None else _named(run.data.valid, "valid")
    if resume:
        check_settings(run.output / "config.yaml", to_mapping(run))
    if alphabet is None:
        texts = [utterance.text or "" for utterance in train]
        if run.join.probability > 0:
            texts.append(" ")  # joined recordings have a space between their texts, even where none has one alone
        alphabet = Alphabet.from_texts(texts, run.model.units)
    model = SpeechRecognizer.build(run.model, alphabet, seed=run.training.seed)
    train, valid = _checked(run, model, train, valid)
    _fit_statistics(model, train)
    learner = SpeechLearner(model, train, valid, run)
    if first_process():
        keep_settings(run.output / "config.yaml", to_mapping(run))
    result = fit(learner, run.training, run.output, resume, resume_with)
    if result.first:
        model.save(run.output / "model")
    return model, result


def _checked(run: SpeechRun, model: SpeechRecognizer, train: Manifest, valid: Manifest) -> tuple[Manifest, Manifest]:
    """The manifests without the utterances that cannot be used; those are listed beside the run."""
    report = check(
        {"train": train, "valid": valid},
        model.alphabet,
        frames_for=model.num_frames,
    )
    if not report.ok and first_process():
        listed = report.write_drop_list(run.output / "dropped.jsonl")
        first = report.errors[0]
        print(
            f"rnnaudio: {len(report.dropped)} of {report.utterances} utterances cannot be used (first: {first}). "
            f"They are listed in {listed} and left out.",
            file=sys.stderr,
        )
    for name, manifest in (("train", train), ("valid", valid)):
        if not len(manifest):
            raise DataError(f"{manifest.path or name} is empty; training needs recordings there.")
        if not len(report.kept[name]):
            raise DataError(f"no utterance of {name} can be learned from; see {run.output / 'dropped.jsonl'}.")
    return report.kept["train"], report.kept["valid"]


def _fit_statistics(model: SpeechRecognizer, train: Manifest) -> None:
    """Mean and deviation of each feature over the training data, kept with the model where it needs them."""
    dataset = SpeechDataset(train, model.frontend, model.alphabet)
    model.frontend.fit(dataset.samples(index) for index in range(len(train)))


def _named(path: Path | None, name: str) -> Manifest:
    if path is None:
        raise ConfigError(f"data.{name} is not set; give the manifest of the {name} recordings.")
    return read_manifest(path)
