"""An alignment as lines of text, one word above the other."""

import unicodedata
from collections.abc import Sequence

from rnnaudio.evaluation.errors import Edit, EditKind

_MARKS: dict[EditKind, str] = {"hit": "", "substitution": "S", "deletion": "D", "insertion": "I"}


def aligned_text(edits: Sequence[Edit]) -> str:
    """What was said, what was heard, and S, D or I where they differ; `*` where a side has no word.

    >>> from rnnaudio.evaluation.errors import align
    >>> print(aligned_text(align("one two three six".split(), "one too six six".split())))
    said   one  two  three  six
    heard  one  too  six    six
                S    S
    """
    rows = [["said"], ["heard"], [""]]
    for edit in edits:
        said, heard = edit.reference, edit.hypothesis
        said = said or "*" * _width(heard)
        heard = heard or "*" * _width(said)
        for row, cell in zip(rows, (said, heard, _MARKS[edit.kind]), strict=True):
            row.append(cell)
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = (
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)) for row in rows
    )
    return "\n".join(line.rstrip() for line in lines).rstrip("\n")


def _width(text: str) -> int:
    """How many columns a text takes in a fixed-width font: Chinese takes two each, accents set apart none."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )
