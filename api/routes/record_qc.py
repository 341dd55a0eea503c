"""Record QC (病历质控) over HTTP: records checked, reports, defects from found to put right."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Request, Response

from api.access import Access, Principal
from api.asking import described, parameters, reads, tenant_in, within, writes
from api.bodies import Body, asked, decoded
from api.errors import bad_field, respond
from api.record_qc_desk import RecordQcDesk
from api.record_qc_json import (
    check_json,
    happened_json,
    report_json,
    result_json,
    score_json,
    standing_json,
    words_json,
)
from clinical.medical_record import MedicalRecord, RecordKind
from supervision.record_qc.disputes import Wanted
from supervision.record_qc.model import Grade
from supervision.record_qc.places import Stage
from supervision.record_qc.reports import Query
from supervision.record_qc.states import REVIEWING, Action, State

_MOST: Final = 200
_WORDS: Final = "record.read"
"""Who sees what a record says."""
Big = Annotated[int, Path(ge=1, le=2**62)]


class RecordBody(Body, frozen=True):
    """A record to check. Without a ``stage`` it is that of the record: final when the stay ended, else running.
    ``writing`` is the id of the document that is being written; ``store`` keeps the report."""

    record: MedicalRecord
    stage: Literal["", "writing", "running", "final"] = ""
    writing: str = ""
    store: bool = False
    tenant: str = ""


class MoveBody(Body, frozen=True):
    """What is done with a defect, based on the revision that was seen."""

    action: Literal["appeal", "correct", "uphold", "withdraw", "accept", "refuse"]
    reason: str = ""
    revision: int | None = None


def router(access: Access, desk: RecordQcDesk) -> APIRouter:
    """``/api/v1/qc``: ``/records``, ``/checks``, ``/reports``, ``/defects``."""
    routes = APIRouter(prefix="/api/v1/qc", tags=["Record QC"])
    _checking(routes, access, desk)
    _reports(routes, access, desk)
    _defects(routes, access, desk)
    return routes


# -- records ---------------------------------------------------------------------------------


def _checking(routes: APIRouter, access: Access, desk: RecordQcDesk) -> None:
    @routes.get("/checks", **_CHECKS)
    def catalogue(request: Request) -> Response:
        access.need(request, "qc.read")
        return respond(200, {"checks": [check_json(check) for check in desk.checks.values()], **words_json()})

    @routes.post("/records", **_CHECK)
    async def check(request: Request) -> Response:
        given = decoded(RecordBody, await request.body())
        found = access.need(request, "qc.write" if given.store else "qc.read")
        stage, now = Stage(given.stage) if given.stage else None, datetime.now(UTC)
        if not given.store:
            tenant = reads(found, given.tenant, desk.league)
            made = await within(found, lambda: desk.check(given.record, tenant, now, stage, given.writing))
            return respond(200, result_json(made))
        tenant = writes(found, given.tenant, desk.league)
        made = await within(found, lambda: desk.keep(given.record, tenant, found.name, now, stage))
        access.note(found, "qc.report.keep", f"qc-report/{made.report}", tenant=tenant, new=made.new)
        return respond(201 if made.new else 200, result_json(made))


# -- reports ---------------------------------------------------------------------------------


def _reports(routes: APIRouter, access: Access, desk: RecordQcDesk) -> None:
    @routes.get("/reports", **_REPORTS)
    async def listed(request: Request, limit: int = 50, before: int = 0) -> Response:
        found = access.need(request, "qc.read")
        query = replace(query_of(request, found, desk.league), before=before or None, limit=_page(limit))
        some = await within(found, lambda: desk.reports.search(query))
        told: dict[str, Any] = {"reports": [report_json(one) for one in some]}
        return respond(200, told | ({"before": some[-1].id} if len(some) == query.limit else {}))

    @routes.get("/reports/{report}", **_REPORT)
    async def one(report: Big, request: Request) -> Response:
        found = access.need(request, "qc.read")
        kept, standing = await within(found, lambda: desk.reports.one(report))
        score = await within(found, lambda: desk.explained(kept, standing)) if kept.current else None
        words = found.may(_WORDS, kept.tenant)
        told = report_json(kept) | {"gaps": kept.gaps, "measures": kept.measures}
        told["defects"] = [standing_json(d, desk.checks.get(d.check), words) for d in standing]
        access.note(found, "qc.report.read", f"qc-report/{report}", tenant=kept.tenant)
        return respond(200, told | ({"scoring": score_json(score)} if score else {}))

    @routes.post("/reports/{report}/recheck", **_RECHECK)
    async def recheck(report: Big, request: Request) -> Response:
        found = access.need(request, "qc.write")
        made = await within(found, lambda: desk.recheck(report, found.name, datetime.now(UTC)))
        access.note(found, "qc.report.recheck", f"qc-report/{made.report}", before=report)
        return respond(200, result_json(made))


def query_of(request: Request, found: Principal, league: str) -> Query:
    """What a request asks for. Raises ``ApiError`` 400, ``TenancyError``."""
    given = request.query_params
    return Query(
        tenant=reads(found, given.get("tenant", ""), league),
        record=given.get("record", ""),
        kind=_one_of("kind", given.get("kind", ""), RecordKind),
        stage=_one_of("stage", given.get("stage", ""), Stage),
        department=given.get("department", ""),
        doctor=given.get("doctor", ""),
        grade=_one_of("grade", given.get("grade", ""), Grade),
        check=given.get("check", ""),
        since=_day(given.get("since", ""), "since"),
        until=_day(given.get("until", ""), "until"),
        past=given.get("past") == "true",
    )


def _one_of(name: str, value: str, kinds: type[StrEnum]) -> str:
    """A value of a closed list, or none. Raises ``ApiError`` 400."""
    if value and value not in {one.value for one in kinds}:
        raise bad_field(name, f"须为 {'、'.join(one.value for one in kinds)}")
    return value


def _day(text: str, field: str) -> str:
    try:
        return datetime.fromisoformat(text).date().isoformat() if text else ""
    except ValueError:
        raise bad_field(field, "须为日期：2026-11-01") from None


def _page(limit: int) -> int:
    return max(1, min(limit, _MOST))


# -- defects ---------------------------------------------------------------------------------


def _defects(routes: APIRouter, access: Access, desk: RecordQcDesk) -> None:
    @routes.get("/defects", **_DEFECTS)
    async def listed(request: Request, limit: int = 100, before: int = 0) -> Response:
        found = access.need(request, "qc.read")
        wanted = replace(_wanted(request), before=before or None, limit=_page(limit))
        some = await within(found, lambda: desk.disputes.search(wanted))
        told: dict[str, Any] = {
            "defects": [standing_json(d, desk.checks.get(d.check), found.may(_WORDS, d.tenant)) for d in some]
        }
        return respond(200, told | ({"before": some[-1].id} if len(some) == wanted.limit else {}))

    @routes.get("/defects/{defect}", **_DEFECT)
    async def one(defect: Big, request: Request) -> Response:
        found = access.need(request, "qc.read")
        standing, happened = await within(found, lambda: desk.disputes.one(defect))
        words = found.may(_WORDS, standing.tenant)
        told = standing_json(standing, desk.checks.get(standing.check), words)
        access.note(found, "qc.defect.read", f"qc-defect/{defect}", tenant=standing.tenant)
        return respond(200, told | {"history": [happened_json(event, words) for event in happened]})

    @routes.post("/defects/{defect}/moves", **_MOVE)
    async def move(defect: Big, request: Request) -> Response:
        access.who(request)
        given = decoded(MoveBody, await request.body())
        action = Action(given.action)
        found = access.need(request, "qc.decide" if action in REVIEWING else "qc.write")
        now = datetime.now(UTC)
        moved = await within(
            found, lambda: desk.disputes.move(defect, action, found.name, now, given.reason, given.revision)
        )
        access.note(found, f"qc.defect.{action.value}", f"qc-defect/{defect}", tenant=moved.tenant)
        return respond(200, standing_json(moved, desk.checks.get(moved.check), found.may(_WORDS, moved.tenant)))


def _wanted(request: Request) -> Wanted:
    """Which defects a request asks for. Raises ``ApiError`` 400."""
    given = request.query_params
    return Wanted(
        tenant=tenant_in(given.get("tenant", "")),
        record=given.get("record", ""),
        check=given.get("check", ""),
        state=_one_of("state", given.get("state", ""), State),
        department=given.get("department", ""),
        doctor=given.get("doctor", ""),
    )


# -- OpenAPI ---------------------------------------------------------------------------------

EXAMPLES: Final[dict[str, Any]] = {
    "record": {
        "record": {
            "id": "ZY20261101001",
            "kind": "住院病历",
            "patient": "P1001",
            "visit": {
                "department": "心内科",
                "attending": {"name": "李医生", "title": "主治医师", "id": "D07"},
                "admitted": "2026-11-01T08:00:00+08:00",
                "discharged": "2026-11-10T10:00:00+08:00",
                "sex": "男",
                "age": 67,
            },
            "documents": [
                {
                    "id": "doc-1",
                    "kind": "入院记录",
                    "written": "2026-11-01T12:00:00+08:00",
                    "author": {"name": "张医生", "title": "住院医师"},
                    "signatures": [{"name": "张医生", "role": "书写医师", "title": "住院医师"}],
                    "sections": [
                        {"title": "主诉", "text": "反复胸闷、气促"},
                        {"title": "现病史", "text": "患者3年前活动后出现胸闷，近1周加重。"},
                    ],
                },
                {"id": "doc-2", "kind": "首次病程记录", "written": "2026-11-01T20:00:00+08:00"},
            ],
            "events": [],
            "operations": [],
        },
        "store": True,
    },
    "move": {"action": "appeal", "reason": "纸质病历中已有签名，扫描件见附件3", "revision": 1},
}
"""Bodies that are complete; the tests send them."""
_FILTERS: Final = {
    "tenant": "institution and all below it; the caller's own without",
    "record": "the institution's number of a visit",
    "kind": "门诊病历, 急诊病历, 住院病历, 病案首页",
    "stage": "running or final",
    "department": "department of the visit",
    "doctor": "number (else name) of the doctor who answers for it",
    "grade": "甲级, 乙级, 丙级",
    "check": "name of a check that found a defect",
}
PERIOD: Final = {
    "since": "first day on which the stay ended (while it goes on: was checked)",
    "until": "last such day",
}
FILTERS: Final = _FILTERS | PERIOD
_CHECKS: Final = described("The catalogue of checks", "With source, points and how to mend.", "checks and words")
_CHECK: Final = asked(RecordBody, EXAMPLES["record"]) | described(
    "Check a record",
    "Defects with document, sentence, source, how to mend; reminders of what is not yet due; gaps where an input "
    "is unknown, never a defect; the score by the scheme that holds. With `store` the report is kept: the same "
    "content again gives the same report (200, not 201), what is no longer there is mended.",
    "what was found",
    *(400, 409, 422),
)
_CHECK["responses"][201] = {"description": "what was found; the report is new"}
_REPORTS: Final = described(
    "Reports, the newest first", "`before` of the answer asks for the next page.", "reports", 400
)
_REPORTS.update(parameters(FILTERS | {"past": "true: also reports that a newer one replaced"}))
_REPORT: Final = described(
    "A report with its defects and how the score came about",
    "Words of the record are for whoever may read records (`record.read`).",
    "the report",
    404,
)
_RECHECK: Final = described(
    "Check the record of a report again, as the repository has it now",
    "For records that arrived through the exchange; others are sent again to `/records`.",
    "what was found",
    *(404, 409, 422),
)
_DEFECTS: Final = described("Defects, the newest first", "", "defects", 400)
_DEFECTS.update(
    parameters(
        {
            **{name: _FILTERS[name] for name in ("tenant", "record", "check")},
            "state": "found, appealed, corrected, upheld, withdrawn, mended",
            "department": "department of the visit",
            "doctor": "number (else name) of whoever wrote the document",
        }
    )
)
_DEFECT: Final = described("A defect and all that happened to it", "", "the defect", 404)
_MOVE: Final = asked(MoveBody, EXAMPLES["move"]) | described(
    "Appeal, correct, or decide",
    "Doctors `appeal` or say that they `correct`ed it (`qc.write`); somebody else `uphold`s or `withdraw`s what was "
    "appealed, `accept`s or `refuse`s what was corrected (`qc.decide`). Points are counted anew.",
    "the defect",
    *(400, 404, 409, 422),
)
