"""What an inference is asked about a patient, and what it answers: diagnoses, differentials, what to examine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from api.bedside import Bedside, BedsideBody, Diagnosis, concepts_of
from api.bodies import Body
from api.errors import ApiError, bad_field
from clinical.age import YEAR, birth_of
from clinical.coded import china_day
from clinical.finding import Review
from clinical.logic import Known, Unknown
from clinical.order import Order
from clinical.patient import PatientContext, Sex
from clinical.value import replace as changed
from exchange.fhir.values import Json
from knowledge.snapshot import Snapshot
from records.terminology import Terminology

if TYPE_CHECKING:
    from inference.assessment import Assessment
    from inference.availability import LookUp

_MOST: Final = 50
_MOST_FINDINGS: Final = 200
_LONGEST: Final = 20_000
_OLDEST: Final = 122
_SEXES: Final = {"male": Sex.MALE, "男": Sex.MALE, "female": Sex.FEMALE, "女": Sex.FEMALE}
_NO_PROFILES: Final = (
    "当前知识版本未说明任何疾病有哪些表现，无法推断诊断。请在知识工作台补充疾病的常见度与表现并发布，或恢复起步内容"
)
_CAUTION: Final = "概率按起步知识库与常见度计算，并以模拟患者校准，仅供医师参考，不能替代临床诊断"


class FindingBody(Body, frozen=True):
    """A finding in words, and whether it is there."""

    text: str
    present: bool = True


class InferenceBody(BedsideBody, frozen=True):
    """What is known of a patient: a record (``patient`` or ``prefetch``), a text, single findings, or several of
    these. ``regions`` are words like 内蒙古 or 牧区."""

    age_years: float | None = None
    sex: Literal["male", "female", "男", "女"] | None = None
    text: str = ""
    findings: tuple[FindingBody, ...] = ()
    regions: tuple[str, ...] = ()
    limit: int = 10


class DiagnosesBody(InferenceBody, frozen=True):
    """``among``: rank only these diseases, by name."""

    among: tuple[str, ...] = ()


class DifferentialsBody(InferenceBody, frozen=True, kw_only=True):
    """``diagnosis``: what others are to be told from."""

    diagnosis: str | Diagnosis


class ExaminationsBody(InferenceBody, frozen=True):
    """``diagnoses`` that were made; without any those that are suspected count."""

    diagnoses: tuple[str | Diagnosis, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A patient as an inference sees them, with what was not understood. ``judge`` tries an order on them,
    ``look_up`` tells what institutions offer."""

    patient: PatientContext
    snapshot: Snapshot
    terminology: Terminology
    day: date
    unmapped: list[Json]
    judge: Callable[[PatientContext, Order], Review] | None = None
    look_up: LookUp | None = None

    @classmethod
    def at(cls, bedside: Bedside, look_up: LookUp | None = None) -> Seen:
        """A patient of a request. Of a list of which only a part is known what is there counts, as anywhere in an
        inference."""
        served, whole = bedside.served, replace(bedside, partial=frozenset())
        told = bedside.patient, served.snapshot, served.terminology, bedside.day, bedside.not_understood()
        return cls(*told, whole.judge, look_up)


def check(body: InferenceBody) -> None:
    """Raises ``ApiError`` 400."""
    if not 1 <= body.limit <= _MOST:
        raise bad_field("limit", f"须在 1 至 {_MOST} 之间")
    if body.age_years is not None and not 0 <= body.age_years <= _OLDEST:
        raise bad_field("ageYears", f"须在 0 至 {_OLDEST} 之间（岁）")
    if len(body.findings) > _MOST_FINDINGS:
        raise bad_field("findings", f"最多 {_MOST_FINDINGS} 项")
    if len(body.text) > _LONGEST:
        raise bad_field("text", f"最多 {_LONGEST} 字")
    if any(not finding.text.strip() for finding in body.findings):
        raise bad_field("findings", "每一项的 text 不能为空")


# -- answers (on a thread: numpy is not loaded before the first) -----------------------------------


def _assessed(seen: Seen, body: InferenceBody, among: tuple[str, ...] = ()) -> tuple[Assessment, list[str]]:
    """What is known of the patient, assessed; and the words that were not understood. Raises ``ApiError`` 422 when
    the release says of no disease how it shows."""
    from inference.diagnosis import Diagnoser, NoProfilesError, whom
    from inference.evidence import merged, of_names, of_patient, of_text

    age, sex = _age(seen.patient, body), _sex(seen.patient, body)
    words, lost = of_names([(f.text.strip(), f.present) for f in body.findings], seen.snapshot)
    text = of_text(body.text, seen.snapshot, age, sex) if body.text.strip() else []
    evidence = merged(words, text, of_patient(_told(seen.patient, body), seen.snapshot))
    who = whom(age, sex, seen.day, body.regions, seen.patient.institution_level)
    try:
        return Diagnoser.of(seen.snapshot).assess(evidence, who, among), lost
    except NoProfilesError:
        raise ApiError(422, "not-supported", _NO_PROFILES) from None


