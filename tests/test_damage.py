"""Damaged files of every format, through the command line: a sentence or an answer, never a traceback."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.damage import MOST_BYTES, MOST_SECONDS

ROOT = Path(__file__).parent.parent
CASES = 10_000
BLOCK = 500


def run_blocks(folder, blocks, at_once=2):
    """Run blocks of cases, each in a process of its own; give what each found."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    waiting, running = list(enumerate(blocks)), []
    while waiting or running:
        while waiting and len(running) < at_once:
            number, (first, last) = waiting.pop(0)
            command = [sys.executable, "-m", "tests.damage", folder / str(number), str(first), str(last)]
            running.append(
                subprocess.Popen(command, cwd=ROOT, env=environment, stdout=-1, stderr=-1, text=True)
            )
        process = running.pop(0)
        out, err = process.communicate()
        assert process.returncode == 0, err[-3000:]
        yield json.loads(out)


def hold(found, record_property):
    """Hold what came of the cases against what is promised; return how many were refused and accepted."""
    found = list(found)
    kinds = {}
    for one in found:
        for kind, counts in one["kinds"].items():
            kinds.setdefault(kind, Counter()).update(counts)
    bad = [case for one in found for case in one["bad"]]
    total, longest = sum(kinds.values(), Counter()), max(one["longest"] for one in found)
    peak = max(one["peak"] for one in found)
    figures = {
        "tried": total.total(),
        "kinds": len(kinds),
        "refused": total["refused"],
        "accepted": total["accepted"],
        "tracebacks": sum("escaped" in case or case.get("not_named", False) for case in bad),
        "changed on refusal": sum(case.get("changed", False) for case in bad),
        "longest (s of the processor)": round(longest, 1),
        "most memory (MiB)": peak // 2**20,
    }
    for name, figure in figures.items():
        record_property(name, figure)
    assert bad == []
    assert longest <= MOST_SECONDS
    assert peak <= MOST_BYTES
    return total


def test_some_damaged_files_are_refused_in_sentences_or_read(tmp_path, record_property):
    total = hold(run_blocks(tmp_path, [(0, 80)]), record_property)
    assert total.total() == 80
    assert min(total["refused"], total["accepted"]) > 10


@pytest.mark.slow
def test_ten_thousand_damaged_files_are_refused_in_sentences_or_read(tmp_path, record_property):
    blocks = [(first, first + BLOCK) for first in range(1000, 1000 + CASES, BLOCK)]
    assert hold(run_blocks(tmp_path, blocks), record_property).total() == CASES
