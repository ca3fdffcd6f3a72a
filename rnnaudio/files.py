"""Writing files whole or not at all: beside their place first, then renamed into it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

__all__ = ["beside", "write_file"]


def write_file(path: str | os.PathLike[str], content: str | bytes) -> Path:
    """Write a file so that a reader finds the old one or the new one, never half of one.

    Text becomes UTF-8 as it stands, with what cannot be UTF-8 (odd file names) spelled out. Raises
    `OSError`; the caller knows best what to say of it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_file(f"{folder}/a.txt", "one").read_text()
    'one'
    """
    path = Path(path)
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    if path.exists() and not (path.is_file() or path.is_dir()):
        path.write_bytes(data)  # a pipe or a device such as /dev/stdout: a rename would destroy it
        return path
    with beside(path) as place:
        place.write_bytes(data)
    return path


@contextmanager
def beside(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A file beside `path` to write to; it takes the place of `path` if the block ends well, and is gone if not.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with beside(f"{folder}/a.txt") as place:
    ...         size = place.write_text("one")
    ...     [file.name for file in Path(folder).iterdir()]
    ['a.txt']
    """
    target = Path(os.path.realpath(path))  # a link stays a link
    with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name[:50]}.", delete=False) as file:
        place = Path(file.name)
    try:
        yield place
        place.chmod(0o644)  # temporary files are for their owner alone
        place.replace(target)
    finally:
        place.unlink(missing_ok=True)
