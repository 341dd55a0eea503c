"""Appeals against published results, and remarks between those who appraise and those who are appraised. What people
write is sealed: it may name somebody."""

from __future__ import annotations

import math
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import uuid4

from sqlalchemy import Engine, Row, insert, select, update

from base.keyring import KeyRing
from base.refusal import MissingError, TakenError
from supervision.appraisal.library import AppraisalError
from supervision.appraisal.reckoning import Adjustment, Outcome
from supervision.appraisal.runs import Runs, State
from supervision.appraisal.tables import appeals, remarks

_LEAST, _LONGEST = 5, 2_000


class Stand(StrEnum):
    """What became of an appeal."""

    OPEN = "open"
    UPHELD = "upheld"
    REJECTED = "rejected"


STANDS: Final = {Stand.OPEN: "待答复", Stand.UPHELD: "成立", Stand.REJECTED: "不成立"}


class Appeal(NamedTuple):
    """An appeal: which value somebody claims for an item and why, and what became of it."""

    id: str
    tenant: str
    run: str
    subject: str
    item: str
    claimed: float | None
    reason: str
    author: str
    at: datetime
    state: Stand
    value: float | None
    answer: str
    decided_by: str
    decided: datetime | None


class Remark(NamedTuple):
    """What somebody said of a result (绩效反馈)."""

    id: str
    run: str
    subject: str
    author: str
    at: datetime
    text: str


class Claim(NamedTuple):
    """What is appealed against."""

    run: str
    subject: str
    item: str
    reason: str
    claimed: float | None = None


class Appeals:
    """Appeals and remarks of whoever acts (``base.tenancy``)."""

    def __init__(self, engine: Engine, ring: KeyRing, kept: Runs) -> None:
        self._engine, self._ring, self._runs = engine, ring, kept

    def appeal(self, claim: Claim, author: str, now: datetime) -> Appeal:
        """Appeal against a line of a published result of one's own. Raises ``AppraisalError``, ``MissingError``."""
        (outcome,) = self._runs.results(claim.run, claim.subject)
        _appealable(claim, outcome)
        if self._runs.state(claim.run) is not State.PUBLISHED:
            raise AppraisalError("run", "该期考核不在公示期，不能申诉")
        number = str(uuid4())
        row = {"id": number, "tenant": outcome.subject.tenant, **claim._asdict(), "author": author[:80], "at": now}
        row |= {"reason": self._ring.seal(claim.reason.strip().encode(), number.encode()), "state": Stand.OPEN.value}
        row |= {"value": None, "answer": self._ring.seal(b"", _answer_bound(number)), "decided_by": ""}
        with self._engine.begin() as connection:
            connection.execute(insert(appeals).values(row))
        return self.one(number)

    def decide(
        self, number: str, upheld: bool, answer: str, by: str, now: datetime, value: float | None = None
    ) -> Appeal:
        """Answer an appeal; one that is upheld with a value has the run reckoned anew with it. Raises
        ``AppraisalError``, ``TakenError``."""
        found = self.one(number)
        if found.author == by:
            raise AppraisalError("by", "申诉须由申诉人以外的人答复")
        if not _LEAST <= len(answer.strip()) <= _LONGEST:
            raise AppraisalError("answer", f"须写明理由，{_LEAST} 到 {_LONGEST} 个字")
        if value is not None and not (upheld and math.isfinite(value)):
            raise AppraisalError("value", "只有申诉成立时才能更正数值，且须为有限的数")
        state = Stand.UPHELD if upheld else Stand.REJECTED
        sealed = self._ring.seal(answer.strip().encode(), _answer_bound(number))
        values = {"state": state.value, "answer": sealed, "decided_by": by[:80], "decided": now, "value": value}
        with self._engine.begin() as connection:
            open_ = (appeals.c.id == number, appeals.c.state == Stand.OPEN.value)
            if connection.execute(update(appeals).where(*open_).values(values)).rowcount != 1:
                raise TakenError("该申诉已由他人答复")
            if value is not None:
                self._runs.adjust(connection, found.run, found.subject, found.item, Adjustment(value, number))
        return self.one(number)

    def one(self, number: str) -> Appeal:
        """Raises ``MissingError``."""
        with self._engine.connect() as connection:
            row = connection.execute(select(appeals).where(appeals.c.id == number)).first()
        if row is None:
            raise MissingError("没有该申诉")
        return self._appeal(row)

    def listed(self, run: str = "", state: str = "", limit: int = 200) -> list[Appeal]:
        """Appeals within reach, the newest first."""
        c = appeals.c
        given = ((c.run, run), (c.state, state))
        query = select(appeals).where(*(column == value for column, value in given if value))
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(c.at.desc(), c.id).limit(limit)).all()
        return [self._appeal(row) for row in rows]

    def _appeal(self, row: Row[Any]) -> Appeal:
        named = {name: getattr(row, name) for name in Appeal._fields}
        named["reason"] = self._ring.unseal(row.reason, row.id.encode()).decode()
        named["answer"] = self._ring.unseal(row.answer, _answer_bound(row.id)).decode()
        return Appeal(**named | {"state": Stand(row.state)})

    # -- remarks -----------------------------------------------------------------------------

    def remark(self, run: str, subject: str, text: str, author: str, now: datetime) -> Remark:
        """Say something of a result. Raises ``AppraisalError``, ``MissingError``."""
        (outcome,) = self._runs.results(run, subject)
        said = text.strip()
        if not 0 < len(said) <= _LONGEST:
            raise AppraisalError("text", f"须有 1 到 {_LONGEST} 个字")
        number = str(uuid4())
        row: dict[str, Any] = {"id": number, "tenant": outcome.subject.tenant, "run": run, "subject": subject}
        row |= {"author": author[:80], "at": now, "text": self._ring.seal(said.encode(), number.encode())}
        with self._engine.begin() as connection:
            connection.execute(insert(remarks).values(row))
        return Remark(number, run, subject, author, now, said)

    def remarks(self, run: str, subject: str) -> list[Remark]:
        """What was said of a result, in order."""
        c = remarks.c
        query = select(remarks).where(c.run == run, c.subject == subject).order_by(c.at, c.id)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        texts = [self._ring.unseal(row.text, row.id.encode()).decode() for row in rows]
        return [Remark(r.id, r.run, r.subject, r.author, r.at, text) for r, text in zip(rows, texts, strict=True)]


def _appealable(claim: Claim, outcome: Outcome) -> None:
    if claim.item not in {line.item for line in outcome.lines}:
        raise AppraisalError("item", "该考核没有这项指标")
    if not _LEAST <= len(claim.reason.strip()) <= _LONGEST:
        raise AppraisalError("reason", f"须写明申诉理由，{_LEAST} 到 {_LONGEST} 个字")
    if claim.claimed is not None and not math.isfinite(claim.claimed):
        raise AppraisalError("claimed", "须为有限的数")


def _answer_bound(number: str) -> bytes:
    return f"{number}/answer".encode()
