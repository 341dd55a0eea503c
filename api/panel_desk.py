"""The clinician panel: one patient, opened by a launch, seen by the same functions that the API answers with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec

from api.access import Principal
from api.askers import disease_of, doctor_of
from api.bedside import Bedside, TreatmentBody
from api.cards import REASONS
from api.errors import ApiError
from api.front import Front
from api.metrics import METRICS
from api.noted import noted
from api.offering import Offering
from api.panel_answers import PanelAnswers
from api.person_record import PersonRecords
from api.picture_json import pictured
from api.regional import PANEL, of_panel, of_record, who_is
from api.review import Reviewed
from api.using import used
from base import launches
from base.launches import Launch
from base.tenancy import Scope, acting, system
from clinical.coded import CHINA, china_day
from clinical.finding import Finding
from clinical.logic import Unknown
from clinical.order import OrderKind
from clinical.person import Demographics
from clinical.value import replace
from exchange.fhir.context import Incoming
from exchange.fhir.person import patient as patient_resource
from exchange.fhir.values import Json
from knowledge.snapshot import Snapshot
from records.context import Ask, History
from records.identity_store import by_local_id
from records.identity_tables import Kept
from records.launched import Launched, Lent, Standing
from records.privacy import names_in
from records.uses import Asker, Kind, Uses

if TYPE_CHECKING:
    from api.risk_desk import RiskDesk
    from inference.score import Answer

_UNKNOWN_PATIENT: Final = "该机构没有此患者编号的档案"
_NO_PATIENT: Final = "面板打开时没有指定患者，只能检索和提问"


@dataclass(frozen=True, slots=True)
class Opened:
    """The patient of a launch: what they are called, what was told of them, what the league knows, and both
    understood. ``subject`` is what the audit knows them as, ``hidden`` the words that tell who they are, which no
    model may see."""

    name: str
    subject: str
    asked: Json
    incoming: Incoming
    history: History
    bedside: Bedside
    hidden: frozenset[str]

    @property
    def asker(self) -> Asker:
        """Where, by whom and for which disease inference about them is used."""
        at, patient = self.bedside, self.bedside.patient
        doctor, disease = doctor_of(self.asked, patient), disease_of(patient, at.served)
        return Asker(at.tenant, patient.department, doctor, disease)


class PanelDesk:
    """Answers panels. Every function waits for the database: call on a thread."""

    def __init__(self, front: Front, records: PersonRecords, uses: Uses) -> None:
        self._front, self._records, self._uses = front, records, uses
        self._offering = Offering(front.house.engine, front.regional)
        self.launched = Launched(front.house.engine, front.ring)
        self.answers = PanelAnswers(front)

    # -- opening ---------------------------------------------------------------------------

    def launch(
        self,
        found: Principal,
        tenant: str,
        patient: str,
        user: str,
        department: str = "",
        told: Json | None = None,
        access: Lent | None = None,
    ) -> tuple[str, Launch]:
        """A token for a patient of a tenant and whoever looks. ``department`` is where they work; ``told`` what the
        caller told of the patient, as CDS Hooks does (context, prefetch), ``access`` what it may be read again with;
        without it they must be on record. Without a patient it opens knowledge alone. Raises ``ApiError`` 404 and
        ``ReadError``."""
        front, now = self._front, datetime.now(UTC)
        until = now + timedelta(minutes=front.settings.panel_minutes)
        made = Launch(tenant, patient, user, found.kind.value, found.name, until, department=department)
        if told is None:
            subject = f"person/{self.kept(made).person}" if patient else "knowledge"
        else:
            of_panel(told, now)
            with acting(Scope(found.name, writes=(tenant,))):
                made = msgspec.structs.replace(made, told=self.launched.keep(tenant, told, until, access))
            subject = f"launched/{made.told}"
        front.access.note(found, "panel.launch", subject, user=user)
        return launches.sealed(front.ring, made), made

    def ticket(self, launch: Launch) -> str:
        """What the stream of a panel is asked for with."""
        return launches.ticket(self._front.ring, launch, datetime.now(UTC))

    def listener(self, ticket: str) -> tuple[Launch, frozenset[int | str]]:
        """Whose stream a ticket opens, and what it is about: records, and what was told at the launch. Raises
        ``ApiError`` 401, 404."""
        found = launches.opened(self._front.ring, ticket, datetime.now(UTC), launches.STREAM)
        if found is None:
            raise ApiError(401, "login", "订阅凭证已过期，请重新获取: POST /api/v1/panel/ticket", "ticket")
        kept, front = self._known(found) if found.told else self.kept(found), self._front
        launch = {found.told} if found.told else set()
        if kept is None:
            return found, frozenset(launch)
        with system(PANEL), front.house.engine.connect() as connection:
            records = [one.id for one in front.identity.records_of(connection, kept.person)]
            wishes = front.region.consents.of(connection, records)
        shut = wishes.closed or wishes.confidential
        return found, frozenset({kept.id} if shut else records) | launch

    def source(self, launch: Launch) -> Json:
        """As of when the panel shows what the system that launched it told. Raises ``ApiError`` 401."""
        if not launch.told:
            return {"text": ""}
        with acting(_scope(launch)):
            standing = self.launched.standing(launch.told)
        if standing is None:
            raise _over()
        return {"text": _as_of(standing), "asOf": standing.read, "current": standing.lent and not standing.failed}

    # -- what is shown ---------------------------------------------------------------------

    def cards(self, found: Principal, launch: Launch) -> Json:
        """What matters now: findings about the active drugs, and risks, with what was answered to them. Journalled,
        so that it can be answered."""
        from api.review_json import answered

        opened, now, reviewer = self.opened(launch), datetime.now(UTC), self._front.reviewer
        under = of_record(opened.incoming, opened.history)
        reviewed = reviewer.review(under, day=china_day(now), tenant=launch.tenant, region=opened.history)
        answer, shown = answered(reviewed), self.answers.cards(launch, reviewed, now)
        pairs = zip(answer["findings"], shown, strict=True)
        answer["findings"] = [finding | {"findingId": one.card} for finding, one in pairs]
        reviewer.record(reviewed, PANEL, launch.by, now, opened.asked, answer, shown, launch.tenant)
        METRICS.reviewed(PANEL, reviewed)
        self._front.access.note(found, "panel.read", opened.subject)
        titles = {card["family"]: reviewer.titles.get(card["family"], "") for card in answer["findings"]}
        risks = self._used(Kind.RISKS, opened, lambda: self._risks.answered(opened.bedside, ()))["risks"]
        told: Json = {"patient": _patient(opened), "titles": titles, "reasons": REASONS}
        told["findings"] = self.answers.findings(launch, reviewed.patient, answer["findings"], shown)
        drugs = _drugs(reviewed, opened.bedside.served.snapshot)
        told["findings"] = [one | drug for one, drug in zip(told["findings"], drugs, strict=True)]
        return answer | told | {"risks": self.answers.risks(launch, risks)}

    def diagnoses(self, launch: Launch, text: str = "") -> Json:
        """Suspected diagnoses with their evidence and the sentences it was read in, on record and in a ``text`` that
        is being written. Raises ``ApiError`` 400."""
        from api.diagnosis_json import quotes
        from api.inferring import DiagnosesBody, Seen, check, diagnosed

        body, opened = DiagnosesBody(text=text), self.opened(launch)
        check(body)
        told = self._used(Kind.DIAGNOSES, opened, lambda: diagnosed(Seen.at(opened.bedside), body))
        return told | {"candidates": [one | {"quotes": quotes(one["evidence"], text)} for one in told["candidates"]]}

    def examinations(self, launch: Launch) -> Json:
        """Tests and examinations worth ordering, and those done lately."""
        from api.inferring import ExaminationsBody, Seen, recommended

        opened = self.opened(launch)
        seen = Seen.at(opened.bedside, self._offering.around(launch.tenant, ""))
        return self._used(Kind.EXAMINATIONS, opened, lambda: recommended(seen, ExaminationsBody()))

    def treatments(self, launch: Launch) -> Json:
        """Plans for the active diagnoses."""
        from api.treating import answered

        opened = self.opened(launch)
        return self._used(Kind.TREATMENTS, opened, lambda: answered(opened.bedside, TreatmentBody()))

    def scores(self, launch: Launch) -> Json:
        """Scores worth filling."""
        from api import scoring

        opened = self.opened(launch)
        return self._used(Kind.SUGGESTIONS, opened, lambda: scoring.suggested(opened.bedside, (), (), ""))

    def score(self, launch: Launch, name: str, values: dict[str, Answer | None]) -> Json:
        """A score filled from the record and by hand. Raises ``ApiError`` 400, 404."""
        from api import scoring

        opened = self.opened(launch)
        at, snapshot = opened.bedside, opened.bedside.served.snapshot
        return self._used(Kind.SCORES, opened, lambda: scoring.filled(name, values, at, snapshot))

    def history(self, found: Principal, launch: Launch) -> Json:
        """The patient's picture over the league."""
        return pictured(self._records, found, launch.patient, True, PANEL)

    # -- the patient -----------------------------------------------------------------------

    @cached_property
    def _risks(self) -> RiskDesk:
        from api.risk_desk import RiskDesk

        settings = self._front.settings
        return RiskDesk(settings.risk_models_dir, (self._front.house.key.public, *settings.trusted_keys))

    def opened(self, launch: Launch, note: str = "") -> Opened:
        """Everything that is known, however long it takes, and what a ``note`` of this visit says beside it. Raises
        ``ApiError`` 400, 401, 404."""
        now, region, kept = datetime.now(UTC), self._front.region, self._known(launch)
        asked = self._told(launch) if launch.told else _asked(self.kept(launch), launch)
        incoming = of_panel(asked, now)
        here = replace(incoming.context, institution=region.directory.name(launch.tenant))
        incoming = replace(incoming, context=here)
        who = who_is(here, asked["prefetch"]["patient"]) if launch.told else None
        history = region.history(Ask(launch.tenant, launch.patient, now, who))
        ward, partial = self._front.ward, frozenset[str]()
        if note:
            known, partial = noted(incoming.context, note, ward.served.snapshot)
            incoming = replace(incoming, context=known)
        bedside = ward.at(incoming, history, launch.tenant, partial=partial)
        name = who.name if who else kept.given.name if kept else ""
        subject = f"person/{kept.person}" if kept else f"launched/{launch.told}"
        hidden = _naming(launch.patient, [given for given in (who, kept and kept.given) if given is not None])
        return Opened(name, subject, asked, incoming, history, bedside, hidden)

    def _told(self, launch: Launch) -> Json:
        """What was told at the launch. Raises ``ApiError`` 401."""
        with acting(_scope(launch)):
            told = self.launched.told(launch.told)
        if told is None:
            raise _over()
        return told

    def _used(self, kind: Kind, opened: Opened, make: Callable[[], Json]) -> Json:
        """An answer of inference about the patient, counted for whoever looks."""
        return used(self._uses, kind, opened.asker, make)

    def kept(self, launch: Launch) -> Kept:
        """The record behind a launch. Raises ``ApiError`` 404."""
        found = self._known(launch) if launch.patient else None
        if found is None:
            raise ApiError(404, "not-found", _UNKNOWN_PATIENT if launch.patient else _NO_PATIENT, "patient")
        return found

    def _known(self, launch: Launch) -> Kept | None:
        engine, ring = self._front.house.engine, self._front.ring
        with acting(_scope(launch)), engine.connect() as connection:
            return by_local_id(connection, ring, launch.tenant, launch.patient)


