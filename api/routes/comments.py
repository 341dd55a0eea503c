"""Prescription comment (处方点评) over HTTP: draw, hand out, judge, take back from a spreadsheet, count."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from binascii import Error as Base64Error
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Path, Request, Response

from api.access import Access
from api.asking import described
from api.bodies import Body, asked, decoded
from api.comments import SPECIALS, CommentDesk
from api.errors import bad_field, respond
from base.tabular import XLSX
from base.tenancy import Scope, acting
from clinical.coded import zoned
from records.comment_codes import CODES
from records.comment_items import Item, Judgement, Result, Round, Typed
from records.review_moves import Role
from records.sampling import MOST, ORDERS, PERIOPERATIVE, PRESCRIPTIONS, Method, Plan, Problem, Source
from supervision.comments import Results, Tally

_MOST: Final = 200
_NEEDED: Final = {"pharmacist": "comment.judge", "supervisor": "comment.lead"}
"""What it takes to judge in a role."""
Number = Annotated[int, Path(ge=1, le=MOST)]


class ByBody(Body, frozen=True):
    """A pharmacist or supervisor, as the caller vouches."""

    name: str
    role: Literal["pharmacist", "supervisor"] = "pharmacist"


class RoundBody(Body, frozen=True):
    """A sampling. Times without a zone are Chinese time, ``until`` is the first moment that no longer counts;
    ``drugs`` are names or ids of drugs and classes; see ``records.sampling.Plan``."""

    name: str
    by: ByBody
    since: str
    until: str
    kind: str = PRESCRIPTIONS
    source: Literal["submitted", "journal"] = "submitted"
    method: Literal["random", "by-department", "by-prescriber"] = "random"
    institutions: tuple[str, ...] = ()
    department: str = ""
    drugs: tuple[str, ...] = ()
    size: int | None = None
    permille: float | None = None
    least: int = 1
    seed: str = ""
    again: bool = False
    reviewers: tuple[str, ...] = ()


class ProblemBody(Body, frozen=True):
    """A problem of a prescription by its code, with the drug it is about and words of one's own."""

    code: str
    drug: str = ""
    text: str = ""


class JudgementBody(Body, frozen=True):
    """A judgement, based on the version that was seen. ``amount`` in yuan, ``essential`` and ``generic`` numbers
    of drugs: what only people know."""

    by: ByBody
    result: Literal["合理", "不合理"]
    version: int
    problems: tuple[ProblemBody, ...] = ()
    reason: str = ""
    amount: float | None = None
    essential: int | None = None
    generic: int | None = None


class AssignmentBody(Body, frozen=True):
    """Who is to judge an item, based on the version that was seen."""

    by: ByBody
    to: str
    version: int


class ClosingBody(Body, frozen=True):
    """Who closes a round, based on the version that was seen."""

    by: ByBody
    version: int


class ImportBody(Body, frozen=True):
    """A filled-in worksheet: the .xlsx file in base64."""

    by: ByBody
    workbook: str


def router(access: Access, desk: CommentDesk) -> APIRouter:
    """``/api/v1/comments``: ``/codes``, ``/rounds`` and what belongs to a round."""
    routes = APIRouter(prefix="/api/v1/comments", tags=["Prescription comment"])
    _sampling(routes, access, desk)
    _judging(routes, access, desk)
    _worksheets(routes, access, desk)
    _books(routes, access, desk)
    return routes


def _sampling(routes: APIRouter, access: Access, desk: CommentDesk) -> None:
    @routes.get("/codes", **_CODES)
    def codes(request: Request) -> Response:
        access.need(request, "comment.read")
        listed = [{"code": c.code, "group": c.group.value, "title": c.title} for c in CODES.values()]
        kinds = [PRESCRIPTIONS, ORDERS, PERIOPERATIVE, *SPECIALS]
        return respond(200, {"codes": listed, "kinds": kinds})

    @routes.post("/rounds", **_CREATE)
    async def create(request: Request) -> Response:
        caller = access.need(request, "comment.lead")
        given = decoded(RoundBody, await request.body())
        plan = replace(_plan(given), by=caller.acts_as(given.by.name), tenant=caller.home())
        with acting(caller.scope):
            found = await asyncio.to_thread(desk.sample, plan, given.drugs, datetime.now(UTC), caller)
        return respond(201, _round(found))

    @routes.get("/rounds", **_LIST)
    def rounds(request: Request, limit: int = 50) -> Response:
        with acting(access.need(request, "comment.read").scope):
            some = desk.comments.rounds(max(1, min(limit, _MOST)))
        return respond(200, {"rounds": [_round(found) for found in some]})

    @routes.post("/rounds/{round_id}/close", **_CLOSE)
    async def close(round_id: str, request: Request) -> Response:
        caller = access.need(request, "comment.lead")
        given = decoded(ClosingBody, await request.body())
        by = caller.acts_as(given.by.name)
        with acting(caller.scope):
            return respond(200, _round(await asyncio.to_thread(desk.close, round_id, by, given.version, caller)))


