"""Real spoken digits (FSDD), under four protocols: from the friendly one to people never heard.

official   takes 5-49 to learn from, takes 0-4 to be judged by, the same people on both sides
speakers   leave one speaker out, FSDD alone: the honest one
voices     the same with other free voices to learn from: the embedded corpus, AN4's and Speech Commands' digits
strings    official, judged on digit strings joined from recordings of one speaker, with gaps, clean and in noise
ship       everything there is except the test takes and the official test speakers of the others: `digits-en`
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from strings import NOISE_DB, noisy, strings
from voices import other_voices

from rnnaudio.cli.recipe import run_recipe
from rnnaudio.data import Manifest
from rnnaudio.data.corpora import Corpus, Fold, fsdd, leave_one_speaker_out
from rnnaudio.evaluation import SpeechReport
from rnnaudio.training import SpeechRun, evaluate, train_speech


@dataclass(frozen=True)
class Fsdd:
    """Settings of this recipe."""

    speech: SpeechRun = field(default_factory=SpeechRun)
    protocol: Literal["official", "speakers", "voices", "strings", "ship"] = "official"
    """Who is learned from and who is judged by; see the top of train.py."""
    only: tuple[str, ...] = ()
    """Leave out these speakers only, one run each; empty for all of them."""
    download: bool = False
    """Fetch FSDD if it is not there."""
    digits: Path = Path("data/digits")
    """The embedded corpus."""


def main(recipe: Fsdd, resume: bool, resume_with: str) -> None:
    reports: dict[str, SpeechReport] = {}
    for fold in folds(recipe, fsdd(download=recipe.download)):
        run = replace(recipe.speech, output=recipe.speech.output / fold.speaker)
        model, result = train_speech(run, fold.train, fold.valid, resume=resume, resume_with=resume_with)
        tests = {fold.speaker: fold.test}
        if recipe.protocol == "strings":
            tests = {f"strings of {most} or fewer": strings(fold.test, most) for most in (3, 7)}
        for name, test in tests.items():
            reports[name] = report = evaluate(model, test, title=f"FSDD, {recipe.protocol}: {name}")
            report.save(run.output / "report")
            print(f"{name}: accuracy {100 * report.accuracy:.2f} %, {result.seconds:.0f} s\n{report}", flush=True)
            if recipe.protocol == "strings":
                reports[f"{name}, noise"] = loud = evaluate(model, test, change=noisy)
                print(f"{name}, noise at {NOISE_DB} dB:\n{loud}", flush=True)
    accuracies = {name: report.accuracy for name, report in reports.items()}
    mean = sum(accuracies.values()) / len(accuracies)
    print(f"{recipe.protocol}, seed {recipe.speech.training.seed}: mean accuracy {100 * mean:.2f} %")
    figures = {"protocol": recipe.protocol, "seed": recipe.speech.training.seed, "mean": mean, **accuracies}
    (recipe.speech.output / "accuracy.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def folds(recipe: Fsdd, corpus: Corpus) -> Iterator[Fold]:
    """Who is learned from, who chooses the weights, who judges."""
    if recipe.protocol in ("official", "strings"):
        # No speaker is kept back here, so takes of the training part choose the weights.
        valid = corpus["train"].filter(lambda one: one.id.endswith(("_5", "_6")))
        train = corpus["train"].filter(lambda one: not one.id.endswith(("_5", "_6")))
        yield Fold(recipe.protocol, train, valid, corpus["test"])
        return
    if recipe.protocol == "ship":
        train, valid = other_voices(recipe.digits)
        yield Fold("all", corpus["train"].merge(train), valid, corpus["test"])
        return
    for fold in leave_one_speaker_out(corpus):
        if recipe.only and fold.speaker not in recipe.only:
            continue
        if recipe.protocol == "voices":
            train, valid = other_voices(recipe.digits)
            fold = replace(fold, train=fold.train.merge(train), valid=Manifest(fold.valid.utterances).merge(valid))
        yield fold


if __name__ == "__main__":
    run_recipe(main, Fsdd, __file__)
