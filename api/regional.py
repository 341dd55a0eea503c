"""The region at a review: whose history is asked for, and what came back as nouns beside what was sent.

What the institution sent wins: the same thing told again by somebody else is left out. A list that was not sent stays
unknown as a whole although some of it is known now (``rules.partial``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import msgspec

from api.prefetch import parsed
from clinical.coded import Coded, Origin, china_day, zoned
from clinical.finding import Gap
from clinical.logic import Unknown
from clinical.order import UNSTATED, Order, OrderStatus
from clinical.passing import is_over
from clinical.patient import PatientContext, Report
from clinical.person import Demographics
from clinical.value import Value, replace
from exchange.fhir.context import Incoming, ReadError, read_context, read_orders
from exchange.fhir.person import demographics
from exchange.fhir.values import Json
from exchange.plain import decode, read
from records.consent import reaches
from records.context import KINDS, Ask, History, Part, Region

_KEY_OF: Final = {kind: key for key, kinds in KINDS.items() for kind in kinds}
_NEVER_WAS: Final = frozenset({"entered-in-error", "draft", "cancelled", "declined"})
_REASONS: Final = {
    "timeout": "区域内其他机构的诊疗记录未能在限定时间内取得，本次仅依据所提交的数据审查",
    "unavailable": "区域数据库暂时不可用，其他机构的诊疗记录未能取得，本次仅依据所提交的数据审查",
}


class _Kind(Value, frozen=True):
    resource_type: str = msgspec.field(default="", name="resourceType")
    status: str = ""


_kind_of: Final = msgspec.json.Decoder(_Kind)


@dataclass(frozen=True, slots=True)
class Regional:
    """Asks the region for the history of the patients of requests. ``strict`` says that callers prove who they are:
    then what a request says of its institution is no proof."""

    region: Region
    strict: bool = False

    @property
    def awake(self) -> bool:
        """Whether there is anything to ask for."""
        return self.region.awake

    async def of(self, context: PatientContext, tenant: str, patient: Any = None) -> History:
        """What is known of a patient elsewhere. ``tenant`` is what the caller proved to be (empty: nothing),
        ``patient`` the Patient as sent."""
        here, who = self.asking(tenant, context.institution), who_is(context, patient)
        return await self.region.enrich(Ask(here, context.id, context.as_of, who))

    def asking(self, proved: str, said: str) -> str:
        """The institution that asks. Who proved to be a county or league vouches for its institutions."""
        directory = self.region.directory
        named = directory.tenant_of(said)
        if not proved:
            return "" if self.strict else named
        path = directory.tenant_of(proved) or proved
        return path if not self.region.is_group(path) else named if reaches(named, (path,)) else ""


NO_LISTS: Final[frozenset[str]] = frozenset()


def gap_of(history: History) -> Gap:
    """What is missing because the region did not answer."""
    return Gap("region", "regional-history", _REASONS[history.missing])


def merged(context: PatientContext, history: History) -> tuple[PatientContext, frozenset[str]]:
    """The patient with what the region knows beside what was sent, and the lists of which only that is known."""
    added: dict[str, list[Any]] = {}
    for part in history.parts:
        for name, facts in _facts(part, context).items():
            added.setdefault(name, []).extend(facts)
    lists: dict[str, tuple[Any, ...]] = {}
    partial = set()
    for name, facts in added.items():
        sent = getattr(context, name)
        new = list(_new(name, () if isinstance(sent, Unknown) else sent, facts))
        if new:
            lists[name] = (*(() if isinstance(sent, Unknown) else sent), *new)
            if isinstance(sent, Unknown):
                partial.add(name)
    return (replace(context, **lists) if lists else context), frozenset(partial)


PANEL: Final = "panel"
"""What the journal knows reviews of panels as: those of what is on record, beside what was told at the launch."""


def of_panel(request: Json, now: datetime) -> Incoming:
    """The patient of a panel as its request is journalled: who it is, or what the system that launched it told.
    Raises ``ReadError``."""
    if "prefetch" in request:
        return read_context(request["context"], request["prefetch"], now, "patient-view")
    return read(decode(msgspec.json.encode(request)), now)


def of_record(incoming: Incoming, history: History) -> Incoming:
    """A patient with the active drugs that were told and that the league knows of as what is reviewed."""
    known = merged(incoming.context, history)[0].medications
    return replace(incoming, orders=() if isinstance(known, Unknown) else tuple(o for o in known if o.is_active()))


# -- whose history ---------------------------------------------------------------------------


def who_is(context: PatientContext, patient: Any) -> Demographics:
    """Who the patient is, by the Patient that was sent, else by what is known of sex and birth."""
    sent = parsed(patient) if patient is not None else None
    if isinstance(sent, dict) and sent.get("resourceType") == "Bundle":
        entries = sent.get("entry")
        sent = next((e.get("resource") for e in entries or () if isinstance(e, dict)), None)
    if isinstance(sent, dict):
        with suppress(ReadError):  # members that no review reads may have any shape
            return demographics(sent)
    birth = context.birth_date
    return Demographics(sex=context.sex, birth="" if isinstance(birth, Unknown) else birth.isoformat())


# -- what came back ---------------------------------------------------------------------------


def _facts(part: Part, context: PatientContext) -> dict[str, list[Any]]:
    """What an institution knows, as nouns by list. Of its own drugs, diagnoses and allergies an institution that
    sends a list is the authority."""
    sent = [name for name in ("medications", "conditions", "allergies") if part.own and _is_sent(context, name)]
    found = dict(told_by(part, context, sent))
    if "medications" in found:
        found["medications"] = _lasting(found["medications"], context.as_of)
    if "conditions" in found:
        found["conditions"] = [c for c in found["conditions"] if not is_over(c, context.as_of)]
    return found


def told_by(part: Part, context: PatientContext, without: Collection[str] = ()) -> Iterator[tuple[str, list[Any]]]:
    """All that an institution knows of a patient, as nouns by list, but for some lists."""
    for name, resources in _by_list(part.resources).items():
        if name not in without:
            yield name, [placed(fact, part, context) for fact in read_list(name, resources, context.as_of)]


def _is_sent(context: PatientContext, name: str) -> bool:
    return not isinstance(getattr(context, name), Unknown)


def _by_list(resources: Iterable[msgspec.Raw]) -> dict[str, list[msgspec.Raw]]:
    found: dict[str, list[msgspec.Raw]] = {}
    for resource in resources:
        kind = _kind_of.decode(resource)
        if kind.status not in _NEVER_WAS:
            found.setdefault(_KEY_OF[kind.resource_type], []).append(resource)
    return found


def read_list(name: str, resources: list[msgspec.Raw], now: datetime) -> tuple[Any, ...]:
    """Nouns of a list. One that cannot be read takes no other along: it was checked when it was stored, and a rule
    stricter than then is no reason to go without the rest."""
    try:
        return _nouns(name, resources, now)
    except ReadError:
        return tuple(noun for resource in resources for noun in _tried(name, resource, now))


def _tried(name: str, resource: msgspec.Raw, now: datetime) -> tuple[Any, ...]:
    try:
        return _nouns(name, [resource], now)
    except ReadError:
        return ()


def _nouns(name: str, resources: list[msgspec.Raw], now: datetime) -> tuple[Any, ...]:
    entries = b",".join([b'{"resource":%b}' % bytes(resource) for resource in resources])
    bundle = msgspec.Raw(b'{"resourceType":"Bundle","entry":[%b]}' % entries)
    if name == "medications":  # also those that are done: how long they last is told here
        return tuple(read_orders(bundle, name))
    nouns = getattr(read_context({}, {name: bundle}, now).context, name)
    return () if isinstance(nouns, Unknown) else tuple(nouns)


def placed(fact: Any, part: Part, context: PatientContext) -> Any:
    """A fact with where it comes from: another institution's references carry its path, because two institutions
    number alike."""
    origin: Origin = fact.origin
    if part.own:
        here = context.institution or origin.institution or part.institution
        return replace(fact, origin=replace(origin, institution=here))
    institution = part.institution or origin.institution or part.tenant.rpartition("/")[2]
    changes: dict[str, Any] = {
        "origin": replace(origin, reference=f"{part.tenant}/{origin.reference}", institution=institution)
    }
    if isinstance(fact, Order):
        changes["id"] = f"{part.tenant}/{fact.id}"
    if isinstance(fact, Report) and part.recognised and isinstance(fact.recognised, Unknown):
        changes["recognised"] = True
    return replace(fact, **changes)


def _lasting(orders: list[Order], now: datetime) -> list[Order]:
    """Drugs as they stand today: taken until the supply ends, whatever the record says of having handed it out; of
    several courses of one drug the last."""
    today = china_day(now)
    last: dict[Hashable, Order] = {}
    for order in filter(None, (_standing(order, today) for order in orders)):
        key = _drug(order)
        known = last.get(key)
        if known is None or _rank(order) > _rank(known):
            last[key] = order
    return list(last.values())


def _rank(order: Order) -> tuple[bool, date, str]:
    return order.is_active(), order.stop or order.start or date.min, order.id


def _standing(order: Order, today: date) -> Order | None:
    """The order, active while its supply lasts; None when it is over and nobody knows since when."""
    if order.status is OrderStatus.STOPPED:
        return order
    if order.stop is not None:
        return replace(order, status=OrderStatus.ACTIVE if order.stop >= today else OrderStatus.COMPLETED)
    lasts = order.start is not None and today - order.start <= UNSTATED
    return replace(order, status=OrderStatus.ACTIVE) if lasts else None


# -- what was sent wins -------------------------------------------------------------------------


def _new(name: str, sent: Iterable[Any], facts: Iterable[Any]) -> Iterator[Any]:
    """Of facts those that nothing sent, and nothing before them, says already."""
    keys = _KEYS[name]
    said = {key for fact in sent for key in keys(fact)}
    for fact in facts:
        mine = list(keys(fact))
        if said.isdisjoint(mine):
            said.update(mine)
            yield fact


def _called(what: Coded) -> Iterator[Hashable]:
    """What a thing is called: by text and by each code."""
    if what.text:
        yield what.text
    yield from what.codes


def _drug(order: Order) -> Hashable:
    return order.what.text or order.what.codes or order.id


def _of_drug(order: Order) -> Iterator[Hashable]:
    """A drug that goes on is the same whoever says so; a past one is itself."""
    yield order.origin.reference or order.id
    if order.is_active():
        yield from ((word, "active") for word in _called(order.what))


def _of_thing(fact: Any) -> Iterator[Hashable]:
    yield from _called(fact.what)


def _of_result(fact: Any) -> Iterator[Hashable]:
    """A result is the same when it is called the same and of the same minute."""
    if fact.origin.reference:
        yield fact.origin.reference
    if fact.origin.time is not None:
        minute = int(zoned(fact.origin.time).timestamp()) // 60
        yield from ((word, minute) for word in _called(fact.what))


_KEYS: Final[Mapping[str, Callable[[Any], Iterator[Hashable]]]] = {
    "medications": _of_drug,
    "conditions": _of_thing,
    "allergies": _of_thing,
    "observations": _of_result,
    "reports": _of_result,
    "procedures": _of_result,
}

__all__ = [
    "PANEL",
    "Regional",
    "gap_of",
    "merged",
    "of_panel",
    "of_record",
    "placed",
    "read_list",
    "told_by",
    "who_is",
]
