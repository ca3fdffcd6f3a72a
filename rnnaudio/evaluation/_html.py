"""A speech report as one page of HTML."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from rnnaudio.evaluation._words import between, extent, method, percent, plural
from rnnaudio.evaluation.answers import Answer
from rnnaudio.evaluation.errors import Edit, EditKind, ErrorCounts
from rnnaudio.evaluation.page import figure, page, stacked_bar, table
from rnnaudio.evaluation.tables import Confusion, Group, Matrix, matrix

if TYPE_CHECKING:
    from rnnaudio.evaluation.report import SpeechReport

_GROUPS = 50
_CONFUSIONS = 20
_EXAMPLES = 200
_CLASS: dict[EditKind, str] = {"hit": "hit", "substitution": "sub", "deletion": "del", "insertion": "ins"}


def speech_html(report: "SpeechReport") -> str:
    """Headline, tables, confusions and the wrong utterances word over word."""
    return page(report.title, _body(report))


def _body(report: "SpeechReport") -> Iterator[str]:
    yield f"<h1>{escape(report.title)}</h1>"
    yield f'<p class="soft">{escape(extent(report))}</p>'
    if report.details:
        terms = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in report.details)
        yield f"<dl>{terms}</dl>"
    yield f'<div class="figures">{"".join(_figures(report))}</div>'
    yield _box(_anatomy(report.words))
    if report.speakers:
        yield from ("<h2>By speaker</h2>", _box(_groups("speaker", report.speakers)))
    yield from ("<h2>By length</h2>", _box(_groups("words said", report.lengths)))
    if report.confusions:
        if grid := matrix(report.answers):
            yield from ("<h2>What was heard for what was said</h2>", _box(_matrix(grid)))
        yield from ("<h2>Most frequent errors</h2>", _box(_confusions(report.confusions)))
        yield "<h2>Wrong utterances</h2>"
        yield from map(_utterance, report.wrong[:_EXAMPLES])
        yield _more(len(report.wrong) - _EXAMPLES, "utterance")
    yield f'<h2>How this was counted</h2>\n<p class="soft small">{escape(method(report))}</p>'


def _figures(report: "SpeechReport") -> Iterator[str]:
    yield figure(percent(report.words.rate), "Word error rate", between(report.word_interval))
    yield figure(percent(report.characters.rate), "Character error rate", between(report.character_interval))
    right = f"{report.right:,} of {len(report.answers):,}, {between(report.accuracy_interval)}"
    yield figure(percent(report.accuracy), "Utterances right", right)
    if report.real_time_factor is not None:
        yield figure(f"{report.real_time_factor:.3g}", "Real-time factor", "time to transcribe / length")


def _anatomy(words: ErrorCounts) -> str:
    """What became of every word: right, replaced, left out, made up."""
    whole = max(1, words.hits + words.errors)
    kinds = (
        ("hit", words.hits, "right"),
        ("sub", words.substitutions, "replaced (substitutions)"),
        ("del", words.deletions, "left out (deletions)"),
        ("ins", words.insertions, "made up (insertions)"),
    )
    bar = stacked_bar((kind, count / whole) for kind, count, _ in kinds)
    legend = "".join(f'<span><i class="{kind}"></i>{count:,} {name}</span>' for kind, count, name in kinds)
    return f'{bar}<div class="legend">{legend}</div>'


def _groups(name: str, groups: Sequence[Group]) -> str:
    """A row a group; the bars share one scale, the worst group fills it."""
    worst = max((group.words.rate for group in groups), default=0.0) or 1.0
    header = (name, "utterances", "right", "words", "WER", "", "sub", "del", "ins", "CER")
    rows = (
        (
            escape(group.name),
            f"{group.utterances:,}",
            f"{group.right:,}",
            f"{group.words.reference:,}",
            percent(group.words.rate),
            _rate_bar(group.words, worst),
            f"{group.words.substitutions:,}",
            f"{group.words.deletions:,}",
            f"{group.words.insertions:,}",
            percent(group.characters.rate),
        )
        for group in groups[:_GROUPS]
    )
    shown = table(header, rows, numbers=(1, 2, 3, 4, 6, 7, 8, 9), bar=5)
    return shown + _more(len(groups) - _GROUPS, "group")


def _rate_bar(words: ErrorCounts, worst: float) -> str:
    scale = max(1, words.reference) * worst
    parts = (("sub", words.substitutions), ("del", words.deletions), ("ins", words.insertions))
    return stacked_bar((kind, count / scale) for kind, count in parts)


def _matrix(grid: Matrix) -> str:
    """Rows said, columns heard, the diagonal right; a cell is as strong as its share of the row."""
    head = "".join(f'<th scope="col">{escape(word) or "left out"}</th>' for word in grid.heard)
    lines = [f"<thead><tr><td></td>{head}</tr></thead>"]
    for said, counts in zip(grid.said, grid.counts, strict=True):
        whole = max(1, sum(counts))
        cells = "".join(
            _cell(count, count / whole, _kind(said, heard)) for heard, count in zip(grid.heard, counts, strict=True)
        )
        lines.append(f'<tr><th scope="row">{escape(said) or "made up"}</th>{cells}</tr>')
    return f'<table class="matrix">{"".join(lines)}</table>'


def _kind(said: str, heard: str) -> EditKind:
    if not said:
        return "insertion"
    if not heard:
        return "deletion"
    return "hit" if said == heard else "substitution"


def _cell(count: int, share: float, kind: EditKind) -> str:
    if count == 0:
        return '<td class="soft">·</td>'
    colour = f"color-mix(in srgb, var(--{_CLASS[kind]}) {round(14 + 56 * share)}%, var(--paper))"
    return f'<td style="background:{colour}">{count:,}</td>'


def _confusions(found: Sequence[Confusion]) -> str:
    most = found[0].count
    rows = (
        (
            f'<span class="tag {_CLASS[c.kind]}">{c.kind}</span>',
            escape(c.reference) or "–",
            escape(c.hypothesis) or "–",
            f"{c.count:,}",
            stacked_bar([(_CLASS[c.kind], c.count / most)]),
        )
        for c in found[:_CONFUSIONS]
    )
    more = _more(len(found) - _CONFUSIONS, "kind")
    return table(("error", "said", "heard", "times", ""), rows, numbers=(3,), bar=4) + more


def _utterance(answer: Answer) -> str:
    """What was said over what was heard, word by word."""
    speaker = f" · {escape(answer.speaker)}" if answer.speaker else ""
    errors = f"{plural(answer.words.errors, 'error')} in {plural(answer.words.reference, 'word')}"
    words = "".join(_word(edit) for edit in answer.edits)
    return (
        f'<article class="box"><header><b>{escape(answer.id)}</b>{speaker} · {errors}</header>'
        '<div class="words"><div class="names"><span>said</span><span>heard</span></div>'
        f"{words}</div></article>"
    )


def _word(edit: Edit) -> str:
    cells = "".join(f"<span>{escape(word)}</span>" for word in (edit.reference, edit.hypothesis))
    return f'<div class="{_CLASS[edit.kind]}" title="{edit.kind}">{cells}</div>'


def _more(count: int, thing: str) -> str:
    return f'<p class="soft small">{plural(count, thing)} more in report.json.</p>' if count > 0 else ""


def _box(inner: str) -> str:
    return f'<div class="box">{inner}</div>'
