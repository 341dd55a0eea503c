"""Where resources are put: the repository, or what stands before it and does something of its own on the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection

Json = dict[str, Any]


class Facts(Protocol):
    """Where resources are kept (``records.store.Repository``, or what stands before it)."""

    def put(
        self,
        connection: Connection,
        tenant: str,
        record: int | None,
        resources: Sequence[Json],
        *,
        message: int,
        at: datetime,
    ) -> Sequence[Any]: ...

    def remove(
        self, connection: Connection, tenant: str, references: Sequence[str], *, message: int, at: datetime
    ) -> Sequence[Any]: ...
