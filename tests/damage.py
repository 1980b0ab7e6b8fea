"""Files damaged in every way, through the commands that read them, in a process whose use is measured.

Run by hand: ``python -m tests.damage FOLDER FIRST LAST`` prints what came of these cases as JSON.
"""

import io
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import traceback
import zipfile
from collections import Counter
from pathlib import Path

from metareview.files import sha256
from tests.whole_review import call, contents, lay_out_whole

EXPORTS = Path(__file__).parent / "data" / "exports"
MOST_SECONDS, MOST_BYTES = 10.0, 1024**3
SAID = re.compile(r"(error|draft|note|warning): ")
NOT_NAMED = re.compile(r"fault of its own|\(\w+(/\w+)*\.py:\d+")

STATUS, CHECK, FLOW = ("status", "small"), ("check", "small"), ("flow", "small", "--draft")
DEDUPE, SCREEN = ("dedupe", "small"), ("screen", "status", "small")
EXPLAIN, LINT = ("explain", "small", "death"), ("search", "small", "--lint")
SHEETS = ("studies", "arms", "results", "contrasts", "judgements")
# file of the review → the commands that read it; `made` files last, as they need output
PLACES = {
    "protocols/small.toml": (CHECK, LINT, STATUS, FLOW),
    **{f"extracted/small/{sheet}.csv": (CHECK, EXPLAIN, STATUS, FLOW) for sheet in SHEETS},
    "searched/small/records.csv": (FLOW, DEDUPE, SCREEN),
    "searched/small/searches.csv": (FLOW, ("import", "small", "e.ris", "--database", "X")),
    "searched/small/duplicates.csv": (FLOW, DEDUPE),
    "screened/small/AB.csv": (SCREEN, FLOW),
    "screened/small/consensus.csv": (SCREEN, FLOW),
    "screened/small/previous.csv": (FLOW,),
    "output/small/made.json": (STATUS,),
    "output/small/death/inputs.json": (STATUS,),
    "extracted/small/.journal/entries.json": (CHECK, STATUS),
}
BRINGING = ("extract", "small", "--as", "AB", "--from")
READING = (("dedupe",), ("import", "small", "--database", "X"))
REPEATED = (
    b"A", b"9", b'"', b",", b". ", b"<a>", b"((", b"A and ", b"\x00", b" ", b"\n", b"10.1/", b"TY  - ",
    b"[[", b"{a=",
)  # fmt: skip
INSERTED = (
    b"\x00", b"\x1b[31m", b"\xe2\x80\xae", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\x0c", b"\xed\xa0\x80",
    b"=1+1",
    b"1e400", b"9" * 5000, b"-1", b"nan", b"../../x", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b'"""',
    b"\\u0000",
)  # fmt: skip


