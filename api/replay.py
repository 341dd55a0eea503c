"""A stored request asked again, of the release that answered or of any other."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Any

import msgspec

from api.cds_hooks import incoming_of
from api.hook import Hook
from api.regional import PANEL, of_panel, of_record
from api.review import Reviewed, Reviewer, worth
from api.serving import Served
from base.plugins import discover
from base.security import sm3
from clinical.coded import china_day
from clinical.finding import Finding
from exchange.fhir.context import Incoming, read_bundle
from exchange.plain import decode, read
from records.context import read_history
from records.journal import Entry
from rules import policy


def replay(reviewer: Reviewer, review_id: str, release_id: str = "") -> dict[str, Any]:
    """Findings of a stored review against a release, and what differs from the stored answer.

    The clock stands where it stood: the same release gives the same findings bit for bit.
    Raises ``JournalError`` for an unknown review, ``ReleaseError`` for an unknown release, ``PolicyError`` for the
    policy of a version of the program that knew other fields.
    """
    entry = reviewer.journal.entry(review_id)
    wanted = release_id or entry.release
    served = Served.of(reviewer.serving.releases.open(wanted))
    findings = again(reviewer, entry, served).review.findings
    then = {(card.rule, card.version) for card in entry.shown}
    now = {(f.rule_id, f.rule_version) for f in findings}
    return {
        "review": review_id,
        "answeredBy": entry.release,
        "askedOf": wanted,
        "digest": digest(findings),
        "findings": [msgspec.to_builtins(finding) for finding in findings],
        "appeared": sorted(f"{rule} v{version}" for rule, version in now - then),
        "vanished": sorted(f"{rule} v{version}" for rule, version in then - now),
    }


def again(reviewer: Reviewer, entry: Entry, served: Served) -> Reviewed:
    """The review of a stored request as it would have gone with a release, by the policy that it was answered under;
    of requests from before these were kept, by their tenant's policy of today. Raises ``PolicyError`` for one that
    this version of the program cannot read."""
    region = read_history(entry.region)
    under = policy.read(entry.policy, f"policy of {entry.id}") if entry.policy else None
    ask = partial(reviewer.review, served=served, seen=entry.seen, region=region, tenant=entry.tenant, under=under)
    incoming, day = under_review(entry)
    hook = _hook(entry.service)
    return ask(incoming, day=day) if hook is None else worth(ask(incoming, day=day), hook.least.rank)


def under_review(entry: Entry) -> tuple[Incoming, date]:
    """What was reviewed in a stored request, and the day as of which. Raises ``ReadError``."""
    incoming, day = sent(entry.service, entry.request, entry.at)
    return of_record(incoming, read_history(entry.region)) if entry.service == PANEL else incoming, day


def sent(service: str, request: Any, at: datetime) -> tuple[Incoming, date]:
    """What a stored request of a service says, as it was asked at a time, and the day as of which. Raises
    ``ReadError``."""
    hook, day = _hook(service), china_day(at)
    if hook is not None:
        return incoming_of(hook, request["context"], request["prefetch"], at), day
    if service == PANEL:
        return of_panel(request, at), day
    if "resourceType" in request:
        return read_bundle(request, at), day
    plain = decode(msgspec.json.encode(request))
    return read(plain, at), plain.as_of or day


def _hook(service: str) -> Hook | None:
    """None for a service that is no hook: the plain review, the panel."""
    return discover("api.hooks", "HOOK", Hook).get(service)


def digest(findings: tuple[Finding, ...]) -> str:
    """SM3 over the findings: equal digests are equal findings, bit for bit."""
    return sm3(msgspec.msgpack.encode(findings))
