"""Spoken digits, from nothing to a transcript: the data lies in the repository, two cores are enough."""

from rnnaudio.cli.recipe import run_recipe
from rnnaudio.cli.train import finish
from rnnaudio.training import SpeechRun, train_speech


def main(run: SpeechRun, resume: bool, resume_with: str) -> None:
    model, result = train_speech(run, resume=resume, resume_with=resume_with)
    finish(run, model, result)  # %WER on voices never heard in training, and where the errors are


if __name__ == "__main__":
    run_recipe(main, SpeechRun, __file__)
