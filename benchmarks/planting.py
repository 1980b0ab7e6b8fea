"""The kinds of error that people make in extraction sheets, and how each is planted."""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log, sqrt

from benchmarks.clean_sheets import COUNTS


@dataclass(frozen=True)
class Planted:
    """Where an error was planted: (sheet, line) of every row that shows it."""

    places: frozenset


@dataclass(frozen=True)
class Kind:
    """One kind of error: its name, its level, the checks that may find it, how to plant it."""

    name: str
    level: str
    checks: frozenset
    spoil: Callable
    sheet: str = "results"

    def plant(self, rows, rng, touched):
        """Plant it into an untouched row that can carry it; ``None`` when there is none."""
        found = rows[self.sheet]
        for index in rng.sample(range(len(found)), len(found)):
            row = found[index]
            group = group_of(rows, self.sheet, index)
            if touched & group:
                continue
            further = self.spoil(row, rows, rng)
            if further is None:
                continue
            places = group | set(further)
            touched |= places
            return Planted(frozenset(places))
        return None


def group_of(rows, sheet, index):
    """Give the rows that an error in one of them can make look wrong: all figures of its study."""
    if sheet in ("studies", "arms"):
        return {(sheet, index + 2)}
    study = rows[sheet][index]["study"]
    return {
        (name, k + 2)
        for name in ("results", "contrasts")
        for k, other in enumerate(rows[name])
        if other["study"] == study
    }


KINDS = {"reading": [], "seeing": []}


def kind(name, level, *checks, sheet="results", when="seeing"):
    def register(spoil):
        KINDS[when].append(Kind(name, level, frozenset(checks), spoil, sheet))
        return spoil

    return register


def has(row, *columns):
    return all(str(row.get(name, "")) != "" for name in columns)


def same_comparison(rows, row):
    return [
        other
        for other in rows["results"]
        if other is not row
        and all(other.get(k) == row.get(k) for k in ("study", "outcome", "timepoint", "population"))
        and other["arm"] != "total"
    ]


def excluded(rows, study):
    return any(s["study"] == study and s.get("exclude") for s in rows["studies"])


# ---- errors that reading refuses ---------------------------------------------------------------------------


def set_cell(column, make, *needs):
    def spoil(row, rows, rng):
        if not has(row, *(needs or (column,))):
            return None
        row[column] = make(row, rng)
        return ()

    return spoil


def reading(name, check, column, make, *needs, sheet="results"):
    kind(name, "error", check, sheet=sheet, when="reading")(set_cell(column, make, *needs))


