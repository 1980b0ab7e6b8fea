"""A starter protocol is written once and never over another."""

import pytest

from metareview.errors import ProtocolError
from metareview.protocol import read_protocol, write_starter


def test_a_starter_reads_back(tmp_path):
    assert read_protocol(write_starter("statins", tmp_path)).outcomes


def test_a_protocol_that_exists_is_left_alone(tmp_path):
    path = write_starter("statins", tmp_path)
    path.write_text("mine", "utf-8")
    with pytest.raises(ProtocolError, match="exists already"):
        write_starter("statins", tmp_path)
    assert path.read_text("utf-8") == "mine"


@pytest.mark.parametrize("name", ["../x", "", "a b", ".hidden", "x/y"])
def test_a_name_that_is_no_file_name_is_refused(tmp_path, name):
    with pytest.raises(ProtocolError, match="cannot name a review"):
        write_starter(name, tmp_path)
    assert not list(tmp_path.iterdir())
