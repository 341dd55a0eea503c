"""Prescription comment (处方点评): samplings, who comments on which prescription, and what they found.

Every change compares the version it was based on, inside one transaction, so that two people can never both
judge one item. What a prescription says, the reasons and the words of a problem may name a patient: they are
sealed with SM4 and bound to their place.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec
import orjson
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
    Text,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from base.db import METADATA, OWN
from base.keyring import KeyRing
from records.comment_items import (
    Item,
    Judgement,
    MissingCommentError,
    Result,
    Round,
    Status,
    TakenError,
    Typed,
    check_name,
    checked,
    may_judge,
    same_version,
)
from records.prescriptions import Prescriptions, Read
from records.sampling import NAME_LENGTH, CommentError, Plan, Problem, Sheet, Unit, draw

rounds = Table(
    "comment_round",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("source", String(12), nullable=False),
    Column("status", String(12), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("created_by", String(80), nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    Column("institutions", Text, nullable=False),
    Column("department", String(120), nullable=False),
    Column("concepts", Text, nullable=False),
    Column("method", String(20), nullable=False),
    Column("seed", String(64), nullable=False),
    Column("size", Integer),
    Column("permille", Float),
    Column("least", Integer, nullable=False),
    Column("population", Integer, nullable=False),
    Column("unreadable", Integer, nullable=False),
    Column("tenant", String(200), nullable=False, default=""),
    Index("comment_round_created", "created"),
    info=OWN,
)
items = Table(
    "comment_item",
    METADATA,
    Column("round", String(36), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("review", String(36), nullable=False),
    Column("once", String(36)),
    Column("institution", String(120), nullable=False),
    Column("department", String(120), nullable=False),
    Column("prescriber", String(80), nullable=False),
    Column("issued", DateTime(timezone=True), nullable=False),
    Column("assignee", String(80), nullable=False),
    Column("status", String(12), nullable=False),
    Column("result", String(12), nullable=False),
    Column("version", Integer, nullable=False),
    Column("judged", DateTime(timezone=True)),
    Column(
        "reason", LargeBinary, nullable=False, info={"bound": lambda row: _place(row.round, row.number, "reason")}
    ),
    Column("amount", Float),
    Column("essential", Integer),
    Column("generic", Integer),
    Column("sheet", LargeBinary, nullable=False, info={"bound": lambda row: _place(row.round, row.number, "sheet")}),
    Index("comment_item_review", "review"),
    Index("comment_item_once", "once", unique=True),
)
problems = Table(
    "comment_problem",
    METADATA,
    Column("round", String(36), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("code", String(8), nullable=False),
    Column("drug", String(160), nullable=False),
    Column(
        "text", LargeBinary, nullable=False, info={"bound": lambda row: _place(row.round, row.number, str(row.place))}
    ),
    Index("comment_problem_code", "code"),
)


class Comments:
    """Samplings in the database. ``key`` (16 bytes) seals what may name a patient."""

    def __init__(self, engine: Engine, ring: KeyRing, prescriptions: Prescriptions) -> None:
        self._engine, self._ring, self._prescriptions = engine, ring, prescriptions

    # -- sampling --------------------------------------------------------------------------

    def sample(self, plan: Plan, read: Read, now: datetime) -> Round:
        """Draw a sample and store it with its sheets. Raises ``CommentError`` when there is nothing to draw
        or the plan cannot be followed, ``TakenError`` when another sampling took the same at that moment."""
        plan = plan.checked()
        seed = plan.seed.strip() or secrets.token_hex(8)
        found, unreadable = self._prescriptions.population(plan, read)
        units = found.units()
        drawn = draw(units, plan, seed, () if plan.again else self._taken())
        if not drawn:
            unread = f"，另有 {unreadable} 张无法读取" if unreadable else ""
            raise CommentError(f"抽样范围内没有可抽取的处方 (符合条件 {len(units)} 张{unread})")
        sheets = self._prescriptions.sheets(plan.source, drawn, read)
        row = _round_row(plan, seed, now, len(units), unreadable)
        rows = [self._item_row(row["id"], n, unit, sheets[unit.id], plan) for n, unit in enumerate(drawn, start=1)]
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(rounds), [row])
                connection.execute(insert(items), rows)
        except IntegrityError:
            raise TakenError("部分处方刚被另一次抽样抽中，请重新抽样") from None
        return self.round(row["id"])

    def _taken(self) -> set[str]:
        with self._engine.connect() as connection:
            return set(connection.execute(select(items.c.review)).scalars())

    def _item_row(self, round_id: str, number: int, unit: Unit, sheet: Sheet, plan: Plan) -> dict[str, Any]:
        turn = plan.reviewers[(number - 1) % len(plan.reviewers)] if plan.reviewers else ""
        return {
            "round": round_id,
            "number": number,
            "review": unit.id,
            "once": None if plan.again else unit.id,
            "institution": unit.institution[:120],
            "department": unit.department[:120],
            "prescriber": unit.prescriber[:NAME_LENGTH],
            "issued": unit.at,
            "assignee": turn,
            "status": Status.OPEN.value,
            "result": "",
            "version": 1,
            "reason": b"",
            "sheet": self._ring.seal(msgspec.json.encode(sheet), _place(round_id, number, "sheet")),
        }

    # -- judging ---------------------------------------------------------------------------

    def judge(self, round_id: str, number: int, given: Judgement) -> Item:
        """Say whether a prescription is reasonable. Raises ``MissingCommentError``, ``TakenError`` or
        ``CommentError`` with what is wrong."""
        with self._engine.begin() as connection:
            self._hold_open(connection, round_id)
            found = self._item(connection, round_id, number)
            may_judge(found, given)
            told = checked(found, given)
            self._change(connection, found, self._judged(found, given))
            here = (problems.c.round == round_id, problems.c.number == number)
            connection.execute(delete(problems).where(*here))
            if told:
                connection.execute(insert(problems), list(self._problem_rows(found, told)))
            return self._item(connection, round_id, number)

    def assign(self, round_id: str, number: int, to: str, version: int | None = None) -> Item:
        """Hand an item that nobody judged yet to somebody. Raises like ``judge``."""
        check_name(to)
        with self._engine.begin() as connection:
            self._hold_open(connection, round_id)
            found = self._item(connection, round_id, number)
            same_version(found, version)
            if found.status is Status.JUDGED:
                raise TakenError(f"第 {number} 号处方已由 {found.assignee} 点评，不能再分配")
            self._change(connection, found, {"assignee": to})
            return self._item(connection, round_id, number)

    def close(self, round_id: str, version: int | None = None) -> Round:
        """End a sampling when every item is judged; nothing of it changes any more. Raises like ``judge``."""
        with self._engine.begin() as connection:
            self._hold_open(connection, round_id)
            found = self._round(connection, round_id)
            if version is not None and version != found.version:
                raise TakenError(f"该次抽样已被更新 (版本 {found.version}，你看到的是 {version})，请刷新后再操作")
            if found.judged < found.sampled:
                raise CommentError(f"还有 {found.sampled - found.judged} 张处方未点评，不能结束")
            closed = {"status": Status.CLOSED.value, "version": found.version + 1}
            moved = connection.execute(
                update(rounds).where(rounds.c.id == round_id, rounds.c.version == found.version).values(closed)
            )
            if moved.rowcount != 1:
                raise TakenError("该次抽样刚被他人更新，请刷新后再操作")
            return self._round(connection, round_id)

    def _hold_open(self, connection: Connection, round_id: str) -> None:
        """Lock an open sampling until the transaction ends: a judgement never lands in a closed one."""
        held = connection.execute(
            update(rounds)
            .where(rounds.c.id == round_id, rounds.c.status == Status.OPEN.value)
            .values(version=rounds.c.version)
        )
        if held.rowcount != 1:
            self._round(connection, round_id)
            raise CommentError("该次点评已结束，不能再修改")

    def _change(self, connection: Connection, found: Item, changed: dict[str, Any]) -> None:
        this = (items.c.round == found.round, items.c.number == found.number, items.c.version == found.version)
        moved = connection.execute(update(items).where(*this).values(changed | {"version": found.version + 1}))
        if moved.rowcount != 1:
            raise TakenError(f"第 {found.number} 号处方刚被他人处理，请刷新后再操作")

    def _judged(self, found: Item, given: Judgement) -> dict[str, Any]:
        place = _place(found.round, found.number, "reason")
        typed, before = given.typed, found.typed
        return {
            "assignee": given.by,
            "status": Status.JUDGED.value,
            "result": given.result.value,
            "judged": given.at,
            "reason": self._ring.seal(given.reason.encode(), place) if given.reason else b"",
            "amount": before.amount if typed.amount is None else typed.amount,
            "essential": before.essential if typed.essential is None else typed.essential,
            "generic": before.generic if typed.generic is None else typed.generic,
        }

    def _problem_rows(self, found: Item, told: Iterable[Problem]) -> Iterator[dict[str, Any]]:
        for number, problem in enumerate(told):
            place = _place(found.round, found.number, str(number))
            yield {
                "round": found.round,
                "number": found.number,
                "place": number,
                "code": problem.code,
                "drug": problem.drug[:160],
                "text": self._ring.seal(problem.text.encode(), place) if problem.text else b"",
            }

    # -- reading ---------------------------------------------------------------------------

    def rounds(self, limit: int = 50) -> list[Round]:
        """Samplings, the newest first."""
        query = select(rounds.c.id).order_by(rounds.c.created.desc(), rounds.c.id).limit(limit)
        with self._engine.connect() as connection:
            return [self._round(connection, i) for i in connection.execute(query).scalars().all()]

    def round(self, round_id: str) -> Round:
        """One sampling. Raises ``MissingCommentError``."""
        with self._engine.connect() as connection:
            return self._round(connection, round_id)

    def items(self, round_id: str, assignee: str = "", status: str = "") -> list[Item]:
        """The items of a sampling in order, of one person or status when given."""
        query = select(items).where(items.c.round == round_id).order_by(items.c.number)
        query = query.where(items.c.assignee == assignee) if assignee else query
        query = query.where(items.c.status == status) if status else query
        with self._engine.connect() as connection:
            told = self._problems(connection, problems.c.round == round_id)
            return [self._item_of(row, told.get(row.number, ())) for row in connection.execute(query)]

    def item(self, round_id: str, number: int) -> Item:
        """One item. Raises ``MissingCommentError``."""
        with self._engine.connect() as connection:
            return self._item(connection, round_id, number)

    def _round(self, connection: Connection, round_id: str) -> Round:
        row = connection.execute(select(rounds).where(rounds.c.id == round_id)).first()
        if row is None:
            raise MissingCommentError(f"没有编号为 {round_id} 的点评抽样")
        counted = select(items.c.status, func.count()).where(items.c.round == round_id).group_by(items.c.status)
        counts = {row[0]: row[1] for row in connection.execute(counted)}
        given = dict(row._mapping) | {"status": Status(row.status)}
        given |= {name: tuple(orjson.loads(given[name])) for name in ("institutions", "concepts")}
        return Round(**given, sampled=sum(counts.values()), judged=counts.get(Status.JUDGED.value, 0))

    def _item(self, connection: Connection, round_id: str, number: int) -> Item:
        here = (items.c.round == round_id, items.c.number == number)
        row = connection.execute(select(items).where(*here)).first()
        if row is None:
            raise MissingCommentError(f"该次点评抽样没有第 {number} 号处方")
        told = self._problems(connection, problems.c.round == round_id, problems.c.number == number)
        return self._item_of(row, told.get(number, ()))

    def _problems(self, connection: Connection, *where: Any) -> dict[int, tuple[Problem, ...]]:
        """Problems by number of item, in the order they were told."""
        found: dict[int, tuple[Problem, ...]] = {}
        for row in connection.execute(select(problems).where(*where).order_by(problems.c.place)):
            text = self._opened(row.text, _place(row.round, row.number, str(row.place)))
            found[row.number] = (*found.get(row.number, ()), Problem(row.code, row.drug, text))
        return found

    def _item_of(self, row: Any, told: tuple[Problem, ...]) -> Item:
        sheet = self._ring.unseal(row.sheet, _place(row.round, row.number, "sheet"))
        return Item(
            row.round,
            row.number,
            row.review,
            row.institution,
            row.department,
            row.prescriber,
            row.issued,
            row.assignee,
            Status(row.status),
            Result(row.result) if row.result else None,
            row.version,
            row.judged,
            self._opened(row.reason, _place(row.round, row.number, "reason")),
            Typed(row.amount, row.essential, row.generic),
            msgspec.json.decode(sheet, type=Sheet),
            told,
        )

    def _opened(self, sealed: bytes, place: bytes) -> str:
        return self._ring.unseal(sealed, place).decode() if sealed else ""


def _round_row(plan: Plan, seed: str, now: datetime, population: int, unreadable: int) -> dict[str, Any]:
    plain = ("name", "kind", "since", "until", "department", "size", "permille", "least", "tenant")
    return {name: getattr(plan, name) for name in plain} | {
        "id": str(uuid4()),
        "source": plan.source.value,
        "status": Status.OPEN.value,
        "version": 1,
        "created": now,
        "created_by": plan.by,
        "institutions": orjson.dumps(plan.institutions).decode(),
        "concepts": orjson.dumps(plan.concepts).decode(),
        "method": plan.method.value,
        "seed": seed,
        "population": population,
        "unreadable": unreadable,
    }


def _place(round_id: str, number: int, what: str) -> bytes:
    return f"{round_id}/{number}/{what}".encode()
