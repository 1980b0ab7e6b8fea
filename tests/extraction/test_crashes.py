"""A process that is killed at any moment leaves every sheet old or new, and no lock behind."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from metareview.extraction import read_sheets
from metareview.extraction.template import Included
from metareview.extraction.updating import Signature, update_sheets

SIGNED = Signature("AB", "2026-01-02 03:04")
SCRIPT = """
import itertools, sys
from metareview.extraction.template import Included
from metareview.extraction.updating import Signature, update_sheets
from metareview.protocol import read_protocol
plan = read_protocol(sys.argv[1])
print("ready", flush=True)
for n in itertools.count():
    studies = [Included(f"S{k}", f"Study {k} {n}") for k in range(20 + n % 5)]
    update_sheets(sys.argv[2], plan, studies, Signature("AB", "2026-01-02 03:04"))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kill -9 is a signal of POSIX systems")
def test_a_kill_at_any_moment_leaves_whole_files_and_no_lock(small, tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(small.plan, "utf-8")
    folder = tmp_path / "x"
    rng = random.Random(1)
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(path), str(folder)], stdout=subprocess.PIPE
        )
        process.stdout.readline()
        time.sleep(0.3 + rng.random())
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        labels = {s.label.split()[-1] for s in read_sheets(folder, small.protocol).studies}
        assert len(labels) == 1
    update_sheets(folder, small.protocol, [Included("S0", "Study 0 last")], SIGNED)
    assert [s.label for s in read_sheets(folder, small.protocol).studies] == ["Study 0 last"]
