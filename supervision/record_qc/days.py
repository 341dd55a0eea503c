"""Course notes by calendar day: on which days something was written, and where too many days went by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from clinical.coded import china_day
from clinical.medical_record import Document, DocumentKind, EventKind
from supervision.record_qc.subject import Subject

NORM_NOTES: Final = (
    DocumentKind.FIRST_COURSE,
    DocumentKind.COURSE,
    DocumentKind.ROUND,
    DocumentKind.DIFFICULT_CASE,
    DocumentKind.HANDING_OVER,
    DocumentKind.TAKING_OVER,
    DocumentKind.TRANSFER_OUT,
    DocumentKind.TRANSFER_IN,
    DocumentKind.STAGE_SUMMARY,
    DocumentKind.RESCUE,
    DocumentKind.INVASIVE,
    DocumentKind.CONSULTATION,
    DocumentKind.PREOP_SUMMARY,
    DocumentKind.PREOP_DISCUSSION,
    DocumentKind.POSTOP_COURSE,
)
"""What article 22 of the norm counts as course notes and tells how the patient is."""


class Silence(NamedTuple):
    """A stretch without a note, between two days that have one (or begin and end it)."""

    after: date
    before: date

    @property
    def days(self) -> int:
        return (self.before - self.after).days - 1

    @property
    def said(self) -> str:
        """As Chinese staff say it."""
        return f"{self.after:%Y-%m-%d}至{self.before:%Y-%m-%d}"


def day(time: datetime) -> date:
    """The day of a time, in China."""
    return china_day(time)


def days_of(documents: Iterable[Document]) -> list[date] | None:
    """The days that documents bear; None when one bears none."""
    times = [document.written or document.completed for document in documents]
    return None if None in times else [day(time) for time in times if time]


def silences(first: date, last: date, noted: Iterable[date], most: int) -> Iterator[Silence]:
    """Stretches in which more than so many days lie between one note and the next."""
    known = sorted({first, last, *(one for one in noted if first < one < last)})
    for after, before in zip(known, known[1:], strict=False):
        if (before - after).days > most:
            yield Silence(after, before)


def spells(subject: Subject, *kinds: EventKind) -> list[tuple[str, date, date]]:
    """From which day to which something lasted (to the end of the stay where nobody told), with its id."""
    found = (event for event in subject.events(*kinds) or () if event.at)
    return [(one.id, day(one.at), day(one.end or subject.until)) for one in found if one.at]


def covered(spans: Iterable[tuple[str, date, date]]) -> set[date]:
    """Every day of some spells."""
    return {first + timedelta(n) for _, first, last in spans for n in range((last - first).days + 1)}
