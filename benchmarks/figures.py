"""How long figures take: one forest plot of 20 studies in three formats in a fresh process, then ten figures.

Run: python benchmarks/figures.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ONE = """
import numpy as np
import metareview as mr
from metareview.figures import ForestOptions, save_figure
rng = np.random.default_rng(1)
n = rng.integers(40, 400, (2, 20))
table = {"study": [f"Study {k}" for k in range(20)], "n1i": n[0], "n2i": n[1],
         "ai": rng.binomial(n[0], 0.2), "ci": rng.binomial(n[1], 0.3)}
fit = mr.pool(mr.effect_sizes(table, measure="RR"))
"""
DRAW = 'save_figure(mr.forest_plot(fit, options=ForestOptions(title="Twenty studies")), FOLDER + "/forest")\n'
TEN = """
from metareview.figures import NAMES
styles = [*NAMES, *NAMES][:10]
for number, style in enumerate(styles):
    figure = mr.forest_plot(fit, style=style)
    save_figure(figure, FOLDER + f"/figure-{number}.svg")
"""
POOL_ONLY = ""


def seconds(script: str, runs: int = 5) -> float:
    """Return the median wall time of a script in a process of its own."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(runs):
            start = time.perf_counter()
            code = f"FOLDER = {folder!r}\n{ONE}{script}"
            subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(folder))
            times.append(time.perf_counter() - start)
    return median(times)


def main() -> None:
    print(f"import and pool, no figure       {seconds(POOL_ONLY):.2f} s")
    print(f"20 studies as SVG, PDF and PNG   {seconds(DRAW):.2f} s")
    print(f"ten forest plots as SVG          {seconds(TEN):.2f} s")


if __name__ == "__main__":
    main()
