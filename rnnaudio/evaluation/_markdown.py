"""A speech report as Markdown."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rnnaudio.evaluation._words import extent, method, percent, plural
from rnnaudio.evaluation.aligned import aligned_text
from rnnaudio.evaluation.tables import Group

if TYPE_CHECKING:
    from rnnaudio.evaluation.report import SpeechReport

_GROUPS = 50
_CONFUSIONS = 20
_EXAMPLES = 50
_NOTHING = "–"


def speech_markdown(report: "SpeechReport") -> str:
    """Headline, tables and the wrong utterances, most wrong first."""
    blocks = [f"# {_line(report.title)}", f"{extent(report)}."]
    if report.details:
        blocks.append(_table(("", ""), report.details))
    blocks.append(f"```\n{report}\n```")
    if report.speakers:
        blocks += ["## By speaker", _groups("speaker", report.speakers)]
    blocks += ["## By length", _groups("words said", report.lengths)]
    if report.confusions:
        blocks += ["## Most frequent errors", _confusions(report)]
        blocks += ["## Wrong utterances", _wrong(report)]
    blocks.append(f"*{method(report)}*")
    return "\n\n".join(blocks) + "\n"


def _groups(name: str, groups: Sequence[Group]) -> str:
    header = (name, "utterances", "right", "words", "WER", "ins", "del", "sub", "CER")
    rows = (
        (
            group.name,
            str(group.utterances),
            str(group.right),
            str(group.words.reference),
            percent(group.words.rate),
            str(group.words.insertions),
            str(group.words.deletions),
            str(group.words.substitutions),
            percent(group.characters.rate),
        )
        for group in groups[:_GROUPS]
    )
    return _table(header, rows) + _more(len(groups) - _GROUPS, "group")


def _confusions(report: "SpeechReport") -> str:
    rows = [(c.kind, c.reference or _NOTHING, c.hypothesis or _NOTHING, str(c.count)) for c in report.confusions]
    table = _table(("error", "said", "heard", "times"), rows[:_CONFUSIONS])
    return table + _more(len(rows) - _CONFUSIONS, "kind")


def _wrong(report: "SpeechReport") -> str:
    text = "\n\n".join(
        f"{answer.id}  {answer.speaker or ''}  {plural(answer.words.errors, 'error')}\n{aligned_text(answer.edits)}"
        for answer in report.wrong[:_EXAMPLES]
    )
    fence = "```"
    while fence in text:  # a transcript may hold anything
        fence += "`"
    return f"{fence}\n{text}\n{fence}{_more(len(report.wrong) - _EXAMPLES, 'utterance')}"


def _more(count: int, thing: str) -> str:
    return f"\n\n{plural(count, thing)} more in `report.json`." if count > 0 else ""


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row(header), "|" + "---|" * len(header), *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_line(cell).replace("\\", "\\\\").replace("|", "\\|") for cell in cells) + " |"


def _line(text: str) -> str:
    return " ".join(text.split())
