"""Several text files into a folder, each whole or not at all."""

from collections.abc import Mapping
from pathlib import Path

from rnnaudio.errors import DataError
from rnnaudio.files import write_file


def save_files(folder: str | Path, pages: Mapping[str, str]) -> None:
    """Write each text under its name, as UTF-8, beside first and then renamed."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, text in pages.items():
            write_file(Path(folder, name), text)
    except OSError as error:
        raise DataError(f"The report cannot be saved in {folder}: {error.strerror}.") from error
