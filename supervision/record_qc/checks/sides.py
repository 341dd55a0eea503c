"""Left and right: of operations across their documents, of diagnoses, of complaints, of what reports show."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from clinical.medical_record import DocumentKind, ResultKind
from supervision.record_qc.lateral import (
    OTHER,
    SAID,
    Sided,
    one_side,
    operated_side,
    operations_named,
    places_named,
    stem,
)
from supervision.record_qc.meaning import ADMISSION_NOTES, COURSE_NOTES, DAILY_NOTES, LANGUAGE, present
from supervision.record_qc.model import (
    CORE_SYSTEMS,
    INPATIENT,
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
from supervision.record_qc.subject import Passage, Saying, Subject, sentence

_MEND: Final = "立即与患者、影像资料核对手术(病变)侧别，按实际更正并说明"
_BY_EXAM: Final = re.compile(r"CT|MR|核磁|磁共振|超声|B超|彩超|X线|平片|胸片|造影|钼靶", re.IGNORECASE)
_ELSEWHERE: Final = re.compile(r"外院|院外|门诊|\d{4}年|\d年前|上次|既往|当地")
_FROM_ELSEWHERE: Final = re.compile(r"脑室|引流|钻孔|内瘘|置管|穿刺|造[瘘口]|移植|取[骨皮]|转移")
"""Operations that may be done on the other side than the disease."""
_NEW: Final = re.compile(r"新(?:发|出现|近)|今[日晨]出现|突发|突然|再发|又出现|对侧|也|亦|转移")
_NOT_DIAGNOSED: Final = re.compile(r"鉴别|依据|分析")


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


# -- of diagnoses ----------------------------------------------------------------------------


def _diagnoses(subject: Subject) -> Iterator[Said]:
    """The same disease at the same part, in the documents one after the other."""
    said: dict[tuple[str, str], dict[str, list[Saying]]] = defaultdict(lambda: defaultdict(list))
    found = subject.says(subject.documents, "disease")
    if found is None:
        yield LANGUAGE
        return
    for saying in found:
        fact, passage = saying.fact, saying.passage
        if passage.name == "诊断" and not _NOT_DIAGNOSED.search(passage.title) and fact.side and stem(fact.site):
            said[fact.concept or fact.name, stem(fact.site)][passage.document.id].append(saying)
    judged = {document.id for document in subject.judged()}
    for by_document in said.values():
        yield from _turned(by_document, judged)


def _turned(by_document: dict[str, list[Saying]], judged: set[str]) -> Iterator[Defect]:
    first = next(iter(by_document.values()))
    side = one_side(saying.fact.side for saying in first)
    for document, later in by_document.items():
        if side and document in judged and one_side(saying.fact.side for saying in later) == OTHER[side]:
            name = later[0].fact.text
            says = f"“{name}”在{first[0].passage.document.kind.value}为{SAID[side]}，此处为{SAID[OTHER[side]]}"
            yield Defect(says, later[0].place, (first[0].place,))


def _complaint(subject: Subject) -> Iterator[Said]:
    """The part that the complaint names against history, examination and diagnosis."""
    for document in subject.judged(*ADMISSION_NOTES):
        complaint = subject.section(document, "主诉")
        if complaint is None:
            continue
        for part, side in _one_sided(complaint).items():
            for passage in subject.passages(document):
                turned = _only(passage, part, OTHER[side]) if passage.name in ("现病史", "查体", "诊断") else None
                if turned is not None:
                    says = f"主诉为{SAID[side]}{part}，{passage.title or passage.name}只写{SAID[OTHER[side]]}"
                    yield Defect(says, passage.place(turned.start, turned.end), (complaint.place(),))


def _symptom(subject: Subject) -> Iterator[Said]:
    """The symptom that the complaint names on one side, and a note, in the same words, only on the other."""
    complaints = [c for d in subject.of(*ADMISSION_NOTES) if (c := subject.section(d, "主诉")) is not None]
    documents = subject.judged(DocumentKind.FIRST_COURSE, *DAILY_NOTES)
    found = subject.says(documents, "finding")
    if found is None:
        yield LANGUAGE
        return
    told = [
        (c, fact) for c in complaints for fact in subject.facts(c.text, "主诉") or () if fact.side and fact.concept
    ]
    by_document: dict[str, list[Saying]] = defaultdict(list)
    for saying in found:
        by_document[saying.passage.document.id].append(saying)
    for complaint, fact in told:
        for sayings in by_document.values():
            same = [s for s in sayings if s.fact.text == fact.text and present(s.fact)]
            turned = one_side(s.fact.side for s in same) == OTHER.get(fact.side)
            if (
                same
                and turned
                and not _NEW.search(sentence(same[0].passage.text, same[0].fact.start, same[0].fact.end))
            ):
                says = f"主诉为{SAID[fact.side]}“{fact.text}”，此处写为{SAID[OTHER[fact.side]]}"
                yield Defect(says, same[0].place, (complaint.place(),))


def _complaint_everywhere(subject: Subject) -> Iterator[Said]:
    yield from _complaint(subject)
    yield from _symptom(subject)


def _one_sided(passage: Passage) -> dict[str, str]:
    """Parts of the body that a passage names on one side only."""
    found: dict[str, set[str]] = defaultdict(set)
    for one, part in places_named(passage):
        if part:
            found[part].add(one.side)
    return {part: one_side(sides) for part, sides in found.items() if one_side(sides)}


def _only(passage: Passage, part: str, side: str) -> Sided | None:
    """Where a passage names a part, when it names it on one side alone."""
    found = [one for one, called in places_named(passage) if called == part]
    return found[0] if found and {one.side for one in found} == {side} else None


# -- of reports ------------------------------------------------------------------------------


def _reports(subject: Subject) -> Iterator[Said]:
    """What notes say that an examination showed, against its report."""
    results, found = subject.record.results, subject.says(subject.judged(*COURSE_NOTES), "finding", "disease")
    if results is None or found is None:
        yield LANGUAGE if results is not None else Gap("检查报告")
        return
    shown: dict[tuple[str, str], set[str]] = defaultdict(set)
    for result in results:
        for fact in subject.facts(result.text, "辅助检查") or () if result.kind is ResultKind.EXAM else ():
            if present(fact) and fact.side and stem(fact.site):
                shown[fact.concept or fact.name, stem(fact.site)].add(fact.side)
    told: set[tuple[str, str, str]] = set()
    for saying in found:
        fact, text = saying.fact, saying.passage.text
        around = sentence(text, fact.start, fact.end)
        side = one_side(shown.get((fact.concept or fact.name, stem(fact.site)), ()))
        key = (saying.passage.document.id, fact.concept or fact.name, stem(fact.site))
        if not side or fact.side != OTHER[side] or not present(fact) or key in told:
            continue
        if _BY_EXAM.search(around) and not _ELSEWHERE.search(around):
            told.add(key)
            yield Defect(f"检查报告为{SAID[side]}“{fact.name}”，此处写为{SAID[fact.side]}", saying.place)


_SAFETY: Final = "《手术安全核查制度》(卫办医政发〔2010〕41号)"
_TRUE: Final = f"{NORM}第三条"
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
        name="side-diagnoses",
        title="各文书诊断的侧别前后矛盾",
        group=Group.WRITING,
        aspect=Aspect.CONSISTENT,
        kinds=INPATIENT,
        source=_TRUE,
        mend=_MEND,
        run=_diagnoses,
        severity=Severity.SEVERE,
        points=3.0,
        most=6.0,
    ),
    Check(
        name="side-complaint",
        title="主诉的侧别与其他记录矛盾",
        group=Group.ADMISSION,
        aspect=Aspect.CONSISTENT,
        kinds=INPATIENT,
        source=f"{NORM}第三条、第十八条",
        mend="重新询问、查体，按实际侧别更正",
        run=_complaint_everywhere,
        severity=Severity.SEVERE,
        points=3.0,
    ),
    Check(
        name="side-report",
        title="病程记录所述侧别与检查报告不符",
        group=Group.COURSE,
        aspect=Aspect.CONSISTENT,
        kinds=INPATIENT,
        source=_TRUE,
        mend="与检查报告原文核对后更正；报告有误的请检查科室更正",
        run=_reports,
        severity=Severity.SEVERE,
        points=3.0,
        most=6.0,
    ),
)
