"""Who belongs to the league: organisations, departments, practitioners.

Each has a number of ours that is never published, a key that is, and as many identifiers of others as they give it
(institution code, social credit code, HIS number, practising certificate). Every change is a version; two entries
that turn out to be one are merged, and parted again if that was wrong. This is a directory, not patients' data:
everybody in the league reads it, and an entry is written by who may write in its institution.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import uuid4

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from base.db import METADATA, NUMBER
from base.tenancy import TenancyError, above, current, tenant_path
from clinical.patient import Authority
from clinical.value import Value

ORGANISATION, DEPARTMENT, PRACTITIONER = "organisation", "department", "practitioner"
KINDS: Final = ("league", "county", "hospital", "clinic")
"""Kinds of organisations; the first two only hold others."""
_FEW: Final = 50
_LONGEST_NAME, _LONGEST_SYSTEM, _LONGEST_VALUE = 200, 160, 120

entries = Table(
    "registry_entry",
    METADATA,
    Column("id", NUMBER, primary_key=True, autoincrement=True),
    Column("key", String(36), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("version", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("merged_into", BigInteger),
    Column("body", LargeBinary, nullable=False),
    Index("registry_entry_tenant", "kind", "tenant"),
)
identifiers = Table(
    "registry_identifier",
    METADATA,
    Column("kind", String(16), primary_key=True),
    Column("system", String(_LONGEST_SYSTEM), primary_key=True),
    Column("value", String(_LONGEST_VALUE), primary_key=True),
    Column("entry", BigInteger, nullable=False),
    Index("registry_identifier_entry", "entry"),
)
names = Table(
    "registry_name",
    METADATA,
    Column("kind", String(16), primary_key=True),
    Column("name", String(_LONGEST_NAME), primary_key=True),
    Column("entry", BigInteger, primary_key=True, autoincrement=False),
    Index("registry_name_entry", "entry"),
)
versions = Table(
    "registry_version",
    METADATA,
    Column("entry", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("act", String(12), nullable=False),
    Column("actor", String(120), nullable=False),
    Column("why", String(200), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("body", LargeBinary, nullable=False),
)


class RegistryError(ValueError):
    """What cannot be registered as asked: ``field`` and what would be right."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem


class Identifier(Value, frozen=True):
    """What somebody calls an entry: unique among entries of a kind. ``system`` is a URI or OID."""

    system: str
    value: str


class Organisation(Value, frozen=True, tag=ORGANISATION):
    """An institution, or a league or county of them, at its place in the tree of tenants. ``level`` is 1 to 3
    (一级 to 三级), None while nobody said; ``recognition`` names the groups within which results count for each other
    (互认: 全国, 内蒙古, 盟域)."""

    tenant: str
    name: str
    aliases: tuple[str, ...] = ()
    kind: str = "hospital"
    level: int | None = None
    recognition: tuple[str, ...] = ()


class Department(Value, frozen=True, tag=DEPARTMENT):
    """A department of an institution; ``specialty`` is its code in the register of specialties (诊疗科目),
    ``part_of`` the key of the department it belongs to."""

    tenant: str
    name: str
    aliases: tuple[str, ...] = ()
    specialty: str = ""
    part_of: str = ""


class Employment(Value, frozen=True):
    """Where somebody works, in which department (key), from when until when."""

    tenant: str
    department: str = ""
    since: date | None = None
    until: date | None = None


class Practitioner(Value, frozen=True, tag=PRACTITIONER):
    """Somebody who treats: ``tenant`` is where they are registered first (第一执业地点), ``title`` in Chinese
    (主治医师), ``antimicrobial`` how far they may go with antimicrobials, ``controlled`` whether they may prescribe
    narcotics and psychotropics of the first class; None while nobody said."""

    tenant: str
    name: str
    aliases: tuple[str, ...] = ()
    title: str = ""
    antimicrobial: Authority | None = None
    controlled: bool | None = None
    employments: tuple[Employment, ...] = ()


Item: TypeAlias = Organisation | Department | Practitioner


class _Body(Value, frozen=True):
    """What a version holds, with the identifiers it had and, in a merge, the entry it was merged with."""

    item: Item
    identifiers: tuple[Identifier, ...] = ()
    other: int = 0


_read: Final = msgspec.json.Decoder(_Body).decode


class Entry(NamedTuple):
    """A registered item as it stands. ``key`` is how others may refer to it."""

    key: str
    version: int
    active: bool
    item: Item
    identifiers: tuple[Identifier, ...]


