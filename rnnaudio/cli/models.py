"""`rnnaudio models`: what can be used at once."""

import argparse
from typing import Any

from rnnaudio.cli.common import job

EXAMPLE = """  rnnaudio models
  rnnaudio models digits-en      the model's card: training data, figures, weak spots
"""


def add(jobs: Any) -> None:
    """Declare the job."""
    parser = job(jobs, "models", "list the models that come with the package, or show one's card", EXAMPLE)
    parser.add_argument("name", nargs="?", metavar="MODEL", help="show this model's card")


def run(args: argparse.Namespace, rest: list[str]) -> int:
    """List, or show."""
    from rnnaudio.models.folder import CARD, WEIGHTS, find, open_folder, shipped

    if args.name:
        print((open_folder(find(args.name)).path / CARD).read_text(encoding="utf-8"))
        return 0
    for name in shipped():
        folder = open_folder(find(name))
        card = (folder.path / CARD).read_text(encoding="utf-8")
        summary = next((line[2:] for line in card.splitlines() if line.startswith("# ")), "")
        size = (folder.path / WEIGHTS).stat().st_size / 1e6
        print(f"{name}\t{folder.kind}\t{size:.1f} MB\t{summary}")
    return 0