reading("negative n", "cell", "n", lambda row, rng: f"-{row['n']}")
reading(
    "word in a number cell",
    "cell",
    "events",
    lambda row, rng: rng.choice(["many", "12 pts", "about 5", "5?"]),
)
reading(
    "NA, NR or None in a number cell",
    "cell",
    "n",
    lambda row, rng: rng.choice(["NA", "NR", "None", "n/a", "-"]),
)
reading("half a participant", "cell", "events", lambda row, rng: f"{row['events']}.5")
reading(
    "decimal comma in a comma file",
    "cell",
    "percent",
    lambda row, rng: f"{int(float(row['percent']))},{rng.randrange(1, 9)}",
)
reading("thousands separator", "cell", "n", lambda row, rng: rng.choice(["1 234", "1,234", "12\u00a0345"]))
reading(
    "date made of a count",
    "cell",
    "events",
    lambda row, rng: rng.choice(["3-Apr", "04-Mar", "2024-04-03", "Mar-04"]),
)
reading("percent sign in a number cell", "cell", "percent", lambda row, rng: f"{row['percent']}%")
reading("percentage over 100", "cell", "percent", lambda row, rng: f"{float(row['percent']) + 100.1:g}")
reading("P value over 1", "cell", "p", lambda row, rng: f"{rng.randrange(2, 99)}")
reading(
    "more events than participants",
    "events-over-n",
    "events",
    lambda row, rng: f"{int(row['n']) + rng.randrange(1, 50)}",
    "n",
    "events",
)
reading("no basis", "basis-missing", "basis", lambda row, rng: "")
reading("unknown basis", "cell", "basis", lambda row, rng: rng.choice(["seen", "printed", "Reported"]))
reading("misspelt outcome", "key-unknown", "outcome", lambda row, rng: row["outcome"] + rng.choice("xyz"))
reading("misspelt arm", "key-unknown", "arm", lambda row, rng: row["arm"] + rng.choice("xyz"))
reading("misspelt study", "key-unknown", "study", lambda row, rng: row["study"] + rng.choice("xyz"))
reading("no row id", "cell", "row", lambda row, rng: "")
reading(
    "date of another spelling",
    "cell",
    "date",
    lambda row, rng: rng.choice(["24.11.2026", "11/24/2026", "2026-13-01"]),
    "row",
)
reading("unknown role", "key-unknown", "role", lambda row, rng: row["role"] + "x", sheet="arms")
reading(
    "a word that excludes by mistake",
    "exclude-word",
    "exclude",
    lambda row, rng: rng.choice(["no", "No", "none", "NA", "0"]),
    "study",
    sheet="studies",
)
reading(
    "year that is none",
    "cell",
    "year",
    lambda row, rng: rng.choice(["200", "20022", "c. 2002"]),
    sheet="studies",
)
reading(
    "interval that does not hold its estimate",
    "ci-estimate",
    "estimate",
    lambda row, rng: f"{float(row['ci_high']) * 1.5 + 0.1:.2f}",
    "estimate",
    "ci_high",
    "ci_low",
    sheet="contrasts",
)
reading("level in per cent", "cell", "level", lambda row, rng: "95", sheet="contrasts")
reading(
    "logarithm typed as a ratio",
    "ratio-negative",
    "ci_low",
    lambda row, rng: f"{-abs(log(float(row['ci_low']) or 0.5)) - 0.1:.2f}",
    "ci_low",
    "ci_high",
    sheet="contrasts",
)
reading("an arm compared with itself", "arms-same", "arm_2", lambda row, rng: row["arm_1"], sheet="contrasts")


@kind("interval upside down", "error", "ci-order", sheet="contrasts", when="reading")
def upside_down(row, rows, rng):
    if not has(row, "ci_low", "ci_high") or row["ci_low"] == row["ci_high"]:
        return None
    row["ci_low"], row["ci_high"] = row["ci_high"], row["ci_low"]
    return ()


@kind("more analysed than allocated", "error", "n-over-allocated", when="reading")
def over_allocated(row, rows, rng):
    size = next(
        (a["n_allocated"] for a in rows["arms"] if (a["study"], a["arm"]) == (row["study"], row["arm"])), ""
    )
    if not size or not has(row, "n") or row["population"].startswith("safety"):
        return None
    row["n"] = str(int(size) + rng.randrange(1, 30))
    return ()


@kind("the same row twice", "error", "key-twice", when="reading")
def row_twice(row, rows, rng):
    again = {**row, "row": f"again{len(rows['results'])}"}
    rows["results"].append(again)
    return {("results", len(rows["results"]) + 1)}


@kind("the same row id twice", "error", "key-twice", when="reading")
def id_twice(row, rows, rng):
    first = rows["results"][0]
    if row is first:
        return None
    row["row"] = first["row"]
    return ()


@kind("value outside the scale", "error", "scale-range", when="reading")
def outside_scale(row, rows, rng):
    if row["outcome"] != "score":
        return None
    row["mean"] = f"{10 + rng.random() * 60 + 0.1:.2f}"
    return ()


# ---- errors that the radar sees ----------------------------------------------------------------------------

NUMBERS = (
    "percent-events",
    "percent-grim",
    "p-numbers",
    "effect-counts",
    "quote",
    "arms-reversed",
    "percent-fraction",
)


def other_digit(text, rng):
    places = [k for k, c in enumerate(text) if c.isdigit()]
    k = rng.choice(places)
    return text[:k] + rng.choice([d for d in "0123456789" if d != text[k]]) + text[k + 1 :]


@kind("one digit of the events wrong", "warning", *NUMBERS)
def events_digit(row, rows, rng):
    if not has(row, "events", "n", "percent") or row.get("checked"):
        return None
    typed = other_digit(str(row["events"]), rng)
    if int(typed) > int(row["n"]) or typed.lstrip("0") in ("", str(row["events"])):
        return None
    row["events"] = str(int(typed))
    return ()


