"""How a patient fits the clinical pathways of their diagnoses."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.access import Access
from api.askers import asker
from api.bedside import BedsideBody, Ward
from api.bodies import asked, decoded
from api.errors import respond
from api.using import used
from records.uses import Kind, Uses

EXAMPLE: Final[dict[str, Any]] = {
    "visit": "inpatient",
    "admitted": "2026-11-01",
    "patient": {
        "id": "P1",
        "sex": "男",
        "birthDate": "1958-05-01",
        "conditions": [{"text": "急性心肌梗死"}],
        "allergies": [],
        "medications": [{"id": "m1", "text": "阿司匹林肠溶片", "route": "口服"}],
        "observations": [],
        "reports": [],
        "procedures": [],
    },
}


def router(access: Access, ward: Ward, uses: Uses) -> APIRouter:
    """``POST /api/v1/inference/pathways``."""
    routes = APIRouter(prefix="/api/v1/inference", tags=["Inference"])

    @routes.post("/pathways", summary="临床路径适配", **asked(BedsideBody, EXAMPLE))
    async def fit(request: Request) -> Response:
        """For each active diagnosis with a pathway: whether the patient enters it and why not, the state of each step
        with its time, the next one, and what deviates, with sources."""
        from api.pathway_json import answered

        caller = access.need(request, "inference.use")
        body = decoded(BedsideBody, await request.body())
        bedside = await ward.of(body, caller)
        who = asker(caller, body, bedside)
        return respond(200, await asyncio.to_thread(used, uses, Kind.PATHWAYS, who, lambda: answered(bedside)))

    return routes
