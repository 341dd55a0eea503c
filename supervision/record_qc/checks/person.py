"""Whether all documents tell of the same person: sex, age, name and number."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Final, NamedTuple

from clinical.medical_record import Document, DocumentKind
from supervision.record_qc.meaning import CONSENTS, clause
from supervision.record_qc.model import (
    ANY_RECORD,
    CORE_SYSTEMS,
    INPATIENT,
    NORM,
    Aspect,
    Check,
    Defect,
    Gap,
    Group,
    Said,
    Severity,
)
from supervision.record_qc.parts import searched
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Passage, Subject

_SEXES: Final = {"男": "男", "男性": "男", "1": "男", "M": "男", "女": "女", "女性": "女", "2": "女", "F": "女"}
_STATED: Final = re.compile(
    r"(?:患者|患儿|病人|产妇|孕妇|(?<![一-龥])姓名)(?:姓名)?[:：]?[^，,。；;：:\n男女母父育有\d]{0,10}[，,、\s]*(?P<sex>男|女)(?:性|婴|童|孩)?"
    r"(?=[，,、。\s\d]|$)(?:[，,、\s]*(?P<age>\d{1,3}(?:\.\d)?)\s*(?P<unit>岁|月|天))?"
)
"""How a history begins, 患者张某，男，56岁, and a form: 姓名：张某 男 56岁."""
_ITEM: Final = re.compile(r"(?<![\u4e00-\u9fa5])(?:性别[:：]\s*(?P<sex>男|女)|年龄[:：]\s*(?P<age>\d{1,3})\s*岁)")
_OF_AGE: Final = re.compile(
    r"(?:^|[。；;\n]|\d[.、．)）]|患者(?:系|为)?[，,]?)\s*(?P<word>老年|高龄|中年|青年)(?P<sex>男|女)性?(?=[，,。；;\s患]|$)"
)
_AGED: Final = re.compile(
    r"(?:^|[。；;\n]|\d[.、．)）]|患[者儿](?:系|为)?)\s*\d{1,3}\s*(?:岁|月|天)[，,]?\s*(?P<sex>男|女)(?:性|童|婴|孩)"
)
_CHILD: Final = re.compile(r"患儿")
_ELDER: Final = re.compile(r"老(?:大[爷娘妈]|太太|先生)")
_AGES: Final = {"老年": (50, 200), "高龄": (50, 200), "中年": (30, 70), "青年": (12, 55)}
"""Years within which a word for somebody's age is not plainly wrong."""
_KIN: Final = re.compile(r"母|父|妻|配偶|爱人|丈夫|儿子|女儿|姐|妹|兄|弟|女友|男友|其子|其女|家属|伴侣|胎|新生儿|婴")
_NOT_ASKED: Final = frozenset({"家族史", "鉴别诊断", "告知", "出生史"})
_NEVER_ASKED: Final = re.compile(r"鉴别|讨论|分析|家族|出生")
_FEMALE: Final = re.compile(
    r"子宫|宫颈|卵巢|输卵管|(?:双侧?|左侧?|右侧?)附件|附件区|阴道|月经(?!史?[:：]?\s*(?:无|不详|不适用|未填|/|-|—))|末次月经|停经|绝经"
)
_PREGNANT: Final = re.compile(r"(?:早|中|晚|宫内|足月)(?:期)?(?:妊娠|孕)|孕\d{1,2}(?:\+\d)?周|剖宫产|分娩")
_MALE: Final = re.compile(r"前列腺(?!素|特异)|睾丸(?!女性化|素)|阴茎|阴囊|精囊|附睾|精索|输精管|遗精")
_OTHER_SEX: Final = {"男": (_FEMALE, _PREGNANT, "女性"), "女": (_MALE, None, "男性")}
_IS_NAME: Final = r"(?P<value>[\u4e00-\u9fa5·]{2,8}?)"
_NAME: Final = re.compile(
    rf"(?<![\u4e00-\u9fa5])(?:患者)?姓名(?:[:：]\s*{_IS_NAME}(?=性别|年龄|科[别室]|床|住院|[^\u4e00-\u9fa5·*]|$)|"
    r"\s*(?P<bare>[\u4e00-\u9fa5·]{2,8}?)(?=[，,]\s*(?:性别)?[男女]))"
)
_HOSPITAL_NUMBER: Final = re.compile(r"住院号[:：]?\s*(?P<value>[A-Za-z0-9]{4,20})")
_RECORD_NUMBER: Final = re.compile(r"病案号[:：]?\s*(?P<value>[A-Za-z0-9]{4,20})")
_MENSES: Final = re.compile(
    r"月经(?:周期)?(?:一直|基本)?(?:规则|规律|正常)|\d{1,2}[~-]?\d{0,2}\s*/\s*\d{2}[~-]?\d{0,2}\s*天?"
)
_MENOPAUSE: Final = re.compile(r"绝经|闭经|停经|末次月经|切除|已绝|既往")
_AT_AGE: Final = re.compile(r"(?<!\d)(?P<age>\d{2})岁\s*(?:初潮|绝经|闭经)")
_MENOPAUSED: Final = 62
_ADULT: Final = 18
_TOLERANCE: Final = 1.5
_BIRTHS: Final = re.compile(r"新生儿|分娩|剖宫产")


