"""Scores to answers: from log probabilities per frame to words with times and confidence.

`greedy` reads the best path; `Transcript` and `Word` are what every decoder answers; `to_srt` and its
sisters write answers for players, spreadsheets and programs.
"""

from rnnaudio.decoding.greedy import greedy
from rnnaudio.decoding.results import Transcript, Word
from rnnaudio.decoding.subtitles import Cue, cues, to_json, to_srt, to_tsv, to_vtt

__all__ = ["Cue", "Transcript", "Word", "cues", "greedy", "to_json", "to_srt", "to_tsv", "to_vtt"]
