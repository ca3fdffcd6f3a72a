"""One page of HTML that needs no other file: its frame, its look, and tables. Every text is escaped here."""

from collections.abc import Iterable, Sequence
from html import escape

from rnnaudio.evaluation._style import STYLE


def page(title: str, body: Iterable[str]) -> str:
    """A whole page: `body` is HTML already, `title` is text."""
    inner = "\n".join(body)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{inner}\n</main>\n</body>\n</html>\n"
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = (), bar: int = -1) -> str:
    """A table of cells that are HTML already; columns `numbers` are set right, column `bar` holds bars."""
    right = set(numbers)

    def attribute(column: int) -> str:
        return ' class="n"' if column in right else ' class="bar"' if column == bar else ""

    head = "".join(f'<th scope="col"{attribute(i)}>{escape(cell)}</th>' for i, cell in enumerate(header))
    body = "\n".join(
        "<tr>" + "".join(f"<td{attribute(i)}>{cell}</td>" for i, cell in enumerate(row)) + "</tr>" for row in rows
    )
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def stacked_bar(parts: Iterable[tuple[str, float]]) -> str:
    """A bar of coloured parts, each a class and its share of the whole width."""
    inner = "".join(f'<i class="{kind}" style="width:{100 * share:.2f}%"></i>' for kind, share in parts if share > 0)
    return f'<div class="track" aria-hidden="true">{inner}</div>'


def figure(value: str, name: str, note: str) -> str:
    """A number to see from afar, with its name above and a note beneath."""
    return (
        f'<div class="box"><h3>{escape(name)}</h3><b>{escape(value)}</b><p class="soft small">{escape(note)}</p></div>'
    )
