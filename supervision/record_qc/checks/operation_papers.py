"""Papers of an operation (article 22, 11 to 19; the core systems): which there must be, when, and who signs them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Final

from clinical.medical_record import Document, DocumentKind, Signer
from supervision.record_qc.beforehand import Beforehand
from supervision.record_qc.content import Signed
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
)
from supervision.record_qc.places import Place
from supervision.record_qc.sessions import Session, sessions
from supervision.record_qc.subject import Subject, signed
from supervision.record_qc.surgery import anaesthetised, any_session, begins, elective, ends
from supervision.record_qc.timing import Anchor, Limit, matched, operations

_ARTICLE: Final = f"{NORM}第二十二条"
_SAFETY: Final = "《手术安全核查制度》(卫办医政发〔2010〕41号)"
_DAY: Final = timedelta(hours=24)
_DISCUSSED: Final = re.compile(r"术前(?:病例)?讨论")
_NO_INSTRUMENTS: Final = re.compile(
    r"介入|造影|栓塞|内镜|内窥镜|肠镜|胃镜|支架|消融|激光|碎石|复位|穿刺|置管|放疗|体外|拔除|注射|起搏|冠状动脉|"
    r"PCI|ERCP"
)


def _in_other_notes(subject: Subject, anchor: Anchor) -> bool:
    """The conclusion of the discussion may stand in the summary or a course note."""
    kinds = (DocumentKind.PREOP_SUMMARY, DocumentKind.COURSE, DocumentKind.ROUND)
    return any(_DISCUSSED.search(document.title + text_of(document)) for document in subject.of(*kinds))


def _in_the_discussion(subject: Subject, anchor: Anchor) -> bool:
    """Many write summary and discussion on one sheet."""
    found = subject.of(DocumentKind.PREOP_DISCUSSION)
    return any(re.search(r"小结|简要病情|病情摘要|病历摘要", d.title + text_of(d)) for d in found)


def _counted(subject: Subject, session: Session) -> bool | Gap:
    """Whether things were used that a nurse counts: not where no incision is made or no anaesthetist has a part."""
    if all(_NO_INSTRUMENTS.search(one.name) for one in session.operations):
        return False
    return anaesthetised(subject, session)


BEFOREHAND: Final = (
    Beforehand(
        "preop-discussion", "术前讨论记录", (DocumentKind.PREOP_DISCUSSION,), begins(elective),
        f"{CORE_SYSTEMS}八、术前讨论制度", Group.OPERATION, instead=_in_other_notes, missing_points=10.0,
        missing_veto=Grade.B,
    ),
    Beforehand(
        "preop-summary", "术前小结", (DocumentKind.PREOP_SUMMARY,), begins(elective), f"{_ARTICLE}(十一)",
        Group.OPERATION, instead=_in_the_discussion,
    ),
    Beforehand(
        "anaesthesia-visit-before", "麻醉术前访视记录", (DocumentKind.ANAESTHESIA_BEFORE,), begins(anaesthetised),
        f"{_ARTICLE}(十三)", Group.OPERATION, missing_points=3.0,
    ),
)  # fmt: skip
POSTOP: Final = Limit(
    "postop-course", "术后首次病程记录", (DocumentKind.POSTOP_COURSE,), operations, timedelta(hours=6),
    f"{_ARTICLE}(十八)", group=Group.OPERATION, asked="术后即时",
)  # fmt: skip
MISSING: Final = (
    Limit(
        "safety-check", "手术安全核查记录", (DocumentKind.SAFETY,), begins(any_session), _DAY,
        f"{_ARTICLE}(十六)；{_SAFETY}", group=Group.OPERATION, missing_points=10.0, missing_veto=Grade.B,
        asked="在手术当时",
    ),
    Limit(
        "anaesthesia-record", "麻醉记录", (DocumentKind.ANAESTHESIA,), begins(anaesthetised), _DAY,
        f"{_ARTICLE}(十四)", group=Group.OPERATION, missing_points=10.0, missing_veto=Grade.B, asked="在手术当时",
    ),
    Limit(
        "count-record", "手术清点记录", (DocumentKind.COUNT,), begins(_counted), _DAY,
        f"{_ARTICLE}(十七)", group=Group.OPERATION, missing_points=3.0, asked="在手术结束后即时",
    ),
    Limit(
        "anaesthesia-visit-after", "麻醉术后访视记录", (DocumentKind.ANAESTHESIA_AFTER,), ends(anaesthetised),
        3 * _DAY, f"{_ARTICLE}(十九)", group=Group.OPERATION, missing_points=3.0, asked="在术后",
    ),
)  # fmt: skip
"""Papers that are made while the operation goes on bear any time of it: only whether they are there is judged."""

# -- signatures ------------------------------------------------------------------------------


def _operation_note_unsigned(subject: Subject) -> Iterator[Said]:
    """Operation notes that the surgeon neither wrote nor signed."""
    for document, session in _notes(subject):
        surgeon = session.operations[0].surgeon if session else None
        if document.signatures is None:
            yield Gap("手术记录的签名")
        elif signed(document, Signer.SURGEON) or surgeon is None and signed(document):
            continue
        elif surgeon is None or surgeon.name not in {one.name for one in signed(document)}:
            who = surgeon.name if surgeon else ""
            yield Defect(f"手术记录无手术者{who}签名", Place(document.id))


def _notes(subject: Subject) -> list[tuple[Document, Session | None]]:
    """Operation notes with the session that each tells."""
    held = [one for one in sessions(subject.record.operations or ()) if one.end]
    anchors = [Anchor(one.end, one.id) for one in held if one.end]
    notes = subject.of(DocumentKind.OPERATION)
    of = {note.id: one for note, one in zip(matched(anchors, notes), held, strict=True) if note is not None}
    return [(note, of.get(note.id)) for note in subject.judged(DocumentKind.OPERATION)]


def _safety_unsigned(subject: Subject) -> Iterator[Said]:
    """All three must have signed; under local anaesthesia no anaesthetist has a part."""
    local = _all_local(subject)
    for document in subject.judged(DocumentKind.SAFETY):
        if document.signatures is None:
            yield Gap("手术安全核查记录的签名")
            continue
        asked = {
            "手术医师": bool(signed(document, Signer.SURGEON, Signer.AUTHOR)),
            "麻醉医师": local or bool(signed(document, Signer.ANAESTHETIST)),
            "巡回护士": bool(signed(document, Signer.NURSE)),
        }
        missing = [who for who, there in asked.items() if not there]
        if missing:
            yield Defect(f"手术安全核查记录缺{'、'.join(missing)}签名", Place(document.id))


def _all_local(subject: Subject) -> bool:
    held = sessions(subject.record.operations or ())
    return bool(held) and all(anaesthetised(subject, session) is False for session in held)


_TIMES: Final = {
    "麻醉实施前": r"麻醉(?:实施|开始|诱导)?前",
    "手术开始前": r"手术(?:开始)?前|切皮前|皮肤切开前",
    "患者离开手术室前": r"离(?:开)?(?:手术)?室前|离室",
}


def _safety_times(subject: Subject) -> Iterator[Said]:
    local = _all_local(subject)
    for document in subject.judged(DocumentKind.SAFETY):
        text = "\n".join(f"{s.title}：{s.text}" for s in document.sections if s.text.strip())
        if not text:
            yield Gap("手术安全核查记录的正文")
            continue
        asked = {name: words for name, words in _TIMES.items() if not (local and name == "麻醉实施前")}
        missing = [name for name, words in asked.items() if not re.search(words, text)]
        if missing:
            yield Defect(f"手术安全核查未见{'、'.join(missing)}的核查", Place(document.id))


_check: Final = partial(Check, group=Group.OPERATION, aspect=Aspect.COMPLETE, kinds=INPATIENT, stages=LATER)


CHECKS: Final = (
    *(check for row in BEFOREHAND for check in row.checks()),
    *POSTOP.checks(),
    *(limit.missing() for limit in MISSING),
    _check(
        "operation-note-surgeon-signature",
        "手术记录无手术者签名",
        source=f"{_ARTICLE}(十五)",
        mend="手术记录由手术者书写；由第一助手书写的须有手术者签名",
        run=_operation_note_unsigned,
        points=3.0,
    ),
    _check(
        "safety-check-signatures",
        "手术安全核查三方签名不全",
        source=f"{_ARTICLE}(十六)；{_SAFETY}",
        mend="由手术医师、麻醉医师、巡回护士三方共同核对、确认并签字",
        run=_safety_unsigned,
        points=3.0,
    ),
    _check(
        "safety-check-times",
        "手术安全核查时点不全",
        source=f"{_ARTICLE}(十六)；{_SAFETY}",
        mend="在麻醉实施前、手术开始前、患者离室前三个时点分别核查",
        run=_safety_times,
        points=2.0,
    ),
    Signed(
        "count-record-signature", (DocumentKind.COUNT,), (Signer.NURSE,), f"{_ARTICLE}(十七)", Group.OPERATION
    ).check(),
    Signed(
        "anaesthesia-papers-signature",
        (DocumentKind.ANAESTHESIA, DocumentKind.ANAESTHESIA_BEFORE, DocumentKind.ANAESTHESIA_AFTER),
        (Signer.ANAESTHETIST,),
        f"{_ARTICLE}(十三)、(十四)、(十九)",
        Group.OPERATION,
    ).check(),
)
