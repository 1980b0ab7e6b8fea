"""Clean sheets for the seeded-error benchmark: the worked review, and sheets made of open data sets.

The open data sets (tests/reference/datasets) hold published numbers; the percentages, P values, intervals
and quotes beside them are computed here, as a report would print them. The whole-number scores are drawn
from a seeded generator, because no open set says which of its means are of whole points.
"""

import csv
import random
from math import exp, log, sqrt
from pathlib import Path
from statistics import fmean, stdev

from scipy.special import chdtrc, ndtr

from metareview.protocol import parse_protocol, read_protocol

DATASETS = Path("tests/reference/datasets")
COUNTS = (
    "anand1999", "bcg", "cannon2006", "collins1985b", "damico2009", "egger2001", "graves2010",
    "hasselblad1998", "hine1989", "nielweise2007", "viechtbauer2021", "yusuf1985_t6",
)  # fmt: skip
MEANS = ("normand1999", "gibson2002")
RATIOS = ("hackshaw1998", "pignon2000")
PROVENANCE = {"population": "ITT", "timepoint": "end of study", "basis": "reported", "location": "Table 1"}
SCORES = 40


def outcome(name, kind, more=""):
    return f'[[outcomes]]\nid = "{name}"\nlabel = "{name}"\nkind = "{kind}"\n{more}\n'


def open_protocol():
    text = (
        'title = "Open data sets"\nregistration = "none"\n[pico]\npopulation = "p"\nintervention = "i"\n'
        'comparator = "c"\noutcomes = "o"\n[[arms]]\nid = "treated"\nlabel = "T"\nrole = "experimental"\n'
        '[[arms]]\nid = "control"\nlabel = "C"\nrole = "comparator"\n'
    )
    text += "".join(
        outcome(name, "binary") + outcome(f"{name}-part", "binary", f'within = "{name}"') for name in COUNTS
    )
    text += "".join(outcome(name, "continuous") for name in MEANS)
    text += "".join(outcome(name, "contrast") for name in RATIOS)
    text += outcome("score", "continuous", "scale_min = 0\nscale_max = 10\nstep = 1")
    return parse_protocol(text, "open.toml")


def read(name):
    with (DATASETS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def printed_p(p):
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def p_of_counts(a, b, c, d):
    n, off = a + b + c + d, a * d - b * c
    bottom = (a + b) * (c + d) * (a + c) * (b + d)
    return float(chdtrc(1, n * off * off / bottom)) if bottom else None


class OpenSheets:
    """The sheets of the open data sets, as rows of text."""

    def __init__(self, seed=1):
        self.rng = random.Random(seed)
        self.rows = {name: [] for name in ("studies", "arms", "results", "contrasts")}
        for number, name in enumerate((*COUNTS, *MEANS, *RATIOS)):
            for line, data in enumerate(read(name)):
                study = f"{name}-{line}"
                self.study(study, number * 1000 + line, self.size_of(data))
                (self.counts if name in COUNTS else self.means if name in MEANS else self.ratio)(
                    name, study, data
                )
        for number in range(SCORES):
            self.study(f"score-{number}", 90_000 + number, {"treated": 100, "control": 100})
            self.scores(f"score-{number}")

    @staticmethod
    def size_of(data):
        """Give the arms and their sizes."""
        return {
            arm: int(data[n]) if n in data else None for arm, n in (("treated", "n1i"), ("control", "n2i"))
        }

    def study(self, study, number, sizes):
        """Add a study with its arms."""
        self.rows["studies"].append(
            {
                "study": study,
                "label": study,
                "year": "2000",
                "registry": f"NCT{number:08d}",
                "reports": f"pmid:{number + 1}",
            }
        )
        for arm, size in sizes.items():
            self.rows["arms"].append(
                {"study": study, "arm": arm, "role": arm, "n_allocated": "" if size is None else size}
            )

    def add(self, sheet, **cells):
        """Add a row of results or contrasts."""
        rows = self.rows[sheet]
        report = f"pmid:{int(self.rows['studies'][-1]['registry'][3:]) + 1}"
        rows.append({"row": f"{sheet[0]}{len(rows):05d}", **PROVENANCE, "report": report, **cells})

    def counts(self, name, study, data):
        """Add two arms with counts, and their odds ratio."""
        a, b, c, d = (int(data[x]) for x in ("ai", "bi", "ci", "di"))
        p = p_of_counts(a, b, c, d)
        for arm, events, n in (("treated", a, a + b), ("control", c, c + d)):
            percent = f"{100 * events / n:.1f}"
            quote = f"{events}/{n} ({percent}%)" if self.rng.random() < 0.5 else ""
            self.add(
                "results",
                study=study,
                outcome=name,
                arm=arm,
                n=n,
                events=events,
                percent=percent,
                p="" if p is None else printed_p(p),
                quote=quote,
            )
        if min(a, b, c, d) > 0:
            self.odds_ratio(name, study, (a, b, c, d))

    def odds_ratio(self, name, study, table):
        """Add the odds ratio of a table."""
        a, b, c, d = table
        self.effect(name, study, "OR", log(a * d / (b * c)), sqrt(1 / a + 1 / b + 1 / c + 1 / d))

    def ratio(self, name, study, data):
        """Add a reported ratio."""
        self.effect(name, study, "HR", float(data["yi"]), sqrt(float(data["vi"])))

    def effect(self, name, study, measure, estimate, se):
        """Add an effect as a report prints it."""
        low, high = estimate - 1.959964 * se, estimate + 1.959964 * se
        if exp(low) < 0.05:  # two printed decimals would leave nothing of it
            return
        shown = [f"{exp(value):.2f}" for value in (estimate, low, high)]
        quote = f"{shown[0]} ({shown[1]} to {shown[2]})" if self.rng.random() < 0.5 else ""
        self.add(
            "contrasts",
            study=study,
            outcome=name,
            arm_1="treated",
            arm_2="control",
            measure=measure,
            scale="natural",
            estimate=shown[0],
            ci_low=shown[1],
            ci_high=shown[2],
            level="0.95",
            se=f"{se:.3f}",
            p=printed_p(float(2 * ndtr(-abs(estimate / se)))),
            quote=quote,
        )

    def means(self, name, study, data):
        """Add two arms with means."""
        for arm, k in (("treated", "1"), ("control", "2")):
            self.add(
                "results",
                study=study,
                outcome=name,
                arm=arm,
                n=data[f"n{k}i"],
                mean=data[f"m{k}i"],
                sd=data[f"sd{k}i"],
            )

    def scores(self, study):
        """Add two arms of whole-number scores."""
        for arm, centre in (("treated", 5.5), ("control", 5.0)):
            n = self.rng.randrange(12, 60)
            drawn = [min(10, max(0, round(self.rng.gauss(centre, 2)))) for _ in range(n)]
            self.add(
                "results",
                study=study,
                outcome="score",
                arm=arm,
                n=n,
                mean=f"{fmean(drawn):.2f}",
                sd=f"{stdev(drawn):.2f}",
            )


def worked_review():
    """Return protocol and rows of the shipped review."""
    rows = {}
    for name in ("studies", "arms", "results", "contrasts"):
        with Path(f"extracted/msc-sr-agvhd/{name}.csv").open(encoding="utf-8", newline="") as file:
            rows[name] = list(csv.DictReader(file))
    return read_protocol("protocols/msc-sr-agvhd.toml"), rows
