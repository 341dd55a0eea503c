"""How staff come, go and rise, and how many were at work each day."""

from __future__ import annotations

from typing import Final

from supervision.facts.resources import RANKS, STAFF
from supervision.figures.fact import DEPARTMENT, Fact, choice, number

_ROLE: Final = choice("role", "人员类别", STAFF, required=True)

FACTS: Final = (
    Fact(
        "staff_changes",
        "人员变动",
        "每次变动一行，记在当时所在（调出记在原）机构名下，日期为变动日期",
        (
            choice("kind", "变动", {"joined": "调入", "left": "调出", "promoted": "职称晋升"}, required=True),
            DEPARTMENT,
            _ROLE,
            choice("rank", "变动后专业技术资格", RANKS),
        ),
        cube=("department", "role"),
    ),
    Fact(
        "staff_days",
        "人员日报",
        "每科室每人员类别每日一行",
        (
            DEPARTMENT,
            _ROLE,
            number("employed", "在册人数"),
            number("on_duty", "出勤人数"),
        ),
        cube=("department", "role"),
    ),
)
