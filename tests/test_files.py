import os
import stat
import threading
from pathlib import Path

import pytest

from rnnaudio.files import beside, write_file


def test_text_is_utf8_with_plain_line_ends_and_bytes_are_bytes(tmp_path):
    write_file(tmp_path / "a", "数字\n")
    assert (tmp_path / "a").read_bytes() == "数字\n".encode()
    write_file(tmp_path / "a", b"\x00\xff")
    assert (tmp_path / "a").read_bytes() == b"\x00\xff"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


def test_a_file_name_that_is_no_text_can_be_written_down(tmp_path):
    write_file(tmp_path / "a", os.fsdecode(b"voice\xff.wav"))
    assert (tmp_path / "a").read_text() == r"voice\udcff.wav"


def test_when_writing_fails_the_old_file_stays_and_nothing_else(tmp_path):
    (tmp_path / "a").write_text("old")

    def fail():
        with beside(tmp_path / "a") as place:
            place.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_folder_in_the_place_is_not_replaced(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(IsADirectoryError):
        write_file(tmp_path / "a", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_file(tmp_path / "b" / "a", "text")


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "a").write_text("old")
    (tmp_path / "link").symlink_to("a")
    write_file(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_text() == "new"


def test_a_long_name_has_room_beside_it(tmp_path):
    name = "长" * 80 + ".txt"
    assert write_file(tmp_path / name, "text").read_text() == "text"


def test_a_pipe_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append(Path(tmp_path / "pipe").read_text()))
    reader.start()
    write_file(tmp_path / "pipe", "text")
    reader.join()
    assert read == ["text"]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
