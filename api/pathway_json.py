"""How a patient fits clinical pathways, as the API gives it."""

from __future__ import annotations

from typing import Final

from api.bedside import Bedside
from api.treatment_json import reference_json
from exchange.building import slim
from exchange.fhir.values import Json
from rules.model import Case
from rules.path_fit import DEVIATIONS, Entry, Fit, State, Step, fits

ENTRIES: Final = {Entry.MET: "符合进入条件", Entry.UNMET: "不符合进入条件", Entry.UNKNOWN: "资料不足，未能判断"}
STATES: Final = {
    State.DONE: "已完成",
    State.OPEN: "待完成",
    State.OVERDUE: "超时未见",
    State.EXCUSED: "可豁免",
    State.UNKNOWN: "资料不足",
    State.KEPT: "未使用不宜药品",
    State.BROKEN: "使用了不宜药品",
}
_KINDS: Final = {"drug": "药品", "lab": "检验", "exam": "检查", "procedure": "手术操作"}
_LISTS: Final = {
    "medications": "在用医嘱",
    "observations": "检验结果",
    "reports": "检查报告",
    "procedures": "手术操作",
}


def fits_of(bedside: Bedside) -> list[Fit]:
    """The pathways of a patient's diagnoses."""
    states = bedside.reviewer.states
    return list(fits(Case(bedside.patient, (), bedside.served.snapshot, bedside.day, derive=states.derive)))


def answered(bedside: Bedside) -> Json:
    """The answer to a question for pathways."""
    snapshot = bedside.served.snapshot
    answer: Json = {"release": snapshot.release, "pathways": [fit_json(fit, bedside) for fit in fits_of(bedside)]}
    unmapped = bedside.not_understood()
    return answer | ({"unmapped": unmapped} if unmapped else {})


def fit_json(fit: Fit, bedside: Bedside) -> Json:
    """One diagnosis with its steps."""
    name = bedside.served.snapshot.name(fit.disease)
    following = fit.next
    return slim(
        diagnosis={"id": fit.disease, "name": name, "written": fit.condition.what.text or name},
        entry=fit.entry.value,
        entryText=ENTRIES[fit.entry],
        reasons=list(fit.reasons),
        next="" if following is None else following.statement.qualifiers["label"],
        steps=[_step(step) for step in fit.steps],
        deviations=[step.statement.qualifiers["label"] for step in fit.steps if step.state in DEVIATIONS],
    )


def _step(step: Step) -> Json:
    row = step.statement.qualifiers
    return slim(
        label=row["label"],
        kind=_KINDS[row["kind"]],
        items=list(row.get("items", ())),
        state=step.state.value,
        stateText=STATES[step.state],
        until="" if step.until is None else step.until.isoformat(),
        missing=_LISTS.get(step.needed, ""),
        reason=row["reason"],
        advice=row["advice"],
        sources=[reference_json(one) for one in step.references],
    )
