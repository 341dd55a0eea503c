"""Clinical scores: the list, forms filled from the record, results with what they mean, and which to fill."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from api.access import Access
from api.askers import asker
from api.bedside import BedsideBody, Diagnosis, Ward
from api.bodies import asked, decoded
from api.errors import respond
from api.using import used
from exchange.fhir.values import Json
from records.uses import Kind, Uses


class ScoreBody(BedsideBody, frozen=True):
    """``values`` are answers by field; null takes back what the record states. Without a patient all are by hand."""

    values: dict[str, float | str | bool | None] = {}


class SuggestBody(BedsideBody, frozen=True):
    """Beside the diagnoses on record: others, and findings by name."""

    diagnoses: tuple[str | Diagnosis, ...] = ()
    findings: tuple[str, ...] = ()


EXAMPLE: Final[dict[str, Any]] = {
    "values": {"altered_mentation": True},
    "patient": {
        "id": "P1",
        "birthDate": "1950-01-01",
        "observations": [
            {"text": "呼吸频率", "value": 26, "unit": "次/分"},
            {"text": "收缩压", "value": 92, "unit": "mmHg"},
        ],
    },
}
SUGGESTIONS: Final[dict[str, Any]] = {
    "patient": {"id": "P1", "birthDate": "1950-01-01", "conditions": [{"text": "心房颤动"}]},
    "findings": ["发热"],
}


def router(access: Access, ward: Ward, uses: Uses) -> APIRouter:
    """Routes under ``/api/v1/inference/scores``. What they need is read when first asked: no worker waits for it to
    start."""
    routes = APIRouter(prefix="/api/v1/inference", tags=["Inference"])
    _forms(routes, access, ward)
    _answers(routes, access, ward, uses)
    return routes


def _forms(routes: APIRouter, access: Access, ward: Ward) -> None:
    @routes.get("/scores", summary="评估表目录")
    def listed(
        request: Request, q: Annotated[str, Query(description="part of the title, purpose, or a disease")] = ""
    ) -> Response:
        """Every score we know, with its source."""
        from api import scoring

        access.need(request, "inference.use")
        return respond(200, {"scores": scoring.listed(q.strip())})

    @routes.get("/scores/{name}", summary="评估表表单")
    def blank(name: str, request: Request) -> Response:
        """The empty form: items, choices with points, limits, bands."""
        from api import scoring

        access.need(request, "inference.use")
        return respond(200, scoring.blank(name, ward.served.snapshot))


def _answers(routes: APIRouter, access: Access, ward: Ward, uses: Uses) -> None:
    @routes.post("/scores/suggestions", summary="推荐评估表", **asked(SuggestBody, SUGGESTIONS))
    async def suggestions(request: Request) -> Response:
        """Scores that suit the patient's diagnoses, findings and stage, those with most reasons first."""
        from api import scoring

        caller = access.need(request, "inference.use")
        body = decoded(SuggestBody, await request.body())
        bedside = await ward.of(body, caller)
        who, asked_of = asker(caller, body, bedside, body.diagnoses), (body.diagnoses, body.findings, body.stage)

        def suggested() -> Json:
            return scoring.suggested(bedside, *asked_of)

        return respond(200, await asyncio.to_thread(used, uses, Kind.SUGGESTIONS, who, suggested))

    @routes.post("/scores/{name}", summary="评估表评分与解读", **asked(ScoreBody, EXAMPLE))
    async def score(name: str, request: Request) -> Response:
        """The form filled from the record and by hand, and its result: total, meaning, next step, each item with its
        origin; incomplete forms say what may still come out."""
        from api import scoring

        caller = access.need(request, "inference.use")
        body = decoded(ScoreBody, await request.body())
        bedside = None if body.names_nobody else await ward.of(body, caller)
        who, snapshot = asker(caller, body, bedside), ward.served.snapshot
        answer = used(uses, Kind.SCORES, who, lambda: scoring.filled(name, body.values, bedside, snapshot))
        unmapped = bedside.not_understood() if bedside else []
        return respond(200, answer | ({"unmapped": unmapped} if unmapped else {}))
