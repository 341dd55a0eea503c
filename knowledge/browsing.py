"""Finding records of the store as curators look for them: by kind, status, author, words; what waits for whom."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, tuple_

from knowledge.model import Record, Rule, Source, Status
from knowledge.naming import normal_name
from knowledge.store import Store, decoded, heads, kind_of, names, revisions

_WRITING: Final = ("created", "edited", "submitted")
_TITLED: Final[tuple[type[Rule | Source], ...]] = (Rule, Source)
_QUOTED: Final = re.compile(r'"([^"]+)"')
_MOST_NAMED: Final = 500
"""Concepts that words may mean at most; whoever types more of a name finds the others."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; empty fields do not matter. ``concept`` is what a statement, article is about, or what the
    condition of a rule names; ``severity`` is a rule's."""

    kind: str = ""
    status: str = ""
    origin: str = ""
    author: str = ""
    predicate: str = ""
    concept: str = ""
    severity: str = ""
    words: str = ""
    after: tuple[str, str] = ("", "")
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Found:
    """A record, where it stands, and who touched it last, when and why."""

    kind: str
    record: Record
    status: Status
    revision: int
    at: datetime
    by: str
    change: str
    reason: str


def browse(store: Store, wanted: Wanted) -> list[Found]:
    """Records in order of kind and id; ``after`` the last one of the page before."""
    query = _joined().where(*_conditions(store, wanted)).order_by(heads.c.kind, heads.c.id).limit(wanted.limit)
    with store.engine.connect() as connection:
        return [_found(row) for row in connection.execute(query)]


def tallies(store: Store) -> dict[str, dict[str, int]]:
    """How many records there are by kind and status."""
    query = select(heads.c.kind, heads.c.status, func.count()).group_by(heads.c.kind, heads.c.status)
    counted: dict[str, dict[str, int]] = {}
    with store.engine.connect() as connection:
        for kind, status, number in connection.execute(query):
            counted.setdefault(kind, {})[status] = number
    return counted


def _joined() -> Select[Any]:
    """Heads with the revision that made them what they are."""
    last = and_(
        revisions.c.kind == heads.c.kind, revisions.c.id == heads.c.id, revisions.c.revision == heads.c.revision
    )
    told = (revisions.c.at, revisions.c.author, revisions.c.change, revisions.c.reason)
    return select(heads, *told).join(revisions, last)


def _conditions(store: Store, wanted: Wanted) -> list[ColumnElement[bool]]:
    plain = {"kind": wanted.kind, "status": wanted.status, "origin": wanted.origin, "predicate": wanted.predicate}
    made = [heads.c[name] == value for name, value in plain.items() if value]
    if wanted.author:
        made.append(_touched_by(wanted.author))
    if wanted.concept:
        made.append(or_(_about([wanted.concept]), _rules(store, _naming(store, wanted.concept))))
    if wanted.severity:
        made.append(_rules(store, lambda rule: rule.severity == wanted.severity))
    if wanted.words.strip():
        made.append(_called(store, wanted.words.strip(), wanted.kind))
    if any(wanted.after):
        made.append(tuple_(heads.c.kind, heads.c.id) > tuple_(*wanted.after))
    return made


def _touched_by(author: str) -> ColumnElement[bool]:
    mine = revisions.alias()
    same = and_(mine.c.kind == heads.c.kind, mine.c.id == heads.c.id)
    return exists().where(same, mine.c.author == author, mine.c.change.in_(_WRITING))


def _about(concepts: list[str]) -> ColumnElement[bool]:
    return or_(heads.c.subject.in_(concepts), heads.c.object.in_(concepts), heads.c.id.in_(concepts))


def _rules(store: Store, fits: Callable[[Rule], bool]) -> ColumnElement[bool]:
    """There are few of them: what they say needs no index."""
    return and_(heads.c.kind == "rule", heads.c.id.in_([rule.id for rule, _ in store.heads(Rule) if fits(rule)]))


def _naming(store: Store, concept: str) -> Callable[[Rule], bool]:
    """Whether the condition of a rule names a concept, by whichever of its names."""
    with store.engine.connect() as connection:
        known = set(connection.execute(select(names.c.name).where(names.c.concept == concept)).scalars())
    return lambda rule: not known.isdisjoint(map(normal_name, _QUOTED.findall(rule.condition)))


def _called(store: Store, words: str, kind: str) -> ColumnElement[bool]:
    """Records about a concept whose name holds the words, sources whose title does, rules that say them or are for a
    department so called, and whose id does."""
    part = normal_name(words)
    query = select(names.c.concept).where(names.c.name.contains(part, autoescape=True)).distinct()
    with store.engine.connect() as connection:
        found = list(connection.execute(query.order_by(names.c.concept).limit(_MOST_NAMED)).scalars())
    titled = [r.id for type_ in _TITLED if kind in ("", kind_of(type_)) for r in _titled(store, type_, part)]
    return or_(_about(found), heads.c.id.in_(titled[:_MOST_NAMED]), heads.c.id.contains(words, autoescape=True))


def _titled(store: Store, type_: type[Rule | Source], part: str) -> list[Rule | Source]:
    """There are few of them: their titles need no index."""
    return [one for one, _ in store.heads(type_) if any(part in normal_name(text) for text in _texts(one))]


def _texts(record: Rule | Source) -> tuple[str, ...]:
    """What a record is known by."""
    if isinstance(record, Source):
        return (record.title,)
    return (record.title, record.message, record.condition, *record.scope.get("departments", ()))


def _found(row: Any) -> Found:
    record: Record = decoded(row.kind, row.body, row.revision)
    told = (row.at, row.author, row.change, row.reason)
    return Found(row.kind, record, Status(row.status), row.revision, *told)
