"""Checks of time limits, a row each: what must be written how soon after what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from clinical.coded import CHINA
from clinical.medical_record import Document, DocumentKind, EventKind
from supervision.record_qc.model import (
    INPATIENT,
    LATER,
    Aspect,
    Check,
    Defect,
    Gap,
    Grade,
    Group,
    Reminder,
    Said,
    Severity,
)
from supervision.record_qc.places import Place, Stage
from supervision.record_qc.sessions import sessions
from supervision.record_qc.subject import Subject

EARLY: Final = timedelta(hours=2)
"""A document may bear a time so long before the event that it belongs to: clocks and entries differ."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Something that must be written of: when it was (or ended), its id, what to call it."""

    at: datetime
    id: str = ""
    called: str = ""


Anchors: TypeAlias = Callable[[Subject], Iterable[Anchor | Gap]]
Fits: TypeAlias = Callable[[Document], bool]


@dataclass(frozen=True, slots=True)
class Limit:
    """A row of the table of time limits; it makes two checks, ``<name>-late`` and ``<name>-missing``. ``within`` runs
    from each of ``after``; ``fits`` narrows which documents count; ``asked`` is how the norm says it where it names
    no number: then ``within`` is our patience, of which nothing is said, and a reminder is due at once."""

    name: str
    called: str
    documents: tuple[DocumentKind, ...]
    after: Anchors
    within: timedelta
    source: str
    group: Group = Group.COURSE
    fits: Fits | None = None
    late_points: float = 2.0
    missing_points: float = 5.0
    missing_veto: Grade | None = None
    asked: str = ""

    def checks(self) -> tuple[Check, Check]:
        """The two checks of this row."""
        return self.late(), self.missing()

    def late(self) -> Check:
        """Whether it was written too late."""
        span = self._span()
        return Check(
            name=f"{self.name}-late",
            title=f"{self.called}未{span}完成",
            group=self.group,
            aspect=Aspect.TIMELY,
            kinds=INPATIENT,
            source=self.source,
            mend=f"今后{span}完成{self.called}；已逾时的如实注明补记时间，不得改动原时间",
            run=self._late,
            points=self.late_points,
            stages=LATER,
        )

    def missing(self) -> Check:
        """Whether it was never written."""
        return Check(
            name=f"{self.name}-missing",
            title=f"缺{self.called}",
            group=self.group,
            aspect=Aspect.COMPLETE,
            kinds=INPATIENT,
            source=self.source,
            mend=f"补写{self.called}，注明补记时间并签名",
            run=self._missing,
            severity=Severity.SEVERE,
            points=self.missing_points,
            veto=self.missing_veto,
        )

    def _late(self, subject: Subject) -> Iterator[Said]:
        for anchor, document in self._pairs(subject):
            if document is None:
                continue
            if document.done is None:
                yield Gap(f"{self.called}的完成时间")
            elif document.done > anchor.at + self.within:
                took = spoken(document.done - anchor.at)
                says = (
                    f"{anchor.called}{shown(anchor.at)}，{self.called}{shown(document.done)}才完成，历时{took}，"
                    f"应{self._span()}完成"
                )
                yield Defect(says, Place(document.id), key=anchor.id)

    def _missing(self, subject: Subject) -> Iterator[Said]:
        for anchor in self.after(subject):
            if isinstance(anchor, Gap):
                yield anchor
        for anchor, document in self._pairs(subject):
            if document is not None:
                continue
            late = anchor.at + self.within
            due, when = (anchor.at, self.asked) if self.asked else (late, f"于{shown(late)}前")
            if subject.now >= late:
                yield Defect(f"{anchor.called}{shown(anchor.at)}，应{when}完成的{self.called}未见", key=anchor.id)
            elif subject.stage is not Stage.FINAL:
                yield Reminder(self.called, f"{self.called}须{when}完成", due)

    def _span(self) -> str:
        return self.asked or f"在{spoken(self.within)}内"

    def _pairs(self, subject: Subject) -> list[tuple[Anchor, Document | None]]:
        anchors = [anchor for anchor in self.after(subject) if isinstance(anchor, Anchor)]
        found = [d for d in subject.of(*self.documents) if self.fits is None or self.fits(d)]
        return list(zip(anchors, matched(anchors, found), strict=True))


