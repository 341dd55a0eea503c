"""Informed consents (articles 10 and 23 to 27 of the norm): that they are there, before the act, and who signed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from clinical.medical_record import Document, DocumentKind, EventKind, Signer
from supervision.record_qc.beforehand import Beforehand
from supervision.record_qc.content import Signed
from supervision.record_qc.days import NORM_NOTES
from supervision.record_qc.items import text_of
from supervision.record_qc.model import (
    CORE_SYSTEMS,
    INPATIENT,
    LATER,
    NORM,
    Aspect,
    Check,
    Defect,
    Gap,
    Grade,
    Group,
    Said,
    Severity,
)
from supervision.record_qc.places import Place
from supervision.record_qc.sessions import sessions
from supervision.record_qc.subject import Subject, signed
from supervision.record_qc.surgery import anaesthetised, any_session, begins, elective
from supervision.record_qc.timing import Anchor, Limit, starts_of
from supervision.record_qc.whom import adult

_OPERATION: Final = DocumentKind.CONSENT_OPERATION
_ACTS: Final = (
    _OPERATION,
    DocumentKind.CONSENT_ANAESTHESIA,
    DocumentKind.CONSENT_TRANSFUSION,
    DocumentKind.CONSENT_SPECIAL,
)
_ALL: Final = (*_ACTS, DocumentKind.CRITICAL_NOTICE, DocumentKind.CONSENT_OTHER)
_APPROVED: Final = re.compile(
    r"(?:无法|不能|未能|来不及|联系不上)[^。\n]{0,30}(?:家属|亲属|代理人|签字|签署|联系|"
    r"取得)[^。\n]{0,60}(?:批准|同意|签字|报告)|"
    r"(?:医务[科处部]|总值班|院领导|院长|机构负责人)[^。\n]{0,15}(?:批准|同意|签字)"
)
_AUTHORITY: Final = re.compile("委托|授权")
_MINUTES: Final = timedelta(minutes=10)
_HARMLESS: Final = re.compile(r"导尿|尿管|胃管|鼻饲|灌肠|采血|血气|留置针|吸痰|雾化|换药|拆线")


def _agreed(document: Document) -> datetime | None:
    """When the patient or an agent signed, else the time that the document bears."""
    times = [one.at for one in signed(document, Signer.PATIENT, Signer.AGENT) if one.at]
    return min(times, default=document.written or document.completed)


def _approved(subject: Subject, anchor: Anchor) -> bool:
    """In a rescue, where nobody could sign, the head of the institution may have approved."""
    return any(_APPROVED.search(text_of(note)) for note in subject.of(*NORM_NOTES, DocumentKind.OPERATION))


def _on_operation_form(subject: Subject, anchor: Anchor) -> bool:
    """Many write the consent to a procedure on the form for operations."""
    forms = subject.of(_OPERATION)
    named = any(form.about and form.about == anchor.id for form in forms)
    return named or (bool(forms) and not subject.record.operations) or _approved(subject, anchor)


def _is_consent(document: Document) -> bool:
    """Whether a paper consents to anything: that somebody may sign for the patient does not."""
    return _AUTHORITY.search(document.title) is None


def _discussed_too_late(subject: Subject, anchor: Anchor) -> bool:
    """Whether all that was discussed was so after the operation began, which is a fault of its own."""
    begun = min((one.at for one in subject.record.operations or () if one.at and one.at >= anchor.at), default=None)
    talks = subject.of(DocumentKind.PREOP_DISCUSSION)
    return begun is not None and all(talk.written is None or talk.written > begun for talk in talks)


def _consents_to_elective(subject: Subject) -> Iterator[Anchor | Gap]:
    """When consent to elective operations was given: the discussion comes first."""
    held = sessions(subject.record.operations or ())
    if held and all(elective(subject, session) is True for session in held):
        for form in subject.of(_OPERATION):
            at = _agreed(form)
            yield Anchor(at, form.id, "手术知情同意书签署于") if at else Gap("手术知情同意书的签署时间")


def _invasive(subject: Subject) -> Iterator[Anchor | Gap]:
    """Procedures, chemotherapy and radiotherapy that are a special examination or treatment."""
    events = subject.events(EventKind.INVASIVE, EventKind.CHEMOTHERAPY, EventKind.RADIOTHERAPY)
    if events is None:
        yield Gap("有创操作、化疗、放疗事件")
    for event in events or ():
        if not _HARMLESS.search(event.text):
            yield Anchor(event.at, event.id, f"{event.text or event.kind.value}于") if event.at else Gap("操作时间")


def _worsened(subject: Subject) -> Iterator[Anchor | Gap]:
    """When the patient became critical, or serious for the first time: a turn for the better needs no notice."""
    events = subject.events(EventKind.CRITICAL, EventKind.SERIOUS)
    if events is None:
        yield Gap("病危(重)事件")
    for number, event in enumerate(events or ()):
        if event.kind is EventKind.CRITICAL or number == 0:
            yield Anchor(event.at, event.id, f"{event.kind.value}于") if event.at else Gap("病危(重)时间")


ROWS: Final = (
    Beforehand(
        "consent-operation", "手术知情同意书", (_OPERATION,), begins(any_session), f"{NORM}第十条、第二十三条",
        Group.CONSENT, at=_agreed, grace=_MINUTES, instead=_approved, missing_points=10.0, missing_veto=Grade.C,
        after_points=5.0,
    ),
    Beforehand(
        "consent-anaesthesia", "麻醉知情同意书", (DocumentKind.CONSENT_ANAESTHESIA,), begins(anaesthetised),
        f"{NORM}第十条、第二十四条", Group.CONSENT, at=_agreed, grace=_MINUTES, instead=_approved,
        missing_points=10.0, missing_veto=Grade.C, after_points=3.0,
    ),
    Beforehand(
        "consent-transfusion", "输血治疗知情同意书", (DocumentKind.CONSENT_TRANSFUSION,),
        starts_of(EventKind.TRANSFUSION, called="输血于"), f"{NORM}第十条、第二十五条", Group.CONSENT, at=_agreed,
        grace=_MINUTES, instead=_approved, once=True, missing_points=10.0, missing_veto=Grade.C, after_points=5.0,
    ),
    Beforehand(
        "consent-special", "特殊检查(特殊治疗)同意书",
        (DocumentKind.CONSENT_SPECIAL, DocumentKind.CONSENT_OTHER), _invasive,
        f"{NORM}第十条、第二十六条", Group.CONSENT, at=_agreed, grace=_MINUTES, serves=_is_consent,
        instead=_on_operation_form, once=True, missing_points=5.0, missing_veto=Grade.B, after_points=3.0,
    ),
)  # fmt: skip
DISCUSSED: Final = Beforehand(
    "consent-discussion", "签署同意书前的术前讨论", (DocumentKind.PREOP_DISCUSSION,), _consents_to_elective,
    f"{CORE_SYSTEMS}八、术前讨论制度", Group.CONSENT, grace=timedelta(hours=12), instead=_discussed_too_late,
    after_points=1.0,
)  # fmt: skip
NOTICE: Final = Limit(
    "critical-notice", "病危(重)通知书", (DocumentKind.CRITICAL_NOTICE,), _worsened, timedelta(hours=24),
    f"{NORM}第二十七条", group=Group.CONSENT, missing_points=5.0, missing_veto=Grade.B, asked="在告知时",
)  # fmt: skip

# -- signatures ------------------------------------------------------------------------------


def _unsigned_by_patient(subject: Subject) -> Iterator[Said]:
    for document in subject.judged(*_ALL):
        if document.signatures is None:
            yield Gap(f"{document.kind.value}的签名")
        elif signed(document, Signer.PATIENT, Signer.AGENT) or _APPROVED.search(text_of(document)):
            continue
        else:
            yield Defect(f"{document.kind.value}无患者或其代理人签名", Place(document.id))


def _unsigned_by_surgeon(subject: Subject) -> Iterator[Said]:
    """Both the doctor in charge and the surgeon sign for an operation; who the surgeon is must be known."""
    surgeons = {one.surgeon.name for one in subject.record.operations or () if one.surgeon}
    for document in subject.judged(_OPERATION):
        if document.signatures is None:
            yield Gap("手术知情同意书的签名")
        elif signed(document, Signer.SURGEON):
            continue
        elif not surgeons:
            yield Gap("手术者")
        elif not surgeons & {one.name for one in signed(document)}:
            yield Defect(f"手术知情同意书无手术者{'、'.join(sorted(surgeons))}签名", Place(document.id))


_MAY_SIGN: Final = re.compile(
    r"授权|委托|法定代理|监护人|保护性医疗|不宜(?:告知|向患者)|昏迷|意识(?:不清|障碍|模糊|丧失)|神志(?:不清|"
    r"模糊)|嗜睡|谵妄|镇静|"
    r"(?:不能|无法|不便)(?:签|书写|表达|言语|沟通)|失语|文盲|不识字|痴呆|精神(?:分裂|障碍|失常)|智力|休克|"
    r"气管插管|呼吸机"
)


_DENIED: Final = re.compile(r"(?:无|否认|未见|未出现|不伴)[^，。；、\n]{0,8}")
_NOTES: Final = (DocumentKind.ADMISSION, DocumentKind.READMISSION, DocumentKind.DAY_STAY, *NORM_NOTES)


def _may_sign(document: Document) -> bool:
    """Whether a document says why somebody else signs: forms for consent name every risk, only their titles count."""
    text = document.title
    if document.kind in _NOTES or document.kind is DocumentKind.CONSENT_OTHER:
        text += _DENIED.sub("", text_of(document))
    return _MAY_SIGN.search(text) is not None


def _agent_without_authority(subject: Subject) -> Iterator[Said]:
    """An adult for whom somebody else signed, though nothing in the record tells why."""
    found = [d for d in subject.judged(*_ACTS) if signed(d, Signer.AGENT) and not signed(d, Signer.PATIENT)]
    if not found:
        return
    of_age = adult(subject)
    if isinstance(of_age, Gap):
        yield of_age
    elif of_age and not any(_may_sign(document) for document in subject.documents):
        for document in found:
            says = f"{document.kind.value}由他人代签，病历中无授权委托书，也未写明患者不能签字的原因"
            yield Defect(says, Place(document.id))


_check: Final = partial(Check, group=Group.CONSENT, aspect=Aspect.COMPLETE, kinds=INPATIENT, stages=LATER)


CHECKS: Final = (
    *(check for row in ROWS for check in row.checks()),
    NOTICE.missing(),
    DISCUSSED.after(),
    _check(
        "consent-patient-signature",
        "知情同意书无患方签名",
        source=f"{NORM}第十条",
        mend="由患者本人签署；不具备完全民事行为能力或因病无法签字的由法定代理人、被授权人签署",
        run=_unsigned_by_patient,
        severity=Severity.SEVERE,
        points=10.0,
        veto=Grade.C,
    ),
    _check(
        "consent-operation-surgeon-signature",
        "手术知情同意书无手术者签名",
        source=f"{NORM}第二十三条",
        mend="由经治医师和术者共同签名",
        run=_unsigned_by_surgeon,
        points=2.0,
    ),
    _check(
        "consent-agent-authority",
        "他人代签无授权",
        source=f"{NORM}第十条",
        mend="由患者签署授权委托书，或在病程中写明患者不能签字、不宜告知的原因",
        run=_agent_without_authority,
        points=2.0,
    ),
    Signed(
        "consent-doctor-signature",
        (_OPERATION, DocumentKind.CONSENT_TRANSFUSION, DocumentKind.CONSENT_SPECIAL, DocumentKind.CRITICAL_NOTICE),
        (Signer.AUTHOR, Signer.SUPERIOR, Signer.SURGEON),
        f"{NORM}第二十三条、第二十五条至第二十七条",
        Group.CONSENT,
    ).check(),
    Signed(
        "consent-anaesthetist-signature",
        (DocumentKind.CONSENT_ANAESTHESIA,),
        (Signer.ANAESTHETIST,),
        f"{NORM}第二十四条",
        Group.CONSENT,
    ).check(),
)
