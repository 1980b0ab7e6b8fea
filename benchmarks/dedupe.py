"""Duplicates among generated records: precision, recall, time, memory: ``python -m benchmarks.dedupe``.

``--beside`` runs bib-dedupe on the same records where it is installed (``pip install bib-dedupe``); it is
no dependency, since it needs minutes where we need seconds.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from twins import Twin, make_twins, true_pairs

from metareview.search.dedupe import find_duplicates
from metareview.search.dedupe.groups import pairs_of


def report(
    name: str, found: Collection[frozenset[str]], truth: Collection[frozenset[str]], took: str
) -> None:
    right = len(set(found) & set(truth))
    precision, recall = right / max(len(found), 1), right / max(len(truth), 1)
    print(f"{name}: precision {precision:.4f}, recall {recall:.4f} of {len(truth)} pairs; {took}")


def ours(twins: list[Twin]) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    found = find_duplicates([twin.record for twin in twins])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    took = f"{wall:.1f} s, {cpu:.1f} s processor, {memory:.0f} MiB at the peak"
    report(f"metareview, {len(twins)} records", pairs_of(found.groups.values()), true_pairs(twins), took)


def beside(twins: list[Twin]) -> None:
    """Run bib-dedupe on the same records."""
    import pandas as pd
    from bib_dedupe.bib_dedupe import block, match, prep

    frame = pd.DataFrame(
        {
            "ID": twin.record.id,
            "ENTRYTYPE": "article",
            "title": twin.record.title,
            "author": " and ".join(twin.record.authors),
            "year": str(twin.record.year or ""),
            "journal": twin.record.journal,
            "volume": twin.record.volume,
            "number": twin.record.issue,
            "pages": twin.record.pages,
            "doi": twin.record.doi,
            "abstract": twin.record.abstract,
        }
        for twin in twins
    )
    wall = time.perf_counter()
    matched = match(block(prep(frame)))
    wall = time.perf_counter() - wall
    sure = matched[matched["duplicate_label"] == "duplicate"]
    pairs = {frozenset(pair) for pair in zip(sure["ID_1"], sure["ID_2"], strict=True)}
    report(f"bib-dedupe, {len(twins)} records", closed(pairs), true_pairs(twins), f"{wall:.1f} s")


def closed(pairs: Collection[frozenset[str]]) -> frozenset[frozenset[str]]:
    """Join pairs to groups, as we do, and give all pairs within them."""
    groups: dict[str, set[str]] = {}
    for pair in pairs:
        joined = set().union(*(groups.get(name, {name}) for name in pair))
        groups |= dict.fromkeys(joined, joined)
    return pairs_of(sorted(group) for group in {id(g): g for g in groups.values()}.values())


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--beside", type=int, default=0, help="records for bib-dedupe beside ours")
    given = parser.parse_args()
    if given.beside:
        twins = make_twins(given.beside, seed=5)
        ours(twins)
        if find_spec("bib_dedupe") is None:
            print("bib-dedupe is not installed; pip install bib-dedupe to see it beside.")
        else:
            beside(twins)
    ours(make_twins(given.records, seed=2))


if __name__ == "__main__":
    main()