def _judging(routes: APIRouter, access: Access, desk: CommentDesk) -> None:
    @routes.post("/rounds/{round_id}/items/{number}/judgement", **_JUDGE)
    async def judge(round_id: str, number: Number, request: Request) -> Response:
        access.who(request)
        given = decoded(JudgementBody, await request.body())
        caller, role = access.need(request, _NEEDED[given.by.role]), Role(given.by.role)
        judgement = replace(_judgement(given), by=caller.acts_as(given.by.name))
        with acting(caller.scope):
            item = await asyncio.to_thread(desk.judge, round_id, number, judgement, role, caller)
        return respond(200, _item(item))

    @routes.post("/rounds/{round_id}/items/{number}/assignment", **_ASSIGN)
    async def assign(round_id: str, number: Number, request: Request) -> Response:
        caller = access.need(request, "comment.lead")
        given = decoded(AssignmentBody, await request.body())
        asked_for = (round_id, number, caller.acts_as(given.by.name), given.to, given.version, caller)
        with acting(caller.scope):
            return respond(200, _item(await asyncio.to_thread(desk.assign, *asked_for)))


def _worksheets(routes: APIRouter, access: Access, desk: CommentDesk) -> None:
    @routes.get("/rounds/{round_id}/worksheet", **_WORKSHEET)
    def worksheet(round_id: str, request: Request, assignee: str = "", status: str = "") -> Response:
        with acting(access.need(request, "comment.read").scope):
            found = desk.comments.round(round_id)
            items = desk.comments.items(round_id, assignee, status)
        return respond(200, _round(found) | {"items": [_item(item) for item in items]})

    @routes.post("/rounds/{round_id}/import", **_IMPORT)
    async def take_back(round_id: str, request: Request) -> Response:
        caller = access.need(request, "comment.judge")
        given = decoded(ImportBody, await request.body())
        try:
            book = b64decode(given.workbook, validate=True)
        except (Base64Error, ValueError):
            raise bad_field("workbook", "must be an .xlsx file in base64") from None
        by = caller.acts_as(given.by.name)
        with acting(caller.scope):
            taken = await asyncio.to_thread(desk.take_back, round_id, book, by, datetime.now(UTC), caller)
        return respond(200, asdict(taken))


def _books(routes: APIRouter, access: Access, desk: CommentDesk) -> None:
    def reading(request: Request, permission: str = "comment.read") -> AbstractContextManager[Scope]:
        return acting(access.need(request, permission).scope)

    @routes.get("/rounds/{round_id}/worksheet.xlsx", **_BOOK)
    def worksheet_book(round_id: str, request: Request, assignee: str = "") -> Response:
        with reading(request, "comment.export"):
            return _book(desk.worksheet_book(round_id, assignee), "处方点评工作表.xlsx")

    @routes.get("/rounds/{round_id}/results", **_RESULTS)
    def counted(round_id: str, request: Request) -> Response:
        with reading(request):
            return respond(200, results_json(desk.results(round_id)))

    @routes.get("/rounds/{round_id}/results.xlsx", **_BOOK)
    def results_book(round_id: str, request: Request) -> Response:
        with reading(request, "comment.export"):
            return _book(desk.results_book(round_id), "处方点评结果.xlsx")


# -- in ------------------------------------------------------------------------------------


def _plan(given: RoundBody) -> Plan:
    return Plan(
        name=given.name.strip(),
        by=given.by.name.strip(),
        since=moment(given.since, "since"),
        until=moment(given.until, "until"),
        kind=given.kind,
        source=Source(given.source),
        method=Method(given.method),
        institutions=given.institutions,
        department=given.department,
        size=given.size,
        permille=given.permille,
        least=given.least,
        seed=given.seed,
        again=given.again,
        reviewers=given.reviewers,
    )


def moment(text: str, field: str) -> datetime:
    """A day or time, Chinese time when it has no zone. Raises ``ApiError`` 400."""
    try:
        return zoned(datetime.fromisoformat(text))
    except ValueError:
        raise bad_field(field, "must be a date or time: 2026-11-01 or 2026-11-01T08:00:00+08:00") from None


def _judgement(given: JudgementBody) -> Judgement:
    return Judgement(
        result=Result(given.result),
        by=given.by.name,
        at=datetime.now(UTC),
        problems=tuple(Problem(p.code, p.drug, p.text) for p in given.problems),
        reason=given.reason,
        version=given.version,
        typed=Typed(given.amount, given.essential, given.generic),
    )


# -- out -----------------------------------------------------------------------------------


