"""Updates of the sheets that are killed, raced or led through links lose nothing and double nothing."""

import os
import shutil
from itertools import count
from pathlib import Path

import pytest
from faults import killed_at

from metareview import files
from metareview.errors import FileError
from metareview.extraction.adjudication import reconcile
from metareview.extraction.template import Included
from metareview.extraction.updating import Signature, bring_back, update_sheets
from metareview.protocol import parse_protocol, starter_text

SIGNED = Signature("AB", "2026-01-02 03:04")
PLAN = parse_protocol(starter_text("x"), "x.toml")
ALPHA = Included("Alpha2001", "Alpha 2001", "2001", "", ("pmid:1",))
BETA = Included("Beta2002", "Beta 2002", "2002", "", ("pmid:2",))
CORRECTED = Included("Alpha2001", "Alpha 2003", "2003", "", ("pmid:1",))


def edit_workbook(path, **cells):
    from openpyxl import load_workbook

    book = load_workbook(path)
    for name, value in cells.items():
        book["results"][name] = value
    book["results"].append([None, "Alpha2001", "death", "6 months", "ITT", "drug", "48", "2"])
    book.save(path)


def lay_out(folder):
    """Two studies of whom one will leave, a workbook that somebody filled in, two extractors' sheets."""
    update_sheets(folder, PLAN, [ALPHA, BETA], SIGNED)
    back = folder.parent / "back.xlsx"
    shutil.copy(folder / "extraction.xlsx", back)
    edit_workbook(back, G2="100", H2="8")
    text = (folder / "results.csv").read_text("utf-8").replace(",,control,", ",ITT,control,")
    text = text.replace("12 months,,drug,,", "12 months,ITT,drug,50,").replace(",,drug,", ",ITT,drug,")
    for name in ("AB", "CD"):
        (folder / f"results.{name}.csv").write_text(text, "utf-8")


def extract(folder):
    update_sheets(folder, PLAN, [CORRECTED], SIGNED, force=True)


def extract_from(folder):
    bring_back(folder, PLAN, folder.parent / "back.xlsx", SIGNED)


def reconcile_both(folder):
    reconcile(folder, signature=SIGNED)


def adjudicate(folder):
    """Reconcile when a decision stands and another cell has come to differ since."""
    reconcile(folder, signature=SIGNED)


def lay_out_for(work, folder):
    lay_out(folder)
    if work is not adjudicate:
        return
    sheet, cases = folder / "results.CD.csv", folder / "adjudication.csv"
    text = sheet.read_text("utf-8")
    sheet.write_text(text.replace("ITT,drug,50,", "ITT,drug,51,", 1), "utf-8")
    reconcile(folder, signature=SIGNED)
    cases.write_text(cases.read_text("utf-8").replace(",,,,\n", ",50,EF,read again,2026-01-02\n"), "utf-8")
    sheet.write_text(text.replace("ITT,drug,50,", "ITT,drug,51,"), "utf-8")


# every so manieth file operation, and moment of reading, that the quick tests take
STEPS = {extract: (41, 17), extract_from: (41, 17), reconcile_both: (11, 5), adjudicate: (7, 3)}


def state(folder):
    assert not [p for p in folder.rglob("*") if p.name.startswith(files.TEMPORARY) or p.name == ".journal"]
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and p.name != ".lock"
    }


def killed(work, tmp_path, step):
    """Kill the work at every ``step``-th file operation, run it again, and compare with no kill at all."""
    scene, folder = tmp_path / "scene" / "x", tmp_path / "live" / "x"
    lay_out_for(work, scene)
    shutil.copytree(scene.parent, folder.parent)
    work(folder)
    whole = state(folder)
    assert whole != state(scene)
    tried = 0
    for n in count(1, step):
        shutil.rmtree(folder.parent)
        shutil.copytree(scene.parent, folder.parent)
        if not killed_at(n, lambda: work(folder)):
            return tried
        tried += 1
        work(folder)
        assert state(folder) == whole, n
    return tried


@pytest.mark.parametrize("work", STEPS)
def test_a_killed_update_is_completed_or_made_again_by_the_next(work, tmp_path):
    assert killed(work, tmp_path, STEPS[work][0]) > 2


@pytest.mark.slow
@pytest.mark.parametrize("work", STEPS)
def test_an_update_killed_at_each_file_operation_ends_as_if_it_had_not_been(work, tmp_path):
    tried = killed(work, tmp_path, 1)
    print(f"{work.__name__}: killed at {tried} file operations, 0 ended otherwise")  # noqa: T201
    assert tried > 20


def save_in_place(path, raw):
    with path.open("r+b") as file:
        file.truncate(0)
        file.write(raw)


def save_by_renaming(path, raw):
    beside = path.with_name("~saved")
    beside.write_bytes(raw)
    beside.replace(path)


SAVES = [save_in_place, save_by_renaming]


class Person:
    """Saves a file with an edit of their own at the n-th moment that the work looks at or replaces a file."""

    def __init__(self, path, raw, save, patched):
        self.path, self.raw, self.save = path, raw, save
        self.moment = self.saved_at = 0
        self.patched = patched
        self._read, self._replace = Path.read_bytes, files.replace_if

    def sit_down(self, moment):
        self.moment, self.saved_at, seen = moment, 0, count(1)

        def look():
            if next(seen) == self.moment:
                self.save(self.path, self.raw)
                self.saved_at = self.moment

        def read_bytes(path):
            raw = self._read(path)
            look()
            return raw

        def replace(*arguments):
            look()
            return self._replace(*arguments)

        self.patched.setattr(Path, "read_bytes", read_bytes)
        self.patched.setattr(files, "replace_if", replace)

    def leave(self):
        self.patched.undo()


