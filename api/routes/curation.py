"""The curators' workbench: find, read and edit records, tables of rows, steps of the review."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response

from api.asking import described, within
from api.bodies import Body, asked, decoded
from api.curating import Curators, acting_as
from api.curation_desk import CurationDesk, Stepped
from api.curation_forms import FORMS, form_of
from api.curation_json import (
    drafted_json,
    flaws_json,
    found_json,
    mentioned,
    name_of,
    revision_json,
    table_json,
    whole_json,
)
from api.errors import ApiError, bad_field, respond
from clinical.finding import Severity
from knowledge import titles
from knowledge.browsing import Wanted, browse, tallies
from knowledge.model import Predicate, Status
from knowledge.tables import BY_NAME, EVIDENCE, SEVERITIES, SOURCE_KINDS, TABLES, Table
from nlp.sentences import heading

_MOST: Final = 200
_MOST_ROWS: Final = 2_000
_MOST_STEPS: Final = 500
Limit = Annotated[int, Query(ge=1, le=_MOST)]


class SaveBody(Body, frozen=True):
    """A draft: the form of its kind, and the ``revision`` it was made from (0: a new record)."""

    form: dict[str, Any]
    revision: int
    reason: str
    by: str = ""


class CheckBody(Body, frozen=True):
    """A form as far as it is filled in."""

    form: dict[str, Any]


class RowsBody(Body, frozen=True):
    """Rows of a table, cells by header or field; written (all or none) only with ``write``."""

    rows: tuple[dict[str, str], ...]
    write: bool = False
    reason: str = ""
    by: str = ""


class Stepping(Body, frozen=True):
    """A record and the revision that was seen."""

    kind: str
    id: str
    revision: int


class StepsBody(Body, frozen=True):
    """One step for several records; each stands alone."""

    step: Literal["submit", "approve", "reject", "retire"]
    records: tuple[Stepping, ...]
    reason: str = ""
    by: str = ""


def router(curators: Curators, desk: CurationDesk) -> APIRouter:
    """``/api/v1/curation``: vocabulary, records, history, checks, tables, steps."""
    routes = APIRouter(prefix="/api/v1/curation", tags=["Curation"])
    _finding(routes, curators, desk)
    _reading(routes, curators, desk)
    _writing(routes, curators, desk)
    _tables(routes, curators, desk)
    _stepping(routes, curators, desk)
    return routes


# -- finding -----------------------------------------------------------------------------------


def _finding(routes: APIRouter, curators: Curators, desk: CurationDesk) -> None:
    @routes.get("/vocabulary", **_VOCABULARY)
    def vocabulary(request: Request) -> Response:
        curators.access.need(request, "knowledge.read")
        return respond(200, _words())

    @routes.get("/records", **_LIST)
    async def records(
        request: Request,
        kind: str = "",
        status: str = "",
        origin: str = "",
        author: str = "",
        predicate: str = "",
        concept: str = "",
        severity: str = "",
        q: Annotated[str, Query(max_length=100)] = "",
        after: Annotated[str, Query(description="`next` of the page before")] = "",
        limit: Limit = 50,
    ) -> Response:
        found = curators.reads(request)
        place = after.partition("|")
        wanted = Wanted(kind, status, origin, author, predicate, concept, severity, q, (place[0], place[2]), limit)
        _known(kind, status, severity)
        made = await within(found, lambda: browse(desk.store, wanted))
        name = name_of(await within(found, lambda: desk.names(mentioned(one.record for one in made))))
        following = f"{made[-1].kind}|{made[-1].record.id}" if len(made) == limit else ""
        return respond(200, {"records": [found_json(one, name) for one in made], "next": following})

    @routes.get("/tallies", **_TALLIES)
    async def counts(request: Request) -> Response:
        found = curators.reads(request)
        return respond(200, {"records": await within(found, lambda: tallies(desk.store))})


def _known(kind: str, status: str, severity: str) -> None:
    """Raises ``ApiError`` 400."""
    if kind and kind not in FORMS:
        raise bad_field("kind", f"类型应为 {', '.join(FORMS)}")
    if status and status not in set(Status):
        raise bad_field("status", f"状态应为 {', '.join(Status)}")
    if severity and severity not in set(Severity):
        raise bad_field("severity", f"严重程度应为 {', '.join(Severity)}")


def _words() -> dict[str, Any]:
    return {
        "records": titles.RECORDS,
        "concepts": {kind.value: title for kind, title in titles.CONCEPTS.items()},
        "statuses": {status.value: title for status, title in titles.STATUSES.items()},
        "standings": {standing.value: title for standing, title in titles.STANDINGS.items()},
        "steps": titles.STEPS,
        "predicates": {predicate.value: heading(predicate) for predicate in Predicate},
        "severities": {str(meant): word for word, meant in SEVERITIES.items() if meant in set(Severity)},
        "evidence": {meant: word for word, meant in EVIDENCE.items()},
        "sourceKinds": {meant: word for word, meant in SOURCE_KINDS.items()},
    }


# -- reading -----------------------------------------------------------------------------------


def _reading(routes: APIRouter, curators: Curators, desk: CurationDesk) -> None:
    @routes.get("/records/{kind}/{record_id:path}", **_ONE)
    async def one(kind: str, record_id: str, request: Request) -> Response:
        found = curators.reads(request)
        _kind(kind)
        return respond(200, await within(found, lambda: whole_json(desk, desk.head(kind, record_id))))

    @routes.get("/history/{kind}/{record_id:path}", **_HISTORY)
    async def history(kind: str, record_id: str, request: Request) -> Response:
        found = curators.reads(request)
        _kind(kind)

        def told() -> list[dict[str, Any]]:
            made = desk.store.history(type(desk.head(kind, record_id).record), record_id)
            name = name_of(desk.names(mentioned(revision.record for revision in made)))
            return [revision_json(revision, name) for revision in made]

        return respond(200, {"revisions": await within(found, told)})


def _kind(kind: str) -> None:
    if kind not in FORMS:
        raise ApiError(404, "not-found", f"没有类型 {kind[:20]}")


# -- writing -----------------------------------------------------------------------------------


def _writing(routes: APIRouter, curators: Curators, desk: CurationDesk) -> None:
    @routes.put("/records/{kind}/{record_id:path}", **_SAVE)
    async def save(kind: str, record_id: str, request: Request) -> Response:
        found, given = curators.edits(request), decoded(SaveBody, await request.body())
        _kind(kind)
        form, by = form_of(kind, given.form), acting_as(found, given.by)

        def saved() -> dict[str, Any]:
            return whole_json(desk, desk.save(kind, record_id, form, given.revision, by, given.reason))

        made = await within(found, saved)
        curators.access.note(found, "knowledge.edit", f"{kind}/{record_id}", given.reason, by=by)
        return respond(200, made)

    @routes.post("/checks/{kind}/{record_id:path}", **_CHECK)
    async def check(kind: str, record_id: str, request: Request) -> Response:
        found, given = curators.edits(request), decoded(CheckBody, await request.body())
        _kind(kind)
        form = form_of(kind, given.form)
        _, flaws = await within(found, lambda: desk.drawn(kind, record_id, form))
        return respond(200, {"flaws": flaws_json(flaws)})


# -- tables ------------------------------------------------------------------------------------


def _tables(routes: APIRouter, curators: Curators, desk: CurationDesk) -> None:
    @routes.get("/tables", **_TABLES)
    def listed(request: Request) -> Response:
        curators.reads(request)
        return respond(200, {"tables": [table_json(table) for table in TABLES if not table.section_of]})

    @routes.post("/tables/{name}/rows", **_ROWS)
    async def rows(name: str, request: Request) -> Response:
        found, given = curators.edits(request), decoded(RowsBody, await request.body())
        table, by = _table(name), acting_as(found, given.by)
        if not 0 < len(given.rows) <= _MOST_ROWS:
            raise bad_field("rows", f"一次 1 至 {_MOST_ROWS} 行；更多请用文件载入")
        outcomes = await within(found, lambda: desk.rows(table, given.rows))
        written = 0
        if given.write:
            written = await within(found, lambda: desk.keep_rows(outcomes, by, given.reason))
            curators.access.note(found, "knowledge.edit", f"table/{name}", given.reason, written=written, by=by)
        about = mentioned(p.record for outcome in outcomes for p in outcome.proposals)
        names = await within(found, lambda: desk.names(about))
        return respond(200, {"rows": [drafted_json(one, names) for one in outcomes], "written": written})


def _table(name: str) -> Table:
    # Articles are written as a whole, in a form of their own.
    if name not in BY_NAME or BY_NAME[name].section_of:
        raise ApiError(404, "not-found", f"没有表格 {name[:40]}")
    return BY_NAME[name]


# -- the review --------------------------------------------------------------------------------


def _stepping(routes: APIRouter, curators: Curators, desk: CurationDesk) -> None:
    @routes.post("/steps", **_STEPS)
    async def steps(request: Request) -> Response:
        given = decoded(StepsBody, await request.body())
        judging = given.step in ("approve", "reject")
        found = curators.approves(request) if judging else curators.edits(request)
        by = acting_as(found, given.by)
        if not 0 < len(given.records) <= _MOST_STEPS:
            raise bad_field("records", f"一次 1 至 {_MOST_STEPS} 条")
        for one in given.records:
            _kind(one.kind)

        def stepped() -> list[Stepped]:
            return [desk.step(given.step, one.kind, one.id, one.revision, by, given.reason) for one in given.records]

        made = await within(found, stepped)
        done = [one for one in made if not one.problem]
        for record in done:
            about, at = f"{record.kind}/{record.id}", record.revision
            curators.access.note(found, f"knowledge.{given.step}", about, given.reason, revision=at, by=by)
        return respond(200, {"done": len(done), "records": [_stepped(one) for one in made]})


def _stepped(one: Stepped) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": one.kind, "id": one.id, "revision": one.revision}
    return told | ({"problem": one.problem, "conflict": one.conflict} if one.problem else {})


# -- what OpenAPI says -------------------------------------------------------------------------

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "rule": {
        "form": {
            "title": "高龄患者使用华法林",
            "condition": 'orders("华法林") and age_years >= 75',
            "severity": "moderate",
            "message": "75岁以上患者使用华法林，出血风险升高",
            "advice": "起始剂量不超过2.5 mg/日，前两周每周至少查2次INR。",
            "citations": [{"source": "label:华法林钠片", "section": "【老年用药】"}],
            "evidence": "moderate",
            "cases": [
                {"name": "八十岁新开", "facts": {'orders("华法林")': True, "age_years": 80}, "expect": "fired"},
                {"name": "六十岁", "facts": {'orders("华法林")': True, "age_years": 60}, "expect": "passed"},
            ],
        },
        "revision": 0,
        "reason": "药事会 2026-11 通过",
        "by": "李药师",
    },
    "check": {"form": {"title": "", "condition": "age_years >", "severity": "moderate", "message": ""}},
    "rows": {
        "rows": [
            {
                "药品A": "华法林",
                "药品B": "维生素E",
                "严重程度": "一般",
                "机制": "大剂量维生素E可增强抗凝作用",
                "后果": "出血风险升高",
                "建议": "避免每日超过400 IU，监测INR。",
                "来源": "说明书:华法林钠片",
                "章节": "【药物相互作用】",
                "证据": "中",
            }
        ]
    },
    "steps": {
        "step": "submit",
        "records": [{"kind": "rule", "id": "rule:warfarin-over-75", "revision": 1}],
        "by": "李药师",
    },
}
_VOCABULARY: Final = described("工作台用语", "记录、概念、状态、可信程度、知识类别的中文名称。", "names by code")
_LIST: Final = described(
    "查找记录",
    "按类型、状态、来源、编辑人、知识类别、概念（规则：条件中提到的概念）、规则的严重程度和名称；"
    "`next` 用于取下一页。须有编辑或审核权限。",
    "records",
    400,
)
_TALLIES: Final = described("各类记录的数量", "按类型和状态。", "counts")
_ONE: Final = described("一条记录", "可编辑的表单、所用列、文字形式、状态和版本号。", "the record", 404)
_HISTORY: Final = described("一条记录的历史", "每一版由谁、何时、为何、改成什么。", "revisions, oldest first", 404)
_SAVE: Final = described(
    "保存草稿",
    "须带所依据的版本号；他人已先保存时返回 409，先读取再改。所有字段通过校验才写入。",
    "the record",
    *(400, 404, 409, 422),
) | asked(SaveBody, EXAMPLES["rule"])
_CHECK: Final = described("校验表单", "逐字段列出问题，不写入。", "flaws by field", 400, 404) | asked(
    CheckBody, EXAMPLES["check"]
)
_TABLES: Final = described("可录入的表格", "各列的名称、读法、可选值。", "tables")
_ROWS: Final = described(
    "校验或写入表格行",
    "逐单元格校验，给出每行将新建或修改什么；`write` 为真时全部通过才一起写入为草稿。",
    "rows",
    *(400, 404, 409, 422),
) | asked(RowsBody, EXAMPLES["rows"])
_STEPS: Final = described(
    "提交、批准、退回、停用",
    "编写人与审核人不能是同一人；逐条处理，不能处理的说明原因；版本与所见不同的标为 `conflict`。",
    "what became of each",
    *(400, 404),
) | asked(StepsBody, EXAMPLES["steps"])
