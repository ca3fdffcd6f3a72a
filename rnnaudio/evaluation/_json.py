"""A speech report for programs."""

import json
from typing import TYPE_CHECKING, Any

from rnnaudio.evaluation.bootstrap import Interval
from rnnaudio.evaluation.errors import ErrorCounts
from rnnaudio.evaluation.tables import Group

if TYPE_CHECKING:
    from rnnaudio.evaluation.report import SpeechReport


def speech_json(report: "SpeechReport") -> str:
    """Everything a report knows; rates and intervals are fractions, times are seconds."""
    content = {
        "title": report.title,
        "details": dict(report.details),
        "wer": _errors(report.words) | {"interval": _interval(report.word_interval)},
        "cer": _errors(report.characters) | {"interval": _interval(report.character_interval)},
        "utterances": len(report.answers),
        "right": report.right,
        "accuracy": report.accuracy,
        "accuracy_interval": _interval(report.accuracy_interval),
        "resampled": report.resampled,
        "seconds": report.seconds,
        "real_time_factor": report.real_time_factor,
        "speakers": [_group(group) for group in report.speakers],
        "lengths": [_group(group) for group in report.lengths],
        "confusions": [vars(confusion) for confusion in report.confusions],
        "answers": [
            {
                "id": answer.id,
                "reference": answer.reference,
                "hypothesis": answer.hypothesis,
                "speaker": answer.speaker,
                "seconds": answer.seconds,
                "wall": answer.wall,
                "errors": answer.words.errors,
            }
            for answer in report.answers
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _errors(counts: ErrorCounts) -> dict[str, Any]:
    return {
        "rate": counts.rate,
        "errors": counts.errors,
        "reference": counts.reference,
        "hits": counts.hits,
        "substitutions": counts.substitutions,
        "deletions": counts.deletions,
        "insertions": counts.insertions,
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "name": group.name,
        "utterances": group.utterances,
        "right": group.right,
        "wer": _errors(group.words),
        "cer": _errors(group.characters),
    }


def _interval(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]
