"""From a message's bytes to stored facts: read, checked, the person matched, resources put. What a message does to
the database happens in the caller's transaction, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import Connection

from base.plugins import discover
from clinical.person import Demographics
from exchange.envelope import patient_of
from exchange.ledger import Claimed, Fact
from exchange.message import Json, Merge, Message, MessageError, Parsed
from records.facts import Facts

STANDARDS: Final = ("fhir", "hl7v2", "cda", "tables")
UNREADABLE, UNKNOWN_TYPE, QUALITY = "unreadable", "unknown-type", "quality"
UNKNOWN_PATIENT, REFUSED, FAULT = "unknown-patient", "refused", "fault"
SEALED, CRASH, EXHAUSTED, CONFLICT = "sealed", "crash", "exhausted", "conflict"
REASONS: Final = {
    UNREADABLE: "报文内容有误",
    UNKNOWN_TYPE: "不支持的报文类型",
    QUALITY: "数据质量不合格",
    UNKNOWN_PATIENT: "患者尚未登记",
    REFUSED: "内容不符合存储要求",
    CONFLICT: "报文编号重复但内容不同",
    SEALED: "原文无法解密",
    CRASH: "处理进程多次中断",
    EXHAUSTED: "多次重试仍未成功",
    FAULT: "程序错误",
}
"""Why a message was given up, and how people are told."""
_SUBSETTED: Final = "SUBSETTED"


class Refused(Exception):  # noqa: N818
    """A message that will not be stored however often it is tried: reason, field, what is wrong there."""

    def __init__(self, reason: str, field: str = "", problem: str = "", faults: Sequence[Json] = ()) -> None:
        super().__init__(f"{reason}: {field} {problem}")
        self.reason, self.field, self.problem, self.faults = reason, field, problem, tuple(faults)


class People(Protocol):
    """Who a record belongs to (``records.identity.Identity``)."""

    def arrive(
        self, connection: Connection, tenant: str, local_id: str, said: Demographics, *, at: datetime, source: str
    ) -> Any: ...

    def record_of(self, connection: Connection, tenant: str, local_id: str) -> int | None: ...


class Quality(Protocol):
    """What of a message is at fault. ``check`` touches no database, ``keep`` writes down what was found."""

    def check(self, tenant: str, parsed: Parsed, received: datetime) -> Any: ...

    def rejections(self, checked: Any) -> Sequence[Json]: ...

    def keep(self, connection: Connection, claimed: Claimed, checked: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Ready:
    """A message read and checked, to be landed."""

    parsed: Parsed
    reader: str
    checked: Any = None


@dataclass(frozen=True, slots=True)
class Landed:
    """What a message became: the patient's record, the facts, and what the trace tells of it."""

    record: int | None
    facts: tuple[Fact, ...]
    detail: dict[str, Any]


def readers() -> dict[tuple[str, str], Message]:
    """Every message type we read, by standard and what the standard calls it."""
    found: dict[tuple[str, str], Message] = {}
    for standard in STANDARDS:
        for message in discover(f"exchange.{standard}", "MESSAGE", Message, mixed=True).values():
            found |= {(message.standard, kind): message for kind in message.types}
    return found


