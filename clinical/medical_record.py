"""One visit as a medical record (病历): who, when, what was written, ordered, found and done.

The values are their own JSON form (camelCase; times without a zone are Chinese). A list that is None was not told;
an empty one says that there is nothing.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Final, get_args, get_type_hints

from msgspec.structs import force_setattr

from clinical.coded import zoned
from clinical.value import Value


class RecordKind(StrEnum):
    """What sort of record it is. ``FRONT_PAGE`` is a front page that comes alone."""

    OUTPATIENT = "门诊病历"
    EMERGENCY = "急诊病历"
    INPATIENT = "住院病历"
    FRONT_PAGE = "病案首页"


class DocumentKind(StrEnum):
    """Documents that the basic norm of record writing (2010) and WS 445-2014 name."""

    OUTPATIENT_FIRST = "门诊初诊病历"
    OUTPATIENT_RETURN = "门诊复诊病历"
    EMERGENCY = "急诊病历记录"
    OBSERVATION = "急诊留观记录"
    ADMISSION = "入院记录"
    READMISSION = "再次或多次入院记录"
    DAY_STAY = "24小时内入出院记录"
    DAY_DEATH = "24小时内入院死亡记录"
    FIRST_COURSE = "首次病程记录"
    COURSE = "日常病程记录"
    ROUND = "上级医师查房记录"
    DIFFICULT_CASE = "疑难病例讨论记录"
    HANDING_OVER = "交班记录"
    TAKING_OVER = "接班记录"
    TRANSFER_OUT = "转出记录"
    TRANSFER_IN = "转入记录"
    STAGE_SUMMARY = "阶段小结"
    RESCUE = "抢救记录"
    INVASIVE = "有创诊疗操作记录"
    CONSULTATION = "会诊记录"
    PREOP_SUMMARY = "术前小结"
    PREOP_DISCUSSION = "术前讨论记录"
    ANAESTHESIA_BEFORE = "麻醉术前访视记录"
    ANAESTHESIA = "麻醉记录"
    OPERATION = "手术记录"
    SAFETY = "手术安全核查记录"
    COUNT = "手术清点记录"
    POSTOP_COURSE = "术后首次病程记录"
    ANAESTHESIA_AFTER = "麻醉术后访视记录"
    DISCHARGE = "出院记录"
    DEATH = "死亡记录"
    DEATH_DISCUSSION = "死亡病例讨论记录"
    CRITICAL_NURSING = "病重(病危)患者护理记录"
    TRANSFUSION = "输血记录"
    CHEMOTHERAPY = "化疗记录"
    RADIOTHERAPY = "放疗记录"
    CONSENT_OPERATION = "手术知情同意书"
    CONSENT_ANAESTHESIA = "麻醉知情同意书"
    CONSENT_TRANSFUSION = "输血治疗知情同意书"
    CONSENT_SPECIAL = "特殊检查(特殊治疗)同意书"
    CRITICAL_NOTICE = "病危(重)通知书"
    CONSENT_OTHER = "其他知情告知书"
    OTHER = "其他文书"


class Title(StrEnum):
    """Professional titles; who is in training has none of a doctor's."""

    STUDENT = "实习医师"
    TRAINEE = "试用期医师"
    RESIDENT = "住院医师"
    ATTENDING = "主治医师"
    ASSOCIATE = "副主任医师"
    CHIEF = "主任医师"
    NURSE = "护士"


_RANKS: Final = {t: n for n, t in enumerate((Title.RESIDENT, Title.ATTENDING, Title.ASSOCIATE, Title.CHIEF), start=1)}


def rank(title: Title | None) -> int:
    """How high a doctor stands, from 1 (住院医师) to 4; 0 for who is no doctor in full, or not known."""
    return _RANKS.get(title, 0) if title else 0


class Signer(StrEnum):
    """As what somebody signed."""

    AUTHOR = "书写医师"
    SUPERIOR = "上级医师"
    SURGEON = "手术者"
    ANAESTHETIST = "麻醉医师"
    NURSE = "护士"
    PATIENT = "患者"
    AGENT = "代理人"


class EventKind(StrEnum):
    """What befalls a patient and must be written of. ``CRITICAL`` and ``SERIOUS`` last from ``at`` to ``end``."""

    CRITICAL = "病危"
    SERIOUS = "病重"
    RESCUE = "抢救"
    TRANSFER = "转科"
    HANDOVER = "交接班"
    CONSULTATION = "会诊申请"
    INVASIVE = "有创操作"
    TRANSFUSION = "输血"
    CHEMOTHERAPY = "化疗"
    RADIOTHERAPY = "放疗"


class OrderKind(StrEnum):
    DRUG = "药品"
    LAB = "检验"
    EXAM = "检查"
    OPERATION = "手术"
    BLOOD = "输血"
    CONSULTATION = "会诊"
    CARE = "护理"
    OTHER = "其他"


class ResultKind(StrEnum):
    LAB = "检验"
    EXAM = "检查"
    PATHOLOGY = "病理"
    CULTURE = "培养"


class DiagnosisKind(StrEnum):
    CLINIC = "门(急)诊诊断"
    ADMISSION = "入院诊断"
    REVISED = "修正诊断"
    DISCHARGE = "出院诊断"
    DEATH = "死亡诊断"
    BEFORE_OPERATION = "术前诊断"
    AFTER_OPERATION = "术后诊断"


