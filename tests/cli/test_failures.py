"""Whatever is wrong, a command ends with one line for each fault, and changes nothing."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from metareview.cli import commands
from metareview.cli.failures import problems_of
from metareview.errors import MetareviewError
from tests.rights import as_anybody
from tests.whole_review import PLAN, call, contents, lay_out_whole

EXPORTS = Path(__file__).parent.parent / "data" / "exports"
LONG = "x" * 300
TABLE = "study,ai,n1i,ci,n2i\nA,1,10,3,10\nB,2,20,5,21\n"
METAREVIEW = [sys.executable, "-m", "metareview"]


@pytest.fixture
def root(tmp_path, monkeypatch):
    lay_out_whole(tmp_path)
    (tmp_path / "t.csv").write_text(TABLE, "utf-8")
    (tmp_path / "e.ris").write_bytes((EXPORTS / "faulty.ris").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(root, *words, says=()):
    """Run a command that is to be refused; return its lines."""
    before = contents(root)
    done = call(*words)
    assert done.code == 1, done
    assert done.err.startswith("error: ")
    assert all(line.startswith("error: ") for line in done.err.splitlines()), done.err
    assert "fault of its own" not in done.err, done.err
    for part in says:
        assert part in done.err
    assert contents(root) == before
    return done.err.splitlines()


READING = {
    "check": ("check", "small"),
    "pool": ("pool", "small"),
    "flow": ("flow", "small"),
    "status": ("status", "small"),
    "explain": ("explain", "small", "death"),
    "extract": ("extract", "small", "--as", "AB"),
    "dedupe": ("dedupe", "small"),
    "screen": ("screen", "status", "small"),
}
IN_THE_WAY = [
    *(("protocols/small.toml", verb) for verb in ("check", "pool", "flow", "status", "explain", "extract")),
    *(("extracted/small/results.csv", verb) for verb in ("check", "pool", "status", "explain")),
    *(("searched/small/records.csv", verb) for verb in ("flow", "dedupe", "screen")),
    *(("screened/small/AB.csv", verb) for verb in ("flow", "screen", "extract")),
]


@pytest.mark.parametrize(("path", "verb"), IN_THE_WAY)
@pytest.mark.parametrize("what", ["a folder", "a pipe"])
def test_a_folder_or_a_pipe_in_the_place_of_a_file_is_told(root, path, verb, what):
    Path(path).unlink()
    if what == "a folder":
        Path(path).mkdir()
    else:
        os.mkfifo(path)
    done = call(*READING[verb])
    assert done.code == 1
    assert f"{path} is {what}" in done.err + done.out


@pytest.mark.parametrize("folder", ["protocols", "searched", "screened/small", "extracted/small", "output"])
def test_a_file_in_the_place_of_a_folder_is_told(root, folder):
    if Path(folder).exists():
        Path(folder).rename("away")
    Path(folder).write_text("", "utf-8")
    refused(root, "flow", "small", says=[f"{folder} is a file; a folder is needed here. Move the file away."])


FORBIDDEN = {
    "protocols": ("check", 0o000),
    "protocols/small.toml": ("check", 0o000),
    "extracted/small": ("pool", 0o000),
    "extracted/small/results.csv": ("pool", 0o000),
    "searched/small/records.csv": ("dedupe", 0o000),
    "screened/small/AB.csv": ("screen", 0o000),
    "searched/small": ("dedupe", 0o555),
    "output": ("pool", 0o555),
}


@pytest.mark.parametrize("path", FORBIDDEN)
def test_forbidden_and_read_only_places_are_told(root, path):
    verb, rights = FORBIDDEN[path]
    Path(path).mkdir(exist_ok=True) if path == "output" else None
    whole = Path(path).stat().st_mode
    before = contents(root)
    Path(path).chmod(rights)
    try:
        with as_anybody():
            done = call(*READING[verb])
    finally:
        Path(path).chmod(whole)
    assert done.code == 1
    assert done.err.count("\n") == done.err.count("error: ") == 1
    assert path in done.err
    assert "Permission denied" in done.err
    assert contents(root) == before


@pytest.mark.parametrize("what", ["a folder", "a pipe", "a link"])
def test_an_odd_lock_is_told(root, what):
    lock = Path("searched/small/.lock")
    lock.unlink(missing_ok=True)
    {"a folder": lock.mkdir, "a pipe": lambda: os.mkfifo(lock), "a link": lambda: lock.symlink_to("/etc")}[
        what
    ]()
    done = call("dedupe", "small")
    assert done.code == 1
    assert "searched/small/.lock is no ordinary file; remove it and run the command again." in done.err


PLANS = {
    "a number without end": (PLAN + f"\nx = {'9' * 5000}\n", "has more than 4,000 digits"),
    "lists in lists": (PLAN + "\nx = " + "[" * 100_000, "nested too deeply"),
    "keys in keys": ("a." * 50_000 + "b = 1\n" + PLAN, "small.toml:1: its tables are nested too deeply"),
    "half a file": (PLAN[: len(PLAN) // 2], "protocols/small.toml"),
    "nothing": ("", 'key "title" is missing'),
    "one byte": ("[", "is not valid TOML"),
    "a level that is no number": (PLAN.replace('"RR"', '"RR"\nlevel = nan', 1), "level is nan"),
    "a NUL": (PLAN + "\0", "not text"),
    "a colour": (
        PLAN.replace('"Alpha', '"A').replace('"Drug"', '"\\u001b[31mDrug"', 1),
        "holds a control character",
    ),
}


@pytest.mark.parametrize("case", PLANS)
def test_a_plan_that_cannot_be_is_told(root, case):
    text, says = PLANS[case]
    Path("protocols/small.toml").write_text(text, "utf-8")
    for verb in ("pool", "flow"):
        refused(root, *READING[verb], says=["protocols/small.toml", says])


TABLES = {
    "nothing": (b"", "is empty"),
    "separators only": (b";;;;\n", "the line names no column"),
    "separators, then rows": (b",,,\n1,2,3,4\n", "the line names no column"),
    "a quote left open": (TABLE.encode() + b'"C,1', "cannot be read as a table row"),
    "a number too large": (TABLE.encode() + b"C,1e400,2,3,4\n", 't.csv:4: ai is "1e400"; it is too large'),
    "a NUL": (TABLE.encode() + b"\0", "is not text"),
    "a workbook": (b"PK\x03\x04" + bytes(range(256)), "is not text"),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_table_that_cannot_be_is_told(root, case):
    raw, says = TABLES[case]
    Path("t.csv").write_bytes(raw)
    refused(root, "meta", "t.csv", "--measure", "RR", says=["t.csv", says])


ARGUMENTS = {
    "a name with NUL": ("pool", "small\0"),
    "a name too long": ("pool", LONG),
    "a name that is not UTF-8": ("pool", "\udcff"),
    "a name that leads out": ("check", "../small"),
    "a file with NUL": ("meta", "t\0.csv", "--measure", "RR"),
    "a file too long": ("meta", LONG, "--measure", "RR"),
    "an export with NUL": ("import", "small", "e\0.ris"),
    "an export that is not there": ("import", "small", "\udcff.ris"),
    "a device": ("meta", "/dev/zero", "--measure", "RR"),
    "an export that is a device": ("import", "small", "/dev/zero"),
    "a workbook that is a device": ("extract", "small", "--as", "AB", "--from", "/dev/zero"),
    "a workbook that is damaged": ("extract", "small", "--as", "AB", "--from", "e.ris"),
    "a level": ("meta", "t.csv", "--measure", "RR", "--level", "1e400"),
    "a level that is none": ("meta", "t.csv", "--measure", "RR", "--level", "nan"),
    "a variance": ("meta", "t.csv", "--measure", "RR", "--tau2", "1e400"),
    "dots per inch": ("plot", "small", "forest", "death", "-o", "o.png", "--dpi", "-1"),
    "a page": ("plot", "small", "forest", "death", "-o", "o.svg", "--page-height", "nan"),
    "a conversion": ("convert", "se-from-ci", "--low", "nan", "--high", "2"),
}


@pytest.mark.parametrize("case", ARGUMENTS)
def test_an_argument_that_cannot_be_is_told(root, case):
    refused(root, *ARGUMENTS[case])


META, FLOW = ("meta", "t.csv", "--measure", "RR"), ("flow", "small")
OUTPUTS = {
    "a folder": ((*META, "-o", "protocols"), "-o is protocols; that is a folder"),
    "a device": ((*META, "-o", "/dev/null"), "that is a pipe or a device"),
    "a name with NUL": ((*META, "--json", "a\0"), "cannot be read"),
    "a name too long": ((*META, "--json", LONG), "cannot be read"),
    "what was read": ((*META, "--json", "t.csv"), "--json is t.csv; that was given to be read"),
    "what people wrote": ((*FLOW, "--csv", "extracted/small/arms.csv"), "extracted/ keeps what people"),
    "the plan": ((*FLOW, "--appendix", "protocols/small.toml"), "protocols/ keeps what people"),
    "one name twice": ((*FLOW, "-o", "x.svg", "--csv", "x.svg"), "-o and --csv name the same file"),
    "an ending": (("dedupe", "e.ris", "-o", "x.doc"), "its name must end in .ris, .bib, .csv."),
    "an export that is read": (("dedupe", "e.ris", "-o", "e.ris"), "that was given to be read"),
    "the table of a figure": (
        ("plot", "small", "lights", "--table", "t.data.csv", "-o", "t.svg"),
        "the .csv beside t.svg is t.data.csv; that was given to be read",
    ),
    "a name that cannot be seen": ((*META, "-o", "  .svg"), "a name that can be seen"),
    "a name of two lines": (("screen", "export", "small", "--to", "rayyan", "-o", "a\nb"), "can be seen"),
    "under a file": ((*META, "-o", "t.csv/x.svg"), "t.csv is a file; a folder is needed here"),
}


@pytest.mark.parametrize("case", OUTPUTS)
def test_an_output_that_cannot_be_is_told_before_anything_is_done(root, case):
    words, says = OUTPUTS[case]
    Path("t.data.csv").write_text("study,D1\nA,low\n", "utf-8")
    refused(root, *words, says=[says])


DRAWN = ("plot", "small", "-o", "o.svg")
FOREST = (*DRAWN, "forest", "death")
IGNORED = {
    "a style without a figure": ((*META, "--style", "jama"), "--style belongs to -o"),
    "an order of a forest plot": ((*FOREST, "--by", "precision"), "--by belongs to the figure cumulative"),
    "few studies of a forest plot": ((*FOREST, "--few"), "--few belongs to the figure funnel"),
    "judgements for a forest plot": ((*FOREST, "--table", "t.csv"), "the figure lights or bias"),
    "the usual order of a forest plot": ((*FOREST, "--by", "year"), "--by belongs to the figure cumulative"),
    "the usual style without a figure": ((*META, "--style", "metareview"), "--style belongs to -o"),
    "subgroups that are not there": ((*META, "--post-hoc"), "--post-hoc belongs to --subgroup"),
    "columns of a funnel plot": ((*DRAWN, "funnel", "death", "--columns", "p"), "--columns belongs to"),
    "pages of a flow": ((*DRAWN, "flow", "--page-height", "90"), "--page-height belongs to"),
    "an analysis of a flow": ((*DRAWN, "flow", "death"), "death would not be shown"),
    "a second analysis": ((*DRAWN, "lights", "death", "relapse"), "relapse would not be shown"),
    "dots of a drawing": ((*FOREST, "--dpi", "300"), "--dpi belongs to .png and .tiff"),
}


@pytest.mark.parametrize("case", IGNORED)
def test_an_option_that_would_be_ignored_is_told(root, case):
    words, says = IGNORED[case]
    refused(root, *words, says=[says])


ADDRESSES = [
    "x",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:abc/",
    "https://[::1",
    "https://" + LONG,
    "\udcff",
]


@pytest.mark.parametrize("name", ["METAREVIEW_EUTILS_URL", "HTTPS_PROXY"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_cannot_be_is_told_before_anything_is_asked(root, monkeypatch, name, address):
    monkeypatch.setenv("NCBI_EMAIL", "you@example.org")
    monkeypatch.setenv("METAREVIEW_EUTILS_URL", "https://example.invalid/")
    for other in ("no_proxy", "NO_PROXY", "https_proxy"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, address if name.startswith("M") or address != "x" else "//")
    refused(root, "search", "small", says=[f"{name} is no"])


def test_a_cell_as_long_as_an_abstract_can_be_is_read_again(root):
    Path("l.ris").write_text(f"TY  - JOUR\nTI  - Long\nAB  - {'word ' * 60_000}\nER  - \n", "utf-8")
    assert call("import", "small", "l.ris", "--database", "X").code == 0
    assert call("dedupe", "small").out.startswith("7 records, 7 works")


def test_a_fault_of_our_own_is_one_line_with_its_place_unless_the_whole_is_asked_for(root, monkeypatch):
    def broken(_):
        raise TypeError("unsupported\noperand")

    monkeypatch.setattr("metareview.cli.new.write_starter", broken)
    done = call("new", "other")
    assert done.code == 1
    assert re.fullmatch(
        r"error: metareview met a fault of its own \(TypeError in cli/new\.py:\d+: unsupported operand\); "
        r"please report it with the command\.\n",
        done.err,
    )
    monkeypatch.setenv("METAREVIEW_TRACEBACK", "1")
    with pytest.raises(TypeError):
        call("new", "other")
    refused(root, "check", "nothing", says=["does not exist"])


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (PermissionError(13, "Permission denied", "x.csv"), "x.csv: Permission denied."),
        (OSError(28, "No space left on device"), "The system refused: No space left on device."),
        (MemoryError(), "The memory of this machine is not enough"),
        (RecursionError("maximum recursion depth"), "nested too deeply"),
        (OverflowError("int too large"), "A number is too large"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "letters that are no letters"),
        (EOFError("ended early"), "A packed file is damaged"),
        (MetareviewError("a\nb" + "c" * 9000 + "end."), "a bccc"),
    ],
)
def test_what_reaches_the_door_is_one_line_that_fits_a_screen(error, says):
    (line,) = problems_of(error)
    assert says in line
    assert line.endswith(".")
    assert "\n" not in line
    assert len(line) < 2100


def test_a_wrong_option_ends_with_2_and_how_the_command_is_used():
    for words in (
        ["nonsense\x1b[31m"],
        ["check"],
        ["check", "small", "--nonsense"],
        ["screen", "small"],
        [*FOREST, "--dpi", "9" * 5000],
    ):
        done = call(*words)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("Usage: metareview")
        assert "\x1b" not in done.err
        assert all(len(line) < 2100 for line in done.err.splitlines())


def test_a_reader_that_has_read_enough_is_no_fault(root):
    command = f"{sys.executable} -m metareview"
    done = subprocess.run(
        f"{command} convert --help | head -1; {command} measures >&-",
        shell=True, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("Usage:")
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_an_output_that_takes_nothing_more_is_told(root):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*METAREVIEW, "measures"], stdout=full, stderr=-1, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "error: The output cannot be written: No space left on device.\n"


WAITING = """
import sys, time
from pathlib import Path
import metareview.files as files
from metareview.cli import main
def slowly(descriptor, raw):
    print("writing", flush=True)
    time.sleep(60)
files.write_all = slowly
sys.argv = ["metareview", "new", "other"]
main()
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_who_is_asked_to_end_sweeps_what_is_half_written(root, number, code):
    before = contents(root)
    process = subprocess.Popen([sys.executable, "-c", WAITING], stdout=-1, stderr=-1, text=True)
    assert process.stdout.readline() == "writing\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.strip()) == (code, "", "Stopped.")
    assert contents(root) == before


def test_a_question_without_an_answer_ends_in_one_line(monkeypatch):
    import click

    @click.command()
    def ask():
        click.confirm("sure?", abort=True)

    monkeypatch.setattr(type(commands), "get_command", lambda *_: ask)
    done = call("new")
    assert done.code == 1
    assert done.err.strip().endswith("Stopped: the input ended before an answer.")
    assert CliRunner().invoke(ask, input="y\n").exit_code == 0
