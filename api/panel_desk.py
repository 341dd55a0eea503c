"""The clinician panel: one patient, opened by a launch, seen by the same functions that the API answers with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

import orjson

from api.access import Principal
from api.bedside import Bedside, TreatmentBody
from api.cards import REASONS
from api.errors import ApiError
from api.front import Front
from api.metrics import METRICS
from api.person_record import PersonRecords
from api.picture_json import pictured
from api.regional import PANEL, of_record
from api.review import china_day, shown_as
from base import launches
from base.audit import Event
from base.launches import Launch
from base.tenancy import Scope, acting, system
from clinical.logic import Unknown
from clinical.value import replace
from exchange.fhir.context import Incoming
from exchange.fhir.values import Json
from exchange.plain import decode, read
from records.context import Ask, History
from records.identity_store import Kept, by_local_id
from records.journal import Feedback

if TYPE_CHECKING:
    from api.inferring import Seen
    from api.risk_desk import RiskDesk
    from inference.score import Answer

STAGE: Final = "patient-view"
_UNKNOWN_PATIENT: Final = "该机构没有此患者编号的档案"


@dataclass(frozen=True, slots=True)
class Opened:
    """The patient of a launch: who it is, what the league knows, and both understood."""

    kept: Kept
    asked: Json
    incoming: Incoming
    history: History
    bedside: Bedside


class PanelDesk:
    """Answers panels. Every function waits for the database: call on a thread."""

    def __init__(self, front: Front, records: PersonRecords) -> None:
        self._front, self._records = front, records

    # -- opening ---------------------------------------------------------------------------

    def launch(self, found: Principal, tenant: str, patient: str, user: str) -> tuple[str, Launch]:
        """A token for a patient of a tenant and whoever looks. Raises ``ApiError`` 404."""
        minutes = timedelta(minutes=self._front.settings.panel_minutes)
        made = Launch(tenant, patient, user, found.kind.value, found.name, datetime.now(UTC) + minutes)
        person = self.kept(made).person
        self._front.access.note(found, "panel.launch", f"person/{person}", user=user)
        return launches.sealed(self._front.ring, made), made

    def ticket(self, launch: Launch) -> str:
        """What the stream of a panel is asked for with."""
        return launches.ticket(self._front.ring, launch, datetime.now(UTC))

    def listener(self, ticket: str) -> tuple[Launch, frozenset[int]]:
        """Whose stream a ticket opens, and the records it is about. Raises ``ApiError`` 401, 404."""
        found = launches.opened(self._front.ring, ticket, datetime.now(UTC), launches.STREAM)
        if found is None:
            raise ApiError(401, "login", "订阅凭证已过期，请重新获取: POST /api/v1/panel/ticket", "ticket")
        kept, front = self.kept(found), self._front
        with system(PANEL), front.house.engine.connect() as connection:
            records = [one.id for one in front.identity.records_of(connection, kept.person)]
            wishes = front.region.consents.of(connection, records)
        shut = wishes.closed or wishes.confidential
        return found, frozenset([kept.id] if shut else records)

    # -- what is shown ---------------------------------------------------------------------

    def cards(self, found: Principal, launch: Launch) -> Json:
        """What matters now: findings about the active drugs, and risks. Journalled, so that it can be answered."""
        from api.review_json import answered

        opened, now, reviewer = self._opened(launch), datetime.now(UTC), self._front.reviewer
        under = of_record(opened.incoming, opened.history)
        reviewed = reviewer.review(under, day=china_day(now), tenant=launch.tenant, region=opened.history)
        answer = answered(reviewed)
        pairs = zip(answer["findings"], reviewed.review.findings, strict=True)
        shown = tuple(shown_as(card["findingId"], finding) for card, finding in pairs)
        reviewer.record(reviewed, PANEL, launch.by, now, opened.asked, answer, shown, launch.tenant)
        METRICS.reviewed(PANEL, reviewed)
        self._front.access.note(found, "panel.read", f"person/{opened.kept.person}")
        titles = {card["family"]: reviewer.titles.get(card["family"], "") for card in answer["findings"]}
        risks = self._risks.answered(opened.bedside, ())["risks"]
        return answer | {"patient": _patient(opened), "titles": titles, "reasons": REASONS, "risks": risks}

    def diagnoses(self, launch: Launch) -> Json:
        """Suspected diagnoses with their evidence."""
        from api.inferring import DiagnosesBody, diagnosed

        return diagnosed(self._seen(launch), DiagnosesBody())

    def examinations(self, launch: Launch) -> Json:
        """Tests and examinations worth ordering, and those done lately."""
        from api.inferring import ExaminationsBody, recommended

        return recommended(self._seen(launch), ExaminationsBody())

    def treatments(self, launch: Launch) -> Json:
        """Plans for the active diagnoses."""
        from api.treating import answered

        return answered(self._opened(launch).bedside, TreatmentBody())

    def scores(self, launch: Launch) -> Json:
        """Scores worth filling."""
        from api import scoring

        return scoring.suggested(self._opened(launch).bedside, (), (), "")

    def score(self, launch: Launch, name: str, values: dict[str, Answer | None]) -> Json:
        """A score filled from the record and by hand. Raises ``ApiError`` 400, 404."""
        from api import scoring

        bedside = self._opened(launch).bedside
        return scoring.filled(name, values, bedside, bedside.served.snapshot)

    def history(self, found: Principal, launch: Launch) -> Json:
        """The patient's picture over the league."""
        return pictured(self._records, found, launch.patient, True, PANEL)

    def answer(self, found: Principal, given: Feedback) -> None:
        """What the clinician did with a card."""
        self._front.reviewer.journal.write(given)
        if given.outcome == "overridden":
            said = (found.name, "card.override", f"card/{given.card}", found.tenant, found.source)
            self._front.audit.note(Event(*said, given.reason))

    # -- the patient -----------------------------------------------------------------------

    @cached_property
    def _risks(self) -> RiskDesk:
        from api.risk_desk import RiskDesk

        settings = self._front.settings
        return RiskDesk(settings.risk_models_dir, (self._front.house.key.public, *settings.trusted_keys))

    def _opened(self, launch: Launch) -> Opened:
        """Everything that is known, however long it takes: nothing else was sent. Raises ``ApiError`` 404."""
        now, kept, region = datetime.now(UTC), self.kept(launch), self._front.region
        asked = _asked(kept)
        incoming = read(decode(orjson.dumps(asked)), now)
        here = replace(incoming.context, institution=region.directory.name(launch.tenant))
        incoming = replace(incoming, context=here)
        history = region.history(Ask(launch.tenant, launch.patient, now))
        return Opened(kept, asked, incoming, history, self._front.ward.at(incoming, history, launch.tenant))

    def _seen(self, launch: Launch) -> Seen:
        from api.inferring import Seen

        at = self._opened(launch).bedside
        return Seen(at.patient, at.served.snapshot, at.served.terminology, at.day, at.not_understood())

    def kept(self, launch: Launch) -> Kept:
        """The record behind a launch. Raises ``ApiError`` 404."""
        engine, ring, scope = self._front.house.engine, self._front.ring, Scope(launch.user, reads=(launch.tenant,))
        with acting(scope), engine.connect() as connection:
            found = by_local_id(connection, ring, launch.tenant, launch.patient)
        if found is None:
            raise ApiError(404, "not-found", _UNKNOWN_PATIENT, "patient")
        return found


def _asked(kept: Kept) -> Json:
    """The body of a plain review of a patient of whom nothing is sent but who it is."""
    sex, birth = kept.given.sex, kept.given.birth_date()
    patient: Json = {"id": kept.local_id}
    if not isinstance(sex, Unknown) and sex.value in ("male", "female"):
        patient["sex"] = sex.value
    if not isinstance(birth, Unknown):
        patient["birthDate"] = birth.isoformat()
    return {"patient": patient, "orders": [], "stage": STAGE}


def _patient(opened: Opened) -> Json:
    """Who it is, as the institution that launched the panel knows them."""
    years = opened.bedside.patient.age_years()
    told: Json = opened.asked["patient"] | {"name": opened.kept.given.name}
    return told if isinstance(years, Unknown) else told | {"ageYears": years}
