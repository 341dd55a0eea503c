"""Whether the main diagnosis may be one, and is the one that the norm of 2016 would choose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from clinical.medical_record import EventKind, ResultKind
from supervision.record_qc.coding.tables import Background, Operated, Symptom, rows
from supervision.record_qc.model import Check, Gap, Said, Severity
from supervision.record_qc.page import ICD10, PAGE_NORM, Coded, Judge, Page, page_check, wrong

ASTERISKS: Final = (
    "D63;D77;E35;E90;F00;F02;G01;G02;G05;G07;G13;G22;G26;G32;G46;G53;G55;G59;G63;G73;G94;G99;H03;H06;H13;H19;H22;H28;"
    "H32;H36;H42;H45;H48;H58;H62;H67;H75;H82;H94;I32;I39;I41;I43;I52;I68;I79;I98;J17;J91;J99;K23;K67;K77;K87;K93;L14;"
    "L45;L54;L62;L86;L99;M01;M03;M07;M09;M14;M36;M49;M63;M68;M73;M82;M90;N08;N16;N22;N29;N33;N37;N51;N74;N77;P75"
)
"""The asterisk categories of ICD-10."""
_ILLNESS: Final = "A00-T98"
_TERMINAL: Final = "I46;R09.2;R96-R99"
_ADDITIONAL: Final = "B95-B98;U80-U85;Z37"
_STATUS: Final = "Z80-Z99"
_CANCER: Final = "C00-C97"
_SOLID: Final = "C00-C80"
"""Tumours that tissue proves; leukaemia and lymphoma may be found and treated in one stay without any."""
_THERAPY: Final = "Z51.0-Z51.1"
_CHEMOTHERAPY, _RADIOTHERAPY = "99.25;99.28", "92.2-92.3"
_DELIVERY: Final = "O80-O84"
_OBSTETRIC: Final = "O10-O75;O85-O92;O98-O99"
_MINOR_INJURY: Final = "S00;S10;S20;S30;S40;S50;S60;S70;S80;S90;T00;T14.0"
_GRAVE_INJURY: Final = "S02;S06;S12;S14;S22;S24-S27;S32;S34-S37;S42;S52;S72;S82;T02;T04;T06"
_POISONING: Final = "T36-T65"
_POISONED: Final = "R00-R99;J96;G92-G93;I44-I49;K71-K72;N17;E87;J81;J69"
_OF_SURGERY: Final = "T80-T88"


def _named_with(page: Page, others: tuple[Coded, ...], says: str, key: str = "") -> Iterator[Said]:
    """A defect of the main diagnosis that other diagnoses show."""
    if page.main is not None and others:
        yield wrong(says, page.main.place, *(other.place for other in others), key=key)


def _among(page: Page, ranges: str) -> tuple[Coded, ...]:
    return tuple(coded for coded in page.others if coded.within(ranges))


def _from_start(page: Page, ranges: str) -> tuple[Coded, ...]:
    """Other diagnoses of some ranges that are not said to be new in the stay."""
    return tuple(coded for coded in _among(page, ranges) if coded.diagnosis.present.strip() not in ("4", "无"))


# -- what may not be one ---------------------------------------------------------------------


def _never(ranges: str, says: str) -> Judge:
    """Codes that are never a main diagnosis."""

    def judge(page: Page) -> Iterator[Said]:
        if page.main is not None and page.main.within(ranges):
            yield wrong(f"主要诊断{page.main.called}{says}", page.main.place)

    return judge


def _terminal(page: Page) -> Iterator[Said]:
    """The state in which somebody died; who lives may be treated for a cardiac arrest."""
    if page.died is None:
        yield Gap("离院方式")
    elif page.died:
        yield from _never(_TERMINAL, "为临终状态，原则上不能作主要诊断")(page)


def _status(page: Page) -> Iterator[Said]:
    """A history or a state, while a disease stands beside it."""
    if page.main is not None and page.main.within(_STATUS):
        says = f"主要诊断{page.main.called}为个人史或状态，不是住院理由，另有疾病诊断"
        yield from _named_with(page, _among(page, _ILLNESS)[:1], says)


# -- which of several ------------------------------------------------------------------------


def _symptom(page: Page) -> Iterator[Said]:
    for row in rows(Symptom):
        if page.main is not None and page.main.within(row.codes):
            for cause in _from_start(page, row.causes)[:1]:
                says = f"主要诊断为症状{page.main.called}，病因诊断{cause.called}已能包括“{row.what}”"
                yield wrong(says, page.main.place, cause.place)
                return


def _background(page: Page) -> Iterator[Said]:
    for row in rows(Background):
        if page.main is not None and page.main.within(row.codes):
            for acute in _from_start(page, row.acute)[:1]:
                says = f"主要诊断为{page.main.called}，{row.says}；对健康危害更大的{acute.called}列为其他诊断"
                yield wrong(says, page.main.place, acute.place)
                return


def _surgical_complication(page: Page) -> Iterator[Said]:
    """A complication of an operation of this stay is not the reason for it."""
    main = page.main
    if main is not None and main.within(_OF_SURGERY) and main.diagnosis.present.strip() in ("4", "无"):
        yield wrong(f"主要诊断{main.called}为本次手术所致并发症，应选择原发病", main.place)


def _not_operated(page: Page) -> Iterator[Said]:
    """The main operation belongs to another diagnosis than the main one."""
    operated = next(iter(page.operations), None)
    if operated is None or not operated.is_surgery or page.main is None or page.main.code is None:
        return
    for row in rows(Operated):
        if operated.within(row.codes) and not page.main.within(row.diagnoses):
            carried = _from_start(page, row.diagnoses)[:1]
            if carried:
                says = (
                    f"主要手术“{operated.operation.name}”针对的是{carried[0].called}，与主要诊断{page.main.called}不一致；"
                    "以手术为住院目的的，主要诊断应与手术一致（不一致时DRG可能按与主要诊断无关的手术入组）"
                )
                yield wrong(says, page.main.place, carried[0].place, operated.place)
            return


# -- tumours ---------------------------------------------------------------------------------


def _therapy_only(page: Page) -> Iterator[Said]:
    """A tumour as the main diagnosis of a stay for chemotherapy or radiotherapy alone."""
    main = page.main
    if main is None or not main.within(_SOLID):
        return
    given = _treated(page)
    if given is None:
        yield Gap("化疗、放疗情况")
    elif given and not _operated_or_found(page):
        says = f"本次住院仅行{given}，主要诊断填肿瘤{main.called}，应选“恶性肿瘤{given}”(Z51.0或Z51.1)"
        yield wrong(says, main.place)


def _treated(page: Page) -> str | None:
    """化疗 or 放疗 that was given; empty for neither, None when nobody told."""
    events = page.subject.events(EventKind.CHEMOTHERAPY, EventKind.RADIOTHERAPY)
    if any(done.within(_CHEMOTHERAPY) for done in page.operations):
        return "化疗"
    if any(done.within(_RADIOTHERAPY) for done in page.operations):
        return "放疗"
    return None if events is None else (events[0].kind.value if events else "")


def _operated_or_found(page: Page) -> bool:
    """Whether the tumour was operated on, or made sure of by tissue."""
    results = page.record.results
    found = results is None or any(result.kind is ResultKind.PATHOLOGY for result in results)
    return found or any(done.is_surgery for done in page.operations)


def _operated_tumour(page: Page) -> Iterator[Said]:
    """Chemotherapy as the main diagnosis of a stay in which the tumour was taken out."""
    main = page.main
    if main is None or not main.within(_THERAPY):
        return
    for row in rows(Operated):
        for done in page.operations:
            tumour = next((coded for coded in page.others if coded.within(_CANCER)), None)
            if tumour is not None and done.within(row.codes) and tumour.within(row.diagnoses):
                says = (
                    f"本次住院行“{done.operation.name}”，主要诊断填{main.called}，应选择手术治疗的肿瘤{tumour.called}"
                )
                yield wrong(says, main.place, tumour.place, done.place)
                return


def _therapy_without_tumour(page: Page) -> Iterator[Said]:
    main = page.main
    if main is not None and main.within(_THERAPY) and not page.carries("C00-D48"):
        yield wrong(f"主要诊断{main.called}，其他诊断未填所治疗的肿瘤", main.place)


# -- births, injuries, poisons ---------------------------------------------------------------


def _delivery(page: Page) -> Iterator[Said]:
    if page.main is not None and page.main.within(_DELIVERY):
        others = _among(page, _OBSTETRIC)
        names = "、".join(other.called for other in others[:2])
        says = f"主要诊断为分娩方式{page.main.called}，已有产科并发症或合并症{names}，应选其为主要诊断"
        yield from _named_with(page, others, says)


def _not_obstetric(page: Page) -> Iterator[Said]:
    if page.main is not None and not page.main.within("O00-O99") and page.main.code is not None:
        says = f"本次住院分娩，主要诊断{page.main.called}不是产科诊断"
        yield from _named_with(page, _among(page, f"{_DELIVERY};Z37"), says)


def _minor_injury(page: Page) -> Iterator[Said]:
    if page.main is not None and page.main.within(_MINOR_INJURY):
        grave = _from_start(page, _GRAVE_INJURY)
        if grave:
            says = f"多处损伤以浅表损伤{page.main.called}为主要诊断，{grave[0].called}危害更大"
            yield from _named_with(page, grave[:1], says)


def _lesser_burn(page: Page) -> Iterator[Said]:
    """Third-degree burns outweigh second, those first."""
    degree = _degree(page.main)
    worse = [coded for coded in page.others if degree and _degree(coded) > degree]
    if page.main is not None and worse:
        says = f"主要诊断{page.main.called}的灼伤程度轻于{worse[0].called}"
        yield wrong(says, page.main.place, worse[0].place)


def _degree(coded: Coded | None) -> int:
    """1 to 3 of a burn; 0 of what is none, or of no known degree."""
    if coded is None or coded.code is None or not coded.within("T20-T25"):
        return 0
    fourth = coded.code.value[4:5]
    return {"1": 1, "2": 2, "3": 3, "5": 1, "6": 2, "7": 3}.get(fourth, 0)


def _poisoning(page: Page) -> Iterator[Said]:
    if page.main is not None and page.main.within(_POISONED):
        poison = _from_start(page, _POISONING)
        if poison:
            says = f"主要诊断{page.main.called}为中毒的临床表现，应选中毒{poison[0].called}为主要诊断"
            yield from _named_with(page, poison[:1], says)


def _choice(
    name: str, title: str, judge: Judge, article: str, mend: str, severity: Severity = Severity.MAJOR
) -> Check:
    """A check of which diagnosis is the main one."""
    return page_check(
        f"main-diagnosis-{name}", title, judge, f"{PAGE_NORM}{article}", mend, severity=severity, points=3.0
    )


def _kind(name: str, title: str, ranges: str, says: str, mend: str) -> Check:
    """A check of a kind of code that is never the main diagnosis."""
    return page_check(
        f"main-diagnosis-{name}",
        title,
        _never(ranges, says),
        f"{ICD10}；{PAGE_NORM}第十条",
        mend,
        severity=Severity.SEVERE,
        points=3.0,
    )


CHECKS: Final = (
    _kind(
        "external-cause",
        "外部原因编码作主要诊断",
        "V00-Y98",
        "为损伤和中毒的外部原因，不能作主要诊断",
        "主要诊断填损伤或中毒的性质，外部原因填在专栏",
    ),
    _kind(
        "asterisk",
        "星号编码作主要诊断",
        ASTERISKS,
        "为星号编码，不能作主要诊断",
        "主要诊断用剑号病因编码，星号编码列其后",
    ),
    _kind(
        "additional-only",
        "附加编码作主要诊断",
        _ADDITIONAL,
        "只作附加编码，不能作主要诊断",
        "主要诊断填所治疗的疾病，病原体、耐药或分娩结局列为附加编码",
    ),
    _choice(
        "terminal",
        "临终状态作主要诊断",
        _terminal,
        "第十一条(五)",
        "选择导致死亡的疾病作主要诊断",
    ),
    _choice("status", "个人史或状态作主要诊断", _status, "第十条", "选择本次住院治疗的疾病作主要诊断"),
    _choice("symptom", "以症状、体征代替病因作主要诊断", _symptom, "第十一条(一)", "选择病因诊断作主要诊断"),
    _choice(
        "background",
        "以背景疾病代替急重疾病作主要诊断",
        _background,
        "第十条",
        "选择对健康危害最大、消耗资源最多、住院时间最长的疾病作主要诊断",
    ),
    _choice(
        "surgical-complication",
        "以本次手术并发症作主要诊断",
        _surgical_complication,
        "第十二条(一)",
        "选择原发病作主要诊断，手术并发症列为其他诊断",
    ),
    _choice(
        "not-operated",
        "主要诊断与主要手术不一致",
        _not_operated,
        "第十一条(二)",
        "核对住院目的：以手术为目的的，选择与手术一致的疾病作主要诊断",
    ),
    _choice(
        "therapy-only",
        "仅行放化疗的住院以肿瘤作主要诊断",
        _therapy_only,
        "第十三条(三)",
        "主要诊断选恶性肿瘤放疗(Z51.0)或化疗(Z51.1)，肿瘤列为其他诊断",
    ),
    _choice(
        "operated-tumour",
        "手术切除肿瘤的住院以放化疗作主要诊断",
        _operated_tumour,
        "第十三条(一)",
        "主要诊断选择手术治疗的肿瘤",
    ),
    _choice(
        "therapy-without-tumour",
        "放化疗住院未填所治疗的肿瘤",
        _therapy_without_tumour,
        "第十三条(三)、第二十条",
        "补填所治疗的肿瘤为其他诊断",
    ),
    _choice(
        "delivery",
        "有产科并发症而以分娩方式作主要诊断",
        _delivery,
        "第十四条",
        "选择产科的主要并发症或合并症作主要诊断",
    ),
    _choice("not-obstetric", "分娩住院的主要诊断不是产科诊断", _not_obstetric, "第十四条", "选择产科诊断作主要诊断"),
    _choice(
        "minor-injury",
        "多处损伤以浅表损伤作主要诊断",
        _minor_injury,
        "第十五条",
        "选择对健康危害最大或主要治疗的损伤作主要诊断",
    ),
    _choice(
        "lesser-burn", "多处灼伤未选最严重者作主要诊断", _lesser_burn, "第十六条", "选择灼伤程度最严重部位的诊断"
    ),
    _choice(
        "poisoning", "中毒以临床表现作主要诊断", _poisoning, "第十七条", "选择中毒作主要诊断，临床表现列为其他诊断"
    ),
)
