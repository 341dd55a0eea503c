"""Diagnoses that notes or results speak of and the front page has not: hints for the doctor, without deduction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from clinical.medical_record import ResultKind
from supervision.record_qc.coding.tables import Documented, rows
from supervision.record_qc.hints import Hint, Shows, beyond, risen, told_of
from supervision.record_qc.meaning import LANGUAGE
from supervision.record_qc.model import Gap, Said, Severity
from supervision.record_qc.page import PAGE_NORM, Page, page_check, page_place, wrong

_ANAEMIA: Final = "D46-D47;D50-D64;C81-C96;O72;O99.0;P50-P61"
_NO_GROWTH: Final = re.compile(
    r"(?:^|结果|培养|[:：，, ])阴性(?!杆菌|球菌|菌)|无(?:细菌|菌|真菌)?生长|未(?:见|培养出|检出|分离出|生长)|"
    r"无致病菌|污染|凝固酶阴性|表皮葡萄球菌|人葡萄球菌"
)
"""Reports of a culture without growth, or of what mostly comes from the skin."""
_BLOOD_INFECTION: Final = (
    "A01-A02;A17;A19;A20-A28;A32;A39-A41;A48-A49;B37.7;B49;I33;O08;O75.3;O85;P36;R57.2;R65;R78;T80-T82;T88.0"
)


def _gases(page: Page) -> str | Gap | None:
    """Arterial oxygen below 60 mmHg, with or without carbon dioxide above 50."""
    low = beyond("lab:po2", "mmHg", "动脉血氧分压", below=60)(page)
    high = beyond("lab:pco2", "mmHg", "二氧化碳分压", above=50)(page)
    if isinstance(low, str) and isinstance(high, str):
        return f"{low}，{high.removeprefix('检验')}"
    return low


def _grown(page: Page) -> str | Gap | None:
    if page.record.results is None:
        return Gap("培养结果")
    for result in page.record.results:
        text = result.text.strip()
        if result.kind is ResultKind.CULTURE and "血" in result.name and text and not _NO_GROWTH.search(text):
            return f"血培养报告“{text[:40]}”"
    return None


def _hint(name: str, called: str, codes: str, shows: Shows, *concepts: str) -> Hint:
    return Hint(f"unlisted-{name}", called, codes, frozenset(concepts), shows)


_HINTS: Final = (
    _hint("severe-anaemia", "重度贫血", _ANAEMIA, beyond("lab:hemoglobin", "g/L", "血红蛋白", below=60)),
    _hint(
        "hyponatraemia",
        "低钠血症",
        "E22.2;E87.1",
        beyond("lab:sodium", "mmol/L", "血钠", below=125),
        "disease:hyponatraemia",
    ),
    _hint(
        "hypernatraemia",
        "高钠血症",
        "E87.0",
        beyond("lab:sodium", "mmol/L", "血钠", above=160),
        "disease:hypernatraemia",
    ),
    _hint(
        "hypokalaemia",
        "低钾血症",
        "E87.6;G72.3",
        beyond("lab:potassium", "mmol/L", "血钾", below=2.8),
        "disease:hypokalaemia",
    ),
    _hint(
        "hyperkalaemia",
        "高钾血症",
        "E87.5",
        beyond("lab:potassium", "mmol/L", "血钾", above=6.5),
        "disease:hyperkalaemia",
    ),
    _hint(
        "hypoproteinaemia",
        "低蛋白血症",
        "D89;E40-E46;E77;E88;N04;R77",
        beyond("lab:albumin", "g/L", "白蛋白", below=25),
        "disease:hypoproteinaemia",
    ),
    _hint(
        "thrombocytopenia",
        "血小板减少",
        "A91;A98;C81-C96;D46;D61;D65;D69;D73.1;O99.1;P61",
        beyond("lab:platelets", "10*9/L", "血小板", below=50),
    ),
    _hint(
        "agranulocytosis",
        "粒细胞缺乏症",
        "C91-C95;D61;D70",
        beyond("lab:neutrophils", "10*9/L", "中性粒细胞", below=0.5),
        "disease:agranulocytosis",
    ),
    _hint(
        "respiratory-failure",
        "呼吸衰竭",
        "J80;J95;J96;P22;P28",
        _gases,
        "disease:respiratory-failure",
        "disease:ards",
    ),
    _hint(
        "kidney-injury",
        "急性肾损伤",
        "D59.3;K76.7;N17;N18.4-N18.5;N19;N99.0;O08.4;O90.4;P96.0;T79.5;Z49;Z99.2",
        risen("lab:creatinine", "umol/L", "血肌酐", 1.5, 26.5, timedelta(days=7)),
        "disease:acute-kidney-injury",
    ),
    _hint(
        "bloodstream-infection",
        "血流感染或脓毒症",
        _BLOOD_INFECTION,
        _grown,
        "disease:sepsis",
        "disease:septic-shock",
    ),
)


def _documented(page: Page) -> Iterator[Said]:
    """Other conditions that notes tell of."""
    if not page.is_coded or page.subject.facts("") is None:
        yield LANGUAGE if page.is_coded else Gap("出院诊断编码")
        return
    for row in rows(Documented):
        told = None if page.carries(row.codes) else told_of(page, frozenset({row.concept}))
        if told is not None:
            says = f"病程记录有“{told.fact.text}”，首页未填{row.what}；如临床已确认请补填"
            yield wrong(says, page_place("出院诊断", row.what), told.place, key=row.concept)


CHECKS: Final = (
    *(hint.check() for hint in _HINTS),
    page_check(
        "unlisted-condition",
        "病程记录的并发症或合并症首页未填",
        _documented,
        f"{PAGE_NORM}第二十条",
        "由经治医师判断：如临床已确认，补填其他诊断（影响DRG/DIP入组）；不符合的不填",
        severity=Severity.MINOR,
        points=0.0,
    ),
)
