"""A small review on disk: three trials, one of them multi-arm, one with an inferred count."""

from pathlib import Path

PROTOCOL = """
title = "A small review"
registration = "none"

[pico]
population = "Adults"
intervention = "Drug"
comparator = "Placebo"
outcomes = "Death"

[[arms]]
id = "drug"
label = "Drug"
role = "experimental"

[[arms]]
id = "placebo"
label = "Placebo"
role = "comparator"

[[outcomes]]
id = "death"
label = "Death"
kind = "binary"
timepoints = ["day 28", "day 90"]
better = "lower"

[[outcomes]]
id = "relapse"
label = "Relapse"
kind = "contrast"
better = "lower"

[[analyses]]
id = "death"
title = "Death"
outcomes = ["death"]
compare = ["drug", "placebo"]
measure = "RR"
timepoints = ["day 28", "day 90"]

[[analyses.sensitivity]]
id = "inferred"
title = "Death, with inferred counts"
basis = ["reported", "derived", "inferred"]

[[analyses.sensitivity]]
id = "mh"
title = "Death, Mantel-Haenszel"
model = "mh"

[[analyses]]
id = "relapse"
title = "Relapse"
outcomes = ["relapse"]
compare = ["drug", "placebo"]
measure = "HR"
"""
STUDIES = """study,label,year,design,registry,reports,exclude,note
A,Alpha 2001,2001,RCT,,pmid:1,,
B,Beta 2002,2002,RCT,,pmid:2,,
C,Gamma 2003,2003,RCT,,pmid:3,,
D,Delta 2004,2004,RCT,,pmid:4,The same patients as Alpha 2001,
"""
ARMS = """study,arm,label,role,n_allocated,note
A,drug,Drug,drug,100,
A,placebo,Placebo,placebo,100,
B,low,Low dose,drug,50,
B,high,High dose,drug,50,
B,placebo,Placebo,placebo,100,
C,drug,Drug,drug,60,
C,placebo,Placebo,placebo,60,
D,drug,Drug,drug,30,
D,placebo,Placebo,placebo,30,
"""
RESULTS = """\
row,study,outcome,timepoint,population,arm,n,events,percent,basis,report,location,quote,extractor,date,note
r1,A,death,day 28,ITT,drug,100,10,,reported,pmid:1,Table 2,10/100,AB,2026-01-02,
r2,A,death,day 28,ITT,placebo,100,20,,reported,pmid:1,Table 2,20/100,AB,2026-01-02,
r3,A,death,day 90,ITT,drug,100,30,,reported,pmid:1,Table 2,30/100,AB,2026-01-02,
r4,A,death,day 90,ITT,placebo,100,40,,reported,pmid:1,Table 2,40/100,AB,2026-01-02,
r5,B,death,day 28,ITT,low,50,6,12,derived,pmid:2,Abstract,12%,AB,2026-01-02,
r6,B,death,day 28,ITT,high,50,4,8,derived,pmid:2,Abstract,8%,AB,2026-01-02,
r7,B,death,day 28,ITT,placebo,100,15,,reported,pmid:2,Abstract,15/100,AB,2026-01-02,
r8,C,death,day 28,ITT,drug,60,5,,reported,pmid:3,Text,5/60,AB,2026-01-02,
r9,C,death,day 28,ITT,placebo,60,9,,inferred,pmid:3,Text,,AB,2026-01-02,
r10,D,death,day 28,ITT,drug,30,1,,reported,pmid:4,Text,1/30,AB,2026-01-02,
r11,D,death,day 28,ITT,placebo,30,2,,reported,pmid:4,Text,2/30,AB,2026-01-02,
"""
CONTRASTS = """\
row,study,outcome,timepoint,population,arm_1,arm_2,measure,scale,estimate,ci_low,ci_high,level,basis,report
c1,A,relapse,,ITT,drug,placebo,HR,natural,0.68,0.48,0.95,0.95,reported,pmid:1
"""
JUDGEMENTS = "row,study,outcome,tool,domain,level,support\n"
SHEETS = {
    "studies": STUDIES,
    "arms": ARMS,
    "results": RESULTS,
    "contrasts": CONTRASTS,
    "judgements": JUDGEMENTS,
}


def lay_out(root: Path, *, protocol: str = PROTOCOL, **sheets: str) -> Path:
    """Write the small review under a folder, with some of its files replaced."""
    (root / "protocols").mkdir(parents=True, exist_ok=True)
    (root / "protocols" / "small.toml").write_text(protocol, "utf-8")
    folder = root / "extracted" / "small"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**SHEETS, **sheets}.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return root
