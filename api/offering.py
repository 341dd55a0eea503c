"""What the institutions of the league offer, as an inference asks for it from one of them."""

from __future__ import annotations

import logging
from collections.abc import Collection
from itertools import takewhile
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from api.regional import Regional
from base.tenancy import system
from records import offers
from records.registry import Directory

if TYPE_CHECKING:
    from inference.availability import Lists, LookUp

_log = logging.getLogger(__name__)


class Offering:
    """Reads their lists, whoever asks: what an institution offers is no secret."""

    def __init__(self, engine: Engine, regional: Regional) -> None:
        self._engine, self._regional = engine, regional

    def around(self, tenant: str, said: str) -> LookUp:
        """As seen from the institution that asks: ``tenant`` is what the caller proved to be, ``said`` what the
        request says of it. The database is read when something is looked up; while
        it is away grades alone tell."""
        directory = self._regional.region.directory
        here = directory.institution(self._regional.asking(tenant, said))
        return lambda concepts: self._looked_up(directory, here, concepts)

    def _looked_up(self, directory: Directory, here: str, concepts: Collection[str]) -> Lists:
        from inference.availability import Lists, Site

        try:
            with system("what institutions offer"), self._engine.connect() as connection:
                found = offers.offering(connection, concepts)
                own = found.pop(here, frozenset()) if offers.has_list(connection, here) else None
        except SQLAlchemyError as error:
            _log.error("lists of institutions not read", extra={"error": type(error).__name__})
            return Lists()
        near = sorted(filter(directory.organisation, found), key=lambda tenant: (-_shared(tenant, here), tenant))
        return Lists(own, tuple(Site(directory.name(tenant), found[tenant]) for tenant in near))


def _shared(tenant: str, here: str) -> int:
    """How many parts of their paths two institutions share."""
    pairs = zip(tenant.split("/"), here.split("/"), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
