"""A model against the texts of a manifest."""

import time
from collections.abc import Callable

from torch import Tensor

from rnnaudio.data import Manifest, Utterance, load_samples
from rnnaudio.errors import AudioError, DataError, RnnaudioError
from rnnaudio.evaluation import Answer, SpeechReport, evaluate_transcripts
from rnnaudio.models import SpeechRecognizer


def evaluate(
    model: SpeechRecognizer,
    manifest: Manifest,
    title: str = "Speech recognition",
    at_once: int = 16,
    progress: Callable[[int, int], object] | None = None,
    unread: list[RnnaudioError] | None = None,
    change: Callable[[Tensor, int], Tensor] | None = None,
) -> SpeechReport:
    """Transcribe every recording of a manifest and compare: a report with WER, CER, intervals and tables.

    progress(done, total) is called after each batch. A recording that cannot be read raises `AudioError`, or is left
    out and its error put into `unread` where that is given. change(samples, rate) is done to each recording before it
    is recognised, to test in noise. Raises `DataError` if a text is missing or nothing is left.
    """
    if not len(manifest):
        raise DataError(f"{manifest.path or 'the manifest'} is empty; there is nothing to evaluate on.")
    for index, utterance in enumerate(manifest):
        if utterance.text is None:
            raise DataError(f"{manifest.where(index)}: {utterance.id} has no text to compare with.")
    rate = model.config.features.rate
    answers: list[Answer] = []
    for first in range(0, len(manifest), at_once):
        begin = time.perf_counter()
        rows: list[tuple[Utterance, Tensor]] = []
        for index in range(first, min(first + at_once, len(manifest))):
            try:
                rows.append((manifest[index], load_samples(manifest[index], rate)))
            except AudioError as error:
                if unread is None:
                    raise
                unread.append(AudioError(f"{manifest.where(index)}: {error}"))
        waves = [samples if change is None else change(samples, rate) for _, samples in rows]
        results = [result for _, result in model.transcribe_each(waves, rate=rate, at_once=at_once)]
        wall = (time.perf_counter() - begin) / max(len(rows), 1)
        for (one, samples), result in zip(rows, results, strict=True):
            if isinstance(result, RnnaudioError):
                raise result
            answers.append(Answer(one.id, one.text or "", result.text, one.speaker, len(samples) / rate, wall))
        if progress is not None:
            progress(min(first + at_once, len(manifest)), len(manifest))
    if not answers:
        raise DataError(f"no recording of {manifest.path or 'the manifest'} can be read (first: {unread[0]})")  # type: ignore[index]
    return evaluate_transcripts(answers, title=title)
