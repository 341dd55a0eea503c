"""惠政: what policies come to: public health done, care near home, family doctors."""

from __future__ import annotations

from typing import Final

from supervision.figures.indicator import Direction, Indicator, Theme, percent, total
from supervision.figures.measures import (
    ADMITTED,
    CONTRACTED,
    PRIMARY_SEEN,
    SEEN,
    seen,
)
from supervision.figures.sources import tender

_POLICY: Final = tender("四（十一）1 惠政主题")
_IN: Final = (Theme.POLICY,)
_EVERYWHERE: Final = (Theme.POLICY, Theme.PEOPLE, Theme.EVALUATION, Theme.REFERRAL)
_VISITS: Final = ("department", "disease", "kind")
_COVERED: Final = ("programme", "due", "done")

INDICATORS: Final = (
    percent(
        *("public-health-done", "公卫服务完成率", (*_IN, Theme.PUBLIC_HEALTH), _POLICY),
        total("coverage", "各公卫项目已服务人数之和", "done"),
        total("coverage", "各公卫项目应服务人数之和", "due"),
        direction=Direction.HIGHER,
        by=("programme",),
        rows=_COVERED,
        unknown="未报已服务人数的项目不计入分子，另列条数",
    ),
    Indicator(
        *("admissions-per-hundred-visits", "每百人门急诊入院人次", _IN, "人次", _POLICY, ADMITTED, SEEN, 100.0),
        by=("department",),
        rows=("department", "doctor", "disease", "urgent"),
    ),
    Indicator(
        *("contracts-per-team", "家庭医生服务能力（每团队签约人数）", _IN, "人", _POLICY, CONTRACTED),
        total("institutions", "家庭医生团队数", "teams"),
        rows=("segment", "sex", "residents", "contracted"),
    ),
    percent(
        *("primary-visit-share", "区域内基层医疗卫生机构就诊率（基层就诊率）", _EVERYWHERE, _POLICY),
        PRIMARY_SEEN,
        SEEN,
        direction=Direction.HIGHER,
        by=("disease", "payer", "age-band"),
        rows=_VISITS,
    ),
    Indicator(
        *(
            "primary-visit-share-growth",
            "分级诊疗推进进度（基层就诊率同比增幅）",
            (*_IN, Theme.REFERRAL),
            "%",
            _POLICY,
        ),
        PRIMARY_SEEN,
        SEEN,
        growth=True,
        direction=Direction.HIGHER,
        rows=_VISITS,
    ),
    percent(
        *("hospital-visit-share", "公立医院就诊率", _IN, _POLICY),
        seen("盟市级与旗县级医院门急诊人次", "tier IN ('city', 'county')"),
        SEEN,
        by=("disease", "payer"),
        rows=_VISITS,
    ),
)
