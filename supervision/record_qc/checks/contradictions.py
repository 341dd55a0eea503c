"""Contradictions within one document: of histories, of complaint and illness, of one finding and another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from clinical.medical_record import Document, DocumentKind
from nlp.facts import Fact
from supervision.record_qc.lateral import stem
from supervision.record_qc.meaning import (
    ADMISSION_NOTES,
    DAILY_NOTES,
    LANGUAGE,
    clause,
    denied,
    finds,
    kinds_of,
    present,
    related,
)
from supervision.record_qc.model import (
    NORM,
    Check,
    Defect,
    Gap,
    Group,
    Said,
    disagreement,
)
from supervision.record_qc.subject import Passage, Saying, Subject

_EXAMINED: Final = (*ADMISSION_NOTES, DocumentKind.FIRST_COURSE, *DAILY_NOTES, DocumentKind.DISCHARGE)
_HISTORY: Final = ("既往史", "个人史", "手术史", "过敏史", "输血史", "婚育史", "现病史")
_DENYING: Final = frozenset({"既往史", "个人史", "手术史", "过敏史", "输血史"})
_LONG: Final = 90.0
_FEVER: Final = "symptom:fever"
_WARMTH: Final = "lab:body-temperature"
_FEVERISH: Final = 38.0
_EARLIER: Final = re.compile(r"最高|昨|夜间|曾|降至|前[日天]|波动|入院时")
_REFUSED: Final = re.compile(r"(?:[无未非昨曾原]|入院时|既往)[^，,。；;\n]{0,8}$")
_OTHERS: Final = re.compile(r"其他|其它|其余|另有|重大|特殊")
_WOUND: Final = re.compile(r"切口[^，。；;\n]{0,10}愈合|(?:甲|Ⅰ|I)级愈合")
_OPERATED: Final = re.compile(r"术后|手术|切开|缝合|穿刺")


# -- phrases that exclude each other ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Opposed:
    """A row: pairs of regular expressions of which both must not match in some sections of one document."""

    name: str
    title: str
    documents: tuple[DocumentKind, ...]
    sections: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    source: str
    mend: str
    group: Group = Group.ADMISSION

    def check(self) -> Check:
        """The check of this row."""
        pairs = tuple((re.compile(one), re.compile(other)) for one, other in self.pairs)

        def run(subject: Subject) -> Iterator[Said]:
            for document in subject.judged(*self.documents):
                passages = [p for p in subject.passages(document) if p.name in self.sections]
                for one, other in pairs:
                    yield from _both(passages, one, other)

        return disagreement(f"contradiction-{self.name}", self.title, self.group, self.source, run, mend=self.mend)


def _both(passages: list[Passage], one: re.Pattern[str], other: re.Pattern[str]) -> Iterator[Defect]:
    first, second = _first(passages, one), _first(passages, other)
    if first and second:
        says = f"既写“{first[1][0]}”又写“{second[1][0]}”，前后矛盾"
        (passage, match), (where, found) = second, first
        yield Defect(says, passage.place(match.start(), match.end()), (where.place(found.start(), found.end()),))


def _first(passages: list[Passage], pattern: re.Pattern[str]) -> tuple[Passage, re.Match[str]] | None:
    """Where a phrase stands that is not itself denied (无昏迷、嗜睡)."""
    return next(
        ((p, m) for p in passages for m in pattern.finditer(p.text) if not _REFUSED.search(p.text[: m.start()])), None
    )


# -- what is said and denied -----------------------------------------------------------------


def _history(subject: Subject) -> Iterator[Said]:
    """A disease or a habit that the history has and denies."""
    for document in subject.judged(*ADMISSION_NOTES):
        found = subject.says([document], "disease", "finding")
        if found is None:
            yield LANGUAGE
            return
        told = [saying for saying in found if saying.fact.section in _HISTORY and saying.fact.concept]
        refused = [s for s in told if denied(s.fact) and s.fact.section in _DENYING and not _only_others(s)]
        for saying in told:
            against = next((s for s in refused if s.fact.concept in kinds_of(subject, saying.fact.concept)), None)
            if against is not None and _of_old(saying.fact):
                says = f"病史中有“{saying.fact.text}”，又写“否认(无){against.fact.text}”"
                yield Defect(says, against.place, (saying.place,))


def _only_others(saying: Saying) -> bool:
    """Whether only other ones than those told are denied: 否认其他手术史."""
    return _OTHERS.search(clause(saying.passage.text, saying.fact.start, saying.fact.end)) is not None


def _of_old(fact: Fact) -> bool:
    """Whether the history has it: of long standing, or told among what was before."""
    return present(fact) and ((fact.days or 0) >= _LONG or fact.section in _DENYING)


def _complaint(subject: Subject) -> Iterator[Said]:
    """What the patient came for, and the history of the illness denies throughout."""
    for document in subject.judged(*ADMISSION_NOTES):
        found = subject.says([document], "finding", "disease")
        if found is None:
            yield LANGUAGE
            return
        told = [saying for saying in found if saying.fact.concept]
        history = [saying for saying in told if saying.fact.section == "现病史"]
        for saying in told:
            if saying.fact.section != "主诉" or not present(saying.fact):
                continue
            same = [s for s in history if related(subject, saying.fact.concept, s.fact.concept)]
            if same and all(denied(s.fact) for s in same) and saying.fact.concept in {s.fact.concept for s in same}:
                says = f"主诉有“{saying.fact.text}”，现病史却否认"
                yield Defect(says, same[0].place, (saying.place,))


def _findings(subject: Subject) -> Iterator[Said]:
    """A sign that one part of the examination finds and another does not, at the same place."""
    for document in subject.judged(*ADMISSION_NOTES):
        found = subject.says([document], "finding")
        if found is None:
            yield LANGUAGE
            return
        signs = [saying for saying in found if saying.fact.section == "查体" and saying.fact.concept]
        told: set[str] = set()
        for saying in signs:
            against = next((s for s in signs if denied(s.fact) and _same_place(s.fact, saying.fact)), None)
            if present(saying.fact) and against is not None and saying.fact.concept not in told:
                told.add(saying.fact.concept)
                says = f"查体既写“{against.fact.text}”阴性，又写“{saying.fact.text}”阳性"
                yield Defect(says, saying.place, (against.place,))


def _same_place(one: Fact, other: Fact) -> bool:
    """Whether a sign that is denied is the one that was found: of the same kind, on no other side or part."""
    if one.concept != other.concept or (one.side in ("left", "right") and one.side != other.side):
        return False
    mine, theirs = stem(one.site), stem(other.site)
    return not mine or not theirs or mine in theirs or theirs in mine or one.side == "both"


def _fever(subject: Subject) -> Iterator[Said]:
    """A note that denies fever over a temperature that is one."""
    for document in subject.judged(*DAILY_NOTES):
        found = subject.says([document], "finding", "test")
        if found is None:
            yield LANGUAGE
            return
        told = list(found)
        warm = next((s for s in told if _is_warm(s)), None)
        fevers = [s for s in told if s.fact.concept == _FEVER]
        if warm is not None and fevers and all(denied(s.fact) for s in fevers):
            says = f"写“无发热”，同次记录体温{warm.fact.value:g}℃"
            yield Defect(says, warm.place, (fevers[0].place,))


def _is_warm(saying: Saying) -> bool:
    fact = saying.fact
    around = saying.passage.text[max(0, fact.start - 6) : fact.end + 2]
    return fact.concept == _WARMTH and (fact.value or 0) >= _FEVERISH and not _EARLIER.search(around)


def _wound(subject: Subject) -> Iterator[Said]:
    """A wound that heals where nobody was operated on."""
    if subject.record.operations is None:
        yield Gap("手术信息")
        return
    documents = subject.judged(DocumentKind.DISCHARGE, DocumentKind.DAY_STAY)
    if subject.record.operations or not documents:
        return
    before: list[Document] = [d for d in subject.documents if d.kind not in (DocumentKind.DISCHARGE,)]
    if not before or finds(subject, before, _OPERATED):
        return
    for passage in subject.texts(documents):
        match = _WOUND.search(passage.text)
        if match is not None:
            yield Defect(f"本次住院无手术，此处写“{match[0]}”", passage.place(match.start(), match.end()))


_AGO: Final = r"(?:(?:\d+|[一二三四五六七八九十]+|半)余?(?:年|个?月)前|(?:19|20)\d\d[-年.])[^。；;\n否未无]{0,30}?"
_ASK: Final = "重新询问患者(或家属)，按实际情况更正"
_EXAMINE: Final = "重新查体，删除套用的模板内容，按实际体征书写"
_ILLNESS: Final = f"{NORM}第十八条(四)"
_PERSONAL: Final = f"{NORM}第十八条(五)"
_EXAMINATION: Final = f"{NORM}第十八条(六)(七)"
_COMPLAINT: Final = f"{NORM}第十八条(二)(三)"
_DISCHARGE: Final = f"{NORM}第二十二条(二十)"
_TRUE: Final = f"{NORM}第三条"
_ROWS: Final = (
    _Opposed(
        "operation-history",
        "既否认手术史又记录手术",
        ADMISSION_NOTES,
        ("既往史", "现病史", "手术史", "个人史"),
        (
            (
                r"(?:否认|无)(?![^。；;\n]{0,8}(?:其他|其它|其余|重大))[^。；;，,\n]{0,10}手术(?!禁忌|指征|条件|切口|瘢痕)[^。；;，,\n]{0,6}史?(?=[。；;，,\n]|$)",
                rf"{_AGO}(?:行|施|做|因[^。；;\n]{{1,15}}行)[^。；;\n]{{0,25}}?(?:切除|修补|成形|置换|固定|吻合|剖宫产|手)术",
            ),
        ),
        _ILLNESS,
        _ASK,
    ),
    _Opposed(
        "transfusion-history",
        "既否认输血史又记录输血",
        ADMISSION_NOTES,
        ("既往史", "现病史", "手术史", "输血史"),
        (
            (
                r"(?:否认|无)[^。；;\n]{0,12}输血(?!反应|禁忌|指征)[^。；;，,\n]{0,6}史?(?=[。；;，,\n]|$)",
                r"(?<![无未免拒])(?:曾|予|给予|并|后|中|[年月天日周]前[^。；;\n否未无]{0,16}?)输(?:注)?(?:悬浮|浓缩|去白|同型)*(?:红细胞|血浆|血小板|血)(?!史|反应|前|管)",
            ),
        ),
        _ILLNESS,
        _ASK,
    ),
    _Opposed(
        "marriage",
        "婚育史前后矛盾",
        ADMISSION_NOTES,
        ("婚育史", "个人史", "家族史"),
        (
            (r"(?<!否认)未婚", r"(?:配偶|妻子|丈夫|爱人)(?:及子女)?(?:均)?(?:体健|健康|健在)"),
            (
                r"(?<!曾)(?:未育|未生育)|G0P0|孕0产0",
                r"育有?\s*[1-9一二两三]\s*[子女]|子女(?:均)?(?:体健|健康)|G[1-9]P[1-9]|孕[1-9]产[1-9]",
            ),
        ),
        _PERSONAL,
        _ASK,
    ),
    _Opposed(
        "examination",
        "体格检查前后矛盾",
        _EXAMINED,
        ("查体",),
        (
            (
                r"神志清|意识清|神清(?!欠)",
                r"(?:浅|深|中度)?昏迷(?!病?史|前)|昏睡(?!史)|嗜睡|意识模糊|谵妄状态",
            ),
            (r"自主体位|自动体位", r"(?:强迫|被动|被迫)(?:性)?(?:体位|卧位|坐位|蹲位|仰卧位)"),
            (
                r"步入病[房区室]|自行步入|步行入",
                r"(?:平车|轮椅|担架|抬|抱)(?:推|送|扶)?(?:入|进)(?:病[房区室]|院|科)",
            ),
            (r"(?<![不欠])查体合作", r"查体(?:不|欠)合作|不能配合查体"),
            (r"发育正常", r"发育(?:不良|迟缓|落后)"),
            (r"(?<!不)律齐", r"(?<!窦性心)律(?:绝对)?不齐"),
            (r"腹(?:部)?(?:平坦?)?[、，,]?(?:全腹)?柔?软", r"板状腹"),
            (r"瞳孔等大", r"瞳孔不等大|(?:左|右)侧?瞳孔散大"),
            (
                r"四肢肌力(?:均)?(?:为)?(?:正常|[5ⅤV五]\s*级)",
                r"[左右](?:侧)?(?:上|下)?肢(?:体)?[^，,。；;\n]{0,8}肌力(?:为|约)?\s*(?:[0-4ⅠⅡⅢⅣ]|I{1,3}(?!V)|IV)[+-]?\s*级",
            ),
        ),
        _EXAMINATION,
        _EXAMINE,
    ),
)
CHECKS: Final = (
    *(row.check() for row in _ROWS),
    disagreement(
        "contradiction-history", "病史既有又否认同一疾病或嗜好", Group.ADMISSION, _ILLNESS, _history, mend=_ASK
    ),
    disagreement(
        "contradiction-complaint-denied",
        "主诉的症状在现病史中被否认",
        Group.ADMISSION,
        _COMPLAINT,
        _complaint,
        mend=_ASK,
    ),
    disagreement(
        "contradiction-findings", "同一体征既阳性又阴性", Group.ADMISSION, _EXAMINATION, _findings, mend=_EXAMINE
    ),
    disagreement(
        "contradiction-fever", "写无发热而体温升高", Group.COURSE, _TRUE, _fever, mend="核对体温单，按实际体温书写"
    ),
    disagreement(
        "contradiction-wound",
        "未手术而写切口愈合",
        Group.END,
        _DISCHARGE,
        _wound,
        mend="删除套用内容，按实际情况书写",
    ),
)
