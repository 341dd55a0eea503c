"""What the region knows of the person whose orders are reviewed: found within a time budget, held to what the person
lets others see, and given back as resources by institution.

A request names a patient by the id of its institution; that leads to the person and to all their records. Nothing is
asked while nobody has a record, and nothing waits longer than the budget: what could not be had in time is said to be
missing, never taken for nothing.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Row, bindparam, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from base.tenancy import system
from clinical.logic import Unknown
from clinical.person import Demographics
from clinical.value import Value
from records.consent import OPEN, Consents, flags, is_group, reaches, strictest
from records.identity import Identity
from records.identity_tables import opened, records
from records.registry import Directory, Registry
from records.store import Kept, Repository, Spans

_log = logging.getLogger(__name__)
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "medications": ("MedicationDispense", "MedicationRequest", "MedicationStatement"),
    "observations": ("Observation",),
    "reports": ("DiagnosticReport",),
    "conditions": ("Condition",),
    "procedures": ("Procedure",),
    "allergies": ("AllergyIntolerance",),
}
"""Lists of a patient's context and the types of resources they are made of."""
MONTHS: Final[Mapping[str, int]] = {
    "medications": 6,
    "observations": 12,
    "reports": 12,
    "conditions": 12,
    "procedures": 24,
    "allergies": 0,
}
"""How many months back each list reaches unless the settings say otherwise; 0: as far as there is anything."""
_MONTH: Final = timedelta(days=31)
_MOST: Final = 800
"""Facts of a person at most: the newest."""
_ALL: Final = 20_000
RESULTS: Final = (*KINDS["reports"], *KINDS["observations"])
"""Types of resources that say what was found."""
_EVER: Final = datetime(1900, 1, 1, tzinfo=UTC)
_THREADS: Final = 4
LATE, AWAY = "timeout", "unavailable"
"""Why nothing could be had."""


class Ask(Value, frozen=True):
    """Whose history is asked for: the patient's id in the institution that asks, which sees its own rows whatever the
    person withholds, and who they are by what was sent of them. ``emergency`` is the reason of an access that breaks
    the glass."""

    tenant: str
    local_id: str
    now: datetime
    who: Demographics | None = None
    emergency: str = ""


class Part(Value, frozen=True):
    """What one institution knows: its tenant path, its registered name, whether it is the one that asks and whether
    its results count there (互认)."""

    tenant: str
    institution: str
    own: bool
    recognised: bool
    resources: tuple[msgspec.Raw, ...]


class History(Value, frozen=True):
    """What the region knows of a person, by institution; ``missing`` says why it could not be had. As JSON it is kept
    with the request, so that asking again gives the same answer."""

    parts: tuple[Part, ...] = ()
    missing: str = ""

    def as_json(self) -> bytes:
        """Empty when it says nothing."""
        return msgspec.json.encode(self) if self.parts or self.missing else b""


NOTHING: Final = History()


def read_history(stored: bytes) -> History:
    """The history that ``as_json`` gave."""
    return msgspec.json.decode(stored, type=History) if stored else NOTHING


_own, _kin = records.alias("own"), records.alias("kin")
_KIN: Final = (
    select(_kin.c.id, _kin.c.tenant, _kin.c.local_id, _kin.c.person, _kin.c.sealed)
    .add_columns(flags.c.closed, flags.c.withheld, flags.c.confidential)
    .order_by(_kin.c.id)
)
"""Records of one person, with what was told through each of what others may see: one statement, since a review waits
for it."""
_BY_NUMBER: Final = _KIN.select_from(
    _own.join(_kin, _kin.c.person == _own.c.person).outerjoin(flags, flags.c.record == _kin.c.id)
).where(_own.c.tenant == bindparam("tenant"), _own.c.local_id == bindparam("local_id"))
_BY_PERSON: Final = _KIN.select_from(_kin.outerjoin(flags, flags.c.record == _kin.c.id)).where(
    _kin.c.person == bindparam("person")
)

_ANYBODY: Final = select(records.c.tenant, records.c.local_id).order_by(records.c.id.desc()).limit(1)


