"""What record QC found: records with their scores, and the defects in them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from supervision.figures.fact import DEPARTMENT, DISEASE, DOCTOR, Fact, choice, count, number, text
from supervision.record_qc.model import Aspect, Grade, Group, Severity, coded
from supervision.record_qc.places import STAGES, Stage


def _choices(words: type[StrEnum]) -> dict[str, str]:
    return {coded(one): one.value for one in words}


_KIND: Final = choice(
    "kind",
    "病历类别",
    {"outpatient": "门诊病历", "emergency": "急诊病历", "inpatient": "住院病历", "front-page": "病案首页"},
)
_STAGE: Final = choice(
    "stage", "质控环节", {one.value: title for one, title in STAGES.items() if one != Stage.WRITING}
)

FACTS: Final = (
    Fact(
        "record_scores",
        "病历质控评分",
        "每份被检病历一行，日期为出院（就诊）日期，未出院者为检查日期",
        (
            _KIND,
            _STAGE,
            DEPARTMENT,
            DOCTOR,
            DISEASE,
            number("score", "得分"),
            choice("grade", "等级", {one.name: one.value for one in Grade}),
            count("defects", "缺陷数"),
        ),
        cube=("department", "doctor", "disease"),
    ),
    Fact(
        "record_defects",
        "病历缺陷",
        "每条缺陷一行，日期同其病历",
        (
            _KIND,
            _STAGE,
            DEPARTMENT,
            DOCTOR,
            choice("part", "病历部分", _choices(Group)),
            choice("aspect", "缺陷方面", _choices(Aspect)),
            choice("severity", "严重程度", _choices(Severity)),
            text("rule", "检查项", groups=True),
            choice("state", "处理结果", {"standing": "未消除", "mended": "已整改", "withdrawn": "申诉撤销"}),
        ),
        cube=("department", "doctor", "part"),
    ),
)
