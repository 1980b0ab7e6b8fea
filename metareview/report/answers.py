"""The files of one answer: forest plot, studies, summary, and what they were made from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metareview.figures import ForestOptions
from metareview.files import write_atomically
from metareview.report.drawing import draw_forest, with_figure_note
from metareview.report.phrases import result_sentence
from metareview.review.freshness import Inputs, fingerprint, made_with
from metareview.synthesis import as_dict
from metareview.tables import write_table

if TYPE_CHECKING:
    import pandas as pd

    from metareview.protocol import Protocol
    from metareview.review import Answer, Entered, Review
    from metareview.synthesis import Synthesis


def write_answer(
    review: Review, answer: Answer, beside: Sequence[Answer], inputs: Inputs
) -> tuple[Path, ...]:
    """Write the files of one answer under ``output/x/<analysis>/``.

    Parameters
    ----------
    review, answer
        The review and the answer.
    beside
        Answers by other models of the same numbers, drawn as further diamonds.
    inputs
        Everything it was made from.

    Returns
    -------
    tuple of Path
        The files.
    """
    folder = review.place.output / answer.planned.id
    drawn = draw_forest(review, folder, answer, forest_options(review, answer, beside))
    answer = with_figure_note(folder, answer)
    texts = {
        folder / "studies.csv": studies_csv(answer),
        folder / "summary.json": _json(summary_of_answer(answer, review.protocol, inputs)),
        folder / "inputs.json": _json(inputs),
    }
    if answer.synthesis is not None and answer.synthesis.method.model == "bayes":
        texts |= {folder / name: text for name, text in posterior_files(answer.synthesis).items()}
    for path, text in texts.items():
        write_atomically(path, text)
    return (*texts, *drawn)


def posterior_files(synthesis: Synthesis) -> dict[str, str]:
    """Give the data of a posterior's figures: its curves, and the answer under other priors."""
    from metareview.synthesis.bayes import (
        PRIORS,
        compare_priors,
        compared_rows,
        curves_of,
        posterior_of,
    )

    level, own = synthesis.method.level, synthesis.method.tau2
    posterior = posterior_of(synthesis.effects, prior=own, level=level)
    priors = tuple(dict.fromkeys([own, *PRIORS]))
    rows = compared_rows(compare_priors(synthesis.effects, priors=priors, level=level))
    return {
        "posterior.json": _json(curves_of(posterior).as_dict()),
        "priors.csv": frame_csv(rows),
    }


def frame_csv(frame: pd.DataFrame) -> str:
    """Give a data frame as the text of a table."""
    rows = ({str(name): cell for name, cell in row.items()} for row in frame.to_dict("records"))
    return write_table([str(name) for name in frame.columns], rows)


def forest_options(review: Review, answer: Answer, beside: Sequence[Answer] = ()) -> ForestOptions:
    """Say how the forest plot of an answer is headed and labelled."""
    analysis, protocol = answer.planned.analysis, review.protocol
    labels = {arm.id: arm.label for arm in protocol.arms}
    names = [labels.get(role, role) for role in analysis.compare]
    pair = (names[0], names[1]) if len(names) == 2 else (names[0], "")
    return ForestOptions(
        title=analysis.title,
        arms=pair,
        favours=_favours(protocol, analysis.outcomes[0], pair),
        also=tuple(replace(one.synthesis, alternatives=()) for one in beside if one.synthesis is not None),
        sources={entered.study.label: _source(entered) for entered in answer.chosen.entered},
    )


def _favours(protocol: Protocol, outcome: str, arms: tuple[str, str]) -> tuple[str, str]:
    """Say which arm a result left and right of no effect favours."""
    first, second = (f"Favours {arm}" for arm in arms)
    better = protocol.outcome(outcome).better
    if not arms[1] or better == "neither":
        return "", ""
    return (first, second) if better == "lower" else (second, first)


def _source(entered: Entered) -> str:
    """Say where a study's numbers were read."""
    parts = [f"{row.row}: {row.report} {row.location} ({row.basis})" for row in entered.rows]
    return "; ".join(dict.fromkeys(parts))


def studies_csv(answer: Answer) -> str:
    """Give the text of ``studies.csv``: every study of the analysis, also those left out."""
    entered = _entered_rows(answer)
    left = [
        {"study": one.study.study, "label": one.study.label, "entered": "no", "notes": one.reason}
        for one in answer.chosen.left_out
    ]
    columns = list(dict.fromkeys(name for row in (*entered, *left) for name in row))
    return write_table(columns or ["study"], [*entered, *left])


def _entered_rows(answer: Answer) -> list[dict[str, Any]]:
    if answer.synthesis is None:
        return []
    found = as_dict(answer.synthesis)["studies"]
    return [_study_row(entered, one) for entered, one in zip(answer.chosen.entered, found, strict=True)]


def _study_row(entered: Entered, found: dict[str, Any]) -> dict[str, Any]:
    low, high = found["display"]["ci"] or (None, None)
    study = entered.study
    return {
        "study": study.study,
        "label": study.label,
        "year": study.year,
        "design": study.design,
        "entered": "yes" if found["estimable"] else "not estimable",
        **found["data"],
        "estimate": found["display"]["estimate"],
        "ci_low": low,
        "ci_high": high,
        "yi": found["yi"],
        "vi": found["vi"],
        "weight": found["weight"],
        "basis": "; ".join(sorted({row.basis for row in entered.rows})),
        "rows": "; ".join(row.row for row in entered.rows),
        "reports": "; ".join(dict.fromkeys(row.report for row in entered.rows)),
        "notes": " ".join(found["notes"]),
    }


def summary_of_answer(answer: Answer, protocol: Protocol, inputs: Inputs) -> dict[str, Any]:
    """Give ``summary.json``: the synthesis with its reasons, the second engine, its inputs."""
    return {
        "analysis": answer.planned.id,
        "title": answer.planned.analysis.title,
        "sentence": result_sentence(answer, protocol),
        "participants": answer.participants,
        "overrides": dict(answer.overrides),
        "synthesis": None if answer.synthesis is None else as_dict(answer.synthesis),
        "subgroups": _subgroups(answer),
        "left_out": [{"study": one.study.study, "reason": one.reason} for one in answer.chosen.left_out],
        "second_engine": [asdict(one) for one in answer.agreements],
        "inputs_sha256": fingerprint(inputs),
        "made_with": made_with(),
    }


def _subgroups(answer: Answer) -> dict[str, Any] | None:
    found = answer.subgroups
    if found is None:
        return None
    return {
        "by": found.by,
        "q": found.q,
        "df": found.df,
        "p": found.p,
        "planned": found.planned,
        "notes": list(found.notes),
        "groups": [{"label": label, **as_dict(synthesis)} for label, synthesis in found.groups],
    }


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
