"""Whether diagnoses agree: from admission to discharge, around an operation, with pathology, with the front page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Final

from clinical.medical_record import Document, DocumentKind, ResultKind
from nlp.assertion import Assertion
from supervision.record_qc.analytes import ANALYTES
from supervision.record_qc.diagnosed import Diagnosed, among, at_end, coded, given
from supervision.record_qc.meaning import (
    ADMISSION_NOTES,
    CONSENTS,
    LANGUAGE,
    clause,
    finds,
    kinds_of,
    present,
    related,
    undenied,
    written,
)
from supervision.record_qc.model import (
    NORM,
    Defect,
    Gap,
    Group,
    Said,
    Severity,
    disagreement,
)
from supervision.record_qc.parts import parts
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Subject

_MALIGNANCY: Final = "disease:malignancy"
_MALIGNANT: Final = re.compile(r"癌|恶性|肉瘤|白血病|淋巴瘤|骨髓瘤|母细胞瘤|黑色素瘤|Ca\b|CA\b")
_IS_MALIGNANT: Final = re.compile(r"[癌](?!前|胚|栓)|恶性(?:肿瘤)?|肉瘤(?!样)|白血病|淋巴瘤|骨髓瘤|黑色素瘤")
_DOUBTED: Final = re.compile(r"未|无|不|可疑|可能|待|考虑|倾向|？|\?|除外|排除|既往|阴性|[(（][-－—]")
_LEAVING: Final = (DocumentKind.DISCHARGE, DocumentKind.DAY_STAY, DocumentKind.DEATH, DocumentKind.DAY_DEATH)
_FORMS: Final = frozenset((*_LEAVING, *CONSENTS, DocumentKind.DEATH_DISCUSSION))
_REVISED: Final = re.compile(
    r"排除|除外|不支持|不符合|修正|更正|更改|补充诊断|确诊|明确诊断|诊断明确|诊断(?:为|考虑)|考虑(?:为|诊断)?"
)
_READ_FROM: Final = (
    *(re.compile("|".join(filter(None, (a.words.pattern, a.low, a.high))), re.IGNORECASE) for a in ANALYTES),
    re.compile(r"脂|胆固醇|甘油三酯|TG\b|LDL"),
    re.compile(r"尿酸"),
    re.compile(r"甲状腺|甲亢|甲减|TSH|FT[34]"),
    re.compile(r"高血压|血压(?:升高|偏高)|BP\s*1[4-9]\d|血压\s*1[4-9]\d"),
)
"""Words that go with a value as well as with the disease that is read from it."""
_DISEASE: Final = re.compile(
    r"(?:[病症炎瘤癌疝]|粘连|畸形|囊肿|结石|息肉|穿孔|破裂|脓肿|坏死|梗阻|扭转|异位|损伤|骨折)$"
)
_SAME_AS: Final = re.compile(r"同[前上术]|见前")
_WINDOW: Final = 3
"""Characters in a row that a diagnosis shares with a text that speaks of it."""


def _unsupported(subject: Subject) -> Iterator[Said]:
    """A diagnosis at discharge that no note before and no report tells of."""
    during = [document for document in subject.documents if document.kind not in _FORMS]
    found = subject.says(during, "disease", "finding")
    if found is None:
        yield LANGUAGE
        return
    judged = given(subject, subject.judged(DocumentKind.DISCHARGE, DocumentKind.DEATH), "(?:出院|死亡)诊断")
    if judged and not written(subject, [d for d in during if d.kind not in ADMISSION_NOTES]):
        yield Gap("病程记录正文")
        return
    told = {s.fact.concept for s in found if s.fact.concept and s.fact.assertion is not Assertion.ABSENT}
    reports = [result.text for result in subject.record.results or ()]
    told |= {fact.concept for text in reports for fact in subject.facts(text, "辅助检查") or () if present(fact)}
    texts = [*(undenied(subject, passage) for passage in subject.texts(during)), *reports]
    for one in judged:
        if not one.disease or not one.concept or any(related(subject, one.concept, concept) for concept in told):
            continue
        if not any(_shares(one.text, text) or _measured(one.text, text) for text in texts):
            yield Defect(f"出院(死亡)诊断“{one.text}”在住院期间的记录和报告中未见依据", one.place)


def _shares(name: str, text: str) -> bool:
    bare = re.sub(r"[^\u4e00-\u9fa5A-Za-z]", "", name)
    return any(bare[at : at + _WINDOW] in text for at in range(max(1, len(bare) - _WINDOW + 1)))


def _measured(name: str, text: str) -> bool:
    """Whether a text speaks of what a diagnosis is read from: 低钾血症 of 血钾2.4mmol/L."""
    return any(words.search(name) and words.search(text) for words in _READ_FROM)


def _first_course(subject: Subject) -> Iterator[Said]:
    """The first diagnosis of the admission record and of the first course note."""
    if subject.facts("") is None:
        yield LANGUAGE
        return
    admission = given(subject, subject.of(*ADMISSION_NOTES[:2]), "初步诊断|入院诊断|^诊断$")
    for document in subject.judged(DocumentKind.FIRST_COURSE):
        course = given(subject, [document], "初步诊断|入院诊断|^诊断$|拟诊")
        if not admission or not course or not (admission[0].disease and course[0].disease):
            continue
        if not among(subject, admission[0], course) and not among(subject, course[0], admission):
            says = f"首次病程记录第一诊断“{course[0].text}”与入院记录“{admission[0].text}”不一致"
            yield Defect(says, course[0].place, (admission[0].place,))


def _dropped(subject: Subject) -> Iterator[Said]:
    """The first diagnosis at admission that is gone at discharge, with no word on why."""
    if subject.facts("") is None:
        yield LANGUAGE
        return
    admission = given(subject, subject.of(*ADMISSION_NOTES[:2]), "初步诊断|入院诊断|^诊断$")
    ended = at_end(subject)
    if not admission or not ended or not admission[0].disease or admission[0].doubted:
        return
    first = admission[0]
    later = [d for d in subject.documents if d.kind not in _FORMS and d.kind not in ADMISSION_NOTES]
    if among(subject, first, ended) or finds(subject, [d for d in later if d.kind is not _FIRST], _REVISED):
        return
    if not written(subject, later):
        yield Gap("病程记录正文")
        return
    says = f"入院第一诊断“{first.text}”在出院诊断中消失，病程中未说明理由"
    yield Defect(says, others=(first.place, ended[0].place))


def _front_page(subject: Subject) -> Iterator[Said]:
    """The main diagnosis of the front page, among those of the record of discharge or death."""
    page, ended = subject.record.front_page, at_end(subject)
    if page is None or not page.diagnoses:
        return
    if subject.facts("") is None or not ended:
        yield Gap("出院(死亡)记录的诊断") if subject.facts("") is not None else LANGUAGE
        return
    main = next((one for one in page.diagnoses if one.main), page.diagnoses[0])
    if not among(subject, coded(subject, main), ended):
        says = f"首页主要诊断“{main.name}”不在出院(死亡)记录的诊断中"
        yield Defect(says, Place(quote=main.name), (ended[0].place,))


def _preoperative(subject: Subject) -> Iterator[Said]:
    """The diagnosis before an operation, in the summary or the talk before it and in the operation note."""
    if subject.facts("") is None:
        yield LANGUAGE
        return
    before = given(subject, subject.of(DocumentKind.PREOP_SUMMARY, DocumentKind.PREOP_DISCUSSION), "术前诊断|^诊断$")
    for document in subject.judged(DocumentKind.OPERATION):
        own = [one for one in given(subject, [document], "术前诊断") if one.disease]
        mine = [one for one in before if one.disease]
        if own and mine and not any(among(subject, one, mine) for one in own):
            says = f"手术记录术前诊断“{own[0].text}”与术前小结(讨论)“{mine[0].text}”不一致"
            yield Defect(says, own[0].place, (mine[0].place,))


def _postoperative(subject: Subject) -> Iterator[Said]:
    """The diagnoses after an operation, and what was newly found during it, among those at discharge."""
    if subject.facts("") is None:
        yield LANGUAGE
        return
    for document in subject.judged(DocumentKind.DISCHARGE, DocumentKind.DAY_STAY, DocumentKind.DEATH):
        own = given(subject, [document], "(?:出院|死亡)诊断")
        for note in subject.of(DocumentKind.OPERATION) if own else ():
            new = _lost(subject, note, own)
            if new is not None:
                says = f"术中(术后)诊断“{new.text}”未列入出院诊断"
                yield Defect(says, own[0].place, (new.place,), key=note.id)


def _lost(subject: Subject, note: Document, ended: list[Diagnosed]) -> Diagnosed | None:
    """A diagnosis of an operation note that is not among those at the end: the first of all, where all are lost, else
    a disease that nobody knew of before."""
    found = [
        one for one in given(subject, [note], "术[中后]诊断") if not one.doubted and not _SAME_AS.search(one.text)
    ]
    lost = [one for one in found if not among(subject, one, ended)]
    if len(lost) == len(found):
        return next((one for one in lost if one.disease), None)
    before = given(subject, [note], "术前诊断")
    return next((one for one in lost if _DISEASE.search(one.text) and not among(subject, one, before)), None)


def _pathology(subject: Subject) -> Iterator[Said]:
    """A malignancy that pathology reported before the record of discharge was written."""
    if subject.record.results is None or subject.facts("") is None:
        yield LANGUAGE if subject.record.results is not None else Gap("病理报告")
        return
    for document in subject.judged(DocumentKind.DISCHARGE, DocumentKind.DEATH):
        if any(_MALIGNANT.search(passage.text) for passage in parts(document, "(?:出院|死亡)诊断")):
            continue
        for result in subject.record.results:
            at = result.reported or result.at
            early = at is not None and document.done is not None and at < document.done
            if result.kind is ResultKind.PATHOLOGY and early and _malignant(subject, result.text):
                yield Defect(
                    "病理报告为恶性，出院记录未体现", Place(document.id, quote=result.text[:80]), key=result.id
                )


def _malignant(subject: Subject, text: str) -> bool:
    for match in _IS_MALIGNANT.finditer(text):
        if not _DOUBTED.search(clause(text, match.start(), match.end())):
            return True
    return any(
        present(fact) and fact.kind == "disease" and _MALIGNANCY in kinds_of(subject, fact.concept)
        for fact in subject.facts(text, "辅助检查") or ()
    )


def _death(subject: Subject) -> Iterator[Said]:
    """The diagnosis of death, in the record of death and in the discussion."""
    if subject.facts("") is None:
        yield LANGUAGE
        return
    recorded = given(subject, subject.of(DocumentKind.DEATH, DocumentKind.DAY_DEATH), "死亡诊断|死亡原因")
    for document in subject.judged(DocumentKind.DEATH_DISCUSSION):
        talked = given(subject, [document], "死亡诊断") or given(subject, [document], "死亡原因")
        if recorded and talked and not among(subject, talked[0], recorded):
            says = f"死亡病例讨论“{talked[0].text}”与死亡记录“{recorded[0].text}”不一致"
            yield Defect(says, talked[0].place, (recorded[0].place,))


_FIRST: Final = DocumentKind.FIRST_COURSE
_COURSE: Final = f"{NORM}第二十二条"
_LEAVING_NOTE: Final = f"{NORM}第二十二条(二十)"
_check: Final = partial(disagreement, times=3)
CHECKS: Final = (
    _check(
        "diagnosis-first-course-differs", "首次病程记录诊断与入院记录不一致", Group.COURSE,
        f"{NORM}第十八条(九)、第二十二条(一)", _first_course, mend="核对后统一初步诊断；有分歧的在病程中分析",
    ),
    _check(
        "diagnosis-unsupported-at-discharge", "出院诊断在病历中无依据", Group.END, _LEAVING_NOTE,
        _unsupported, mend="在病程中补记诊断依据，或删除无依据的诊断",
    ),
    _check(
        "diagnosis-dropped-unexplained", "入院诊断变更而未说明理由", Group.COURSE, _COURSE,
        _dropped, mend="在病程中记录诊断变更(排除、修正)的依据和分析",
    ),
    _check(
        "diagnosis-front-page-differs", "首页主要诊断与出院记录诊断不一致", Group.FRONT_PAGE,
        "《住院病案首页数据填写质量规范(暂行)》(国卫办医发〔2016〕24号)",
        _front_page, 5.0, Severity.SEVERE, mend="核对出院记录，统一主要诊断",
    ),
    _check(
        "diagnosis-preoperative-differs", "术前诊断前后不一致", Group.OPERATION,
        f"{NORM}第二十二条(十一)(十二)(十五)",
        _preoperative, mend="核对后统一术前诊断；诊断改变的说明依据",
    ),
    _check(
        "diagnosis-postoperative-missing-at-discharge", "术后诊断未列入出院诊断", Group.END, _LEAVING_NOTE,
        _postoperative, mend="补充出院诊断；诊断改变的在病程中说明",
    ),
    _check(
        "diagnosis-pathology-malignant-missing", "病理为恶性而出院诊断未体现", Group.END,
        f"{_LEAVING_NOTE};《病案管理质量控制指标(2021年版)》指标九(病理检查记录符合率)",
        _pathology, 5.0, Severity.SEVERE, mend="按病理结果修正出院诊断，并告知患者或家属、记录后续治疗建议",
    ),
    _check(
        "diagnosis-death-differs", "死亡诊断前后不一致", Group.END, f"{NORM}第二十二条(二十一)(二十二)",
        _death, mend="核对死亡记录与讨论意见，统一死亡诊断",
    ),
)  # fmt: skip