def raced(work, name, save, tmp_path, step):
    """Let a person save a file at every ``step``-th moment; return the saves tried and those refused."""
    scene, folder = tmp_path / "scene" / "x", tmp_path / "live" / "x"
    lay_out_for(work, scene)
    raw = edited(scene / name)
    tried = refused = 0
    for moment in count(1, step):
        shutil.rmtree(folder.parent, ignore_errors=True)
        shutil.copytree(scene.parent, folder.parent)
        with pytest.MonkeyPatch.context() as patched:
            person = Person(folder / name, raw, save, patched)
            person.sit_down(moment)
            try:
                work(folder)
                lost = False
            except FileError as error:
                assert "was changed" in str(error)
                lost = state(folder) != state(scene) | {name: raw}
            except Exception as error:  # the edit was read, and is in the way of what the work would do
                assert "not brought back" in str(error) or "changed" in str(error)
                lost = state(folder) != state(scene) | {name: raw}
            else:
                lost = person.saved_at and not holds_edit(folder, name, raw)
            person.leave()
        assert not lost, moment
        if not person.saved_at:
            return tried, refused
        tried, refused = tried + 1, refused + (state(folder) == state(scene) | {name: raw})
    return tried, refused


def edited(path):
    if path.name == "adjudication.csv":
        return path.read_bytes().replace(b"read again", b"MINE")
    if path.suffix == ".csv":
        return path.read_bytes().replace(
            b"r001,Alpha2001,death,12 months,", b"r001,Alpha2001,death,12 months,MINE"
        )
    copy = path.with_name("~edited.xlsx")
    shutil.copy(path, copy)
    edit_workbook(copy, G3="77")
    raw = copy.read_bytes()
    copy.unlink()
    return raw


def holds_edit(folder, name, raw):
    if name.endswith(".csv"):
        return b"MINE" in (folder / name).read_bytes()
    return (folder / name).read_bytes() == raw


CASES = [
    (extract, "results.csv"),
    (extract, "extraction.xlsx"),
    (extract_from, "results.csv"),
    (extract_from, "extraction.xlsx"),
    (reconcile_both, "results.csv"),
    (adjudicate, "adjudication.csv"),
]


@pytest.mark.parametrize(("work", "name"), CASES)
@pytest.mark.parametrize("save", SAVES)
def test_a_save_while_an_update_runs_is_never_written_over(work, name, save, tmp_path):
    tried, refused = raced(work, name, save, tmp_path, STEPS[work][1])
    assert tried > 3
    assert refused > 0


@pytest.mark.slow
@pytest.mark.parametrize(("work", "name"), CASES)
@pytest.mark.parametrize("save", SAVES)
def test_a_save_at_each_moment_of_an_update_is_never_written_over(work, name, save, tmp_path):
    tried, refused = raced(work, name, save, tmp_path, 1)
    print(f"{work.__name__}, {name}, {save.__name__}: {tried} saves, {refused} refusals, 0 lost")  # noqa: T201
    assert tried > 10


@pytest.mark.parametrize(
    "name", ["results.csv", "extraction.xlsx", "removed.csv", "changes.csv", ".generated"]
)
def test_a_link_that_leads_nowhere_is_refused_and_nothing_written(name, tmp_path):
    folder = tmp_path / "x"
    lay_out(folder)
    path = folder / name
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.symlink_to(tmp_path / "share" / name)
    before = state(folder)
    with pytest.raises(FileError, match=r"is a link to .*which is not there; mount the share"):
        extract(folder)
    assert state(folder) == before
    assert path.is_symlink()


@pytest.mark.parametrize("name", ["results.csv", "extraction.xlsx", "changes.csv", ".generated"])
def test_a_link_is_written_through_and_stays_one(name, tmp_path):
    folder, share = tmp_path / "x", tmp_path / "share"
    lay_out(folder)
    lay_out(tmp_path / "plain" / "x")
    share.mkdir()
    (folder / name).rename(share / name)
    (folder / name).symlink_to(share / name)
    extract(folder)
    extract(tmp_path / "plain" / "x")
    assert (folder / name).is_symlink()
    assert state(folder) | through(folder / name) == state(tmp_path / "plain" / "x")


def through(path):
    """Give what lies in a folder that is a link, as ``rglob`` does not look there."""
    return {f"{path.name}/{p.name}": p.read_bytes() for p in path.iterdir()} if path.is_dir() else {}


def test_sheets_on_a_share_are_worked_on_through_the_link(tmp_path):
    (tmp_path / "share").mkdir()
    (tmp_path / "x").symlink_to(tmp_path / "share", target_is_directory=True)
    lay_out(tmp_path / "x")
    extract(tmp_path / "x")
    assert (tmp_path / "x").is_symlink()
    assert (tmp_path / "share" / "results.csv").exists()
    os.rename(tmp_path / "share", tmp_path / "away")  # noqa: PTH104
    with pytest.raises(FileError, match="mount the share"):
        extract(tmp_path / "x")
