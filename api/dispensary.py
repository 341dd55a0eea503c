"""Pre-dispensing review (前置审方): a reviewed prescription enters the queue, people decide, clocks run out,
hospitals are told. What may happen is ``records.reviews``; where it goes is the tenant's policy."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from api.access import Principal
from api.errors import ApiError, bad_field
from api.review import Reviewed, Reviewer
from api.rule_titles import rule_titles
from base.settings import Settings
from base.tenancy import system
from clinical.logic import Unknown
from exchange.fhir.context import Incoming
from exchange.plain import PlainSubmit
from records.review_moves import (
    DISPENSABLE,
    Action,
    Case,
    Event,
    MissingCaseError,
    Move,
    MovedError,
    QueueError,
    Role,
    State,
)
from records.reviews import Flag, Reviews, Submission
from rules.dispensing import Outcome, worst

if TYPE_CHECKING:
    import httpx

_log = logging.getLogger(__name__)
_STATES: Final = {Outcome.PASS: State.PASSED, Outcome.NOTICE: State.NOTICED, Outcome.STOP: State.PENDING}
_RETRY_SECONDS: Final = (5, 30, 120, 600, 3600)
_TICK_SECONDS: Final = 1.0
LABELS: Final = {
    State.PASSED: "通过",
    State.NOTICED: "通过，有提示",
    State.PENDING: "待药师审核",
    State.CLAIMED: "药师审核中",
    State.RETURNED: "已退回医师",
    State.HELD: "超时未审，暂不发药",
    State.APPROVED: "药师通过",
    State.RELEASED: "超时未审，按机构规定放行",
    State.BYPASSED: "紧急放行，待事后审核",
    State.FAULTED: "紧急放行，事后审核不合格",
    State.WITHDRAWN: "医师已撤回",
    State.SUPERSEDED: "已由修改后的处方替代",
    State.EXPIRED: "退回后逾期未处理",
}
UNRECORDED: Final = {
    "status": "unrecorded",
    "label": "审方队列暂不可用，请按人工审方流程处理",
    "dispensable": False,
}
"""What a hospital reads when the queue cannot be written: never a silent pass."""


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who works the queue: role, institutions covered (``*``: the whole league)."""

    role: Role
    institutions: tuple[str, ...] = ("*",)

    def covers(self, institution: str) -> bool:
        return "*" in self.institutions or institution in self.institutions


