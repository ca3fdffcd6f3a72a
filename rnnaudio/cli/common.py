"""Options and small services that the jobs share."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from rnnaudio.errors import ConfigError, DataError
from rnnaudio.files import write_file

if TYPE_CHECKING:
    from rnnaudio.data import Manifest

MOST_THREADS = 1024
Tick = Callable[[float, float | None], object]


class Parser(argparse.ArgumentParser):
    """Takes a wrong command line for what it is: a user's mistake, told in one line."""

    def error(self, message: str) -> NoReturn:
        """Raise what the entry point prints."""
        raise ConfigError(f"{message.rstrip('.')}. See {self.prog} --help")


def job(jobs: Any, name: str, summary: str, example: str) -> argparse.ArgumentParser:
    """Declare a job with its line in the overview and an example in its help."""
    parser: argparse.ArgumentParser = jobs.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"examples:\n{example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def splits_in(folder: Path) -> Mapping[str, "Manifest"]:
    """The recordings of a folder by split: its manifests train, valid, test, or its recordings with transcripts."""
    from rnnaudio.data import read_manifest
    from rnnaudio.data.corpora import folder as read_folder

    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder. Give a folder of recordings with transcripts.")
    paths = {name: folder / f"{name}.jsonl" for name in ("train", "valid", "test")}
    found = {name: read_manifest(path) for name, path in paths.items() if path.is_file()}
    return found or read_folder(folder).splits


def whole_number(least: int, most: int = 2**63 - 1) -> Callable[[str], int]:
    """The type of an option that takes a whole number from `least` to `most`."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is too small, it must be {least} or more")
        if value > most:
            raise argparse.ArgumentTypeError(f"{value} is too large, it must be {most} or less")
        return value

    return parse


def add_model(parser: argparse.ArgumentParser, default: str | None) -> None:
    """`-m`: which model answers."""
    parser.add_argument(
        "-m",
        "--model",
        default=default,
        metavar="MODEL",
        help="a shipped name (see `rnnaudio models`), a model folder, or a hub id owner/name"
        + (f" [{default}]" if default else ""),
    )


def add_machine(parser: argparse.ArgumentParser) -> None:
    """`--threads` and `--device`: where the network runs."""
    threads = whole_number(0, MOST_THREADS)
    parser.add_argument("--threads", type=threads, default=0, metavar="N", help="CPU threads [0: as torch chooses]")
    parser.add_argument("--device", default="cpu", help="cpu, or gpu, or auto for the gpu if there is one [cpu]")


def load_model(args: argparse.Namespace) -> Any:
    """The model of `-m` on the device of `--device`."""
    import torch

    from rnnaudio.models import load

    if args.threads:
        torch.set_num_threads(args.threads)
    names = {"gpu": "cuda", "auto": "cuda" if torch.cuda.is_available() else "cpu"}
    try:
        device = torch.device(names.get(args.device, args.device))
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        reason = "torch knows no such device" if "device type at start" in reason else reason
        raise ConfigError(f"--device {args.device} cannot be used here ({reason}). Use --device cpu.") from error
    return load(args.model).to(device)


def is_standard_output(path: str | None) -> bool:
    """Whether an `-o` that was or was not given means standard output."""
    return path is None or path == "-"


def check_place(path: str | None) -> None:
    """Find out before the work, not after it, that nothing can be written at `path`."""
    if path is None or path == "-":
        return
    place = Path(path)
    if place.is_dir():
        raise ConfigError(f"{path} is a folder. Name a file.")
    if place.exists() and not place.is_file():
        return  # a device or a pipe
    home = next(folder for folder in place.absolute().parents if folder.exists())
    if not home.is_dir():
        raise ConfigError(f"{path} cannot be written: {home} is not a folder. Choose another place.")
    if not os.access(home, os.W_OK | os.X_OK):
        raise ConfigError(f"{path} cannot be written: {home} is not yours to write to. Choose another place.")


def write_text(path: str | None, text: str) -> None:
    """Write to a file, whole or not at all, or to standard output for None and `-`."""
    if path is None or path == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_file(path, text)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror}). Choose another place.") from error


@contextmanager
def progress(what: str, show: bool = True) -> Iterator[Tick | None]:
    """A progress bar on standard error, moved by calling it with (done, total); None where nobody is looking."""
    if not (show and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    # Standard output may be a file that is being written: it is none of the bar's business.
    with Progress(console=Console(stderr=True), transient=True, redirect_stdout=False) as bar:
        line = bar.add_task(what, total=None)

        def tick(done: float, total: float | None) -> None:
            bar.update(line, completed=done, total=total)

        yield tick
