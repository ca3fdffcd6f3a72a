"""`rnnaudio inspect`: what happens inside a model while it hears a recording."""

import argparse
from typing import Any

from rnnaudio.cli.common import add_machine, check_place, job, load_model, progress, write_text
from rnnaudio.errors import ConfigError

EXAMPLE = """  rnnaudio inspect digits-en recording.wav -o report.html
  rnnaudio inspect recording.wav -o report.html --start 1.5 --end 3     look closer at a part
  rnnaudio inspect -m runs/mine/model recording.wav -o report.html --layers 1,3
"""
DEFAULT = "digits-en"


def add(jobs: Any) -> None:
    """Declare the job."""
    parser = job(
        jobs, "inspect", "draw gates, memory, states and gradients of a model as it hears a recording", EXAMPLE
    )
    parser.add_argument(
        "model_or_input", metavar="MODEL", help="a shipped name, a model folder or a hub id; may be left out"
    )
    parser.add_argument("input", nargs="?", metavar="INPUT", help="a recording, or - for standard input")
    parser.add_argument("-m", "--model", metavar="MODEL", help=f"the model, if not named first [{DEFAULT}]")
    parser.add_argument("-o", "--output", required=True, metavar="HTML", help="the page to write")
    parser.add_argument("--layers", type=_numbers, metavar="N,N", help="draw these layers, counted from 1 [all]")
    parser.add_argument("--start", type=_seconds, default=0.0, metavar="S", help="draw from this second on [0]")
    parser.add_argument("--end", type=_seconds, metavar="S", help="draw up to this second [the end]")
    add_machine(parser)


def run(args: argparse.Namespace, rest: list[str]) -> int:
    """Hear the whole recording, draw the part that was asked for."""
    from dataclasses import replace

    from rnnaudio.cli.standard_input import standard_input

    named, name = (args.model_or_input, args.input) if args.input else (None, args.model_or_input)
    if named and args.model:
        raise ConfigError(f"{named} and -m {args.model} are two models. Name one.")
    args.model = named or args.model or DEFAULT
    check_place(args.output)
    _check_matplotlib()
    from rnnaudio.inside import look
    from rnnaudio.inside.report import report_html

    model = load_model(args)
    with progress("looking"):
        source: Any = standard_input() if name == "-" else name
        inside = look(model, source)
        end = inside.end if args.end is None else min(args.end, inside.end)
        if args.start >= end:
            part = f"from {args.start:g} s to {end:.3g} s"
            raise ConfigError(f"{name} lasts {inside.end:.3g} s: {part} there is nothing to draw.")
        inside = replace(inside, start=args.start, end=end, facts={"model": args.model, **inside.facts})
        page = report_html(inside, args.layers)
    write_text(args.output, page)
    return 0


def _check_matplotlib() -> None:
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ConfigError("pictures need matplotlib, which is not installed. Run pip install matplotlib.") from error


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of numbers such as 1,3") from None


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds") from None
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a time in a recording, it must be 0 or more")
    return value