def staff(path: Path) -> dict[str, Member]:
    """Members by name from ``staff.json``; without the file everybody on this machine may act. Raises
    ``ValueError`` naming the field."""
    if not path.exists():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Member])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"{path.name}: {error}") from None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as the caller says."""

    name: str
    role: Role


class Dispensary:
    """The queue of one installation. Call ``watch`` once a worker: several may run side by side."""

    def __init__(
        self, settings: Settings, reviewer: Reviewer, reviews: Reviews, may_review: Callable[[str, str], bool]
    ) -> None:
        """``may_review``: whether an account (by name) may review a tenant's prescriptions."""
        self._settings, self._reviewer, self.reviews = settings, reviewer, reviews
        self._may_review = may_review
        self._staff = staff(settings.staff_file)

    # -- entering --------------------------------------------------------------------------

    def submit(
        self, reviewed: Reviewed, given: PlainSubmit, about: dict[str, Any], payload: Any, now: datetime
    ) -> dict[str, Any]:
        """Route a reviewed prescription and store it before anybody is answered. ``about`` gives
        institution, department, prescriber, tenant; ``payload`` what the pharmacist needs to see. A
        database that is away gives ``UNRECORDED``."""
        self._callback(given.callback)
        policy = self._reviewer.policy(about["tenant"]).dispensing
        outcome, stopping = policy.route(reviewed.review, about["institution"])
        findings = reviewed.review.findings
        ids = [f["findingId"] for f in payload["answer"]["findings"]]
        flags = tuple(
            Flag(i, f.rule_id, f.family, f.severity.value, f in stopping) for i, f in zip(ids, findings, strict=True)
        )
        urgent = any(order.urgent for order in reviewed.orders)
        submission = Submission(
            id=reviewed.id,
            state=_STATES[outcome],
            at=now,
            release=reviewed.review.release,
            payload=payload,
            flags=flags,
            severity=worst(stopping),
            urgent=urgent,
            never=any(f.never for f in findings),
            due=policy.due(now, urgent) if outcome is Outcome.STOP else None,
            replaces=given.replaces,
            callback=given.callback,
            **about,
        )
        try:
            return described(self.reviews.submit(submission))
        except MissingCaseError as error:
            raise ApiError(404, "not-found", str(error), "submit.replaces") from None
        except SQLAlchemyError as error:
            _log.error("prescription not stored", extra={"error": type(error).__name__})
            return dict(UNRECORDED)

    def _callback(self, url: str) -> None:
        """Only addresses the installation allows may be told: a request must not choose whom we call."""
        if url and urlsplit(url).hostname not in self._settings.webhook_hosts:
            raise bad_field("submit.callback", "host is not on the allow-list (YIGONG_WEBHOOK_HOSTS)")
        if url and urlsplit(url).scheme not in ("https", "http"):
            raise bad_field("submit.callback", "must be an http(s) URL")

    # -- deciding --------------------------------------------------------------------------

    def decide(self, review: str, move: Move, findings: tuple[str, ...], caller: Principal) -> dict[str, Any]:
        """One move by a person. ``findings`` are false alarms when approving, right ones when returning
        (none named: all that stopped it). Whoever logged in acts by their own grants; machines vouch for whom they
        name, who is on our list, if there is one. Raises ``ApiError`` 403, 404, 409."""
        try:
            found = self.reviews.case(review)
            if not caller.is_person:
                self._authorised(found, move)
            elif move.to and not self._may_review(move.to, found.tenant):
                raise ApiError(403, "forbidden", f"{move.to} 无权处理该机构的处方", "to")
            timed = replace(move, due=self._due(found, move), verdicts=self._verdicts(review, move, findings))
            return described(self.reviews.move(review, timed))
        except MissingCaseError as error:
            raise ApiError(404, "not-found", str(error)) from None
        except MovedError as error:
            raise ApiError(409, "conflict", str(error)) from None
        except QueueError as error:
            raise ApiError(422, "business-rule", str(error)) from None

    def _authorised(self, found: Case, move: Move) -> None:
        """Prescribers are the hospital's to vouch for; who reviews is on our list, if there is one."""
        if not self._staff or move.role is Role.PRESCRIBER:
            return
        for name in (move.actor, *([move.to] if move.to else [])):
            member = self._staff.get(name)
            if member is None or not member.covers(found.institution):
                raise ApiError(403, "forbidden", f"{name} 无权处理该机构的处方")
        if move.role is not self._staff[move.actor].role:
            raise ApiError(403, "forbidden", f"{move.actor} 不是 {move.role.value}")

    def _due(self, found: Case, move: Move) -> datetime | None:
        policy = self._reviewer.policy(found.tenant).dispensing
        if move.action in (Action.ANSWER, Action.CONFIRM, Action.APPEAL, Action.RECALL):
            return policy.due(move.at, found.urgent)
        return move.at + timedelta(hours=policy.returned_hours) if move.action is Action.RETURN else None

    def _verdicts(self, review: str, move: Move, findings: tuple[str, ...]) -> dict[str, bool]:
        if move.action is Action.APPROVE:
            return dict.fromkeys(findings, False)
        if move.action is not Action.RETURN:
            return {}
        stopped = tuple(flag["finding"] for flag in self.reviews.flagged(review) if flag["stopped"])
        return dict.fromkeys(findings or stopped, True)

    def covered(self, name: str) -> tuple[str, ...]:
        """Institutions somebody covers; ``*`` for all."""
        member = self._staff.get(name)
        return member.institutions if member else ("*",)

    def rule_titles(self, rules: Iterable[str]) -> dict[str, str]:
        """What rules are about, by id."""
        return rule_titles(self._reviewer.serving.now.snapshot, self._reviewer.titles, rules)

    # -- clocks and messages -----------------------------------------------------------------

    async def watch(self) -> None:
        """Let clocks run out and deliver messages, until cancelled."""
        async with await asyncio.to_thread(_web) as web:
            while True:
                try:
                    await asyncio.to_thread(self.run_out, datetime.now(UTC))
                    await self._deliver(web)
                except Exception as error:  # a database that is away must not end the watch
                    _log.error("review queue watch failed", extra={"error": type(error).__name__})
                await asyncio.sleep(_TICK_SECONDS)

    def run_out(self, now: datetime) -> int:
        """Move what waited too long; what is contraindicated is held, never released. Gives how many."""
        with system("waiting times"):
            return self._run_out(now)

    def _run_out(self, now: datetime) -> int:
        moved = 0
        for found in self.reviews.overdue(now):
            move = Move(self._fallback(found), "system", Role.SYSTEM, now, version=found.version)
            try:
                self.reviews.move(found.id, move)
                moved += 1
            except MovedError:
                continue  # somebody was quicker
        return moved

    def _fallback(self, found: Case) -> Action:
        if found.state is State.RETURNED:
            return Action.EXPIRE
        allowed = self._reviewer.policy(found.tenant).dispensing.fallback == "release"
        grave = found.never or found.severity in ("contraindicated", "")
        return Action.RELEASE if allowed and not grave else Action.HOLD

    async def _deliver(self, web: httpx.AsyncClient) -> None:
        """At least once, in order of events, each attempt by one worker."""
        from httpx import HTTPError

        now = datetime.now(UTC)
        for event, url, body, attempts in await asyncio.to_thread(self.reviews.messages, now):
            wait = _RETRY_SECONDS[min(attempts, len(_RETRY_SECONDS) - 1)]
            mine = await asyncio.to_thread(self.reviews.take_message, event, attempts, now + timedelta(seconds=wait))
            if not mine:
                continue
            try:
                answer = await web.post(url, content=body, headers=self._signed(body, event))
                if answer.is_success:
                    await asyncio.to_thread(self.reviews.delivered, event)
            except HTTPError as error:
                _log.warning("hospital not told", extra={"error": type(error).__name__, "count": attempts + 1})

    def _signed(self, body: bytes, event: int) -> dict[str, str]:
        mark = hmac.new(self._settings.webhook_secret.encode(), body, sha256).hexdigest()
        return {"Content-Type": "application/json", "X-Yigong-Signature": mark, "X-Yigong-Event": str(event)}