class _Head(NamedTuple):
    """What a passage says of the patient's sex and age."""

    passage: Passage
    start: int
    end: int
    sex: str
    years: float | None


def sex_of(subject: Subject) -> str:
    """男 or 女 as the hospital's system says; empty when it does not."""
    return _SEXES.get(subject.record.visit.sex.strip().upper(), "")


def _heads(subject: Subject) -> Iterator[_Head]:
    mothers = _bears(subject)
    for passage in subject.texts(_speaking(subject)):
        for pattern in (_STATED, _ITEM):
            for match in pattern.finditer(passage.text):
                if match[0].startswith("患儿") and mothers:
                    continue
                unit = match.groupdict().get("unit") or "岁"
                years = float(match["age"]) / {"岁": 1, "月": 12, "天": 365}[unit] if match["age"] else None
                yield _Head(passage, match.start(), match.end(), match["sex"] or "", years)


def _speaking(subject: Subject) -> list[Document]:
    """What is written of the patient: forms of consent speak of anybody."""
    return [document for document in subject.judged() if document.kind not in CONSENTS]


def _bears(subject: Subject) -> bool:
    """Whether a child may be spoken of in the mother's record."""
    return any(_BIRTHS.search(passage.text) for passage in subject.texts(subject.of(*DocumentKind)))


def _sex_stated(subject: Subject) -> Iterator[Said]:
    sex = sex_of(subject)
    if not sex:
        yield Gap("患者性别")
        return
    for head in _heads(subject):
        if head.sex and head.sex != sex:
            says = f"患者登记性别为{sex}，此处写为{head.sex}"
            yield Defect(says, head.passage.place(head.start, head.end))
    for passage in _own(subject):
        for match in (*_OF_AGE.finditer(passage.text), *_AGED.finditer(passage.text)):
            if match["sex"] != sex:
                says = f"患者登记性别为{sex}，此处写为{match['sex']}"
                yield Defect(says, passage.place(match.start("sex"), match.end()))


def _own(subject: Subject) -> Iterator[Passage]:
    """Passages on the patient: neither on kin nor on what else may be had."""
    for passage in subject.texts(_speaking(subject)):
        if passage.name not in _NOT_ASKED and not _NEVER_ASKED.search(passage.title):
            yield passage


def _sex_organs(subject: Subject) -> Iterator[Said]:
    sex = sex_of(subject)
    if not sex:
        yield Gap("患者性别")
        return
    for passage in _own(subject):
        found = _of_other_sex(subject, passage.text, sex)
        if found is not None:
            says = f"{sex}性患者的{passage.document.kind.value}出现{_OTHER_SEX[sex][2]}内容“{found[0]}”"
            yield Defect(says, passage.place(found.start(), found.end()))


