"""The same review gives the same bytes on every machine: language, clock, home, terminal, rights."""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.whole_review import lay_out_whole

ROOT = Path(__file__).parent.parent
EXPORTS = Path(__file__).parent / "data" / "exports"
TABLE = "study,ai,n1i,ci,n2i\nMüller 2001,1,10,3,10\nΩmega 2002,2,20,5,21\n"
STEPS = (
    ("new", "other"),
    ("import", "small", "e.ris", "--database", "X", "--date", "2026-01-02", "--json"),
    ("dedupe", "small", "--json"),
    ("flow", "small", "--draft", "--json", "-o", "flow.svg", "--csv", "prisma.csv", "--appendix", "a.txt"),
    ("extract", "small"),
    ("check", "small", "--json"),
    ("pool", "small", "--json"),
    ("explain", "small", "death", "--json"),
    ("status", "small", "--json"),
    ("meta", "t.csv", "--measure", "RR", "--json", "-", "-o", "forest.png"),
    ("meta", "t.csv", "--measure", "RR"),
)
QUICK = (STEPS[2], ("flow", "small", "--draft", "--json"), ("check", "small", "--json"), STEPS[-1])
READ_ONLY = (
    ("check", "small", "--json"),
    ("flow", "small", "--draft", "--json"),
    ("explain", "small", "death", "--json"),
    ("status", "small", "--json"),
    ("meta", "t.csv", "--measure", "RR", "--json", "-"),
)
WITHOUT_RIGHTS = """
import sys
sys.path[:0] = [{root!r}]
import metareview.cli, metareview.report.standing, metareview.review.trail, metareview.cli.flow
from tests.rights import as_anybody
sys.argv = ["metareview", *sys.argv[1:]]
with as_anybody():
    metareview.cli.main()
"""
# what is set and unset, and the umask; a name in braces is a folder or file of the test's
ENVIRONMENTS = {
    "plain": {},
    "LC_ALL=C": {"LC_ALL": "C"},
    "C.UTF-8 and another hash seed": {"LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "4242"},
    "no UTF-8 anywhere": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "Turkish": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "LANGUAGE": "tr"},
    "the first hour of the world": {"TZ": "<+14>-14", "LC_TIME": "de_DE.UTF-8"},
    "the last hour of the world": {"TZ": "<-12>12", "PYTHONHASHSEED": "1"},
    "no home, no name": dict.fromkeys(("HOME", "USER", "LOGNAME", "USERNAME", "LNAME", "XDG_CACHE_HOME")),
    "a home that is a file": {"HOME": "{file}", "MPLCONFIGDIR": "{file}", "XDG_CACHE_HOME": "{file}"},
    "no place for temporary files": {"TMPDIR": "{missing}", "TEMP": "{missing}", "TMP": "{missing}"},
    "a narrow terminal of DOS": {"COLUMNS": "20", "PYTHONIOENCODING": "cp437", "LINES": "1"},
    "a wide terminal of Windows": {"COLUMNS": "1000", "PYTHONIOENCODING": "cp1252"},
    "nobody else may read": {"umask": 0o077, "PYTHONIOENCODING": "cp850", "NO_COLOR": "1"},
    "everybody may write": {"umask": 0o000, "PYTHONIOENCODING": "latin-1", "FORCE_COLOR": "1"},
}
SIGNED = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d")


def lay_out(root):
    root.mkdir()
    lay_out_whole(root)
    (root / "t.csv").write_text(TABLE, "utf-8")
    (root / "e.ris").write_bytes((EXPORTS / "faulty.ris").read_bytes())
    (root.parent / f"{root.name}-file").write_text("", "utf-8")
    return root


def environment(root, chosen):
    """Return the variables of one environment."""
    places = {"file": str(root.parent / f"{root.name}-file"), "missing": str(root.parent / "missing")}
    found = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "PYTEST"))}
    found |= {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}
    for key, value in chosen.items():
        if value is None:
            found.pop(key, None)
        elif key != "umask":
            found[key] = value.format(**places)
    return found


def run(root, chosen, steps, command=(sys.executable, "-m", "metareview")):
    """Run the steps; return what the JSON among them says."""
    told = []
    for words in steps:
        done = subprocess.run(
            [*command, *words],
            cwd=root,
            env=environment(root, chosen),
            umask=chosen.get("umask", 0o022),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, (words, done)
        for sign in (b"Traceback", b"fault of its own", b"Error", b"Warning", b"warning: "):
            known = b"warning: e.ris"  # what the export holds that is no record
            assert sign not in done.stderr.replace(known, b""), (words, done.stderr)
        told += [json.loads(done.stdout)] if "--json" in words else []
    return told


def files(root):
    """Return every file of a folder with its bytes; the hour of a signature apart."""
    paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
    return {
        path.relative_to(root).as_posix(): SIGNED.sub(b"WHEN", path.read_bytes())
        for path in paths
        if path.name != "extraction.xlsx"  # holds its sheets' bytes, packed
    }


def signer(held):
    """Leave out who signed and when."""
    return {name: b"" if name.endswith("changes.csv") else raw for name, raw in held.items()}


def in_environment(folder, name, steps):
    root = lay_out(folder / re.sub(r"\W+", "-", name))
    told = run(root, ENVIRONMENTS[name], steps)
    return root, told, signer(files(root))


def hold_alike(folder, names, steps):
    """Run the steps in environments, two at a time, and hold each against the plain one."""
    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(names, pool.map(partial(in_environment, folder, steps=steps), names), strict=True))
    _, plain_told, plain_files = found["plain"]
    for name, (_, told, held) in found.items():
        assert told == plain_told, name
        assert held.keys() == plain_files.keys(), name
        assert [path for path in held if held[path] != plain_files[path]] == [], name
    return found


def test_a_plain_and_an_odd_environment_give_the_same(tmp_path):
    hold_alike(tmp_path, ("plain", "no UTF-8 anywhere"), QUICK)


@pytest.mark.slow
def test_fourteen_environments_give_the_same_bytes(tmp_path, record_property):
    found = hold_alike(tmp_path, tuple(ENVIRONMENTS), STEPS)
    for name, rights in (("nobody else may read", 0o600), ("everybody may write", 0o666)):
        root = found[name][0]
        assert {path.stat().st_mode & 0o777 for path in (root / "output").rglob("*.csv")} == {rights}
    record_property("environments", len(found))
    record_property("commands", len(found) * len(STEPS))
    record_property("files that differ", 0)


@pytest.mark.slow
def test_a_folder_that_may_only_be_read_is_enough_to_read(tmp_path):
    root = lay_out(tmp_path / "review")
    run(root, {}, [step for step in STEPS if step[0] in ("extract", "pool")])
    before = files(root)
    places = [root, *(path for path in root.rglob("*") if path.is_dir())]
    for place in places:
        place.chmod(0o555)
    command = (sys.executable, "-c", WITHOUT_RIGHTS.format(root=str(ROOT)))
    told = run(root, {"MPLCONFIGDIR": "{missing}"}, READ_ONLY, command)
    for place in places:
        place.chmod(0o755)
    assert told == run(root, {}, READ_ONLY)
    assert files(root) == before
