"""Data quality over HTTP: rules, what sites change of them, published standards."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Path, Request, Response

from api.access import Access
from api.asking import described, reads, sees, within, writes
from api.bodies import Body, asked, decoded
from api.errors import bad_field, moment_of, respond
from api.quality_desk import SEVERITIES, QualityDesk
from base.tenancy import acting
from records.quality import Context
from records.quality_conditions import OPERATORS
from records.quality_forms import FORMS
from records.quality_paths import ALIASES, DERIVED
from records.quality_rules import DIMENSIONS, KINDS, Rule
from records.quality_standards import Edit, Receipt, Standard, compare
from records.quality_store import STATES
from records.quality_surveys import SURVEYS

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


class CheckBody(Body, frozen=True):
    """Resources to check before they are sent; nothing is stored. ``sent``: when the message was sent."""

    resources: list[dict[str, Any]]
    tenant: str = ""
    sent: str = ""


class EditBody(Body, frozen=True):
    """A change of a rule (``{"rule": id, "off"|"severity"|"parameters"|"message"|"cases": …}``) or a new rule
    (``{"id": …}``, as in docs/data-quality.md)."""

    body: dict[str, Any]
    tenant: str = ""
    note: str = ""


class PublicationBody(Body, frozen=True):
    """``note``: what this version changes."""

    note: str
    tenant: str = ""


class ReceiptBody(Body, frozen=True):
    """``digest`` is that of the content fetched; ``confirmed``: it is in force at the institution."""

    tenant: str
    digest: str
    owner: str = ""
    confirmed: bool = False


def router(access: Access, desk: QualityDesk) -> APIRouter:
    """``/api/v1/quality``: ``/rules``, ``/language``, ``/check``, ``/edits``, ``/standards``."""
    routes = APIRouter(prefix="/api/v1/quality", tags=["Data quality"])
    _rules(routes, access, desk)
    _checking(routes, access, desk)
    _edits(routes, access, desk)
    _edits_decided(routes, access, desk)
    _standards(routes, access, desk)
    _one_standard(routes, access, desk)
    _receipts(routes, access, desk)
    return routes


# -- rules -------------------------------------------------------------------------------------


def _rules(routes: APIRouter, access: Access, desk: QualityDesk) -> None:
    @routes.get("/rules", **_RULES)
    def listed(request: Request, tenant: str = "", dimension: str = "", kind: str = "") -> Response:
        found = access.need(request, "quality.read")
        rules = desk.rules(reads(found, tenant, desk.league)).values()
        shown = [
            _rule(rule)
            for rule in rules
            if dimension in ("", rule.dimension) and (not kind or kind in rule.types or "*" in rule.types)
        ]
        return respond(200, {"rules": shown})

    @routes.get("/language", **_LANGUAGE)
    def language(request: Request) -> Response:
        access.need(request, "quality.read")
        told = {
            "operators": {name: operator.operand for name, operator in OPERATORS.items()},
            "forms": {name: title for name, (title, _) in FORMS.items()},
            "filters": [f"@{name}" for name in ALIASES],
            "derived": list(DERIVED),
            "surveys": SURVEYS,
            "kinds": KINDS,
            "dimensions": {dimension.value: title for dimension, title in DIMENSIONS.items()},
            "severities": {severity.value: title for severity, title in SEVERITIES.items()},
            "states": {state.value: title for state, title in STATES.items()},
        }
        return respond(200, told)


def _checking(routes: APIRouter, access: Access, desk: QualityDesk) -> None:
    @routes.post("/check", **_CHECK)
    async def check(request: Request) -> Response:
        found, given = access.need(request, "quality.read"), decoded(CheckBody, await request.body())
        tenant = reads(found, given.tenant, desk.league)
        context = Context(tenant, datetime.now(UTC), moment_of(given.sent, "sent"))
        rules = await asyncio.to_thread(desk.standards.of, tenant)
        checked = await asyncio.to_thread(rules.check, given.resources, context)
        told = [
            {"rule": f.rule, "version": f.version, "severity": f.severity.value, "dimension": f.dimension.value}
            | {"path": f.path, "message": f.message, "resource": f.resource}
            for f in checked.faults
        ]
        return respond(200, {"accepted": not checked.rejected, "faults": told})


def _edits(routes: APIRouter, access: Access, desk: QualityDesk) -> None:
    @routes.get("/edits", **_EDITS)
    def listed(request: Request, tenant: str = "", rule: str = "") -> Response:
        found = access.need(request, "quality.read")
        with acting(found.scope):
            made = desk.standards.edits(reads(found, tenant, desk.league), rule)
        return respond(200, {"edits": [_edit(edit) for edit in made]})

    @routes.post("/edits", **_DRAFT)
    async def draft(request: Request) -> Response:
        found, given = access.need(request, "quality.write"), decoded(EditBody, await request.body())
        tenant = writes(found, given.tenant, desk.league)

        def made() -> dict[str, Any]:
            edit = desk.standards.draft(tenant, given.body, found.name, datetime.now(UTC), given.note)
            return _edit(edit) | {"problems": desk.standards.problems(tenant, edit.rule, edit.version)}

        told = await within(found, made)
        access.note(
            found, "quality.rule.draft", f"quality-rule/{told['rule']}", tenant=tenant, version=told["version"]
        )
        return respond(201, told)


def _edits_decided(routes: APIRouter, access: Access, desk: QualityDesk) -> None:
    @routes.post("/edits/{rule}/{version}/activation", **_ACTIVATE)
    def activate(rule: str, version: Number, request: Request, tenant: str = "") -> Response:
        found = access.need(request, "quality.write")
        home = writes(found, tenant, desk.league)
        with acting(found.scope):
            edit = desk.standards.activate(home, rule, version, found.name, datetime.now(UTC))
        access.note(found, "quality.rule.activate", f"quality-rule/{rule}", tenant=home, version=version)
        return respond(200, _edit(edit))

    @routes.post("/edits/{rule}/{version}/retirement", **_RETIRE)
    def retire(rule: str, version: Number, request: Request, tenant: str = "") -> Response:
        found = access.need(request, "quality.write")
        home = writes(found, tenant, desk.league)
        with acting(found.scope):
            edit = desk.standards.retire(home, rule, version, found.name, datetime.now(UTC))
        access.note(found, "quality.rule.retire", f"quality-rule/{rule}", tenant=home, version=version)
        return respond(200, _edit(edit))


# -- standards ---------------------------------------------------------------------------------


def _standards(routes: APIRouter, access: Access, desk: QualityDesk) -> None:
    @routes.get("/standards", **_STANDARDS)
    def listed(request: Request, tenant: str = "") -> Response:
        found = access.need(request, "quality.read")
        standards = desk.standards.listed(reads(found, tenant, desk.league))
        return respond(200, {"standards": [_standard(one) for one in standards]})

    @routes.post("/standards", **_PUBLISH)
    async def publish(request: Request) -> Response:
        found, given = access.need(request, "quality.write"), decoded(PublicationBody, await request.body())
        tenant = writes(found, given.tenant, desk.league)
        made = await within(found, lambda: desk.standards.publish(tenant, found.name, datetime.now(UTC), given.note))
        access.note(found, "quality.standard.publish", f"quality-standard/{made.number}", tenant=tenant)
        return respond(201, _standard(made))

    @routes.post("/standards/{number}/withdrawal", **_WITHDRAW)
    def withdraw(number: Number, request: Request, tenant: str = "") -> Response:
        found = access.need(request, "quality.write")
        home = writes(found, tenant, desk.league)
        with acting(found.scope):
            desk.standards.withdraw(home, number, datetime.now(UTC))
        access.note(found, "quality.standard.withdraw", f"quality-standard/{number}", tenant=home)
        return respond(200, {"withdrawn": True})


def _one_standard(routes: APIRouter, access: Access, desk: QualityDesk) -> None:
    @routes.get("/standards/{number}", **_STANDARD)
    def one(number: Number, request: Request, owner: str = "") -> Response:
        found = access.need(request, "quality.read")
        standard = desk.standards.standard(sees(found, owner, desk.league), number)
        etag = f'"{standard.digest}"'
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers={"ETag": etag})
        told = _standard(standard) | {"rules": [_rule(rule) for rule in standard.rules]}
        return respond(200, told, {"ETag": etag})

    @routes.get("/standards/{number}/changes", **_COMPARE)
    def changes(number: Number, request: Request, since: int, owner: str = "") -> Response:
        found = access.need(request, "quality.read")
        whose = sees(found, owner, desk.league)
        if not 1 <= since < 2**31:
            raise bad_field("since", "must be the number of a version")
        old, new = (desk.standards.standard(whose, n) for n in (since, number))
        return respond(200, compare(old.rules, new.rules))


def _receipts(routes: APIRouter, access: Access, desk: QualityDesk) -> None:
    @routes.get("/standards/{number}/receipts", **_RECEIPTS)
    def receipts(number: Number, request: Request, owner: str = "") -> Response:
        found = access.need(request, "quality.read")
        with acting(found.scope):
            known = desk.standards.receipts(sees(found, owner, desk.league), number)
        having = {one.tenant for one in known}
        missing = [tenant for tenant in desk.surveyor.institutions() if tenant not in having]
        told = [tenant for tenant in missing if found.scope.may_read(tenant)]
        return respond(200, {"receipts": [_receipt(one) for one in known], "missing": told})

    @routes.post("/standards/{number}/receipts", **_ACKNOWLEDGE)
    async def acknowledge(number: Number, request: Request) -> Response:
        found, given = access.need(request, "quality.write"), decoded(ReceiptBody, await request.body())
        tenant, owner = writes(found, given.tenant, desk.league), given.owner or desk.league
        made = await within(
            found,
            lambda: desk.standards.acknowledge(
                tenant, owner, number, given.digest, found.name, datetime.now(UTC), given.confirmed
            ),
        )
        access.note(found, "quality.standard.receipt", f"quality-standard/{number}", tenant=tenant)
        return respond(200, _receipt(made))


# -- out ---------------------------------------------------------------------------------------


def _rule(rule: Rule) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(rule)
    return told | {"dimensionTitle": DIMENSIONS[rule.dimension], "severityTitle": SEVERITIES[rule.severity]}


def _edit(edit: Edit) -> dict[str, Any]:
    told = edit._asdict()
    for name in ("made", "activated"):
        told[name] = told[name].isoformat() if told[name] else ""
    told["activatedBy"] = told.pop("activated_by")
    return {k: v for k, v in told.items() if v != ""}


def _standard(standard: Standard) -> dict[str, Any]:
    told = {k: v for k, v in standard._asdict().items() if k not in ("rules", "tenant")}
    told["owner"] = standard.tenant
    for name in ("published", "withdrawn"):
        told[name] = told[name].isoformat() if told[name] else ""
    return {k: v for k, v in told.items() if v != ""}


def _receipt(receipt: Receipt) -> dict[str, Any]:
    told = receipt._asdict()
    for name in ("received", "confirmed"):
        told[name] = told[name].isoformat() if told[name] else ""
    return {k: v for k, v in told.items() if v != ""}


# -- OpenAPI -----------------------------------------------------------------------------------

EXAMPLES: Final[dict[str, Any]] = {
    "check": {"resources": [{"resourceType": "Patient", "id": "p1", "gender": "男", "birthDate": "2062-01-01"}]},
    "edit": {
        "body": {
            "rule": "patient-birth-old",
            "parameters": {"within": "120y"},
            "cases": {"passed": [{"birthDate": "1915"}], "failed": [{"birthDate": "1900"}]},
        },
        "note": "本盟最高龄老人核实后下调",
    },
    "publication": {"note": "首版：启用全部内置规则"},
    "receipt": {"tenant": "league/county-a/hospital-1", "digest": "0" * 64, "confirmed": True},
}
"""Bodies that are complete; the tests send them."""


_RULES: Final = described(
    "Rules that hold for an institution", "With what the league published and sites changed.", "rules", 400
)
_LANGUAGE: Final = described("What rules are made of", "Operators, forms, surveys: for editors.", "the language")
_CHECK: Final = asked(CheckBody, EXAMPLES["check"]) | described(
    "Check resources before sending them",
    "Nothing is stored: 数据上报前自查.",
    "whether it would be accepted; faults",
    400,
)
_EDITS: Final = described("Changes of rules that an institution made", "", "changes, the newest first", 400)
_DRAFT: Final = asked(EditBody, EXAMPLES["edit"]) | described(
    "Draft a change of a rule, or a rule of one's own",
    "A draft holds for nobody; `problems` say what keeps it from being activated, its own failing cases among them.",
    "the draft",
    *(400, 422),
    status=201,
)
_ACTIVATE: Final = described("Put a draft into force", "Refused while its cases fail.", "the change", 400, 404, 422)
_RETIRE: Final = described("Take a change back", "", "the change", 400, 404, 422)
_STANDARDS: Final = described(
    "Published standards (交换标准)", "Own and those of all above.", "standards, newest first", 400
)
_PUBLISH: Final = asked(PublicationBody, EXAMPLES["publication"]) | described(
    "Publish the rules in force as a new version",
    "From now on it holds for all below. Unchangeable; institutions fetch it and confirm it.",
    "the standard",
    *(400, 422),
    status=201,
)
_STANDARD: Final = described(
    "A standard with its rules", "`ETag` is its digest: ask with `If-None-Match` to poll.", "the standard", 400, 404
)
_STANDARD["responses"][304] = {"description": "you have it already"}
_COMPARE: Final = described("What a version changed since another", "", "ids of rules", 400, 404)
_WITHDRAW: Final = described("Withdraw a standard", "The version before holds again.", "done", 400, 404)
_RECEIPTS: Final = described("Which institutions have a standard", "", "receipts, and who is missing", 400)
_ACKNOWLEDGE: Final = asked(ReceiptBody, EXAMPLES["receipt"]) | described(
    "Say that an institution fetched a standard, or put it into force", "", "the receipt", 400, 404, 422
)
