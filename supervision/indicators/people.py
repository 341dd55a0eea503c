"""惠民: what patients gain: specialists from afar, money saved by being seen nearby."""

from __future__ import annotations

from typing import Final

from supervision.figures.indicator import Direction, Indicator, Theme, counted, number, total
from supervision.figures.sources import tender

_PEOPLE: Final = tender("四（十一）1 惠民主题")
_IN: Final = (Theme.PEOPLE,)
_AFAR: Final = (Theme.PEOPLE, Theme.REFERRAL)
_DIAGNOSES: Final = "completed AND service IN ('imaging', 'ecg', 'laboratory', 'pathology')"


def _saved(name: str, title: str, what: str, column: str) -> Indicator:
    """What a visit costs less than it would have one level higher."""
    return Indicator(
        *(name, title, _IN, "元", _PEOPLE),
        total("visits", f"较上级机构节省的{what}", column),
        counted("visits", f"算出节省{what}的就诊人次", f"{column} IS NOT NULL"),
        direction=Direction.HIGHER,
        by=("department", "disease"),
        rows=("department", "disease", "kind", column),
        unknown="没有算出节省额的就诊，分子分母均不计入",
    )


INDICATORS: Final = (
    number(
        *("remote-consultations", "远程会诊人次", _AFAR, "人次", _PEOPLE),
        counted("remote", "完成的远程会诊人次", "completed AND service = 'consultation'"),
        direction=Direction.HIGHER,
        by=("department", "disease"),
        rows=("by_tenant", "department", "disease"),
    ),
    number(
        *("remote-diagnoses", "远程诊断人次", _AFAR, "人次", _PEOPLE),
        counted("remote", "完成的远程诊断人次", _DIAGNOSES),
        direction=Direction.HIGHER,
        by=("service", "disease"),
        rows=("service", "by_tenant", "department", "disease"),
    ),
    _saved("registration-saved", "次均节省挂号费", "挂号费", "saved_registration"),
    _saved("fees-saved", "次均节省医药费", "医药费", "saved"),
)
