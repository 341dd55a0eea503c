"""Who the demo is about: a league with three institutions, six people with a story, 200 with a history. Nobody in it
exists; the six bear numbers that no authority has given out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from benchmarks.population import Registration, people, registrations
from clinical.patient import Sex
from clinical.person import Demographics, Document, DocumentKind, check_digit

LEAGUE, COUNTY = "league", "league/anding"
CENTRE, HOSPITAL, CLINIC = "league/centre", "league/anding/hospital", "league/anding/baiyin"
COUNT: Final = 200
_SEED: Final = 7


@dataclass(frozen=True, slots=True)
class Institution:
    """A place in the league. Results of one ``recognition`` group count in the others."""

    tenant: str
    name: str
    kind: str
    level: int = 0


INSTITUTIONS: Final = (
    Institution(LEAGUE, "安盟医疗健康共同体", "league"),
    Institution(COUNTY, "安定县紧密型医共体", "county"),
    Institution(CENTRE, "安盟中心医院", "hospital", 3),
    Institution(HOSPITAL, "安定县人民医院", "hospital", 2),
    Institution(CLINIC, "白音镇中心卫生院", "clinic", 1),
)


def _somebody(
    name: str, sex: Sex, birth: str, order: int, phone: str, address: str, card: bool = True
) -> Demographics:
    body = f"152501{birth.replace('-', '')}{order:03}"
    documents = (Document(DocumentKind.ID_CARD, body + check_digit(body)),) if card else ()
    return Demographics(name, (), sex, birth, documents, phones=(phone,), address=f"安盟安定县{address}")


CT = _somebody("巴特尔", Sex.MALE, "1953-04-12", 971, "13900000001", "白音镇东营子嘎查3组")
"""Had a chest CT in the centre yesterday."""
HBA1C = _somebody("萨仁高娃", Sex.FEMALE, "1961-09-03", 972, "13900000002", "城关镇草原明珠5号楼")
"""Diabetes; HbA1c in the centre last month."""
WARFARIN = _somebody("王建国", Sex.MALE, "1957-02-20", 973, "13900000003", "白音镇前河村2组")
"""Takes warfarin that the township clinic handed out."""
TWICE = _somebody("陈美玲", Sex.FEMALE, "1968-07-15", 974, "13900000004", "白音镇后河村1组18号")
"""Registered in the county hospital with her card …"""
TWICE_AGAIN = _somebody("陈美林", Sex.FEMALE, "1968-07-25", 974, "13900000004", "白音镇后河村1组18号", card=False)
"""… and in the clinic without it, her name as it sounds and a digit of her birthday wrong."""
CLOSED = _somebody("李卫东", Sex.MALE, "1975-11-08", 975, "13900000005", "城关镇团结街20号")
"""Lets other institutions see nothing."""
CHART = _somebody("苏日娜", Sex.FEMALE, "1955-08-12", 976, "13900000006", "城关镇乌兰小区12号楼2单元")
"""Heart failure, diabetes, failing kidneys and high potassium: her chart is opened in the clinician panel."""


def registered(count: int) -> Iterator[Registration]:
    """What the three institutions wrote down of so many people, slips included: of each the first visit, and the
    first in another institution."""
    told = registrations(people(count, _SEED), (CENTRE, HOSPITAL, CLINIC), _SEED)
    for _, mine in groupby(told, lambda one: one.person):
        first, *others = mine
        yield first
        yield from [one for one in others if one.tenant != first.tenant][:1]
