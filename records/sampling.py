"""Which prescriptions are commented on: reproducible samples, at the rates of 医院处方点评管理规范(试行).

Prescriptions are ranked by SM3 over seed and id and the first are taken: whoever has the seed draws the same
sample again, with any tool, in any order. What a prescription says is read by the caller; here it is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from math import ceil
from typing import Final, TypeVar

import msgspec

from base.security import sm3

_T = TypeVar("_T")
PRESCRIPTIONS: Final = "普通处方"
ORDERS: Final = "医嘱"
PERIOPERATIVE: Final = "围手术期"
MOST: Final = 10_000
"""Items of one sampling; more is no sample."""
NAME_LENGTH: Final = 80
_LENGTHS: Final = {"name": 120, "by": NAME_LENGTH, "kind": 40, "department": 120, "seed": 64}


class CommentError(Exception):
    """What was asked is not possible; the message is Chinese and says what would be."""


class Method(StrEnum):
    """Simple random, or with at least so many of every department or prescriber."""

    RANDOM = "random"
    DEPARTMENT = "by-department"
    PRESCRIBER = "by-prescriber"


class Source(StrEnum):
    """Where prescriptions come from: the pharmacist's queue, or the journal of a hospital that only calls
    CDS Hooks."""

    SUBMITTED = "submitted"
    JOURNAL = "journal"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One drug of a prescription. ``text`` as the hospital wrote it, ``name`` what it was understood as (else the
    text), ``directions`` dose, route, frequency and days in words. ``solvent``: only dissolves the others;
    ``generic``: written by its generic name (None: not understood)."""

    text: str
    name: str
    directions: str = ""
    antimicrobial: bool = False
    injection: bool = False
    solvent: bool = False
    generic: bool | None = None


