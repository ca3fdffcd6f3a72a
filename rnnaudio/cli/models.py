"""`rnnaudio models`: what can be used at once."""

import argparse
from pathlib import Path
from typing import Any

from rnnaudio.cli.common import job
from rnnaudio.errors import ModelError

EXAMPLE = """  rnnaudio models
  rnnaudio models digits-en      the model's card: training data, figures, weak spots
"""


def add(jobs: Any) -> None:
    """Declare the job."""
    parser = job(jobs, "models", "list the models that come with the package, or show one's card", EXAMPLE)
    parser.add_argument("name", nargs="?", metavar="MODEL", help="show this model's card")


def run(args: argparse.Namespace, rest: list[str]) -> int:
    """List, or show."""
    from rnnaudio.models.folder import WEIGHTS, find, open_folder, shipped

    if args.name:
        print(_card(open_folder(find(args.name)).path))
        return 0
    for name in shipped():
        folder = open_folder(find(name))
        summary = next((line[2:] for line in _card(folder.path).splitlines() if line.startswith("# ")), "")
        size = (folder.path / WEIGHTS).stat().st_size / 1e6
        print(f"{name}\t{folder.kind}\t{size:.1f} MB\t{summary}")
    return 0


def _card(folder: Path) -> str:
    from rnnaudio.models.folder import CARD

    try:
        return (folder / CARD).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ModelError(f"{folder} has no card ({CARD}) that can be read.") from None
