"""运行评价: the monitoring set of county leagues: care in its place, skills, resources, the insurance's money."""

from __future__ import annotations

from typing import Final

from supervision.figures.indicator import Direction, Indicator, Measure, Theme, counted, percent, total
from supervision.figures.measures import (
    ADMITTED,
    CONTRACTED,
    LEAD,
    PRIMARY,
    PRIMARY_TREATED,
    TREATED,
    seen,
)
from supervision.figures.sources import league_monitoring, tender, tiered_care

_IN: Final = (Theme.EVALUATION,)
_TIERED: Final = (Theme.EVALUATION, Theme.REFERRAL)
_INSURED: Final = (Theme.EVALUATION, Theme.INSURANCE)
_PROMISED: Final = (*_INSURED, Theme.POLICY)
_PRACTICE: Final = tender("四（十一）8 有序就医格局基本形成评价")
_CAPACITY: Final = league_monitoring("县域医疗卫生服务能力提升")
_RESOURCES: Final = league_monitoring("医疗卫生资源有效利用")
_FUND: Final = league_monitoring("医保基金使用效能提升")
_SETTLED: Final = ("setting", "place", "disease", "total", "fund")
_BY_PLACE: Final = ("setting", "disease", "insurance")
_NO_PLACE: Final = "未记就医地的结算，分子分母均不计入"
_TREATMENT: Final = "setting IN ('outpatient', 'inpatient')"
_PLACED: Final = f"{_TREATMENT} AND place IS NOT NULL"
_INSIDE: Final = f"{_TREATMENT} AND place = 'inside'"
_STAYS: Final = "setting = 'inpatient'"
_OPERATED: Final = "setting = 'inpatient' AND grade IS NOT NULL"
_COUNTY_SEEN: Final = seen("旗县域内门急诊人次", "tier IN ('county', 'primary')")
_INSURED_STAYS: Final = counted("settlements", "参保人员住院人次", _STAYS)


def _settled(title: str, where: str) -> Measure:
    return counted("settlements", f"参保人员{title}", where)


def _paid(title: str, where: str) -> Measure:
    return total("settlements", f"{title}统筹基金支付", "fund", where)


def _money(name: str, title: str, part: str, whole: str, where: str, *, direction: Direction) -> Indicator:
    """A share of the money of some institutions: columns of the monthly account, with their titles."""
    columns = {
        "service_income": "医疗服务收入",
        "medical_income": "医疗收入",
        "staff_cost": "人员经费",
        "expenditure": "业务支出",
        "subsidy": "财政补助收入",
        "income": "总收入",
    }
    both = " AND ".join(filter(None, (where, f"{part} IS NOT NULL AND {whole} IS NOT NULL")))
    return percent(
        *(name, title, _IN, _RESOURCES),
        total("finance", columns[part], part, both),
        total("finance", columns[whole], whole, both),
        direction=direction,
        rows=(part, whole),
        unknown="没有填报齐全的月份，分子分母均不计入",
    )


