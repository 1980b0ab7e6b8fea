"""A bar on the error stream, on a terminal alone."""

import io
import sys

import pytest

from metareview.cli.progress import telling


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_only_a_terminal_sees_the_bar(monkeypatch, stream):
    seen = stream()
    monkeypatch.setattr(sys, "stderr", seen)
    monkeypatch.setenv("TERM", "xterm")
    with telling("Reading [export].ris", unit="records") as tell:
        tell("Comparing [red]records", 3, 10)
    assert ("[red]records" in seen.getvalue()) == seen.isatty()
