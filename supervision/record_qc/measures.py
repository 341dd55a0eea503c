"""What a single record is to the national indicators that its documents tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from clinical.coded import china_day
from clinical.medical_record import (
    Document,
    DocumentKind,
    EventKind,
    OrderKind,
    Result,
    ResultKind,
    Signer,
    Title,
)
from rules.stewardship import ANTIBACTERIAL
from supervision.record_qc.rounders import at_least
from supervision.record_qc.subject import Subject, signed
from supervision.record_qc.timing import Anchor, Anchors, matched


class Part(StrEnum):
    """What a record is to an indicator; nothing at all where it is not about the record."""

    FULFILLED = "yes"
    NOT_FULFILLED = "no"
    UNKNOWN = "unknown"


Measured: TypeAlias = Callable[[Subject], Part | None]


# -- in time ---------------------------------------------------------------------------------


def within(anchors: Anchors, span: timedelta, *kinds: DocumentKind) -> Measured:
    """Every anchor has its document, finished within a time."""

    def measure(subject: Subject) -> Part | None:
        found = list(anchors(subject))
        known = [one for one in found if isinstance(one, Anchor)]
        if len(known) < len(found):
            return Part.UNKNOWN
        documents = matched(known, subject.of(*kinds))
        return _all(_done_in(d, anchor, span) for d, anchor in zip(documents, known, strict=True)) if known else None

    return measure


def _done_in(document: Document | None, anchor: Anchor, span: timedelta) -> bool | None:
    if document is None:
        return False
    return None if document.done is None else document.done <= anchor.at + span


def _all(held: Iterable[bool | None]) -> Part:
    """Fulfilled when all hold; one that does not hold outweighs those that are not known."""
    parts = list(held)
    if False in parts:
        return Part.NOT_FULFILLED
    return Part.UNKNOWN if None in parts else Part.FULFILLED


def front_page(subject: Subject) -> Part | None:
    page, ended = subject.record.front_page, subject.record.ended
    if page is None or page.completed is None or ended is None:
        return Part.UNKNOWN
    return _all([page.completed <= ended + timedelta(hours=24)])


def rounds(subject: Subject) -> Part | None:
    """An attending doctor's within 48 hours, an associate's or chief's within the first week where the stay is as
    long."""
    admitted, ended = subject.record.visit.admitted, subject.record.ended
    if admitted is None or ended is None:
        return Part.UNKNOWN
    if ended - admitted < timedelta(hours=48):
        return None
    wanted = [(Title.ATTENDING, timedelta(hours=48))]
    if ended - admitted >= timedelta(days=7):
        wanted.append((Title.ASSOCIATE, timedelta(days=7)))
    rounds = subject.of(DocumentKind.ROUND)
    return _all(_round_by(rounds, title, admitted + span) for title, span in wanted)


def _round_by(rounds: Iterable[Document], least: Title, until: datetime) -> bool | None:
    held = [(at_least(one, least), one.written) for one in rounds]
    if any(senior and at is not None and at <= until for senior, at in held):
        return True
    may_be = any(senior is not False and (senior is None or at is None) for senior, at in held)
    return None if may_be else False


# -- what was done is told -------------------------------------------------------------------


def examined(words: tuple[str, ...], kind: ResultKind, order: OrderKind) -> Measured:
    """Each examination of a sort has its order and report and is spoken of in a course note."""

    def measure(subject: Subject) -> Part | None:
        orders, results = subject.record.orders, subject.record.results
        if orders is None or results is None:
            return Part.UNKNOWN
        asked = [one for one in orders if one.kind is order and _named(one.text, words)]
        told = [one for one in results if _is_of(one, kind, words)]
        if not asked and not told:
            return None
        return _all([bool(asked), bool(told), _spoken_of(subject, words)])

    return measure


def _is_of(result: Result, kind: ResultKind, words: tuple[str, ...]) -> bool:
    return result.kind is kind and (kind is not ResultKind.EXAM or _named(result.name, words))


def _named(text: str, words: tuple[str, ...]) -> bool:
    upper = text.upper()
    return any(word in upper for word in words)


_COURSE: Final = (
    *(DocumentKind.FIRST_COURSE, DocumentKind.COURSE, DocumentKind.ROUND, DocumentKind.POSTOP_COURSE),
    *(DocumentKind.DIFFICULT_CASE, DocumentKind.STAGE_SUMMARY, DocumentKind.TRANSFER_IN),
)


def _spoken_of(subject: Subject, words: tuple[str, ...]) -> bool:
    return any(_named(passage.text, words) for passage in subject.texts(subject.of(*_COURSE)))


def treated(kind: EventKind, words: tuple[str, ...]) -> Measured:
    """A treatment that was given has its order and is spoken of in a course note."""

    def measure(subject: Subject) -> Part | None:
        events = subject.events(kind)
        if events is None or (events and subject.record.orders is None):
            return Part.UNKNOWN
        if not events:
            return None
        ordered = any(_named(order.text, words) for order in subject.record.orders or ())
        return _all([ordered, _spoken_of(subject, words)])

    return measure


def antimicrobial(subject: Subject) -> Part | None:
    """Every antibacterial that was ordered is named in a course note; which drugs are, the release tells."""
    orders = subject.record.orders
    if orders is None:
        return Part.UNKNOWN
    drugs = [order for order in orders if order.kind is OrderKind.DRUG]
    if not drugs:
        return None
    if subject.release is None:
        return Part.UNKNOWN
    given = [name for order in drugs for name in antibacterials(subject, order.text)]
    return _all(_spoken_of(subject, (name.upper(),)) for name in given) if given else None


def antibacterials(subject: Subject, text: str) -> Iterator[str]:
    """The antibacterials that an order names."""
    release = subject.release
    for fact in subject.facts(text) or ():
        if release is not None and fact.kind == "drug" and ANTIBACTERIAL in release.ancestors(fact.concept):
            yield fact.name


# -- sets of documents -----------------------------------------------------------------------

_OPERATED: Final = (
    *(DocumentKind.PREOP_SUMMARY, DocumentKind.PREOP_DISCUSSION, DocumentKind.CONSENT_OPERATION),
    *(DocumentKind.SAFETY, DocumentKind.COUNT, DocumentKind.OPERATION, DocumentKind.POSTOP_COURSE),
)
_ANAESTHETISED: Final = (
    *(DocumentKind.ANAESTHESIA_BEFORE, DocumentKind.CONSENT_ANAESTHESIA, DocumentKind.ANAESTHESIA),
    DocumentKind.ANAESTHESIA_AFTER,
)


def operation_documents(subject: Subject) -> Part | None:
    """Documents that the norm asks of an operation; of an emergency no summary and discussion, of one without an
    anaesthetist none of his."""
    done = subject.record.operations
    if done is None:
        return Part.UNKNOWN
    if not done:
        return None
    wanted = list(_OPERATED if not all(one.emergency for one in done) else _OPERATED[2:])
    if any(one.anaesthesia and "局" not in one.anaesthesia for one in done):
        wanted += _ANAESTHETISED
    return _all(bool(subject.of(kind)) for kind in wanted)


def implants(subject: Subject) -> Part | None:
    done = subject.record.operations
    if done is None or any(one.implants is None for one in done):
        return Part.UNKNOWN
    if not any(one.implants for one in done):
        return None
    notes = subject.texts(subject.of(DocumentKind.OPERATION))
    return _all([any(_named(passage.text, ("植入", "条码", "条形码", "置入")) for passage in notes)])


def transfused(subject: Subject) -> Part | None:
    """Consent, order, record of the transfusion and an evaluation in a course note."""
    events = subject.events(EventKind.TRANSFUSION)
    if events is None or (events and subject.record.orders is None):
        return Part.UNKNOWN
    if not events:
        return None
    ordered = any(order.kind is OrderKind.BLOOD for order in subject.record.orders or ())
    written = (bool(subject.of(kind)) for kind in (DocumentKind.CONSENT_TRANSFUSION, DocumentKind.TRANSFUSION))
    return _all([ordered, *written, _spoken_of(subject, ("输血",))])


_CONSENTS: Final = (
    *(DocumentKind.CONSENT_OPERATION, DocumentKind.CONSENT_ANAESTHESIA, DocumentKind.CONSENT_TRANSFUSION),
    *(DocumentKind.CONSENT_SPECIAL, DocumentKind.CONSENT_OTHER),
)


def consented(subject: Subject) -> Part | None:
    """Every consent is signed by the patient (or who stands for him) and by a doctor."""
    consents = subject.of(*_CONSENTS)
    if not consents:
        return None
    return _all(_signed_by_both(consent) for consent in consents)


def _signed_by_both(consent: Document) -> bool | None:
    if consent.signatures is None:
        return None
    patient = signed(consent, Signer.PATIENT, Signer.AGENT)
    doctor = signed(consent, Signer.AUTHOR, Signer.SUPERIOR, Signer.SURGEON, Signer.ANAESTHETIST)
    return bool(patient and doctor)


# -- the archive -----------------------------------------------------------------------------


def archived(subject: Subject) -> Part | None:
    """Archived within two working days. Holidays of the state are not known here: weekends do not count."""
    ended, archived = subject.record.ended, subject.record.visit.archived
    if ended is None or archived is None:
        return Part.UNKNOWN
    return _all([china_day(archived) <= working_days_after(china_day(ended), 2)])


def working_days_after(day: date, number: int) -> date:
    """The day so many working days (Monday to Friday) after another."""
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < 5
    return day


def whole(subject: Subject) -> Part | None:
    """Everything that every stay must have is there: front page, admission, first course note, end."""
    visit, short = subject.record.visit, subject.of(DocumentKind.DAY_STAY, DocumentKind.DAY_DEATH)
    begin = bool(short or subject.of(DocumentKind.ADMISSION, DocumentKind.READMISSION))
    course = bool(short or subject.of(DocumentKind.FIRST_COURSE))
    end = bool(short or subject.of(DocumentKind.DEATH if visit.died else DocumentKind.DISCHARGE))
    return _all([subject.record.front_page is not None, begin, course, end])
