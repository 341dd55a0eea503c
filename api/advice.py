"""Services that propose rather than warn, by the name a hook calls for. What they need is read when first asked."""

from __future__ import annotations

from collections.abc import Mapping

from api.auth import Client
from api.bedside import Ward
from api.cds_hooks import Adviser
from exchange.fhir.context import Incoming, Parts
from exchange.fhir.values import Json
from records.context import History


def advisers(ward: Ward) -> Mapping[str, Adviser]:
    """Who answers which advice."""

    def treat(incoming: Incoming, region: History, client: Client, context: Parts) -> Json:
        from api.treatment_cards import cards_of

        return cards_of(ward.at(incoming, region, client.tenant))

    def check_writing(incoming: Incoming, region: History, client: Client, context: Parts) -> Json:
        from api.record_examiner import Examiner
        from api.record_writing import cards_of

        return cards_of(context, Examiner(lambda: ward.served.snapshot))

    return {"treatment": treat, "record-writing": check_writing}
