"""Code systems: standards of the league and dictionaries of hospitals, in whole versions that are never overwritten.

A version is made as a draft, filled, and activated; of a standard by somebody else than its author. What is active is
used, what was active before stays for comparing. ``lookup`` and ``validate_code`` answer as FHIR's operations ask.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Connection, Engine, Select, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from base.db import insert_many
from base.tenancy import above, current, may_write, system
from clinical.codes import Oid
from knowledge.naming import normal_name
from records.code_tables import concepts, systems, versions

DRAFT, ACTIVE, RETIRED = "draft", "active", "retired"
SUBJECTS: Final = {
    "disease": "疾病诊断",
    "procedure": "手术操作",
    "drug": "药品",
    "lab": "检验",
    "exam": "检查",
    "symptom": "症状",
    "department": "科室",
    "other": "其他值域",
}
_ID: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,58}")
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,38}")
_URI: Final = re.compile(r"[a-z][a-z0-9+.-]{1,15}:\S{1,180}")
_MOST: Final = 1_000_000
_CHUNK: Final = 500


class TermError(ValueError):
    """A code system, concept, value set or map that cannot be as asked: ``field`` and what would be right."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem


class MissingTermError(TermError):
    """There is no such code system, version, concept or value set."""


class Outcome(StrEnum):
    """Of validating a code."""

    VALID = "valid"
    UNKNOWN_SYSTEM = "unknown-system"
    UNKNOWN_CODE = "unknown-code"
    INACTIVE = "inactive"
    WRONG_DISPLAY = "wrong-display"


class CodeSystem(NamedTuple):
    """A code system; ``uri`` is the one it is sent under, ``oid`` without prefix."""

    tenant: str
    id: str
    uri: str
    title: str
    oid: str = ""
    publisher: str = ""
    standard: bool = False
    subject: str = "other"


class Version(NamedTuple):
    system: str
    version: str
    state: str
    author: str
    made: datetime
    activated_by: str
    activated: datetime | None
    note: str
    size: int


class Concept(NamedTuple):
    """A code with what it means. ``parent`` is the code above it, empty at the top."""

    code: str
    display: str
    parent: str = ""
    synonyms: tuple[str, ...] = ()
    properties: Mapping[str, str] = {}
    active: bool = True


class Lookup(NamedTuple):
    """What ``$lookup`` tells of a code."""

    system: CodeSystem
    version: str
    concept: Concept
    children: tuple[str, ...]


class Validation(NamedTuple):
    """What ``$validate-code`` tells: ``display`` is the right one."""

    outcome: Outcome
    display: str = ""
    message: str = ""

    @property
    def result(self) -> bool:
        return self.outcome is Outcome.VALID


class Difference(NamedTuple):
    """What a version changed: codes added, removed, and changed with old and new display."""

    added: tuple[Concept, ...]
    removed: tuple[Concept, ...]
    changed: tuple[tuple[Concept, Concept], ...]


