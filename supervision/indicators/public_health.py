"""公卫: health records, education, children, mothers, the elderly, herbal care, infections, births and deaths."""

from __future__ import annotations

from typing import Any, Final

from supervision.figures.indicator import (
    Direction,
    Indicator,
    Measure,
    Source,
    Theme,
    counted,
    number,
    percent,
    total,
)
from supervision.figures.measures import CONTRACTED, RECORDED, RESIDENTS
from supervision.figures.sources import public_health_norms, tender

_IN: Final = (Theme.PUBLIC_HEALTH,)
_TENDER: Final = tender("四（十一）5 公共卫生监管")
_SERVED: Final = ("segment", "sex", "residents")
_HIGHER: Final[dict[str, Any]] = {"direction": Direction.HIGHER}


def _resident(name: str, title: str, source: Source, part: str, of: Measure, part_title: str) -> Indicator:
    """A share of residents, by a column of their table."""
    return percent(
        *(name, title, _IN, source),
        total("population", part_title, part, "segment = 'all'"),
        of,
        by=("sex",),
        rows=(*_SERVED, part),
        **_HIGHER,
    )


def _covered(name: str, title: str, source: Source, programme: str, done: str, due: str) -> Indicator:
    """How many of those a programme is due to were served."""
    return percent(
        *(name, title, _IN, source),
        total("coverage", done, "done", f"programme = '{programme}'"),
        total("coverage", due, "due", f"programme = '{programme}'"),
        rows=("programme", "due", "done"),
        unknown="未报已服务人数的机构不计入分子，另列条数",
        **_HIGHER,
    )


def _times(name: str, title: str, unit: str, source: Source, where: str, *rows: str, **more: Any) -> Indicator:
    """How often a service was given."""
    return number(
        *(name, title, _IN, unit, source, counted("services", title, where)),
        by=("service", "doctor"),
        rows=("service", "doctor", *rows),
        **more,
    )


def _judged(name: str, title: str, source: Source, where: str, flag: str, what: str) -> Indicator:
    """A share of services by a column that is judged of each."""
    return percent(
        *(name, title, _IN, source),
        counted("services", f"{what}的次数", f"{where} AND {flag}"),
        counted("services", f"已判定是否{what}的次数", f"{where} AND {flag} IS NOT NULL"),
        by=("service", "doctor", "disease"),
        rows=("service", "doctor", "disease", flag),
        unknown="未判定的服务，分子分母均不计入",
        **_HIGHER,
    )


_EDUCATING: Final = "service IN ('lecture', 'consultation')"
_ARCHIVES: Final = public_health_norms("居民健康档案管理服务规范")
_TEACHING: Final = public_health_norms("健康教育服务规范")
_CHILDREN: Final = public_health_norms("0～6 岁儿童健康管理服务规范")
_MOTHERS: Final = public_health_norms("孕产妇健康管理服务规范")
_REPORTS: Final = public_health_norms("传染病及突发公共卫生事件报告和处理服务规范")

