"""The part of the office that understands language: what searches, reads, infers and answers, wired together."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

from fastapi import APIRouter

from api.answer_desk import AnswerDesk
from api.front import Front
from api.offering import Offering
from api.panel_desk import PanelDesk
from api.panel_quality import PanelQuality
from api.panel_watch import PanelWatch
from api.person_record import PersonRecords
from api.prompt_desk import PromptDesk
from api.record_qc_desk import RecordQcDesk
from api.routes import (
    answers,
    consultations,
    inference,
    language,
    normalize,
    panel,
    pathways,
    picture,
    prompts,
    rare,
    risks,
    scores,
    search,
    similar,
    smart,
    treatments,
)
from api.search_desk import SearchDesk
from api.similar_desk import SimilarDesk
from api.smart import SmartDesk
from api.smart_reading import SmartReading
from api.warming import keep_warm
from exchange.arrivals import Arrivals
from records.notices import Notices
from records.store import Repository
from records.unanswered import Unanswered
from records.uses import Uses


class Understanding:
    """The desks over the release being served, and the routes to them. ``shown`` is the repository as patients'
    wishes leave it, ``record_qc`` checks records."""

    def __init__(self, front: Front, shown: Repository, record_qc: RecordQcDesk) -> None:
        self._front = front
        settings, engine, serving = front.settings, front.house.engine, front.serving
        self.search = SearchDesk(settings, serving)
        self.prompts = PromptDesk(settings, engine)
        unanswered, self.uses = Unanswered(engine, settings.league), Uses(engine, settings.league)
        identity, region = front.identity, front.region
        self._records = PersonRecords(settings, front.access, engine, shown, identity, region, serving)
        self._notices = Notices(engine, front.ring)
        self.panel = PanelDesk(front, self._records, self.uses)
        self.answers = AnswerDesk(
            front.access, self.search, front.ward, self.prompts, unanswered, self.uses, self.panel.opened
        )
        self.panels = PanelWatch(Arrivals(engine), self._notices)
        self.panel_quality = PanelQuality(front, record_qc, self.panel.kept)
        self.smart_reading = SmartReading(settings, front.access, self.panel.launched, self.panels)
        self.smart = SmartDesk(settings, front.access, self.panel, front.ring, front.used, front.audit)
        whole = Repository(engine, front.ring)
        self.similar = SimilarDesk(engine, whole, shown, self._records, region, serving, settings.similar_cases)

    def routers(self) -> Iterator[APIRouter]:
        """Routes of every desk."""
        front, access = self._front, self._front.access
        serving, ward, settings, uses = front.serving, front.ward, front.settings, self.uses
        trusted = (front.house.key.public, *settings.trusted_keys)
        yield search.router(access, self.search)
        yield answers.router(access, self.answers)
        yield prompts.router(access, self.prompts)
        yield normalize.router(access, serving, settings.data_dir / "terms")
        yield language.router(access, serving)
        yield inference.router(access, ward, uses, Offering(front.house.engine, front.regional))
        yield treatments.router(access, ward, uses)
        yield pathways.router(access, ward, uses)
        yield consultations.router(access, ward, uses)
        yield scores.router(access, ward, uses)
        yield risks.router(access, ward, self._notices, uses, settings.risk_models_dir, trusted)
        yield rare.router(access, serving, uses)
        yield similar.router(access, self.similar, serving, front.identity, uses)
        yield picture.router(access, self._records)
        yield panel.router(
            access, self.panel, self.panel_quality, self.panels, self.smart_reading.asked, settings.league
        )
        yield smart.router(self.smart, settings.frame_ancestors)

    def watching(self) -> list[Coroutine[Any, Any, None]]:
        """What goes on beside the requests of a worker."""
        ward = self._front.ward
        return [
            self.search.keep_watch(self._front.settings.swap_seconds),
            self.similar.keep_watch(),
            self.panels.keep_watch(),
            self.smart_reading.keep_watch(),
            keep_warm(lambda: ward.served),
        ]

    async def close(self) -> None:
        """Give back what the desks hold."""
        await self.prompts.close()
        await asyncio.to_thread(self.uses.flush)
