"""Schemes of scores: how many points each part of a record has, what a defect costs, which defects veto a grade."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from clinical.medical_record import RecordKind
from records.qc_faults import SchemeError
from supervision.record_qc.model import Check, Grade, Group

_SHIPPED: Final = Path(__file__).parent / "scheme.yaml"


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Item(_Part, frozen=True):
    """A part of a record and the points that can be lost in it."""

    group: Group
    points: float


class Sheet(_Part, frozen=True):
    """How records of a kind are scored: from ``a`` points on they are 甲级, from ``b`` on 乙级."""

    kind: RecordKind
    a: float
    b: float
    items: tuple[Item, ...]

    @property
    def points(self) -> float:
        return sum(item.points for item in self.items)


class Change(_Part, frozen=True):
    """What a scheme changes of a check; what is not given stays. ``veto`` 甲级 takes a veto away; ``most`` 0 means no
    limit of its own."""

    points: float | None = None
    most: float | None = None
    veto: Grade | None = None
    off: bool = False


class Scheme(_Part, frozen=True):
    """A scheme by name, with a sheet for each kind of record and changes by name of check."""

    name: str
    title: str
    sheets: tuple[Sheet, ...]
    changes: dict[str, Change] = {}

    def sheet(self, kind: RecordKind) -> Sheet | None:
        return next((sheet for sheet in self.sheets if sheet.kind is kind), None)

    def cost(self, check: Check) -> Cost:
        """What a defect of a check costs here."""
        change = self.changes.get(check.name, Change())
        points = check.points if change.points is None else change.points
        most = check.most if change.most is None else (change.most or None)
        veto = check.veto if change.veto is None else change.veto
        return Cost(points, most, None if veto is Grade.A else veto)

    def asks(self, check: Check) -> bool:
        """Whether a check counts here at all."""
        return not self.changes.get(check.name, Change()).off


class Cost(msgspec.Struct, frozen=True):
    """Points for each defect, at most so many together, and the best grade that is left."""

    points: float
    most: float | None
    veto: Grade | None


class Deduction(msgspec.Struct, frozen=True):
    """What the defects of a check took: ``times`` of them at ``each``, ``lost`` after the check's own limit."""

    check: str
    title: str
    group: Group
    times: int
    each: float
    lost: float
    veto: Grade | None


class ItemScore(msgspec.Struct, frozen=True):
    """A part of a record: its points, what its defects cost in all, what was taken (no more than it has)."""

    group: Group
    points: float
    charged: float
    lost: float


class Score(msgspec.Struct, frozen=True):
    """A score that explains itself. ``by_points`` is the grade before vetoes; ``uncounted`` are defects of parts that
    the scheme has no points for."""

    points: float
    of: float
    grade: Grade
    by_points: Grade
    items: tuple[ItemScore, ...]
    deductions: tuple[Deduction, ...]
    vetoes: tuple[str, ...]
    uncounted: tuple[str, ...]


def score(found: Counter[str], kind: RecordKind, scheme: Scheme, catalogue: Mapping[str, Check]) -> Score | None:
    """The score of a record with so many standing defects of each check; None where the scheme has no sheet for its
    kind. A check that was since removed costs nothing."""
    sheet = scheme.sheet(kind)
    if sheet is None:
        return None
    counted = [(catalogue[name], times) for name, times in sorted(found.items()) if times and name in catalogue]
    deductions = tuple(_deducted(check, times, scheme) for check, times in counted if scheme.asks(check))
    items = tuple(_item(item, deductions) for item in sheet.items)
    points = round(sheet.points - sum(item.lost for item in items), 2)
    by_points = Grade.A if points >= sheet.a else Grade.B if points >= sheet.b else Grade.C
    vetoes = [deduction for deduction in deductions if deduction.veto is not None]
    known = {item.group for item in sheet.items}
    return Score(
        points=points,
        of=sheet.points,
        grade=max([by_points, *(d.veto for d in vetoes if d.veto)], key=_GRADES.index),
        by_points=by_points,
        items=items,
        deductions=deductions,
        vetoes=tuple(deduction.check for deduction in vetoes),
        uncounted=tuple(d.check for d in deductions if d.group not in known),
    )


_GRADES: Final = tuple(Grade)
"""The best first."""


def _deducted(check: Check, times: int, scheme: Scheme) -> Deduction:
    cost = scheme.cost(check)
    whole = cost.points * times
    lost = whole if cost.most is None else min(whole, cost.most)
    return Deduction(check.name, check.title, check.group, times, cost.points, round(lost, 2), cost.veto)


def _item(item: Item, deductions: Sequence[Deduction]) -> ItemScore:
    charged = round(sum(d.lost for d in deductions if d.group is item.group), 2)
    return ItemScore(item.group, item.points, charged, min(charged, item.points))


# -- reading ---------------------------------------------------------------------------------


def decode(given: Any, known: Mapping[str, Check]) -> Scheme:
    """A scheme from JSON-like data. Raises ``SchemeError`` that names every field that is wrong."""
    try:
        scheme = msgspec.convert(given, Scheme)
    except msgspec.ValidationError as error:
        raise SchemeError([f"scheme: {error}"]) from None
    found = list(_problems(scheme, known))
    if found:
        raise SchemeError(found)
    return scheme


def _problems(scheme: Scheme, known: Mapping[str, Check]) -> Iterator[str]:
    if not scheme.name.strip() or not scheme.title.strip() or len(scheme.name) > 80:
        yield "name, title: 不能为空，name 不超过 80 字"
    if not scheme.sheets:
        yield "sheets: 至少要有一类病历的评分表"
    for kind, times in Counter(sheet.kind for sheet in scheme.sheets).items():
        if times > 1:
            yield f"sheets: {kind.value} 有 {times} 张评分表，只能有一张"
    for sheet in scheme.sheets:
        yield from _sheet_problems(sheet)
    for name, change in scheme.changes.items():
        if name not in known:
            yield f"changes.{name}: 没有这项检查，见 GET /api/v1/qc/checks"
        elif (change.points or 0) < 0 or (change.most or 0) < 0:
            yield f"changes.{name}: 扣分不能为负"


def _sheet_problems(sheet: Sheet) -> Iterator[str]:
    at = f"sheets.{sheet.kind.value}"
    if len({item.group for item in sheet.items}) < len(sheet.items):
        yield f"{at}.items: 同一项目不能出现两次"
    if not sheet.items or any(item.points <= 0 for item in sheet.items):
        yield f"{at}.items: 每项分值须大于 0"
    if not 0 < sheet.b < sheet.a <= sheet.points:
        yield f"{at}.a, b: 须满足 0 < 乙级线 < 甲级线 ≤ 总分 {sheet.points:g}"


@lru_cache(maxsize=1)
def shipped() -> Scheme:
    """The scheme that holds where nobody published one."""
    return msgspec.convert(yaml.safe_load(_SHIPPED.read_text("utf-8")), Scheme)
