"""The only map from exceptions to HTTP answers: FHIR OperationOutcomes, never a stack trace."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException

from base import refusal
from base.accounts import AccountError, MissingAccountError
from base.alerts import GlassError
from base.audit import AuditError
from base.roles import RoleError
from base.second_factor import FactorError
from base.tenancy import TenancyError, UnscopedError
from clinical.coded import zoned
from exchange.fhir.searching import SearchError
from exchange.fhir.values import ReadError
from exchange.message import MessageError
from knowledge.release import ReleaseError
from knowledge.review import WorkflowError
from knowledge.store import ConflictError, StoreError
from records.code_systems import MissingTermError, TermError
from records.comment_items import MissingCommentError, TakenError
from records.identity import DecidedError, IdentityError, MissingPersonError
from records.qc_faults import MissingQcError, QcError, TakenQcError
from records.quality_rules import RuleError
from records.quality_standards import MissingStandardError, StandardError
from records.quality_store import FaultError, MissingFaultError
from records.registry import RegistryError
from records.review_moves import MissingCaseError
from records.sampling import CommentError

_log = logging.getLogger(__name__)


class ApiError(Exception):
    """An answer other than success: status, FHIR issue code, what is wrong, where, what to do."""

    def __init__(self, status: int, code: str, message: str, path: str = "", headers: dict[str, str] | None = None):
        super().__init__(message)
        self.status, self.code, self.message, self.path = status, code, message, path
        self.headers = headers or {}


def bad_field(path: str, message: str) -> ApiError:
    """400: a field that is missing or has the wrong shape."""
    return ApiError(400, "invalid", message, path)


def moment_of(text: str, field: str) -> datetime | None:
    """A date or time of a query; None when empty, China's when it has no zone. Raises ``ApiError`` 400."""
    if not text:
        return None
    try:
        return zoned(datetime.fromisoformat(text))
    except ValueError:
        raise bad_field(field, "须为日期或时刻，如 2026-11-01 或 2026-11-01T08:00:00+08:00") from None


def outcome(code: str, text: str, path: str = "") -> dict[str, Any]:
    """An OperationOutcome with one error."""
    return {"resourceType": "OperationOutcome", "issue": [_error(code, text, path)]}


def _error(code: str, text: str, path: str) -> dict[str, Any]:
    issue: dict[str, Any] = {"severity": "error", "code": code, "details": {"text": text}}
    if path:
        issue["expression"] = [path]
        issue["diagnostics"] = f"{path}: {text}"
    return issue


def respond(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(body), status, headers, "application/json")


def install(app: FastAPI) -> None:
    """Register the handlers of every exception that may reach the rim."""

    async def handler(request: Request, error: Exception) -> Response:
        made = answer_to(error)
        assert made is not None  # registered for these kinds alone
        return made

    for kind in _ANSWERS:
        app.add_exception_handler(kind, handler)


def answer_to(error: Exception) -> Response | None:
    """What a caller is told of an exception that we foresaw; None of any other."""
    make = next((_ANSWERS[kind] for kind in type(error).__mro__ if kind in _ANSWERS), None)
    return None if make is None else make(error)


def _invalid(error: RequestValidationError) -> Response:
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"])
    known = _INVALID.get(first["type"])
    says = known.format(**first.get("ctx", {})) if known else str(first["msg"])
    return respond(400, outcome("invalid", says, path))


_INVALID: Final = {
    "missing": "须填写",
    "int_parsing": "须为整数",
    "greater_than_equal": "须不小于 {ge}",
    "less_than_equal": "须不大于 {le}",
}
"""What people may bring about with an address, in Chinese."""


def _issue(status: int) -> str:
    return {401: "login", 403: "forbidden", 404: "not-found", 405: "not-supported", 413: "too-long"}.get(
        status, "processing"
    )


def _ours(error: Exception) -> Response:
    """A fault of ours is told and logged as one, whatever it is a kind of."""
    raise error