@kind("one digit of the percentage wrong", "warning", *NUMBERS)
def percent_digit(row, rows, rng):
    if not has(row, "percent", "events", "n") or row.get("checked"):
        return None
    typed = other_digit(str(row["percent"]), rng)
    if float(typed) > 100 or float(typed) == float(row["percent"]):
        return None
    row["percent"] = typed
    return ()


@kind("fraction in place of a percentage", "warning", *NUMBERS)
def fraction(row, rows, rng):
    if not has(row, "percent", "events", "n") or float(row["percent"]) < 2 or row.get("checked"):
        return None
    row["percent"] = f"{float(row['percent']) / 100:.3f}"
    return ()


@kind("counts of the two arms swapped", "warning", *NUMBERS)
def arms_swapped(row, rows, rng):
    others = same_comparison(rows, row)
    if (
        len(others) != 1
        or not has(row, "events", "n", "percent")
        or not has(others[0], "events", "n", "percent")
    ):
        return None
    if row["percent"] == others[0]["percent"] or row["n"] == others[0]["n"] == row["events"]:
        return None
    if max(int(row["events"]), int(others[0]["events"])) > min(int(row["n"]), int(others[0]["n"])):
        return None
    row["events"], others[0]["events"] = others[0]["events"], row["events"]
    return ()


@kind("P value of counts ten times off", "warning", "p-numbers", "quote")
def p_of_counts(row, rows, rng):
    others = same_comparison(rows, row)
    if (
        len(others) != 1
        or not has(row, "p", "events", "n")
        or not has(others[0], "events")
        or row["p"].startswith("<")
    ):
        return None
    p = float(row["p"])
    if p < 0.005:
        return None
    row["p"] = others[0]["p"] = f"{p / 10:.4f}" if p > 0.1 or rng.random() < 0.5 else f"{p * 10:.3f}"
    return ()


@kind("standard error typed as SD", "warning", "sd-is-se", "smd-large", "sd-grimmer", "p-numbers", "sd-debit")
def se_as_sd(row, rows, rng):
    if not has(row, "sd", "n") or int(row["n"]) < 12:
        return None
    row["sd"] = f"{float(row['sd']) / sqrt(int(row['n'])):.3g}"
    return ()


@kind("SD typed as a standard error", "warning", "se-is-sd")
def sd_as_se(row, rows, rng):
    if not has(row, "sd", "n", "mean") or int(row["n"]) < 12:
        return None
    row["se"], row["sd"] = row["sd"], ""
    return ()


@kind("SD that the scale does not allow", "error", "sd-range")
def sd_range(row, rows, rng):
    if row["outcome"] != "score":
        return None
    row["sd"] = f"{6 + rng.random() * 5:.2f}"
    return ()


@kind("mean that whole points do not give", "warning", "mean-grim")
def grim(row, rows, rng):
    if row["outcome"] != "score" or int(row["n"]) > 60:
        return None
    n, typed = int(row["n"]), None
    for _ in range(50):
        typed = f"{rng.uniform(3, 7):.2f}"
        if min(abs(k / n - float(typed)) for k in range(10 * n + 1)) > 0.005001:
            row["mean"] = typed
            return ()
    return None


@kind("complete responders over all responders", "error", "subset-over-total")
def subset(row, rows, rng):
    if not has(row, "events", "n") or int(row["events"]) >= int(row["n"]) or "-part" in row["outcome"]:
        return None
    part = "complete_response" if row["outcome"] == "overall_response" else f"{row['outcome']}-part"
    if part != "complete_response" and row["outcome"] not in COUNTS:
        return None
    key = ("study", "timepoint", "population", "arm")
    if any(r["outcome"] == part and all(r[k] == row[k] for k in key) for r in rows["results"]):
        return None
    events = rng.randrange(int(row["events"]) + 1, int(row["n"]) + 1)
    rows["results"].append(
        {
            **row,
            "row": f"part{len(rows['results'])}",
            "outcome": part,
            "events": str(events),
            "percent": "",
            "p": "",
            "quote": "",
            "checked": "",
        }
    )
    return {("results", len(rows["results"]) + 1)}


