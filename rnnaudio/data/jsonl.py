"""Manifests as files: one JSON object a line, one line an utterance, paths relative to the manifest."""

import difflib
import json
import os
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from rnnaudio.data.manifest import Manifest, Utterance
from rnnaudio.errors import ManifestError
from rnnaudio.files import write_file

__all__ = ["read_manifest", "write_manifest"]


def read_manifest(path: str | os.PathLike[str]) -> Manifest:
    """Read a manifest of JSON lines; blank lines are skipped.

    Keys: audio (a path, or a list of paths), and optionally id (by default the stem of the audio), gaps,
    text, seconds, speaker, label, source. Whether the audio is there and sound is the business of `check`. A
    line that is anything else is a ManifestError that names file and line.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "train.jsonl")
    ...     size = file.write_text('{"audio": "7_george_0.wav", "text": "seven"}')
    ...     read_manifest(file)[0].id
    '7_george_0'
    """
    path = Path(path)
    utterances, lines = [], []
    try:
        content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise ManifestError(
            f"{path} cannot be read: {error.strerror or error}. Give a manifest of JSON lines."
        ) from None
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            try:
                utterances.append(_utterance(_record(line), path.parent))
            except ManifestError as error:
                raise ManifestError(f"{path}:{number}: {error}") from None
            lines.append(number)
    return Manifest(tuple(utterances), path, tuple(lines))


def write_manifest(path: str | os.PathLike[str], utterances: Iterable[Utterance]) -> Path:
    """Write utterances as JSON lines, paths relative to the manifest; all of it or nothing.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     audio = Path(folder, "audio", "7.wav")
    ...     file = write_manifest(Path(folder, "train.jsonl"), [Utterance("7", (audio,), text="seven")])
    ...     file.read_text()
    '{"id": "7", "audio": "audio/7.wav", "text": "seven"}\\n'
    """
    path = Path(path)
    return write_lines(path, b"".join(_line(utterance, path.parent) for utterance in Manifest(tuple(utterances))))


def write_lines(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write JSON lines, all of them or nothing."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return write_file(path, content)
    except OSError as error:
        raise ManifestError(f"{path} cannot be written: {error.strerror or error}. Choose another place.") from error


_TEXTS = ("id", "text", "speaker", "label", "source")


def _record(line: bytes) -> dict[str, Any]:
    """One line as a dictionary of known keys."""
    try:
        record = json.loads(line.decode(), object_pairs_hook=_without_repeats)
    except UnicodeDecodeError:
        raise ManifestError("not UTF-8. Save the manifest as UTF-8.") from None
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", "it cannot be parsed")
        raise ManifestError(
            f'not JSON ({reason}). Each line is one object such as {{"audio": "a.wav", "text": "one"}}.'
        ) from None
    if not isinstance(record, dict):
        raise ManifestError('not an object. Each line is one object such as {"audio": "a.wav", "text": "one"}.')
    known = [entry.name for entry in fields(Utterance)]
    for key in record:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            advice = f"Did you mean {near[0]}?" if near else f"Known keys: {', '.join(known)}."
            raise ManifestError(f"{json.dumps(key)} is not a key of a manifest. {advice}")
    return {key: value for key, value in record.items() if value is not None}


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ManifestError(f"{json.dumps(twice)} is given twice. Keep one.")
    return record


def _utterance(record: dict[str, Any], folder: Path) -> Utterance:
    """A record of JSON values as an Utterance, with every type checked."""
    names = record.get("audio")
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list) or not names or not all(_is_path(name) for name in names):
        raise ManifestError('audio must be a path or a list of paths, such as "audio": "a.wav".')
    for key in _TEXTS:
        if not isinstance(record.get(key, ""), str):
            raise ManifestError(f"{key} must be a string, not {json.dumps(record[key])[:40]}.")
    gaps = record.get("gaps", [])
    if not isinstance(gaps, list):
        raise ManifestError("gaps must be a list of seconds.")
    return Utterance(
        id=record.get("id", "+".join(Path(name).stem for name in names)),
        audio=tuple(folder / name for name in names),
        gaps=tuple(_number("gaps", gap) for gap in gaps),
        text=record.get("text"),
        seconds=_number("seconds", record["seconds"]) if "seconds" in record else None,
        speaker=record.get("speaker"),
        label=record.get("label"),
        source=record.get("source", ""),
    )


def _is_path(name: object) -> bool:
    return isinstance(name, str) and name != "" and "\0" not in name


def _number(key: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15:
        return float(value)
    raise ManifestError(f"{key} must be a number of seconds, not {json.dumps(value)[:40]}.")


def _line(utterance: Utterance, folder: Path) -> bytes:
    """An utterance as one line of JSON, without the fields that say nothing."""
    audio = [_relative(path, folder) for path in utterance.audio]
    record: dict[str, Any] = {"id": utterance.id, "audio": audio[0] if len(audio) == 1 else audio}
    if utterance.gaps:
        record["gaps"] = list(utterance.gaps)
    for key in ("text", "seconds", "speaker", "label"):
        if (value := getattr(utterance, key)) is not None:
            record[key] = value
    if utterance.source:
        record["source"] = utterance.source
    try:
        return json.dumps(record, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # a file name that is not UTF-8 has lone surrogates; JSON can escape them
        return json.dumps(record).encode() + b"\n"


def _relative(path: Path, folder: Path) -> str:
    """`path` as seen from `folder`, links followed where it leads out: `..` after a link is elsewhere."""
    path, folder = Path(os.path.abspath(path)), Path(os.path.abspath(folder))
    if path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    try:
        return Path(os.path.relpath(os.path.realpath(path), os.path.realpath(folder))).as_posix()
    except ValueError:  # another drive
        return path.as_posix()
