"""What clinicians answer to the cards of a panel: kept, and shown with the same matter for as long as it holds, so
that nobody is asked twice. It holds as long as the tenant's policy keeps the very same orders quiet and the matter
does not get worse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from api.access import Principal
from api.cards import REASONS, named_id
from api.front import Front
from api.review import Reviewed, shown_as
from base.audit import Event
from base.launches import Launch
from base.tenancy import Scope, acting
from clinical.coded import china_day
from clinical.finding import Severity
from clinical.value import replace
from exchange.fhir.values import Json
from records.answers import of_cards, of_patient
from records.journal import Feedback, Shown
from rules.policy import worse

_ACCEPTED: Final = "已采纳"
_OVERRIDDEN: Final = "未采纳"


class PanelAnswers:
    """Every reading function waits for the database: call on a thread."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def give(self, found: Principal, given: Feedback) -> str:
        """Keep what a clinician did with a card; gives how that is said."""
        self._front.reviewer.journal.write(given)
        if given.outcome == "overridden":
            said = (found.name, "card.override", f"card/{given.card}", found.tenant, found.source)
            self._front.audit.note(Event(*said, given.reason))
        return _said(given.outcome, given.reason)

    def cards(self, launch: Launch, reviewed: Reviewed, now: datetime) -> tuple[Shown, ...]:
        """What a panel shows, for the journal: a matter has the same card all day, as long as it is as grave, so that
        a panel which is read again, as it is at every result, shows nothing more."""
        today, times = china_day(now).isoformat(), Counter[tuple[str, ...]]()
        made = []
        for finding in reviewed.review.findings:
            shown = shown_as("", finding)
            rule = f"{shown.rule} {shown.version} {shown.severity}"
            matter = launch.tenant, reviewed.patient, rule, shown.cause, shown.orders, today
            digest = self._front.reviewer.memory.hashed("\n".join((*matter, str(times[matter]))))
            times[matter] += 1
            made.append(replace(shown, card=named_id(digest)))
        return tuple(made)

    def findings(self, launch: Launch, patient: str, told: Iterable[Json], shown: Iterable[Shown]) -> list[Json]:
        """Findings as they are told and journalled, those that were answered with the ``answer``; the patient by
        hash."""
        with acting(Scope(launch.user, reads=(launch.tenant,))):
            given = of_patient(self._front.house.engine, patient, launch.tenant, self._since(launch))

        def answer(card: Shown) -> Json:
            by = given.get((card.cause, card.orders))
            if by is None or worse(Severity(card.severity), by.severity):
                return {}
            return {"answer": _said(by.outcome, by.reason)}

        return [one | answer(card) for one, card in zip(told, shown, strict=True)]

    def risks(self, launch: Launch, risks: Iterable[Json]) -> list[Json]:
        """Risks, each alarm with the ``card`` it is answered by: the same as long as the level is."""
        cards = [(risk, self._card(launch, risk)) for risk in risks]
        given = of_cards(self._front.house.engine, [card for _, card in cards if card], self._since(launch))
        return [
            risk
            | ({"card": card} if card else {})
            | ({"answer": _said(given[card].outcome, given[card].reason)} if card in given else {})
            for risk, card in cards
        ]

    def _card(self, launch: Launch, risk: Json) -> str:
        matter = (launch.tenant, launch.patient, risk["topic"], risk["level"])
        return self._front.reviewer.memory.hashed("\n".join(matter)) if risk["alarm"] else ""

    def _since(self, launch: Launch) -> datetime:
        repeats = self._front.reviewer.policy(launch.tenant).repeats
        return datetime.now(UTC) - timedelta(hours=repeats.same_order_hours)


def _said(outcome: str, reason: str) -> str:
    if outcome == "accepted":
        return _ACCEPTED
    return f"{_OVERRIDDEN}：{REASONS.get(reason, reason)}" if reason else _OVERRIDDEN
