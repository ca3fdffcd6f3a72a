"""A folder of one's own recordings, with transcripts beside them, in a table, or as the names of folders."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rnnaudio.data.corpora.base import SUFFIXES, Corpus, manifest_of, split_by_speaker
from rnnaudio.data.manifest import Manifest, Utterance
from rnnaudio.errors import DataError

__all__ = ["folder"]

_TABLES = ("transcripts.csv", "transcripts.tsv", "metadata.csv", "metadata.tsv")
_SPLITS = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "validation": "valid",
    "dev": "valid",
    "val": "valid",
    "test": "test",
    "testing": "test",
}
_COLUMNS = {
    "audio": ("audio", "file", "path", "file_name", "filename"),
    "text": ("text", "transcript", "transcription", "sentence"),
    "speaker": ("speaker", "speaker_id", "client_id"),
    "label": ("label", "class", "category"),
    "split": ("split",),
}


def folder(
    root: Path, valid: float = 0.1, test: float = 0.1, speaker: Callable[[Path], str | None] | None = None
) -> Corpus:
    """Read a folder of recordings, at any depth. What was said is found in the first of these that is there:

    1. a table `transcripts.csv` or `.tsv` (or `metadata.…`) with a header: audio (relative to the table), and
       any of text, speaker, label, split;
    2. beside `a.wav` its transcript `a.txt`;
    3. the folder's name, as the label: `dog/a.wav`.

    Folders named train, valid (or dev) and test at the top, or a column split, are the splits. Else the
    recordings are split by a hash, `valid` and `test` being shares, a speaker never on two sides (see
    `split_by_speaker`). `speaker` tells the speaker from a path relative to `root`. Ids are paths without
    suffix. DataError when there is no sound, or a table cannot be read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for name in ("dog/1.wav", "dog/2.wav", "cat/1.wav"):
    ...         Path(root, name).parent.mkdir(exist_ok=True)
    ...         Path(root, name).touch()
    ...     [(sound.id, sound.label) for sound in folder(root, valid=0, test=0)["train"]]
    [('cat/1', 'cat'), ('dog/1', 'dog'), ('dog/2', 'dog')]
    """
    root = Path(root)
    named = _named_splits(root)
    utterances: dict[str, list[Utterance]] = {}
    for split, part in named or [("", root)]:
        for utterance, own_split in _utterances(root, part, speaker):
            utterances.setdefault(split or own_split, []).append(utterance)
    if not utterances:
        raise DataError(f"{root} holds no sound files ({', '.join(SUFFIXES)}). Give the folder of the recordings.")
    if set(utterances) == {""}:
        splits = split_by_speaker(_manifest(utterances[""], root), valid, test)
        splits = {name: manifest for name, manifest in splits.items() if len(manifest)}
    else:
        splits = {split or "train": _manifest(found, root) for split, found in utterances.items()}
    return Corpus(name=root.resolve().name, licence="", citation="", splits=splits)


def _manifest(utterances: list[Utterance], root: Path) -> Manifest:
    return manifest_of(utterances, root.resolve().name)


def _named_splits(root: Path) -> list[tuple[str, Path]]:
    """The folders at the top that are splits by their names, if train is among them."""
    if not root.is_dir():
        raise DataError(f"{root} is not a folder. Give the folder of the recordings.")
    found = [
        (_SPLITS[path.name.lower()], path)
        for path in sorted(root.iterdir())
        if path.is_dir() and path.name.lower() in _SPLITS
    ]
    return found if any(split == "train" for split, _ in found) else []


def _utterances(
    root: Path, part: Path, speaker: Callable[[Path], str | None] | None
) -> Iterator[tuple[Utterance, str]]:
    """The utterances below `part`, each with the split its table gives it ("" for none)."""
    table = next((part / name for name in _TABLES if (part / name).is_file()), None)
    found = _from_table(root, table) if table else _from_files(root, part)
    for utterance, split in found:
        if speaker is not None and utterance.speaker is None:
            utterance = replace(utterance, speaker=speaker(utterance.audio[0].relative_to(root)))
        yield utterance, split


def _from_files(root: Path, part: Path) -> Iterator[tuple[Utterance, str]]:
    paths = sorted(path for path in part.rglob("*") if path.suffix.lower() in SUFFIXES and path.name[0] != ".")
    transcribed = any(path.with_suffix(".txt").is_file() for path in paths)
    for path in paths:
        utterance = Utterance(_id(root, path), (path,))
        if transcribed:
            yield replace(utterance, text=_text(path.with_suffix(".txt"))), ""
        else:
            yield replace(utterance, label=path.parent.name if path.parent != part else None), ""


def _text(path: Path) -> str | None:
    """A transcript, its lines joined; None when there is none."""
    try:
        return " ".join(path.read_text(encoding="utf-8-sig").split())
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8. Save the transcript as UTF-8.") from None


def _from_table(root: Path, table: Path) -> Iterator[tuple[Utterance, str]]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t" if table.suffix == ".tsv" else ",")
            columns = _columns(table, reader.fieldnames or ())
            for row in reader:
                values = {name: row[column].strip() for name, column in columns.items() if row[column] is not None}
                yield _from_row(root, table.parent, values, f"{table}:{reader.line_num}")
    except UnicodeDecodeError:
        raise DataError(f"{table} is not UTF-8. Save the table as UTF-8.") from None
    except csv.Error as error:
        raise DataError(f"{table} cannot be read as a table: {error}.") from None


def _columns(table: Path, header: Sequence[str]) -> dict[str, str]:
    """Which column of the header holds what."""
    columns = {
        name: column
        for column in header
        for name, known in _COLUMNS.items()
        if column is not None and column.strip().lower() in known
    }
    if "audio" not in columns:
        raise DataError(f"{table}:1: there is no column audio, only {', '.join(header) or 'nothing'}. Name it so.")
    return columns


def _from_row(root: Path, base: Path, values: dict[str, str], where: str) -> tuple[Utterance, str]:
    if not values.get("audio"):
        raise DataError(f"{where}: audio is empty. Give the path of the recording, or remove the row.")
    split = values.get("split", "")
    if split and split.lower() not in _SPLITS:
        raise DataError(f"{where}: {split} is not a split. Use train, valid or test.")
    path = base / values["audio"]
    utterance = Utterance(
        _id(root, path),
        (path,),
        text=values.get("text"),
        speaker=values.get("speaker") or None,
        label=values.get("label") or None,
    )
    return utterance, _SPLITS.get(split.lower(), "")


def _id(root: Path, path: Path) -> str:
    """The path below root without its suffix, whatever the system's separator."""
    inside = path.relative_to(root) if path.is_relative_to(root) else path
    return inside.with_suffix("").as_posix()