class CodeSystems:
    """Code systems as whoever acts sees them: their own and below, and the standards of all above."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- systems -----------------------------------------------------------------------------

    def register(self, given: CodeSystem, at: datetime) -> CodeSystem:
        """Make a code system, or change title, OID and publisher of one. Raises ``TermError``."""
        _checked(given)
        with self._engine.begin() as connection:
            here = (systems.c.tenant == given.tenant, systems.c.id == given.id)
            row = given._asdict()
            known = connection.execute(select(systems).where(*here)).first()
            other = select(systems.c.id).where(systems.c.tenant == given.tenant, systems.c.uri == given.uri)
            if connection.execute(other.where(systems.c.id != given.id)).first():
                raise TermError("uri", "本机构已有使用该标识的编码系统")
            if known is None:
                _insert(connection, systems, row | {"made": at})
            elif (known.uri, known.standard) != (given.uri, given.standard):
                raise TermError("uri", "标识 (uri) 和是否为标准不能修改，请另建编码系统")
            else:
                connection.execute(update(systems).where(*here).values(row))
        return given

    def listed(self, tenant: str, text: str = "", standard: bool | None = None) -> list[CodeSystem]:
        """Code systems that a tenant may use: its own, those of all above, and those below it in scope."""
        query = select(systems).where(_readable(systems, tenant))
        if text:
            query = query.where(or_(systems.c.title.contains(text, autoescape=True), systems.c.oid == text))
        if standard is not None:
            query = query.where(systems.c.standard.is_(standard))
        return [_system(row) for row in self._read(query.order_by(systems.c.tenant, systems.c.id))]

    def named(self, tenant: str, name: str) -> CodeSystem:
        """A code system by id, URI or OID, the nearest to the tenant. Raises ``MissingTermError``."""
        plain = name.removeprefix("urn:oid:")
        named = or_(systems.c.id == name, systems.c.uri == name, (systems.c.oid == plain) & (systems.c.oid != ""))
        found = self._read(select(systems).where(systems.c.tenant.in_(above(tenant)), named))
        if not found:
            raise MissingTermError("system", f"没有编码系统 {name[:80]}")
        return _system(max(found, key=lambda row: (len(row.tenant), row.id)))

    # -- versions ----------------------------------------------------------------------------

    def draft(
        self,
        owner: CodeSystem,
        version: str,
        given: Iterable[Concept],
        author: str,
        at: datetime,
        note: str = "",
        base: str = "",
    ) -> Version:
        """Make a version: of ``base``, when one is named, with what is given changed and added, else of what is given
        alone. A draft of the same name is replaced. Raises ``TermError`` naming the first code at fault."""
        if not _VERSION.fullmatch(version):
            raise TermError("version", "应为字母、数字、点、连字符，如 2.0 或 2026-11")
        rows = {concept.code: concept for concept in self.concepts(owner, base)} if base else {}
        for concept in _told_once(given):
            rows[concept.code] = concept
        if not rows:
            raise TermError("concepts", "没有任何编码")
        _fit_together(rows)
        with self._engine.begin() as connection:
            self._replace_draft(connection, owner, version, author, at, note)
            made = [_concept_row(owner, version, concept) for concept in rows.values()]
            may_write(concepts, made[:1])
            insert_many(connection, concepts, made)
        return self.version(owner, version)

    def _replace_draft(
        self, connection: Connection, owner: CodeSystem, version: str, author: str, at: datetime, note: str
    ) -> None:
        key = (versions.c.tenant == owner.tenant, versions.c.system == owner.id, versions.c.version == version)
        known = connection.execute(select(versions.c.state).where(*key)).scalar()
        if known not in (None, DRAFT):
            raise TermError("version", f"版本 {version} 已发布，不能覆盖，请换一个版本号")
        values = {"author": author[:80], "made": at, "note": note[:400]}
        if known is None:
            row = {"tenant": owner.tenant, "system": owner.id, "version": version, "state": DRAFT}
            _insert(connection, versions, row | values | {"activated_by": "", "activated": None})
            return
        connection.execute(update(versions).where(*key).values(values))
        connection.execute(concepts.delete().where(*_of(owner, version)))

    def activate(self, owner: CodeSystem, version: str, actor: str, at: datetime) -> Version:
        """Put a version into use, in place of the one before. A standard needs another person than its author."""
        found = self.version(owner, version)
        if owner.standard and actor == found.author:
            raise TermError("actor", "标准字典须由编制人以外的人审核发布")
        with self._engine.begin() as connection:
            here = (versions.c.tenant == owner.tenant, versions.c.system == owner.id)
            retire = update(versions).where(*here, versions.c.state == ACTIVE, versions.c.version != version)
            connection.execute(retire.values(state=RETIRED))
            change = update(versions).where(*here, versions.c.version == version, versions.c.state != ACTIVE)
            values = {"state": ACTIVE, "activated_by": actor[:80], "activated": at}
            if connection.execute(change.values(values)).rowcount != 1:
                raise TermError("version", "该版本已经启用")
        return self.version(owner, version)

    def versions(self, owner: CodeSystem) -> list[Version]:
        """Versions of a code system, the newest first."""
        sized = select(concepts.c.version, func.count().label("size")).where(*_of(owner)).group_by(concepts.c.version)
        sizes = {row.version: row.size for row in self._read(sized)}
        query = select(versions).where(versions.c.tenant == owner.tenant, versions.c.system == owner.id)
        rows = self._read(query.order_by(versions.c.made.desc(), versions.c.version.desc()))
        return [_version(row, sizes.get(row.version, 0)) for row in rows]

    def version(self, owner: CodeSystem, version: str = "") -> Version:
        """A version; without a name the active one. Raises ``MissingTermError``."""
        for found in self.versions(owner):
            if found.version == version or (not version and found.state == ACTIVE):
                return found
        wanted = f"版本 {version[:40]}" if version else "启用的版本"
        raise MissingTermError("version", f"{owner.title} 没有{wanted}")

    def compare(self, owner: CodeSystem, old: str, new: str) -> Difference:
        """What a version changed since another. Raises ``MissingTermError``."""
        before, after = ({c.code: c for c in self.concepts(owner, v)} for v in (old, new))
        common = [code for code in after if code in before and after[code] != before[code]]
        return Difference(
            tuple(after[code] for code in after if code not in before),
            tuple(before[code] for code in before if code not in after),
            tuple((before[code], after[code]) for code in common),
        )

    # -- concepts ----------------------------------------------------------------------------

    def concepts(self, owner: CodeSystem, version: str = "") -> list[Concept]:
        """All concepts of a version (the active one without a name) by code. Raises ``MissingTermError``."""
        found = self.version(owner, version).version
        rows = self._read(select(concepts).where(*_of(owner, found)).order_by(concepts.c.code))
        return [_concept(row) for row in rows]

    def search(
        self, owner: CodeSystem, text: str = "", version: str = "", parent: str | None = None, limit: int = 100
    ) -> list[Concept]:
        """Concepts by code, part of a name, or pinyin initials (``gxy`` finds 高血压)."""
        found = self.version(owner, version).version
        query = select(concepts).where(*_of(owner, found))
        if text:
            plain = normal_name(text)
            query = query.where(
                or_(
                    concepts.c.code.startswith(text.strip(), autoescape=True),
                    concepts.c.name.contains(plain, autoescape=True),
                    concepts.c.synonyms.contains(text.strip(), autoescape=True),
                    concepts.c.initials.startswith(plain, autoescape=True),
                )
            )
        if parent is not None:
            query = query.where(concepts.c.parent == parent)
        return [_concept(row) for row in self._read(query.order_by(concepts.c.code).limit(limit))]

    def below(self, owner: CodeSystem, code: str, version: str = "") -> list[str]:
        """A code and all below it."""
        children: dict[str, list[str]] = {}
        for concept in self.concepts(owner, version):
            children.setdefault(concept.parent, []).append(concept.code)
        found, waiting = [], [code]
        while waiting:
            one = waiting.pop()
            found.append(one)
            waiting += children.get(one, ())
        return found

    def lookup(self, tenant: str, name: str, code: str, version: str = "") -> Lookup:
        """A code of a system (id, URI or OID). Raises ``MissingTermError``."""
        owner = self.named(tenant, name)
        found = self.version(owner, version).version
        row = self._one(owner, found, code)
        if row is None:
            raise MissingTermError("code", f"{owner.title} {found} 没有编码 {code[:80]}")
        children = select(concepts.c.code).where(*_of(owner, found), concepts.c.parent == code)
        below = tuple(r.code for r in self._read(children.order_by(concepts.c.code)))
        return Lookup(owner, found, _concept(row), below)

    def validate_code(self, tenant: str, name: str, code: str, display: str = "", version: str = "") -> Validation:
        """Whether a code is one of a system, with the right display when one is given."""
        try:
            owner = self.named(tenant, name)
            found = self.version(owner, version).version
        except MissingTermError as error:
            return Validation(Outcome.UNKNOWN_SYSTEM, message=error.problem)
        row = self._one(owner, found, code)
        if row is None:
            return Validation(Outcome.UNKNOWN_CODE, message=f"{owner.title} {found} 没有该编码")
        concept = _concept(row)
        if not concept.active:
            return Validation(Outcome.INACTIVE, concept.display, "该编码已停用")
        names = {normal_name(one) for one in (concept.display, *concept.synonyms)}
        if display and normal_name(display) not in names:
            return Validation(Outcome.WRONG_DISPLAY, concept.display, f"名称与编码不符，应为“{concept.display}”")
        return Validation(Outcome.VALID, concept.display)

    def _one(self, owner: CodeSystem, version: str, code: str) -> Any:
        found = self._read(select(concepts).where(*_of(owner, version), concepts.c.code == code))
        return found[0] if found else None

    def _read(self, query: Select[Any]) -> list[Any]:
        """Rows of standards above and of what is in scope; the queries themselves say whose."""
        with system("standards are for all below"), self._engine.connect() as connection:
            return list(connection.execute(query))


def _readable(table: Any, tenant: str) -> Any:
    """Rows of a tenant, of all above it, and of what the scope reaches below it."""
    scope = current()
    own = [table.c.tenant.in_(above(tenant))]
    if scope is not None and scope.may_read(tenant):
        own.append(table.c.tenant.startswith(f"{tenant}/", autoescape=True))
    return or_(*own)


def _checked(given: CodeSystem) -> None:
    if not _ID.fullmatch(given.id):
        raise TermError("id", "应为小写字母、数字、点和连字符，如 icd-10-gl")
    if not _URI.fullmatch(given.uri):
        raise TermError("uri", "应为 URI，如 http://hl7.org/fhir/sid/icd-10 或 urn:his:drug")
    if not given.title.strip() or len(given.title) > 200:
        raise TermError("title", "应为 1 到 200 字")
    if given.subject not in SUBJECTS:
        raise TermError("subject", f"应为 {'、'.join(SUBJECTS)} 之一")
    if given.oid:
        try:
            Oid(given.oid)
        except ValueError:
            raise TermError("oid", "应为 OID，如 2.16.156.10011.2.3.3.11") from None


def _told_once(given: Iterable[Concept]) -> Iterator[Concept]:
    """Concepts, each checked. Raises ``TermError``."""
    seen: set[str] = set()
    for number, concept in enumerate(given, start=1):
        if not concept.code.strip() or len(concept.code) > 80:
            raise TermError(f"concepts[{number}].code", "编码应为 1 到 80 个字符")
        if not concept.display.strip() or len(concept.display) > 400:
            raise TermError(f"concepts[{number}].display", f"编码 {concept.code} 的名称应为 1 到 400 字")
        if concept.code in seen:
            raise TermError(f"concepts[{number}].code", f"编码 {concept.code} 重复")
        if number > _MOST:
            raise TermError("concepts", f"一个版本最多 {_MOST} 个编码")
        seen.add(concept.code)
        yield concept


def _fit_together(rows: Mapping[str, Concept]) -> None:
    """Every parent is there, and nothing is above itself. Raises ``TermError``."""
    for concept in rows.values():
        seen, above_it = {concept.code}, concept.parent
        while above_it:
            if above_it not in rows:
                raise TermError("parent", f"编码 {concept.code} 的上级 {above_it} 不存在")
            if above_it in seen:
                raise TermError("parent", f"编码 {concept.code} 的上级成环")
            seen.add(above_it)
            above_it = rows[above_it].parent


def initials(text: str) -> str:
    """Pinyin initials of a name: 高血压 is ``gxy``."""
    from pypinyin import Style, lazy_pinyin  # its dictionaries take half a second

    return "".join(lazy_pinyin(text, style=Style.FIRST_LETTER)).lower()[:80]


def _concept_row(owner: CodeSystem, version: str, concept: Concept) -> dict[str, Any]:
    name = normal_name(concept.display)[:400]
    return {
        "tenant": owner.tenant,
        "system": owner.id,
        "version": version,
        "code": concept.code,
        "display": concept.display,
        "name": name,
        "initials": initials(name),
        "parent": concept.parent,
        "synonyms": orjson.dumps(list(concept.synonyms)).decode(),
        "properties": orjson.dumps(dict(concept.properties)).decode(),
        "active": concept.active,
    }


def _concept(row: Any) -> Concept:
    synonyms, properties = tuple(orjson.loads(row.synonyms)), orjson.loads(row.properties)
    return Concept(row.code, row.display, row.parent, synonyms, properties, bool(row.active))


def _system(row: Any) -> CodeSystem:
    return CodeSystem(*(getattr(row, name) for name in CodeSystem._fields))


def _version(row: Any, size: int) -> Version:
    return Version(
        row.system,
        row.version,
        row.state,
        row.author,
        row.made,
        row.activated_by,
        row.activated,
        row.note,
        size,
    )


def _of(owner: CodeSystem, version: str = "") -> Sequence[Any]:
    here = [concepts.c.tenant == owner.tenant, concepts.c.system == owner.id]
    return [*here, concepts.c.version == version] if version else here


def _insert(connection: Connection, table: Any, row: Mapping[str, Any]) -> None:
    try:
        connection.execute(insert(table).values(row))
    except IntegrityError:
        raise TermError(table.name, "刚有他人同时建立，请重试") from None
