"""Value sets: which codes may stand in a place, listed, by filter, or composed of other sets, in versions.

``compose`` is FHIR's: ``{"include": [{"system", "version"?, "concept": [{"code"}]?, "filter": [{"property", "op",
"value"}]?, "valueSet": [url]?}], "exclude": […]}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Engine, insert, select, update

from base.tenancy import above, system
from knowledge.naming import normal_name
from records.code_systems import (
    ACTIVE,
    DRAFT,
    RETIRED,
    CodeSystems,
    Concept,
    MissingTermError,
    Outcome,
    TermError,
    Validation,
)
from records.code_tables import value_sets

OPERATORS: Final = ("=", "is-a", "descendent-of", "in", "exists", "starts-with")
_DEEPEST: Final = 8
_MOST: Final = 100_000
_ID: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,58}")


class ValueSet(NamedTuple):
    """A value set in one version."""

    tenant: str
    id: str
    version: str
    url: str
    title: str
    compose: Mapping[str, Any]
    state: str = DRAFT
    author: str = ""
    activated: datetime | None = None


class Member(NamedTuple):
    """A code of a value set."""

    system: str
    code: str
    display: str


class Expansion(NamedTuple):
    """What ``$expand`` tells: ``total`` before paging."""

    url: str
    version: str
    total: int
    members: tuple[Member, ...]


class ValueSets:
    """Value sets as whoever acts sees them: their own, and those of all above."""

    def __init__(self, engine: Engine, systems: CodeSystems) -> None:
        self._engine, self._systems = engine, systems

    def draft(self, given: ValueSet, author: str, at: datetime) -> ValueSet:
        """Make a version of a value set; a draft of the same name is replaced. Raises ``TermError``."""
        _checked(given)
        self._members(given.tenant, given.compose, (given.url,))  # what it names must be there
        row = {name: getattr(given, name) for name in ("tenant", "id", "version", "url", "title")}
        row |= {"compose": orjson.dumps(given.compose).decode(), "state": DRAFT, "author": author[:80], "made": at}
        with self._engine.begin() as connection:
            here = [value_sets.c[name] == row[name] for name in ("tenant", "id", "version")]
            known = connection.execute(select(value_sets.c.state).where(*here)).scalar()
            if known not in (None, DRAFT):
                raise TermError("version", f"版本 {given.version} 已发布，不能覆盖，请换一个版本号")
            if known is None:
                connection.execute(insert(value_sets).values(row | {"activated_by": "", "activated": None}))
            else:
                connection.execute(update(value_sets).where(*here).values(row))
        return given._replace(author=author)

    def activate(self, tenant: str, set_id: str, version: str, actor: str, at: datetime) -> ValueSet:
        """Put a version into use, in place of the one before. Raises ``TermError``."""
        here = (value_sets.c.tenant == tenant, value_sets.c.id == set_id)
        with self._engine.begin() as connection:
            row = connection.execute(select(value_sets).where(*here, value_sets.c.version == version)).first()
            if row is None:
                raise MissingTermError("version", "没有该值集版本")
            if row.author == actor:
                raise TermError("actor", "值集须由编制人以外的人审核发布")
            connection.execute(update(value_sets).where(*here, value_sets.c.state == ACTIVE).values(state=RETIRED))
            change = update(value_sets).where(*here, value_sets.c.version == version)
            connection.execute(change.values(state=ACTIVE, activated_by=actor[:80], activated=at))
        return self.named(tenant, set_id, version)

    def listed(self, tenant: str) -> list[ValueSet]:
        """Value sets that a tenant may use, every version."""
        query = select(value_sets).where(value_sets.c.tenant.in_(above(tenant)))
        return [_value_set(row) for row in self._read(query.order_by(value_sets.c.id, value_sets.c.made))]

    def named(self, tenant: str, name: str, version: str = "") -> ValueSet:
        """A value set by id or URL, the nearest to the tenant; without a version the active one. Raises
        ``MissingTermError``."""
        named = (value_sets.c.id == name) | (value_sets.c.url == name)
        wanted = value_sets.c.version == version if version else value_sets.c.state == ACTIVE
        found = self._read(select(value_sets).where(value_sets.c.tenant.in_(above(tenant)), named, wanted))
        if not found:
            raise MissingTermError("valueSet", f"没有启用的值集 {name[:80]}")
        return _value_set(max(found, key=lambda row: len(row.tenant)))

    def expand(
        self, tenant: str, name: str, version: str = "", text: str = "", offset: int = 0, count: int = 1000
    ) -> Expansion:
        """The codes of a value set, those whose code or name holds the text. Raises ``MissingTermError``."""
        found = self.named(tenant, name, version)
        members = list(self._members(tenant, found.compose, (found.url,)).values())
        if text:
            plain = normal_name(text)
            members = [m for m in members if plain in normal_name(m.display) or m.code.startswith(text)]
        return Expansion(found.url, found.version, len(members), tuple(members[offset : offset + count]))

    def validate_code(self, tenant: str, name: str, system_uri: str, code: str, version: str = "") -> Validation:
        """Whether a code of a system belongs to a value set. Raises ``MissingTermError`` for an unknown set."""
        found = self.named(tenant, name, version)
        members = self._members(tenant, found.compose, (found.url,))
        member = members.get((system_uri, code))
        if member is None and not system_uri:
            member = next((m for (_, known), m in members.items() if known == code), None)
        if member is None:
            return Validation(Outcome.UNKNOWN_CODE, message=f"{found.title} 不含该编码")
        return Validation(Outcome.VALID, member.display)

    # -- expanding -----------------------------------------------------------------------------

    def _members(
        self, tenant: str, compose: Mapping[str, Any], within: tuple[str, ...]
    ) -> dict[tuple[str, str], Member]:
        """Codes of a definition by system and code. Raises ``TermError`` for what it names and is not there."""
        if len(within) > _DEEPEST:
            raise TermError("compose", "值集引用层数过多")
        members: dict[tuple[str, str], Member] = {}
        for part in compose.get("include") or ():
            members |= self._included(tenant, part, within)
        for part in compose.get("exclude") or ():
            for key in self._included(tenant, part, within):
                members.pop(key, None)
        if len(members) > _MOST:
            raise TermError("compose", f"值集最多 {_MOST} 个编码，请用更窄的条件")
        return members

    def _included(
        self, tenant: str, part: Mapping[str, Any], within: tuple[str, ...]
    ) -> dict[tuple[str, str], Member]:
        sets = [self._composed(tenant, str(url), within) for url in part.get("valueSet") or ()]
        if part.get("system"):
            sets.append(self._of_system(tenant, part))
        if not sets:
            raise TermError("compose.include", "须写明 system 或 valueSet")
        common = set.intersection(*(set(one) for one in sets))
        return {key: member for key, member in sets[0].items() if key in common}

    def _composed(self, tenant: str, url: str, within: tuple[str, ...]) -> dict[tuple[str, str], Member]:
        if url in within:
            raise TermError("compose.valueSet", f"值集 {url[:80]} 引用了自身")
        return self._members(tenant, self.named(tenant, url).compose, (*within, url))

    def _of_system(self, tenant: str, part: Mapping[str, Any]) -> dict[tuple[str, str], Member]:
        owner = self._systems.named(tenant, str(part["system"]))
        known = {c.code: c for c in self._systems.concepts(owner, str(part.get("version") or ""))}
        kept = [concept for concept in known.values() if concept.active]
        if part.get("concept"):
            wanted = [str(one.get("code", "")) for one in part["concept"]]
            missing = [code for code in wanted if code not in known]
            if missing:
                raise TermError("compose.concept", f"{owner.title} 没有编码 {'、'.join(missing[:5])}")
            kept = [known[code] for code in wanted]
        for filter_ in part.get("filter") or ():
            kept = [concept for concept in kept if _passes(concept, filter_, known)]
        return {(owner.uri, c.code): Member(owner.uri, c.code, c.display) for c in kept}

    def _read(self, query: Any) -> list[Any]:
        with system("value sets are for all below"), self._engine.connect() as connection:
            return list(connection.execute(query))


def _checked(given: ValueSet) -> None:
    if not _ID.fullmatch(given.id):
        raise TermError("id", "应为小写字母、数字、点和连字符")
    if not given.version or len(given.version) > 40:
        raise TermError("version", "应为 1 到 40 个字符")
    if ":" not in given.url or len(given.url) > 200:
        raise TermError("url", "应为 URI")
    if not given.title.strip():
        raise TermError("title", "不能为空")
    include = given.compose.get("include")
    if not isinstance(include, list) or not include:
        raise TermError("compose.include", "至少写一项")
    for part in (*include, *(given.compose.get("exclude") or ())):
        if not isinstance(part, Mapping):
            raise TermError("compose.include", "应为对象列表")
        for filter_ in part.get("filter") or ():
            if not isinstance(filter_, Mapping) or filter_.get("op") not in OPERATORS:
                raise TermError("compose.filter.op", f"应为 {'、'.join(OPERATORS)} 之一")


def _passes(concept: Concept, filter_: Mapping[str, Any], known: Mapping[str, Concept]) -> bool:
    operator, value = filter_["op"], str(filter_.get("value", ""))
    if operator in ("is-a", "descendent-of"):
        return (operator == "is-a" and concept.code == value) or value in _above(concept, known)
    name = str(filter_.get("property", ""))
    told = {"code": concept.code, "display": concept.display, "parent": concept.parent}.get(name)
    told = concept.properties.get(name) if told is None else told
    if operator == "exists":
        return bool(told) == (value != "false")
    if told is None:
        return False
    if operator == "starts-with":
        return told.startswith(value)
    return told in ([value] if operator == "=" else _split(value))


def _split(value: str) -> Iterable[str]:
    return [part.strip() for part in value.split(",")]


def _above(concept: Concept, known: Mapping[str, Concept]) -> set[str]:
    found: set[str] = set()
    parent = concept.parent
    while parent and parent not in found:
        found.add(parent)
        parent = known[parent].parent if parent in known else ""
    return found


def _value_set(row: Any) -> ValueSet:
    compose = orjson.loads(row.compose)
    return ValueSet(
        row.tenant,
        row.id,
        row.version,
        row.url,
        row.title,
        compose,
        row.state,
        row.author,
        row.activated,
    )
