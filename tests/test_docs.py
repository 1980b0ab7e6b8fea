"""Every example in README and docs is run, in a copy of the project's review folders.

- ``python`` blocks of a page run one after the other in one process;
- ``console`` blocks run their ``$`` lines in a shell; what follows a line must be what it prints
  (``…`` stands for anything).

A block that needs a network or a person is marked ``sh`` or ``text`` and is not run.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page, language):
    return [m[2] for m in BLOCK.finditer(page.read_text("utf-8")) if m[1] == language]


def with_blocks(language):
    return [pytest.param(page, id=page.name) for page in PAGES if page.exists() and blocks(page, language)]


@pytest.fixture
def desk(tmp_path):
    """A folder with the shipped review, as a reader of the docs has it."""
    for name in ("protocols", "extracted", "searched", "screened"):
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def environment():
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return os.environ | {"PATH": paths, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}


@pytest.mark.parametrize("page", with_blocks("python"))
def test_python_examples_run(page, desk):
    script = "\n".join(blocks(page, "python"))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=desk, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def console_steps(block):
    """Yield each command of a console block with the output that the page shows for it."""
    command, shown = None, []
    for line in block.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, "\n".join(shown)
            command, shown = line[2:], []
        elif command and command.endswith("\\"):
            command += "\n" + line
        else:
            shown.append(line)
    if command:
        yield command, "\n".join(shown)


def pattern(shown):
    lines = [re.escape(line.rstrip()).replace("…", ".*") for line in shown.strip().splitlines()]
    return re.compile(r"\s*\n".join(lines) + r"\s*", re.DOTALL)


@pytest.mark.parametrize("page", with_blocks("console"))
def test_console_examples_print_what_the_page_shows(page, desk):
    for block in blocks(page, "console"):
        for command, shown in console_steps(block):
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=desk, env=environment(), capture_output=True, text=True, check=False,
            )  # fmt: skip
            printed = "\n".join(line.rstrip() for line in (done.stdout + done.stderr).splitlines())
            assert not shown.strip() or pattern(shown).fullmatch(printed), f"$ {command}\n{printed}"


def test_a_page_that_shows_something_untrue_is_found():
    assert not pattern("k = 3").fullmatch("k = 4")
    assert pattern("tau2 = …\nk = 4").fullmatch("tau2 = 0.1, I2 = 3%\nk = 4")
