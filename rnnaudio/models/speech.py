"""`SpeechRecognizer`: a recording becomes words with times and confidence."""

import copy
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import torch
from torch import Tensor, nn

from rnnaudio.decoding import Transcript, greedy
from rnnaudio.errors import AudioError, DataError, ModelError, RnnaudioError
from rnnaudio.features import FeatureConfig, Frontend, Waveform, read_blocks, resample
from rnnaudio.heads import CTCHead, ctc_losses
from rnnaudio.models.folder import VOCABULARY, ModelFolder, save_folder
from rnnaudio.models.segments import Segment, joined, segments
from rnnaudio.nn import Encoder, EncoderConfig
from rnnaudio.nn.constraints import bake
from rnnaudio.settings import from_mapping, to_mapping
from rnnaudio.text import Alphabet

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif", ".au")
Source = str | Path | np.ndarray | Tensor


@dataclass(frozen=True)
class SpeechConfig:
    """A speech recogniser: what it hears by, how it remembers, what it writes.

    >>> SpeechConfig().units
    'characters'
    """

    features: FeatureConfig = field(default_factory=FeatureConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    units: Literal["characters", "words"] = "characters"
    """What the network writes: characters for open vocabularies, whole words for small closed ones."""


class SpeechRecognizer(nn.Module):
    """Features, a deep recurrent encoder and CTC.

    Shapes: frames (B, T, F), lengths (B,) -> log_probs (B, T, V), lengths (B,).

    >>> config = SpeechConfig(encoder=EncoderConfig(layers=1, hidden=8), units="words")
    >>> model = SpeechRecognizer(config, Alphabet(("no", "yes"), "words")).eval()
    >>> model.transcribe(torch.zeros(16000), rate=16000).seconds
    1.0
    """

    def __init__(self, config: SpeechConfig, alphabet: Alphabet) -> None:
        super().__init__()
        if alphabet.units != config.units:
            raise ModelError(f"the alphabet is of {alphabet.units}, the config says units: {config.units}.")
        self.config, self.alphabet = config, alphabet
        self.frontend = Frontend(config.features)
        self.encoder = Encoder(self.frontend.dimension, config.encoder)
        self.head = CTCHead(self.encoder.width, alphabet.size)

    @classmethod
    def build(cls, config: SpeechConfig, alphabet: Alphabet, seed: int = 0) -> "SpeechRecognizer":
        """A new model whose first weights are drawn from `seed` and nothing else.

        >>> a, b = (SpeechRecognizer.build(SpeechConfig(), Alphabet.from_texts(["ab"])) for _ in range(2))
        >>> torch.equal(a.head.scores.weight, b.head.scores.weight)
        True
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return cls(config, alphabet)

    @property
    def frame_seconds(self) -> float:
        """Seconds from one row of `log_probs` to the next."""
        return self.frontend.frame_seconds * self.encoder.reduction

    def num_frames(self, seconds: float) -> int:
        """Rows of `log_probs` for a recording of so many seconds: what CTC has for its text."""
        frames = self.frontend.num_frames(round(seconds * self.config.features.rate))
        return int(self.encoder.output_lengths(torch.tensor(frames)))

    @property
    def parameter_count(self) -> int:
        """Number of trained values."""
        return sum(parameter.numel() for parameter in self.parameters())

    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Score every symbol at every frame."""
        states, lengths = self.encoder(frames, lengths)
        return self.head(states), lengths

    def losses(self, frames: Tensor, lengths: Tensor, targets: Sequence[Tensor], ids: Sequence[str]) -> Tensor:
        """CTC loss of each row in nats per label, (B,); a text that cannot fit its frames is an error by its id."""
        log_probs, lengths = self(frames, lengths)
        return ctc_losses(log_probs, lengths, targets, ids)

    @torch.inference_mode()
    def answers(self, frames: Tensor, lengths: Tensor) -> list[Transcript]:
        """Greedy transcripts of a batch of frames."""
        log_probs, lengths = self(frames, lengths)
        return greedy(log_probs, lengths, self.alphabet, self.frame_seconds)

    def transcribe(self, source: Source | Sequence[Source], rate: int | None = None) -> Transcript | list[Transcript]:
        """Words of a recording: a path, an array of samples with its `rate`, a folder, or a list of any of these.

        One path or array gives one `Transcript`; a folder or list gives a list, folders in order of name. Arrays are
        (N,) or (channels, N), floats in [-1, 1] or whole numbers of any size. Recordings of any length: memory does not
        grow with them. The first one that cannot be read raises `AudioError`; `transcribe_each` goes on past it.
        """
        listed: list[Any] = list(source) if isinstance(source, list | tuple) else [source]
        single = not isinstance(source, list | tuple) and not (isinstance(source, str | Path) and Path(source).is_dir())
        results = []
        for _, result in self.transcribe_each(listed, rate):
            if isinstance(result, RnnaudioError):
                raise result
            results.append(result)
        return results[0] if single else results

    def transcribe_each(
        self,
        sources: Sequence[Source | BinaryIO],
        rate: int | None = None,
        at_once: int = 8,
        heard: Callable[[float], object] | None = None,
    ) -> Iterator[tuple[str | None, Transcript | RnnaudioError]]:
        """Name and transcript of each recording, in order, or its error in the transcript's place.

        Recordings are read as they are needed and recognised `at_once` pieces at a time, across recordings; which
        ones share a batch does not change what any of them says. `heard` is called with seconds of audio as they are
        done, for a progress bar.
        """

        def recognise() -> None:
            self._recognise(batch)
            if heard is not None:
                heard(sum(len(segment.samples) for _, segment in batch) / self.config.features.rate)
            batch.clear()

        queue: deque[_Open] = deque()
        batch: list[tuple[_Open, Segment]] = []
        for name, source in _each(sources):
            one = _Open(name)
            queue.append(one)
            try:
                if isinstance(source, RnnaudioError):
                    raise source
                for segment in segments(self._blocks(source, rate)):
                    batch.append((one, segment))
                    one.waiting += 1
                    if len(batch) == at_once:
                        recognise()
            except RnnaudioError as error:
                one.error = error
            one.read = True
            yield from _ready(queue)
        if batch:
            recognise()
        yield from _ready(queue)

    def save(self, folder: str | Path, card: str | None = None) -> None:
        """Write the model folder, whole or not at all, with a model card (a plain one if none is given).

        Weights are written as evaluation reads them: what is constrained or dropped from in training is plain there.
        """
        save_folder(
            Path(folder),
            "speech",
            to_mapping(self.config),
            bake(copy.deepcopy(self)).state_dict(),
            card or plain_card(self),
            self.alphabet.save,
        )

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> "SpeechRecognizer":
        """Build the model of a folder that `rnnaudio.load` has looked over, ready to answer."""
        config = from_mapping(SpeechConfig, folder.settings, str(folder.path / "config.yaml"))
        model = bake(cls(config, Alphabet.load(folder.path / VOCABULARY)))
        folder.fill(model)
        return model.eval()

    def _blocks(self, source: Source | BinaryIO, rate: int | None) -> Iterator[Waveform]:
        wanted = self.config.features.rate
        if not isinstance(source, np.ndarray | Tensor):
            yield from read_blocks(source, seconds=30.0, rate=wanted)
            return
        if rate is None:
            raise DataError("an array of samples needs its rate: transcribe(samples, rate=16000).")
        samples = torch.as_tensor(source)
        if not samples.is_floating_point():
            samples = samples / -float(torch.iinfo(samples.dtype).min or -1)  # 16-bit samples and their like
        samples = samples.to(torch.float32)
        if samples.ndim == 2:
            samples = samples.mean(dim=0)
        if samples.ndim != 1:
            raise DataError(f"samples have shape {tuple(samples.shape)}; give (N,) or (channels, N).")
        if not samples.isfinite().all():
            raise AudioError("the samples hold NaN or infinite values.")
        yield Waveform(resample(samples, rate, wanted), wanted)

    @torch.inference_mode()
    def _recognise(self, batch: list[tuple["_Open", Segment]]) -> None:
        device = self.head.scores.weight.device
        training = self.training
        self.eval()
        pieces = [segment.samples for _, segment in batch]
        lengths = torch.tensor([len(piece) for piece in pieces])
        waves = nn.utils.rnn.pad_sequence(pieces, batch_first=True)  # (B, N)
        frames, counts = self.frontend(waves.to(device), lengths.to(device))  # (B, T, F)
        log_probs, counts = self(frames, counts)  # (B, T, V)
        log_probs, counts = log_probs.cpu(), counts.cpu()
        self.train(training)
        for row, (one, segment) in enumerate(batch):
            scores, count = log_probs[row : row + 1], counts[row : row + 1]
            one.waiting -= 1
            try:
                answer = greedy(scores, count, self.alphabet, self.frame_seconds, offset=segment.start)[0]
            except RnnaudioError as error:
                one.error = error
            else:
                one.parts.append(replace(answer, seconds=len(segment.samples) / self.config.features.rate))


@dataclass
class _Open:
    """A recording being transcribed: its pieces so far, and how many still wait for their batch."""

    name: str | None
    parts: list[Transcript] = field(default_factory=list)
    waiting: int = 0
    read: bool = False
    error: RnnaudioError | None = None


def _ready(queue: deque[_Open]) -> Iterator[tuple[str | None, Transcript | RnnaudioError]]:
    while queue and queue[0].read and not queue[0].waiting:
        one = queue.popleft()
        yield one.name, one.error or replace(joined(one.parts), file=one.name)


def _each(
    sources: Sequence[Source | BinaryIO],
) -> Iterator[tuple[str | None, Source | BinaryIO | RnnaudioError]]:
    """Every recording with its name; a folder gives the sound files in it."""
    for source in sources:
        if not isinstance(source, str | Path):
            yield None, source
        elif not Path(source).is_dir():
            yield str(source), source
        elif files := audio_files(Path(source)):
            yield from ((str(path), path) for path in files)
        else:
            known = " ".join(AUDIO_SUFFIXES)
            yield str(source), AudioError(f"{source} holds no sound files ({known}).")


def audio_files(folder: Path) -> list[Path]:
    """Sound files in a folder and below it, in order of name.

    >>> audio_files(Path("nowhere"))
    []
    """
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file())


