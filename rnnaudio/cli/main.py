"""The entry point: find the job, do it, and turn a user's mistake into one line and exit code 2."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from rnnaudio.cli.common import Parser
from rnnaudio.errors import RnnaudioError
from rnnaudio.version import __version__

JOBS = ("train", "evaluate", "transcribe", "inspect", "check", "augment", "models")
EPILOG = """examples:
  rnnaudio transcribe recording.wav                   words of a recording, by the shipped model
  rnnaudio train --data my_recordings/ -o runs/mine   learn from recordings with transcripts
  rnnaudio JOB --help                                 every job shows an example
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (without the program's name) and return its exit code."""
    parser = Parser(
        prog="rnnaudio",
        description="Recurrent networks for sound: recordings become words.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"rnnaudio {__version__}")
    jobs = parser.add_subparsers(title="jobs", dest="job", metavar="JOB", required=True)
    for job in JOBS:
        importlib.import_module(f"rnnaudio.cli.{job}").add(jobs)
    try:
        args, rest = parser.parse_known_args(argv)
        if rest and args.job != "train":
            jobs.choices[args.job].error(f"{rest[0]} is not an option of `rnnaudio {args.job}`")
        return importlib.import_module(f"rnnaudio.cli.{args.job}").run(args, rest)
    except RnnaudioError as error:
        print(f"rnnaudio: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("rnnaudio: stopped.", file=sys.stderr)
        return 130


def entry() -> None:
    """What the installed script calls."""
    try:
        try:
            code = main()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output has gone (`| head`); that is no mistake
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


if __name__ == "__main__":
    entry()
