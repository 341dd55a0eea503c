"""What a multidisciplinary meeting about a patient needs beforehand: who should come, and what each is asked.

Nothing is concluded and no opinion is made up: questions arise from what the plans and rules of the release find
about this patient (what must not wait, what is forbidden or risky and why, what must be known first), each with its
sources. Whom a diagnosis concerns stands in its profile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from clinical.finding import Reference
from inference.treatment import Option, State, Treatment
from knowledge.model import Predicate
from knowledge.snapshot import Snapshot

_MOST: Final = 8
_AGAINST: Final = {State.CONTRAINDICATED: "禁忌", State.UNSUITABLE: "不适用", State.CAUTION: "慎用"}
_UNNAMED: Final = "主管科室"


@dataclass(frozen=True, slots=True)
class Question:
    """Something to be settled about a diagnosis or drug, and what it rests on."""

    about: str
    text: str
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Discipline:
    """Who should come: for which diagnoses, with which questions."""

    department: str
    diagnoses: tuple[str, ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Consultation:
    """A meeting prepared. ``missing`` is to be brought along: what decides and is not known."""

    disciplines: tuple[Discipline, ...]
    missing: tuple[Question, ...]


def consultation(treatments: Sequence[Treatment], snapshot: Snapshot) -> Consultation:
    """Prepare a meeting from what treating each diagnosis comes to."""
    by_department: dict[str, list[Treatment]] = {}
    for treatment in treatments:
        for department in departments(snapshot, treatment.disease):
            by_department.setdefault(department, []).append(treatment)
    asked = {one.disease: tuple(_questions(one))[:_MOST] for one in treatments}
    disciplines = tuple(
        Discipline(name, tuple(t.name for t in held), tuple(q for t in held for q in asked[t.disease]))
        for name, held in by_department.items()
    )
    missing = [question for one in treatments for question in _missing(one)]
    return Consultation(disciplines, tuple({question.text: question for question in missing}.values()))


def departments(snapshot: Snapshot, disease: str) -> tuple[str, ...]:
    """Departments that a diagnosis concerns, its own profile first, else those of what it is a kind of."""
    profile = next(iter(snapshot.statements(Predicate.DISEASE_PROFILE, disease)), None)
    return tuple(profile.qualifiers.get("departments", ())) if profile else (_UNNAMED,)


def _questions(treatment: Treatment) -> Iterator[Question]:
    """The urgent first, then what is forbidden, then what is risky."""
    if alarm := treatment.alarm:
        yield Question(treatment.name, f"{treatment.name}须及时处理，是否已落实：{alarm.advice}", alarm.references)
    for state, word in _AGAINST.items():
        for option in _of(treatment, state):
            why = "；".join((*option.verdict.reasons, *(finding.summary for finding in option.findings)))
            text = f"{treatment.name}：{option.title}对本患者{word}（{why}），是否使用、以何代替？"
            found = tuple(r for finding in option.findings for r in finding.references)
            yield Question(treatment.name, text, (*option.references, *found))


def _missing(treatment: Treatment) -> Iterator[Question]:
    """What has to be known before something of a plan can be decided."""
    for option in _of(treatment, State.ASKS):
        for reason in option.verdict.reasons:
            yield Question(treatment.name, f"{treatment.name}：{reason}", option.references)


def _of(treatment: Treatment, state: State) -> Iterator[Option]:
    """Options in a state, each title once."""
    found = (option for group in treatment.groups for option in group.options if option.state is state)
    yield from {option.title: option for option in found}.values()