def plain_card(model: SpeechRecognizer, facts: Mapping[str, str] | None = None) -> str:
    """A model card in the Hugging Face form that says what can be read off the model itself.

    >>> print(plain_card(SpeechRecognizer.build(SpeechConfig(), Alphabet.from_texts(["ab"]))).splitlines()[1])
    library_name: rnnaudio
    """
    encoder, features = model.config.encoder, model.config.features
    sizes = ", ".join(map(str, dict.fromkeys(encoder.states)))
    lines = [
        "---",
        "library_name: rnnaudio",
        "pipeline_tag: automatic-speech-recognition",
        "tags: [speech, recurrent, ctc]",
        "---",
        "",
        "# A speech recogniser",
        "",
        f"- {len(encoder.states)} {'bidirectional ' if encoder.bidirectional else ''}{encoder.cell.upper()} layers of "
        f"{sizes}, {model.parameter_count:,} parameters, {model.alphabet.size - 1} {model.config.units}",
        f"- {features.kind} features of {features.rate} Hz audio, one frame every {model.frame_seconds * 1000:g} ms",
        *(f"- {name}: {fact}" for name, fact in (facts or {}).items()),
        "",
        "```python",
        "import rnnaudio",
        'print(rnnaudio.load("FOLDER").transcribe("recording.wav").text)',
        "```",
        "",
    ]
    return "\n".join(lines)
