"""Left and right of operations, across their documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from clinical.medical_record import DocumentKind
from supervision.record_qc.lateral import (
    OTHER,
    SAID,
    Sided,
    one_side,
    operated_side,
    operations_named,
    places_named,
    shares_part,
    sides_of,
)
from supervision.record_qc.meaning import ADMISSION_NOTES
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
from supervision.record_qc.parts import parts
from supervision.record_qc.subject import Subject

_MEND: Final = "立即与患者、影像资料核对手术(病变)侧别，按实际更正并说明"
_FROM_ELSEWHERE: Final = re.compile(r"脑室|引流|钻孔|内瘘|置管|穿刺|造[瘘口]|移植|取[骨皮]|转移")
"""Operations that may be done on the other side than the disease."""


# -- of operations ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Documents:
    """A row: kinds of documents whose operation must be on the side that was operated."""

    name: str
    documents: tuple[DocumentKind, ...]
    called: str
    source: str
    group: Group = Group.OPERATION
    veto: Grade | None = None

    def check(self) -> Check:
        """The check of this row."""
        return Check(
            name=self.name,
            title=f"{self.called}的手术侧别与所行手术不符",
            group=self.group,
            aspect=Aspect.CONSISTENT,
            kinds=INPATIENT,
            source=self.source,
            mend=_MEND,
            run=self._run,
            severity=Severity.SEVERE,
            points=5.0,
            veto=self.veto,
        )

    def _run(self, subject: Subject) -> Iterator[Said]:
        for document in subject.judged(*self.documents):
            side = operated_side(subject, document)
            named = list(operations_named(subject.passages(document)))
            if side is None and named:
                yield Gap("所行手术的名称")
            elif side and named and one_side(one.side for one in named) == OTHER[side]:
                says = f"所行手术为{SAID[side]}，{document.kind.value}写为{SAID[OTHER[side]]}"
                yield Defect(says, named[0].passage.place(named[0].start, named[0].end))


def _within_note(subject: Subject) -> Iterator[Said]:
    """The course of an operation against its title."""
    for document in subject.judged(DocumentKind.OPERATION):
        title = one_side(one.side for one in operations_named(parts(document, "手术名称|手术方式")))
        course = [one for p in parts(document, "手术经过|手术步骤") for one, _ in places_named(p)]
        if title and len(course) > 1 and one_side(one.side for one in course) == OTHER[title]:
            says = f"手术名称为{SAID[title]}，手术经过只写{SAID[OTHER[title]]}"
            yield Defect(says, course[0].passage.place(course[0].start, course[0].end))


def _diagnosis_operated(subject: Subject) -> Iterator[Said]:
    """The diagnoses that an operation note gives before and after it, against its title."""
    for document in subject.judged(DocumentKind.OPERATION, DocumentKind.PREOP_SUMMARY):
        named = list(operations_named(parts(document, "手术名称|拟[施行]|手术方式")))
        side = one_side(one.side for one in named)
        found = [one for passage in parts(document, "术[前中后]诊断") for one, _ in places_named(passage)]
        if any(_FROM_ELSEWHERE.search(one.passage.text) for one in named):
            continue
        if side and found and one_side(one.side for one in found) == OTHER[side]:
            says = f"手术为{SAID[side]}，{document.kind.value}的诊断为{SAID[OTHER[side]]}"
            yield Defect(says, found[0].passage.place(found[0].start, found[0].end))


_WHY: Final = frozenset({"主诉", "现病史", "查体", "诊断"})
"""Sections of an admission record that tell of what the patient came for."""


def _admitted_for(subject: Subject) -> Iterator[Said]:
    """Operations against the side that the admission record gives the same part."""
    done = list(_performed(subject))
    if subject.record.operations is None and not done:
        yield Gap("手术信息")
    for id_, name in done:
        side = one_side(sides_of(name))
        if not side or _FROM_ELSEWHERE.search(name):
            continue
        told = [place for place, part in _told(subject) if shares_part(part, name)]
        if one_side(place.side for place in told) == OTHER[side]:
            says = f"所行手术“{name}”为{SAID[side]}，入院记录只写{SAID[OTHER[side]]}"
            yield Defect(says, told[0].passage.place(told[0].start, told[0].end), key=id_)


def _performed(subject: Subject) -> Iterator[tuple[str, str]]:
    """Operations with their names: as the system tells them, else as operation notes are titled."""
    if subject.record.operations is not None:
        yield from ((one.id, one.name) for one in subject.record.operations)
        return
    for note in subject.of(DocumentKind.OPERATION):
        yield from ((note.id, passage.text.strip()) for passage in parts(note, "手术名称|手术方式"))


def _told(subject: Subject) -> Iterator[tuple[Sided, str]]:
    for passage in subject.texts(subject.of(*ADMISSION_NOTES)):
        if passage.name in _WHY:
            yield from places_named(passage)


_SAFETY: Final = "《手术安全核查制度》(卫办医政发〔2010〕41号)"
_ROWS: Final = (
    _Documents(
        "side-consent",
        (DocumentKind.CONSENT_OPERATION,),
        "手术知情同意书",
        f"{NORM}第二十三条",
        Group.CONSENT,
        Grade.C,
    ),
    _Documents(
        "side-preoperative",
        (DocumentKind.PREOP_SUMMARY, DocumentKind.PREOP_DISCUSSION),
        "术前小结(术前讨论)",
        f"{NORM}第二十二条(十一)(十二)",
    ),
    _Documents(
        "side-anaesthesia",
        (DocumentKind.CONSENT_ANAESTHESIA, DocumentKind.ANAESTHESIA_BEFORE, DocumentKind.ANAESTHESIA),
        "麻醉文书",
        f"{NORM}第二十二条(十四)",
    ),
    _Documents("side-safety-check", (DocumentKind.SAFETY,), "手术安全核查记录", _SAFETY, veto=Grade.B),
    _Documents(
        "side-operation-note",
        (DocumentKind.OPERATION, DocumentKind.POSTOP_COURSE),
        "手术记录(术后首次病程)",
        f"{NORM}第二十二条(十五)(十八)",
        veto=Grade.B,
    ),
)
CHECKS: Final = (
    *(row.check() for row in _ROWS),
    Check(
        name="side-within-operation-note",
        title="手术名称与手术经过侧别矛盾",
        group=Group.OPERATION,
        aspect=Aspect.CONSISTENT,
        kinds=INPATIENT,
        source=f"{NORM}第二十二条(十五)",
        mend=_MEND,
        run=_within_note,
        severity=Severity.SEVERE,
        points=5.0,
        veto=Grade.B,
    ),
    Check(
        name="side-diagnosis-operated",
        title="手术侧别与术前(术后)诊断侧别不符",
        group=Group.OPERATION,
        aspect=Aspect.CONSISTENT,
        kinds=INPATIENT,
        source=f"{NORM}第二十二条(十一)(十五);{CORE_SYSTEMS}手术安全核查制度",
        mend=_MEND,
        run=_diagnosis_operated,
        severity=Severity.SEVERE,
        points=5.0,
    ),
    Check(
        name="side-admission-operated",
        title="手术侧别与入院记录侧别不符",
        group=Group.OPERATION,
        aspect=Aspect.CONSISTENT,
        kinds=INPATIENT,
        source=f"{NORM}第三条;{CORE_SYSTEMS}手术安全核查制度",
        mend=_MEND,
        run=_admitted_for,
        severity=Severity.SEVERE,
        points=5.0,
        stages=LATER,
    ),
)
