"""Faults in data over HTTP, and what they add up to: handling, surveys, scores, ranking, reports.

Faults name resources and messages by number; what stands in them is fetched from the repository by whoever may.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from api.access import Access, Principal
from api.asking import attached, described, parameters, tenant_in, within, writes
from api.bodies import Body, asked, decoded
from api.errors import ApiError, bad_field, moment_of, respond
from api.institution_names import Name
from api.quality_desk import QualityDesk, csv_lines, fault_row
from api.table_files import PDF, table_file
from base.tabular import XLSX
from base.tenancy import acting
from records.quality_figures import GROUPS, Asked, Score
from records.quality_rules import DIMENSIONS, Dimension, Rule, Severity
from records.quality_store import ACTIONS, STATES, Action, Event, Held, Query, State
from records.quality_tables import day_of, days_before
from supervision.reports.pdf import Page

_REPORTED: Final = "数据质量报告"
_MOST: Final = 500
_DUE_DAYS: Final = 7
_LONGEST_DAY: Final = len("2026-11-27")
OPEN: Final = "inference.use"
"""What it takes to be told the patient whom a fault is about."""
Big = Annotated[int, Path(ge=1, le=2**62)]


class NoticeBody(Body, frozen=True):
    """Which open faults institutions are told of; ``due`` is a day or time, a week from now without."""

    tenant: str = ""
    rule: str = ""
    dimension: str = ""
    severity: str = ""
    kind: str = ""
    due: str = ""
    limit: int = 10_000


class MoveBody(Body, frozen=True):
    """What becomes of a fault, and why."""

    action: str
    reason: str = ""


class SurveyBody(Body, frozen=True):
    """Whose records are looked at anew."""

    tenant: str


def router(access: Access, desk: QualityDesk) -> APIRouter:
    """``/api/v1/quality``: ``/faults``, ``/surveys``, ``/scores``, ``/ranking``, ``/volume``, ``/report.xlsx``."""
    routes = APIRouter(prefix="/api/v1/quality", tags=["Data quality"])
    _faults(routes, access, desk)
    _moves(routes, access, desk)
    _surveys(routes, access, desk)
    _figures(routes, access, desk)
    _report(routes, access, desk)
    return routes


# -- faults ------------------------------------------------------------------------------------


def _faults(routes: APIRouter, access: Access, desk: QualityDesk) -> None:
    @routes.get("/faults", **_FAULTS)
    def listed(request: Request, limit: int = 100, before: int = 0) -> Response:
        found, query = access.need(request, "quality.read"), _query(request)
        page = replace(query, before=_id(before), limit=max(1, min(limit, _MOST)))
        with acting(found.scope):
            held, rules, name = desk.faults.search(page), desk.rules(), desk.name()
        told: dict[str, Any] = {"faults": [_fault(one, rules, name) for one in held]}
        if len(held) == page.limit:
            told["before"] = held[-1].id
        return respond(200, told)

    @routes.get("/faults.csv", **_CSV)
    def as_csv(request: Request) -> StreamingResponse:
        found, query = access.need(request, "quality.read"), _query(request)
        with acting(found.scope):
            rules, called = desk.rules(), desk.called()
            rows = [fault_row(held, rules, called) for held in desk.all_faults(query)]
        return StreamingResponse(csv_lines(rows), media_type="text/csv", headers=attached("数据质量问题.csv"))

    @routes.get("/faults/{fault}", **_FAULT)
    def one(fault: Big, request: Request) -> Response:
        found = access.need(request, "quality.read")
        with acting(found.scope):
            held, happened = desk.faults.one(fault)
            rules = desk.rules(held.tenant)
            patient = desk.patient(held) if found.may(OPEN, held.tenant) else ""
        events = [_event(event) for event in happened]
        source = rules[held.rule].source if held.rule in rules else ""
        told = _fault(held, rules, desk.name()) | {"history": events, "source": source}
        return respond(200, told | ({"patient": patient} if patient else {}))


def _moves(routes: APIRouter, access: Access, desk: QualityDesk) -> None:
    @routes.post("/faults/notices", **_NOTIFY)
    async def notify(request: Request) -> Response:
        found, given = access.need(request, "quality.write"), decoded(NoticeBody, await request.body())
        now = datetime.now(UTC)
        due = moment_of(given.due, "due") or now + timedelta(days=_DUE_DAYS)
        if due <= now:
            raise bad_field("due", "must lie ahead")
        _listed_in("dimension", given.dimension, Dimension)
        _listed_in("severity", given.severity, Severity)
        query = Query(
            tenant=tenant_in(given.tenant),
            rule=given.rule,
            dimension=given.dimension,
            severity=given.severity,
            kind=given.kind,
            limit=max(1, min(given.limit, 100_000)),
        )
        count = await within(found, lambda: desk.faults.notify(query, found.name, now, due))
        access.note(found, "quality.fault.notify", "", tenant=given.tenant, count=count)
        return respond(200, {"notified": count, "due": due.isoformat()})

    @routes.post("/faults/{fault}/moves", **_MOVE)
    async def move(fault: Big, request: Request) -> Response:
        found, given = access.need(request, "quality.write"), decoded(MoveBody, await request.body())
        action = _action(given.action)

        def moved() -> Held:
            if action in (Action.CONFIRM, Action.REFUSE):
                _over(found, desk.faults.one(fault)[0].tenant)
            return desk.faults.move(fault, action, found.name, datetime.now(UTC), given.reason)

        held = await within(found, moved)
        access.note(found, f"quality.fault.{action}", f"quality-fault/{fault}", tenant=held.tenant)
        return respond(200, _fault(held, desk.rules(held.tenant), desk.name()))


def _surveys(routes: APIRouter, access: Access, desk: QualityDesk) -> None:
    @routes.post("/surveys", **_SURVEY)
    async def survey(request: Request) -> Response:
        found, given = access.need(request, "quality.write"), decoded(SurveyBody, await request.body())
        tenant = writes(found, given.tenant, desk.league)
        made = await asyncio.to_thread(desk.surveyor.run, tenant, datetime.now(UTC))
        access.note(found, "quality.survey", "", tenant=tenant)
        told = {r: {"checked": sum(s.checked.values()), "failed": len(s.failing)} for r, s in made.items()}
        return respond(200, {"tenant": tenant, "rules": told})


# -- figures -----------------------------------------------------------------------------------


def _figures(routes: APIRouter, access: Access, desk: QualityDesk) -> None:
    @routes.get("/scores", **_SCORES)
    def scores(request: Request, by: str = "tenant,dimension") -> Response:
        found, wanted = access.need(request, "quality.read"), _asked_for(request)
        groups = tuple(filter(None, by.split(",")))
        if not groups or set(groups) - set(GROUPS) or len(set(groups)) < len(groups):
            raise bad_field("by", f"must be some of {', '.join(GROUPS)}")
        with acting(found.scope):
            rules = desk.rules()
            made = desk.figures.scores(wanted, groups, rules.values())
        told = [_score(groups, score, rules) for score in made]
        return respond(200, {"since": wanted.since, "until": wanted.until, "scores": told})

    @routes.get("/ranking", **_RANKING)
    def ranking(request: Request) -> Response:
        found, wanted = access.need(request, "quality.read"), _asked_for(request)
        with acting(found.scope):
            made, name = desk.figures.ranking(wanted, desk.rules().values()), desk.name()
        told = [one._asdict() | {"institution": name(one.tenant)} for one in made]
        return respond(200, {"since": wanted.since, "until": wanted.until, "institutions": told})

    @routes.get("/volume", **_VOLUME)
    def volume(request: Request, by: str = "tenant,day") -> Response:
        found, wanted = access.need(request, "quality.read"), _asked_for(request)
        groups = tuple(filter(None, by.split(",")))
        if not groups or set(groups) - {"tenant", "kind", "day"}:
            raise bad_field("by", "must be some of tenant, kind, day")
        with acting(found.scope):
            counts = desk.figures.volume(wanted, groups)
        told = [dict(zip(groups, key, strict=True)) | {"resources": n} for key, n in sorted(counts.items())]
        return respond(200, {"since": wanted.since, "until": wanted.until, "volume": told})


def _report(routes: APIRouter, access: Access, desk: QualityDesk) -> None:
    @routes.get("/report.xlsx", **_REPORT)
    def report(request: Request) -> Response:
        found, wanted, query = access.need(request, "quality.read"), _asked_for(request), _query(request)
        with acting(found.scope):
            book = desk.report(wanted, query)
        return Response(book, 200, attached(f"{_REPORTED}.xlsx"), XLSX)

    @routes.get("/report.pdf", **_PAGES)
    def pages(request: Request) -> Response:
        found, wanted = access.need(request, "quality.read"), _asked_for(request)
        with acting(found.scope):
            tables = desk.report_tables(wanted)
        return table_file(_REPORTED, Page(_REPORTED, f"期间 {wanted.since}至{wanted.until}", tables), "pdf")


# -- in ----------------------------------------------------------------------------------------


def _over(found: Principal, tenant: str) -> None:
    """Confirming is for those above the institution. Raises ``ApiError`` 403."""
    upper = tenant.rpartition("/")[0] or tenant
    if not found.may("quality.write", upper):
        raise ApiError(403, "forbidden", "说明须由上级机构的质控人员确认或退回")


def _action(text: str) -> Action:
    allowed = [Action.EXPLAIN, Action.CONFIRM, Action.REFUSE]
    if text not in allowed:
        raise bad_field("action", f"must be one of {', '.join(allowed)}")
    return Action(text)


def _listed_in(field: str, text: str, kind: Any) -> None:
    if text and text not in set(kind):
        raise bad_field(field, f"must be one of {', '.join(kind)}")


def _query(request: Request) -> Query:
    """Which faults the parameters of a request ask for. Raises ``ApiError`` 400."""
    given = request.query_params
    for field, kind in (("dimension", Dimension), ("severity", Severity)):
        _listed_in(field, given.get(field, ""), kind)
    states = tuple(filter(None, given.get("state", "").split(",")))
    for state in states:
        _listed_in("state", state, State)
    message = given.get("message", "")
    if message and not (message.isascii() and message.isdigit() and len(message) < 19):
        raise bad_field("message", "must be the number of a message")
    return Query(
        tenant=tenant_in(given.get("tenant", "")),
        states=tuple(State(state) for state in states),
        rule=given.get("rule", ""),
        dimension=given.get("dimension", ""),
        severity=given.get("severity", ""),
        kind=given.get("kind", ""),
        reference=given.get("resource", ""),
        message=int(message) if message else None,
        since=moment_of(given.get("since", ""), "since"),
        until=_end(given.get("until", "")),
        overdue=datetime.now(UTC) if given.get("overdue") == "true" else None,
    )


def _end(text: str) -> datetime | None:
    """Before when: a day is meant to its end. Raises ``ApiError`` 400."""
    end = moment_of(text, "until")
    return end + timedelta(days=1) if end and len(text) <= _LONGEST_DAY else end


def _asked_for(request: Request) -> Asked:
    """Which figures are asked for: the last thirty days without ``since`` and ``until``. Raises ``ApiError`` 400."""
    given, today = request.query_params, day_of(datetime.now(UTC))
    end = moment_of(given.get("until", ""), "until")
    until = today if end is None else day_of(end)
    begin = moment_of(given.get("since", ""), "since")
    since = days_before(until, 29) if begin is None else day_of(begin)
    if since > until:
        raise bad_field("since", "must not be after until")
    _listed_in("dimension", given.get("dimension", ""), Dimension)
    tenant = tenant_in(given.get("tenant", ""))
    return Asked(
        since,
        until,
        (tenant,) if tenant else (),
        given.get("dimension", ""),
        given.get("kind", ""),
        given.get("rule", ""),
    )


def _fault(held: Held, rules: Mapping[str, Rule], name: Name) -> dict[str, Any]:
    told = held._asdict() | {"state": held.state.value, "stateTitle": STATES[held.state]}
    told["institution"] = name(held.tenant)
    for moment in ("found", "seen", "due"):
        told[moment] = told[moment].isoformat() if told[moment] else ""
    told["resource"] = told.pop("reference")
    rule = rules.get(held.rule)
    told |= {"title": rule.title, "advice": rule.message} if rule else {}
    return {k: v for k, v in told.items() if v not in ("", None)}


def _event(event: Event) -> dict[str, Any]:
    return event._asdict() | {"at": event.at.isoformat(), "actionTitle": ACTIONS[Action(event.action)]}


def _score(groups: tuple[str, ...], score: Score, rules: Mapping[str, Rule]) -> dict[str, Any]:
    told: dict[str, Any] = dict(zip(groups, score.group, strict=True))
    if "rule" in told and told["rule"] in rules:
        told["title"] = rules[told["rule"]].title
    return told | {"checked": score.checked, "failed": score.failed, "score": score.score}


def _id(number: int) -> int | None:
    if not 0 <= number <= 2**62:
        raise bad_field("before", "must be the id of a fault")
    return number or None


# -- OpenAPI -----------------------------------------------------------------------------------

EXAMPLES: Final[dict[str, Any]] = {
    "notice": {"tenant": "league/county-a", "severity": "warn", "due": "2099-12-31"},
    "move": {"action": "explain", "reason": "患者系危重转入，家属未到，三日内补登"},
    "survey": {"tenant": "league/county-a/hospital-1"},
}
"""Bodies that are complete; the tests send them."""


_SPAN: Final = {
    "since": "first day or time",
    "until": "last day or time",
    "tenant": "institution, with all below it",
    "dimension": "、".join(DIMENSIONS),
    "kind": "resource type",
    "rule": "id of a rule",
}
_WHICH: Final = _SPAN | {
    "state": "some of " + ", ".join(State),
    "severity": "reject or warn",
    "resource": "Patient/p1",
    "message": "number of a message",
    "overdue": "true: should have been put right by now",
}
_FAULTS: Final = parameters(_WHICH) | described(
    "Faults, the newest first", "`before` in the answer asks for the next page.", "faults", 400
)
_CSV: Final = parameters(_WHICH) | described("Faults as CSV", "", "the file", 400)
_FAULT: Final = described(
    "A fault and what happened to it",
    f"`patient` is whom it is about, where that is known, for those with `{OPEN}`.",
    "the fault",
    404,
)
_NOTIFY: Final = asked(NoticeBody, EXAMPLES["notice"]) | described(
    "Tell institutions of open faults, with a day until which to put them right", "", "how many", 400
)
_MOVE: Final = asked(MoveBody, EXAMPLES["move"]) | described(
    "Explain a fault; confirm or refuse an explanation",
    "`explain` by the institution, `confirm` and `refuse` by somebody above it. Put right is what is sent anew.",
    "the fault",
    *(400, 404, 422),
)
_SURVEY: Final = asked(SurveyBody, EXAMPLES["survey"]) | described(
    "Survey all data of an institution now", "Otherwise once a day.", "what was found by rule", 400
)
_SCORES: Final = parameters(_SPAN) | described(
    "Scores by group",
    f"`by`: some of {', '.join(GROUPS)}; by `day` it is a trend. null: nothing checked.",
    "scores",
    400,
)
_RANKING: Final = parameters(_SPAN) | described("Institutions by score", "", "ranking with scores by dimension", 400)
_VOLUME: Final = parameters(_SPAN) | described("How much was received", "", "resources by group", 400)
_REPORT: Final = parameters(_WHICH) | described("Report as a workbook (.xlsx)", "", "the workbook", 400)
_REPORT["responses"][200]["content"] = {XLSX: {"schema": {"type": "string", "format": "binary"}}}
_PAGES: Final = parameters(_SPAN) | described("The report without the faults, as pages (.pdf)", "", "the pages", 400)
_PAGES["responses"][200]["content"] = {PDF: {"schema": {"type": "string", "format": "binary"}}}