def _age(patient: PatientContext, body: InferenceBody) -> Known[float]:
    """On the scale of the tables."""
    return patient.age() if body.age_years is None else body.age_years * YEAR


def _sex(patient: PatientContext, body: InferenceBody) -> Known[Sex]:
    return patient.sex if body.sex is None else _SEXES[body.sex]


def _told(patient: PatientContext, body: InferenceBody) -> PatientContext:
    """The patient with the sex and age that were told beside the record: limits of results hang on them."""
    age, born = _age(patient, body), patient.birth_date
    if isinstance(born, Unknown) and not isinstance(age, Unknown):
        born = birth_of(age, china_day(patient.as_of))
    return changed(patient, sex=_sex(patient, body), birth_date=born)


def _understood(assessment: Assessment, lost: list[str], seen: Seen) -> Json:
    """What every answer carries."""
    from api.diagnosis_json import evidence_json

    told: Json = {"understood": [evidence_json(one) for one in assessment.evidence], "notUnderstood": lost}
    told |= {"assumed": list(assessment.assumed)} if assessment.assumed else {}
    return told | ({"unmapped": seen.unmapped} if seen.unmapped else {})


def diagnosed(seen: Seen, body: DiagnosesBody) -> Json:
    """Suspected diseases, what must not be missed, and what to ask and test next."""
    from api.diagnosis_json import alarm_json, asking_json, candidate_json
    from api.written_back import condition
    from inference.alarms import alarms
    from inference.explaining import Explainer
    from inference.questions import askings

    among = tuple(name.strip() for name in body.among if name.strip())
    assessment, lost = _assessed(seen, body, among)
    explainer = Explainer(assessment)
    questions, tests = askings(assessment)
    unknown = [one.words for one in assessment.named if not one.concept and not one.rows]
    ranked = assessment.ranked() if among else assessment.ranked()[: body.limit]
    return {
        "release": seen.snapshot.release,
        "candidates": [
            candidate_json(explainer.candidate(one), seen.snapshot)
            | condition(one.disease, seen.patient.id, "provisional", seen.snapshot)
            for one in ranked
        ],
        "mustNotMiss": [alarm_json(one, seen.snapshot) for one in alarms(assessment, explainer)],
        "next": {
            "questions": [asking_json(one, assessment.profiles) for one in questions],
            "tests": [asking_json(one, assessment.profiles) for one in tests],
        },
        "caution": _CAUTION,
    } | _understood(assessment, [*lost, *unknown], seen)


def told_apart(seen: Seen, body: DifferentialsBody) -> Json:
    """What a diagnosis must be told from. Raises ``ApiError`` 400 for one that nobody knows."""
    from api.diagnosis_json import differential_json
    from api.written_back import condition
    from inference.differentials import differentials

    found, _ = concepts_of((body.diagnosis,), seen.terminology)
    if not found:
        raise bad_field("diagnosis", "未收录该诊断，请改用标准诊断名称或ICD-10编码")
    assessment, lost = _assessed(seen, body)
    made = differentials(found[0], assessment, body.limit)
    told: Json = {"release": seen.snapshot.release}
    told["diagnosis"] = {"id": found[0], "name": seen.snapshot.name(found[0])}
    told["differentials"] = [
        differential_json(one, seen.snapshot) | condition(one.disease, seen.patient.id, "differential", seen.snapshot)
        for one in made
    ]
    return told | _understood(assessment, lost, seen)


def recommended(seen: Seen, body: ExaminationsBody) -> Json:
    """Tests and examinations worth ordering; what was done a short while ago and what is contraindicated stand
    apart."""
    from api.diagnosis_json import recommended_json
    from api.written_back import request
    from inference.examinations import examinations

    found, unknown = concepts_of(body.diagnoses, seen.terminology)
    assessment, lost = _assessed(seen, body)
    made = examinations(assessment, _told(seen.patient, body), found, body.limit, seen.judge, seen.look_up)
    due = [one for one in made if one.done is None]
    return {
        "release": seen.snapshot.release,
        "examinations": [
            recommended_json(one, seen.snapshot)
            | request(
                one.item.concept, one.item.kind, seen.patient.id, (r.disease for r in one.reasons), seen.snapshot
            )
            for one in due
            if not one.is_forbidden
        ],
        "contraindicated": [recommended_json(one, seen.snapshot) for one in due if one.is_forbidden],
        "alreadyDone": [recommended_json(one, seen.snapshot) for one in made if one.done is not None],
    } | _understood(assessment, [*lost, *unknown], seen)
