"""Common Voice: sentences read by volunteers in more than a hundred languages, MP3."""

import csv
from collections.abc import Iterator
from pathlib import Path

from rnnaudio.data.corpora.base import Corpus, corpus_root, find_audio, manifest_of
from rnnaudio.data.manifest import Manifest, Utterance
from rnnaudio.errors import DataError

__all__ = ["common_voice"]


def common_voice(root: Path | None = None, language: str = "en") -> Corpus:
    """Mozilla Common Voice, one language. Splits: train.tsv, dev.tsv (valid) and test.tsv.

    Their speakers are disjoint. Text is the sentence as printed. `root` is the folder of the language, or the
    one above it; there is no download: Mozilla hands the archive only to who has agreed to its terms. Layout:
    `train.tsv`, `dev.tsv`, `test.tsv`, `clips/*.mp3`, and `clip_durations.tsv` where there is one. DataError
    when it is not there or not whole.

    Source: Ardila et al. 2020, arXiv:1912.06670.

    >>> corpus = common_voice(Path("cv-corpus-17.0"), language="cy")            # doctest: +SKIP
    >>> sorted(corpus.splits)                                                   # doctest: +SKIP
    ['test', 'train', 'valid']
    """
    root = Path(root) if root is not None else corpus_root("common_voice")
    folder = root / language if (root / language).is_dir() else root
    splits = {}
    for split, table in (("train", "train.tsv"), ("valid", "dev.tsv"), ("test", "test.tsv")):
        if not (folder / table).is_file():
            raise DataError(
                f"common_voice is not in {folder} ({table} is missing). Fetch {language} from "
                "https://commonvoice.mozilla.org/datasets (accept its terms there), unpack it, and set "
                f"RNNAUDIO_DATA to the folder that holds common_voice/{language}/."
            )
        splits[split] = _read(folder, table)
    return Corpus(
        name="common_voice",
        licence="CC0 1.0",
        citation="R. Ardila et al., Common Voice: A Massively-Multilingual Speech Corpus, LREC 2020",
        splits=splits,
    )


def _read(folder: Path, table: str) -> Manifest:
    seconds = _durations(folder)
    return manifest_of(
        (
            Utterance(
                Path(row["path"]).stem,
                (find_audio(folder / "clips" / Path(row["path"]).stem),),
                text=row["sentence"].strip(),
                seconds=seconds.get(Path(row["path"]).stem),
                speaker=row["client_id"],
            )
            for row in _rows(folder / table, ("client_id", "path", "sentence"))
        ),
        "common_voice",
    )


def _durations(folder: Path) -> dict[str, float]:
    """Seconds of each clip, where the release has the table."""
    table = folder / "clip_durations.tsv"
    if not table.is_file():
        return {}
    return {
        Path(row["clip"]).stem: float(row["duration[ms]"]) / 1000
        for row in _rows(table, ("clip", "duration[ms]"))
        if float(row["duration[ms]"]) > 0
    }


def _rows(table: Path, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        for row in reader:
            if any(row.get(column) is None for column in columns):
                raise DataError(f"{table}:{reader.line_num}: needs the columns {', '.join(columns)}. Unpack it again.")
            yield row