@kind("subgroups with more than the whole", "error", "subgroup-sum")
def subgroups(row, rows, rng):
    if not has(row, "events", "n") or int(row["n"]) < 4 or ":" in row["population"]:
        return None
    half = int(row["n"]) // 2
    blank = {"percent": "", "p": "", "quote": "", "checked": ""}
    events = int(row["events"]) // 2 + 1 + rng.randrange(3)
    for level in ("men", "women"):
        name = {
            "row": f"sub{len(rows['results'])}",
            "population": f"subgroup: sex={level}",
            "n": str(max(half, events)),
        }
        rows["results"].append({**row, **blank, **name, "events": str(events)})
    last = len(rows["results"]) + 1
    return {("results", last), ("results", last - 1)} if 2 * events > int(row["events"]) else None


@kind("total that the arms do not give", "warning", "total-sum")
def total(row, rows, rng):
    others = same_comparison(rows, row)
    arms = [a for a in rows["arms"] if a["study"] == row["study"]]
    if len(others) != 1 or len(arms) != 2 or not has(row, "events", "n") or not has(others[0], "events", "n"):
        return None
    if int(row["n"]) - int(row["events"]) < 3:
        return None
    sums = {k: int(row[k]) + int(others[0][k]) for k in ("n", "events")}
    events = sums["events"] + rng.choice([1, 2]) if sums["events"] + 2 <= sums["n"] else sums["events"] - 1
    rows["results"].append(
        {
            **row,
            "row": f"total{len(rows['results'])}",
            "arm": "total",
            "n": str(sums["n"]),
            "events": str(events),
            "percent": "",
            "p": "",
            "quote": "",
            "checked": "",
        }
    )
    return {("results", len(rows["results"]) + 1)}


def ratio(row):
    return (
        has(row, "estimate", "ci_low", "ci_high")
        and row["measure"] in ("OR", "HR")
        and not row.get("checked")
    )


INTERVAL = (
    "ci-asymmetric",
    "quote",
    "se-ci",
    "se-is-variance",
    "ci-p",
    "effect-counts",
    "scale-mixed",
    "ci-level",
)


@kind("one digit of an interval's end wrong", "warning", *INTERVAL, sheet="contrasts")
def end_digit(row, rows, rng):
    if not ratio(row):
        return None
    end = rng.choice(["ci_low", "ci_high"])
    typed = other_digit(row[end], rng)
    values = {**row, end: typed}
    if not 0 < float(values["ci_low"]) <= float(row["estimate"]) <= float(values["ci_high"]):
        return None
    if abs(log(float(typed) / float(row[end]))) < 0.1:
        return None
    row[end] = typed
    return ()


@kind("interval of 90% called 95%", "warning", *INTERVAL, sheet="contrasts")
def wrong_level(row, rows, rng):
    if (
        not ratio(row)
        or row.get("p", "<").startswith("<")
        or float(row["p"]) > 0.3
        or float(row["ci_low"]) < 0.1
    ):
        return None
    estimate, se = (
        log(float(row["estimate"])),
        (log(float(row["ci_high"])) - log(float(row["ci_low"]))) / 3.919928,
    )
    row["ci_low"], row["ci_high"] = f"{exp(estimate - 1.645 * se):.2f}", f"{exp(estimate + 1.645 * se):.2f}"
    row["se"] = row["quote"] = ""
    return ()


@kind("log ratio typed as a ratio", "warning", *INTERVAL, sheet="contrasts")
def log_as_natural(row, rows, rng):
    if not ratio(row) or float(row["ci_low"]) <= 1.05:
        return None
    for name in ("estimate", "ci_low", "ci_high"):
        row[name] = f"{log(float(row[name])):.2f}"
    return ()


@kind("ratio called a log ratio", "warning", *INTERVAL, sheet="contrasts")
def natural_as_log(row, rows, rng):
    if not ratio(row) or float(row["ci_high"]) / float(row["ci_low"]) < 1.5:
        return None
    row["scale"] = "log"
    return ()


@kind("variance typed as a standard error", "warning", "se-is-variance", "se-ci", sheet="contrasts")
def variance_as_se(row, rows, rng):
    if not ratio(row) or not has(row, "se") or float(row["se"]) > 0.7:
        return None
    row["se"] = f"{float(row['se']) ** 2:.4f}"
    return () if float(row["se"]) > 0 else None


