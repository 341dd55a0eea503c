"""What a check of a record is, and what it may say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

from clinical.medical_record import RecordKind
from supervision.record_qc.places import NOWHERE, Place, Stage
from supervision.record_qc.subject import Subject

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+")


class Group(StrEnum):
    """What part of a record a check is about: the items of a scheme of scores."""

    FRONT_PAGE = "病案首页"
    ADMISSION = "入院记录"
    COURSE = "病程记录"
    OPERATION = "围手术期记录"
    CONSENT = "知情同意"
    END = "出院(死亡)记录"
    ORDERS = "医嘱与检查检验"
    WRITING = "书写基本要求"
    CORE = "核心制度与诊疗"
    OUTPATIENT = "门(急)诊病历"


class Aspect(StrEnum):
    """In which way a record fails."""

    COMPLETE = "完整性"
    TIMELY = "时效性"
    CONSISTENT = "一致性"
    GENUINE = "真实性"
    PROPER = "规范性"
    CLINICAL = "内涵质量"
    CODING = "编码质量"


class Severity(StrEnum):
    MINOR = "轻微"
    MAJOR = "一般"
    SEVERE = "严重"


class Grade(StrEnum):
    """What a record is worth."""

    A = "甲级"
    B = "乙级"
    C = "丙级"


def coded(word: StrEnum) -> str:
    """The code of such a word in tables of figures: ``front-page``."""
    return word.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class Defect:
    """Something wrong: what, where, and where else that shows it. ``key`` tells it from others of one check in one
    place, and must not change when the record is checked again."""

    says: str
    place: Place = NOWHERE
    others: tuple[Place, ...] = ()
    key: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """What a check would need to know; never a defect."""

    needed: str


@dataclass(frozen=True, slots=True)
class Reminder:
    """Something (``what``) that is not yet written and not yet due."""

    what: str
    says: str
    due: datetime
    place: Place = NOWHERE


Said: TypeAlias = Defect | Gap | Reminder
EVERY_STAGE: Final = frozenset(Stage)
ENDED: Final = frozenset({Stage.FINAL})
LATER: Final = frozenset({Stage.RUNNING, Stage.FINAL})
"""Stages at which a document that was begun must be finished."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check, a plug-in (``CHECKS``). ``name`` is stable; ``title`` says the defect; ``kinds`` which records it
    concerns; ``points`` what a defect costs in the shipped scheme, ``most`` all of this check together; ``veto`` the
    best grade a record with this defect may have; ``source`` the document, year and article; ``mend`` what to do.
    Raises ``ValueError`` for a declaration that says too little."""

    name: str
    title: str
    group: Group
    aspect: Aspect
    kinds: frozenset[RecordKind]
    source: str
    mend: str
    run: Callable[[Subject], Iterable[Said]]
    severity: Severity = Severity.MAJOR
    points: float = 1.0
    most: float | None = None
    veto: Grade | None = None
    stages: frozenset[Stage] = EVERY_STAGE
    version: str = "1"

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.name) > 60:
            raise ValueError(f"check {self.name!r}: name it like first-course-late, up to 60 characters")
        empty = [n for n in ("title", "source", "mend", "kinds", "stages") if not getattr(self, n)]
        if empty or self.points < 0:
            raise ValueError(f"check {self.name}: must have {', '.join(empty) or 'points of 0 or more'}")

    def concerns(self, kinds: frozenset[RecordKind], stage: Stage) -> bool:
        """Whether it looks at a record of these kinds at this stage."""
        return stage in self.stages and not self.kinds.isdisjoint(kinds)


INPATIENT: Final = frozenset({RecordKind.INPATIENT})
OUTPATIENT: Final = frozenset({RecordKind.OUTPATIENT, RecordKind.EMERGENCY})
FRONT_PAGE: Final = frozenset({RecordKind.FRONT_PAGE})
ANY_RECORD: Final = frozenset(RecordKind)


def disagreement(
    name: str,
    title: str,
    group: Group,
    source: str,
    run: Callable[[Subject], Iterable[Said]],
    points: float = 2.0,
    severity: Severity = Severity.MAJOR,
    *,
    mend: str,
    times: int = 2,
) -> Check:
    """A check of whether a record agrees with itself; ``times``: how often its points may be lost."""
    return Check(
        name=name,
        title=title,
        group=group,
        aspect=Aspect.CONSISTENT,
        kinds=FRONT_PAGE if group is Group.FRONT_PAGE else INPATIENT,
        source=source,
        mend=mend,
        run=run,
        severity=severity,
        points=points,
        most=points * times,
    )


NORM: Final = "《病历书写基本规范》(卫医政发〔2010〕11号)"
CORE_SYSTEMS: Final = "《医疗质量安全核心制度要点》(国卫医发〔2018〕8号)"