def _of_other_sex(subject: Subject, text: str, sex: str) -> re.Match[str] | None:
    """The first word that can only be of the other sex and is not said of somebody else."""
    organs, states, called = _OTHER_SEX[sex]
    age = subject.record.visit.age
    patterns = [organs] if states is None or age is None or age < _ADULT else [organs, states]
    for pattern in patterns:
        for match in pattern.finditer(text):
            so_far = text[max(text.rfind(mark, 0, match.start()) for mark in "。；;\n") + 1 : match.end()]
            around = clause(text, match.start(), match.end())
            if not _KIN.search(so_far + around) and called not in around and "出生" not in around:
                return match
    return None


def _sex_results(subject: Subject) -> Iterator[Said]:
    sex = sex_of(subject)
    if subject.record.results is None or not sex:
        yield Gap("检查报告" if sex else "患者性别")
        return
    for result in subject.record.results:
        found = _of_other_sex(subject, f"{result.name}，{result.text}", sex)
        if found is not None:
            says = f"{sex}性患者的报告“{result.name}”出现{_OTHER_SEX[sex][2]}内容“{found[0]}”，疑为他人报告"
            yield Defect(says, Place(quote=result.text[:80]), key=result.id)


def _age_stated(subject: Subject) -> Iterator[Said]:
    age = subject.record.visit.age
    if age is None:
        yield Gap("患者年龄")
        return
    for head in _heads(subject):
        if head.years is not None and abs(head.years - age) > _TOLERANCE:
            says = f"患者登记年龄为{_years(age)}，此处写为{_years(head.years)}"
            yield Defect(says, head.passage.place(head.start, head.end))


def _years(age: float) -> str:
    return f"{age:.0f}岁" if age >= 1 else f"{age * 12:.0f}月"


def _age_words(subject: Subject) -> Iterator[Said]:
    age = subject.record.visit.age
    if age is None:
        yield Gap("患者年龄")
        return
    mothers = _bears(subject)
    for passage in _own(subject):
        for match in _OF_AGE.finditer(passage.text):
            low, high = _AGES[match["word"]]
            if not low <= age <= high:
                yield Defect(
                    f"患者{_years(age)}，此处称“{match['word']}”", passage.place(match.start("word"), match.end())
                )
        yield from _as_elder(passage, age)
        child = _CHILD.search(passage.text)
        if child is not None and age > _ADULT and not mothers:
            yield Defect(f"患者{_years(age)}，此处称“患儿”", passage.place(child.start(), child.end()))


def _as_elder(passage: Passage, age: float) -> Iterator[Said]:
    """How old people are addressed, said of somebody young and not of kin."""
    for match in _ELDER.finditer(passage.text) if age < _AGES["老年"][0] else ():
        if not _KIN.search(clause(passage.text, match.start(), match.end())):
            yield Defect(f"患者{_years(age)}，此处称“{match[0]}”", passage.place(match.start(), match.end()))


def _menses(subject: Subject) -> Iterator[Said]:
    sex, age = sex_of(subject), subject.record.visit.age
    if not sex or age is None:
        yield Gap("患者年龄" if sex else "患者性别")
        return
    for passage in subject.texts(subject.judged(DocumentKind.ADMISSION, DocumentKind.READMISSION)):
        if sex != "女" or passage.name != "婚育史":
            continue
        found = _MENSES.search(passage.text)
        if age >= _MENOPAUSED and found and not _MENOPAUSE.search(passage.text):
            says = f"患者{_years(age)}，月经史仍写“{found[0]}”，未记录绝经"
            yield Defect(says, passage.place(found.start(), found.end()))
        for match in _AT_AGE.finditer(passage.text):
            if int(match["age"]) > age + 1:
                says = f"患者{_years(age)}，月经史写“{match[0]}”"
                yield Defect(says, passage.place(match.start(), match.end()))


