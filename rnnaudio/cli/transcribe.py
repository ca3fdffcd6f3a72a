"""`rnnaudio transcribe`: recordings to words."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rnnaudio.cli.common import (
    Tick,
    add_machine,
    add_model,
    check_place,
    is_standard_output,
    job,
    load_model,
    progress,
    whole_number,
    write_text,
)
from rnnaudio.errors import AudioError, ConfigError, RnnaudioError

EXAMPLE = """  rnnaudio transcribe recording.wav
  rnnaudio transcribe talk.mp3 --format srt -o talk.srt
  rnnaudio transcribe interviews/ --format vtt -o subtitles/         one file for each recording
  cat recording.flac | rnnaudio transcribe - --format json
  arecord -t raw -f S16_LE -r 16000 -d 5 | rnnaudio transcribe - --raw 16000
"""
SUBTITLES = ("srt", "vtt")


def add(jobs: Any) -> None:
    """Declare the job."""
    parser = job(jobs, "transcribe", "write down what is said in recordings", EXAMPLE)
    parser.add_argument("files", nargs="+", metavar="FILE", help="recordings, folders of them, or - for standard input")
    add_model(parser, "digits-en")
    parser.add_argument(
        "-o",
        "--output",
        metavar="PATH",
        help="write here instead of standard output; a folder for subtitles of several recordings",
    )
    parser.add_argument(
        "--format",
        choices=("text", "json", "srt", "vtt", "tsv"),
        default="text",
        help="text, or with times: json, srt and vtt subtitles, tsv",
    )
    parser.add_argument(
        "--raw",
        type=whole_number(1000, 768_000),
        metavar="RATE",
        help="standard input is 16-bit little-endian mono samples at this rate, without a header",
    )
    add_machine(parser)


def run(args: argparse.Namespace, rest: list[str]) -> int:
    """Transcribe each file; one that cannot be read is reported, and the others are answered."""
    from rnnaudio.cli.standard_input import standard_input
    from rnnaudio.decoding import to_json

    if args.files.count("-") > 1:
        raise ConfigError("- stands for standard input and can be given once.")
    if args.raw is not None and "-" not in args.files:
        raise ConfigError(f"--raw {args.raw} is about standard input; give - as a file too.")
    names = _expanded(args.files)
    output = _Subtitles(args, names) if args.format in SUBTITLES else _Page(args, names)
    model = load_model(args)
    sources = [standard_input(args.raw) if name == "-" else name for name in names]
    failed = 0
    with progress("transcribing", not output.streams_to_terminal) as tick:
        heard = _clock(tick, names) if tick is not None else None
        for name, (_, answer) in zip(names, model.transcribe_each(sources, heard=heard), strict=True):
            if isinstance(answer, RnnaudioError):
                print(f"rnnaudio: {answer}", file=sys.stderr)
                output.add(name, None, {"file": name, "error": str(answer)})
                failed += 1
            else:
                answer = replace(answer, file=name)
                output.add(name, answer, json.loads(to_json(answer))[0])
    output.close()
    return 2 if failed else 0


class _Page:
    """All answers in one place: text as soon as it is known where somebody can read it, else whole at the end."""

    def __init__(self, args: argparse.Namespace, names: Sequence[str]) -> None:
        self.path, self.format = args.output, args.format
        if not is_standard_output(self.path) and Path(self.path).is_dir():
            raise ConfigError(
                f"{self.path} is a folder; all of --format {self.format} goes to one file. Name the file."
            )
        check_place(self.path)
        self.named = len(names) > 1 or list(names) != args.files
        self.streams = self.format == "text" and is_standard_output(self.path)
        self.streams_to_terminal = self.streams and sys.stdout.isatty()
        self.answers: list[Any] = []
        self.objects: list[Mapping[str, Any]] = []

    def add(self, name: str, answer: Any, fields: Mapping[str, Any]) -> None:
        """Take the answer for one recording, None where there is none."""
        self.objects.append(fields)
        if answer is not None:
            self.answers.append(answer)
            if self.streams:
                write_text(self.path, self._line(fields))

    def close(self) -> None:
        """Write what has not been written."""
        from rnnaudio.decoding import to_tsv

        if self.format == "json":
            write_text(self.path, json.dumps(self.objects, ensure_ascii=False, indent=1) + "\n")
        elif self.format == "tsv":
            write_text(self.path, to_tsv(self.answers))
        elif not self.streams:
            write_text(self.path, "".join(self._line(one) for one in self.objects if "text" in one))

    def _line(self, fields: Mapping[str, Any]) -> str:
        return f"{fields['file']}\t{fields['text']}\n" if self.named else f"{fields['text']}\n"


class _Subtitles:
    """Subtitles belong to one recording: a file each, or standard output for one alone."""

    def __init__(self, args: argparse.Namespace, names: Sequence[str]) -> None:
        self.path, self.format = args.output, args.format
        self.streams_to_terminal = False
        several = len(names) > 1 or list(names) != args.files
        self.into_folder = not is_standard_output(self.path) and (
            several or Path(self.path).is_dir() or self.path.endswith("/")
        )
        if several and is_standard_output(self.path):
            raise ConfigError(f"{len(names)} recordings cannot share one {self.format}; name a folder: -o subtitles/")
        if self.into_folder and (Path(self.path).is_file() or Path(self.path).suffix.lower() in (".srt", ".vtt")):
            raise ConfigError(
                f"{len(names)} recordings cannot share {self.path}; name a folder, one file for each goes there."
            )
        check_place(str(Path(self.path, "any")) if self.into_folder else self.path)
        self.places = _places(names, args.files, self.format) if self.into_folder else {}

    def add(self, name: str, answer: Any, fields: Mapping[str, Any]) -> None:
        """Write the subtitles of one recording."""
        from rnnaudio.decoding import to_srt, to_vtt

        if answer is not None:
            place = str(Path(self.path, self.places[name])) if self.into_folder else self.path
            write_text(place, {"srt": to_srt, "vtt": to_vtt}[self.format](answer))

    def close(self) -> None:
        """Nothing is held back."""


def _expanded(files: Sequence[str]) -> list[str]:
    """The files, with the sound files of a folder in its place; an empty folder stays, to be reported."""
    from rnnaudio.models.speech import audio_files

    names: list[str] = []
    for name in files:
        inside = [str(path) for path in audio_files(Path(name))] if name != "-" and Path(name).is_dir() else []
        names += inside or [name]
    return names


def _places(names: Sequence[str], files: Sequence[str], suffix: str) -> dict[str, Path]:
    """Where in the output folder each recording's file goes: by its name, below a folder as there.

    The suffix of the sound stays in the name where two recordings would else meet in one file.
    """
    folders = [Path(name) for name in files if Path(name).is_dir()]
    homes = {name: next((home for home in folders if home in Path(name).parents), Path(name).parent) for name in names}
    relative = {name: Path("standard_input") if name == "-" else Path(name).relative_to(homes[name]) for name in names}
    short = {name: place.with_suffix(f".{suffix}") for name, place in relative.items()}
    taken = list(short.values())
    places = {
        name: short[name] if taken.count(short[name]) == 1 else place.with_name(f"{place.name}.{suffix}")
        for name, place in relative.items()
    }
    first: dict[Path, str] = {}
    for name, place in places.items():
        if (other := first.setdefault(place, name)) != name:
            raise ConfigError(f"{other} and {name} would both go to {place}; transcribe them into two folders.")
    return places


def _clock(tick: Tick, names: Sequence[str]) -> Callable[[float], None]:
    """Turn seconds of audio just recognised into a position of the progress bar."""
    total = None if "-" in names else sum(_seconds(name) for name in names)
    done = 0.0

    def heard(seconds: float) -> None:
        nonlocal done
        done += seconds
        tick(done, total)

    return heard


def _seconds(name: str) -> float:
    from rnnaudio.features import audio_info

    try:
        return audio_info(name).seconds
    except AudioError:
        return 0.0  # it will be reported in its turn