def _untakable(error: DataError) -> Response:
    """PostgreSQL takes no text with a NUL character and no number beyond its column; nothing was stored."""
    extra = {"error": type(error.orig).__name__}
    _log.warning("a value the database does not take", extra=extra, exc_info=error)
    return respond(400, outcome("value", "文本含有 NUL 字符，或数值、文本过大"))


def _away(error: OperationalError) -> Response:
    """Told as what it is; the place is logged, since a table that is missing comes here too."""
    _log.error("database away", extra={"error": type(error.orig).__name__}, exc_info=error)
    return respond(503, outcome("transient", "数据库暂时不可用，请稍后重试"), {"Retry-After": "5"})


def _together(error: refusal.RefusedTogetherError) -> Response:
    """One issue for each fault."""
    codes = ["conflict" if fault.overtaken else "business-rule" for fault in error.faults]
    issues = [_error(code, fault.problem, fault.field) for code, fault in zip(codes, error.faults, strict=True)]
    status = 409 if "conflict" in codes else 422
    return respond(status, {"resourceType": "OperationOutcome", "issue": issues})


def _saying(status: int, code: str) -> Callable[[Any], Response]:
    return lambda error: respond(status, outcome(code, str(error)))


_ANSWERS: Final[dict[type, Callable[[Any], Response]]] = {
    ApiError: lambda e: respond(e.status, outcome(e.code, e.message, e.path), e.headers),
    ReadError: lambda e: respond(400, outcome("structure", e.message, e.path)),
    RequestValidationError: _invalid,
    HTTPException: lambda e: respond(e.status_code, outcome(_issue(e.status_code), str(e.detail)), e.headers),
    MissingCaseError: _saying(404, "not-found"),
    MissingCommentError: _saying(404, "not-found"),
    TakenError: _saying(409, "conflict"),
    CommentError: _saying(422, "business-rule"),
    ConflictError: _saying(409, "conflict"),
    WorkflowError: _saying(422, "business-rule"),
    StoreError: _saying(404, "not-found"),
    ReleaseError: _saying(409, "business-rule"),
    AccountError: _saying(422, "business-rule"),
    MissingAccountError: _saying(404, "not-found"),
    FactorError: _saying(422, "business-rule"),
    AuditError: _saying(503, "transient"),
    GlassError: _saying(422, "business-rule"),
    RoleError: _saying(422, "business-rule"),
    MissingTermError: lambda e: respond(404, outcome("not-found", e.problem, e.field)),
    TermError: lambda e: respond(422, outcome("business-rule", e.problem, e.field)),
    MissingFaultError: _saying(404, "not-found"),
    FaultError: _saying(422, "business-rule"),
    MissingStandardError: _saying(404, "not-found"),
    StandardError: _saying(422, "business-rule"),
    refusal.RefusedError: lambda e: respond(422, outcome("business-rule", e.problem, e.field)),
    refusal.RefusedTogetherError: _together,
    refusal.MissingError: _saying(404, "not-found"),
    refusal.TakenError: _saying(409, "conflict"),
    RegistryError: lambda e: respond(422, outcome("business-rule", e.problem, e.field)),
    RuleError: _saying(422, "business-rule"),
    MissingQcError: _saying(404, "not-found"),
    TakenQcError: _saying(409, "conflict"),
    QcError: _saying(422, "business-rule"),
    MessageError: lambda e: respond(400, outcome("structure", e.problem, e.field)),
    SearchError: lambda e: respond(400, outcome("invalid", e.problem, e.parameter)),
    IdentityError: _saying(422, "business-rule"),
    MissingPersonError: _saying(404, "not-found"),
    DecidedError: _saying(409, "conflict"),
    DataError: _untakable,
    OperationalError: _away,
    UnscopedError: _ours,
    TenancyError: lambda e: respond(403, outcome("forbidden", "不在可操作的机构范围内")),
}
