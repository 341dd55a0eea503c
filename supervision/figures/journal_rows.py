"""A stored request as rows of facts: where, by whom and for what it was asked, what was shown, what became of it.

Alerts of some families are more than alerts: an order beyond what the insurance pays is a clue, a test that was not
repeated was recognised, a drug that was ordered twice is a repeat with its outcome. What the request does not tell
stays empty. Of names that were not understood long ones and those with long numbers are left out, so that nobody's
document or telephone number becomes a fact.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from clinical.coded import china_day
from supervision.figures.collect import Row
from supervision.figures.reading import day_of, zoned

Json = Mapping[str, Any]
_INPATIENT: Final = "inpatient"
_SAME_INGREDIENT: Final = ":same-ingredient"
_LONGEST: Final = 40
_NUMBERED: Final = re.compile(r"\d{6}")
_REVIEW: Final = "cn.yigong.review"
_TESTS: Final = {"duplicate-lab": "lab", "duplicate-exam": "exam"}


class Ordered(NamedTuple):
    """Something that was ordered: what it was called, and what it costs where the request said so."""

    text: str
    amount: float | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """What a request says beside its findings: department, doctor, category of the diagnosis (ICD-10), kind of visit,
    the institution's name, its number of the patient, and what is ordered, by reference."""

    department: str = ""
    doctor: str = ""
    disease: str = ""
    setting: str = ""
    institution: str = ""
    patient: str = ""
    orders: Mapping[str, Ordered] = field(default_factory=dict)

    def about(self) -> Row:
        told = {"department": self.department, "doctor": self.doctor, "disease": self.disease}
        return {name: value or None for name, value in told.items()}


@dataclass(frozen=True, slots=True)
class Alert:
    """A card with what was answered to it last (``shown``, a row of the journal), what the stored answer says of it,
    and of whom it was shown."""

    shown: Any
    said: Json
    call: Call
    person: str = ""

    @property
    def at(self) -> datetime:
        return zoned(self.shown.at or self.shown.asked)

    @property
    def response(self) -> str:
        return {"accepted": "accepted", "overridden": "overridden"}.get(self.shown.outcome or "", "none")

    @property
    def reasoned(self) -> bool | None:
        """Whether a reason was given for setting it aside; None where it was not."""
        return bool(self.shown.reason or self.shown.comment) if self.response == "overridden" else None

    @property
    def reason(self) -> str | None:
        return self.shown.reason or None if self.response == "overridden" else None

    @property
    def ordered(self) -> list[Ordered]:
        """What of the orders under review it speaks of, in the order it names them."""
        return [self.call.orders[one] for one in self.said.get("orders", ()) if one in self.call.orders]

    def row(self) -> Row:
        """What all facts say of it."""
        return {"id": self.shown.card, "date": day_of(self.at)} | self.call.about()

    def gone(self) -> Row:
        """That there is no such row: what it told of did not come to be."""
        return {"id": self.shown.card, "deleted": True}


def of_request(row: Any, call: Call) -> Row:
    told = {name: getattr(row, name) for name in ("service", "findings", "gaps", "faults", "elapsed_ms")}
    return {"id": row.id, "date": day_of(row.at)} | call.about() | told


def of_answer(row: Any, answer: Any, call: Call) -> Iterator[Row]:
    """Names that nothing in the release stands for, as curators' work."""
    names = dict.fromkeys((item["kind"], item["text"].strip()) for item in _unmapped(answer) if item.get("text"))
    told = {"date": day_of(row.at), "kind": "term", "department": call.department or None}
    for number, (subject, name) in enumerate(names):
        if name and len(name) <= _LONGEST and not _NUMBERED.search(name):
            yield {"id": f"{row.id}-{number}", "subject": subject, "name": name} | told


def _unmapped(answer: Any) -> list[dict[str, str]]:
    """Of an answer to a hook, or of a plain review."""
    if not isinstance(answer, dict):
        return []
    extension = (answer.get("extension") or {}).get(_REVIEW) or {}
    return answer.get("unmapped") or extension.get("unmapped") or []


