"""How what was asked, answered and thought of it is stored: tables, and one transaction for many entries.

Request bodies hold patient data: they are packed, sealed with SM4 and bound to their id.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import orjson
import zstandard
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Engine,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    or_,
    select,
)

from base.db import METADATA, OWN, insert_many, inserting
from base.keyring import KeyRing
from base.security import sm3
from clinical.value import Value
from records.memory import Known, note_acknowledged, note_shown

_SEEN, _REGION, _ASKED = "yigong.seen", "yigong.region", "yigong.request"
_OF_REQUEST: Final = {"bound": lambda row: row.id.encode()}
"""What ``base.keyring.reseal`` needs to know of a sealed column: what its content is bound to."""

requests = Table(
    "journal_request",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("service", String(60), nullable=False),
    Column("release", String(64), nullable=False),
    Column("client", String(200), nullable=False, default=""),
    Column("digest", String(64), nullable=False),
    Column("findings", Integer, nullable=False),
    Column("gaps", Integer, nullable=False),
    Column("faults", Integer, nullable=False),
    Column("elapsed_ms", Float, nullable=False),
    Column("request", LargeBinary, nullable=False, info=_OF_REQUEST),
    Column("answer", LargeBinary, nullable=False, info=_OF_REQUEST),
    Column("tenant", String(200), nullable=False, default=""),
    Column("policy", String(64), nullable=False, default=""),
    Index("journal_request_at", "at"),
    info=OWN,
)
policies = Table(
    "journal_policy",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("policy", LargeBinary, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
"""Every policy that answered somebody, by the digest of its text: files change, what they made of an answer stays."""
cards = Table(
    "journal_card",
    METADATA,
    Column("card", String(36), primary_key=True),
    Column("request", String(36), nullable=False, index=True),
    Column("rule", String(160), nullable=False, index=True),
    Column("version", String(20), nullable=False),
    Column("family", String(40), nullable=False),
    Column("severity", String(20), nullable=False),
    Column("cause", String(160), nullable=False, default=""),
    Column("orders", String(400), nullable=False, default=""),
    Column("patient", String(32), nullable=False, default=""),
    Column("at", DateTime(timezone=True)),
    Index("journal_card_at", "at"),
    Index("journal_card_patient", "patient"),
)
feedback = Table(
    "journal_feedback",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("card", String(36), nullable=False, index=True),
    Column("service", String(60), nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("reason", String(80), nullable=False, default=""),
    Column("suggestions", String(400), nullable=False, default=""),
    Column("comment", LargeBinary, nullable=False, default=b"", info={"bound": lambda row: row.card.encode()}),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("received", DateTime(timezone=True), nullable=False),
)


class Shown(Value, frozen=True):
    """A card that was shown: its uuid, the rule behind it, the cause it speaks of and the orders."""

    card: str
    rule: str
    version: str
    family: str
    severity: str
    cause: str = ""
    orders: str = ""


class Entry(Value, frozen=True):
    """One answered request. ``request`` and ``answer`` are JSON-able, or JSON already, and may hold patient data;
    ``patient`` is the hash ``records.memory`` knows the patient by, ``seen`` what it knew when this was answered;
    ``tenant`` is whose request it was, ``region`` what other institutions told, as ``records.context`` writes it;
    ``policy`` is the text of the policy that decided what was shown (empty: not known)."""

    id: str
    at: datetime
    service: str
    release: str
    client: str
    request: Any
    answer: Any
    shown: tuple[Shown, ...]
    gaps: int
    faults: int
    elapsed_ms: float
    patient: str = ""
    seen: Mapping[str, Known] = {}
    tenant: str = ""
    region: bytes = b""
    policy: bytes = b""


class Feedback(Value, frozen=True):
    """What a clinician did with a card. ``outcome`` is ``accepted`` or ``overridden``."""

    card: str
    service: str
    outcome: str
    at: datetime
    reason: str = ""
    suggestions: tuple[str, ...] = ()
    comment: str = ""


def store(engine: Engine, ring: KeyRing, entries: Sequence[Entry], given: Sequence[Feedback]) -> None:
    """Seal and store entries and feedback in one transaction; requests and answers may be JSON bytes already."""
    shown = [_card_row(entry, card) for entry in entries for card in entry.shown]
    causes = [(entry.patient, card.cause, entry.at) for entry in entries for card in entry.shown]
    pack = zstandard.ZstdCompressor(level=1).compress
    rows = [_entry_row(ring, entry, pack) for entry in entries]  # before the transaction: sealing takes longest
    with engine.begin() as connection:
        _keep_policies(connection, {entry.policy: entry.at for entry in reversed(entries) if entry.policy})
        insert_many(connection, requests, rows)
        insert_many(connection, cards, [row for row in shown if not _is_named(row["card"])])
        _once(connection, [row for row in shown if _is_named(row["card"])])
        insert_many(connection, feedback, [_feedback_row(ring, item) for item in given])
        note_shown(connection, causes)
        for item in given:
            _acknowledge(connection, item)


def _entry_row(ring: KeyRing, entry: Entry, pack: Callable[[bytes], bytes]) -> dict[str, Any]:
    asked, bound = as_json(entry.request), entry.id.encode()
    if entry.seen or entry.region:
        beside: dict[str, Any] = {_SEEN: orjson.Fragment(msgspec.json.encode(entry.seen))}
        if entry.region:
            beside[_REGION] = orjson.Fragment(entry.region)
        asked = orjson.dumps(beside | {_ASKED: orjson.Fragment(asked)})
    request = pack(asked)
    return {
        "id": entry.id,
        "at": entry.at,
        "service": entry.service,
        "release": entry.release,
        "client": entry.client,
        "digest": sm3(request),  # equal requests pack alike, in a seventh of the bytes
        "findings": len(entry.shown),
        "gaps": entry.gaps,
        "faults": entry.faults,
        "elapsed_ms": entry.elapsed_ms,
        "request": ring.seal(request, bound),
        "answer": ring.seal(pack(as_json(entry.answer)), bound),
        "tenant": entry.tenant[:200],
        "policy": sm3(entry.policy) if entry.policy else "",
    }


def _keep_policies(connection: Connection, used: Mapping[bytes, datetime]) -> None:
    """Each text once, since it was first used. In order: two workers never block each other."""
    rows = [{"digest": sm3(text), "policy": text, "at": at} for text, at in used.items()]
    known = set(connection.execute(select(policies.c.digest)).scalars()) if rows else set()
    new = sorted((row for row in rows if row["digest"] not in known), key=lambda row: str(row["digest"]))
    if new:
        connection.execute(inserting(connection, policies).on_conflict_do_nothing(), new)


def policy_of(connection: Connection, digest: str) -> bytes:
    """The text of the policy that a request was answered under; empty where it was not kept."""
    if not digest:
        return b""
    return connection.execute(select(policies.c.policy).where(policies.c.digest == digest)).scalar() or b""


def as_json(value: Any) -> bytes:
    """What is JSON already stays as it is."""
    return value if isinstance(value, bytes) else orjson.dumps(value)


def _feedback_row(ring: KeyRing, item: Feedback) -> dict[str, Any]:
    return {
        "card": item.card,
        "service": item.service,
        "outcome": item.outcome,
        "reason": item.reason,
        "suggestions": " ".join(item.suggestions)[:400],
        "comment": ring.seal(item.comment.encode(), item.card.encode()) if item.comment else b"",
        "at": item.at,
        "received": datetime.now(UTC),
    }


def feedback_of(ring: KeyRing, row: Any) -> Feedback:
    """Feedback as it was stored."""
    comment = ring.unseal(row.comment, row.card.encode()).decode() if row.comment else ""
    return Feedback(row.card, row.service, row.outcome, row.at, row.reason, tuple(row.suggestions.split()), comment)


def opened(ring: KeyRing, sealed: bytes, entry_id: str) -> tuple[Any, dict[str, Known], bytes]:
    """A stored request or answer, what was known of earlier alerts when it was asked, and what the region told."""
    said = _unpacked(ring.unseal(sealed, entry_id.encode()))
    if isinstance(said, dict) and _SEEN in said:
        region = orjson.dumps(said[_REGION]) if _REGION in said else b""
        return said[_ASKED], msgspec.convert(said[_SEEN], dict[str, Known]), region
    return said, {}, b""


def _unpacked(plain: bytes) -> Any:
    """JSON as it was stored: packed by zstandard, and by earlier versions by zlib or not at all."""
    if plain[:4] == zstandard.FRAME_HEADER:
        return orjson.loads(zstandard.decompress(plain))
    return orjson.loads(plain if plain[:1] in b"{[" else zlib.decompress(plain))


def _card_row(entry: Entry, card: Shown) -> dict[str, Any]:
    return {
        "card": card.card,
        "request": entry.id,
        "rule": card.rule,
        "version": card.version,
        "family": card.family,
        "severity": card.severity,
        "cause": card.cause[:160],
        "orders": card.orders[:400],
        "patient": entry.patient,
        "at": entry.at,
    }


def _is_named(card: str) -> bool:
    """Whether the uuid of a card names its matter (version 5) rather than this showing of it."""
    return card[14:15] == "5"


def _once(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Cards that name their matter stay as they were shown first. In order: two workers never block each other."""
    if rows:
        made = inserting(connection, cards).on_conflict_do_nothing()
        connection.execute(made, sorted(map(dict, rows), key=lambda row: row["card"]))


def cards_of(connection: Connection, request: str, answer: Any) -> tuple[Shown, ...]:
    """The cards of a stored request: its own, and those that its answer names and an earlier one showed first."""
    told = answer.get("findings", ()) if isinstance(answer, dict) else ()
    named = [one["findingId"] for one in told if _is_named(one.get("findingId", ""))]
    found = connection.execute(select(cards).where(or_(cards.c.request == request, cards.c.card.in_(named))))
    return tuple(Shown(c.card, c.rule, c.version, c.family, c.severity, c.cause, c.orders) for c in found)


def _acknowledge(connection: Connection, given: Feedback) -> None:
    """An override with a reason keeps its cause quiet for a while, unless it gets worse: see ``rules.policy``."""
    if given.outcome != "overridden" or not (given.reason or given.comment):
        return
    card = connection.execute(select(cards).where(cards.c.card == given.card)).first()
    if card is not None and card.patient:
        note_acknowledged(connection, (card.patient, card.cause), card.orders, card.severity, given.at)
