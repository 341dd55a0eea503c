"""Left and right of diagnoses, complaints and of what reports show, from one document to the next."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Final

from clinical.medical_record import DocumentKind, ResultKind
from nlp.facts import Fact
from supervision.record_qc.lateral import OTHER, SAID, Sided, one_side, places_named, side_near, stem
from supervision.record_qc.meaning import ADMISSION_NOTES, CONSENTS, COURSE_NOTES, DAILY_NOTES, LANGUAGE, present
from supervision.record_qc.model import INPATIENT, NORM, Aspect, Check, Defect, Gap, Group, Said, Severity
from supervision.record_qc.subject import Passage, Saying, Subject

_OPERATIVE: Final = frozenset(
    (
        *CONSENTS,
        *(DocumentKind.PREOP_SUMMARY, DocumentKind.PREOP_DISCUSSION, DocumentKind.OPERATION, DocumentKind.SAFETY),
        *(DocumentKind.ANAESTHESIA_BEFORE, DocumentKind.ANAESTHESIA, DocumentKind.POSTOP_COURSE),
    )
)
"""Their sides are held against the operation."""
_BY_EXAM: Final = re.compile(r"CT|MR|核磁|磁共振|超声|B超|彩超|X线|平片|胸片|造影|钼靶", re.IGNORECASE)
_ELSEWHERE: Final = re.compile(r"外院|院外|门诊|\d{4}年|\d年前|上次|既往|当地")
_NEW: Final = re.compile(r"新(?:发|出现|近)|今[日晨]出现|突发|突然|再发|又出现|对侧|也|亦|转移")
_NOT_DIAGNOSED: Final = re.compile(r"鉴别|依据|分析")


def _diagnoses(subject: Subject) -> Iterator[Said]:
    """The same disease at the same part, in the documents one after the other."""
    said: dict[tuple[str, str], dict[str, list[Saying]]] = defaultdict(lambda: defaultdict(list))
    found = subject.says(subject.documents, "disease")
    if found is None:
        yield LANGUAGE
        return
    for saying in found:
        fact, passage = saying.fact, saying.passage
        asked = passage.document.kind not in _OPERATIVE and not _NOT_DIAGNOSED.search(passage.title)
        if passage.name == "诊断" and asked and fact.side and stem(fact.site):
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


# -- of the complaint ------------------------------------------------------------------------


def _complaint(subject: Subject) -> Iterator[Said]:
    """The complaint against the rest of the admission record and against notes: each document is told once."""
    told: set[str] = set()
    for defect in (*_parts(subject), *_symptoms(subject)):
        if isinstance(defect, Gap) or defect.place.document not in told:
            yield defect
        if isinstance(defect, Defect):
            told.add(defect.place.document)


def _parts(subject: Subject) -> Iterator[Defect]:
    """The part that the complaint names against history, examination and diagnosis."""
    for document in subject.judged(*ADMISSION_NOTES):
        complaint = subject.section(document, "主诉")
        for part, side in _one_sided(complaint).items() if complaint else ():
            for passage in subject.passages(document):
                turned = _only(passage, part, OTHER[side]) if passage.name in ("现病史", "查体", "诊断") else None
                if turned is not None and complaint is not None:
                    says = f"主诉为{SAID[side]}{part}，{passage.title or passage.name}只写{SAID[OTHER[side]]}"
                    yield Defect(says, passage.place(turned.start, turned.end), (complaint.place(),))


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


def _symptoms(subject: Subject) -> Iterator[Defect | Gap]:
    """The symptom of the complaint: as a sign of the admission's examination, in the same words in later notes."""
    found = subject.says(subject.judged(*ADMISSION_NOTES, DocumentKind.FIRST_COURSE, *DAILY_NOTES), "finding")
    if found is None:
        yield LANGUAGE
        return
    by_document: dict[str, list[Saying]] = defaultdict(list)
    for saying in found:
        if present(saying.fact):
            by_document[saying.passage.document.id].append(saying)
    for complaint in (subject.section(document, "主诉") for document in subject.of(*ADMISSION_NOTES)):
        for fact in (subject.facts(complaint.text, "主诉") or ()) if complaint else ():
            for sayings in by_document.values() if fact.side in OTHER and fact.concept else ():
                same = [saying for saying in sayings if _is_same(saying, fact)]
                turned = bool(same) and one_side(one.fact.side for one in same) == OTHER[fact.side]
                if turned and complaint is not None and not _NEW.search(same[0].place.quote):
                    says = f"主诉为{SAID[fact.side]}“{fact.text}”，此处写为{SAID[OTHER[fact.side]]}"
                    yield Defect(says, same[0].place, (complaint.place(),))


def _is_same(saying: Saying, complaint: Fact) -> bool:
    if saying.passage.document.kind in ADMISSION_NOTES:
        return saying.fact.section == "查体" and saying.fact.concept == complaint.concept
    return saying.fact.text == complaint.text


# -- of reports ------------------------------------------------------------------------------


def _reports(subject: Subject) -> Iterator[Said]:
    """What notes say that an examination showed, against its report."""
    results, found = subject.record.results, subject.says(subject.judged(*COURSE_NOTES), "finding", "disease")
    if results is None or found is None:
        yield LANGUAGE if results is not None else Gap("检查报告")
        return
    shown = _shown(subject)
    told: set[tuple[str, str, str]] = set()
    for saying in found:
        fact, text = saying.fact, saying.passage.text
        part = fact.concept or fact.name, stem(fact.site)
        side, said = one_side(shown.get(part, ())), side_near(fact, text)
        if not side or said != OTHER[side] or not present(fact) or (saying.passage.document.id, *part) in told:
            continue
        if _BY_EXAM.search(saying.place.quote) and not _ELSEWHERE.search(saying.place.quote):
            told.add((saying.passage.document.id, *part))
            yield Defect(f"检查报告为{SAID[side]}“{fact.name}”，此处写为{SAID[said]}", saying.place)


def _shown(subject: Subject) -> dict[tuple[str, str], set[str]]:
    """What reports of examinations show at which part, and the sides it is on."""
    shown: dict[tuple[str, str], set[str]] = defaultdict(set)
    for result in subject.record.results or ():
        for fact in subject.facts(result.text, "辅助检查") or () if result.kind is ResultKind.EXAM else ():
            side = side_near(fact, result.text)
            if present(fact) and side and stem(fact.site):
                shown[fact.concept or fact.name, stem(fact.site)].add(side)
    return shown


_check = partial(Check, aspect=Aspect.CONSISTENT, kinds=INPATIENT, severity=Severity.SEVERE, points=3.0)
CHECKS: Final = (
    _check(
        name="side-diagnoses",
        title="各文书诊断的侧别前后矛盾",
        group=Group.WRITING,
        source=f"{NORM}第三条",
        mend="立即与患者、影像资料核对病变侧别，按实际更正并说明",
        run=_diagnoses,
        most=6.0,
    ),
    _check(
        name="side-complaint",
        title="主诉的侧别与其他记录矛盾",
        group=Group.ADMISSION,
        source=f"{NORM}第三条、第十八条",
        mend="重新询问、查体，按实际侧别更正",
        run=_complaint,
    ),
    _check(
        name="side-report",
        title="病程记录所述侧别与检查报告不符",
        group=Group.COURSE,
        source=f"{NORM}第三条",
        mend="与检查报告原文核对后更正；报告有误的请检查科室更正",
        run=_reports,
        most=6.0,
    ),
)
