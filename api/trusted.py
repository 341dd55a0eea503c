"""CDS clients whose tokens are believed: those of the file, and the systems that an administrator registered with an
issuer. Kept in memory, so that an order asks no database; looked for again every second."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from base import clients
from base.tenancy import system
from records.registry import Registry

if TYPE_CHECKING:  # read when the first client is known: a worker without clients need not wait for them
    from jwt import PyJWKSet

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trusted:
    """What is known beforehand of a client: its keys, or where it publishes them; ``tenant`` holds its claim of one,
    ``features`` are the optional ones of CDS Hooks that it declared."""

    keys: PyJWKSet | None
    jku: str
    features: frozenset[str]
    tenant: str


class TrustedClients:
    """Clients by issuer; what the file says comes first."""

    def __init__(self, file: Path, engine: Engine) -> None:
        self._engine = engine
        self._filed = _filed(file)
        self._known: Mapping[str, Trusted] = self._filed
        self._seen: tuple[clients.Client, ...] | None = None

    def __bool__(self) -> bool:
        return bool(self._known)

    async def ready(self) -> None:
        """Wait until registered systems were looked for once."""
        if self._seen is None:
            await asyncio.to_thread(self.refresh)

    def of(self, issuer: str) -> Trusted | None:
        """What is known of a client; None for a stranger."""
        return self._known.get(issuer)

    def refresh(self) -> None:
        """Look who is registered now; a database that is away leaves what was known."""
        try:
            with system("which CDS clients are trusted"), self._engine.connect() as connection:
                now, closed = datetime.now(UTC), Registry().closed
                issuing = [one for one in clients.issuing(connection) if one.usable(now)]
                found = tuple(one for one in issuing if not closed(connection, one.tenant))
        except SQLAlchemyError as error:
            _log.error("CDS clients not looked for", extra={"error": type(error).__name__})
            self._seen = self._seen or ()
            return
        if found != self._seen:
            registered = {one.issuer: trusted for one in found if (trusted := _registered(one)) is not None}
            self._known, self._seen = {**registered, **self._filed}, found

    async def watch(self, seconds: float) -> None:
        """Look again and again."""
        while True:
            await asyncio.to_thread(self.refresh)
            await asyncio.sleep(seconds)


def _registered(client: clients.Client) -> Trusted | None:
    """What a registered system is trusted by; None where its keys cannot be read."""
    try:
        return _trusted(client.keys, client.features, client.tenant)
    except ValueError:
        _log.error("keys of a CDS client cannot be read", extra={"client": client.id})
        return None


def _filed(path: Path) -> dict[str, Trusted]:
    """Clients by issuer from ``clients.json``: ``{issuer: {"keys": [JWK, …], "features": [name, …],
    "tenant": path}}``."""
    if not path.exists():
        return {}
    return {
        issuer: _trusted(entry, frozenset(entry.get("features", ())), str(entry.get("tenant", "")))
        for issuer, entry in orjson.loads(path.read_bytes()).items()
    }


def _trusted(entry: dict[str, Any], features: frozenset[str], tenant: str) -> Trusted:
    """Raises ``ValueError``."""
    url = str(entry.get("jku", ""))
    return Trusted(None if url else key_set(entry), url, features, tenant)


def key_set(keys: dict[str, Any]) -> PyJWKSet:
    """A JWK set, every key of which can be read. Raises ``ValueError``."""
    from jwt import PyJWKSet, PyJWTError

    try:
        found = PyJWKSet.from_dict(keys)
    except PyJWTError as error:
        raise ValueError(str(error)) from None
    if len(found.keys) < len(keys["keys"]):
        raise ValueError("a key cannot be read")
    return found
