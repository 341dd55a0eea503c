"""What OpenAPI says of our routes, with examples that the tests send as they stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import orjson
from fastapi import Response

from exchange.plain import PlainDecision, PlainReview

_FOLDER: Final = Path(__file__).parent / "examples"
EXAMPLES: Final[dict[str, Any]] = {p.stem: orjson.loads(p.read_bytes()) for p in sorted(_FOLDER.glob("*.json"))}
"""Request bodies by name; each is a complete, valid request."""

_OUTCOME: Final = {
    "type": "object",
    "description": "FHIR OperationOutcome that names the field (`issue[].expression`) and what to do",
    "properties": {"resourceType": {"const": "OperationOutcome"}, "issue": {"type": "array"}},
}
_MEANINGS: Final = {
    400: "a field is missing or misshapen; the OperationOutcome names it",
    401: "the caller did not prove who it is",
    403: "this person may not do that",
    409: "somebody else was quicker, or the state does not allow it",
    422: "the workflow does not allow it; the text says what it takes",
    404: "no such thing",
    412: "data we need could be had neither from prefetch nor from the FHIR server",
    413: "the body is too large",
    415: "the body is not JSON",
    429: "too many calls: again after `Retry-After` seconds",
    503: "not possible now: call again",
}
_SENDING: Final = ("post", "put", "patch")
_OURS: Final = ("/api/", "/fhir")
_NO_BODY: Final = {
    "description": "Nothing more is asked: `{}`",
    "required": True,
    "content": {"application/json": {"schema": {"type": "object"}, "example": {}}},
}


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {
        status: {
            "description": _MEANINGS[status],
            "content": {"application/json": {"schema": _OUTCOME}},
        }
        for status in statuses
    }


def complete(schema: dict[str, Any]) -> None:
    """Say of every call what any call may be answered, and that what changes something is sent as JSON."""
    for path, calls in schema["paths"].items():
        for method, call in calls.items():
            _complete(path, method, call)


def _complete(path: str, method: str, call: dict[str, Any]) -> None:
    sends, ours = method in _SENDING, path.startswith(_OURS)
    if sends:
        call.setdefault("requestBody", _NO_BODY)
    told = call["responses"]
    if "HTTPValidationError" in str(told.get("422")):
        del told["422"]  # FastAPI's own words; a parameter that is wrong answers 400 here
    may = {400: sends or "parameters" in call, 401: ours, 403: ours, 404: "{" in path or path.startswith("/fhir")}
    may |= {413: sends, 415: sends, 429: ours, 503: ours}
    answers = {str(status): answer for status, answer in _errors(*(one for one, so in may.items() if so)).items()}
    call["responses"] = answers | told


def _body(schema: dict[str, Any], example: str) -> dict[str, Any]:
    content = {"schema": schema, "example": EXAMPLES[example]}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def _ok(description: str, schema: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": description, "content": {"application/json": {"schema": schema}}}}


_CARD: Final = {
    "type": "object",
    "required": ["summary", "indicator", "source"],
    "properties": {
        "uuid": {"type": "string", "format": "uuid"},
        "summary": {"type": "string", "maxLength": 139},
        "detail": {"type": "string", "description": "markdown: reason, advice, data, sources, rule version"},
        "indicator": {"enum": ["critical", "warning", "info"]},
        "source": {"type": "object"},
        "suggestions": {"type": "array"},
        "overrideReasons": {"type": "array"},
        "links": {"type": "array"},
        "extension": {"type": "object", "description": "`cn.yigong.finding`: ids, severity, evidence"},
    },
}
_ANSWER: Final = {
    "type": "object",
    "required": ["cards"],
    "properties": {"cards": {"type": "array", "items": _CARD}, "extension": {"type": "object"}},
}
_REQUEST: Final = {
    "type": "object",
    "required": ["hook", "hookInstance", "context"],
    "properties": {
        "hook": {"type": "string"},
        "hookInstance": {"type": "string", "format": "uuid"},
        "context": {"type": "object"},
        "prefetch": {"type": "object"},
        "fhirServer": {"type": "string"},
        "fhirAuthorization": {"type": "object"},
    },
}


def _plain_schema() -> dict[str, Any]:
    """JSON Schema of the plain review, with its parts inlined under ``$defs``."""
    schema = msgspec.json.schema(PlainReview, ref_template="#/components/schemas/{name}")
    return {"$ref": schema["$ref"]}


def components() -> dict[str, Any]:
    """Schemas that the plain review refers to."""
    (_, found) = msgspec.json.schema_components(
        [PlainReview, PlainDecision], ref_template="#/components/schemas/{name}"
    )
    return dict(found)


DISCOVERY: Final[dict[str, Any]] = {
    "summary": "Services offered",
    "responses": _ok("the services", {"type": "object", "required": ["services"]}),
}
CALL: Final[dict[str, Any]] = {
    "summary": "Call a CDS service",
    "responses": _ok("cards", _ANSWER) | _errors(400, 401, 404, 412, 413, 415),
    "openapi_extra": _body(_REQUEST, "order-sign"),
}
FEEDBACK: Final[dict[str, Any]] = {
    "summary": "Say what became of our cards",
    "responses": _ok("stored", {"type": "object"}) | _errors(400, 401, 404, 413, 415),
    "openapi_extra": _body({"type": "object", "required": ["feedback"]}, "feedback"),
}
REVIEW: Final[dict[str, Any]] = {
    "summary": "Review orders in plain JSON",
    "responses": _ok("findings", {"type": "object", "required": ["id", "release", "findings"]})
    | _errors(400, 401, 413, 415),
    "openapi_extra": _body(_plain_schema(), "review"),
}
QUEUE: Final[dict[str, Any]] = {
    "summary": "Prescriptions in the pharmacist's queue, the most pressing first",
    "description": "`status` takes states separated by commas; `waiting` are those any pharmacist may claim. "
    "`viewer` narrows to the institutions that person covers.",
    "responses": _ok("states", {"type": "object", "required": ["reviews"]}) | _errors(400, 401),
}
EVENTS: Final[dict[str, Any]] = {
    "summary": "Changes of state as server-sent events",
    "description": "From now on, or after an event number (`after`, or `Last-Event-ID`). No patient data.",
    "response_class": Response,
}
FIGURES: Final[dict[str, Any]] = {
    "summary": "Flagged, changed, intervened, false alarms by rule, waiting time",
    "responses": _ok("figures", {"type": "object"}) | _errors(400, 401),
}
HISTORY: Final[dict[str, Any]] = {
    "summary": "One prescription: what was sent, what was found, every move",
    "responses": _ok("history", {"type": "object"}) | _errors(401, 404),
}
DECISION: Final[dict[str, Any]] = {
    "summary": "Claim, approve, return, answer, confirm, appeal, withdraw, bypass, reassign, recall",
    "responses": _ok("the new state", {"type": "object"}) | _errors(400, 401, 403, 404, 409, 413, 415, 422),
    "openapi_extra": _body({"$ref": "#/components/schemas/PlainDecision"}, "decision"),
}
STORED: Final[dict[str, Any]] = {
    "summary": "A stored review",
    "responses": _ok("the answer that was given", {"type": "object"}) | _errors(401, 404),
}
