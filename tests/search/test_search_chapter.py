"""The chapter on searching runs as it is printed, against the stand-in; its guarantees have their tests."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from eutils import StandIn, corpus

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "search.md").read_text("utf-8")


def steps():
    """Give each command of the chapter with what is printed below it."""
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        command, _, output = block.removeprefix("$ ").partition("\n")
        yield command, output


def test_the_chapter_runs_as_it_is_printed(tmp_path):
    shutil.copytree(ROOT / "protocols", tmp_path / "protocols")
    shutil.copytree(ROOT / "tests" / "data" / "exports", tmp_path / "exports")
    commands = list(steps())
    assert len(commands) == 9
    with StandIn(corpus(300), limited=True) as service:
        access = {"METAREVIEW_EUTILS_URL": service.url, "NCBI_EMAIL": "a@example.org"}
        access["XDG_RUNTIME_DIR"] = str(tmp_path)  # where the commands share NCBI's allowance
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        for command, expected in commands:
            done = subprocess.run(
                command, shell=True, cwd=tmp_path, env=os.environ | access | {"PATH": path},
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            wanted = re.escape(expected).replace("…", ".*")
            assert re.fullmatch(wanted, done.stdout), f"{command}\n{done.stdout}"
        assert service.bad_manners == []


def test_every_guarantee_names_a_test_that_is_there():
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", PAGE)
    assert len(named) >= 25
    assert [name for name in named if f"def {name}(" not in tests] == []
