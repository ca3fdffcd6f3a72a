"""What a user names: models that read files and answer, with save and load.

Each model is a frontend, a recurrent encoder and a head; training lives elsewhere and is not needed here.
"""

from rnnaudio.models.folder import load, shipped
from rnnaudio.models.speech import SpeechConfig, SpeechRecognizer

__all__ = ["SpeechConfig", "SpeechRecognizer", "load", "shipped"]
