"""Token ids that were used, shared by all workers through the database, so that none works twice."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from hashlib import blake2b
from threading import Lock
from typing import Final

from sqlalchemy import Column, Engine, Float, String, Table, delete, insert
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from base.db import METADATA

_log = logging.getLogger(__name__)
_PURGE_EVERY: Final = 500

used = Table(
    "security_used_token",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("expires", Float, nullable=False, index=True),
)


class UsedTokens:
    """Remembers ids until their tokens expire. When the database is away a worker goes on with what
    it saw itself: a hospital must not be locked out for that."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._own: OrderedDict[str, float] = OrderedDict()
        self._lock, self._taken = Lock(), 0

    def take(self, token_id: str, expires: float) -> bool:
        """Whether the id is used for the first time. ``expires`` is a Unix time."""
        key = blake2b(token_id.encode(), digest_size=20).hexdigest()
        if not self._first_here(key, expires):
            return False
        try:
            with self._engine.begin() as connection:
                if self._taken % _PURGE_EVERY == 1:
                    connection.execute(delete(used).where(used.c.expires < time.time()))
                connection.execute(insert(used).values(id=key, expires=expires))
        except IntegrityError:
            return False
        except SQLAlchemyError as error:
            _log.error("token ids not shared: database away", extra={"error": type(error).__name__})
        return True

    def _first_here(self, key: str, expires: float) -> bool:
        now = time.time()
        with self._lock:
            self._taken += 1
            while self._own and next(iter(self._own.values())) < now:
                self._own.popitem(last=False)
            if key in self._own:
                return False
            self._own[key] = expires
            return True
