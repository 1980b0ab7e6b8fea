# ruff: noqa: E501
"""A small review whose sheets are clean, for tests to spoil."""

from pathlib import Path

import pytest

from metareview.protocol import parse_protocol

PROTOCOL = """
title = "A small review"
registration = "none"
[pico]
population = "p"
intervention = "i"
comparator = "c"
outcomes = "o"
[[arms]]
id = "drug"
label = "Drug"
role = "experimental"
[[arms]]
id = "control"
label = "Control"
role = "comparator"
[[outcomes]]
id = "death"
label = "Death"
kind = "binary"
timepoints = ["30 days"]
better = "lower"
[[outcomes]]
id = "heart-death"
label = "Death of the heart"
kind = "binary"
within = "death"
[[outcomes]]
id = "pain"
label = "Pain"
kind = "continuous"
scale_min = 0
scale_max = 10
step = 1
[[outcomes]]
id = "weight"
label = "Weight"
kind = "continuous"
[[outcomes]]
id = "survival"
label = "Survival"
kind = "contrast"
[[outcomes]]
id = "falls"
label = "Falls"
kind = "rate"
[[outcomes]]
id = "link"
label = "Correlation of the two"
kind = "correlation"
[[analyses]]
id = "death"
title = "Death"
outcomes = ["death"]
compare = ["drug", "control"]
measure = "RR"
"""

SHEETS = {
    "studies": """study,label,year,design,registry,reports,status,exclude,note,checked
A1,Alpha 2001,2001,RCT,NCT00000001,pmid:1,,,,
B2,Beta 2002,2002,RCT,NCT00000002,pmid:2,,,,
""",
    "arms": """study,arm,label,role,n_allocated,note,checked
A1,d,Drug,drug,125,,
A1,c,Placebo,control,120,,
B2,d,Drug,drug,60,,
B2,c,Placebo,control,60,,
""",
    "results": """row,study,outcome,timepoint,population,arm,n,events,mean,sd,se,percent,p,basis,report,location,quote,date,checked
r1,A1,death,30 days,ITT,d,123,14,,,,11.4,0.03,reported,pmid:1,Table 2,14/123 (11.4%),2026-01-02,
r2,A1,death,30 days,ITT,c,120,26,,,,21.7,0.03,reported,pmid:1,Table 2,26/120 (21.7%),2026-01-02,
r3,B2,death,30 days,ITT,d,60,3,,,,,,reported,pmid:2,p. 4,,,
r4,B2,death,30 days,ITT,c,60,5,,,,,,reported,pmid:2,p. 4,,,
""",
    "contrasts": """row,study,outcome,timepoint,population,arm_1,arm_2,measure,scale,estimate,ci_low,ci_high,level,se,p,basis,report,location,quote,checked
c1,A1,survival,2 years,ITT,d,c,HR,natural,0.68,0.48,0.95,0.95,,0.024,reported,pmid:1,abstract,"HR 0.68 (0.48-0.95), P 0.024",
""",
}


class SmallReview:
    """Writes the sheets into a folder, changed as a test asks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plan = PROTOCOL
        self.protocol = parse_protocol(PROTOCOL, "protocols/small.toml")
        self.texts = dict(SHEETS)

    def change(self, sheet: str, old: str, new: str) -> "SmallReview":
        assert old in self.texts[sheet]
        self.texts[sheet] = self.texts[sheet].replace(old, new, 1)
        return self

    def add(self, sheet: str, **cells: object) -> "SmallReview":
        """Add a row given by its cells."""
        header = self.texts[sheet].splitlines()[0].split(",")
        further = [name for name in cells if name not in header]
        if further:
            lines = self.texts[sheet].splitlines()
            self.texts[sheet] = (
                "\n".join(
                    [lines[0] + "," + ",".join(further)] + [line + "," * len(further) for line in lines[1:]]
                )
                + "\n"
            )
            header += further
        self.texts[sheet] += ",".join(_quoted(cells.get(name, "")) for name in header) + "\n"
        return self

    def write(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, text in self.texts.items():
            (self.folder / f"{name}.csv").write_text(text, "utf-8")
        return self.folder


def _quoted(cell: object) -> str:
    text = str(cell)
    return f'"{text}"' if "," in text else text


@pytest.fixture
def small(tmp_path):
    return SmallReview(tmp_path / "extracted" / "small")
