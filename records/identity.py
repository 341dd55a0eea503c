"""Who is who across institutions (主索引): every record that arrives finds its person, or becomes a new one.

Matching is the league's own work and looks at all institutions (``system``); what somebody reads is held to their
scope. All of a call is part of the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, Row, or_, select

from base.keyring import KeyRing
from base.tenancy import TenancyError, current, system
from clinical.logic import Unknown
from clinical.person import Demographics
from clinical.value import Value
from records import identity_changes as changes
from records import identity_store as store
from records import identity_tables as tables
from records.identity_arrivals import Arrivals, Decision, Match, check
from records.identity_changes import OPEN, Cause, DecidedError, IdentityError, MissingPersonError
from records.identity_numbers import NumberError, number_of, person_of
from records.identity_search import Candidate, Grade, Search
from records.identity_tables import Entry, Kept
from records.matching import DEFAULT, Field, Weights
from records.profiles import blocks, profile

_WHY: Final = "who is who"
_MOST_FOUND: Final = 500


class PersonRecord(NamedTuple):
    """A record of a person: in which institution, under which number."""

    id: int
    tenant: str
    local_id: str


class Pair(Value, frozen=True):
    """Two records that somebody must look at, or looked at: both sides, and what speaks for and against."""

    number: int
    status: str
    rule: str
    score: float
    fields: tuple[Field, ...]
    opened: datetime
    first: Kept
    second: Kept
    decided: datetime | None = None
    decided_by: str = ""


class Told(Value, frozen=True):
    """One entry of a history."""

    number: int
    at: datetime
    actor: str
    role: str
    act: str
    rule: str
    person: int
    other: int | None
    record: int | None
    score: float | None
    detail: dict[str, Any]
    why: str


class Identity:
    """The index of persons. ``league`` is the tenant above all institutions; ``weights`` what fields weigh."""

    def __init__(self, engine: Engine, ring: KeyRing, league: str, weights: Weights = DEFAULT) -> None:
        self.engine, self.ring, self.league, self.weights = engine, ring, league, weights
        self.search = Search(ring, weights)
        self._arrivals = Arrivals(ring, league, self.search)

    # -- taking in -----------------------------------------------------------------------------

    def arrive(
        self, connection: Connection, tenant: str, local_id: str, given: Demographics, *, at: datetime, source: str
    ) -> Match:
        """Take in what an institution says of one of its patients. Two workers that take in one new person at once
        make one: whoever comes second waits for the first transaction. What a message leaves out stays as it was, an
        older message fills gaps only. Raises ``IdentityError`` naming a field that cannot be taken."""
        check(tenant, local_id, given)
        with system(_WHY):
            return self._arrivals.take(connection, Entry(tenant, local_id, given, at, source=source))

    def enrol(self, connection: Connection, entries: Sequence[Entry]) -> list[int]:
        """Store many records at once without matching any: for a first load, whose duplicates batch linkage finds.
        Gives their ids. Numbers must be new to their institution. Raises ``IdentityError``."""
        for entry in entries:
            check(entry.tenant, entry.local_id, entry.given)
        with system("first load of persons"):
            profiles = [profile(entry.given, entry.tenant) for entry in entries]
            return store.enrol(connection, self.ring, self.league, entries, profiles)

    # -- asking --------------------------------------------------------------------------------

    def find(self, connection: Connection, given: Demographics, limit: int = 10) -> list[Candidate]:
        """Persons whom a description may mean, the surest first, with score and grade; stores nothing."""
        with system(_WHY):
            return self.search.candidates(connection, profile(given, self.league), limit)

    def look_up(self, connection: Connection, given: Demographics, limit: int = 50) -> list[Kept]:
        """Records that say all of this: name, documents, cards and phones as they are, sex and birth beside them.
        Visible are those of the scope. Raises ``IdentityError`` when nothing is given to search by."""
        wanted = profile(given, self.league)
        named = [block for block in blocks(wanted) if block.purpose in ("id-card", "name", "phone")]
        named += [block for block in blocks(wanted) if block.purpose.startswith(("document/", "card/"))]
        if not named:
            raise IdentityError("请至少给出姓名、证件号码、卡号、电话之一")
        taken = [tables.key_of(self.ring, block) for block in named]
        found = store.sharing_all(connection, self.ring, taken, _MOST_FOUND)
        fitting = [one for one in found if _says(one.given, given)]
        return sorted(fitting, key=lambda one: one.id)[:limit]

    def record_of(self, connection: Connection, tenant: str, local_id: str) -> int | None:
        """The record that an institution knows under a number."""
        query = select(tables.records.c.id)
        return connection.execute(query.where(*_local(tenant, local_id))).scalar()

    def person_of(self, connection: Connection, record: int) -> int:
        """Whose record it is. Raises ``MissingPersonError``."""
        query = select(tables.records.c.person).where(tables.records.c.id == record)
        person = connection.execute(query).scalar()
        if person is None:
            raise MissingPersonError("没有该档案")
        return int(person)

    def records_of(self, connection: Connection, person: int) -> list[PersonRecord]:
        """All records of a person that the scope reaches: the identifiers of all institutions."""
        columns = (tables.records.c.id, tables.records.c.tenant, tables.records.c.local_id)
        query = select(*columns).where(tables.records.c.person == person).order_by(tables.records.c.id)
        return [PersonRecord(*row) for row in connection.execute(query)]

    def described(self, connection: Connection, person: int) -> list[Kept]:
        """Records of a person that the scope reaches, opened. Raises ``MissingPersonError`` when it reaches none."""
        found = store.of_persons(connection, self.ring, [person])
        if not found:
            raise MissingPersonError("没有此人的档案，或不在您的权限范围内")
        return found

    def number(self, person: int) -> str:
        """The outward number of a person."""
        return number_of(self.ring, person)

    def by_number(self, connection: Connection, number: str) -> int:
        """The person behind an outward number; of a merged one, who it is now. Raises ``MissingPersonError``."""
        try:
            person = person_of(self.ring, number)
        except NumberError as error:
            raise MissingPersonError(str(error)) from None
        query = select(tables.persons.c.merged_into).where(tables.persons.c.id == person)
        with system(_WHY):
            row = connection.execute(query).first()
        if row is None:
            raise MissingPersonError("没有此人的主索引")
        return person if row.merged_into is None else int(row.merged_into)

    # -- changing ------------------------------------------------------------------------------

    def merge(self, connection: Connection, survivor: int, retired: int, cause: Cause) -> None:
        """Somebody says that two persons are one. Raises ``IdentityError``, ``TenancyError`` when they have records
        beyond the scope."""
        _needs_reason(cause)
        self._may_change(connection, survivor, retired)
        with system(_WHY):
            changes.merge(connection, self.ring, self.league, survivor, retired, cause)

    def split(self, connection: Connection, person: int, records: Sequence[int], cause: Cause) -> int:
        """Somebody says that some records are another person's; gives the new person. Raises as ``merge`` does."""
        _needs_reason(cause)
        self._may_change(connection, person)
        with system(_WHY):
            return changes.split(connection, self.ring, self.league, person, records, cause)

    def decide(self, connection: Connection, review: int, same: bool, cause: Cause) -> None:
        """Somebody says whether two records of the queue are one person; they are not asked about again. Raises
        ``MissingPersonError`` when the scope does not reach the pair, ``DecidedError`` when another was first."""
        _needs_reason(cause)
        seen = select(tables.reviews.c.first, tables.reviews.c.second).where(tables.reviews.c.number == review)
        pair = connection.execute(seen).first()
        if pair is None:
            raise MissingPersonError("没有该条待审核记录，或不在您的权限范围内")
        self._may_change(connection, *{self.person_of(connection, record) for record in pair})
        with system(_WHY):
            changes.decide(connection, self.ring, self.league, review, same, cause)

    def join(self, connection: Connection, survivor: int, retired: int, cause: Cause) -> bool:
        """An institution says that two of its records (ids) are of one person (HL7 A40). Not done, and False, where
        somebody decided that they are not."""
        with system(_WHY):
            first, second = (self.person_of(connection, record) for record in (survivor, retired))
            if first == second:
                return True
            if changes.DIFFERENT in changes.standings(connection, first, second):
                return False
            changes.merge(connection, self.ring, self.league, first, second, cause)
            return True

    def _may_change(self, connection: Connection, *whose: int) -> None:
        """Who changes a person must be allowed to change all of their records. Raises ``TenancyError``."""
        scope = current()
        with system(_WHY):
            theirs = select(tables.records.c.tenant).where(tables.records.c.person.in_(whose)).distinct()
            tenants = connection.execute(theirs).scalars().all()
        if scope is None or not all(scope.may_write(tenant) for tenant in tenants):
            raise TenancyError("person: has records of a tenant outside the scope")

    # -- queue and history -----------------------------------------------------------------------

    def queue(
        self, connection: Connection, status: str = OPEN, limit: int = 50, after: int = 0, least: float = -1000.0
    ) -> list[Pair]:
        """Pairs whose both sides the scope reaches and that score at least so much, by number, past ``after``."""
        wanted = (tables.reviews.c.status == status, tables.reviews.c.score >= least)
        query = select(tables.reviews).where(*wanted, tables.reviews.c.number > after)
        rows = connection.execute(query.order_by(tables.reviews.c.number).limit(limit)).all()
        ids = [record for row in rows for record in (row.first, row.second)]
        sides = {one.id: one for one in store.by_ids(connection, self.ring, ids)}
        return [_pair(row, sides) for row in rows if row.first in sides and row.second in sides]

    def history(self, connection: Connection, person: int) -> list[Told]:
        """What happened to a person and to those merged into them, in order, as far as the scope reaches."""
        with system(_WHY):
            merged = connection.execute(select(tables.persons.c.id).where(tables.persons.c.merged_into == person))
            whose = [person, *merged.scalars()]
        mine = or_(tables.events.c.person.in_(whose), tables.events.c.other.in_(whose))
        query = select(tables.events).where(mine).order_by(tables.events.c.number)
        return [self._told(row) for row in connection.execute(query)]

    def versions(self, connection: Connection, record: int) -> list[tuple[int, datetime, str, Demographics]]:
        """What an institution said before: (version, since when, source, demographics), the oldest first."""
        query = select(tables.versions).where(tables.versions.c.record == record).order_by(tables.versions.c.version)
        rows = connection.execute(query)
        return [(row.version, row.at, row.source, tables.opened(self.ring, row)) for row in rows]

    def _told(self, row: Row[Any]) -> Told:
        detail = msgspec.json.decode(row.detail) if row.detail else {}
        values = (row.number, row.at, row.actor, row.role, row.act, row.rule, row.person, row.other)
        return Told(*values, row.record, row.score, detail, tables.why_of(self.ring, row))


def _local(tenant: str, local_id: str) -> tuple[Any, ...]:
    return tables.records.c.tenant == tenant, tables.records.c.local_id == local_id


def _needs_reason(cause: Cause) -> None:
    if not cause.why.strip():
        raise IdentityError("why: 须填写理由")


def _says(given: Demographics, wanted: Demographics) -> bool:
    """Whether a record says of sex and birth what is wanted, or nothing."""
    sexes = isinstance(wanted.sex, Unknown) or isinstance(given.sex, Unknown) or wanted.sex is given.sex
    return sexes and (not wanted.birth or not given.birth or given.birth.startswith(wanted.birth))


def _pair(row: Row[Any], sides: dict[int, Kept]) -> Pair:
    fields = tuple(msgspec.json.decode(row.fields, type=list[Field]))
    return Pair(
        row.number, row.status, row.rule, row.score, fields, row.opened, sides[row.first],
        sides[row.second], row.decided, row.decided_by,
    )  # fmt: skip


__all__ = [
    "Candidate",
    "Cause",
    "DecidedError",
    "Decision",
    "Entry",
    "Grade",
    "Identity",
    "IdentityError",
    "Kept",
    "Match",
    "MissingPersonError",
    "Pair",
    "PersonRecord",
    "Told",
]