class Problem(msgspec.Struct, frozen=True):
    """A problem of the norm with a drug of the prescription (empty: with the prescription as a whole)."""

    code: str
    drug: str = ""
    text: str = ""


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A prescription as it is commented on, with what the review suggested. ``number`` is the hospital's own."""

    number: str = ""
    age: str = ""
    sex: str = ""
    visit: str = ""
    diagnoses: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    suggested: tuple[Problem, ...] = ()
    checked_by: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What sampling asks of a prescription. ``key`` is the same for a prescription that was signed again,
    ``stay`` for all of one stay in hospital; ``concepts`` is everything its drugs are or are a kind of."""

    id: str
    at: datetime
    key: str
    stay: str
    institution: str = ""
    department: str = ""
    prescriber: str = ""
    inpatient: bool = False
    perioperative: bool = False
    drugs: int = 1
    concepts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """A sampling as it is asked for, over ``[since, until)``. Give ``size`` or ``permille``; without either the
    least that the norm asks of the kind is taken. ``least`` counts for each stratum, ``concepts`` narrow to
    prescriptions with one of these drugs or classes, ``again`` takes what other samplings took already, and
    ``reviewers`` receive the items in turn; the sampling belongs to ``tenant``."""

    name: str
    by: str
    since: datetime
    until: datetime
    kind: str = PRESCRIPTIONS
    source: Source = Source.SUBMITTED
    method: Method = Method.RANDOM
    institutions: tuple[str, ...] = ()
    department: str = ""
    concepts: tuple[str, ...] = ()
    size: int | None = None
    permille: float | None = None
    least: int = 1
    seed: str = ""
    again: bool = False
    reviewers: tuple[str, ...] = ()
    tenant: str = ""

    def checked(self) -> Plan:
        """Itself, with its span in UTC as the databases keep it (SQLite drops zones). Raises ``CommentError``
        that says what is missing."""
        if not self.name.strip() or not self.by.strip() or not self.kind.strip():
            raise CommentError("抽样须有名称 (name)、类别 (kind) 和抽样人 (by)")
        if self.since >= self.until:
            raise CommentError("抽样起始时间 (since) 须早于截止时间 (until)")
        if self.size is not None and self.permille is not None:
            raise CommentError("抽样张数 (size) 与抽样比例 (permille) 只能给一个")
        long = [name for name, most in _LENGTHS.items() if len(getattr(self, name)) > most]
        if long or any(len(name) > NAME_LENGTH for name in self.reviewers):
            raise CommentError(f"内容过长: {'、'.join(long or ['reviewers'])}")
        counts = (1 if self.size is None else self.size, self.least)
        share = 1.0 if self.permille is None else self.permille
        if not all(1 <= count <= MOST for count in counts) or not 0 < share <= 1000:
            raise CommentError(f"抽样张数须为 1–{MOST}，抽样比例须大于 0‰ 且不超过 1000‰，每层至少 1 张")
        return replace(self, since=self.since.astimezone(UTC), until=self.until.astimezone(UTC))

    def takes(self, one: About) -> bool:
        """Whether a prescription is of the kind that is asked for."""
        return (
            one.drugs > 0
            and (not self.institutions or one.institution in self.institutions)
            and (not self.department or one.department == self.department)
            and (self.kind != PRESCRIPTIONS or not one.inpatient)
            and (self.kind != ORDERS or one.inpatient)
            and (self.kind != PERIOPERATIVE or one.perioperative)
            and (not self.concepts or not one.concepts.isdisjoint(self.concepts))
        )

    def wanted(self, population: int) -> int:
        """How many of a population are to be drawn, whatever the strata add. Raises ``CommentError``."""
        if self.size is not None:
            return self.size
        if self.permille is not None:
            return ceil(round(population * self.permille / 1000, 9))
        least = norm_size(self.kind, population)
        if not least and self.method is Method.RANDOM:
            raise CommentError("专项点评须给出抽样张数 (size) 或抽样比例 (permille)")
        return least

    def stratum(self, unit: Unit) -> tuple[str, str]:
        return unit.institution, unit.department if self.method is Method.DEPARTMENT else unit.prescriber


@dataclass(frozen=True, slots=True)
class Unit:
    """What can be drawn: a prescription, or all orders of one stay (``members``, oldest first). It stands where
    and by whom the last was written."""

    id: str
    at: datetime
    members: tuple[str, ...]
    institution: str
    department: str
    prescriber: str


@dataclass(slots=True)
class Population:
    """Everything that may be drawn from: each prescription as it was last signed."""

    plan: Plan
    _groups: dict[str, dict[str, About]] = field(default_factory=dict)

    def add(self, one: About) -> None:
        """Take in a prescription; of two with the same key the later counts."""
        group = self._groups.setdefault(one.stay if self.plan.kind == ORDERS else one.key, {})
        known = group.get(one.key)
        if known is None or known.at <= one.at:
            group[one.key] = one

    def units(self) -> list[Unit]:
        """What may be drawn, of the kind the plan asks for."""
        groups = (sorted(g.values(), key=lambda one: (one.at, one.id)) for g in self._groups.values())
        return [_unit(group) for group in groups if any(self.plan.takes(one) for one in group)]


def _unit(group: Sequence[About]) -> Unit:
    last = group[-1]
    members = tuple(one.id for one in group)
    return Unit(last.id, last.at, members, last.institution, last.department, last.prescriber)


def norm_size(kind: str, population: int) -> int:
    """The least that the norm asks for a month: 1‰ and 100 prescriptions, 1% and 30 stays; 0 for specials."""
    if kind == PRESCRIPTIONS:
        return max(ceil(population / 1000), 100)
    return max(ceil(population / 100), 30) if kind == ORDERS else 0


def draw(units: Iterable[Unit], plan: Plan, seed: str, taken: Collection[str] = ()) -> list[Unit]:
    """The sample, oldest first, without what was ``taken`` (ids of reviews). Raises ``CommentError``."""
    known, all_units = frozenset(taken), list(units)
    free = (unit for unit in all_units if known.isdisjoint(unit.members))
    ranked = sorted(free, key=lambda unit: sm3(f"{seed}:{unit.id}".encode()))
    chosen = {unit.id: unit for unit in _of_each(ranked, plan)}
    wanted = plan.wanted(len(all_units))
    for unit in ranked:
        if len(chosen) >= wanted:
            break
        chosen.setdefault(unit.id, unit)
    if len(chosen) > MOST:
        raise CommentError(f"一次抽样最多 {MOST} 张，本次为 {len(chosen)} 张，请缩小范围")
    return sorted(chosen.values(), key=lambda unit: (unit.at, unit.id))


def _of_each(ranked: Sequence[Unit], plan: Plan) -> Iterable[Unit]:
    """The first of every stratum, where there are strata."""
    if plan.method is Method.RANDOM:
        return
    counted: Counter[tuple[str, str]] = Counter()
    for unit in ranked:
        stratum = plan.stratum(unit)
        if counted[stratum] < plan.least:
            counted[stratum] += 1
            yield unit


def joined(sheets: Sequence[Sheet]) -> Sheet:
    """The sheets of one stay as one: the last tells of the patient, drugs and problems stand once."""
    last = sheets[-1]
    if len(sheets) == 1:
        return last
    return msgspec.structs.replace(
        last,
        diagnoses=_once(d for sheet in sheets for d in sheet.diagnoses),
        lines=_once(line for sheet in sheets for line in sheet.lines),
        suggested=_once(problem for sheet in sheets for problem in sheet.suggested),
        checked_by="、".join(_once(sheet.checked_by for sheet in sheets if sheet.checked_by)),
    )


def _once(items: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(items))
