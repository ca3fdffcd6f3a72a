"""Downloads from a real server on this machine: whole, broken off, resumed, corrupted, refused."""

import hashlib
import io
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rnnaudio.data.corpora.download import Archive, require
from rnnaudio.errors import DataError


def tar(files):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return content.getvalue()


CONTENT = tar({"top/a/1.wav": b"one" * 999, "top/a/2.wav": b"two", "README": b"no"})


class Server(ThreadingHTTPServer):
    """Serves `content`; breaks off after `limit` bytes of an answer; remembers the ranges asked for."""

    content, limit, resumable = CONTENT, None, True

    def __init__(self):
        self.ranges = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/corpus.tar.gz"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.headers.get("Range") if self.server.resumable else None
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        rest = self.server.content[start:]
        self.send_response((206 if asked else 200) if rest else 416)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: self.server.limit])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def fetch(server, tmp_path):
    def run(**archive):
        settings = {"sha256": hashlib.sha256(CONTENT).hexdigest(), "inside": "top", **archive}
        require(
            "corpus",
            tmp_path / "data" / "corpus",
            Archive(server.url, "1 kB", **settings),
            present=False,
            download=True,
        )
        return sorted(
            str(path.relative_to(tmp_path / "data")) for path in (tmp_path / "data").rglob("*") if path.is_file()
        )

    return run


def leftovers(tmp_path):
    return [path.name for path in (tmp_path / "data").iterdir()]


def test_a_corpus_is_put_in_place_whole(fetch):
    assert fetch(audio=2) == ["corpus/a/1.wav", "corpus/a/2.wav"]


def test_an_archive_without_a_folder_of_its_own_is_put_in_place(fetch, tmp_path):
    assert fetch(inside="") == ["corpus/README", "corpus/top/a/1.wav", "corpus/top/a/2.wav"]
    assert (tmp_path / "data" / "corpus").stat().st_mode & 0o077 == 0o055


def test_what_was_there_stays(fetch, tmp_path):
    (tmp_path / "data" / "corpus").mkdir(parents=True)
    (tmp_path / "data" / "corpus" / "mine.txt").touch()
    assert fetch() == ["corpus/a/1.wav", "corpus/a/2.wav", "corpus/mine.txt"]


def test_a_broken_download_goes_on_where_it_stopped(server, fetch, tmp_path):
    server.limit = 50
    with pytest.raises(DataError, match=f"broke off at 50 of {len(CONTENT)} bytes|IncompleteRead"):
        fetch()
    assert leftovers(tmp_path) == [".corpus.corpus.tar.gz.part"]
    server.limit = None
    assert len(fetch()) == 2
    assert server.ranges == [None, "bytes=50-"]
    assert leftovers(tmp_path) == ["corpus"]


def test_a_server_that_cannot_resume_is_asked_for_all(server, fetch):
    server.limit = 50
    with pytest.raises(DataError):
        fetch()
    server.limit, server.resumable = None, False
    assert len(fetch()) == 2


def test_a_download_complete_but_not_unpacked_is_not_fetched_again(server, fetch, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / ".corpus.corpus.tar.gz.part").write_bytes(CONTENT)
    assert len(fetch()) == 2
    assert server.ranges == [f"bytes={len(CONTENT)}-"]


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        ({"sha256": "0" * 64}, "has SHA-256 .* not 0000"),
        ({"audio": 3}, "holds 2 sound files in top, not 3"),
        ({"inside": "other"}, "holds 0 sound files in other"),
    ],
)
def test_another_content_is_refused_and_removed(fetch, tmp_path, archive, words):
    with pytest.raises(DataError, match=words):
        fetch(**archive)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("content", [b"<html>no such file</html>", CONTENT[:-40], tar({"../evil.wav": b"x"})])
def test_what_is_no_archive_is_refused_and_removed(server, fetch, tmp_path, content):
    server.content = content
    with pytest.raises(DataError, match="cannot be unpacked"):
        fetch(sha256=None)
    assert leftovers(tmp_path) == []
    assert not (tmp_path / "evil.wav").exists()


def test_a_server_that_is_not_there_is_named(server, fetch):
    server.shutdown()
    server.server_close()
    with pytest.raises(DataError, match=f"{server.url} cannot be downloaded: .*refused"):
        fetch()


def test_a_place_that_cannot_be_written_is_named(fetch, tmp_path):
    (tmp_path / "data").touch()
    with pytest.raises(DataError, match="corpus cannot be put in"):
        fetch()
