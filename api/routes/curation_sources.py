"""Where knowledge comes in: loads of files with their rows that could not be read, and concepts that may be one."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NoBase64
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response

from api.asking import described, within
from api.bodies import Body, asked, decoded
from api.bootstrap import loaders
from api.curating import Curators, acting_as
from api.curation_desk import CurationDesk
from api.curation_json import candidate_json, job_json, load_json
from api.errors import bad_field, respond
from knowledge.joining import Candidate, Judged
from knowledge.load_runs import errors_of, load_runs
from knowledge.model import Concept
from knowledge.titles import STANDINGS

_LOAD: Final = "load"
_SUFFIXES: Final = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".json", ".jsonl", ".xml", ".owl", ".obo")
_LONGEST_NAME: Final = 120
Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]


class LoadBody(Body, frozen=True):
    """A file in base64 with its name, and the source it is of. Own tables are told apart by their file name
    (``drugs.csv``) or sheets."""

    loader: str
    name: str
    file: str
    by: str = ""


class AcceptBody(Body, frozen=True):
    """Approve all drafts of a source as they stand."""

    loader: str
    reason: str
    by: str = ""


class JudgeBody(Body, frozen=True):
    """What is decided of a pair: ``same`` proposes to merge into ``kept``, ``confirm`` (another person) does it,
    ``different`` keeps both, ``reopen`` takes back."""

    a: str
    b: str
    decision: Literal["same", "confirm", "different", "reopen"]
    kept: str = ""
    note: str = ""
    by: str = ""


def router(curators: Curators, desk: CurationDesk) -> APIRouter:
    """``/api/v1/curation/loads`` and ``/api/v1/curation/candidates``."""
    routes = APIRouter(prefix="/api/v1/curation", tags=["Curation"])
    _loads(routes, curators, desk)
    _loading(routes, curators, desk)
    _candidates(routes, curators, desk)
    return routes


# -- loads -------------------------------------------------------------------------------------


def _loads(routes: APIRouter, curators: Curators, desk: CurationDesk) -> None:
    @routes.get("/loads", **_LIST)
    async def listed(request: Request, limit: Limit = 50) -> Response:
        found = curators.reads(request)
        runs = await within(found, lambda: load_runs(desk.store, limit))
        known = [
            {"name": one.name, "title": one.title, "standing": STANDINGS[one.standing], "own": one.own}
            for one in loaders().values()
        ]
        return respond(200, {"loaders": known, "loads": [load_json(run) for run in runs]})

    @routes.get("/loads/{load_id}/errors", **_ERRORS)
    async def errors(load_id: str, request: Request, offset: Offset = 0, limit: Limit = 200) -> Response:
        found = curators.reads(request)
        made = await within(found, lambda: errors_of(desk.store, load_id, offset, limit))
        told = [{"file": e.file, "line": e.line, "field": e.field, "message": e.message} for e in made]
        return respond(200, {"errors": told, "next": offset + limit if len(told) == limit else None})


def _loading(routes: APIRouter, curators: Curators, desk: CurationDesk) -> None:
    @routes.post("/loads", **_BEGIN)
    async def begin(request: Request) -> Response:
        found, given = curators.edits(request), decoded(LoadBody, await request.body())
        by, loader = acting_as(found, given.by), loaders().get(given.loader)
        if loader is None:
            raise bad_field("loader", f"来源应为 {', '.join(loaders())}")
        path = _kept(desk.house.settings.data_dir / "uploads", given.name, given.file)
        wanted = {"loader": loader.name, "path": str(path), "name": given.name}
        try:
            job = await within(found, lambda: desk.begin(_LOAD, f"载入 {loader.title}"[:200], by, wanted))
        except Exception:
            _drop(path)
            raise
        curators.access.note(found, "knowledge.load", f"job/{job.id}", loader=loader.name, by=by)
        return respond(202, job_json(job))

    @routes.post("/loads/acceptance", **_ACCEPT)
    async def accept(request: Request) -> Response:
        found, given = curators.approves(request), decoded(AcceptBody, await request.body())
        by, loader = acting_as(found, given.by), loaders().get(given.loader)
        own = loader is not None and loader.own
        count = await within(found, lambda: desk.workflow.accept_load(given.loader, by, given.reason, own))
        curators.access.note(found, "knowledge.accept", f"loader/{given.loader}", given.reason, accepted=count, by=by)
        return respond(200, {"accepted": count})


def _kept(folder: Path, name: str, file: str) -> Path:
    """An uploaded file, in a folder of its own until it was read. Raises ``ApiError`` 400."""
    bare = Path(name).name
    if bare != name or not 0 < len(name) <= _LONGEST_NAME or Path(name).suffix.lower() not in _SUFFIXES:
        raise bad_field("name", f"文件名应以 {'、'.join(_SUFFIXES)} 结尾，不含路径")
    try:
        content = b64decode(file, validate=True)
    except (NoBase64, ValueError):
        raise bad_field("file", "文件内容应为 base64") from None
    path = folder / str(uuid4()) / bare
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def _drop(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.parent.rmdir()


# -- candidates --------------------------------------------------------------------------------


def _candidates(routes: APIRouter, curators: Curators, desk: CurationDesk) -> None:
    @routes.get("/candidates", **_CANDIDATES)
    async def listed(request: Request, state: Judged = Judged.OPEN, after: str = "", limit: Limit = 50) -> Response:
        found = curators.reads(request)
        place = after.partition("|")
        made = await within(found, lambda: desk.joining.listed(state, (place[0], place[2]), limit))
        counts = await within(found, desk.joining.tallies)
        following = f"{made[-1].a}|{made[-1].b}" if len(made) == limit else ""
        told = await within(found, lambda: _told(desk, made))
        return respond(200, {"candidates": told, "counts": counts, "next": following})

    @routes.post("/candidates/decisions", **_JUDGE)
    async def judge(request: Request) -> Response:
        given = decoded(JudgeBody, await request.body())
        found = curators.approves(request) if given.decision == "confirm" else curators.edits(request)
        by = acting_as(found, given.by)
        told = await within(found, lambda: _judged(desk, given, by))
        about = f"concept/{given.a}"
        curators.access.note(found, f"concept.{given.decision}", about, given.note, other=given.b, by=by)
        return respond(200, told)


def _told(desk: CurationDesk, made: list[Candidate]) -> list[dict[str, Any]]:
    heads = desk.store.many(("concept", one) for pair in made for one in (pair.a, pair.b))
    concepts = {key[1]: head.record for key, head in heads.items() if isinstance(head.record, Concept)}
    return [candidate_json(pair, concepts) for pair in made]


def _judged(desk: CurationDesk, given: JudgeBody, by: str) -> dict[str, Any]:
    joining = desk.joining
    if given.decision == "confirm":
        return {"changed": joining.confirm(given.a, given.b, by)}
    if given.decision == "same":
        return _told(desk, [joining.propose(given.a, given.b, given.kept, by, given.note)])[0]
    if given.decision == "different":
        return _told(desk, [joining.keep_apart(given.a, given.b, by, given.note)])[0]
    return _told(desk, [joining.reopen(given.a, given.b, by, given.note)])[0]


EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "load": {
        "loader": "formulary",
        "name": "sources.csv",
        "file": "57yW5Y+3LOWQjeensCznsbvlnoss5Y+R5biD6ICFLOW5tOS7vQo=",
        "by": "李药师",
    },
    "acceptance": {"loader": "formulary", "reason": "药事会通过", "by": "王主任"},
    "decision": {
        "a": "disease:hypertension",
        "b": "disease:icd-i10",
        "decision": "same",
        "kept": "disease:hypertension",
        "note": "同为原发性高血压",
        "by": "李药师",
    },
}
_LIST: Final = described("载入", "可载入的来源和历次载入。", "loaders and loads")
_ERRORS: Final = described("未能读取的行", "文件、行号、列和改法。", "rows")
_BEGIN: Final = described(
    "载入文件", "作为草稿写入，已审核的知识不会被覆盖；进度见任务。", "the job", 400, 409, status=202
) | asked(LoadBody, EXAMPLES["load"])
_ACCEPT: Final = described("接受一个来源的全部草稿", "须由载入人以外的人进行。", "how many", 400, 422) | asked(
    AcceptBody, EXAMPLES["acceptance"]
)
_CANDIDATES: Final = described("合并候选", "可能是同一事物的概念。", "pairs", 400)
_JUDGE: Final = described(
    "判断合并候选", "合并须一人提出、另一人确认；不同的概念一人即可判定。", "the pair", 400, 404, 422
) | asked(JudgeBody, EXAMPLES["decision"])
