"""What ranking saves and what screening costs: ``python -m benchmarks.screening [LABELLED.csv …]``.

With labelled files (ASReview's format) it prints WSS@95, RRF@10 and ATD of each, the mean and range of
three seeds; without, it makes records and times ranking, counting a flow, and reading decision files.
"""

import sys
import tempfile
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np

from metareview.screening import (
    Decision,
    Identified,
    Origin,
    append_decision,
    append_decisions,
    count_flow,
    read_logs,
)
from metareview.screening.prioritise import Ranker
from metareview.screening.simulation import read_labelled, simulate_screening
from metareview.screening.stopping import recall_test
from metareview.search import Record

SEEDS = (0, 1, 2)
SIZE = 10_000


def labelled(paths):
    print(f"{'file':<28} {'N':>6} {'P':>5} {'WSS@95':>22} {'RRF@10':>22} {'ATD':>22} {'seconds':>8}")
    for path in paths:
        texts, labels = read_labelled(path)
        start = perf_counter()
        found = simulate_screening(texts, labels, seeds=SEEDS)
        took = perf_counter() - start
        cells = [
            f"{found.mean(m):.3f} ({found.spread(m)[0]:.3f}-{found.spread(m)[1]:.3f})"
            for m in ("wss95", "rrf10", "atd")
        ]
        name = Path(path).name[:28]
        print(
            f"{name:<28} {len(labels):>6} {sum(labels):>5} "
            + " ".join(f"{c:>22}" for c in cells)
            + f" {took:>8.1f}"
        )


def made_records(n):
    random = np.random.default_rng(1)
    words = np.array([f"word{i}" for i in range(4000)])
    weights = 1 / np.arange(1, 4001)
    texts = random.choice(words, (n, 150), p=weights / weights.sum())
    return [
        Record(id=f"r{i}", title=" ".join(t[:12]), abstract=" ".join(t[12:]), source=("pubmed",))
        for i, t in enumerate(texts)
    ]


def timed(label, action):
    start = perf_counter()
    result = action()
    print(f"{label:<58} {perf_counter() - start:>8.3f} s")
    return result


def costs():
    records = made_records(SIZE)
    made = [
        Decision(record=r.id, stage="abstract", reviewer=who, verdict="exclude", when="2026-11-24")
        for who in ("AB", "CD")
        for r in records
    ]
    with tempfile.TemporaryDirectory() as folder:
        for who in ("AB", "CD"):
            mine = [d for d in made if d.reviewer == who]
            add = partial(append_decisions, folder, mine, owner=who)
            timed(f"add {SIZE:,} decisions of {who} at once", add)
        one = made[0]
        timed("add one decision behind them (fsync)", lambda: append_decision(folder, one))
        logs = timed(f"read {2 * SIZE:,} decisions", lambda: read_logs(folder))
    identified = Identified(records=records, origins={"pubmed": Origin("databases", "PubMed")})
    timed(f"count the flow of {SIZE:,} records, two reviewers", lambda: count_flow(identified, logs))
    ranker = Ranker(records)
    known = {f"r{i}": i % 25 == 0 for i in range(500)}
    timed(f"rank {SIZE:,} records the first time", lambda: ranker.order(known))
    timed("rank them again", lambda: ranker.order(known))
    timed(f"test recall after {SIZE:,} records", lambda: recall_test([1] * 50 + [0] * 9000, total=SIZE))


if __name__ == "__main__":
    labelled(sys.argv[1:]) if sys.argv[1:] else costs()
