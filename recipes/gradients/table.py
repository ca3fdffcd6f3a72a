"""The results as Markdown, a table for each problem."""

from grid import REMEDIES, Job, Result, row_of
from tasks import PROBLEMS


def table(rows: list[list[Job]], results: list[Result]) -> str:
    """Steps to the solution, or how much of the baseline's loss is gone; a dash where it was not tried."""
    lengths = [job.length for job in rows[0]]
    text = ""
    for problem in dict.fromkeys(row[0].problem for row in rows):
        text += f"| {problem}, baseline {PROBLEMS[problem].baseline:.3f} | remedy | "
        text += " | ".join(str(length) for length in lengths) + " |\n" + "|---" * (len(lengths) + 2) + "|\n"
        for first in in_order(rows, problem):
            came = row_of(results, first)
            cells = " | ".join(str(came.get(length, "–")) for length in lengths)
            text += f"| {first.cell} | {first.remedy.name} | {cells} |\n"
        text += "\n"
    return text


def in_order(rows: list[list[Job]], problem: str) -> list[Job]:
    """The first job of each row of a problem, cells and remedies in the order they are told of."""
    cells = list(REMEDIES)
    mine = [row[0] for row in rows if row[0].problem == problem]
    return sorted(mine, key=lambda job: (cells.index(job.cell), REMEDIES[job.cell].index(job.remedy)))