def _web() -> httpx.AsyncClient:
    """What messages are sent with. Reading it takes a tenth of a second, which no starting worker waits for."""
    from httpx import AsyncClient

    return AsyncClient(timeout=5)


def about_of(incoming: Incoming, reviewed: Reviewed, tenant: str) -> dict[str, str]:
    """Where a submitted prescription comes from."""
    patient = incoming.context
    signer = patient.prescriber
    name = next((order.prescriber for order in reviewed.orders if order.prescriber), "")
    return {
        "institution": patient.institution,
        "department": patient.department,
        "prescriber": name if isinstance(signer, Unknown) or not signer.name else signer.name,
        "tenant": tenant,
    }


def described(found: Case) -> dict[str, Any]:
    """A prescription's state for hospitals and pages."""
    told: dict[str, Any] = {
        "id": found.id,
        "status": found.state.value,
        "label": LABELS[found.state],
        "dispensable": found.state in DISPENSABLE,
        "version": found.version,
        "severity": found.severity,
        "urgent": found.urgent,
        "institution": found.institution,
        "department": found.department,
        "prescriber": found.prescriber,
        "assignee": found.assignee,
        "submitted": found.submitted.isoformat(),
        "due": found.due.isoformat() if found.due else "",
        "decided": found.decided.isoformat() if found.decided else "",
        "replaces": found.replaces,
        "signedTwice": found.signed_twice,
        "neverList": found.never,
    }
    return {k: v for k, v in told.items() if v != "" and (v is not False or k == "dispensable")}


def move_json(event: Event) -> dict[str, Any]:
    """A move of a prescription, for hospitals and pages."""
    told = {
        "review": event.review,
        "version": event.version,
        "at": event.at.isoformat(),
        "by": event.actor,
        "role": event.role.value,
        "action": event.action,
        "from": event.before,
        "status": event.after.value,
        "label": LABELS[event.after],
        "code": event.code,
        "reason": event.reason,
    }
    return {k: v for k, v in told.items() if v}
