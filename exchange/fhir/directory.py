"""Organizations, departments and practitioners that arrive as resources, kept in the registries as well.

An Organization of type ``dept`` is a department of the institution that sends it. One that names its place in the
league (an identifier of ``urn:yigong:tenant``) is the institution there, one that does not is the sender itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from clinical.patient import Authority
from exchange.message import Json
from records.facts import Facts
from records.registry import (
    DEPARTMENT,
    ORGANISATION,
    PRACTITIONER,
    Department,
    Employment,
    Entry,
    Identifier,
    Item,
    Organisation,
    Practitioner,
    Registry,
    RegistryError,
)

_TENANT: Final = "urn:yigong:tenant"
_WRITTEN: Final = frozenset({"new", "changed"})
_KINDS: Final = {"Organization": "", "Practitioner": PRACTITIONER, "PractitionerRole": PRACTITIONER}


class Registering:
    """Puts resources where ``facts`` keeps them, and what registries know of into ``registry``, in one
    transaction."""

    def __init__(self, facts: Facts, registry: Registry) -> None:
        self._facts, self._registry = facts, registry

    def put(
        self,
        connection: Connection,
        tenant: str,
        record: int | None,
        resources: Sequence[Json],
        *,
        message: int,
        at: datetime,
    ) -> Sequence[Any]:
        """See ``Repository.put``. Raises ``RegistryError`` for an entry that cannot be registered as it stands."""
        placed = self._facts.put(connection, tenant, record, resources, message=message, at=at)
        for resource, one in zip(resources, placed, strict=True):
            if resource["resourceType"] in _KINDS and str(one.outcome) in _WRITTEN:
                self._register(connection, tenant, resource, f"message {message}")
        return placed

    def remove(
        self, connection: Connection, tenant: str, references: Sequence[str], *, message: int, at: datetime
    ) -> Sequence[Any]:
        """See ``Repository.remove``; the registries keep what they know, inactive."""
        for reference in references:
            if reference.partition("/")[0] in _KINDS:
                self._retire(connection, tenant, reference, f"message {message}")
        return self._facts.remove(connection, tenant, references, message=message, at=at)

    def _register(self, connection: Connection, tenant: str, resource: Json, why: str) -> None:
        if resource["resourceType"] == "PractitionerRole":
            self._employ(connection, tenant, resource, why)
            return
        item = (
            practitioner(resource, tenant)
            if resource["resourceType"] == "Practitioner"
            else organisation(resource, tenant)
        )
        if item.tenant != tenant and not item.tenant.startswith(f"{tenant}/"):
            raise RegistryError("Organization.identifier", "所指机构不属于发送方")
        known_as = (own_name(tenant, _reference(resource)), *_identifiers(resource))
        before = self._known(connection, tenant, _reference(resource), type(item))
        active = resource.get("active", True) is not False
        if before is None:
            self._registry.register(connection, item, known_as, actor=tenant, why=why)
            return
        if isinstance(item, Practitioner) and isinstance(before.item, Practitioner):
            item = msgspec.structs.replace(
                item, employments=before.item.employments, title=item.title or before.item.title
            )
        self._registry.update(connection, before.key, item, known_as, actor=tenant, why=why, active=active)

    def _employ(self, connection: Connection, tenant: str, role: Json, why: str) -> None:
        """Where a practitioner works, and as what. Of one who was not registered nothing is known yet."""
        reference = str((role.get("practitioner") or {}).get("reference") or "")
        before = self._known(connection, tenant, reference, Practitioner)
        if before is None or not isinstance(before.item, Practitioner):
            return
        department = str((role.get("organization") or {}).get("reference") or "")
        place = self._known(connection, tenant, department, Department)
        period = role.get("period") or {}
        work = Employment(tenant, place.key if place else "", _day(period.get("start")), _day(period.get("end")))
        others = tuple(
            e for e in before.item.employments if (e.tenant, e.department) != (work.tenant, work.department)
        )
        title = next(_words(role.get("code")), before.item.title)
        item = msgspec.structs.replace(before.item, employments=(*others, work), title=title)
        self._registry.update(connection, before.key, item, actor=tenant, why=why)

    def _retire(self, connection: Connection, tenant: str, reference: str, why: str) -> None:
        for kind in (Organisation, Department, Practitioner):
            entry = self._known(connection, tenant, reference, kind)
            if entry is not None:
                self._registry.update(connection, entry.key, entry.item, actor=tenant, why=why, active=False)

    def _known(self, connection: Connection, tenant: str, reference: str, kind: type[Item]) -> Entry | None:
        if not reference:
            return None
        name = own_name(tenant, reference)
        return self._registry.by_identifier(connection, _NAMES[kind], name.system, name.value)


_NAMES: Final[dict[type[Item], str]] = {
    Organisation: ORGANISATION,
    Department: DEPARTMENT,
    Practitioner: PRACTITIONER,
}


def own_name(tenant: str, reference: str) -> Identifier:
    """What the institution that sends a resource calls it."""
    return Identifier(f"urn:yigong:{tenant}", reference)


def organisation(resource: Json, tenant: str) -> Organisation | Department:
    """An Organization as the registry keeps it."""
    name, aliases = str(resource.get("name") or ""), tuple(str(a) for a in resource.get("alias") or ())
    if "dept" in _codes(resource.get("type")):
        part = str((resource.get("partOf") or {}).get("reference") or "")
        return Department(tenant, name, aliases, str(_extended(resource, "specialty") or ""), part)
    level, groups = _extended(resource, "institution-level"), str(_extended(resource, "recognition") or "")
    kind = next((word for word in ("league", "county", "clinic") if word in _codes(resource.get("type"))), "hospital")
    return Organisation(
        tenant=next((i.value for i in _identifiers(resource) if i.system == _TENANT), tenant),
        name=name,
        aliases=aliases,
        kind=kind,
        level=level if isinstance(level, int) and not isinstance(level, bool) else None,
        recognition=tuple(group for group in groups.replace("；", ";").split(";") if group),
    )


def practitioner(resource: Json, tenant: str) -> Practitioner:
    """A Practitioner as the registry keeps them; where they work comes with PractitionerRole."""
    names = [
        str(n.get("text") or f"{n.get('family', '')}{''.join(n.get('given', ()))}")
        for n in resource.get("name") or ()
    ]
    authority, controlled = (_extended(resource, f"{n}-authority") for n in ("antimicrobial", "controlled-drug"))
    known = {a.value: a for a in Authority}
    return Practitioner(
        tenant,
        names[0] if names else "",
        tuple(names[1:]),
        next((w for q in resource.get("qualification") or () for w in _words([q.get("code") or {}])), ""),
        known.get(str(authority)),
        controlled if isinstance(controlled, bool) else None,
    )


def _reference(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _identifiers(resource: Json) -> Iterator[Identifier]:
    for one in resource.get("identifier") or ():
        if one.get("system") and one.get("value"):
            yield Identifier(str(one["system"]), str(one["value"]))


def _codes(concepts: Any) -> set[str]:
    return {str(c.get("code")) for concept in concepts or () for c in concept.get("coding") or ()}


def _words(concepts: Any) -> Iterator[str]:
    for concept in concepts or ():
        for word in (concept.get("text"), *(c.get("display") for c in concept.get("coding") or ())):
            if word:
                yield str(word)


def _extended(resource: Json, name: str) -> Any:
    """Value of our extension of a name."""
    for one in resource.get("extension") or ():
        if str(one.get("url", "")).rpartition("/")[2] == name:
            return next((value for key, value in one.items() if key.startswith("value")), None)
    return None


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text)[:10]) if text else None
    except ValueError:
        return None