class Part(Value, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """A part of a record; its times have a zone."""

    def __post_init__(self) -> None:
        for name in _moments(type(self)):
            time = getattr(self, name)
            if time is not None and time.tzinfo is None:
                force_setattr(self, name, zoned(time))


@cache
def _moments(kind: type[Part]) -> tuple[str, ...]:
    """The fields of a part that hold a time."""
    return tuple(n for n, hint in get_type_hints(kind).items() if hint is datetime or datetime in get_args(hint))


class Doctor(Part, frozen=True):
    """Somebody who writes, signs or leads. ``id`` is the institution's number of them."""

    name: str
    title: Title | None = None
    id: str = ""


class Signature(Part, frozen=True):
    name: str
    role: Signer = Signer.AUTHOR
    title: Title | None = None
    at: datetime | None = None


class Section(Part, frozen=True):
    """A part of a document under its heading, as written."""

    text: str
    title: str = ""


class Document(Part, frozen=True):
    """Something that was written. ``written`` is the time it bears (记录时间), ``completed`` when it was finished in
    the system; ``leader`` who made the round or led the discussion; ``about`` the id of the event or operation.
    ``signatures`` None: not told who signed."""

    id: str
    kind: DocumentKind
    title: str = ""
    written: datetime | None = None
    completed: datetime | None = None
    author: Doctor | None = None
    leader: Doctor | None = None
    signatures: tuple[Signature, ...] | None = None
    sections: tuple[Section, ...] = ()
    about: str = ""

    @property
    def done(self) -> datetime | None:
        """When it was finished: as the system says, else by the time it bears."""
        return self.completed or self.written


class Event(Part, frozen=True):
    """Something that befell the patient. ``urgent``: of a consultation, that it could not wait."""

    id: str
    kind: EventKind
    at: datetime | None = None
    end: datetime | None = None
    text: str = ""
    department: str = ""
    urgent: bool | None = None


class Operation(Part, frozen=True):
    """An operation that was done. ``level`` 1 to 4; ``implants``: something stays in the body."""

    id: str
    name: str
    code: str = ""
    at: datetime | None = None
    end: datetime | None = None
    surgeon: Doctor | None = None
    level: int | None = None
    emergency: bool | None = None
    anaesthesia: str = ""
    incision: str = ""
    implants: bool | None = None
    main: bool = False


class Order(Part, frozen=True):
    """What was ordered; ``amount`` is what it costs, in yuan."""

    id: str
    kind: OrderKind
    text: str
    code: str = ""
    at: datetime | None = None
    end: datetime | None = None
    by: Doctor | None = None
    route: str = ""
    dose: str = ""
    frequency: str = ""
    amount: float | None = None


class Result(Part, frozen=True):
    """A finding of the laboratory or a department. ``abnormal`` and ``critical`` (危急值) None: not flagged either
    way. ``text`` is a report's conclusion."""

    id: str
    kind: ResultKind
    name: str
    at: datetime | None = None
    reported: datetime | None = None
    value: float | None = None
    unit: str = ""
    text: str = ""
    low: float | None = None
    high: float | None = None
    abnormal: bool | None = None
    critical: bool | None = None
    order: str = ""


class Diagnosis(Part, frozen=True):
    """``present`` is 入院病情 of the front page: 有, 临床未确定, 情况不明, 无."""

    kind: DiagnosisKind
    name: str
    code: str = ""
    at: datetime | None = None
    main: bool = False
    present: str = ""


class FrontPage(Part, frozen=True):
    """The front page (病案首页, 2011). ``fields`` holds the other items under their printed names (离院方式 …)."""

    diagnoses: tuple[Diagnosis, ...] = ()
    operations: tuple[Operation, ...] = ()
    completed: datetime | None = None
    coder: str = ""
    signatures: tuple[Signature, ...] | None = None
    fields: dict[str, str] = {}


class Visit(Part, frozen=True):
    """The facts of a visit, as the hospital's system (not a document) tells them. ``attending`` answers for it."""

    department: str = ""
    attending: Doctor | None = None
    resident: Doctor | None = None
    arrived: datetime | None = None
    admitted: datetime | None = None
    discharged: datetime | None = None
    died: datetime | None = None
    archived: datetime | None = None
    sex: str = ""
    age: float | None = None
    way: str = ""


class MedicalRecord(Part, frozen=True):
    """A whole record. ``id`` is the institution's number of the visit, ``patient`` its number of the patient;
    ``events_partial``: of a kind that no event is of nobody told whether there was one."""

    id: str
    kind: RecordKind
    patient: str = ""
    visit: Visit = Visit()
    documents: tuple[Document, ...] = ()
    events: tuple[Event, ...] | None = None
    events_partial: bool = False
    operations: tuple[Operation, ...] | None = None
    orders: tuple[Order, ...] | None = None
    results: tuple[Result, ...] | None = None
    diagnoses: tuple[Diagnosis, ...] | None = None
    front_page: FrontPage | None = None

    @property
    def ended(self) -> datetime | None:
        """When the stay ended, by discharge or death."""
        return self.visit.died or self.visit.discharged
