"""Whom an interaction affects (方向), whichever of the two drugs comes first in the prescription or in the row."""

from __future__ import annotations

from typing import Any

import pytest

from base.plugins import discover
from knowledge.model import Predicate, Statement
from knowledge.snapshot import Snapshot
from knowledge.tables.core import TABLES
from rules.model import Family
from tests.case_tables import reviewed

INTERACTION = discover("rules.families", "FAMILY", Family)["interaction"]
BUILD = next(table.build for table in TABLES if table.name == "interactions")
ROW: dict[str, Any] = {
    "effect": "INR升高",
    "mechanism": "抑制CYP2C9",
    "advice": "监测INR",
    "severity": "major",
    "source": "x",
    "section": "x",
    "evidence": "high",
}


def drug(text: str, order: str) -> dict[str, Any]:
    return {"id": order, "text": text, "dose": 100, "unit": "mg", "route": "口服", "frequency": "qd"}


def detail(snapshot: Snapshot, *drugs: str) -> str:
    """What is said of two drugs ordered together, in this order."""
    orders = [drug(text, f"o-{number}") for number, text in enumerate(drugs)]
    request = {"patient": {"id": "P-1", "medications": [], "conditions": []}, "orders": orders}
    (found,) = reviewed(snapshot, INTERACTION, request).findings
    return found.detail


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("华法林钠片", "氟康唑胶囊", "氟康唑 → 华法林: "),
        ("地高辛片", "盐酸胺碘酮片", "胺碘酮 → 地高辛: "),
        ("辛伐他汀片", "克拉霉素片", "克拉霉素 → 辛伐他汀: "),
        ("依那普利片", "碳酸锂片", "依那普利 → 碳酸锂: "),
        ("盐酸多非利特胶囊", "多替拉韦钠片", "多替拉韦 → 多非利特: "),
    ],
)
def test_who_affects_whom_does_not_hinge_on_the_order(snapshot: Snapshot, one: str, other: str, said: str) -> None:
    assert detail(snapshot, one, other).startswith(said)
    assert detail(snapshot, other, one).startswith(said)


def test_effects_that_add_up_go_both_ways(snapshot: Snapshot) -> None:
    both = detail(snapshot, "盐酸维拉帕米片", "酒石酸美托洛尔片")
    assert both.partition(": ")[0] in {"美托洛尔 ↔ 维拉帕米", "维拉帕米 ↔ 美托洛尔"}
    assert detail(snapshot, "酒石酸美托洛尔片", "盐酸维拉帕米片") == both


def test_nothing_is_said_where_the_row_says_nothing(snapshot: Snapshot) -> None:
    said = detail(snapshot, "利奈唑胺片", "盐酸舍曲林片")
    assert "→" not in said
    assert "↔" not in said


@pytest.mark.parametrize(
    ("a", "b", "typed", "kept"),
    [
        ("华法林", "氟康唑", "b-to-a", "氟康唑"),
        ("氟康唑", "华法林", "a-to-b", "氟康唑"),
        ("华法林", "氟康唑", "a-to-b", "华法林"),
        ("氟康唑", "华法林", "b-to-a", "华法林"),
        ("氟康唑", "华法林", "mutual", ""),
    ],
)
def test_the_direction_turns_with_the_sides_of_the_row(a: str, b: str, typed: str, kept: str) -> None:
    (made,) = BUILD({**ROW, "a": a, "b": b, "direction": typed})
    assert isinstance(made, Statement)
    way = made.qualifiers["direction"]
    first = {"a-to-b": made.subject, "b-to-a": made.object}.get(way, "")
    assert first.endswith(kept)
    assert bool(first) == bool(kept)


def test_contraindicated_and_major_rows_mostly_say_whom_they_affect(snapshot: Snapshot) -> None:
    grave = [
        s
        for s in snapshot.saying(Predicate.INTERACTS_WITH, Statement)
        if s.qualifiers.get("severity") in {"contraindicated", "major"} and s.qualifiers.get("mechanism")
    ]
    told = [s for s in grave if "direction" in s.qualifiers]
    assert len(told) > 0.85 * len(grave)