class Change(NamedTuple):
    """One version of an entry: what was done, by whom, when and why."""

    version: int
    act: str
    actor: str
    why: str
    at: datetime
    item: Item


def _kind(item: Item) -> str:
    return str(type(item).__struct_config__.tag)


class Registry:
    """Registers, changes and finds entries, in the caller's transaction."""

    # -- writing -----------------------------------------------------------------------------

    def register(
        self, connection: Connection, item: Item, known_as: Sequence[Identifier] = (), *, actor: str, why: str = ""
    ) -> Entry:
        """A new entry. Raises ``RegistryError`` when it is not complete or an identifier is taken."""
        _complete(item)
        key = str(uuid4())
        row = {"key": key, "kind": _kind(item), "tenant": item.tenant, "version": 1, "active": True}
        body = _Body(item, tuple(known_as))
        made = insert(entries).values(row | {"body": msgspec.json.encode(body)}).returning(entries.c.id)
        number = connection.execute(made).scalar_one()
        self._index(connection, number, body)
        _note(connection, number, 1, "register", actor, why, body)
        return Entry(key, 1, True, item, body.identifiers)

    def update(
        self,
        connection: Connection,
        key: str,
        item: Item,
        known_as: Sequence[Identifier] | None = None,
        *,
        actor: str,
        why: str = "",
        version: int | None = None,
        active: bool = True,
    ) -> Entry:
        """Another version of an entry; ``known_as`` stays unless given, ``version`` is the one that was looked at.
        Raises ``RegistryError``."""
        row = self._found(connection, key)
        before = _read(row.body)
        if version is not None and version != row.version:
            raise RegistryError("version", f"the entry was changed meanwhile: it stands at {row.version}")
        if _kind(item) != row.kind:
            raise RegistryError("item", f"this entry is of kind {row.kind}")
        _may_write(before.item.tenant)
        _complete(item)
        body = _Body(item, before.identifiers if known_as is None else tuple(known_as))
        if body == before and active == row.active:
            return _entry(row, before)
        self._change(connection, row, body, "update", actor, why, active=active)
        return Entry(row.key, row.version + 1, active, item, body.identifiers)

    def merge(self, connection: Connection, survivor: str, retired: str, *, actor: str, why: str) -> Entry:
        """Two entries are one: what the second was called now finds the first. Raises ``RegistryError``."""
        stays, goes = self._found(connection, survivor), self._found(connection, retired)
        if stays.id == goes.id or stays.kind != goes.kind:
            raise RegistryError("retired", "must be another entry of the same kind")
        kept, gone = _read(stays.body), _read(goes.body)
        _may_write(kept.item.tenant)
        _may_write(gone.item.tenant)
        retired_as = _Body(gone.item, gone.identifiers, stays.id)
        self._change(connection, goes, retired_as, "merge", actor, why, into=stays.id)
        aliases = tuple(dict.fromkeys((*kept.item.aliases, gone.item.name, *gone.item.aliases)))
        item = msgspec.structs.replace(kept.item, aliases=tuple(a for a in aliases if a != kept.item.name))
        body = _Body(item, tuple(dict.fromkeys((*kept.identifiers, *gone.identifiers))), goes.id)
        self._change(connection, stays, body, "merge", actor, why)
        return Entry(stays.key, stays.version + 1, True, item, body.identifiers)

    def split(self, connection: Connection, retired: str, *, actor: str, why: str) -> Entry:
        """Take a merge back: the entry stands for itself again, with what it was called before. Raises
        ``RegistryError`` when it is merged into none."""
        goes = self._row(connection, retired)
        if goes is None or goes.merged_into is None:
            raise RegistryError("retired", "is the key of no merged entry")
        stays = connection.execute(select(entries).where(entries.c.id == goes.merged_into)).one()
        back, kept = _read(goes.body), _read(stays.body)
        _may_write(kept.item.tenant)
        _may_write(back.item.tenant)
        called = {back.item.name, *back.item.aliases} - set(self._before(connection, stays.id, goes.id))
        item = msgspec.structs.replace(kept.item, aliases=tuple(a for a in kept.item.aliases if a not in called))
        own = tuple(i for i in kept.identifiers if i not in back.identifiers)
        self._change(connection, stays, _Body(item, own), "split", actor, why)
        self._change(connection, goes, _Body(back.item, back.identifiers), "split", actor, why)
        return Entry(goes.key, goes.version + 1, True, back.item, back.identifiers)

    def _before(self, connection: Connection, survivor: int, retired: int) -> tuple[str, ...]:
        """Aliases that the survivor had of its own before the merge."""
        query = select(versions).where(versions.c.entry == survivor).order_by(versions.c.version.desc())
        rows = [(row.act, _read(row.body)) for row in connection.execute(query)]
        merged = next(n for n, (act, body) in enumerate(rows) if act == "merge" and body.other == retired)
        return rows[merged + 1][1].item.aliases

    def _change(
        self,
        connection: Connection,
        row: Any,
        body: _Body,
        act: str,
        actor: str,
        why: str,
        *,
        active: bool = True,
        into: int | None = None,
    ) -> None:
        here = (entries.c.id == row.id, entries.c.version == row.version)
        values = {"tenant": body.item.tenant, "version": row.version + 1, "active": active and into is None}
        values |= {"merged_into": into, "body": msgspec.json.encode(body)}
        change = update(entries).where(*here).values(values)
        if connection.execute(change).rowcount != 1:
            raise RegistryError("version", "the entry was changed meanwhile: read it again")
        for table in (identifiers, names):
            connection.execute(delete(table).where(table.c.entry == row.id))
        if into is None:
            self._index(connection, row.id, body)
        _note(connection, row.id, row.version + 1, act, actor, why, body)

    def _index(self, connection: Connection, number: int, body: _Body) -> None:
        kind = _kind(body.item)
        called = {_plain(name) for name in (body.item.name, *body.item.aliases)} - {""}
        connection.execute(insert(names), [{"kind": kind, "name": name, "entry": number} for name in sorted(called)])
        for own in body.identifiers:
            if not (0 < len(own.system) <= _LONGEST_SYSTEM and 0 < len(own.value) <= _LONGEST_VALUE):
                told = f"need a system (up to {_LONGEST_SYSTEM} characters) and a value ({_LONGEST_VALUE})"
                raise RegistryError("identifiers", told)
            row = {"kind": kind, "system": own.system, "value": own.value, "entry": number}
            try:
                with connection.begin_nested():
                    connection.execute(insert(identifiers).values(row))
            except IntegrityError:
                raise RegistryError("identifiers", f"{own.system} {own.value} is another entry's") from None

    # -- reading -----------------------------------------------------------------------------

    def get(self, connection: Connection, key: str) -> Entry | None:
        """An entry by its key; what was merged gives what it was merged into."""
        row = self._row(connection, key)
        while row is not None and row.merged_into is not None:
            row = connection.execute(select(entries).where(entries.c.id == row.merged_into)).first()
        return None if row is None else _entry(row)

    def by_identifier(self, connection: Connection, kind: str, system: str, value: str) -> Entry | None:
        """The entry that somebody calls so."""
        here = (identifiers.c.kind == kind, identifiers.c.system == system, identifiers.c.value == value)
        row = connection.execute(select(entries).join(identifiers, identifiers.c.entry == entries.c.id).where(*here))
        found = row.first()
        return None if found is None else _entry(found)

    def find(
        self,
        connection: Connection,
        kind: str,
        text: str = "",
        *,
        tenant: str = "",
        after: str = "",
        limit: int = _FEW,
    ) -> list[Entry]:
        """Entries of a kind by a part of a name, in an institution and what is below it; a page by key."""
        query = select(entries).where(entries.c.kind == kind, entries.c.merged_into.is_(None))
        if text:
            called = names.c.name.contains(_plain(text), autoescape=True)
            query = query.where(entries.c.id.in_(select(names.c.entry).where(names.c.kind == kind, called)))
        if tenant:
            below = entries.c.tenant.startswith(f"{tenant}/", autoescape=True)
            query = query.where((entries.c.tenant == tenant) | below)
        if after:
            query = query.where(entries.c.key > after)
        return [_entry(row) for row in connection.execute(query.order_by(entries.c.key).limit(limit))]

    def history(self, connection: Connection, key: str) -> list[Change]:
        """Every version of an entry, the oldest first."""
        row = self._row(connection, key)
        if row is None:
            return []
        query = select(versions).where(versions.c.entry == row.id).order_by(versions.c.version)
        return [Change(v.version, v.act, v.actor, v.why, v.at, _read(v.body).item) for v in connection.execute(query)]

    def tenant_of(self, connection: Connection, text: str) -> str:
        """The tenant path of an organisation by path, name, alias or any identifier; empty when it is not clear."""
        return self.directory(connection).tenant_of(text)

    def directory(self, connection: Connection) -> Directory:
        """All organisations, to be asked without a database."""
        kind = (entries.c.kind == ORGANISATION, entries.c.merged_into.is_(None), entries.c.active.is_(True))
        bodies = connection.execute(select(entries.c.body).where(*kind).order_by(entries.c.id)).scalars()
        return Directory(_read(body) for body in bodies)

    def closed(self, connection: Connection, tenant: str) -> bool:
        """Whether an institution, or one above it, was closed: who works there is not let in."""
        parts = tenant.split("/")
        above = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
        here = (entries.c.kind == ORGANISATION, entries.c.tenant.in_(above), entries.c.active.is_(False))
        query = select(entries.c.id).where(*here, entries.c.merged_into.is_(None)).limit(1)
        return connection.execute(query).first() is not None

    def _row(self, connection: Connection, key: str) -> Any:
        return connection.execute(select(entries).where(entries.c.key == key)).first()

    def _found(self, connection: Connection, key: str) -> Any:
        row = self._row(connection, key)
        if row is None:
            raise RegistryError("key", "names no entry")
        if row.merged_into is not None:
            raise RegistryError("key", "names an entry that was merged into another")
        return row


