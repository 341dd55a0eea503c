"""The case behind an alert: a request at order entry or a prescription, to be read; and the alerts of a rule."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from api.access import Access
from api.asking import described, within
from api.errors import bad_field, moment_of, respond
from api.prescription_desk import PrescriptionDesk
from records.ledger import UNANSWERED, Alerts

_READ: Final = "review.read"
_OUTCOMES: Final = ("", "accepted", "overridden", UNANSWERED)
Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]


def router(access: Access, desk: PrescriptionDesk) -> APIRouter:
    """``/api/v1/prescriptions/{id}`` and ``/api/v1/rules/alerts``."""
    routes = APIRouter(prefix="/api/v1", tags=["Pre-dispensing review"])

    @routes.get("/prescriptions/{prescription_id}", **_ONE)
    async def one(prescription_id: str, request: Request) -> Response:
        found = access.need(request, _READ)
        told = await within(found, lambda: desk.one(prescription_id, found))
        access.note(found, "prescription.read", f"review/{told['id']}")
        return respond(200, told)

    @routes.get("/rules/alerts", **_ALERTS)
    async def alerts(
        request: Request,
        rule: str,
        family: str = "",
        since: str = "",
        until: str = "",
        outcome: str = "",
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> Response:
        found = access.need(request, _READ)
        if outcome not in _OUTCOMES:
            raise bad_field("outcome", f"只能是 {'、'.join(_OUTCOMES[1:])}")
        wanted = Alerts(rule, family, moment_of(since, "since"), moment_of(until, "until"), outcome)
        return respond(200, await within(found, lambda: desk.alerts(wanted, limit, offset)))

    return routes


_ONE: Final = described(
    "A prescription or another request at order entry, as a case",
    "Who it was about (without a name), what was ordered, the findings as they were shown with rule, version, data "
    "and sources, what clinicians answered to each. `review`: what was decided in the pharmacist's queue and every "
    "move there, where it went there; where it did not, `reviewedAs`: prescriptions in which the same came up again "
    "within a day. `record`: the patient's record, where it is registered and the caller may open it "
    "(`inference.use`). "
    "Audited as `prescription.read`.",
    "the case",
    404,
)
_ALERTS: Final = described(
    "Alerts of a rule",
    "The newest first, each with the request it was shown in (`prescription`) and its last answer. `outcome`: "
    "`accepted`, `overridden` or `unanswered`; times as in the account of rules, `/api/v1/rules/usage`.",
    "a page of alerts",
    400,
)
