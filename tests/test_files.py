import os
import subprocess
import sys

import pytest

from metareview.errors import FileError
from metareview.files import decode, locked, read_text, write_atomically


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_is_read_in_the_encodings_that_office_programs_write(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes("study\nMüller 2020\n".encode(encoding))
    assert read_text(path) == "study\nMüller 2020\n"


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(FileError, match="not text in an encoding"):
        decode(b"PK\x03\x04\x00\x00\x81\x8d", "x.csv")


def test_a_folder_and_a_missing_file_are_said(tmp_path):
    with pytest.raises(FileError, match="is a folder"):
        read_text(tmp_path)
    with pytest.raises(FileError, match="does not exist"):
        read_text(tmp_path / "none.csv")


def test_writing_the_same_again_writes_nothing(tmp_path):
    path = tmp_path / "deep" / "a.txt"
    assert write_atomically(path, "one")
    before = path.stat().st_mtime_ns
    assert not write_atomically(path, "one")
    assert path.stat().st_mtime_ns == before
    assert write_atomically(path, "two")
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_a_failed_write_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    write_atomically(path, "old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(FileError, match="cannot be written"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_second_writer_is_told_to_wait_and_a_dead_one_leaves_no_lock(tmp_path):
    code = f"from metareview.files import locked\nwith locked({str(tmp_path)!r}): pass"
    with locked(tmp_path):
        second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert "is being written by another metareview process" in second.stderr
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
