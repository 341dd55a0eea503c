"""Who is who over HTTP (主索引): look up, the queue of doubtful pairs, merge, split, history, figures.

Names and numbers go in bodies, never in URLs. Persons are called by their outward number; the internal
id is not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection

from api.access import Access, Principal
from api.asking import described, within
from api.bodies import Body, asked, decoded
from api.errors import bad_field, respond
from api.institution_names import called, placed
from base import masking
from exchange.fhir.person import demographics, patient
from records.identity import Cause, Identity, IdentityError, Kept, MissingPersonError, Pair, Told
from records.identity_figures import Period, figures

_MOST: Final = 200
_CHINESE: Final = {
    "name": "姓名", "birth": "出生日期", "sex": "性别", "idCard": "身份证号", "document": "其他证件", "card": "卡号",
    "phone": "电话", "address": "地址",
}  # fmt: skip
_LEVELS: Final = {
    "exact": "一致", "same": "一致", "swapped": "顺序颠倒", "sound": "同音", "near-sound": "近音", "look": "形近",
    "part": "不完整", "one": "一字不同", "surname": "仅姓相同", "different": "不同",
    "chosen-day": "一致 (疑为默认日期)",
    "month": "年月一致", "year": "年份一致", "typo": "疑为录错", "near": "相近", "other-day": "同年不同日",
    "unlike": "不符", "visit": "就诊卡一致", "area": "同一区域",
}  # fmt: skip
_RULES: Final = {
    "id-card": "身份证号一致", "document": "证件号一致", "card": "卡号一致", "score": "综合得分达到阈值",
    "id-card-other-name": "身份证号一致但姓名明显不同", "id-card-of-another": "疑似使用他人证件 (如新生儿用母亲证件)",
    "id-cards-differ": "两份有效身份证号不同", "newborn": "新生儿", "names-differ": "姓名不同或缺失",
    "births-differ": "出生日期不同", "sexes-differ": "性别不同", "twins-perhaps": "疑似双胞胎",
    "unsure": "得分介于阈值之间",
    "nobody-alike": "无相似档案", "enrolled": "批量登记", "batch": "批量比对", "split": "拆分",
    "message": "机构合并消息", "": "人工",
}  # fmt: skip
Number = Annotated[int, Path(ge=1, le=2**53)]


class SearchBody(Body, frozen=True):
    """Whom to look for: a FHIR ``Patient`` with what is known (name, gender, birthDate, identifier, telecom), or the
    ``number`` of a person."""

    patient: dict[str, Any] | None = None
    number: str = ""
    limit: int = 50


class DecisionBody(Body, frozen=True):
    """Whether both records are one person, and why."""

    verdict: Literal["same", "different"]
    reason: str


class MergeBody(Body, frozen=True):
    """``retired``: the number that becomes part of the other."""

    retired: str
    reason: str


class RecordBody(Body, frozen=True):
    """A record by the number that an institution knows it under."""

    tenant: str
    local_id: str


class SplitBody(Body, frozen=True):
    """Records that are somebody else's."""

    records: tuple[RecordBody, ...]
    reason: str


def router(access: Access, identity: Identity) -> APIRouter:
    """``/api/v1/persons``: ``/search``, ``/reviews``, ``/statistics``, ``/weights``, ``/{number}``."""
    routes = APIRouter(prefix="/api/v1/persons", tags=["Persons"])
    _queue(routes, access, identity)
    _whole(routes, access, identity)
    _one(routes, access, identity)
    _changes(routes, access, identity)
    return routes


def _whole(routes: APIRouter, access: Access, identity: Identity) -> None:
    @routes.post("/search", **_SEARCH)
    async def search(request: Request) -> Response:
        found, given = access.need(request, "person.read"), decoded(SearchBody, await request.body())

        def work() -> Response:
            with identity.engine.connect() as connection:
                people = _sought(connection, identity, given)
                shown = [_person(identity, person, kept, found) for person, kept in people.items()]
            for person in people:
                access.note(found, "person.read", f"person/{person}", "search")
            return respond(200, {"persons": placed(shown, called(identity.engine))})

        return await within(found, work)

    @routes.get("/statistics", **_STATISTICS)
    async def statistics(
        request: Request, since: str = "", until: str = "", period: Literal["day", "month"] = "day"
    ) -> Response:
        found = access.need(request, "person.read")
        first, last = _day(since, "since"), _day(until, "until")

        def work() -> Response:
            with identity.engine.connect() as connection:
                return respond(200, _figures(figures(connection, first, last, Period(period))))

        return await within(found, work)

    @routes.get("/weights", **_WEIGHTS)
    def weights(request: Request) -> Response:
        access.need(request, "person.read")
        return respond(200, msgspec.to_builtins(identity.weights))