def matched(anchors: Sequence[Anchor], documents: Sequence[Document]) -> list[Document | None]:
    """The document of each anchor (both in order of time): by the id it names, else the first that was not taken and
    bears a time from a little before the anchor on, up to the next anchor; an undated one stands for any."""
    named = {document.about: document for document in reversed(documents) if document.about}
    known = {anchor.id for anchor in anchors if anchor.id}
    free = [document for document in documents if document.about not in known]
    found: list[Document | None] = []
    for number, anchor in enumerate(anchors):
        document = named.get(anchor.id) if anchor.id else None
        if document is None:
            until = anchors[number + 1].at if number + 1 < len(anchors) else None
            document = next((d for d in free if _stands_for(d, anchor, until)), None)
            free = [one for one in free if one is not document]
        found.append(document)
    return found


def _stands_for(document: Document, anchor: Anchor, until: datetime | None) -> bool:
    time = document.written or document.completed
    return time is None or (time >= anchor.at - EARLY and (until is None or time < until))


# -- what limits run from --------------------------------------------------------------------


def admission(subject: Subject) -> Iterator[Anchor | Gap]:
    """The admission; none of a stay that one note tells as a whole, which is due when it ends."""
    if subject.of(DocumentKind.DAY_STAY, DocumentKind.DAY_DEATH):
        return
    at = subject.record.visit.admitted
    yield Anchor(at, called="入院") if at else Gap("入院时间")


def discharge(subject: Subject) -> Iterator[Anchor | Gap]:
    """A discharge alive."""
    visit = subject.record.visit
    if visit.discharged and not visit.died:
        yield Anchor(visit.discharged, called="出院")


def death(subject: Subject) -> Iterator[Anchor | Gap]:
    """The death."""
    if subject.record.visit.died:
        yield Anchor(subject.record.visit.died, called="死亡")


def operations(subject: Subject) -> Iterator[Anchor | Gap]:
    """The end of every session of operations."""
    if subject.record.operations is None:
        yield Gap("手术信息")
    for one in sessions(subject.record.operations or ()):
        yield Anchor(one.end, one.id, f"{one.name}于") if one.end else Gap("手术时间")


def ends_of(*kinds: EventKind, called: str) -> Anchors:
    """The end (else the time) of every event of some kinds."""

    def anchors(subject: Subject) -> Iterator[Anchor | Gap]:
        events = subject.events(*kinds)
        if events is None:
            yield Gap(f"{called}事件")
        for event in events or ():
            at = event.end or event.at
            yield Anchor(at, event.id, called) if at else Gap(f"{called}时间")

    return anchors


def starts_of(*kinds: EventKind, called: str) -> Anchors:
    """The beginning of every event of some kinds."""

    def anchors(subject: Subject) -> Iterator[Anchor | Gap]:
        events = subject.events(*kinds)
        if events is None:
            yield Gap(f"{called}事件")
        for event in events or ():
            yield Anchor(event.at, event.id, called) if event.at else Gap(f"{called}时间")

    return anchors


# -- words -----------------------------------------------------------------------------------


def called(document: Document, title: str = "") -> str:
    """What people call a document: 日常病程记录 2026-11-02 08:00; ``title``: instead of its kind, for those
    who may read the record."""
    time = document.written or document.completed
    return f"{title or document.kind.value}{f' {shown(time)}' if time else ''}"


def shown(time: datetime) -> str:
    """A time as Chinese staff read it."""
    return time.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def spoken(span: timedelta) -> str:
    """A span in the largest units that say it: 8小时, 2天, 1天3小时, 50分钟."""
    minutes = round(span.total_seconds() / 60)
    if minutes < 60:
        return f"{minutes}分钟"
    hours, rest = divmod(minutes, 60)
    if hours <= 48 and hours != 48:
        return f"{hours}小时" + (f"{rest}分钟" if rest else "")
    days, hours = divmod(hours, 24)
    return f"{days}天" + (f"{hours}小时" if hours else "")