_RECORDS: Final = (
    number(
        *("electronic-records", "建立电子健康档案人数", _IN, "人", _TENDER),
        total("population", "建立电子健康档案人数", "electronic", "segment = 'all'"),
        by=("sex",),
        rows=(*_SERVED, "electronic"),
    ),
    _resident(
        *("electronic-records-share", "电子健康档案建档率", _ARCHIVES, "electronic", RESIDENTS),
        "建立电子健康档案人数",
    ),
    _resident(
        *("records-used", "健康档案使用率", _ARCHIVES, "used_records", RECORDED),
        "档案有动态记录人数",
    ),
)
_EDUCATION: Final = (
    _times("lectures", "健康教育讲座场次", "场", _TEACHING, "service = 'lecture'", "people"),
    _times("education-consultations", "健康教育咨询服务次数", "次", _TEACHING, "service = 'consultation'", "people"),
    number(
        *("educated", "健康教育参加人次", _IN, "人次", _TEACHING),
        total("services", "讲座与咨询受益人数", "people", _EDUCATING),
        by=("service",),
        rows=("service", "doctor", "people"),
    ),
    Indicator(
        *("educated-per-hundred", "健康教育居民参与率（每百居民参加人次）", _IN, "人次", _TENDER),
        total("services", "讲座与咨询受益人数", "people", _EDUCATING),
        RESIDENTS,
        100.0,
        rows=("service", "doctor", "people"),
        unknown="一人多次参加的重复计入；未报受益人数的活动不计入，另列条数",
        **_HIGHER,
    ),
)
_YOUNG: Final = (
    _covered(
        *("children-managed", "0–6 岁儿童健康管理率", _CHILDREN, "child"),
        *("接受健康管理的 0–6 岁儿童数", "0–6 岁儿童数"),
    ),
    _covered(
        *("children-growing", "儿童生长发育监测合格率", _TENDER, "child-growth"),
        *("生长发育监测合格的儿童数", "接受生长发育监测的儿童数"),
    ),
    _covered(
        *("newborns-visited", "新生儿访视率", _CHILDREN, "newborn"),
        *("接受 1 次及以上访视的新生儿数", "活产数"),
    ),
    _covered(
        *("vaccinated", "国家免疫规划疫苗接种率", public_health_norms("预防接种服务规范"), "vaccine"),
        *("实际接种人次", "应接种人次"),
    ),
    _times("vaccinations", "预防接种剂次", "剂次", _TENDER, "service = 'vaccination'", "person"),
    _covered(
        *("mothers-booked-early", "孕产妇早孕建册率", _MOTHERS, "maternal-early"),
        *("孕 13 周前建册并做第一次产前检查的产妇数", "活产数"),
    ),
    _covered(
        *("mothers-managed", "孕产妇系统管理率", _TENDER, "maternal-system"),
        *("系统管理的产妇数", "活产数"),
    ),
    _covered(
        *("mothers-at-risk-managed", "高危孕产妇管理达标率", _TENDER, "maternal-high-risk"),
        *("管理达标的高危孕产妇数", "高危孕产妇数"),
    ),
    _covered(
        *("mothers-visited", "产后访视率", _MOTHERS, "postnatal"),
        *("产后 28 天内接受访视的产妇数", "活产数"),
    ),
    _covered(
        *("mothers-checked", "产前检查率", _TENDER, "prenatal"),
        *("按规范接受产前检查的孕产妇数", "应接受产前检查的孕产妇数"),
    ),
    _times("prenatal-checks", "产前检查次数", "次", _TENDER, "service = 'prenatal'", "person", "high_risk"),
    _judged(
        *("prenatal-complete", "产前检查规范率", _TENDER, "service = 'prenatal'", "complete"), "内容完整、符合规范"
    ),
)
_OLD: Final = (
    _covered(
        *("elderly-checked", "老年人健康体检率", _TENDER, "elderly-check"),
        *("接受健康体检的 65 岁及以上常住居民数", "65 岁及以上常住居民数"),
    ),
    _covered(
        *("elderly-assessed", "老年人健康评估完成率", _TENDER, "elderly-assessment"),
        *("完成健康评估的 65 岁及以上常住居民数", "65 岁及以上常住居民数"),
    ),
    _covered(
        *("elderly-tcm", "老年人中医药健康管理率", public_health_norms("中医药健康管理服务规范"), "elderly-tcm"),
        *("接受中医药健康管理的 65 岁及以上居民数", "65 岁及以上常住居民数"),
    ),
    _covered(
        *("children-tcm", "儿童中医药健康管理服务率", public_health_norms("中医药健康管理服务规范"), "child-tcm"),
        *("接受中医药健康管理服务的 0–36 月龄儿童数", "应管理的 0–36 月龄儿童数"),
    ),
    _times("tcm-services", "中医药健康管理服务次数", "次", _TENDER, "service = 'tcm'", "person"),
    percent(
        *("tcm-visits", "中医药（蒙医药）服务占门急诊人次比例", _IN, _TENDER),
        counted("visits", "提供中医药（蒙医药）服务的门急诊人次", "kind IN ('outpatient', 'emergency') AND tcm"),
        counted("visits", "门急诊人次", "kind IN ('outpatient', 'emergency')"),
        by=("department", "disease"),
        rows=("department", "doctor", "disease", "tcm"),
        **_HIGHER,
    ),
)
_CONTRACTS: Final = (
    percent(
        *("contracts-renewed", "家庭医生签约续约率", _IN, _TENDER),
        total("population", "续约人数", "renewed", "segment = 'all'"),
        total("population", "应续约人数", "due_renewal", "segment = 'all'"),
        by=("sex",),
        rows=("segment", "sex", "due_renewal", "renewed"),
        **_HIGHER,
    ),
    percent(
        *("contracts-satisfied", "签约居民满意度", _IN, _TENDER),
        total("population", "签约居民满意人数", "satisfied", "segment = 'all'"),
        total("population", "签约居民受访人数", "asked", "segment = 'all'"),
        by=("sex",),
        rows=("segment", "sex", "asked", "satisfied"),
        **_HIGHER,
    ),
    percent(
        *("key-groups-contracted", "重点人群家庭医生签约率", _IN, _TENDER),
        total("population", "重点人群签约人数", "contracted", "segment <> 'all'"),
        total("population", "重点人群人数", "residents", "segment <> 'all'"),
        by=("segment", "sex"),
        rows=("segment", "sex", "residents", "contracted"),
        unknown="各类人群人数相加，一人属多类的重复计入；未填报的机构不计入",
        **_HIGHER,
    ),
    Indicator(
        *("contracts-per-doctor", "家庭医生人均签约人数", _IN, "人", _TENDER, CONTRACTED),
        total("institutions", "参与签约的家庭医生人数", "team_doctors"),
        rows=(*_SERVED, "contracted"),
    ),
)
_WATCH: Final = (
    number(
        *("infections-reported", "传染病报告例数", _IN, "例", _REPORTS),
        counted("services", "传染病报告例数", "service = 'infectious-report'"),
        by=("disease", "age-band", "sex", "occupation"),
        rows=("doctor", "disease", "age", "sex", "occupation", "timely"),
    ),
    _judged(
        *("infections-timely", "传染病疫情报告及时率", _REPORTS, "service = 'infectious-report'", "timely"),
        "报告及时",
    ),
    _times(
        *("emergencies-reported", "突发公共卫生事件信息报告次数", "次", _REPORTS, "service = 'emergency-report'"),
        "timely",
    ),
    _times(
        *("inspections", "卫生健康监督协管巡查次数", "次"),
        *(public_health_norms("卫生计生监督协管服务规范"), "service = 'inspection'", "complete"),
    ),
    _times("screened-at-risk", "高危人群筛查人次", "人次", _TENDER, "service = 'screening'", "disease", "positive"),
    percent(
        *("screened-positive", "高危人群筛查阳性率", _IN, _TENDER),
        counted("services", "筛查阳性人次", "service = 'screening' AND positive"),
        counted("services", "有结果的筛查人次", "service = 'screening' AND positive IS NOT NULL"),
        by=("disease", "sex"),
        rows=("doctor", "disease", "positive"),
        unknown="没有结果的筛查，分子分母均不计入",
    ),
    _times("births", "出生人数", "人", _TENDER, "service = 'birth'", "sex"),
    _times("deaths", "死亡人数", "人", _TENDER, "service IN ('death', 'infant-death')", "disease", "sex"),
    _times(
        "infant-deaths", "婴儿死亡数", "人", _TENDER, "service = 'infant-death'", "sex", direction=Direction.LOWER
    ),
)

INDICATORS: Final = (*_RECORDS, *_EDUCATION, *_YOUNG, *_OLD, *_CONTRACTS, *_WATCH)
