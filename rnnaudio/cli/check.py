"""`rnnaudio check`: what is wrong with recordings and texts, before anything is learned from them."""

import argparse
from pathlib import Path
from typing import Any

from rnnaudio.cli.common import check_place, job, progress, splits_in

EXAMPLE = """  rnnaudio check my_recordings/
  rnnaudio check data/digits/train.jsonl data/digits/valid.jsonl
  rnnaudio check train.jsonl -m digits-en --deep --drop-list dropped.jsonl

a manifest is JSON lines, paths relative to it:
  {"audio": "audio/0001.ogg", "text": "four two", "speaker": "ann"}
"""


def add(jobs: Any) -> None:
    """Declare the job."""
    parser = job(jobs, "check", "look through manifests before training on them", EXAMPLE)
    parser.add_argument(
        "manifests",
        nargs="+",
        metavar="MANIFEST",
        help="JSON lines, in the order train, valid, test, or a folder of recordings",
    )
    parser.add_argument(
        "-m", "--model", metavar="MODEL", help="also check texts against this model's symbols and frame rate"
    )
    parser.add_argument("--deep", action="store_true", help="decode all audio: NaN, silence, clipping, truncation")
    parser.add_argument("--drop-list", metavar="PATH", help="write what cannot be used here, as JSON lines")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="what to print [text]")


def run(args: argparse.Namespace, rest: list[str]) -> int:
    """Check, print, and exit with 2 if something cannot be used."""
    from rnnaudio.data import check, read_manifest
    from rnnaudio.models import load

    check_place(args.drop_list)
    manifests = {}
    for place in args.manifests:
        found = splits_in(Path(place)) if Path(place).is_dir() else {Path(place).stem: read_manifest(place)}
        for name, manifest in found.items():
            manifests[name if name not in manifests else f"{place}:{name}"] = manifest
    model = load(args.model) if args.model else None
    alphabet, frames_for = (model.alphabet, model.num_frames) if model is not None else (None, None)
    with progress("reading") as tick:
        report = check(manifests, alphabet, frames_for, deep=args.deep, progress=tick)
    if args.drop_list:
        report.write_drop_list(Path(args.drop_list))
    print(report.json() if args.format == "json" else report.text())
    return 0 if report.ok else 2
