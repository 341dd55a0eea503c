"""The other half of a worker: records and exchange, terminology, data quality, accounts, and what understands
language. Opened when order entry is already being answered."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from functools import cached_property, partial
from typing import Any

from fastapi import APIRouter

from api.appraisal_desk import AppraisalDesk
from api.comments import CommentDesk
from api.curating import Curators
from api.curation_desk import CurationDesk
from api.demo_desk import DemoDesk
from api.fhir_desk import FhirDesk
from api.front import Front
from api.indicator_desk import IndicatorDesk
from api.institution_desk import InstitutionDesk
from api.intake import open_intake
from api.login import LoginDesk
from api.oauth import TokenDesk
from api.offer_desk import OfferDesk
from api.oidc import OidcDesk
from api.operations_desk import OperationsDesk
from api.prescription_desk import PrescriptionDesk
from api.quality_desk import QualityDesk
from api.record_qc_desk import RecordQcDesk
from api.report_desk import ReportDesk
from api.routes import (
    accounts,
    analysis,
    appraisal,
    appraisal_runs,
    clients,
    comments,
    curation,
    curation_releases,
    curation_rules,
    curation_sources,
    demo,
    exchange,
    fhir,
    fhir_terms,
    indicator_warnings,
    indicators,
    institutions,
    knowledge,
    oversight,
    persons,
    prescriptions,
    quality,
    quality_faults,
    record_qc,
    record_qc_figures,
    reports,
    roles,
    security,
    sessions,
    subscriptions,
    systems,
    terms,
    terms_maps,
    views,
)
from api.rule_lab import RuleLab
from api.terms_desk import TermsDesk
from api.understanding import Understanding
from curation_ui import serving as pages
from exchange.outbound import Subscriptions
from exchange.trace import Ledger
from knowledge.snapshot import Snapshot
from records.store import Repository


class Office:
    """The desks beside the hot path, over what the front holds."""

    def __init__(self, front: Front) -> None:
        self._front = front
        house, ring, reviewer = front.house, front.ring, front.reviewer
        self.intake = open_intake(house, ring)
        self.quality = QualityDesk(house.engine, ring, Repository(house.engine, ring), house.settings.league)
        self.record_qc = RecordQcDesk(house.engine, ring, house.settings.league, self._release)
        self.indicators = IndicatorDesk(house, ring)
        self.curation = CurationDesk(house, front.serving)
        self.terms = TermsDesk(house.engine, house.settings.league, reviewer.serving)
        may_judge = partial(front.access.may_act, permission="comment.judge")
        self.comments = CommentDesk(house.settings, reviewer, house.engine, ring, may_judge)
        self.understanding = Understanding(front, self.shown, self.record_qc)
        self.demo = DemoDesk(house.settings.data_dir)

    def _release(self) -> Snapshot:
        return self._front.serving.now.snapshot

    @cached_property
    def shown(self) -> Repository:
        """The repository as patients' wishes leave it."""
        return Repository(self._front.house.engine, self._front.ring, self._front.region.consents)

    def routers(self) -> Iterator[APIRouter]:
        """Routes of every desk, in the order in which they are tried."""
        front, access = self._front, self._front.access
        yield comments.router(access, self.comments)
        yield knowledge.router(access, front.serving)
        yield from self._curation()
        yield from self._people()
        yield from self._records()
        yield quality.router(access, self.quality)
        yield quality_faults.router(access, self.quality)
        yield record_qc.router(access, self.record_qc)
        yield record_qc_figures.router(access, self.record_qc)
        yield reports.router(access, ReportDesk(front.house, front.ring, self.indicators))  # before /reports/{theme}
        yield indicators.router(access, self.indicators)
        yield indicator_warnings.router(access, self.indicators)
        yield oversight.router(access, self.indicators, self._release)
        yield prescriptions.router(access, PrescriptionDesk(front, indicators.OPEN))
        yield analysis.router(access, self.indicators)
        yield views.router(access, front.house.engine, front.settings.league)
        yield persons.router(access, front.identity)
        desk = AppraisalDesk(front.house.engine, front.ring, front.settings.league, lambda: self.indicators.answers)
        yield appraisal.router(access, desk)
        yield appraisal_runs.router(access, desk)
        yield systems.router(
            access, OperationsDesk(front.house.engine, front.ring, front.settings.league), front.settings
        )
        yield terms.router(access, self.terms)
        yield terms_maps.router(access, self.terms)
        yield from self.understanding.routers()
        yield demo.router(access, self.demo)
        yield pages.router(front.settings.frame_ancestors)

    def _curation(self) -> Iterator[APIRouter]:
        front, desk = self._front, self.curation
        curators = Curators(front.access, front.settings.league)
        yield curation.router(curators, desk)
        yield curation_rules.router(curators, desk, RuleLab(front.serving, front.reviewer.states.derive))
        yield curation_releases.router(curators, desk)
        yield curation_sources.router(curators, desk)

    def _people(self) -> Iterator[APIRouter]:
        front, access, people, audit = self._front, self._front.access, self._front.people, self._front.audit
        login = LoginDesk(people, audit)
        oidc, tokens = OidcDesk(people, login, front.used, audit), TokenDesk(people, audit, front.used)
        yield sessions.router(people, access, login, oidc, tokens)
        yield accounts.router(people, access)
        yield roles.router(people, access)
        yield clients.router(people, access)
        offers = OfferDesk(front.house.engine, lambda: front.serving.now.terminology)
        yield institutions.router(access, InstitutionDesk(front.house.engine, front.settings.league), offers)
        yield security.router(people, access, audit, front.identity)

    def _records(self) -> Iterator[APIRouter]:
        front, access, settings = self._front, self._front.access, self._front.settings
        engine, ring = front.house.engine, front.ring
        ledger = Ledger(engine, ring)
        yield exchange.router(access, self.intake, ledger, engine)
        yield subscriptions.router(settings, access, Subscriptions(engine, ring))
        yield fhir_terms.router(access, self.terms)
        desk = FhirDesk(settings, access, engine, self.intake, ledger, self.shown, front.identity, front.audit)
        yield fhir.router(desk)  # last of /fhir: its {kind} would take the others' names

    def watching(self) -> list[Coroutine[Any, Any, None]]:
        """What goes on beside the requests of a worker."""
        return [
            self.curation.keep_watch(),
            self.quality.keep_watch(self._front.settings.survey_hour),
            self.terms.keep_watch(),
            *self.understanding.watching(),
        ]

    def faults(self) -> dict[str, str]:
        """What is amiss, for whoever looks after the service."""
        return {"searchFault": self.understanding.search.fault} if self.understanding.search.fault else {}

    async def close(self) -> None:
        """Give back what the desks hold."""
        await self.demo.close()
        await self.intake.close()
        await self.understanding.close()
