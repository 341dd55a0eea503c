"""全景: how far the league reaches, whom it serves, what its members do together."""

from __future__ import annotations

from typing import Final

from supervision.figures.indicator import Direction, Theme, counted, different, number, percent
from supervision.figures.measures import CONTRACTED, PRIMARY_SEEN, RECORDED, RESIDENTS
from supervision.figures.sources import public_health_norms, tender

_PANORAMA: Final = tender("四（十一）1 医共体全景图")
_IN: Final = (Theme.OVERVIEW,)
_SHARED: Final = (Theme.OVERVIEW, Theme.REFERRAL)
_PEOPLE: Final = (Theme.OVERVIEW, Theme.PUBLIC_HEALTH)
_PLACES: Final = ("name", "district", "town")
_SERVED: Final = ("segment", "sex", "residents")

INDICATORS: Final = (
    number(
        *("districts-covered", "辐射范围（旗县数）", _IN, "个", _PANORAMA),
        different("institutions", "成员机构所在旗县数", "district", "member"),
        rows=_PLACES,
    ),
    number(
        *("towns-covered", "辐射范围（苏木乡镇数）", _IN, "个", _PANORAMA),
        different("institutions", "成员机构所在苏木乡镇数", "town", "member"),
        by=("district",),
        rows=_PLACES,
    ),
    number(
        *("members", "参与机构数", _IN, "家", _PANORAMA),
        counted("institutions", "医共体成员机构数", "member"),
        by=("facility", "tier", "district"),
        rows=_PLACES,
    ),
    number(
        *("residents", "辖区内常住居民数（服务人口）", (*_PEOPLE, Theme.EVALUATION), "人", _PANORAMA),
        RESIDENTS,
        by=("sex",),
        rows=_SERVED,
    ),
    number(
        *("primary-visits", "基层医疗机构门急诊人次", (*_IN, Theme.CLINICIANS, Theme.EVALUATION), "人次", _PANORAMA),
        PRIMARY_SEEN,
        by=("facility", "department", "disease"),
        rows=("department", "doctor", "disease", "kind"),
    ),
    number(
        *("referrals", "双向转诊人次", _SHARED, "人次", _PANORAMA, counted("referrals", "双向转诊人次")),
        by=("direction", "setting", "disease"),
        rows=("direction", "setting", "to_tenant", "department", "disease"),
    ),
    number(
        *("remote-services", "远程医疗服务人次", _SHARED, "人次", _PANORAMA),
        counted("remote", "完成的远程医疗服务人次", "completed"),
        by=("service", "disease"),
        rows=("service", "by_tenant", "department", "disease"),
    ),
    number(
        *("contracted", "家庭医生签约人数", _PEOPLE, "人", _PANORAMA, CONTRACTED),
        by=("sex",),
        rows=(*_SERVED, "contracted"),
    ),
    percent(
        *("contracted-share", "家庭医生签约率", _PEOPLE, _PANORAMA, CONTRACTED, RESIDENTS),
        direction=Direction.HIGHER,
        rows=(*_SERVED, "contracted"),
    ),
    number(*("recorded", "建档人数", _PEOPLE, "人", _PANORAMA, RECORDED), by=("sex",), rows=(*_SERVED, "records")),
    percent(
        *("recorded-share", "健康档案建档率", _PEOPLE, public_health_norms("居民健康档案管理服务规范")),
        RECORDED,
        RESIDENTS,
        direction=Direction.HIGHER,
        rows=(*_SERVED, "records"),
    ),
)
