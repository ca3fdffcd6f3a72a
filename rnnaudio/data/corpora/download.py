"""Fetching a corpus: resumable, verified, and either all there or not at all."""

import hashlib
import http.client
import os
import shutil
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rnnaudio.data.corpora.base import SUFFIXES
from rnnaudio.errors import DataError

__all__ = ["Archive", "require"]

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Archive:
    """A tar file upstream: its address, its size in words, and how to know that it is whole.

    `inside` is the folder within the archive that becomes the folder of the corpus; the rest is left behind.
    `sha256` is of the archive. The archives that code hosts make of a commit may be compressed anew at any
    time, so they have none: there the commit in the address names the content, and `audio` is how many sound
    files it holds.
    """

    url: str
    size: str
    sha256: str | None = None
    inside: str = ""
    audio: int | None = None


def require(name: str, folder: Path, archive: Archive, present: bool, download: bool) -> None:
    """Make sure that corpus `name` is in `folder`: download it when it is not `present`, or say how to."""
    if present:
        return
    if not download:
        raise DataError(
            f"{name} is not in {folder}. Pass download=True to fetch {archive.size} from {archive.url}, "
            f"or set RNNAUDIO_DATA to the folder that holds {name}/."
        )
    try:
        _install(archive, folder)
    except OSError as error:
        raise DataError(
            f"{name} cannot be put in {folder}: {error}. Set RNNAUDIO_DATA to a folder with room."
        ) from error


def _install(archive: Archive, target: Path) -> None:
    """Download and unpack beside `target`, then move into place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    file = target.parent / f".{target.name}.{PurePosixPath(archive.url).name}.part"
    _fetch(archive, file)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
        _unpack(archive, file, Path(folder))
        inside = Path(folder, archive.inside)
        found = sum(path.suffix in SUFFIXES for path in inside.rglob("*"))
        if not inside.is_dir() or archive.audio not in (None, found):
            file.unlink()
            raise DataError(
                f"{archive.url} holds {found} sound files in {archive.inside or '.'}, not {archive.audio}. "
                "Fetch it again, and report this if it stays so."
            )
        if target.is_dir():  # an empty folder, or half a corpus: add what came, keep what was there
            shutil.copytree(inside, target, dirs_exist_ok=True)
        else:
            os.chmod(inside, 0o755)  # a temporary folder is for its owner alone
            shutil.move(inside, target)
    file.unlink()


def _fetch(archive: Archive, file: Path) -> None:
    """Download to `file`, going on where an earlier attempt stopped."""
    have = file.stat().st_size if file.exists() else 0
    request = urllib.request.Request(archive.url, headers={"User-Agent": "rnnaudio"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            resumed = answer.status == 206
            length = int(answer.headers.get("Content-Length") or 0)
            total = (have if resumed else 0) + length
            with file.open("ab" if resumed else "wb") as target:
                _copy(answer, target, have if resumed else 0, total, archive.url)
        if length and file.stat().st_size != total:
            raise DataError(
                f"{archive.url} broke off at {file.stat().st_size} of {total} bytes. "
                "Run the same again to go on from there."
            )
    except urllib.error.HTTPError as error:
        if error.code != 416:  # 416: the file is already complete
            raise DataError(
                f"{archive.url} answered {error.code} {error.reason}. Try later, or fetch it by hand "
                "and set RNNAUDIO_DATA."
            ) from None
    except (OSError, http.client.HTTPException) as error:
        raise DataError(
            f"{archive.url} cannot be downloaded: {getattr(error, 'reason', error)}. "
            "Run the same again to go on from where it stopped."
        ) from None
    if archive.sha256 is not None and (found := _sha256(file)) != archive.sha256:
        file.unlink()
        raise DataError(
            f"{archive.url} has SHA-256 {found[:16]}…, not {archive.sha256[:16]}…. The download was "
            "removed: run the same again."
        )


def _copy(answer, target, done: int, total: int, url: str) -> None:  # type: ignore[no-untyped-def]
    """Copy block by block, with a line of progress on standard error about once a second."""
    shown = 0.0
    while block := answer.read(_BLOCK):
        target.write(block)
        done += len(block)
        if sys.stderr.isatty() and time.monotonic() - shown > 1:
            shown = time.monotonic()
            share = f" of {total / 1e6:.0f} MB, {100 * done / total:.0f} %" if total else " MB"
            print(f"\r{PurePosixPath(url).name}: {done / 1e6:.0f}{share}", end="", file=sys.stderr, flush=True)
    if shown:
        print(file=sys.stderr)


def _unpack(archive: Archive, file: Path, folder: Path) -> None:
    try:
        with tarfile.open(file) as tar:
            tar.extractall(folder, filter="data")  # refuses links and paths that lead out of the folder
    except (tarfile.TarError, EOFError, OSError) as error:
        file.unlink(missing_ok=True)
        raise DataError(
            f"{archive.url} cannot be unpacked: {error}. The download was removed: run the same again."
        ) from None


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
