"""`rnnaudio train`: from recordings with texts to a model folder."""

import argparse
import shlex
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnaudio.cli.common import MOST_THREADS, job, splits_in, whole_number
from rnnaudio.errors import DataError

if TYPE_CHECKING:
    from rnnaudio.data import Manifest

EXAMPLE = """  rnnaudio train --data my_recordings/ -o runs/mine
      a folder of recordings with transcripts (a.wav beside a.txt, or transcripts.csv), or with
      train.jsonl, valid.jsonl and test.jsonl
  rnnaudio train --config recipes/speech_digits/config.yaml --training.seed 2 --model.encoder.hidden 256
  rnnaudio train --config config.yaml --resume          go on after Ctrl-C or a crash, exactly
  rnnaudio train --settings                             every setting with its default and meaning
"""


def add(jobs: Any) -> None:
    """Declare the job."""
    parser = job(jobs, "train", "learn from recordings with texts", EXAMPLE)
    parser.add_argument("--config", metavar="YAML", help="settings; any of them can be given as --a.b value too")
    parser.add_argument("--data", metavar="FOLDER", help="recordings with transcripts, or manifests")
    parser.add_argument("-o", "--output", metavar="FOLDER", help="where the model and its report go [runs/speech]")
    threads = whole_number(0, MOST_THREADS)
    parser.add_argument("--seed", type=whole_number(0), metavar="N", help="short for --training.seed")
    parser.add_argument("--threads", type=threads, metavar="N", help="short for --training.threads")
    parser.add_argument("--device", choices=("auto", "cpu", "gpu"), help="short for --training.device")
    parser.add_argument("--resume", action="store_true", help="go on from the state saved in the output folder")
    parser.add_argument("--settings", action="store_true", help="list every setting and leave")


def run(args: argparse.Namespace, rest: list[str]) -> int:
    """Train, evaluate on the test manifest if there is one, and save."""
    from rnnaudio.settings import describe, read_settings
    from rnnaudio.training.speech import SpeechRun, train_speech

    if args.settings:
        print(describe(SpeechRun))
        return 0
    overrides = list(rest)
    for name in ("output", "seed", "threads", "device"):
        if (value := getattr(args, name)) is not None:
            overrides += [f"--{'' if name == 'output' else 'training.'}{name}", str(value)]
    settings = read_settings(SpeechRun, args.config, overrides)
    splits: Mapping[str, Any] = {}
    if args.data is not None:
        splits = _found(Path(args.data))
        # Where there are manifests the run's config.yaml names them, so that it is all that is needed to do it again.
        paths = {name: manifest.path for name, manifest in splits.items() if manifest.path is not None}
        settings = replace(settings, data=replace(settings.data, **paths))
    again = shlex.join(["rnnaudio", *(word for word in sys.argv[1:] if word != "--resume"), "--resume"])
    model, result = train_speech(
        settings, splits.get("train"), splits.get("valid"), resume=args.resume, resume_with=again
    )
    finish(settings, model, result, splits.get("test"))
    return 0


def finish(settings: Any, model: Any, result: Any, test: Any = None) -> Any:
    """Say what came of it, and report on the test manifest if there is one: the first of several processes does."""
    if not result.first:
        return None
    from rnnaudio.data import read_manifest
    from rnnaudio.training.judging import evaluate

    best = result.best
    print(
        f"{result.steps} steps in {result.seconds:.0f} s; best on validation: epoch {best.get('epoch', 0) + 1:.0f}, "
        f"WER {100 * best.get('wer', 1):.2f} %, CER {100 * best.get('cer', 1):.2f} %"
    )
    print(f"model: {settings.output / 'model'}")
    if test is None and settings.data.test is not None:
        test = read_manifest(settings.data.test)
    if test is None or not len(test):
        return None
    report = evaluate(model, test, title=f"{settings.output.name} on its test recordings")
    report.save(settings.output / "report")
    print(f"test, {len(test)} utterances (all of it in {settings.output / 'report'}):\n{report}")
    return report


def _found(folder: Path) -> Mapping[str, "Manifest"]:
    """The manifests of a folder, with something to learn from and something to judge by."""
    found = splits_in(folder)
    for name, use in (("train", "learn from"), ("valid", "judge by")):
        if name not in found:
            raise DataError(
                f"{folder} has no recordings for {name}, to {use}; with few speakers chance may leave none. Make "
                f"folders train, valid and test in it, a column split in transcripts.csv, or {name}.jsonl."
            )
    return found
