"""YesNo: one man says eight Hebrew words a recording; thirty recordings to learn from, thirty to be judged by.

The training recordings are cut into their words, which training joins anew in each epoch: otherwise a network with a
memory learns the thirty texts as well as the two words.
"""

from dataclasses import dataclass, field

from pieces import pieces

from rnnaudio.cli.recipe import run_recipe
from rnnaudio.cli.train import finish
from rnnaudio.data import Manifest
from rnnaudio.data.corpora import yesno
from rnnaudio.training import SpeechRun, train_speech


@dataclass(frozen=True)
class YesNo:
    """Settings of this recipe."""

    speech: SpeechRun = field(default_factory=SpeechRun)
    download: bool = False
    """Fetch the corpus if it is not there."""


def main(recipe: YesNo, resume: bool, resume_with: str) -> None:
    corpus = yesno(download=recipe.download)
    learned = corpus["train"].utterances
    valid = Manifest(learned[::6])  # every sixth recording chooses the weights; the test recordings choose nothing
    whole = Manifest(tuple(one for one in learned if one not in valid.utterances))
    train = pieces(whole, recipe.speech.output / "pieces")
    model, result = train_speech(recipe.speech, train, valid, resume=resume, resume_with=resume_with)
    finish(recipe.speech, model, result, corpus["test"])


if __name__ == "__main__":
    run_recipe(main, YesNo, __file__)
