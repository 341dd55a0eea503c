"""Training sheets (培训单): the rules that a department met most and overrode most, with what they say and why.

What is taught before work is what goes wrong at work: rules come from alerts that were shown, their words from the
release. Rules that the release no longer has, and those that are computed rather than written, are told by id only.
Who was taught with a sheet, and how they fared, becomes facts (``trainings``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from base.plugins import discover
from knowledge.model import Citation, Statement
from knowledge.snapshot import Snapshot
from rules.model import Family
from supervision.figures.answers import Answers
from supervision.figures.collect import Row
from supervision.figures.periods import Period
from supervision.figures.sums import Asked

_BY: Final = ("family", "rule")
_COUNTS: Final = "alerts-overridden"


@dataclass(frozen=True, slots=True)
class Lesson:
    """A rule: how often it was shown and overridden, what it is about, what it says, where that is written."""

    family: str
    family_title: str
    rule: str
    shown: int
    overridden: int
    about: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


def lessons(answers: Answers, snapshot: Snapshot, period: Period, asked: Asked, most: int) -> list[Lesson]:
    """The most overridden first, then the most shown. Raises ``AskError``."""
    wanted = Asked(_BY, asked.only, asked.tenants, asked.as_of)
    one = answers.known.indicator(_COUNTS)
    lines = answers.ask([one], period, wanted, compare=False)[one.name]
    met = [(line, line.group[0] or "", line.group[1] or "") for line in lines if line.group[1]]
    met.sort(key=lambda m: (-(m[0].now.numerator or 0), -(m[0].now.denominator or 0), m[2]))
    chosen, families = met[:most], discover("rules.families", "FAMILY", Family)
    reading = [families[name] for name in {family for _, family, _ in chosen} if name in families]
    words = _words(snapshot, reading, {rule for _, _, rule in chosen})
    return [
        Lesson(
            family,
            families[family].title if family in families else family,
            rule,
            int(line.now.denominator or 0),
            int(line.now.numerator or 0),
            **words.get(rule, {}),
        )
        for line, family, rule in chosen
    ]


@dataclass(frozen=True, slots=True)
class Taught:
    """A doctor who read a sheet; None: before or at work, or whether it was passed, was not told."""

    doctor: str
    induction: bool | None = None
    score: float | None = None
    passed: bool | None = None


def taught(department: str, period: Period, day: date, doctors: Iterable[Taught]) -> list[Row]:
    """Rows of ``trainings``: one for a doctor and a sheet, so that telling it again corrects it."""
    return [
        {
            "id": f"sheet {period} {department} {one.doctor}",
            "date": day,
            "department": department,
            "doctor": one.doctor,
            "subject": f"培训单 {period}",
            "induction": one.induction,
            "read": True,
            "examined": one.score is not None or one.passed is not None,
            "passed": one.passed,
            "score": one.score,
        }
        for one in doctors
    ]


def _words(snapshot: Snapshot, families: Iterable[Family], rules: Collection[str]) -> dict[str, dict[str, Any]]:
    """What rules say, by id: statements of predicates that families read, and rules of the closed language."""
    predicates = {predicate for family in families for predicate in family.reads}
    written = (s for p in predicates for s in snapshot.saying(p, Statement) if s.id in rules)
    told = {s.id: _of_statement(snapshot, s) for s in written}
    return told | {
        rule.id: {
            "about": (rule.title,),
            "said": tuple(filter(None, (rule.message, rule.advice))),
            "sources": _sources(snapshot, rule.citations),
        }
        for rule in snapshot.rules
        if rule.id in rules
    }


def _of_statement(snapshot: Snapshot, s: Statement) -> dict[str, Any]:
    return {
        "about": tuple(snapshot.name(one) for one in (s.subject, s.object) if one),
        "said": tuple(s.qualifiers[name] for name in ("reason", "effect", "advice") if s.qualifiers.get(name)),
        "sources": _sources(snapshot, s.citations),
    }


def _sources(snapshot: Snapshot, citations: Iterable[Citation]) -> tuple[str, ...]:
    cited = ((snapshot.source(one.source), one.section) for one in citations)
    return tuple(f"《{source.title}》{section}" for source, section in cited if source is not None)


__all__ = ["Lesson", "Taught", "lessons", "taught"]
