"""Utterances as training items: samples, augmented by (seed, epoch, item), as frames with a target; then as batches."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from rnnaudio.data.manifest import Manifest, Utterance, load_samples
from rnnaudio.errors import ConfigError, DataError
from rnnaudio.features import AugmentConfig, Augmenter, Frontend
from rnnaudio.text import Alphabet


@dataclass(frozen=True)
class JoinConfig:
    """Making longer utterances by joining recordings of one speaker, anew in each epoch.

    >>> JoinConfig(probability=0.5).most
    5
    """

    probability: float = 0.0
    """Share of items that become joined ones."""
    most: int = 5
    """The most recordings in one joined item."""
    shortest_gap: float = 0.02
    """Least silence between two recordings, seconds."""
    longest_gap: float = 0.5
    """Most silence between two recordings, seconds."""
    longest: float = 1.5
    """Longer recordings are left alone, seconds."""

    def __post_init__(self) -> None:
        """Name the first setting that cannot be."""
        if not 0 <= self.probability <= 1:
            raise ConfigError(f"join.probability is {self.probability}; it must be from 0 to 1.")
        if self.most < 2:
            raise ConfigError(f"join.most is {self.most}; it must be 2 or more.")
        if not 0 <= self.shortest_gap <= self.longest_gap:
            raise ConfigError(f"join.shortest_gap is {self.shortest_gap}; it must be from 0 to longest_gap.")


@dataclass(frozen=True)
class SpeechItem:
    """One utterance ready for a network: frames (T, F), target (L,) symbol ids."""

    id: str
    frames: Tensor
    target: Tensor
    text: str
    speaker: str | None
    seconds: float


@dataclass(frozen=True)
class SpeechBatch:
    """Items side by side: frames (B, T, F) zero after each row's end, lengths (B,)."""

    ids: tuple[str, ...]
    frames: Tensor
    lengths: Tensor
    targets: tuple[Tensor, ...]
    texts: tuple[str, ...]
    speakers: tuple[str | None, ...]
    seconds: tuple[float, ...]

    def to(self, device: torch.device | str) -> "SpeechBatch":
        """The same batch with frames and lengths on `device`."""
        return SpeechBatch(
            self.ids,
            self.frames.to(device),
            self.lengths.to(device),
            self.targets,
            self.texts,
            self.speakers,
            self.seconds,
        )


class SpeechDataset(Dataset[SpeechItem]):
    """Items by (epoch, index): the same pair always gives the same item, in any process and any order.

    An utterance that augmentation has made too short for its text is left as it is in that epoch; `num_frames` says how
    many frames the network has for so many seconds (by default as many as the frontend).
    """

    def __init__(
        self,
        manifest: Manifest,
        frontend: Frontend,
        alphabet: Alphabet,
        augment: AugmentConfig | None = None,
        join: JoinConfig | None = None,
        seed: int = 0,
        num_frames: Callable[[float], int] | None = None,
    ) -> None:
        self.manifest, self.frontend, self.alphabet = manifest, frontend, alphabet
        self.rate = frontend.config.rate
        config = frontend.config
        copies = config.dimension // config.base_dimension
        self.augmenter = Augmenter(augment, self.rate, config.frame_seconds, copies) if augment is not None else None
        self.join = join if join is not None and join.probability > 0 else None
        self.seed = seed
        self.num_frames = num_frames or self._frontend_frames
        self._samples: dict[int, Tensor] = {}
        self._by_speaker: dict[str | None, list[int]] = {}
        for index, utterance in enumerate(manifest):
            if join is not None and (utterance.seconds or 0.0) <= join.longest:
                self._by_speaker.setdefault(utterance.speaker, []).append(index)

    def __len__(self) -> int:
        return len(self.manifest)

    def _frontend_frames(self, seconds: float) -> int:
        return self.frontend.num_frames(round(seconds * self.rate))

    def __getitem__(self, key: tuple[int, int]) -> SpeechItem:
        epoch, index = key
        utterance: Utterance = self.manifest[index]
        samples, text = self._joined(epoch, index) if self.join else (self._read(index), utterance.text)
        if text is None:
            raise DataError(f"{utterance.source or utterance.id} has no text to learn from.")
        target = torch.tensor(self.alphabet.encode(text), dtype=torch.int64)
        frames, seconds = self._frames(samples, epoch, utterance.id, self.alphabet.min_frames(text))
        return SpeechItem(utterance.id, frames, target, text, utterance.speaker, seconds)

    def samples(self, index: int) -> Tensor:
        """The recording itself, (N,), not augmented."""
        return self._read(index)

    def _read(self, index: int) -> Tensor:
        # Small corpora are decoded once: Vorbis and FLAC cost more than the features made from them.
        if index not in self._samples:
            samples = load_samples(self.manifest[index], self.rate)
            if (self.manifest.seconds or math.inf) > 4 * 3600:
                return samples
            self._samples[index] = samples.to(torch.float16)
        return self._samples[index].to(torch.float32)

    def _joined(self, epoch: int, index: int) -> tuple[Tensor, str | None]:
        assert self.join is not None
        # Seeded by the item's own name, apart from what the augmenter draws for it.
        rng = np.random.default_rng([self.seed, epoch, index, 7919])
        first = self.manifest[index]
        pool = self._by_speaker.get(first.speaker, [])
        alone = len(pool) < 2 or (first.seconds or 0.0) > self.join.longest
        if alone or rng.random() >= self.join.probability:
            return self._read(index), first.text
        chosen = [index, *rng.choice(pool, size=int(rng.integers(1, self.join.most)))]
        pieces, words = [], []
        for position, which in enumerate(int(rng_index) for rng_index in rng.permutation(chosen)):
            if position:
                gap = rng.uniform(self.join.shortest_gap, self.join.longest_gap)
                pieces.append(torch.zeros(int(gap * self.rate)))
            pieces.append(self._read(which))
            words.append(self.manifest[which].text or "")
        return torch.cat(pieces), " ".join(words)

    def _frames(self, samples: Tensor, epoch: int, name: str, least: int) -> tuple[Tensor, float]:
        plan = self.augmenter.draw(self.seed, epoch, name) if self.augmenter is not None else None
        changed = samples if plan is None else self.augmenter.apply_wave(samples, plan)  # type: ignore[union-attr]
        if plan is not None and self.num_frames(len(changed) / self.rate) < least:
            changed = samples
        length = torch.tensor([len(changed)])
        warp = plan.warp if plan is not None else None
        with torch.no_grad():
            frames, lengths = self.frontend(changed[None], length, warp=warp)  # (1, T, F)
        frames = frames[0, : int(lengths[0])]
        if plan is not None:
            frames = self.augmenter.apply_frames(frames, plan)  # type: ignore[union-attr]
        return frames, len(changed) / self.rate


def collate(items: Sequence[SpeechItem]) -> SpeechBatch:
    """Put items side by side.

    >>> item = SpeechItem("a", torch.zeros(3, 2), torch.tensor([1]), "x", None, 0.1)
    >>> collate([item, item]).frames.shape
    torch.Size([2, 3, 2])
    """
    return SpeechBatch(
        tuple(item.id for item in items),
        torch.nn.utils.rnn.pad_sequence([item.frames for item in items], batch_first=True),  # (B, T, F)
        torch.tensor([len(item.frames) for item in items]),
        tuple(item.target for item in items),
        tuple(item.text for item in items),
        tuple(item.speaker for item in items),
        tuple(item.seconds for item in items),
    )
