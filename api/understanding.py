"""The second half of the composition root: what searches, reads, infers and answers, wired together."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from typing import Any

from fastapi import APIRouter

from api.access import Access
from api.answer_desk import AnswerDesk
from api.bedside import Ward
from api.bootstrap import House
from api.person_record import PersonRecords
from api.prompt_desk import PromptDesk
from api.routes import (
    answers,
    inference,
    language,
    normalize,
    picture,
    prompts,
    rare,
    risks,
    scores,
    search,
    similar,
    treatments,
)
from api.search_desk import SearchDesk
from api.serving import Serving
from api.similar_desk import SimilarDesk
from base.keyring import KeyRing
from records.context import Region
from records.identity import Identity
from records.notices import Notices
from records.store import Repository


class Understanding:
    """The desks of an opened house over one release being served, and the routes to them. ``shown`` is the repository
    as patients' wishes leave it."""

    def __init__(
        self,
        house: House,
        ring: KeyRing,
        access: Access,
        serving: Serving,
        ward: Ward,
        region: Region,
        identity: Identity,
        shown: Repository,
    ) -> None:
        self._house, self._ring, self._access, self._serving = house, ring, access, serving
        self._ward, self._identity = ward, identity
        settings, engine = house.settings, house.engine
        self.search = SearchDesk(settings, serving)
        self.prompts = PromptDesk(settings, engine)
        self.answers = AnswerDesk(access, self.search, ward, self.prompts)
        self._records = PersonRecords(settings, access, engine, shown, identity, region, serving)
        whole = Repository(engine, ring)
        self.similar = SimilarDesk(engine, whole, shown, self._records, region, serving, settings.similar_cases)

    def routers(self) -> Iterator[APIRouter]:
        """Routes of every desk."""
        access, serving, ward, settings = self._access, self._serving, self._ward, self._house.settings
        trusted = (self._house.key.public, *settings.trusted_keys)
        yield search.router(access, self.search)
        yield answers.router(access, self.answers)
        yield prompts.router(access, self.prompts)
        yield normalize.router(access, serving, settings.data_dir / "terms")
        yield language.router(access, serving)
        yield inference.router(access, ward)
        yield treatments.router(access, ward)
        yield scores.router(access, ward)
        notices = Notices(self._house.engine, self._ring)
        yield risks.router(access, ward, notices, settings.risk_models_dir, trusted)
        yield rare.router(access, serving)
        yield similar.router(access, self.similar, serving, self._identity)
        yield picture.router(access, self._records)

    def watching(self) -> list[Coroutine[Any, Any, None]]:
        """What goes on beside the requests of a worker."""
        return [self.search.keep_watch(self._house.settings.swap_seconds), self.similar.keep_watch()]

    async def close(self) -> None:
        """Give back what the desks hold."""
        await self.prompts.close()
