"""分级诊疗: patients sent up and down, whether they arrive and are cared for after; what is done from afar."""

from __future__ import annotations

from typing import Any, Final

from supervision.figures.indicator import (
    Direction,
    Indicator,
    Source,
    Theme,
    counted,
    different,
    number,
    percent,
    total,
)
from supervision.figures.measures import DISCHARGED, PRIMARY, PRIMARY_SEEN, seen
from supervision.figures.sources import tender

_IN: Final = (Theme.REFERRAL,)
_TENDER: Final = tender("四（十一）7 分级诊疗监管")
_POOL: Final = tender("四（一）4.1 分级诊疗监管支撑")
_UP: Final = "direction = 'up'"
_DOWN: Final = "direction = 'down'"
_PUBLIC: Final = "tier IN ('city', 'county')"
_SENT: Final = counted("referrals", "转诊人次")
_SENT_BY: Final = ("direction", "setting", "to_tenant", "department", "disease")
_SENT_ROWS: Final = ("direction", "setting", "to_tenant", "department", "doctor", "disease")
_AFAR_BY: Final = ("service", "by_tenant", "department", "disease")
_AFAR_ROWS: Final = ("service", "by_tenant", "department", "disease")


def _number(name: str, title: str, where: str, source: Source = _TENDER) -> Indicator:
    """Patients sent on."""
    return number(
        *(name, title, _IN, "人次", source, counted("referrals", title, where)), by=_SENT_BY, rows=_SENT_ROWS
    )


def _judged(name: str, title: str, column: str, what: str, where: str = "", **more: Any) -> Indicator:
    """A share of the referrals of which a thing is known."""
    known = " AND ".join(filter(None, (where, f"{column} IS NOT NULL")))
    yes = " AND ".join(filter(None, (where, column)))
    return percent(
        *(name, title, _IN, _TENDER),
        counted("referrals", f"{what}的转诊人次", yes),
        counted("referrals", f"已记录是否{what}的转诊人次", known),
        by=_SENT_BY,
        rows=(*_SENT_ROWS, column),
        unknown="未记录的转诊，分子分母均不计入",
        **({"direction": Direction.HIGHER} | more),
    )


def _afar(name: str, title: str, service: str) -> Indicator:
    """Services of a kind that were completed."""
    return number(
        *(name, title, _IN, "次", _TENDER, counted("remote", title, f"service = '{service}' AND completed")),
        direction=Direction.HIGHER,
        by=("by_tenant", "department", "disease"),
        rows=_AFAR_ROWS,
        unknown="未记录是否完成的申请不计入，另列条数",
    )


def _prompt(name: str, title: str, column: str, what: str) -> Indicator:
    """A share of the services from afar of which a thing is known."""
    return percent(
        *(name, title, _IN, _TENDER),
        counted("remote", f"{what}的远程服务次数", column),
        counted("remote", f"已记录是否{what}的远程服务次数", f"{column} IS NOT NULL"),
        direction=Direction.HIGHER,
        by=_AFAR_BY,
        rows=(*_AFAR_ROWS, column),
        unknown="未记录的申请，分子分母均不计入",
    )


def _lasts(name: str, title: str, unit: str, column: str) -> Indicator:
    """How long services from afar take."""
    return Indicator(
        *(name, title, _IN, unit, _TENDER, total("remote", f"{title}之和", column)),
        counted("remote", f"有{title}的远程服务次数", f"{column} IS NOT NULL"),
        direction=Direction.LOWER,
        by=_AFAR_BY,
        rows=(*_AFAR_ROWS, column),
        unknown="未记录时长的申请，分子分母均不计入",
    )