def _queue(routes: APIRouter, access: Access, identity: Identity) -> None:
    @routes.get("/reviews", **_QUEUE)
    async def listed(
        request: Request,
        status: Literal["open", "same", "different", "settled"] = "open",
        after: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: int = 50,
        least: Annotated[float, Query(ge=-1000, le=1000, allow_inf_nan=False)] = -1000,
    ) -> Response:
        found = access.need(request, "person.merge")

        def work() -> Response:
            with identity.engine.connect() as connection:
                pairs = identity.queue(connection, status, max(1, min(limit, _MOST)), after, least)
            for person in {side.person for pair in pairs for side in (pair.first, pair.second)}:
                access.note(found, "person.read", f"person/{person}", "review")
            return respond(200, {"reviews": [_pair(identity, pair, found) for pair in pairs]})

        return await within(found, work)

    @routes.post("/reviews/{review}/decision", **_DECIDE)
    async def decide(review: Number, request: Request) -> Response:
        found, given = access.need(request, "person.merge"), decoded(DecisionBody, await request.body())

        def work() -> Response:
            with identity.engine.begin() as connection:
                identity.decide(connection, review, given.verdict == "same", _cause(found, given.reason))
            access.note(found, "person.decide", f"person-review/{review}", given.verdict)
            return respond(200, {"review": review, "verdict": given.verdict})

        return await within(found, work)


def _one(routes: APIRouter, access: Access, identity: Identity) -> None:
    @routes.get("/{number}", **_PERSON)
    async def person(number: str, request: Request) -> Response:
        found = access.need(request, "person.read")

        def work() -> Response:
            with identity.engine.connect() as connection:
                who = identity.by_number(connection, number)
                with access.glass(found, who):
                    kept = identity.described(connection, who)
            access.note(found, "person.read", f"person/{who}")
            return respond(200, _person(identity, who, kept, found))

        return await within(found, work)

    @routes.get("/{number}/history", **_HISTORY)
    async def history(number: str, request: Request) -> Response:
        found = access.need(request, "person.read")

        def work() -> Response:
            with identity.engine.connect() as connection:
                who = identity.by_number(connection, number)
                kept = identity.described(connection, who)
                told = identity.history(connection, who)
                versions = {one.id: identity.versions(connection, one.id) for one in kept}
            access.note(found, "person.read", f"person/{who}", "history")
            local = {one.id: {"tenant": one.tenant, "localId": one.local_id} for one in kept}
            shown = [
                local[record] | {"version": version, "since": at, "source": source, "patient": _shown(given, found)}
                for record, before in versions.items()
                for version, at, source, given in before
            ]
            return respond(200, {"events": [_told(identity, one, local) for one in told], "versions": shown})

        return await within(found, work)


def _changes(routes: APIRouter, access: Access, identity: Identity) -> None:
    @routes.post("/{number}/merge", **_MERGE)
    async def merge(number: str, request: Request) -> Response:
        found, given = access.need(request, "person.merge"), decoded(MergeBody, await request.body())

        def work() -> Response:
            with identity.engine.begin() as connection:
                stays, goes = (identity.by_number(connection, one) for one in (number, given.retired))
                identity.merge(connection, stays, goes, _cause(found, given.reason))
            access.note(found, "person.merge", f"person/{stays}", other=goes)
            return respond(200, {"number": identity.number(stays)})

        return await within(found, work)

    @routes.post("/{number}/split", **_SPLIT)
    async def split(number: str, request: Request) -> Response:
        found, given = access.need(request, "person.merge"), decoded(SplitBody, await request.body())

        def work() -> Response:
            with identity.engine.begin() as connection:
                who = identity.by_number(connection, number)
                records = [_record(connection, identity, one) for one in given.records]
                made = identity.split(connection, who, records, _cause(found, given.reason))
            access.note(found, "person.split", f"person/{who}", other=made)
            return respond(201, {"number": identity.number(made), "from": identity.number(who)})

        return await within(found, work)


# -- what is asked ---------------------------------------------------------------------------------


def _sought(connection: Connection, identity: Identity, given: SearchBody) -> dict[int, list[Kept]]:
    """Records found, by person."""
    if given.number:
        who = identity.by_number(connection, given.number)
        return {who: identity.described(connection, who)}
    if given.patient is None:
        raise bad_field("patient", "give a FHIR Patient, or the number of a person")
    people: dict[int, list[Kept]] = {}
    for one in identity.look_up(connection, demographics(given.patient), max(1, min(given.limit, _MOST))):
        people.setdefault(one.person, []).append(one)
    return people


def _record(connection: Connection, identity: Identity, given: RecordBody) -> int:
    record = identity.record_of(connection, given.tenant, given.local_id)
    if record is None:
        raise MissingPersonError("没有该机构的这份档案，或不在您的权限范围内")
    return record


