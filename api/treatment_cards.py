"""Treatments of the diagnoses of a chart as CDS Hooks cards, whose suggestions create orders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from api.bedside import Bedside, diagnosed
from api.cards import REVIEW_EXTENSION, fresh_id
from api.treating import treatable
from api.treatment_json import reference_json, resource_of
from exchange.building import slim
from exchange.fhir.values import Json
from inference.dose import Dose
from inference.treatment import Option, State, Treatment, treatments

EXTENSION: Final = "cn.yigong.treatment"
_MOST_CARDS: Final = 3
_MOST_SUGGESTIONS: Final = 4
_OFFERED: Final = ("emergency", "first-line")
_SUMMARY: Final = 139


def cards_of(bedside: Bedside) -> Json:
    """The answer to a chart: a card for each diagnosis that something can be proposed for."""
    diagnoses = treatable(bedside)[:_MOST_CARDS]
    snapshot, desk = bedside.served.snapshot, diagnosed(bedside)
    made = treatments(bedside.patient, diagnoses, snapshot, desk.judge, day=bedside.day)
    cards = [card for treatment in made for card in _card(treatment, bedside)]
    said = slim(release=snapshot.release, unmapped=bedside.not_understood())
    return {"cards": cards, "extension": {REVIEW_EXTENSION: said}}


def _card(treatment: Treatment, bedside: Bedside) -> Iterator[Json]:
    """One card for a diagnosis; none when nothing of the first choice could be proposed."""
    offered = [o for g in treatment.groups if g.name in _OFFERED for o in g.options if _is_offered(o)]
    offered = offered[:_MOST_SUGGESTIONS]
    if not offered and treatment.alarm is None:
        return
    alarmed = treatment.alarm.references if treatment.alarm else ()
    references = [r for option in offered for r in option.references] or list(alarmed)
    names = "、".join(dict.fromkeys(option.title for option in offered))
    summary = f"【治疗建议】{treatment.name}" + (f"：{names}" if names else "")
    yield slim(
        uuid=fresh_id(),
        summary=summary if len(summary) <= _SUMMARY else f"{summary[: _SUMMARY - 1]}…",
        detail=_detail(treatment, offered),
        indicator="warning" if treatment.alarm else "info",
        source={"label": references[0].source} if references else {"label": "医共 (Yigong)"},
        suggestions=[_suggestion(option, bedside) for option in offered],
        selectionBehavior="any" if offered else None,
        extension={EXTENSION: {"diagnosis": treatment.disease, "sources": [reference_json(r) for r in references]}},
    )


def _is_offered(option: Option) -> bool:
    return option.state is State.PROPOSED and option.order is not None


def _suggestion(option: Option, bedside: Bedside) -> Json:
    assert option.order is not None  # only options with an order are offered
    label = said(option)
    resource = resource_of(option.order, bedside.patient.id, bedside.served.snapshot)
    action = {"type": "create", "description": label, "resource": resource}
    return {"label": label[:80], "uuid": fresh_id(), "actions": [action]}


def said(option: Option) -> str:
    """An option in one line: 阿莫西林 600 mg tid 口服."""
    dose = option.dose
    how = (str(dose.chosen), dose.pace or option.plan.frequency) if isinstance(dose, Dose) else ()
    return " ".join(filter(None, (option.title, *how, option.plan.route if how else "")))


def _detail(treatment: Treatment, offered: list[Option]) -> str:
    """Markdown: what to do at once, then each option with what to know, to make sure of and to watch."""
    lines = [f"**立即处置** {treatment.alarm.advice}"] if treatment.alarm and treatment.alarm.advice else []
    for option in offered:
        lines.append(f"- **{said(option)}**" + (f"（{option.plan.situation}）" if option.plan.situation else ""))
        notes = (option.plan.content, *option.verdict.confirm, _watch(option))
        lines += [f"  - {note}" for note in notes if note]
        lines += [f"  - 来源：{r.source} {r.section}".rstrip() for r in option.references]
    return "\n".join(lines)


def _watch(option: Option) -> str:
    return f"监测：{option.plan.monitoring}" if option.plan.monitoring else ""
