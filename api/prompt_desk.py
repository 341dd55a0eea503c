"""Prompts as the service offers them: kept, tested against the model of the installation, polished by it, counted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy import Engine

from api.access import Principal
from api.asking import within
from api.errors import ApiError
from api.institution_names import Name, called
from base.settings import Settings
from clinical.coded import china_day

if TYPE_CHECKING:  # read when somebody asks: no worker waits for them to start
    from nlp.llm import Model
    from nlp.polishing import Polished
    from nlp.prompt_store import Act, Prompts, Run, Use, Version
    from nlp.prompt_usage import Usage
    from nlp.prompts import Content, Rendered

_R = TypeVar("_R")
_RETRY: Final = "30"


class PromptDesk:
    """Prompts, and the model that they are for. What we ship is brought to the root when somebody first asks."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings, self._engine, self.league = settings, engine, settings.league
        self._lock, self._seeded = threading.Lock(), False
        self._model: Model | None = None

    def called(self) -> Name:
        """What people call an institution."""
        return called(self._engine)

    # -- the model -----------------------------------------------------------------------------

    @property
    def has_model(self) -> bool:
        return bool(self._settings.llm_url and self._settings.llm_model)

    def model(self) -> Model | None:
        """The model of the settings, one for the worker's event loop; None when none is set."""
        if self._model is None and self.has_model:
            self._model = model_of(self._settings)
        return self._model

    async def close(self) -> None:
        if self._model is not None:
            await self._model.close()

    # -- prompts -------------------------------------------------------------------------------

    async def do(self, found: Principal, work: Callable[[Prompts], _R]) -> _R:
        """Work with the store on a thread, in the caller's scope. Raises ``ApiError``."""
        with told():
            return await within(found, lambda: work(self._prompts()))

    async def count(self, found: Principal, work: Callable[[Usage], _R]) -> _R:
        """The same with counts and ratings."""
        from nlp.prompt_usage import Usage

        with told():
            return await within(found, lambda: work(Usage(self._engine)))

    def in_use(self, tenant: str, purpose: str) -> tuple[Content, Use | None]:
        """What a tenant uses for a purpose, else what we ship; waits for the database, call it within a scope.
        Raises ``ApiError`` 404 for a purpose that nobody has a prompt for."""
        from nlp.prompt_starter import shipped

        use = self._prompts().in_use(tenant or self.league, purpose)
        if use is not None:
            return use.version.content, use
        ours = next((one.content for one in shipped() if one.purpose == purpose), None)
        if ours is None:
            raise ApiError(404, "not-found", f"没有启用用途为“{purpose}”的提示词", "purpose")
        return ours, None

    async def run(self, found: Principal, prompt: str, number: int, tenant: str) -> Run:
        """Run the cases of a version and keep what came of it. Raises ``ApiError``."""
        from nlp.prompt_cases import run

        version = await self.do(found, lambda store: store.version(tenant, prompt, number))
        model = self.model()
        with told():
            outcomes = await run(version.content, None if model is None else lambda one: asked(model, one))
        name = "" if model is None else model.endpoint.model
        return await self.do(
            found, lambda store: store.record(prompt, version.number, name, outcomes, act(found.name))
        )

    async def polish(
        self, found: Principal, prompt: str, number: int, wish: str, by: str
    ) -> tuple[Version, Polished]:
        """Let the model improve a version: what it makes is a draft in the name of whoever asked. Raises
        ``ApiError``."""
        from nlp.polishing import polish
        from nlp.prompt_store import POLISH

        tenant = found.tenant or self.league
        version = await self.do(found, lambda store: store.version(tenant, prompt, number))
        with told():
            made = await polish(version.content, wish, self.needed())
        note = "；".join(("AI 润色", *made.changes))
        draft = await self.do(
            found, lambda store: store.add(prompt, made.content, act(by, note), version.number, POLISH)
        )
        return draft, made

    def needed(self) -> Model:
        """The model. Raises ``ModelError`` when none is set."""
        from nlp.llm import Fault, ModelError

        model = self.model()
        if model is None:
            raise ModelError(Fault.UNSET)
        return model

    async def used(self, tenant: str, use: Use | None, *, failed: bool, dropped: int) -> None:
        """Count one use, of what is kept."""
        from nlp.prompt_usage import Usage

        if use is not None:
            day = china_day(datetime.now(UTC)).isoformat()
            usage, version = Usage(self._engine), use.version
            home = tenant or self.league
            await asyncio.to_thread(
                usage.used, home, version.prompt, version.number, day, failed=failed, dropped=dropped
            )

    def _prompts(self) -> Prompts:
        """The store, with what we ship in it."""
        from nlp.prompt_starter import seed
        from nlp.prompt_store import Prompts

        with self._lock:
            if not self._seeded:
                seed(self._engine, self.league, datetime.now(UTC))
                self._seeded = True
        return Prompts(self._engine)


def model_of(settings: Settings) -> Model:
    """The model that settings name."""
    from nlp.identifiers import scrubbed
    from nlp.llm import Endpoint, Model

    at = Endpoint(
        settings.llm_url,
        settings.llm_model,
        settings.llm_key,
        seconds=settings.llm_seconds,
        tokens=settings.llm_tokens,
        calls=settings.llm_calls,
    )
    return Model(at, scrubbed)


async def asked(model: Model, rendered: Rendered) -> str:
    """What a model makes of a rendered prompt. Raises ``ModelError``."""
    from nlp.llm import Message

    return await model.whole([Message("system", rendered.system), Message("user", rendered.message)])


def act(actor: str, note: str = "") -> Act:
    """Somebody, now."""
    from nlp.prompt_store import Act

    return Act(actor, datetime.now(UTC), note)


@contextmanager
def told() -> Iterator[None]:
    """What goes wrong with prompts and models, as an ``ApiError``."""
    from nlp.llm import ModelError
    from nlp.prompt_store import MissingPromptError, PromptConflictError
    from nlp.prompts import PromptError

    try:
        yield
    except PromptError as error:
        raise ApiError(422, "business-rule", error.problem, error.field) from None
    except MissingPromptError as error:
        raise ApiError(404, "not-found", str(error)) from None
    except PromptConflictError as error:
        raise ApiError(409, "conflict", str(error)) from None
    except ModelError as error:
        wait = str(max(1, round(error.wait))) if error.wait else _RETRY
        raise ApiError(503, "transient", str(error), headers={"Retry-After": wait}) from None
