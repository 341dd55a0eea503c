"""One request at order entry as a case: whom it was about, what was ordered and found, what was answered to that,
and, where it went to the pharmacist's queue, what was decided there. Nothing of it is changed here."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Final

from api.access import Principal
from api.askers import doctor_of
from api.cards import REASONS
from api.dispensary import described, move_json
from api.errors import ApiError
from api.front import Front
from api.hook import Hook
from api.institution_names import called
from api.prescription_json import findings_in, order_json, patient_json
from api.regional import PANEL
from api.replay import under_review
from api.rule_titles import rule_titles
from base.plugins import discover
from records.journal import Entry, JournalError
from records.ledger import Alert, Alerts, alerts, reviewed_as
from records.review_moves import Case, MissingCaseError
from supervision.figures.cases import Cases

_log = logging.getLogger(__name__)
_PLAIN: Final = "review"
Json = dict[str, Any]


class PrescriptionDesk:
    """Reads within the scope of whoever asks. ``opens`` is what it takes to open a patient's panel."""

    def __init__(self, front: Front, opens: str) -> None:
        self._front, self._opens = front, opens
        self._reviews, self._journal = front.dispensary.reviews, front.reviewer.journal
        self._cases = Cases(front.house.engine)
        hooks = discover("api.hooks", "HOOK", Hook).values()
        self._services = {hook.name: hook.title for hook in hooks} | {_PLAIN: "处方审查", PANEL: "临床面板"}

    def one(self, number: str, found: Principal) -> Json:
        """A request with what became of it. Raises ``ApiError`` 404."""
        case, entry = self._case(number), self._entry(number)
        if entry is None and case is not None:
            entry = self._kept(case)  # the journal drops entries rather than keep care waiting
        if entry is None:
            raise ApiError(404, "not-found", f"没有编号为 {number[:40]} 的处方或提示记录")
        told = self._head(entry, case) | {"findings": self._findings(entry, case is not None)}
        return told | self._asked(entry, found) | self._reviewed(number, case)

    def alerts(self, wanted: Alerts, limit: int, offset: int) -> Json:
        """A page of the alerts behind the account of a rule."""
        shown = alerts(self._front.house.engine, wanted, limit, offset)
        name = called(self._front.house.engine)
        further = offset + limit if len(shown) == limit else None
        head = {"rule": wanted.rule, "title": self._titles([wanted.rule])[wanted.rule], "reasons": REASONS}
        return head | {"alerts": [_alert(one) | {"institution": name(one.tenant)} for one in shown], "next": further}

    # -- what is stored ------------------------------------------------------------------------

    def _case(self, number: str) -> Case | None:
        try:
            return self._reviews.case(number)
        except MissingCaseError:
            return None

    def _entry(self, number: str) -> Entry | None:
        try:
            return self._journal.entry(number)
        except JournalError:
            return None

    def _kept(self, case: Case) -> Entry:
        """What the queue keeps of a prescription."""
        payload = self._reviews.payload(case.id)
        asked = (case.id, case.submitted, _PLAIN, case.release, "", payload["request"], payload["answer"])
        return Entry(*asked, (), 0, 0, 0.0, tenant=case.tenant)

    # -- what is told --------------------------------------------------------------------------

    def _head(self, entry: Entry, case: Case | None) -> Json:
        place = case.institution if case and case.institution else called(self._front.house.engine)(entry.tenant)
        head = {"id": entry.id, "at": entry.at.isoformat(), "release": entry.release, "institution": place}
        return head | {"service": self._services.get(entry.service, entry.service)}

    def _asked(self, entry: Entry, found: Principal) -> Json:
        """The patient and the orders, and where the patient's record is if they may open it."""
        try:
            asked = under_review(entry)[0]
        except Exception as error:  # of what an earlier version stored, or a part of a hook, the rest is still told
            _log.warning("a stored request could not be read", extra={"error": type(error).__name__})
            return {}
        patient, place = asked.context, (entry.tenant, asked.context.id)
        told: Json = {"patient": patient_json(patient), "orders": [order_json(one) for one in asked.orders]}
        told |= {"department": patient.department, "prescriber": doctor_of(entry.request, patient)}
        if entry.region:
            told["regional"] = True  # what was read of it is told where a finding rests on it
        if found.may(self._opens, entry.tenant) and self._cases.registered([place]):
            told["record"] = {"tenant": entry.tenant, "patient": patient.id}
        return told

    def _reviewed(self, number: str, case: Case | None) -> Json:
        """What was decided of it in the queue, else the prescriptions there that it became."""
        if case is None:
            return {"reviewedAs": reviewed_as(self._front.house.engine, number)}
        history = [move_json(event) for event in self._reviews.history(number)]
        return {"review": described(case) | {"history": history}}

    def _findings(self, entry: Entry, queued: bool) -> list[Json]:
        """Each as it was shown, with what was answered to it and whether a pharmacist thought it right."""
        found = list(findings_in(entry.answer))
        titles = self._titles(one["ruleId"] for one in found)
        judged = {flag["finding"]: flag for flag in self._reviews.flagged(entry.id)} if queued else {}
        given: dict[str, list[Json]] = {}
        for one in self._journal.answers(entry):
            said = {"outcome": one.outcome, "reason": REASONS.get(one.reason, one.reason), "comment": one.comment}
            given.setdefault(one.card, []).append(said | {"at": one.at.isoformat()})
        return [
            one
            | {"ruleTitle": titles[one["ruleId"]], "answers": given.get(one["findingId"], [])}
            | _judged(judged.get(one["findingId"]))
            for one in found
        ]

    def _titles(self, rules: Iterable[str]) -> dict[str, str]:
        reviewer = self._front.reviewer
        return rule_titles(reviewer.serving.now.snapshot, reviewer.titles, rules)


def _judged(flag: Json | None) -> Json:
    return {} if flag is None else {"stopped": flag["stopped"], "verdict": flag["verdict"]}


def _alert(one: Alert) -> Json:
    told = {"card": one.card, "prescription": one.request, "at": one.asked.isoformat(), "severity": one.severity}
    answered = one.answered.isoformat() if one.answered else ""
    return told | {"outcome": one.outcome, "reason": one.reason, "answered": answered}


__all__ = ["PrescriptionDesk"]