def _scope(launch: Launch) -> Scope:
    return Scope(launch.user, reads=(launch.tenant,))


def _over() -> ApiError:
    return ApiError(401, "login", "面板已过期，请从业务系统重新打开")


def _as_of(standing: Standing) -> str:
    """As of when a panel shows what its system told, and what to do when that is not kept up."""
    when = f"{standing.read.astimezone(CHINA):%m-%d %H:%M}" if standing.read else "打开面板时"
    if standing.ended:
        return f"业务系统的授权已结束，资料截至 {when}；要看新资料，请从业务系统重新打开。"
    if not standing.lent:  # opened before patients were read again, or by a system that lent nothing
        return f"资料截至{when}，本面板不能自行更新；要看新资料，请从业务系统重新打开。"
    if standing.failed:
        return f"业务系统未能再次给出资料，资料截至 {when}；稍后自动重试，也可从业务系统重新打开。"
    return f"业务系统资料截至 {when}"


def _asked(kept: Kept, launch: Launch) -> Json:
    """The body of a plain review of a patient of whom nothing is sent but who it is, and who looks."""
    sex, birth = kept.given.sex, kept.given.birth_date()
    patient: Json = {"id": kept.local_id}
    if not isinstance(sex, Unknown) and sex.value in ("male", "female"):
        patient["sex"] = sex.value
    if not isinstance(birth, Unknown):
        patient["birthDate"] = birth.isoformat()
    who: Json = {"department": launch.department, "prescriber": {"name": launch.user}}
    return {"patient": patient, "orders": [], "stage": "patient-view"} | who


def _naming(number: str, written: Iterable[Demographics]) -> frozenset[str]:
    """Names, numbers, telephones and addresses of a patient, as institutions wrote them down."""
    own: Json = {"resourceType": "Patient", "identifier": [{"value": number}]}
    return names_in([own, *map(patient_resource, written)])


def _drugs(reviewed: Reviewed, snapshot: Snapshot) -> list[Json]:
    """Of each finding the first drug it is about, which a question may be asked about: by id and name."""
    named = {
        one.id: one.what.concepts[0] for one in reviewed.orders if one.kind is OrderKind.DRUG and one.what.concepts
    }

    def drug(finding: Finding) -> Json:
        concept = next((named[order] for order in finding.orders if order in named), "")
        return {"drug": {"id": concept, "name": snapshot.name(concept)}} if concept else {}

    return [drug(finding) for finding in reviewed.review.findings]


def _patient(opened: Opened) -> Json:
    """Who it is, as the institution that launched the panel knows them."""
    who = opened.bedside.patient
    told: Json = {"id": who.id, "name": opened.name, "sex": who.sex, "birthDate": who.birth_date}
    told["ageYears"] = who.age_years()
    return {name: value for name, value in told.items() if not isinstance(value, Unknown)}
