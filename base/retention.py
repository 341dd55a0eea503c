"""What is kept for some days and then removed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Engine, delete

from base.tenancy import system


def forget(engine: Engine, now: datetime, days: int, *times: Column[Any]) -> int:
    """Remove rows of tables whose time, one column of each table, lies more days back (0: none): how many."""
    if not days:
        return 0
    old = now - timedelta(days=days)
    with system("what is too old is removed"), engine.begin() as connection:
        return sum(connection.execute(delete(at.table).where(at < old)).rowcount for at in times)


__all__ = ["forget"]
