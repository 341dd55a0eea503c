"""Data sets that people saved: what they count, of which rows, how broken down, to be asked again for any period."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import uuid4

import msgspec
from sqlalchemy import Column, DateTime, Engine, String, Table, Text, UniqueConstraint, delete, insert, select
from sqlalchemy.exc import IntegrityError

from base.db import METADATA, OWN
from base.refusal import MissingError, TakenError
from supervision.figures.analysis import Form

_LONGEST_TITLE: Final = 120
datasets = Table(
    "figure_dataset",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("title", String(_LONGEST_TITLE), nullable=False),
    Column("body", Text, nullable=False),
    Column("author", String(120), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("tenant", "title", name="figure_dataset_title"),
    info=OWN,
)


class Dataset(NamedTuple):
    """A saved form with its title, whose it is, who made it and when."""

    id: str
    tenant: str
    title: str
    form: Form
    author: str
    at: datetime


class Datasets:
    """Saves and finds data sets in the scope of whoever asks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, tenant: str, title: str, form: Form, author: str) -> Dataset:
        """Raises ``TakenError`` when the title is taken."""
        made = Dataset(str(uuid4()), tenant, title, form, author, datetime.now(UTC))
        body = msgspec.json.encode(form).decode()
        row = {name: value for name, value in made._asdict().items() if name != "form"} | {"body": body}
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(datasets).values(row))
        except IntegrityError:
            raise TakenError(f"已有名为“{title}”的数据集，请换一个名称") from None
        return made

    def listed(self) -> list[Dataset]:
        """By title."""
        with self._engine.connect() as connection:
            return [_read(row) for row in connection.execute(select(datasets).order_by(datasets.c.title))]

    def one(self, number: str) -> Dataset:
        """Raises ``MissingError``."""
        with self._engine.connect() as connection:
            row = connection.execute(select(datasets).where(datasets.c.id == number)).first()
        if row is None:
            raise MissingError("没有该数据集")
        return _read(row)

    def remove(self, number: str) -> None:
        """Raises ``MissingError``."""
        with self._engine.begin() as connection:
            if connection.execute(delete(datasets).where(datasets.c.id == number)).rowcount == 0:
                raise MissingError("没有该数据集")


def _read(row: Any) -> Dataset:
    at = row.at if row.at.tzinfo else row.at.replace(tzinfo=UTC)
    return Dataset(row.id, row.tenant, row.title, msgspec.json.decode(row.body, type=Form), row.author, at)


__all__ = ["Dataset", "Datasets", "datasets"]