class Region:
    """Finds what other institutions know. ``months`` overrides ``MONTHS``; ``budget`` is in seconds, 0 for off. Call
    ``refresh`` every few seconds. ``consents`` is what other readers of the repository are held to as well."""

    def __init__(
        self,
        engine: Engine,
        persons: Identity,
        repository: Repository,
        months: Mapping[str, int] = MONTHS,
        budget: float = 0.03,
    ) -> None:
        # Nothing is written: without a transaction two round trips to the database are saved.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._persons, self._repository = persons, repository
        self.consents = Consents(persons, self.is_group)
        self._kinds, self._spans = _spans({**MONTHS, **months})
        self._budget = budget
        self._pool = ThreadPoolExecutor(_THREADS, "region")
        self._own = threading.local()
        self._connections: list[Connection] = []
        self._asking = 0
        self._closed = False
        self.awake = False
        self.directory = Directory()

    def is_group(self, tenant: str) -> bool:
        """Whether a tenant only holds institutions, as it is registered, else by its place in the tree."""
        registered = self.directory.is_group(tenant)
        return is_group(tenant) if registered is None else registered

    def refresh(self) -> None:
        """See whether there is anything to find by now, and who belongs to the league. Raises ``SQLAlchemyError``."""
        with system("who belongs to the league"), self._engine.connect() as connection:
            self.directory = Registry().directory(connection)
        if self._budget and not self.awake and not self._repository.is_empty():
            self._warm()
            self.awake = True

    def _warm(self) -> None:
        """Connections, statements, keys and dictionaries, so that the first doctor need not wait for them. What is
        read for it, of the newest record, is thrown away."""
        with system("warming up"), self._engine.connect() as connection:
            somebody = connection.execute(_ANYBODY).first()
        now = datetime.now(UTC)
        asks = [Ask("", "", now, Demographics(name="张三", birth="1900-01-01"))]
        asks += [Ask(somebody.tenant, somebody.local_id, now)] if somebody is not None else []
        with suppress(CancelledError, RuntimeError):  # closed meanwhile
            for job in [self._pool.submit(self._found, ask) for ask in asks * _THREADS]:
                job.result()

    def close(self) -> None:
        """Start nothing more, and give the connections back."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._give_back()

    def _give_back(self) -> None:
        with suppress(IndexError):  # several threads may give back at once
            while True:
                self._connections.pop().close()

    async def enrich(self, ask: Ask) -> History:
        """What is known of the person, within the budget; never raises. Nothing when nobody has a record."""
        if not self.awake:
            return NOTHING
        if self._asking >= _THREADS:  # the database is slow: waiting in line would only make everybody late
            return History(missing=LATE)
        self._asking += 1
        job = asyncio.get_running_loop().run_in_executor(self._pool, self._found, ask)
        job.add_done_callback(self._done)
        done, _ = await asyncio.wait({job}, timeout=self._budget)
        return job.result() if done else History(missing=LATE)

    def _done(self, job: Any) -> None:
        self._asking -= 1

    def _found(self, ask: Ask) -> History:
        if self._closed:
            return History(missing=AWAY)
        try:
            return self._tried(ask)
        except SQLAlchemyError as error:
            _log.error("regional history not read", extra={"error": type(error).__name__})
        except Exception as error:  # what helps a review must never stop it
            where = traceback.extract_tb(error.__traceback__)[-1]
            at = f"{where.filename}:{where.lineno}"
            _log.error("regional history failed", extra={"error": type(error).__name__, "at": at})
        return History(missing=AWAY)

    def _tried(self, ask: Ask) -> History:
        """Once more where the connection turned out to be broken: the server was restarted."""
        try:
            return self.history(ask)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            return self.history(ask)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """A connection that the thread keeps: fetching one from the pool asks the database whether it lives."""
        kept: Connection | None = getattr(self._own, "connection", None)
        if kept is None or kept.closed:
            kept = self._own.connection = self._engine.connect()
            self._connections.append(kept)
            if self._closed:  # meanwhile: nobody else would give it back
                self._give_back()
        try:
            yield kept
        except DBAPIError:
            self._own.connection = None
            if kept in self._connections:
                self._connections.remove(kept)
            kept.close()
            raise

    def history(self, ask: Ask) -> History:
        """What is known of the person, however long it takes. Raises ``SQLAlchemyError``."""
        with system("regional history for a review"), self._connected() as connection:
            return self._shared(connection, ask, lambda shown: self._kept(connection, shown, ask.now))

    def results(self, connection: Connection, ask: Ask, since: datetime) -> History:
        """What was found of the person from a time on and before ``ask.now``, for looking back at a review."""

        def kept(shown: Sequence[int]) -> list[Kept]:
            return self._repository.of_records(connection, shown, RESULTS, since, ask.now, _ALL) if shown else []

        return self._shared(connection, ask, kept)

    def _shared(self, connection: Connection, ask: Ask, read: Callable[[Sequence[int]], list[Kept]]) -> History:
        """Of what is read of the person's records what the person lets the institution see."""
        kin = self._kin(connection, ask)
        wishes = OPEN if ask.emergency else strictest(kin)
        shut = wishes.closed or wishes.confidential
        kept = read([row.id for row in kin if not shut or _is_own(row.tenant, ask)])
        shared = [k for k in kept if ask.emergency or _is_own(k.tenant, ask) or wishes.allow(k.category)]
        return History(tuple(self._parts(shared, ask)))

    def _kin(self, connection: Connection, ask: Ask) -> Sequence[Row[Any]]:
        """Records of the person: by the institution's number, unless that is somebody else's; else by who the patient
        is, when certain."""
        if ask.tenant:
            rows = connection.execute(_BY_NUMBER, {"tenant": ask.tenant, "local_id": ask.local_id}).all()
            own = next((row for row in rows if (row.tenant, row.local_id) == (ask.tenant, ask.local_id)), None)
            if own is not None and (ask.who is None or not _is_another(opened(self._persons.ring, own), ask.who)):
                return rows
        if ask.who is None or not ask.who.documents:  # a name alone never makes anybody certain
            return ()
        certain = {found.person for found in self._persons.find(connection, ask.who, 2) if found.certain}
        return connection.execute(_BY_PERSON, {"person": certain.pop()}).all() if len(certain) == 1 else ()

    def _kept(self, connection: Connection, shown: Sequence[int], now: datetime) -> list[Kept]:
        if not shown:
            return []
        since = [now - span if span else _EVER for span in self._spans]
        return self._repository.of_spans(connection, shown, self._kinds, since, _MOST)

    def _parts(self, kept: Iterable[Kept], ask: Ask) -> Iterable[Part]:
        by_tenant: dict[str, list[msgspec.Raw]] = {}
        for one in kept:
            by_tenant.setdefault(one.tenant, []).append(msgspec.Raw(one.resource))
        for tenant in sorted(by_tenant):
            registered = self.directory.organisation(tenant)
            recognised = self.directory.recognises(ask.tenant, tenant)
            name = registered.name if registered else ""
            yield Part(tenant, name, tenant == ask.tenant, recognised, tuple(by_tenant[tenant]))


def _is_own(tenant: str, ask: Ask) -> bool:
    return bool(ask.tenant) and reaches(tenant, (ask.tenant,))


def _is_another(known: Demographics, sent: Demographics) -> bool:
    """Whether two descriptions under one number cannot be of one patient: two systems of a hospital may number alike,
    and the history of a stranger is worse than none."""
    born, said = known.birth_date(), sent.birth_date()
    card, other = known.id_card(), sent.id_card()
    if card is not None and other is not None:
        return card.number != other.number
    return not isinstance(born, Unknown) and not isinstance(said, Unknown) and born != said


def _spans(months: Mapping[str, int]) -> tuple[Spans, tuple[timedelta, ...]]:
    """Groups of types of resources that reach back equally far, and how far."""
    by_length: dict[int, list[str]] = {}
    for name, kinds in KINDS.items():
        by_length.setdefault(months[name], []).extend(kinds)
    return tuple(tuple(kinds) for kinds in by_length.values()), tuple(length * _MONTH for length in by_length)


__all__ = ["AWAY", "KINDS", "LATE", "NOTHING", "RESULTS", "Ask", "History", "Part", "Region", "read_history"]
