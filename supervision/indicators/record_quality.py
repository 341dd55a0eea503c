"""病历质量: how well records are written, as record QC scored them, and whether what was wrong is put right."""

from __future__ import annotations

from typing import Final

from supervision.figures.indicator import Direction, Indicator, Theme, counted, number, percent, total
from supervision.figures.sources import record_quality, tender

_IN: Final = (Theme.SERVICES, Theme.BEHAVIOUR)
_QC: Final = tender("四（十二）3 病历质控")
_ENDED: Final = "kind = 'inpatient' AND stage = 'final'"
_CHECKED: Final = counted("record_scores", "质控病历份数")
_STANDING: Final = counted("record_defects", "未消除的病历缺陷数", "state = 'standing'")
_SCORES: Final = ("department", "doctor", "kind", "score", "grade", "defects")
_DEFECTS: Final = ("department", "doctor", "part", "aspect", "severity", "rule", "state")
_BY: Final = ("department", "doctor")
_BY_PART: Final = ("part", "aspect", *_BY)

INDICATORS: Final = (
    number(*("records-checked", "质控病历份数", _IN, "份", _QC, _CHECKED), by=("kind", *_BY), rows=_SCORES),
    percent(
        *("grade-a-records", "甲级病历率", _IN, record_quality("CDI-27 甲级病历率")),
        counted("record_scores", "甲级出院病历数", f"{_ENDED} AND grade = 'A'"),
        counted("record_scores", "质控的出院病历数", _ENDED),
        direction=Direction.HIGHER,
        by=_BY,
        rows=_SCORES,
        unknown="未经终末质控的出院病历，分子分母均不计入",
    ),
    Indicator(
        *("record-score", "病历质控平均得分", _IN, "分", _QC),
        total("record_scores", "病历得分合计", "score"),
        counted("record_scores", "有得分的病历份数", "score IS NOT NULL"),
        direction=Direction.HIGHER,
        by=("kind", *_BY),
        rows=_SCORES,
    ),
    Indicator(
        *("record-defects-each", "份均病历缺陷数", _IN, "条/份", _QC),
        total("record_scores", "病历缺陷数", "defects"),
        _CHECKED,
        direction=Direction.LOWER,
        by=("kind", *_BY),
        rows=_SCORES,
    ),
    number(*("record-defects", "未消除的病历缺陷数", _IN, "条", _QC, _STANDING), by=_BY_PART, rows=_DEFECTS),
    percent(
        *("record-defects-severe", "严重病历缺陷占比", _IN, _QC),
        counted("record_defects", "未消除的严重缺陷数", "state = 'standing' AND severity = 'severe'"),
        _STANDING,
        direction=Direction.LOWER,
        by=_BY_PART,
        rows=_DEFECTS,
    ),
    percent(
        *("record-defects-mended", "病历缺陷整改率", _IN, _QC),
        counted("record_defects", "已整改的缺陷数", "state = 'mended'"),
        counted("record_defects", "未撤销的缺陷数", "state <> 'withdrawn'"),
        direction=Direction.HIGHER,
        by=_BY_PART,
        rows=_DEFECTS,
        unknown="申诉后撤销的缺陷，分子分母均不计入",
    ),
)