_FLOW: Final = (
    _number("sent-up", "上转人次（向上级医院转诊人次）", _UP),
    _number("referred-down", "下转人次", _DOWN),
    _number("stays-sent-up", "向上级医院转住院人数", f"{_UP} AND setting = 'inpatient'"),
    _number("stays-sent-down", "向基层机构转住院人数", f"{_DOWN} AND setting = 'inpatient' AND to_tier = 'primary'"),
    percent(
        *("sent-up-share", "上转占比", _IN, _TENDER, counted("referrals", "上转人次", _UP), _SENT),
        by=("setting", "department", "disease"),
        rows=_SENT_ROWS,
    ),
    percent(
        *("sent-down-share", "下转占比", _IN, _TENDER, counted("referrals", "下转人次", _DOWN), _SENT),
        direction=Direction.HIGHER,
        by=("setting", "department", "disease"),
        rows=_SENT_ROWS,
    ),
    percent(
        *("hospital-sent-down-rate", "公立医院下转率", _IN, _TENDER),
        counted("referrals", "公立医院下转住院人次", f"{_DOWN} AND setting = 'inpatient' AND {_PUBLIC}"),
        counted("stays", "公立医院出院人次", _PUBLIC),
        direction=Direction.HIGHER,
        by=("department", "disease"),
        rows=_SENT_ROWS,
    ),
    percent(
        *("primary-sent-up-rate", "基层医疗机构上转率", _IN, _TENDER),
        counted("referrals", "基层上转人次", f"{_UP} AND {PRIMARY}"),
        PRIMARY_SEEN,
        by=("department", "disease"),
        rows=_SENT_ROWS,
    ),
    percent(
        *("stays-from-referral", "住院患者经转诊入院占比", _IN, _POOL),
        counted("stays", "经上转或下转入院的出院人次", "referred IN ('up', 'down')"),
        DISCHARGED,
        by=("referred", "department", "disease"),
        rows=("referred", "department", "doctor", "disease", "days"),
        unknown="未记转入方式的出院者不计入分子，另列条数",
    ),
    number(
        *("referral-destinations", "接收转诊的机构数", _IN, "家", _TENDER),
        different("referrals", "转入机构数", "to_tenant"),
        by=("direction", "disease"),
        rows=_SENT_ROWS,
    ),
)
_SMOOTH: Final = (
    _judged("referrals-accepted", "转诊申请通过率", "accepted", "通过"),
    _judged("referrals-complete", "转诊资料完整率", "complete", "资料完整"),
    Indicator(
        *("referral-hours", "平均转诊时长", _IN, "小时", _TENDER),
        total("referrals", "申请到接诊时长之和", "hours"),
        counted("referrals", "有接诊时间的转诊人次", "hours IS NOT NULL"),
        direction=Direction.LOWER,
        by=_SENT_BY,
        rows=(*_SENT_ROWS, "hours"),
        unknown="尚未接诊的转诊，分子分母均不计入",
    ),
    _judged("sent-down-followed", "下转患者基层随访率", "followed", "下转后由基层随访", _DOWN),
    _judged(
        *("sent-down-readmitted", "下转患者再入院率", "readmitted", "下转后再入院", _DOWN), direction=Direction.LOWER
    ),
    percent(
        *("referred-visits-followed", "转诊门急诊患者随访率", _IN, _POOL),
        seen("转诊后随访的门急诊人次", "referred IN ('up', 'down') AND followup"),
        seen("已记录是否随访的转诊门急诊人次", "referred IN ('up', 'down') AND followup IS NOT NULL"),
        direction=Direction.HIGHER,
        by=("referred", "department", "disease"),
        rows=("referred", "department", "doctor", "disease", "followup"),
        unknown="未记录是否随访的就诊，分子分母均不计入",
    ),
)
_REMOTE: Final = (
    number(
        *("consultations-requested", "远程会诊申请次数", _IN, "次", _TENDER),
        counted("remote", "远程会诊申请次数", "service = 'consultation'"),
        by=("by_tenant", "department", "disease"),
        rows=_AFAR_ROWS,
    ),
    number(
        *("remote-requested", "远程服务申请总量", _IN, "次", _TENDER, counted("remote", "远程服务申请次数")),
        by=_AFAR_BY,
        rows=_AFAR_ROWS,
    ),
    _afar("remote-outpatients", "远程门诊人次", "outpatient"),
    _afar("remote-images", "远程影像诊断次数", "imaging"),
    _afar("remote-ecgs", "远程心电诊断次数", "ecg"),
    _afar("remote-laboratory", "远程检验诊断次数", "laboratory"),
    _afar("remote-pathology", "远程病理诊断次数", "pathology"),
    _prompt("remote-completed", "远程服务完成率", "completed", "完成"),
    number(
        *("remote-institutions", "远程服务覆盖机构数", _IN, "家", _TENDER),
        different("remote", "有完成的远程服务的申请机构数", "tenant", "completed"),
        direction=Direction.HIGHER,
        by=("service",),
        rows=_AFAR_ROWS,
    ),
    percent(
        *("telemedicine-members", "远程医疗开通机构占比", _IN, _TENDER),
        counted("institutions", "已开通远程医疗的成员机构数", "member AND telemedicine"),
        counted("institutions", "已报是否开通的成员机构数", "member AND telemedicine IS NOT NULL"),
        direction=Direction.HIGHER,
        by=("facility", "district"),
        rows=("name", "telemedicine"),
        unknown="未报是否开通的机构，分子分母均不计入",
    ),
    _lasts("remote-response", "远程服务响应时间", "分钟", "response_minutes"),
    _lasts("remote-report-hours", "远程报告出具时长", "小时", "report_hours"),
    _prompt("remote-experts-present", "远程专家到位率", "expert_present", "专家按时到位"),
    _prompt("remote-reports-timely", "远程报告按时出具率", "timely", "报告按时出具"),
)

INDICATORS: Final = (*_FLOW, *_SMOOTH, *_REMOTE)
