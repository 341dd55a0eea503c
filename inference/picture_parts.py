"""What a patient picture consists of, as it is shown: JSON members in camel case, empty ones left out."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import msgspec

from clinical.coded import CHINA, zoned
from records.kinds import Json


class Shown(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A part of a picture. ``msgspec.to_builtins`` makes its JSON."""


class Stored(NamedTuple):
    """A resource as it is kept: of which institution (path and name), when it was true."""

    tenant: str
    institution: str
    at: datetime
    resource: Json


class Repeated(Shown, frozen=True):
    """What was done in another institution before, or is taken from there at the same time."""

    title: str
    at: str
    institution: str
    reference: str


class Item(Shown, frozen=True):
    """One fact in the course of time. ``at`` is a time in China; ``flag``: high, low, critical, abnormal; ``repeats``
    what it does again."""

    kind: str
    title: str
    at: str
    institution: str
    reference: str
    detail: str = ""
    status: str = ""
    flag: str = ""
    repeats: Repeated | None = None


class Visit(Shown, frozen=True):
    """What belongs to one visit, or to one day of an institution without one; ``items`` by section, the newest
    first, ``counts`` how many there are of each."""

    at: str
    institution: str
    kind: str = ""
    until: str = ""
    department: str = ""
    reason: str = ""
    diagnoses: tuple[str, ...] = ()
    items: dict[str, tuple[Item, ...]] = {}
    counts: dict[str, int] = {}


class Problem(Shown, frozen=True):
    """A disease of the problem list: since when it is known, when it was last recorded, by whom and how often."""

    name: str
    active: bool
    concept: str = ""
    codes: tuple[str, ...] = ()
    since: str = ""
    last_recorded: str = ""
    institutions: tuple[str, ...] = ()
    times: int = 1
    chronic: bool = False


class Taken(Shown, frozen=True):
    """A drug in use; ``repeats`` one of another institution with the same in it."""

    name: str
    dosage: str = ""
    since: str = ""
    until: str = ""
    institution: str = ""
    reference: str = ""
    ingredients: tuple[str, ...] = ()
    repeats: Repeated | None = None


class Intolerance(Shown, frozen=True):
    """An allergy."""

    name: str
    reactions: tuple[str, ...] = ()
    severe: bool = False
    recorded: str = ""
    institution: str = ""
    concepts: tuple[str, ...] = ()


class Point(Shown, frozen=True):
    """A value of a series, in its unit. ``sent`` is the value as it was sent where that had another unit."""

    at: str
    value: float
    institution: str = ""
    flag: str = ""
    sent: str = ""
    reference: str = ""


class Series(Shown, frozen=True):
    """A result in the course of time, the oldest first. ``basis`` tells whose limits ``low`` and ``high`` are;
    ``direction``: rising, falling or steady between the last two."""

    name: str
    concept: str
    unit: str
    points: tuple[Point, ...]
    low: float | None = None
    high: float | None = None
    basis: str = ""
    direction: str = ""
    abnormal: bool = False


class FollowUpItem(Shown, frozen=True):
    """A test or examination that a chronic disease is followed by, and when it was last done (empty: nowhere on
    record)."""

    name: str
    concept: str
    last: str = ""
    days_ago: int | None = None
    result: str = ""
    flag: str = ""
    source: str = ""


class FollowUp(Shown, frozen=True):
    """How a chronic disease was followed: on how many days of the last year it was recorded."""

    disease: str
    concept: str
    days_recorded: int
    last_recorded: str = ""
    items: tuple[FollowUpItem, ...] = ()


class Node(Shown, frozen=True):
    """A concept of the patient: kind patient, disease, drug, allergy or finding."""

    id: str
    kind: str
    name: str
    status: str = ""


class Edge(Shown, frozen=True):
    """What the record (``origin`` record) or the release (``origin`` release) says of two nodes."""

    start: str
    end: str
    relation: str
    label: str
    origin: str
    statement: str = ""
    severity: str = ""
    text: str = ""
    source: str = ""
    standing: str = ""


def moment(time: datetime | None) -> str:
    """A time as it is shown: of the clock in China, to the minute; empty for none."""
    return "" if time is None else zoned(time).astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")


def day(time: datetime | None) -> str:
    """The day of a time in China; empty for none."""
    return moment(time)[:10]
