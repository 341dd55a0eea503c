"""A patient whom an inference is asked about: read from plain JSON or FHIR, with what the region knows, resolved
against the release being served; and the rules at hand to try an order on them."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

from api.access import Principal
from api.bodies import Body
from api.cds_hooks import unmapped_json
from api.noted import noted
from api.regional import Regional, merged
from api.review import Reviewer
from api.serving import Served
from clinical.coded import Coded, china_day
from clinical.codes import Code, code_for
from clinical.finding import Review
from clinical.logic import Unknown
from clinical.order import Order
from clinical.patient import PatientContext
from clinical.value import replace
from exchange.fhir.context import Incoming, read_context
from exchange.fhir.values import Json, ReadError
from exchange.plain import PlainPatient, PlainPrescriber, PlainReview, read
from knowledge.model import ConceptKind, Predicate
from records.context import NOTHING, History
from records.terminology import Terminology, Unmapped
from rules import policy
from rules.engine import review
from rules.model import Case
from rules.partial import review_in_part
from rules.policy import Moment

_INDICATION: Final = "indication"
_DESCRIBED: Final = frozenset({Predicate.PLAN, Predicate.DISEASE_PROFILE, Predicate.HAS_FINDING})
_SYSTEMS: Final = {"icd-10": "http://hl7.org/fhir/sid/icd-10"}


class NamedCode(Body, frozen=True):
    """A code with its system (``icd-10`` or a FHIR URI)."""

    system: str
    code: str


class Diagnosis(Body, frozen=True):
    """A diagnosis by text, codes or both."""

    text: str = ""
    codes: tuple[NamedCode, ...] = ()


class AskerBody(Body, frozen=True):
    """Who asks, as far as one cares to say: figures of use are told by department and doctor."""

    department: str = ""
    prescriber: PlainPrescriber | None = None


class BedsideBody(AskerBody, frozen=True):
    """Whom an inference is about: ``patient`` as the plain review takes it, or ``prefetch`` as CDS Hooks does;
    ``note``, a record of this visit as it is written, tells what these leave out, or all when it comes alone."""

    patient: PlainPatient | None = None
    prefetch: dict[str, Any] | None = None
    note: str = ""
    institution: str = ""
    stage: str = ""
    visit: Literal["outpatient", "emergency", "inpatient", "home"] | None = None
    admitted: date | None = None
    institution_level: Literal[1, 2, 3] | None = None
    insurance: str = ""
    as_of: date | None = None

    @property
    def names_nobody(self) -> bool:
        """Whether nothing was sent to read a patient from."""
        return self.patient is None and self.prefetch is None and not self.note


class TreatmentBody(BedsideBody, frozen=True):
    """What is to be treated; without ``diagnoses`` every active diagnosis of the patient that the release has plans
    for."""

    diagnoses: tuple[str | Diagnosis, ...] = ()
    severity: Literal["mild", "moderate", "severe", "critical"] | None = None
    situation: str = ""


class ConsultationBody(TreatmentBody, frozen=True):
    """``question``: what a multidisciplinary meeting is called for."""

    question: str = ""


@dataclass(frozen=True, slots=True)
class Bedside:
    """One patient, resolved. ``partial`` names lists of which only a part is known; ``sent_id`` is the id in the
    sender's system."""

    patient: PatientContext
    served: Served
    unmapped: tuple[Unmapped, ...]
    partial: frozenset[str]
    day: date
    reviewer: Reviewer
    tenant: str = ""

    def judge(self, patient: PatientContext, order: Order) -> Review:
        """What the rules say of an order for this patient, under the policy of the tenant: all families but the one
        that asks what a drug is for, which the plan it comes from says. Nothing is remembered as shown."""
        _, orders, _ = self.served.terminology.resolve(PatientContext(patient.id, patient.as_of), (order,))
        families = tuple(family for family in self.reviewer.families if family.name != _INDICATION)
        states = self.reviewer.states
        case = Case(patient, orders, self.served.snapshot, self.day, derive=states.derive)
        judged = review_in_part(case, families, self.partial) if self.partial else review(case, families)
        return policy.apply(states.apply(judged, case), self.reviewer.policy(self.tenant), Moment.of(patient))

    def not_understood(self) -> list[Json]:
        """What was sent and not understood."""
        return [unmapped_json(item) for item in self.unmapped]


def incoming_of(body: BedsideBody, now: datetime) -> Incoming:
    """The nouns of a body. Raises ``ReadError`` that names the field."""
    if body.names_nobody or (body.patient and body.prefetch is not None):
        raise ReadError("patient", "give `patient` (plain) or `prefetch` (FHIR), one of the two, or a `note` alone")
    if body.prefetch is not None:
        return _of_prefetch(body, now)
    members = {field: getattr(body, field) for field in _SHARED}
    return read(PlainReview(patient=body.patient or PlainPatient(id=""), orders=(), **members), now)