def of_alert(alert: Alert) -> Iterator[tuple[str, Row]]:
    """Rows of an alert, each with its fact."""
    yield "findings", _finding(alert)
    more = _MORE.get(alert.shown.family)
    if more is not None:
        fact, row = more
        told = row(alert)
        if told is not None:
            yield fact, told


def needs_person(family: str) -> bool:
    """Whether rows of a family of alerts say of whom they are."""
    return family in _MORE


def _finding(alert: Alert) -> Row:
    told = {"severity": alert.shown.severity, "family": alert.shown.family, "rule": alert.shown.rule}
    told |= {"response": alert.response, "reasoned": alert.reasoned, "reason": alert.reason}
    return alert.row() | told | {"response_seconds": _seconds(alert)}


def _seconds(alert: Alert) -> float | None:
    """How long an answer took; None when clocks of the two systems disagree."""
    if alert.response == "none":
        return None
    took = (zoned(alert.shown.answered) - alert.at).total_seconds()
    return took if took >= 0 else None


def _violation(alert: Alert) -> Row:
    """A clue: what was ordered although the insurance does not pay for it. Whoever heeded the alert gave none."""
    if alert.response == "accepted":
        return alert.gone()
    told = {"person": alert.person or None, "rule": alert.shown.rule, "stage": "during"}
    return alert.row() | told | {"amount": _sum(alert.ordered)}


def _recognised(alert: Alert) -> Row | None:
    """A test that was not made because another institution's result was taken. One that was made tells of itself."""
    before = _earlier(alert)
    if before is None or before.get("institution") in (None, "", alert.call.institution):
        return None
    if alert.response != "accepted":
        return alert.gone()
    ordered = alert.ordered[-1:]
    return alert.row() | {
        "kind": _TESTS[alert.shown.family],
        "setting": alert.call.setting or None,
        "person": alert.person or None,
        "item": ordered[0].text if ordered else None,
        "eligible": True,
        "recognised": True,
        "repeated": False,
        "gap_days": _days_since(before, alert),
        "saved": _sum(ordered),
    }


def _repeated_drug(alert: Alert) -> Row | None:
    """A drug ordered twice, of outpatients: inpatients' orders change from day to day."""
    if alert.call.setting == _INPATIENT:
        return None
    ordered = alert.ordered[-1:]
    return alert.row() | {
        "setting": alert.call.setting or None,
        "kind": "same" if alert.shown.rule.endswith(_SAME_INGREDIENT) else "alike",
        "person": alert.person or None,
        "drug": ordered[0].text if ordered else None,
        "avoided": {"accepted": True, "overridden": False}.get(alert.response),
        "reasoned": alert.reasoned,
        "reason": alert.reason,
        "gap_days": _days_since(_earlier(alert), alert),
        "amount": _sum(ordered),
    }


_MORE: Final[Mapping[str, tuple[str, Callable[[Alert], Row | None]]]] = {
    "insurance-limit": ("violations", _violation),
    "duplicate-exam": ("tests", _recognised),
    "duplicate-lab": ("tests", _recognised),
    "duplicate-therapy": ("repeated_drugs", _repeated_drug),
}
"""Facts that alerts of a family tell of beside ``findings``."""


def _earlier(alert: Alert) -> Json | None:
    """The latest of what an alert rests on that has a time and is no order under review."""
    data = [one for one in alert.said.get("evidence", ()) if one.get("type") == "datum" and one.get("time")]
    before = [one for one in data if one.get("reference") not in alert.call.orders]
    return max(before, key=lambda one: _instant(one["time"]), default=None)


def _days_since(before: Json | None, alert: Alert) -> int | None:
    """Days from then to the alert; None when the clocks of two systems disagree."""
    if before is None:
        return None
    days = (_day(alert.at) - _day(_instant(before["time"]))).days
    return days if days >= 0 else None


def _instant(text: str) -> datetime:
    return zoned(datetime.fromisoformat(text))


def _day(at: datetime) -> date:
    return china_day(at)


def _sum(ordered: Sequence[Ordered]) -> float | None:
    """What orders cost together; None unless every one told."""
    amounts = [one.amount for one in ordered if one.amount is not None]
    return sum(amounts) if amounts and len(amounts) == len(ordered) else None


__all__ = ["Alert", "Call", "Json", "Ordered", "needs_person", "of_alert", "of_answer", "of_request"]
