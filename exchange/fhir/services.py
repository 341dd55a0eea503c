"""The named services of the national interoperability assessment (信息互联互通) as interactions of our FHIR server:
which call registers, updates, merges or asks for what. The table in the documentation is made from this."""

from __future__ import annotations

from typing import Final, NamedTuple

from clinical.value import Value

CODES: Final = "urn:yigong:interoperability"
"""System of the codes below that tell kinds of one resource type apart."""
REGISTER, UPDATE, ASK, MERGE, FETCH = "register", "update", "query", "merge", "retrieve"


class Subject(Value, frozen=True):
    """What some services are about: the resource it is kept as, and what tells it from others of its type: the
    member that says so, as a search parameter and a code."""

    title: str
    resource: str
    parameter: str = ""
    code: str = ""
    says: str = ""


class Service(NamedTuple):
    """One named service: its number and name in the list, what it is about, what it does."""

    number: int
    name: str
    subject: Subject
    act: str

    def call(self) -> str:
        """The call, as documentation writes it."""
        kind = self.subject.resource
        narrowed = f"&{self.subject.parameter}={self.subject.code}" if self.subject.parameter else ""
        patient = "identifier={}" if kind in _STANDING else "patient={}"
        return {
            REGISTER: f"POST /fhir/{kind}",
            UPDATE: f"PUT /fhir/{kind}/{{id}}",
            MERGE: f"POST /fhir/{kind}/$merge",
            FETCH: f"GET /fhir/{kind}/{{id}}",
            ASK: f"GET /fhir/{kind}?{patient}{narrowed}",
        }[self.act]


_STANDING: Final = frozenset({"Patient", "Organization", "Practitioner", "CodeSystem", "Schedule"})
_PERSON = Subject("个人信息", "Patient")
_INSTITUTION = Subject("医疗卫生机构（科室）信息", "Organization")
_PRACTITIONER = Subject("医疗卫生人员信息", "Practitioner")
_TERMS = Subject("术语", "CodeSystem")
_DOCUMENT = Subject("电子病历文档", "DocumentReference")
_CARD = Subject("就诊卡信息", "Basic", "code", "patient-card", "code")
_REGISTRATION = Subject("门诊挂号信息", "Encounter", "class", "AMB", "class")
_ADMISSION = Subject("住院就诊信息", "Encounter", "class", "IMP", "class")
_TRANSFER = Subject("住院转科信息", "Encounter", "type", "transfer", "type")
_DISCHARGE = Subject("出院登记信息", "Encounter", "status", "finished", "status")
_ORDER = Subject("医嘱信息", "MedicationRequest")
_LAB = Subject("检验申请信息", "ServiceRequest", "category", "laboratory", "category")
_EXAM = Subject("检查申请信息", "ServiceRequest", "category", "imaging", "category")
_PATHOLOGY = Subject("病理申请信息", "ServiceRequest", "category", "pathology", "category")
_BLOOD = Subject("输血申请信息", "ServiceRequest", "category", "transfusion", "category")
_SURGERY = Subject("手术申请信息", "ServiceRequest", "category", "surgery", "category")
_SOURCE = Subject("号源排班信息", "Schedule")
_VISIT_BOOKED = Subject("门诊预约状态信息", "Appointment", "service-category", "outpatient", "serviceCategory")
_EXAM_BOOKED = Subject("检查预约状态信息", "Appointment", "service-category", "imaging", "serviceCategory")
_ORDER_STATE = Subject("医嘱执行状态信息", "Task", "code", "order-execution", "code")
_EXAM_STATE = Subject("检查状态信息", "Task", "code", "imaging-status", "code")
_LAB_STATE = Subject("检验状态信息", "Task", "code", "laboratory-status", "code")
_SURGERY_BOOKED = Subject("手术排班信息", "Appointment", "service-category", "surgery", "serviceCategory")
_SURGERY_STATE = Subject("手术状态信息", "Procedure", "category", "surgery", "category")
_NEW, _CHANGE, _FIND = ("新增服务", REGISTER), ("更新服务", UPDATE), ("查询服务", ASK)
_FULL: Final = (("注册服务", REGISTER), _CHANGE, _FIND)
_ADDED: Final = (_NEW, _CHANGE, _FIND)
_LIST: Final[tuple[tuple[Subject, tuple[tuple[str, str], ...]], ...]] = (
    (_PERSON, (("注册服务", REGISTER), _CHANGE, ("合并服务", MERGE), _FIND)),
    (_INSTITUTION, _FULL),
    (_PRACTITIONER, _FULL),
    (_TERMS, _FULL),
    (_DOCUMENT, (("注册服务", REGISTER), ("调阅服务", FETCH), ("检索服务", ASK))),
    (_CARD, _ADDED),
    (_REGISTRATION, _ADDED),
    (_ADMISSION, (("登记服务", REGISTER), _CHANGE, _FIND)),
    (_TRANSFER, _ADDED),
    (_DISCHARGE, _ADDED),
    (_ORDER, _ADDED),
    (_LAB, _ADDED),
    (_EXAM, _ADDED),
    (_PATHOLOGY, _ADDED),
    (_BLOOD, _ADDED),
    (_SURGERY, _ADDED),
    (_SOURCE, _ADDED),
    (_VISIT_BOOKED, _ADDED),
    (_EXAM_BOOKED, _ADDED),
    (_ORDER_STATE, (_CHANGE, _FIND)),
    (_EXAM_STATE, (_CHANGE, _FIND)),
    (_LAB_STATE, (_CHANGE, _FIND)),
    (_SURGERY_BOOKED, _ADDED),
    (_SURGERY_STATE, (_CHANGE, _FIND)),
)
SERVICES: Final = tuple(
    Service(number, f"{subject.title}{name}", subject, act)
    for number, (subject, name, act) in enumerate(
        ((subject, name, act) for subject, acts in _LIST for name, act in acts), start=1
    )
)
"""All of them, in the order of the list."""