class Landing:
    """The line of a record. ``describe`` reads a Patient resource; ``merge`` says that two records (the surviving
    first) are one person;
    ``refusals`` are exceptions by which ``people`` and ``facts`` say that they will never take something."""

    def __init__(
        self,
        messages: Mapping[tuple[str, str], Message],
        people: People,
        facts: Facts,
        describe: Callable[[Json], Demographics],
        merge: Callable[[Connection, int, int, Claimed], None],
        quality: Quality | None = None,
        refusals: tuple[type[Exception], ...] = (),
    ) -> None:
        self._messages, self._people, self._facts = messages, people, facts
        self._describe, self._merge, self._quality, self._refusals = describe, merge, quality, refusals

    # -- before the transaction ----------------------------------------------------------

    def prepare(self, claimed: Claimed, raw: bytes) -> Ready:
        """Read and check. Raises ``Refused``."""
        message = self._message(claimed.standard, claimed.kind)
        try:
            parsed = message.read(raw)
        except MessageError as error:
            raise Refused(UNREADABLE, error.field, error.problem) from error
        except Exception as error:  # a fault of the reader's: the message is kept, the next one is read
            raise Refused(FAULT, message.name, type(error).__name__) from error
        _one_patient(parsed)
        if self._quality is None:
            return Ready(parsed, message.name)
        checked = self._quality.check(claimed.tenant, parsed, claimed.received)
        return Ready(parsed, message.name, checked)

    def _message(self, standard: str, kinds: str) -> Message:
        """The reader of a message; of one that does not say what it is any of its standard, which will say so."""
        own = {kind: message for (of, kind), message in self._messages.items() if of == standard}
        wanted = kinds.split() or sorted(own)[:1]
        message = next((own[kind] for kind in wanted if kind in own), None)
        if message is None:
            known = ", ".join(sorted(own)) or "无"
            raise Refused(UNKNOWN_TYPE, "type", f"不支持类型 {kinds or '（未写明）'}；{standard} 支持: {known}")
        return message

    # -- within the transaction ----------------------------------------------------------

    def check(self, connection: Connection, claimed: Claimed, ready: Ready) -> Refused | None:
        """Write down what checking found; gives why the message may not pass."""
        if self._quality is None:
            return None
        self._quality.keep(connection, claimed, ready.checked)
        rejections = self._quality.rejections(ready.checked)
        if not rejections:
            return None
        first = rejections[0]
        return Refused(QUALITY, str(first.get("path", "")), str(first.get("message", "")), rejections)

    def land(self, connection: Connection, claimed: Claimed, ready: Ready) -> Landed:
        """Match the person and put the resources. Raises ``Refused``; what was written then is to be taken back."""
        parsed, at = ready.parsed, _sent(ready.parsed, claimed.received)
        try:
            matched, resources = self._matched(connection, claimed, parsed, at)
            record = matched.get("record")
            placed = [
                *self._facts.put(connection, claimed.tenant, record, resources, message=claimed.number, at=at),
                *self._removed(connection, claimed, parsed, at),
            ]
            merged = [self._merged(connection, claimed, merge, at) for merge in parsed.merges]
        except self._refusals as error:
            field = str(getattr(error, "field", "") or getattr(error, "path", ""))
            raise Refused(REFUSED, field, str(getattr(error, "problem", "") or error)) from error
        facts = tuple(Fact(p.kind, p.local_id, p.version, str(p.outcome)) for p in placed)
        said = {"read": ready.reader, "kind": parsed.kind, "sent": parsed.sent and parsed.sent.isoformat()}
        return Landed(record, facts, said | {"matched": matched, "merged": merged, "facts": _counted(facts)})

    def _matched(
        self, connection: Connection, claimed: Claimed, parsed: Parsed, at: datetime
    ) -> tuple[dict[str, Any], list[Json]]:
        """How the patient was matched, and the resources to put: not a Patient that is only mentioned where the
        registration itself is known."""
        resources = list(parsed.resources)
        if not parsed.subject:
            return {}, resources
        own = next((r for r in resources if _is_patient(r, parsed.subject)), None)
        if own is None or _mentioned(own):
            record = self._people.record_of(connection, claimed.tenant, parsed.subject)
            if record is not None:
                return {"record": record, "decision": "known"}, [r for r in resources if r is not own]
            if own is None:
                problem = "该患者尚未登记，请先发送患者登记 (Patient，ADT^A01、A04、A28)"
                raise Refused(UNKNOWN_PATIENT, "subject", problem)
        said = self._describe(own)
        match = self._people.arrive(
            connection, claimed.tenant, parsed.subject, said, at=at, source=f"message/{claimed.key}"
        )
        return {"record": match.record, "decision": str(match.decision), "score": match.score}, resources

    def _removed(self, connection: Connection, claimed: Claimed, parsed: Parsed, at: datetime) -> Sequence[Any]:
        if not parsed.deletions:
            return ()
        return self._facts.remove(connection, claimed.tenant, parsed.deletions, message=claimed.number, at=at)

    def _merged(self, connection: Connection, claimed: Claimed, merge: Merge, at: datetime) -> dict[str, Any]:
        """Two ids of the sender's are one person. An id that was never registered is noted too: what still comes
        under it belongs to the same person."""
        records = []
        for local_id in (merge.survivor, merge.retired):
            record = self._people.record_of(connection, claimed.tenant, local_id)
            if record is None:
                source = f"message/{claimed.key}"
                record = self._people.arrive(
                    connection, claimed.tenant, local_id, Demographics(), at=at, source=source
                ).record
            records.append(record)
        survivor, retired = records
        self._merge(connection, survivor, retired, claimed)
        return {"survivor": survivor, "retired": retired}


def _one_patient(parsed: Parsed) -> None:
    """Everything is about the patient of the message: what is about another would be stored as this one's. Raises
    ``Refused``."""
    for resource in parsed.resources:
        kind, meant = str(resource.get("resourceType")), patient_of(resource)
        if kind == "Patient":
            meant = str(resource.get("id", ""))
        if meant and meant != parsed.subject:
            raise Refused(UNREADABLE, kind, "引用了消息所述患者以外的患者")


def _sent(parsed: Parsed, received: datetime) -> datetime:
    """When it was said. A sender's clock that runs ahead of ours does not outrun what is sent next."""
    return received if parsed.sent is None else min(parsed.sent, received)


def _is_patient(resource: Json, subject: str) -> bool:
    return resource.get("resourceType") == "Patient" and resource.get("id") == subject


def _mentioned(patient: Json) -> bool:
    tags = (patient.get("meta") or {}).get("tag") or ()
    return any(tag.get("code") == _SUBSETTED for tag in tags)


def _counted(facts: Sequence[Fact]) -> dict[str, int]:
    """How many resources met which fate."""
    counts: dict[str, int] = {}
    for fact in facts:
        counts[fact.act] = counts.get(fact.act, 0) + 1
    return counts
