"""A multidisciplinary meeting prepared: the case in words, who should come with which questions, what to bring."""

from __future__ import annotations

from typing import Final

from api.bedside import Bedside, ConsultationBody, concepts_of, diagnosed
from api.cards import LABELS
from api.pathway_json import ENTRIES, fits_of
from api.treating import treatable
from api.treatment_json import reference_json
from clinical.finding import Severity
from clinical.logic import Unknown
from clinical.value import replace
from exchange.building import slim
from exchange.fhir.values import Json
from inference.consultation import Question, consultation
from inference.plan import Asked
from inference.treatment import treatments
from nlp.patient_words import described
from rules.path_fit import DEVIATIONS, Fit

_MOST: Final = 10
CAUTION: Final = "由知识库按本患者资料整理，供会诊准备；不代替专家意见，结论由会诊作出"


def answered(bedside: Bedside, body: ConsultationBody) -> Json:
    """The answer to a call for a meeting."""
    snapshot = bedside.served.snapshot
    found, lost = concepts_of(body.diagnoses, bedside.served.terminology)
    diagnoses = (found if body.diagnoses else treatable(bedside))[:_MOST]
    asked = Asked(body.severity or "", body.situation.strip())
    made = treatments(bedside.patient, diagnoses, snapshot, diagnosed(bedside).judge, day=bedside.day, asked=asked)
    meeting = consultation(made, snapshot)
    disciplines = [
        {"department": d.department, "diagnoses": list(d.diagnoses), "questions": [_question(q) for q in d.questions]}
        for d in meeting.disciplines
    ]
    return slim(
        release=snapshot.release,
        question=body.question.strip(),
        summary=described(bedside.patient, snapshot, str).splitlines(),
        disciplines=disciplines,
        drugs=[_question(one) for one in _drugs(bedside)],
        missing=[_question(one) for one in meeting.missing],
        pathways=[_pathway(fit, bedside) for fit in fits_of(bedside)],
        caution=CAUTION,
        notUnderstood=lost,
        unmapped=bedside.not_understood(),
    )


def _drugs(bedside: Bedside) -> list[Question]:
    """What the rules hold against the drugs the patient takes, each beside the others."""
    taken = bedside.patient.medications
    active = () if isinstance(taken, Unknown) else tuple(order for order in taken if order.is_active())
    found: dict[str, Question] = {}
    for order in active:
        others = replace(bedside.patient, medications=tuple(one for one in active if one is not order))
        for finding in bedside.judge(others, order).findings:
            if finding.severity.rank >= Severity.MAJOR.rank:
                text = f"【{LABELS[finding.severity]}】{finding.summary}：{finding.advice or '是否继续使用？'}"
                found.setdefault(finding.cause or text, Question(order.what.text, text, finding.references))
    return list(found.values())


def _question(question: Question) -> Json:
    sources = {(one.source, one.section): one for one in question.references}.values()
    return {
        "about": question.about,
        "text": question.text,
        "sources": [reference_json(one) for one in sources],
    }


def _pathway(fit: Fit, bedside: Bedside) -> Json:
    """Where the patient stands on a pathway, in short."""
    return slim(
        diagnosis=bedside.served.snapshot.name(fit.disease),
        entryText=ENTRIES[fit.entry],
        reasons=list(fit.reasons),
        deviations=[step.statement.qualifiers["label"] for step in fit.steps if step.state in DEVIATIONS],
    )