def _differing(subject: Subject, pattern: re.Pattern[str], called: str) -> Iterator[Said]:
    """What must be the same in all documents, against what most of them say (the earliest, where none has most)."""
    found = [
        (next(filter(None, match.groupdict().values())), document, place)
        for document in subject.documents
        for match, place in searched(document, pattern)
    ]
    counted = Counter(value for value, _, _ in found)
    if len(counted) < 2:
        return
    usual = counted.most_common(1)[0][0]
    judged = {document.id for document in subject.judged()}
    for value, document, place in found:
        if value != usual and document.id in judged:
            yield Defect(f"{document.kind.value}的{called}与其他文书不一致", place)


def _numbers(subject: Subject) -> Iterator[Said]:
    yield from _differing(subject, _HOSPITAL_NUMBER, "住院号")
    yield from _differing(subject, _RECORD_NUMBER, "病案号")


_TRUE: Final = f"{NORM}第三条"
_IDENTITY: Final = f"{CORE_SYSTEMS}查对制度"
_SEX_MEND: Final = "核对患者身份；确属误写或复制他人内容的，按规定修改并签名"
CHECKS: Final = (
    Check(
        name="person-sex-stated",
        title="病历所写性别与患者性别不符",
        group=Group.WRITING,
        aspect=Aspect.CONSISTENT,
        kinds=ANY_RECORD,
        source=_TRUE,
        mend=_SEX_MEND,
        run=_sex_stated,
        severity=Severity.SEVERE,
        points=5.0,
        most=10.0,
    ),
    Check(
        name="person-sex-organs",
        title="病历内容与患者性别矛盾",
        group=Group.WRITING,
        aspect=Aspect.CONSISTENT,
        kinds=ANY_RECORD,
        source=_TRUE,
        mend=_SEX_MEND,
        run=_sex_organs,
        severity=Severity.SEVERE,
        points=5.0,
        most=10.0,
    ),
    Check(
        name="person-sex-report",
        title="检查报告内容与患者性别矛盾",
        group=Group.ORDERS,
        aspect=Aspect.CONSISTENT,
        kinds=ANY_RECORD,
        source=_IDENTITY,
        mend="与检查科室核对报告归属，错误归档的移出并补入本人报告",
        run=_sex_results,
        severity=Severity.SEVERE,
        points=5.0,
    ),
    Check(
        name="person-age-stated",
        title="病历所写年龄与患者年龄不符",
        group=Group.WRITING,
        aspect=Aspect.CONSISTENT,
        kinds=ANY_RECORD,
        source=_TRUE,
        mend="核对出生日期，更正年龄",
        run=_age_stated,
        points=2.0,
        most=4.0,
    ),
    Check(
        name="person-age-words",
        title="对患者的称谓与年龄不符",
        group=Group.WRITING,
        aspect=Aspect.CONSISTENT,
        kinds=INPATIENT,
        source=_TRUE,
        mend="核对是否复制他人内容，按患者实际年龄更正",
        run=_age_words,
        points=2.0,
        most=4.0,
    ),
    Check(
        name="person-menses-age",
        title="月经史与年龄不符",
        group=Group.ADMISSION,
        aspect=Aspect.CONSISTENT,
        kinds=INPATIENT,
        source=f"{NORM}第十八条(五)",
        mend="重新询问月经史，写明绝经年龄",
        run=_menses,
        points=1.0,
    ),
    Check(
        name="person-name-differs",
        title="各文书患者姓名不一致",
        group=Group.WRITING,
        aspect=Aspect.CONSISTENT,
        kinds=ANY_RECORD,
        source=_IDENTITY,
        mend="核对文书归属，他人文书移出，误写的更正",
        run=partial(_differing, pattern=_NAME, called="患者姓名"),
        severity=Severity.SEVERE,
        points=5.0,
        most=10.0,
    ),
    Check(
        name="person-number-differs",
        title="各文书住院号(病案号)不一致",
        group=Group.WRITING,
        aspect=Aspect.CONSISTENT,
        kinds=ANY_RECORD,
        source=_IDENTITY,
        mend="核对文书归属，他人文书移出，误写的更正",
        run=_numbers,
        severity=Severity.SEVERE,
        points=3.0,
        most=6.0,
    ),
)
