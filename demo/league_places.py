"""Institutions of the generated league: three counties (旗) of ten each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

LEAGUE: Final = "league"
COUNTIES: Final = {"hanwula": "罕乌拉旗", "mingan": "明安旗", "qinggele": "青格勒旗"}
_TOWNS: Final = {
    "hanwula": ("哈拉图镇", "前河镇", "红柳镇", "沙尔布日都苏木", "石桥乡"),
    "mingan": ("乌兰塔拉镇", "哈日淖尔苏木", "查干敖包镇", "巴润别立苏木", "沙日布拉格镇"),
    "qinggele": ("额仁淖尔镇", "敖伦布拉苏木", "宝日温都尔镇", "宗别立镇", "古日乃苏木"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """An institution of the league. ``weight`` is its share of the work, ``code`` begins its record ids."""

    tenant: str
    name: str
    tier: str
    facility: str
    level: int
    weight: float
    code: str
    departments: Mapping[str, tuple[str, ...]]
    doctors: int

    @property
    def county(self) -> str:
        return "/".join(self.tenant.split("/")[:2])

    @property
    def beds(self) -> int:
        return round(self.weight * 45) if self.facility != "village" else 0


_MEDICINE: Final = {
    "内科": ("I10", "E11", "J18", "I25", "J44", "K29"),
    "外科": ("K35", "K80", "S52", "N20", "K40"),
    "妇产科": ("O80", "N76", "D25", "O14"),
    "儿科": ("J06", "J20", "A09", "B08"),
    "急诊科": ("S06", "R10", "I63", "T78"),
    "骨科": ("M51", "S72", "M17", "S82"),
    "心内科": ("I20", "I21", "I50", "I48"),
    "中医（蒙医）科": ("M54", "G47", "K30", "R51"),
}
_GENERAL: Final = {
    "全科": ("I10", "E11", "J06", "M54", "K29"),
    "中医（蒙医）科": ("M54", "R51", "K30"),
    "公共卫生科": ("I10", "E11", "Z00"),
}
_VILLAGE: Final = {"全科": ("I10", "J06", "M54")}
_WOMEN: Final = {name: _MEDICINE[name] for name in ("妇产科", "儿科")}


def places() -> list[Place]:
    """The thirty institutions."""
    found = []
    for number, (county, name) in enumerate(COUNTIES.items()):
        for short, title, tier, facility, level, weight, departments, doctors in _of_county(county, name):
            code = f"{'hmq'[number]}{len(found) % 10}"
            tenant = f"{LEAGUE}/{county}/{short}"
            found.append(Place(tenant, title, tier, facility, level, weight, code, departments, doctors))
    return found


def _of_county(
    county: str, name: str
) -> Iterator[tuple[str, str, str, str, int, float, Mapping[str, tuple[str, ...]], int]]:
    yield "people", f"{name}人民医院", "county", "lead", 2, 10, _MEDICINE, 60
    yield "tcm", f"{name}蒙医医院", "county", "tcm", 2, 4, _MEDICINE, 30
    yield "maternity", f"{name}妇幼保健院", "county", "maternity", 2, 2, _WOMEN, 15
    for number, town in enumerate(_TOWNS[county], start=1):
        yield f"township-{number}", f"{town}中心卫生院", "primary", "township", 1, 1.2, _GENERAL, 8
    yield "community", f"{name}城关社区卫生服务中心", "primary", "community", 1, 1.5, _GENERAL, 8
    yield "village", f"{_TOWNS[county][0]}东营子嘎查卫生室", "primary", "village", 1, 0.3, _VILLAGE, 2


__all__ = ["COUNTIES", "LEAGUE", "Place", "places"]