_SHARED: Final = tuple(
    field for field in BedsideBody.__struct_fields__ if field not in ("patient", "prefetch", "note", "as_of")
)


def _of_prefetch(body: BedsideBody, now: datetime) -> Incoming:
    prefetch: dict[str, Any] = body.prefetch or {}
    patient = prefetch.get("patient")
    number = patient.get("id", "") if isinstance(patient, dict) else ""
    found = read_context({"patientId": number}, prefetch, now, body.stage)
    stated = {field: getattr(body, field) for field in ("department", "institution") if getattr(body, field)}
    return replace(found, context=replace(found.context, **stated)) if stated else found


class Ward:
    """Finds patients for inferences."""

    def __init__(self, reviewer: Reviewer, regional: Regional) -> None:
        self._reviewer, self._regional = reviewer, regional

    @property
    def served(self) -> Served:
        """The release being served now."""
        return self._reviewer.serving.now

    async def of(self, body: BedsideBody, caller: Principal) -> Bedside:
        """The patient of a request. Raises ``ReadError``."""
        incoming = incoming_of(body, datetime.now(UTC))
        sent, partial = None if body.prefetch is None else body.prefetch.get("patient"), frozenset[str]()
        if body.note:
            known, partial = await asyncio.to_thread(noted, incoming.context, body.note, self.served.snapshot)
            incoming = replace(incoming, context=known)
        region = NOTHING
        if self._regional.awake:
            region = await self._regional.of(incoming.context, caller.tenant, sent)
        return self.at(incoming, region, caller.tenant, body.as_of, partial)

    def at(
        self,
        incoming: Incoming,
        region: History = NOTHING,
        tenant: str = "",
        day: date | None = None,
        partial: frozenset[str] = frozenset(),
    ) -> Bedside:
        """The patient of a request that was read, with what the region knows; ``partial`` names lists of which only a
        part was read."""
        context = incoming.context
        if region.parts:
            context, more = merged(context, region)
            partial |= more
        served = self.served
        patient, _, unmapped = served.terminology.resolve(context, ())
        on = day or china_day(incoming.context.as_of)
        return Bedside(patient, served, unmapped, partial, on, self._reviewer, tenant)


def diagnosed(bedside: Bedside) -> Bedside:
    """The same patient once diagnoses are added to a list that nobody sent: of it only these are known."""
    unlisted = isinstance(bedside.patient.conditions, Unknown)
    return dataclasses.replace(bedside, partial=bedside.partial | {"conditions"}) if unlisted else bedside


def concepts_of(diagnoses: tuple[str | Diagnosis, ...], terminology: Terminology) -> tuple[list[str], list[str]]:
    """Diseases (concept ids) of diagnoses given by id, name, words or code; and the words of those not understood."""
    found: dict[str, None] = {}
    lost: list[str] = []
    for said in diagnoses:
        one = Diagnosis(text=said) if isinstance(said, str) else said
        concepts = _known(one, terminology)
        found |= dict.fromkeys(_coded(one, concepts, terminology) if one.codes else concepts)
        if not concepts:
            lost.append(one.text or "、".join(code.code for code in one.codes))
    return list(found), lost


def _known(diagnosis: Diagnosis, terminology: Terminology) -> tuple[str, ...]:
    concept = terminology.snapshot.concept(diagnosis.text)
    if concept is not None and concept.kind is ConceptKind.DISEASE:
        return (concept.id,)
    return terminology.disease(Coded(diagnosis.text, codes_of(diagnosis)))


def _coded(diagnosis: Diagnosis, concepts: tuple[str, ...], terminology: Terminology) -> tuple[str, ...]:
    """One of those a code stands for, which may be a chapter's: what the words name, else what the release describes
    and has fewest codes for; of several kinds with the same codes the one they are kinds of."""
    snapshot = terminology.snapshot
    words = terminology.disease(Coded(diagnosis.text)) if diagnosis.text else ()
    fitting = [c for c in words if c in concepts]
    fitting = fitting or [c for c in concepts if not _DESCRIBED.isdisjoint(snapshot.told(c))] or list(concepts)

    def width(concept: str) -> tuple[int, int]:
        known = snapshot.concept(concept)
        return len(known.codes) if known else 0, len(snapshot.lineage[concept])

    return tuple(sorted(fitting, key=width)[:1])


def codes_of(diagnosis: Diagnosis) -> tuple[Code, ...]:
    """Its codes of systems that we know."""
    return tuple(code for given in diagnosis.codes if (code := _code(given)) is not None)


def _code(given: NamedCode) -> Code | None:
    try:
        return code_for(_SYSTEMS.get(given.system, given.system), given.code)
    except ValueError:
        return None


__all__ = [
    "AskerBody",
    "Bedside",
    "BedsideBody",
    "Diagnosis",
    "NamedCode",
    "TreatmentBody",
    "Ward",
    "codes_of",
    "concepts_of",
    "diagnosed",
]