def _cause(found: Principal, reason: str) -> Cause:
    if not reason.strip():
        raise IdentityError("reason: 须填写理由")
    return Cause(found.name, datetime.now(UTC), reason.strip(), " ".join(sorted(found.roles))[:40])


def _day(text: str, field: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise bad_field(field, "must be a day: 2026-11-01") from None


# -- what is shown ---------------------------------------------------------------------------------


def _shown(given: Any, found: Principal) -> dict[str, Any]:
    """A description as a FHIR Patient, masked for whoever need not know."""
    whole = patient(given)
    return whole if found.may("person.identify") else masking.patient(whole)


def _side(one: Kept, found: Principal) -> dict[str, Any]:
    return {
        "tenant": one.tenant,
        "localId": one.local_id,
        "version": one.version,
        "updated": one.updated,
        "source": one.source,
        "patient": _shown(one.given, found),
    }


def _person(identity: Identity, person: int, kept: Sequence[Kept], found: Principal) -> dict[str, Any]:
    return {"number": identity.number(person), "records": [_side(one, found) for one in kept]}


def _pair(identity: Identity, pair: Pair, found: Principal) -> dict[str, Any]:
    fields = [
        {
            "field": f.name,
            "title": _CHINESE[f.name],
            "level": f.level,
            "says": _LEVELS.get(f.level, f.level),
            "bits": f.bits,
        }
        for f in pair.fields
    ]
    sides = [{"person": identity.number(side.person)} | _side(side, found) for side in (pair.first, pair.second)]
    return {
        "number": pair.number,
        "status": pair.status,
        "rule": pair.rule,
        "reason": _RULES.get(pair.rule, pair.rule),
        "score": pair.score,
        "fields": fields,
        "opened": pair.opened,
        "decided": pair.decided,
        "decidedBy": pair.decided_by,
        "records": sides,
    }


def _told(identity: Identity, one: Told, local: dict[int, dict[str, str]]) -> dict[str, Any]:
    return {
        "at": one.at,
        "actor": one.actor,
        "role": one.role,
        "act": one.act,
        "rule": one.rule,
        "says": _RULES.get(one.rule, one.rule),
        "person": identity.number(one.person),
        "other": identity.number(one.other) if one.other is not None else None,
        "record": local.get(one.record) if one.record is not None else None,
        "score": one.score,
        "detail": one.detail,
        "why": one.why,
    }


def _figures(found: Any) -> dict[str, Any]:
    whole = asdict(found)
    whole["rules"] = [one | {"says": _RULES.get(one["rule"], one["rule"])} for one in whole["rules"]]
    return whole


_SEARCH: Final = asked(
    SearchBody, {"patient": {"name": [{"text": "张三"}], "birthDate": "1980-05-12"}, "limit": 20}
) | described(
    "Look persons up (主索引查询)",
    "By name, number of a document or card, phone; sex and birth narrow. Visible are records of the caller's scope.",
    "persons with their records",
    *(400, 404, 422),
)
_STATISTICS: Final = described(
    "The index in numbers (主索引统计)",
    "Totals, growth by day or month, hits of rules, work by hand, similarity of what was linked or doubted.",
    "figures",
    400,
)
_WEIGHTS: Final = described("What fields weigh when persons are matched", "In bits; see docs/identity.md.", "weights")
_QUEUE: Final = described(
    "Pairs that somebody must look at (待审核)",
    "Both sides, the score of each field and why it is doubtful. `least` narrows to scores from there on; go on with "
    "`after` the last number.",
    "pairs",
    400,
)
_DECIDE: Final = asked(DecisionBody, {"verdict": "same", "reason": "电话核实为同一人"}) | described(
    "Decide a pair", "Same merges both persons; different keeps them apart, and nobody is asked again.", "done",
    *(400, 404, 409, 422),
)  # fmt: skip
_PERSON: Final = described(
    "A person with all records in scope", "The number of one that was merged leads to who it is now.", "the person",
    404,
)  # fmt: skip
_HISTORY: Final = described(
    "What happened to a person", "Who linked, merged, split, decided, when and why; earlier versions of records.",
    "events and versions", 404,
)  # fmt: skip
_MERGE: Final = asked(MergeBody, {"retired": "YG00000000000000", "reason": "重复建档"}) | described(
    "Merge another person into this one", "All its records move; its number leads here from now on.", "the person",
    *(400, 404, 409, 422),
)  # fmt: skip
_SPLIT: Final = asked(
    SplitBody, {"records": [{"tenant": "league/county/hospital", "localId": "17"}], "reason": "误合并"}
) | described(
    "Split records off as another person", "They are not joined again by a rule.", "the new person",
    *(400, 404, 409, 422), status=201,
)  # fmt: skip
