"""The order-sign line: context in, resolved, judged by one release, policy applied, journalled."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from time import perf_counter
from typing import Any

from api.cards import fresh_ids
from api.regional import NO_LISTS, gap_of, merged
from api.serving import Served, Serving
from base.tracing import span
from clinical.finding import Finding, Gap, Review
from clinical.order import Order
from clinical.value import replace
from exchange.fhir.context import Incoming
from records.context import NOTHING, History
from records.journal import Entry, Journal, Shown
from records.memory import Known, Memory
from records.terminology import Unmapped
from rules import policy
from rules.alternatives import vetted
from rules.engine import review
from rules.model import Case, Family
from rules.partial import review_in_part
from rules.policy import Moment, Policy, orders_key
from rules.states import States


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One answered review: what was found, what was not understood, what was reviewed; the patient by hash,
    what was seen before for them, the institution they are in, and what the region told (as it is journalled)."""

    id: str
    review: Review
    unmapped: tuple[Unmapped, ...]
    orders: tuple[Order, ...]
    elapsed_ms: float
    patient: str = ""
    seen: Mapping[str, Known] = field(default_factory=dict)
    institution: str = ""
    region: bytes = b""


class Reviewer:
    """Reviews incoming orders; the same for CDS Hooks, plain JSON, the command line and replay."""

    def __init__(
        self,
        serving: Serving,
        families: tuple[Family, ...],
        journal: Journal,
        policies: Mapping[str, Policy],
        states: States,
        memory: Memory,
    ) -> None:
        self.serving, self.journal, self._policies, self.memory = serving, journal, policies, memory
        self._texts = {id(one): policy.written(one) for one in (*policies.values(), policy.DEFAULT)}
        self.families = families
        self.titles = {family.name: family.title for family in self.families}
        self.states = states

    def policy(self, tenant: str) -> Policy:
        """The policy of a tenant, by its path or the last part of it, else the default one."""
        of_tenant = self._policies.get(tenant) or self._policies.get(tenant.rpartition("/")[2])
        return of_tenant or self._policies.get("default") or policy.DEFAULT

    def review(
        self,
        incoming: Incoming,
        *,
        day: date,
        tenant: str = "",
        explain: bool = False,
        served: Served | None = None,
        seen: Mapping[str, Known] | None = None,
        region: History = NOTHING,
        under: Policy | None = None,
    ) -> Reviewed:
        """Resolve, judge, apply policy. ``day`` is the date as of which knowledge counts; ``served`` is the release
        in use, ``seen`` what is known of earlier alerts and ``under`` the tenant's policy unless given (replay);
        ``region`` is what other institutions know of the patient."""
        started = perf_counter()
        served = served or self.serving.now
        context, partial = merged(incoming.context, region) if region.parts else (incoming.context, NO_LISTS)
        with span("rules", release=served.snapshot.release, orders=len(incoming.orders)):
            patient, orders, unmapped = served.terminology.resolve(context, incoming.orders)
            case = Case(patient, orders, served.snapshot, day, incoming.focus, explain, self.states.derive)
            judged = review_in_part(case, self.families, partial) if partial else review(case, self.families)
            outcome = self.states.apply(judged, case)
            person = self.memory.patient(patient.id)
            before = self.memory.of(person) if seen is None else seen
            shown = policy.apply(outcome, under or self.policy(tenant), Moment.of(patient), before)
            shown = vetted(shown, case, self.families)
        if region.missing:
            shown = replace(shown, gaps=(*shown.gaps, gap_of(region)))
        spent = (perf_counter() - started) * 1000
        told = region.as_json()
        return Reviewed(next(fresh_ids(1)), shown, unmapped, orders, spent, person, before, patient.institution, told)

    def record(
        self,
        reviewed: Reviewed,
        service: str,
        client: str,
        now: datetime,
        request: Any,
        answer: Any,
        shown: tuple[Shown, ...],
        tenant: str,
    ) -> None:
        """Hand request and answer to the journal; never waits."""
        found = reviewed.review
        self.journal.write(
            Entry(
                reviewed.id,
                now,
                service,
                found.release,
                client,
                request,
                answer,
                shown,
                len(found.gaps),
                len(found.faults),
                reviewed.elapsed_ms,
                reviewed.patient,
                reviewed.seen,
                tenant,
                reviewed.region,
                self._texts.get(id(self.policy(tenant)), b""),
            )
        )


def shown_as(card: str, finding: Finding) -> Shown:
    """A finding as the journal keeps it, under the uuid of its card."""
    cause = (finding.cause or finding.rule_id)[:160]
    severity = finding.severity.value
    return Shown(card, finding.rule_id, finding.rule_version, finding.family, severity, cause, orders_key(finding))


def worth(reviewed: Reviewed, least: int) -> Reviewed:
    """Without findings below a rank (hooks that should stay quiet about small things)."""
    kept = tuple(f for f in reviewed.review.findings if f.severity.rank >= least)
    if len(kept) == len(reviewed.review.findings):
        return reviewed
    return dataclasses.replace(reviewed, review=replace(reviewed.review, findings=kept))


def lacking(reviewed: Reviewed, gap: Gap | None) -> Reviewed:
    """With one more thing that could not be checked."""
    if gap is None:
        return reviewed
    return dataclasses.replace(reviewed, review=replace(reviewed.review, gaps=(*reviewed.review.gaps, gap)))
