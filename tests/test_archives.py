"""Bombs: small files that would take the machine's memory or its days are refused in a sentence."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest
from eutils import StandIn, corpus

from metareview import archives
from metareview.errors import FileError, MetareviewError
from metareview.extraction.workbook_reading import read_workbook
from metareview.search.entrez import Access, Client, Patience
from metareview.search.entrez.ids import read_hits
from metareview.search.formats.reading import read_export
from tests.bombs import EXPORTS, REPLIES, ROW, WORKBOOKS, workbook

ROOT = Path(__file__).parents[1]
MOST_MIB, MOST_SECONDS = 1024, 10
HEAVY = {
    "unpacks to too much", "packed too well", "a lying size", "shared strings", "merged cells", "many parts",
    "rows times columns", "formats", "a wide row", "many elements",
}  # fmt: skip

# reads one file in a process of its own and says what it took
WATCHED = """
import re, sys, time
sys.path[:0] = ["tests", "."]
from pathlib import Path
from metareview.errors import MetareviewError
from tests.test_archives import READERS
started, said = time.process_time(), ""
try:
    READERS[sys.argv[1]](Path(sys.argv[2]))
except MetareviewError as error:
    said = "|".join(error.problems)
seconds = time.process_time() - started
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1], seconds, said, sep="\\t")
"""


def read_reply(path):
    """Let the stand-in send a packed reply, and ask for it."""
    body = path.read_bytes()
    with StandIn(corpus(1)) as service:
        service.packed = body
        patience = Patience(tries=2, first=0.01, longest=0.01)
        client = Client(Access("a@example.org", "", service.url, patience, 0.0))
        client.ask("esearch", {"db": "pubmed", "term": "x"}, "eSearchResult", read_hits)


READERS = {"workbook": read_workbook, "records": read_export, "export": read_export, "reply": read_reply}


KINDS = (("workbook", WORKBOOKS), ("export", EXPORTS), ("reply", REPLIES))
LIGHT = [
    pytest.param(kind, make, says, id=f"{kind}: {name}")
    for kind, bombs in KINDS
    for name, (make, says) in bombs.items()
    if name not in HEAVY
]


def write(path, made):
    path.write_bytes(made.encode("utf-8") if isinstance(made, str) else made)
    return path


@pytest.mark.parametrize(("kind", "make", "says"), LIGHT)
def test_a_bomb_is_refused_in_a_sentence(tmp_path, kind, make, says):
    path = write(tmp_path / "bomb", make())
    before = path.read_bytes()
    if not says:
        (row,) = read_workbook(path).grids["results"].rows
        assert {name: text for name, text in row.items() if text} == ROW
        return
    with pytest.raises(MetareviewError, match=says) as caught:
        READERS[kind](path)
    assert all(problem.endswith(".") and "\n" not in problem for problem in caught.value.problems)
    assert path.read_bytes() == before


def watched(kind, path):
    """Read a file in a process of its own; give the peak of its memory, its seconds, and what it said."""
    command = [sys.executable, "-c", WATCHED, kind, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    peak, seconds, said = done.stdout.rstrip("\n").split("\t")
    return int(peak) / 1024, float(seconds), said


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
def test_no_bomb_takes_a_gibibyte_or_ten_seconds(tmp_path):
    figures = []
    for kind, bombs in KINDS:
        for name, (make, says) in bombs.items():
            path = write(tmp_path / "bomb", make())
            figures.append((kind, name, *watched(kind, path)))
            assert says in figures[-1][-1], (kind, name)
            if kind == "workbook":
                figures.append(("records", name, *watched("records", path)))
    for kind, name, peak, seconds, said in figures:
        print(f"{kind}, {name}: {peak:.0f} MiB, {seconds:.1f} s: {said[-100:] or 'read'}")  # noqa: T201
    lost = [figure for figure in figures if figure[2] > MOST_MIB or figure[3] > MOST_SECONDS]
    print(f"{len(figures)} bombs tried, {len(lost)} lost")  # noqa: T201
    assert lost == []


def test_a_sound_workbook_is_no_bomb(tmp_path):
    assert len(read_workbook(write(tmp_path / "x.xlsx", workbook())).grids["results"].rows) == 1


def test_gzip_is_unpacked_up_to_its_bound():
    packed = gzip.compress(b"a" * 1000)
    assert archives.unpack_gzip(packed, "x", 1000) == b"a" * 1000
    with pytest.raises(FileError, match=r"x is refused: it unpacks to more than 0 MiB\."):
        archives.unpack_gzip(packed, "x", 999)


def test_a_packed_file_is_read_a_piece_at_a_time_up_to_its_bound(tmp_path):
    path = write(tmp_path / "x.gz", gzip.compress(b"a" * 1000) + gzip.compress(b"b" * 1000))
    with archives.open_gzip(path, 2000) as stream:
        assert (stream.read(500), stream.read(), stream.read()) == (b"a" * 500, b"a" * 500 + b"b" * 1000, b"")
    with pytest.raises(FileError, match="unpacks to more than"), archives.open_gzip(path, 1999) as stream:
        stream.read()


@pytest.mark.parametrize(
    "raw",
    [gzip.compress(b"a" * 1000)[:-5], b"text", b"\x1f\x8b\x08\x00broken..."],
    ids=["cut", "not packed", "broken"],
)
def test_a_damaged_packed_file_is_told(tmp_path, raw):
    path = write(tmp_path / "x.gz", raw)
    with pytest.raises(FileError, match="damaged"):
        archives.unpack_gzip(raw, path)
    with pytest.raises(FileError, match="damaged"), archives.open_gzip(path) as stream:
        stream.read()


def test_a_packed_file_that_is_missing_is_told(tmp_path):
    with pytest.raises(FileError, match="does not exist"), archives.open_gzip(tmp_path / "none.gz"):
        pass


def test_a_locked_workbook_is_called_locked():
    wrapped = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    with pytest.raises(FileError, match="locked with a password"):
        archives.open_workbook(wrapped, "x.xlsx", archives.EXTRACTION)