_ORDERLY: Final = (
    percent(
        *("primary-treated-share", "基层诊疗量占比", _TIERED, tiered_care("附件 分级诊疗试点工作考核评价标准")),
        PRIMARY_TREATED,
        TREATED,
        direction=Direction.HIGHER,
        warn=65.0,
        by=("disease", "age-band"),
        rows=("department", "disease", "kind"),
    ),
    percent(
        *("county-care-share", "县域就诊率", _TIERED, tiered_care("二（四）全面提升县级公立医院综合能力")),
        _settled("旗县域内就诊人次", _INSIDE),
        _settled("就诊人次", _PLACED),
        direction=Direction.HIGHER,
        warn=90.0,
        by=_BY_PLACE,
        rows=_SETTLED,
        unknown=f"{_NO_PLACE}；不含药店购药",
    ),
    percent(
        *("league-care-share", "盟域就诊率", _TIERED, _PRACTICE),
        _settled("盟内就诊人次", f"{_TREATMENT} AND place IN ('inside', 'league')"),
        _settled("就诊人次", _PLACED),
        direction=Direction.HIGHER,
        by=_BY_PLACE,
        rows=_SETTLED,
        unknown=f"{_NO_PLACE}；不含药店购药",
    ),
    percent(
        *("referrals-standard", "双向转诊规范率", _TIERED, _PRACTICE),
        counted("referrals", "符合规范的转诊人次", "standard"),
        counted("referrals", "已判定是否规范的转诊人次", "standard IS NOT NULL"),
        direction=Direction.HIGHER,
        by=("direction", "department", "disease"),
        rows=("direction", "to_tenant", "department", "disease", "standard"),
        unknown="未判定是否规范的转诊，分子分母均不计入",
    ),
    percent(
        *("primary-admission-share", "区域内基层住院占比", _TIERED, tender("四（十一）8 指标（4）")),
        counted("admissions", "基层入院人次", PRIMARY),
        ADMITTED,
        direction=Direction.HIGHER,
        by=("disease", "payer"),
        rows=("department", "disease"),
    ),
    percent(
        *("county-stay-share", "区域内住院率", _TIERED, tender("四（十一）8 指标（5）")),
        _settled("旗县域内住院人次", f"{_STAYS} AND place = 'inside'"),
        _settled("就医地明确的住院人次", f"{_STAYS} AND place IS NOT NULL"),
        direction=Direction.HIGHER,
        by=("disease", "insurance"),
        rows=_SETTLED,
        unknown=_NO_PLACE,
    ),
)
_ABILITY: Final = (
    percent(
        *("hard-operations", "三四级手术占比", (*_IN, Theme.SERVICES), _CAPACITY),
        counted("operations", "住院三、四级手术例数", f"{_OPERATED} AND grade >= 3"),
        counted("operations", "手术级别明确的住院手术例数", _OPERATED),
        direction=Direction.HIGHER,
        by=("facility", "department"),
        rows=("department", "doctor", "code", "grade"),
        unknown="未记手术级别的手术，分子分母均不计入",
    ),
    percent(
        *("contracts-fulfilled", "家庭医生签约服务履约率", (*_IN, Theme.PUBLIC_HEALTH, Theme.POLICY)),
        tender("四（十一）8 医疗卫生服务能力提升"),
        total("population", "签约服务已履约人数", "fulfilled", "segment = 'all'"),
        CONTRACTED,
        direction=Direction.HIGHER,
        rows=("segment", "sex", "contracted", "fulfilled"),
    ),
)
_EFFICIENCY: Final = (
    _money("staff-cost-share", "人员经费占比", "staff_cost", "expenditure", "", direction=Direction.WATCH),
    _money(
        *("lead-staff-cost-share", "牵头医院人员经费占业务支出比例", "staff_cost", "expenditure", LEAD),
        direction=Direction.HIGHER,
    ),
    _money(
        *(
            "lead-service-income-share",
            "牵头医院医疗服务收入占医疗收入的比例",
            "service_income",
            "medical_income",
            LEAD,
        ),
        direction=Direction.HIGHER,
    ),
    _money(
        "primary-service-income-share",
        "基层医疗卫生机构医疗服务收入占医疗收入的比例",
        *("service_income", "medical_income", PRIMARY),
        direction=Direction.HIGHER,
    ),
    _money(
        *("primary-subsidy-share", "基层医疗卫生机构财政补助收入占总收入的比例", "subsidy", "income", PRIMARY),
        direction=Direction.WATCH,
    ),
    Indicator(
        *(
            "primary-physician-visits",
            "基层医疗卫生机构医师日均担负诊疗人次",
            _IN,
            "人次",
            _RESOURCES,
            PRIMARY_TREATED,
        ),
        total("staff_days", "基层医师出勤人日", "on_duty", f"role IN ('physician', 'assistant') AND {PRIMARY}"),
        direction=Direction.HIGHER,
        by=("facility",),
        rows=("department", "doctor", "disease", "kind"),
        unknown="按医师实际出勤人日计；未报人员日报的机构没有数值",
    ),
    percent(
        *("primary-bed-use", "基层医疗卫生机构床位利用率", _IN, _RESOURCES),
        total("bed_days", "基层实际占用总床日数", "occupied", PRIMARY),
        total("bed_days", "基层实际开放总床日数", "open", PRIMARY),
        direction=Direction.HIGHER,
        by=("facility",),
        rows=("department", "open", "occupied"),
        unknown="未报床位日报的日子，分子分母均不计入",
    ),
)
_MONEY: Final = (
    percent(
        *("fund-inside-county", "医保基金县域内支出率（不含药店）", _PROMISED, _FUND),
        _paid("旗县域内", _INSIDE),
        _paid("就医地明确的", _PLACED),
        direction=Direction.HIGHER,
        by=_BY_PLACE,
        rows=_SETTLED,
        unknown=_NO_PLACE,
    ),
    percent(
        *("primary-fund-share", "县域内基层医疗卫生机构医保基金占比", _INSURED, _FUND),
        _paid("旗县域内基层机构", f"{_INSIDE} AND {PRIMARY}"),
        _paid("旗县域内", _INSIDE),
        direction=Direction.HIGHER,
        by=_BY_PLACE,
        rows=_SETTLED,
    ),
    Indicator(
        *("insurance-appraisal", "医保考核结果", _INSURED, "分", tender("四（十一）8 医保资金使用效能提升")),
        total("reported", "医保考核得分之和", "value", "item = 'insurance-appraisal'"),
        counted("reported", "填报医保考核得分的份数", "item = 'insurance-appraisal'"),
        direction=Direction.HIGHER,
        rows=("item", "value"),
        unknown="未填报的机构不计入",
    ),
    Indicator(
        *("county-visit-cost", "县域门诊次均费用", (*_PROMISED, Theme.PEOPLE), "元", _FUND),
        total("visits", "旗县域内门急诊医药费用", "fee", _COUNTY_SEEN.where),
        _COUNTY_SEEN,
        direction=Direction.LOWER,
        by=("department", "disease", "payer"),
        rows=("department", "doctor", "disease", "kind", "fee"),
    ),
    Indicator(
        *("insured-stay-cost", "参保人员住院次均费用", (*_INSURED, Theme.PEOPLE), "元", _FUND),
        total("settlements", "参保人员住院医药费用", "total", _STAYS),
        _INSURED_STAYS,
        direction=Direction.LOWER,
        by=("place", "disease", "insurance"),
        rows=_SETTLED,
    ),
    percent(
        *("stays-reimbursed", "住院费用实际报销比", _PROMISED, _FUND),
        total("settlements", "住院统筹基金支付", "fund", _STAYS),
        total("settlements", "住院医药费用", "total", _STAYS),
        direction=Direction.HIGHER,
        by=("place", "disease", "insurance"),
        rows=_SETTLED,
    ),
    percent(
        *("insured-admissions", "参保人员年住院率", _PROMISED, _FUND, _INSURED_STAYS),
        total("population", "参保人数", "insured", "segment = 'all'"),
        by=("disease",),
        rows=_SETTLED,
        unknown="不满一年的时段为该时段的住院率；未报参保人数的机构单列时没有数值",
    ),
    percent(
        *("fund-income-share", "区域医共体内医保资金占业务收入比例", _INSURED, tender("四（十一）8 指标（6）")),
        total("finance", "医保基金收入", "fund_income", "fund_income IS NOT NULL AND medical_income IS NOT NULL"),
        total("finance", "医疗收入", "medical_income", "fund_income IS NOT NULL AND medical_income IS NOT NULL"),
        rows=("fund_income", "medical_income"),
        unknown="没有填报齐全的月份，分子分母均不计入",
    ),
    Indicator(
        *("primary-fund", "基层医疗卫生机构医保基金", _INSURED, "元", tender("四（十一）8 指标（7）")),
        _paid("基层机构", f"{_TREATMENT} AND {PRIMARY}"),
        by=_BY_PLACE,
        rows=_SETTLED,
        unknown="不含药店购药",
    ),
)

INDICATORS: Final = (*_ORDERLY, *_ABILITY, *_EFFICIENCY, *_MONEY)