@kind("P value of an effect ten times off", "warning", "ci-p", "ci-level", "quote", sheet="contrasts")
def p_of_effect(row, rows, rng):
    if not ratio(row) or row.get("p", "<").startswith("<") or float(row["p"]) < 0.005:
        return None
    p = float(row["p"])
    row["p"] = f"{p / 10:.4f}" if p > 0.1 else f"{p * 10:.3f}"
    return ()


@kind(
    "arms of an effect in reverse",
    "warning",
    "arms-reversed",
    "effect-counts",
    "quote",
    "direction",
    sheet="contrasts",
)
def reversed_arms(row, rows, rng):
    if not ratio(row) or row["measure"] != "OR" or abs(log(float(row["estimate"]))) < 0.1:
        return None
    if not any((r["study"], r["outcome"]) == (row["study"], row["outcome"]) for r in rows["results"]):
        return None
    row["arm_1"], row["arm_2"] = row["arm_2"], row["arm_1"]
    return ()


@kind("a control arm used twice", "warning", "control-twice", sheet="contrasts")
def control_twice(row, rows, rng):
    rows["arms"].append({"study": row["study"], "arm": "second", "role": row["arm_1"], "n_allocated": ""})
    rows["contrasts"].append(
        {**row, "row": f"twice{len(rows['contrasts'])}", "arm_1": "second", "quote": "", "checked": ""}
    )
    return {("contrasts", len(rows["contrasts"]) + 1), ("arms", len(rows["arms"]) + 1)}


@kind("two studies of one registry number", "warning", "same-registry", sheet="studies")
def registry(row, rows, rng):
    others = [
        k
        for k, s in enumerate(rows["studies"])
        if s is not row and s.get("registry") and not s.get("exclude")
    ]
    if row.get("exclude") or not row.get("registry") or not others:
        return None
    row["registry"] = rows["studies"][rng.choice(others)]["registry"]
    return {("studies", k + 2) for k in others if rows["studies"][k]["registry"] == row["registry"]}


@kind("two studies of one report", "warning", "same-report", sheet="studies")
def same_report(row, rows, rng):
    others = [
        k for k, s in enumerate(rows["studies"]) if s is not row and s.get("reports") and not s.get("exclude")
    ]
    if row.get("exclude") or not row.get("reports") or not others:
        return None
    row["reports"] = rows["studies"][rng.choice(others)]["reports"]
    return {("studies", k + 2) for k in others if rows["studies"][k]["reports"] == row["reports"]}


@kind("a study pasted under another name", "warning", "same-results")
def pasted(row, rows, rng):
    others = same_comparison(rows, row)
    if (
        len(others) != 1
        or not has(row, "events", "n")
        or not has(others[0], "events", "n")
        or excluded(rows, row["study"])
    ):
        return None
    name = f"pasted{len(rows['studies'])}"
    rows["studies"].append({"study": name, "label": name})
    places = {("studies", len(rows["studies"]) + 1)}
    for copied in (row, others[0]):
        role = next(
            a["role"] for a in rows["arms"] if (a["study"], a["arm"]) == (copied["study"], copied["arm"])
        )
        rows["arms"].append({"study": name, "arm": copied["arm"], "role": role})
        rows["results"].append(
            {**copied, "study": name, "row": f"pasted{len(rows['results'])}", "checked": ""}
        )
        places |= {("results", len(rows["results"]) + 1), ("arms", len(rows["arms"]) + 1)}
    return places


@kind("a retracted report that still enters", "warning", "report-withdrawn", sheet="studies")
def retracted(row, rows, rng):
    if row.get("exclude"):
        return None
    row["status"] = "retracted"
    return ()


@kind("a time point that became a date", "warning", "date-made")
def date_made(row, rows, rng):
    row["timepoint"] = rng.choice(["03-Apr", "4-Mar", "Mar-12", "2024-04-03"])
    return ()


@kind("a time point without its unit", "warning", "timepoint-unit")
def unit_lost(row, rows, rng):
    row["timepoint"] = rng.choice(["28", "4", "12"])
    return ()


@kind("NA where nothing is meant", "warning", "nothing-word")
def nothing_word(row, rows, rng):
    row["population"] = rng.choice(["NA", "None", "n/a", "null"])
    return ()


READING, SEEING = KINDS["reading"], KINDS["seeing"]
