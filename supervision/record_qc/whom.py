"""Whom a check concerns: by age and sex; what is not known is a gap."""

from __future__ import annotations

from supervision.record_qc.model import Gap
from supervision.record_qc.subject import Subject

AGE: Gap = Gap("患者年龄")


def adult(subject: Subject) -> bool | Gap:
    """Eighteen and older."""
    age = subject.record.visit.age
    return AGE if age is None else age >= 18


def adolescent(subject: Subject) -> bool | Gap:
    """Fourteen and older, no longer a child."""
    age = subject.record.visit.age
    return AGE if age is None else age >= 14


def grown_woman(subject: Subject) -> bool | Gap:
    """A woman who menstruates or did."""
    sex = subject.record.visit.sex.strip()
    if not sex:
        return Gap("患者性别")
    return adolescent(subject) if sex.startswith(("女", "F", "f", "2")) else False
