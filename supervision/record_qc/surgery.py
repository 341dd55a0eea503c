"""Operations as checks see them: which are elective, which under anaesthesia, when they begin."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final, TypeAlias

from supervision.record_qc.model import Gap
from supervision.record_qc.sessions import Session, sessions
from supervision.record_qc.subject import Subject
from supervision.record_qc.timing import Anchor, Anchors

Chosen: TypeAlias = Callable[[Subject, Session], bool | Gap]
"""Whether a session of operations is meant, or what must be known to tell."""
_PLANNED: Final = timedelta(hours=24)
"""What is done so long after admission was no rescue on arrival."""
_GENERAL: Final = re.compile(
    r"全|静脉|静吸|吸入|硬膜|腰|椎管|骶|阻滞|丛|监护|强化|基础|复合|联合|插管|喉罩|MAC", re.IGNORECASE
)
_LOCAL: Final = re.compile(r"局|表面|表麻|浸润|无|未|不")


def begins(chosen: Chosen) -> Anchors:
    """The beginning of every session of a sort."""

    def anchors(subject: Subject) -> Iterator[Anchor | Gap]:
        for one in _chosen(subject, chosen):
            if isinstance(one, Gap):
                yield one
            else:
                yield Anchor(one.at, one.id, f"{one.name}开始于") if one.at else Gap("手术开始时间")

    return anchors


def ends(chosen: Chosen) -> Anchors:
    """The end (else the beginning) of every session of a sort."""

    def anchors(subject: Subject) -> Iterator[Anchor | Gap]:
        for one in _chosen(subject, chosen):
            if isinstance(one, Gap):
                yield one
            else:
                yield Anchor(one.end, one.id, f"{one.name}于") if one.end else Gap("手术时间")

    return anchors


def _chosen(subject: Subject, chosen: Chosen) -> Iterator[Session | Gap]:
    if subject.record.operations is None:
        yield Gap("手术信息")
    for one in sessions(subject.record.operations or ()):
        meant = chosen(subject, one)
        if isinstance(meant, Gap):
            yield meant
        elif meant:
            yield one


def any_session(subject: Subject, session: Session) -> bool | Gap:
    """Every one."""
    return True


def elective(subject: Subject, session: Session) -> bool | Gap:
    """Whether it was no emergency: as told, else as how long after admission it was done tells."""
    told = [one.emergency for one in session.operations if one.emergency is not None]
    if told:
        return not any(told)
    admitted = subject.record.visit.admitted
    if admitted and session.at and session.at >= admitted + _PLANNED:
        return True
    return Gap("是否急诊手术")


def anaesthetised(subject: Subject, session: Session) -> bool | Gap:
    """Whether an anaesthetist had a part in it; local anaesthesia is the surgeon's."""
    told = [one.anaesthesia for one in session.operations if one.anaesthesia]
    if any(_GENERAL.search(text) for text in told):
        return True
    return False if any(_LOCAL.search(text) for text in told) else Gap("麻醉方式")
