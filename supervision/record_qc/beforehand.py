"""Checks of what must be finished before something is done, a row each: discussions before operations, consents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from clinical.medical_record import Document, DocumentKind
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
from supervision.record_qc.subject import Subject
from supervision.record_qc.timing import Anchor, Anchors, shown

SESSION = timedelta(hours=12)
"""What is done within so long of each other may share its papers: two operations in one go."""
AFTERWARDS = timedelta(hours=48)
"""A paper made so long after what it belongs to is that paper, too late."""


def written(document: Document) -> datetime | None:
    """The time that a document bears."""
    return document.written or document.completed


@dataclass(frozen=True, slots=True)
class Beforehand:
    """A row; it makes two checks, ``<name>-missing`` and ``<name>-after``. ``before``: what must not begin without
    it; ``at``: the time of a document that counts; ``grace``: how much later it may be; ``serves``: whether one of
    these documents is one; ``instead``: what else will do. One document serves for all that is done in one session,
    none for what is done in the next; where ``once``, one before the first serves for the whole stay."""

    name: str
    called: str
    documents: tuple[DocumentKind, ...]
    before: Anchors
    source: str
    group: Group
    at: Callable[[Document], datetime | None] = written
    grace: timedelta = timedelta()
    serves: Callable[[Document], bool] | None = None
    instead: Callable[[Subject, Anchor], bool] | None = None
    once: bool = False
    missing_points: float = 5.0
    missing_veto: Grade | None = None
    after_points: float = 2.0

    def checks(self) -> tuple[Check, Check]:
        """The two checks of this row."""
        return self.missing(), self.after()

    def missing(self) -> Check:
        """Whether there is none."""
        return Check(
            name=f"{self.name}-missing",
            title=f"缺{self.called}",
            group=self.group,
            aspect=Aspect.COMPLETE,
            kinds=INPATIENT,
            source=self.source,
            mend=f"核查{self.called}是否已完成并归入病历；确未完成的按缺项处理，不得事后伪造",
            run=self._missing,
            severity=Severity.SEVERE,
            points=self.missing_points,
            veto=self.missing_veto,
        )

    def after(self) -> Check:
        """Whether it was made too late."""
        return Check(
            name=f"{self.name}-after",
            title=f"{self.called}未在事前完成",
            group=self.group,
            aspect=Aspect.TIMELY,
            kinds=INPATIENT,
            source=self.source,
            mend=f"{self.called}须事前完成；核实时间，确系事后补写的如实注明，不得改动原时间",
            run=self._after,
            points=self.after_points,
            stages=LATER,
        )

    def _missing(self, subject: Subject) -> Iterator[Said]:
        for anchor, document in self._pairs(subject):
            if isinstance(anchor, Gap):
                yield anchor
            elif document is not None:
                continue
            elif subject.now >= anchor.at:
                yield Defect(f"{anchor.called}{shown(anchor.at)}，此前应完成的{self.called}未见", key=anchor.id)
            elif subject.stage is not Stage.FINAL:
                yield Reminder(self.called, f"{self.called}须于{shown(anchor.at)}前完成", anchor.at)

    def _after(self, subject: Subject) -> Iterator[Said]:
        for anchor, document in self._pairs(subject):
            if isinstance(anchor, Gap):
                yield anchor
                continue
            if document is None:
                continue
            time = self.at(document)
            if time is None:
                yield Gap(f"{self.called}的时间")
            elif time > anchor.at + self.grace:
                says = f"{self.called}时间为{shown(time)}，晚于{anchor.called}{shown(anchor.at)}"
                yield Defect(says, Place(document.id), key=anchor.id)

    def _pairs(self, subject: Subject) -> Iterator[tuple[Anchor | Gap, Document | None]]:
        """What must not begin without a document, with the document it has; what is not known of it alone."""
        told = list(self.before(subject))
        yield from ((one, None) for one in told if isinstance(one, Gap))
        papers = [one for one in subject.of(*self.documents) if self.serves is None or self.serves(one)]
        anchors = sorted((one for one in told if isinstance(one, Anchor)), key=lambda one: one.at)
        for anchor in anchors[: 1 if self.once else None]:
            if self.instead is None or not self.instead(subject, anchor):
                yield anchor, self._of(anchor, anchors, papers)

    def _of(self, anchor: Anchor, anchors: list[Anchor], documents: Iterable[Document]) -> Document | None:
        """The document of an anchor: one that names it, else one made for its session: the last beforehand, else the
        first afterwards; one without a time stands for any."""
        ids = {one.id for one in anchors if one.id}
        before: Document | None = None
        since = max((one.at for one in anchors if one.at < anchor.at - SESSION), default=None)
        for document in documents:
            if document.about and document.about == anchor.id:
                return document
            time = self.at(document)
            if document.about in ids or not _of_session(time, since, anchor.at):
                continue
            if before is None or (time is not None and time <= anchor.at + self.grace):
                before = document
        return before


def _of_session(time: datetime | None, since: datetime | None, begins: datetime) -> bool:
    return time is None or ((since is None or time > since) and time < begins + AFTERWARDS)
