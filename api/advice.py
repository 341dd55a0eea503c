"""Services that propose rather than warn, by the name a hook calls for. What they need is read when first asked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from api.auth import Client
from api.bedside import Ward
from api.cds_hooks import Adviser
from exchange.fhir.context import Incoming, Parts
from exchange.fhir.values import Json
from records.context import History

if TYPE_CHECKING:
    from api.record_writing import WritingDesk


def advisers(ward: Ward, engine: Engine, league: str) -> Mapping[str, Adviser]:
    """Who answers which advice. A client without a tenant is one of the league's."""

    def treat(incoming: Incoming, region: History, client: Client, context: Parts) -> Json:
        from api.treatment_cards import cards_of

        return cards_of(ward.at(incoming, region, client.tenant or league))

    @cache
    def writing() -> WritingDesk:
        from api.record_writing import WritingDesk

        return WritingDesk(engine, lambda: ward.served.snapshot)

    def check_writing(incoming: Incoming, region: History, client: Client, context: Parts) -> Json:
        return writing().cards(context, client.tenant or league)

    return {"treatment": treat, "record-writing": check_writing}
