"""Search as the service offers it: the index that is built with a release, opened when somebody first asks."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from api.again import again
from api.errors import ApiError
from api.serving import Serving
from base.settings import Settings
from knowledge.artefacts import Artefact
from knowledge.release import PendingError, ReleaseError
from knowledge.snapshot import Snapshot

if TYPE_CHECKING:
    from nlp.embed import Embedder
    from nlp.search import Index

_log = logging.getLogger(__name__)
SEARCH: Final = "search"
EDITION: Final = "1"
"""Raise it when what is built or how sentences are said changes: releases published again get a new index."""
_TRY_AGAIN_SECONDS: Final = 30.0
_PENDING_SECONDS: Final = 2.0
_PENDING: Final = "检索索引正在建立，通常不超过一分钟；审查等其他功能不受影响"
_PATIENCE_SECONDS: Final = 2.0
"""How long a question waits for an embedding endpoint; then it is answered by words alone."""
_PATIENCE_BUILDING: Final = 120.0


def artefacts(settings: Settings, told: Callable[[int], None] = lambda done: None) -> tuple[Artefact, ...]:
    """What is built of every release that this installation publishes; ``told`` hears how much was done."""

    def build(snapshot: Snapshot, folder: Path) -> None:
        from nlp import search

        search.build(snapshot, folder, _external(settings, _PATIENCE_BUILDING), told)

    edition = " ".join((EDITION, settings.embedder, settings.embedder_model)).strip()
    return (Artefact(SEARCH, build, edition),)


def _external(settings: Settings, patience: float) -> Callable[[], Embedder] | None:
    """How to open the embedder that settings name; None: the one trained on the release."""
    if not settings.embedder:
        return None

    def opened() -> Embedder:
        from nlp.embed import open_embedder

        return open_embedder(settings.embedder, Path(), settings.embedder_model, settings.embedder_key, patience)

    return opened


@dataclass(frozen=True, slots=True)
class _Opened:
    """The index of a release, or why there is none; faults are looked into again after a while, and soon where it is
    still being built."""

    release: str
    index: Index | None
    fault: str
    at: float
    again: float = _TRY_AGAIN_SECONDS


class SearchDesk:
    """The index of the release being served. Whoever asks first waits until it is checked and open; after a swap the
    old one answers, of its own release, until the new one is."""

    def __init__(self, settings: Settings, serving: Serving) -> None:
        self._settings, self._serving = settings, serving
        self._lock = threading.Lock()
        self._opened: _Opened | None = None

    @property
    def fault(self) -> str:
        """What is amiss with searching; empty when nothing is, the index is being built, or nobody asked yet."""
        return self._opened.fault if self._opened is not None else ""

    def index(self) -> Index:
        """Raises ``ApiError`` 503 when the release has no usable index: reviews go on without it."""
        opened = self._current()
        if opened.index is None:
            text = f"检索暂不可用，审查等其他功能不受影响：{opened.fault}" if opened.fault else _PENDING
            raise ApiError(503, "transient", text, headers={"Retry-After": str(int(opened.again))})
        return opened.index

    async def keep_watch(self, seconds: float) -> None:
        """Open the index of a new release as soon as it is served, once anybody has searched at all."""
        await again(lambda: self._opened is not None and self._current(), seconds, "search index not looked at")

    def _current(self) -> _Opened:
        held = self._opened
        if held is not None and self._stands(held):
            return held
        if not self._lock.acquire(blocking=held is None or held.index is None):
            assert held is not None  # somebody opens the new one meanwhile
            return held
        try:
            held = self._opened
            if held is None or not self._stands(held):
                held = self._opened = self._open(self._serving.now.snapshot)
            return held
        finally:
            self._lock.release()

    def _stands(self, held: _Opened) -> bool:
        if held.release != self._serving.now.snapshot.release:
            return False
        return held.index is not None or time.monotonic() - held.at < held.again

    def _open(self, snapshot: Snapshot) -> _Opened:
        from nlp.embed import EmbedderError
        from nlp.search import Index, SearchError

        try:
            folder = self._serving.releases.artefact(snapshot.release, SEARCH)
            external = _external(self._settings, _PATIENCE_SECONDS)
            index = Index.open(folder, snapshot, external() if external is not None else None)
        except PendingError:
            return _Opened(snapshot.release, None, "", time.monotonic(), _PENDING_SECONDS)
        except (ReleaseError, SearchError, EmbedderError, OSError) as error:
            _log.error("search index refused", extra={"reason": str(error), "release": snapshot.release})
            return _Opened(snapshot.release, None, str(error), time.monotonic())
        return _Opened(snapshot.release, index, "", time.monotonic())
