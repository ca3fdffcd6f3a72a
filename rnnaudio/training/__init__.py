"""Training: one Lightning task for every model, typed settings, and a resume that is exact to the bit.

Names are loaded when first used: Lightning takes seconds to import, and evaluating a model does not need it.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnaudio.training.config import TrainingConfig
    from rnnaudio.training.fitting import FitResult, fit
    from rnnaudio.training.judging import evaluate
    from rnnaudio.training.speech import SpeechData, SpeechRun, train_speech

__all__ = ["FitResult", "SpeechData", "SpeechRun", "TrainingConfig", "evaluate", "fit", "train_speech"]

_HOMES = {
    "FitResult": "fitting",
    "SpeechData": "speech",
    "SpeechRun": "speech",
    "TrainingConfig": "config",
    "evaluate": "judging",
    "fit": "fitting",
    "train_speech": "speech",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"rnnaudio.training.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'rnnaudio.training' has no attribute {name!r}")