def _book(body: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", "Cache-Control": "no-store"}
    return Response(body, 200, headers, XLSX)


def _round(found: Round) -> dict[str, Any]:
    told = asdict(found)
    for name in ("created", "since", "until"):
        told[name] = told[name].isoformat()
    told["createdBy"] = told.pop("created_by")
    return {k: v for k, v in told.items() if v not in ("", None, ())}


def _item(item: Item) -> dict[str, Any]:
    """An item with its sheet; ``suggested`` is what the review found, ``problems`` what a person decided."""
    told: dict[str, Any] = {
        "round": item.round,
        "number": item.number,
        "review": item.review,
        "version": item.version,
        "status": item.status.value,
        "institution": item.institution,
        "department": item.department,
        "prescriber": item.prescriber,
        "issued": item.issued.isoformat(),
        "assignee": item.assignee,
        "result": item.result.value if item.result else "",
        "judged": item.judged.isoformat() if item.judged else "",
        "reason": item.reason,
        "prescription": msgspec.to_builtins(item.sheet),
        "problems": [_problem(problem) for problem in item.problems],
        **asdict(item.typed),
    }
    suggested = [_problem(problem) for problem in item.sheet.suggested]
    told["prescription"].pop("suggested")
    told["suggested"] = suggested
    return {k: v for k, v in told.items() if v not in ("", None)}


def _problem(problem: Problem) -> dict[str, str]:
    told = {"code": problem.code, "title": CODES[problem.code].title, "drug": problem.drug, "text": problem.text}
    return {k: v for k, v in told.items() if v}


def results_json(found: Results) -> dict[str, Any]:
    """Results for pages and scripts; shares are between 0 and 1, null where nothing was judged."""
    return {
        "round": _round(found.round),
        "whole": _tally(found.whole),
        "enough": found.enough,
        "groups": found.groups,
        "codes": [asdict(line) for line in found.codes],
        "departments": [_tally(tally) for tally in found.departments],
        "prescribers": [_tally(tally) for tally in found.prescribers],
        "drugs": [asdict(line) | {"share": line.share} for line in found.drugs],
        "indicators": [asdict(indicator) for indicator in found.indicators],
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {k: v for k, v in asdict(tally).items() if v != ""} | {"share": tally.share}


# -- OpenAPI -------------------------------------------------------------------------------

_BY: Final = {"name": "王药师", "role": "pharmacist"}
EXAMPLES: Final[dict[str, Any]] = {
    "round": {
        "name": "2026年11月门急诊处方点评",
        "kind": "普通处方",
        "by": _BY,
        "since": "2026-11-01",
        "until": "2026-12-01",
        "method": "by-prescriber",
        "least": 3,
        "size": 100,
        "reviewers": ["王药师", "赵药师"],
    },
    "judgement": {
        "by": _BY,
        "version": 1,
        "result": "不合理",
        "problems": [{"code": "2-8", "drug": "甲硝唑", "text": "与华法林合用，未监测 INR"}],
        "reason": "建议换药或 3 天内复查 INR",
    },
}
"""Bodies that are complete; the tests send them."""


def _asked(kind: type[msgspec.Struct], example: str = "") -> dict[str, Any]:
    return asked(kind, EXAMPLES.get(example))


_CODES: Final = described("Problem codes of the norm, and kinds of comment", "", "codes and kinds")
_CREATE: Final = _asked(RoundBody, "round") | described(
    "Draw a sample of prescriptions to comment on",
    "From what was submitted to the pharmacist's queue and dispensed, or with `source: journal` from the orders a "
    "hospital signed through CDS Hooks. `size` prescriptions, `permille` of all, or the least the norm asks; at "
    "least `least` of every department or prescriber; about some `drugs`. The same `seed` draws the same sample.",
    "the round",
    *(400, 403, 409, 422),
    status=201,
)
_LIST: Final = described("Rounds, the newest first", "", "rounds with how many items are judged")
_WORKSHEET: Final = described(
    "The worksheet of a round",
    "Each prescription with drugs, suggested problems, and what was decided. `assignee` and `status` (open, judged) "
    "narrow it.",
    "round and items",
    404,
)
_BOOK: Final = described("As a spreadsheet (.xlsx)", "", "the workbook", 404)
_BOOK["responses"][200]["content"] = {XLSX: {"schema": {"type": "string", "format": "binary"}}}
_JUDGE: Final = _asked(JudgementBody, "judgement") | described(
    "Judge one prescription",
    "`version` is the one that was seen. 不合理 needs at least one problem with a code of the norm; what somebody "
    "else judged, or was given, only a supervisor changes.",
    "the item",
    *(400, 403, 404, 409, 422),
)
_ASSIGN: Final = _asked(AssignmentBody) | described(
    "Hand an item to another pharmacist", "", "the item", *(400, 403, 404, 409, 422)
)
_IMPORT: Final = _asked(ImportBody) | described(
    "Take back a filled-in worksheet",
    "The exported .xlsx in base64, with 是否合理 (1 or 0) and 存在问题 (codes) filled in. Rows with a fault are left "
    "out and named by cell; the others are stored. Sending the same file again changes nothing.",
    "rows stored, unchanged, and errors by cell",
    *(400, 403, 404),
)
_CLOSE: Final = _asked(ClosingBody) | described(
    "End a round: nothing of it changes any more", "", "the round", *(400, 403, 404, 409, 422)
)
_RESULTS: Final = described(
    "What a round comes to",
    "Share of reasonable prescriptions; problems by code, department, prescriber and drug; indicators A to P of the "
    "norm's worksheet. What is not known is null and says why.",
    "results",
    404,
)
