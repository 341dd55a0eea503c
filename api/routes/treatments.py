"""Treatment of a patient's diagnoses, each option fitted and checked."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.access import Access
from api.askers import asker
from api.bedside import TreatmentBody, Ward
from api.bodies import asked, decoded
from api.errors import respond
from api.using import used
from records.uses import Kind, Uses

EXAMPLE: Final[dict[str, Any]] = {
    "diagnoses": ["社区获得性肺炎"],
    "severity": "moderate",
    "patient": {
        "id": "P1",
        "sex": "女",
        "birthDate": "2019-05-01",
        "weightKg": 21,
        "conditions": [{"text": "社区获得性肺炎"}],
        "allergies": [],
        "medications": [],
        "observations": [],
    },
}


def router(access: Access, ward: Ward, uses: Uses) -> APIRouter:
    """``POST /api/v1/inference/treatments``."""
    routes = APIRouter(prefix="/api/v1/inference", tags=["Inference"])

    @routes.post("/treatments", summary="推荐治疗方案", **asked(TreatmentBody, EXAMPLE))
    async def treat(request: Request) -> Response:
        """Options by class for each diagnosis, with this patient's dose, what speaks against them, their sources, and
        `order`: the request in draft, ready to be written."""
        from api.treating import answered  # read when first asked: no worker waits for it to start

        caller = access.need(request, "inference.use")
        body = decoded(TreatmentBody, await request.body())
        bedside = await ward.of(body, caller)
        who = asker(caller, body, bedside, body.diagnoses)
        told = await asyncio.to_thread(used, uses, Kind.TREATMENTS, who, lambda: answered(bedside, body))
        return respond(200, told)

    return routes
