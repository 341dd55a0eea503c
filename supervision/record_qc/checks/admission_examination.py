"""What an admission record must tell of the examination, of earlier results, and of a diagnosis still open."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from clinical.medical_record import Document, DocumentKind
from supervision.record_qc.model import INPATIENT, NORM, Aspect, Check, Defect, Gap, Group, Said, Severity
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Subject

_NOTES: Final = (DocumentKind.ADMISSION, DocumentKind.READMISSION)
_ARTICLE: Final = f"{NORM}第十八条"
_TOLD_ELSEWHERE: Final = frozenset(
    {"主诉", "现病史", "既往史", "个人史", "婚育史", "家族史", "辅助检查", "诊断", "过敏史"}
)
_UNMARKED: Final = re.compile(r"^[ \t]*(?:体格检查|体检|查体)[ \t]*$", re.MULTILINE)
"""A heading without a colon is no heading to who reads sections."""
_YOUNG: Final = 7
"""Below this age blood pressure is taken where there is a reason."""

# -- the general examination -----------------------------------------------------------------

_VITAL: Final = {
    "体温": r"体温|(?<![A-Za-z])T\s*[:：]?\s*3\d|3[4-9]\.?\d?\s*(?:℃|度)|4[0-2]\.?\d?\s*℃",
    "脉搏": r"脉[搏率]|(?<![A-Za-z])(?:P|HR|PR)\s*[:：]?\s*\d{2,3}|心率|\d{2,3}\s*次/分|\d{2,3}\s*bpm",
    "呼吸": r"呼吸\s*(?:频率)?\s*[:：]?\s*\d|(?<![A-Za-z])RR?\s*[:：]?\s*\d{1,2}|呼吸(?:机|微弱|停止|急促|平稳|频率)",
    "血压": r"血压|(?<![A-Za-z])BP|\d{2,3}\s*/\s*\d{2,3}\s*mmHg|测不出",
}
_SYSTEMS: Final = {
    "皮肤粘膜": r"皮\s*肤|[粘黏]膜|皮疹|黄染|苍白|紫绀|发绀",
    "浅表淋巴结": r"淋\s*巴",
    "肺部": r"肺|呼吸音|啰音|胸廓",
    "心脏": r"心[率律音界脏前尖]|心浊音|心\s*[:：]|杂音|HR",
    "腹部": r"腹|肝|脾",
    "脊柱四肢": r"四肢|脊柱|下肢|上肢|肢体|关节|肌力|肌张力",
    "神经系统": r"神经|反射|病理征|巴[氏宾]|Babinski|脑膜刺激征|克氏征|Kernig|肌力|颈(?:软|抵抗|强直)|神[志清]|意识",
}


def _examined(subject: Subject, document: Document) -> str:
    """All that may be part of the examination: the record without its history, results and diagnoses."""
    parts = [p for p in subject.passages(document) if p.name not in _TOLD_ELSEWHERE]
    unread = [s.text[match.end() :] for s in document.sections for match in _UNMARKED.finditer(s.text)]
    return "\n".join([*(f"{part.title}：{part.text}" for part in parts), *unread])


def _lacking(document: str, wanted: Mapping[str, str]) -> list[str]:
    return [name for name, words in wanted.items() if not re.search(words, document)]


def _without(
    wanted: Callable[[Subject], Mapping[str, str]], called: str, least: int
) -> Callable[[Subject], Iterator[Said]]:
    """Notes that have an examination, in which so many of what is wanted (or more) are not told."""

    def run(subject: Subject) -> Iterator[Said]:
        for document in subject.judged(*_NOTES):
            examination = subject.section(document, "查体")
            if examination is None or not examination.text.strip():
                continue
            missing = _lacking(_examined(subject, document), wanted(subject))
            if len(missing) >= least:
                yield Defect(f"体格检查{called}缺{'、'.join(missing)}", examination.place())

    return run


def _vitals(subject: Subject) -> Mapping[str, str]:
    age = subject.record.visit.age
    taken = age is not None and age >= _YOUNG
    return _VITAL if taken else {name: words for name, words in _VITAL.items() if name != "血压"}


# -- the special one -------------------------------------------------------------------------

_SPECIAL_DEPARTMENTS: Final = re.compile(r"外科|骨|泌尿|妇|产科|眼|耳鼻|口腔|皮肤|烧伤|整形|乳腺|甲状腺|肛肠|神经")
_SPECIAL: Final = re.compile(
    r"专科|(?:妇科|产科|外科|骨科|眼科|耳鼻咽?喉科?|口腔科?|皮肤科?|肛[门肠]科?|泌尿外?科?|神经系统|神经科|乳腺|"
    r"肿瘤科?|康复科?)"
    r"[^。；\n]{0,4}(?:检查|情况|查体|评定)|局部(?:检查|情况)"
)


def _without_special(subject: Subject) -> Iterator[Said]:
    department = subject.record.visit.department
    for document in subject.judged(*_NOTES):
        filled = [section for section in document.sections if section.text.strip("-—/／ \n")]
        if not filled or any(_SPECIAL.search(f"{one.title}：{one.text}") for one in filled):
            continue
        if not department:
            yield Gap("患者所在科室")
        elif _SPECIAL_DEPARTMENTS.search(department):
            yield Defect(f"{department}入院记录未写专科情况", Place(document.id))


# -- earlier results -------------------------------------------------------------------------

_ABSENT: Final = re.compile(r"[\s：:]*(?:暂?[无缺]|未(?:做|查|行|见|及)|待[查回检]|尚?未|暂?未)")
_DATED: Final = re.compile(
    r"\d{4}\s*[-年./]|\d{1,2}\s*月\s*\d{1,2}|[(（]\d{1,2}[-./]\d{1,2}[)）]|(?:^|"
    r"[\n。；;])\s*\d{1,2}[-./]\d{1,2}\s*[^\d\s]|"
    r"[今本当昨前]\s*[日天晨]|"
    r"\d+\s*[天周月年小时]+前|入院(?:前|当|时|后)|急诊|门诊"
)
_ELSEWHERE: Final = re.compile(r"外院|院外|当地(?:医院)?|外地|他院")
_NAMED: Final = re.compile(r"(?<![外他])[一-龥]{2,}(?:医院|卫生院|医学院|卫生室|保健院|中心|诊所|附院|[一二三四]院)")


def _results(subject: Subject) -> Iterator[tuple[str, Place]]:
    for document in subject.judged(*_NOTES):
        found = subject.section(document, "辅助检查")
        if found is not None and len(found.text.strip()) > 4 and not _ABSENT.match(found.text):
            yield found.text, found.place()


def _undated(subject: Subject) -> Iterator[Said]:
    for text, place in _results(subject):
        if not _DATED.search(text):
            yield Defect("辅助检查结果未写检查时间", place)


def _unnamed(subject: Subject) -> Iterator[Said]:
    for text, place in _results(subject):
        named = [match[0] for match in _NAMED.finditer(text) if not match[0].endswith("当地医院")]
        if _ELSEWHERE.search(text) and not named:
            yield Defect("外院检查结果未写明该医疗机构名称", place)


# -- an open diagnosis -----------------------------------------------------------------------

_OPEN: Final = re.compile(r"(?:待查|查因|原因待诊|性质待[查定]|待诊)(?P<tail>[^\n；;]*)")
_POSSIBLE: Final = re.compile(r"[?？]|可能|考虑|除外|排除|排外|待排|疑|倾向")
_ITEM: Final = re.compile(r"\s*[,，、。]?\s*\(?\d{1,2}[.、．)）]")


def _open_without_possibilities(subject: Subject) -> Iterator[Said]:
    for document in subject.judged(*_NOTES):
        found = subject.section(document, "初步诊断", "诊断")
        if found is None or _POSSIBLE.search(found.text):
            continue
        for match in _OPEN.finditer(found.text):
            tail = match["tail"]
            if _ITEM.match(tail) or not re.search(r"\w", tail):
                yield Defect("待查病例未列出可能性较大的诊断", found.place(match.start(), match.end()))


_check: Final = partial(Check, group=Group.ADMISSION, aspect=Aspect.COMPLETE, kinds=INPATIENT)


CHECKS: Final = (
    _check(
        "examination-vital-signs",
        "体格检查缺生命体征",
        source=f"{_ARTICLE}(六)",
        mend="补充体温、脉搏、呼吸、血压的实测值",
        run=_without(_vitals, "生命体征", 1),
        points=2.0,
    ),
    _check(
        "examination-systems",
        "体格检查缺主要系统",
        source=f"{_ARTICLE}(六)",
        mend="按系统循序补充体格检查",
        run=_without(lambda _: _SYSTEMS, "", 2),
        points=1.0,
    ),
    _check(
        "examination-special",
        "缺专科情况",
        source=f"{_ARTICLE}(七)",
        mend="根据专科需要补充专科检查情况",
        run=_without_special,
        points=2.0,
    ),
    _check(
        "auxiliary-undated",
        "辅助检查未写检查时间",
        aspect=Aspect.PROPER,
        source=f"{_ARTICLE}(八)",
        mend="按检查时间顺序分类写明检查日期和结果",
        run=_undated,
        severity=Severity.MINOR,
        points=0.5,
    ),
    _check(
        "auxiliary-elsewhere-unnamed",
        "外院检查未写机构名称",
        aspect=Aspect.PROPER,
        source=f"{_ARTICLE}(八)",
        mend="写明作该项检查的医疗机构名称及检查号",
        run=_unnamed,
        severity=Severity.MINOR,
        points=0.5,
    ),
    _check(
        "diagnosis-open-without-possibilities",
        "待查诊断未列可能诊断",
        aspect=Aspect.PROPER,
        source=f"{_ARTICLE}(九)",
        mend="在“待查”下列出可能性较大的诊断",
        run=_open_without_possibilities,
        points=1.0,
    ),
)
