"""Who signed, and in which order (articles 3, 7 and 8 of the norm)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Final

from clinical.medical_record import Document, DocumentKind, Signer, Title, rank
from supervision.record_qc.content import Signed
from supervision.record_qc.model import ANY_RECORD, LATER, NORM, Aspect, Check, Defect, Group, Said
from supervision.record_qc.places import Place
from supervision.record_qc.subject import Subject, signed
from supervision.record_qc.timing import EARLY, shown

_STAFF: Final = (Signer.AUTHOR, Signer.SUPERIOR, Signer.SURGEON, Signer.ANAESTHETIST, Signer.NURSE)
_COURSE: Final = (
    DocumentKind.FIRST_COURSE,
    DocumentKind.COURSE,
    DocumentKind.ROUND,
    DocumentKind.RESCUE,
    DocumentKind.INVASIVE,
    DocumentKind.POSTOP_COURSE,
    DocumentKind.PREOP_SUMMARY,
    DocumentKind.PREOP_DISCUSSION,
    DocumentKind.DIFFICULT_CASE,
    DocumentKind.DEATH_DISCUSSION,
)
_TOLERANCE: Final = timedelta(hours=24)
"""A note that is prepared in the evening and dated the next morning is no forgery."""


def _signed_first(subject: Subject) -> Iterator[Said]:
    """Signed a day or more before the time that the document bears: blank sheets, or times that were made up."""
    for document in subject.judged():
        written = document.written
        for one in signed(document, *_STAFF):
            if written and one.at and one.at <= written - _TOLERANCE:
                when = f"{document.kind.value}记录时间{shown(written)}"
                says = f"{when}，{one.role.value}{one.name}却于{shown(one.at)}签名"
                yield Defect(says, Place(document.id), key=one.name)


def _in_future(subject: Subject) -> Iterator[Said]:
    """While the stay goes on; what is dated after its end is another check's."""
    if subject.record.ended is not None:
        return
    for document in subject.judged():
        if document.written is not None and document.written > subject.now + EARLY:
            yield Defect(f"{document.kind.value}记录时间{shown(document.written)}晚于当前时间", Place(document.id))


def _own_superior(subject: Subject) -> Iterator[Said]:
    """A resident (or somebody in training) who signed as his own superior."""
    for document in subject.judged():
        authors = {one.name for one in signed(document, Signer.AUTHOR)} or _author(document)
        for one in signed(document, Signer.SUPERIOR):
            low = one.title is not None and rank(one.title) <= rank(Title.RESIDENT)
            if low and one.name in authors:
                yield Defect(f"{document.kind.value}的上级医师签名与书写医师同为{one.name}", Place(document.id))


def _author(document: Document) -> set[str]:
    return {document.author.name} if document.author else set()


_check: Final = partial(Check, group=Group.WRITING, aspect=Aspect.GENUINE, kinds=ANY_RECORD, stages=LATER)


CHECKS: Final = (
    Signed(
        "course-note-signature",
        _COURSE,
        (Signer.AUTHOR, Signer.SUPERIOR, Signer.SURGEON),
        f"{NORM}第八条",
        Group.COURSE,
        points=1.0,
    ).check(),
    _check(
        "signed-before-written",
        "签名早于记录时间",
        source=f"{NORM}第三条",
        mend="核实记录和签名时间，不得预先签名或倒签",
        run=_signed_first,
        points=2.0,
    ),
    _check(
        "document-in-future",
        "记录时间晚于当前时间",
        source=f"{NORM}第三条",
        mend="核实并更正记录时间",
        run=_in_future,
        points=1.0,
    ),
    _check(
        "superior-signs-own-note",
        "上级医师签名为书写者本人",
        source=f"{NORM}第七条",
        mend="由上级医师本人审查、修改并签名",
        run=_own_superior,
        points=2.0,
    ),
)