def damaged(raw, others, rng):
    """Return bytes that were flipped, cut, doubled, mixed with others' or filled up."""
    raw = bytearray(raw)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 12))):
        at, length = rng.randrange(len(raw) + 1), rng.choice((1, 4, 40, 400))
        match rng.randrange(7):
            case 0:
                raw[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del raw[at : at + length]
            case 2:
                raw[at:at] = raw[at : at + length] * rng.choice((1, 2, 50))
            case 3:
                other = rng.choice(others)
                start = rng.randrange(len(other) + 1)
                raw[at:at] = other[start : start + length]
            case 4:
                raw[at:at] = rng.choice(INSERTED)
            case 5 if rng.random() < 0.3:
                raw[at:at] = rng.choice(REPEATED) * rng.choice((100, 3_000, 30_000))
            case _:
                del raw[at if rng.random() < 0.2 else len(raw) :]
    return bytes(raw)


class Cases:
    """A whole review, made once; every case damages one file in it and runs one command."""

    def __init__(self, folder):
        self.root = folder / "review"
        self.root.mkdir(parents=True)
        (folder / "canary").write_text("stays", "utf-8")
        lay_out_whole(self.root)
        os.chdir(self.root)
        shutil.copy(EXPORTS / "faulty.ris", "e.ris")
        self._finish()
        self.whole = contents(self.root)
        self.exports = sorted(path for path in EXPORTS.iterdir() if path.is_file())
        self.texts = {path: self.whole[path] for path in PLACES if path in self.whole}
        self.others = [*self.texts.values(), *(path.read_bytes() for path in self.exports)]

    def _finish(self):
        """Add what the commands make: duplicates, sheets, workbook, output, a journal cut short."""
        for words in (DEDUPE, ("extract", "small", "--as", "AB"), ("pool", "small")):
            done = call(*words)
            assert done.code == 0, done
        screened = Path("screened/small")
        shutil.copy(screened / "AB.csv", screened / "consensus.csv")
        (screened / "previous.csv").write_text("study,report\nZ,pmid:9\n", "utf-8")
        journal = Path("extracted/small/.journal")
        journal.mkdir()
        arms = Path("extracted/small/arms.csv")
        (journal / "0.old").write_bytes(arms.read_bytes())
        (journal / "0.new").write_bytes(arms.read_bytes() + b"\n")
        entry = {"path": "arms.csv", "before": sha256(arms), "after": sha256(journal / "0.new")}
        (journal / "entries.json").write_text(json.dumps([entry]), "utf-8")
        self.journal = {path: path.read_bytes() for path in journal.iterdir()}
        shutil.rmtree(journal)

    def run(self, number):
        """Damage one file, run a command that reads it, say what came of it."""
        rng = random.Random(number)
        kind, path, raw, words = self._choose(rng)
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_bytes(raw)
        before, start = contents(self.root), _used()
        done = call(*words)
        after = contents(self.root)
        seconds = _used() - start
        self._restore(after)
        assert Path("../canary").read_text("utf-8") == "stays"
        journal = ".journal" in str(path)
        return {
            "kind": kind,
            "code": done.code,
            "not_named": bool(NOT_NAMED.search(done.err)),
            "changed": done.code != 0 and before != after and not journal,
            "loose": done.code == 1
            and bool(done.err)
            and not done.err.startswith(("error: ", "draft: ", "warning: ")),
            "seconds": seconds,
            "says": done.err[-400:],
            "words": words,
        }

    def _choose(self, rng):
        if rng.random() < 0.5:
            path = rng.choice(self.exports)
            raw = path.read_bytes()
            name = f"in{path.suffix}"
            return path.name, name, damaged(raw, self.others, rng), (*rng.choice(READING), name)
        path = rng.choice((*PLACES, "book.xlsx", "book.xlsx", "export.xlsx"))
        if path.endswith(".xlsx"):
            raw = self.whole["extracted/small/extraction.xlsx"]
            words = (*BRINGING, path) if path == "book.xlsx" else (*rng.choice(READING), path)
            return path, path, damaged_workbook(raw, self.others, rng), words
        raw = self.texts.get(path, b"")
        if path.endswith("entries.json"):
            Path(path).parent.mkdir()
            for name, held in self.journal.items():
                Path(name).write_bytes(held)
            raw = Path(path).read_bytes()
        return path, path, damaged(raw, self.others, rng), rng.choice(PLACES[path])

    def _restore(self, after):
        """Put back what a case changed."""
        for path in sorted(after.keys() - self.whole.keys(), reverse=True):
            Path(path).rmdir() if Path(path).is_dir() else Path(path).unlink()
        for path, held in self.whole.items():
            if after.get(path) != held:
                Path(path).mkdir(exist_ok=True) if held is True else Path(path).write_bytes(held)


def damaged_workbook(raw, others, rng):
    """Damage a workbook's bytes, or the XML of one of its sheets in an archive that is whole."""
    if rng.random() < 0.4:
        return damaged(raw, others, rng)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        chosen = rng.choice(names)
        for name in names:
            held = old.read(name)
            new.writestr(name, damaged(held, others, rng) if name == chosen else held)
    return out.getvalue()


def _used():
    found = resource.getrusage(resource.RUSAGE_SELF)
    return found.ru_utime + found.ru_stime


def _too_long(*_):
    raise TimeoutError("the command used twice the time it has")


def tally(folder, first, last):
    """Run cases and count what came of them."""
    cases = Cases(folder)
    signal.signal(signal.SIGPROF, _too_long)
    kinds: dict[str, Counter] = {}
    bad = []
    longest = 0.0
    for number in range(first, last):
        signal.setitimer(signal.ITIMER_PROF, 2 * MOST_SECONDS)
        try:
            found = cases.run(number)
        except BaseException:
            bad.append({"case": number, "escaped": traceback.format_exc()[-1500:]})
            break  # the review may be half restored
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        kinds.setdefault(found["kind"], Counter())["accepted" if found["code"] == 0 else "refused"] += 1
        longest = max(longest, found["seconds"])
        if found["not_named"] or found["changed"] or found["loose"] or found["seconds"] > MOST_SECONDS:
            bad.append({"case": number, **found})
    return {"kinds": kinds, "bad": bad, "longest": longest, "peak": peak_memory()}


def peak_memory():
    """Return the most bytes that this process has held.

    On Linux ``getrusage`` counts what its parent held when it started this one, too.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * int(re.search(r"VmHWM:\s*(\d+)", status.read_text())[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    found = tally(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.write(json.dumps(found))