class Directory:
    """Organisations of the league at one moment."""

    def __init__(self, bodies: Iterable[_Body] = ()) -> None:
        self._by_tenant: dict[str, Organisation] = {}
        self._called: dict[str, str] = {}
        for body in bodies:
            item = body.item
            assert isinstance(item, Organisation)
            self._by_tenant.setdefault(item.tenant, item)
            for text in (item.name, *item.aliases, *(i.value for i in body.identifiers)):
                known = self._called.setdefault(_plain(text), item.tenant)
                if known != item.tenant:
                    self._called[_plain(text)] = ""  # two of one name: neither is meant for certain

    def tenant_of(self, text: str) -> str:
        """The tenant path of an organisation by path, name, alias or identifier; empty when it is not clear which."""
        return text if text in self._by_tenant else self._called.get(_plain(text), "") if text else ""

    def organisation(self, tenant: str) -> Organisation | None:
        return self._by_tenant.get(tenant)

    def name(self, tenant: str) -> str:
        """What people call a tenant; the last part of its path while nobody registered it."""
        found = self._by_tenant.get(tenant)
        return found.name if found else tenant.rpartition("/")[2]

    def institution(self, tenant: str) -> str:
        """The registered institution that a tenant is or belongs to; empty for what only holds others or is
        nobody's."""
        nearest = next((path for path in reversed(above(tenant)) if path in self._by_tenant), "")
        return "" if self.is_group(nearest) else nearest

    def is_group(self, tenant: str) -> bool | None:
        """Whether a tenant only holds institutions; None when nobody registered it."""
        found = self._by_tenant.get(tenant)
        return None if found is None else found.kind in KINDS[:2]

    def recognises(self, here: str, there: str) -> bool:
        """Whether results of an institution count in another (互认): both are in one group."""
        mine, theirs = self._by_tenant.get(here), self._by_tenant.get(there)
        return bool(mine and theirs and not set(mine.recognition).isdisjoint(theirs.recognition))


