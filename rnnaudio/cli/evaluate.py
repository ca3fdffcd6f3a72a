"""`rnnaudio evaluate`: a model against the texts of a manifest."""

import argparse
import sys
from pathlib import Path
from typing import Any

from rnnaudio.cli.common import add_machine, add_model, check_place, job, load_model, progress
from rnnaudio.errors import RnnaudioError

EXAMPLE = """  rnnaudio evaluate data/digits/test.jsonl -m digits-en
  rnnaudio evaluate test.jsonl -m runs/mine/model -o report/     also as Markdown, HTML and JSON
"""


def add(jobs: Any) -> None:
    """Declare the job."""
    parser = job(jobs, "evaluate", "measure a model: word and character error rates, with what it gets wrong", EXAMPLE)
    parser.add_argument("manifest", metavar="MANIFEST", help="JSON lines of recordings with their texts")
    add_model(parser, "digits-en")
    parser.add_argument("-o", "--output", metavar="FOLDER", help="write the full report here")
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text", help="what to print [text]")
    add_machine(parser)


def run(args: argparse.Namespace, rest: list[str]) -> int:
    """Evaluate and print; recordings that cannot be read are reported and not counted."""
    from rnnaudio.data import read_manifest
    from rnnaudio.training.judging import evaluate

    manifest = read_manifest(args.manifest)
    if args.output:
        check_place(str(Path(args.output, "report")))
    unread: list[RnnaudioError] = []
    title = f"{args.model} on {args.manifest}"
    with progress("transcribing") as tick:
        report = evaluate(load_model(args), manifest, title=title, progress=tick, unread=unread)
    for error in unread:
        print(f"rnnaudio: left out: {error}", file=sys.stderr)
    if args.output:
        report.save(Path(args.output))
    print({"text": str(report), "json": report.json(), "markdown": report.markdown()}[args.format])
    return 2 if unread else 0