def _complete(item: Item) -> None:
    """Raises ``RegistryError``, ``TenancyError`` when it is not the caller's to write."""
    try:
        tenant_path(item.tenant)
    except TenancyError as error:
        raise RegistryError("tenant", str(error)) from None
    if not _plain(item.name):
        raise RegistryError("name", "must not be empty")
    if any(len(name) > _LONGEST_NAME for name in (item.name, *item.aliases)):
        raise RegistryError("name", f"must have at most {_LONGEST_NAME} characters, as every alias")
    if isinstance(item, Organisation):
        if item.kind not in KINDS:
            raise RegistryError("kind", f"must be one of {', '.join(KINDS)}")
        if item.level not in (None, 1, 2, 3):
            raise RegistryError("level", "must be 1, 2 or 3 (一级, 二级, 三级)")
    _may_write(item.tenant)


def _may_write(tenant: str) -> None:
    scope = current()
    if scope is None or not scope.may_write(tenant):
        raise TenancyError("registry_entry: an entry of an institution outside the scope")


def _note(connection: Connection, number: int, version: int, act: str, actor: str, why: str, body: _Body) -> None:
    row = {"entry": number, "version": version, "act": act, "actor": actor, "why": why, "at": datetime.now(UTC)}
    connection.execute(insert(versions).values(row | {"body": msgspec.json.encode(body)}))


def _entry(row: Any, body: _Body | None = None) -> Entry:
    known = body or _read(row.body)
    return Entry(row.key, row.version, row.active, known.item, known.identifiers)


def _plain(text: str) -> str:
    """A name or code as it is compared: width, case, blanks and brackets do not matter."""
    wide = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in wide if character.isalnum())
