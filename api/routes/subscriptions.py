"""``/fhir/Subscription``: be told of new and changed resources (FHIR R4, rest-hook)."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response

from api.access import Access, Principal
from api.asking import summarised
from api.bodies import FHIR, asked_fhir
from api.errors import ApiError, bad_field
from api.fhir_rights import permission
from base.settings import Settings
from base.tenancy import acting
from exchange.fhir.subscription import Wish, read, written
from exchange.message import Json, MessageError
from exchange.outbound import ACTIVE, ERROR, OFF, Subscription, Subscriptions

_MOST: Final = 500


def router(settings: Settings, access: Access, subscriptions: Subscriptions) -> APIRouter:
    """Who may send messages may ask to be told; of what, their other permissions say."""
    routes = APIRouter(tags=["FHIR"])
    _subscribing(routes, settings, access, subscriptions)
    _changing(routes, settings, access, subscriptions)
    return routes


def _subscribing(routes: APIRouter, settings: Settings, access: Access, subscriptions: Subscriptions) -> None:
    @routes.post("/fhir/Subscription", **_CREATE)
    async def create(request: Request) -> Response:
        found = access.need(request, "exchange.send")
        wish, active = read(_json(await request.body()), settings.webhook_hosts)
        tenant = found.home()
        _may(found, wish, tenant)
        made = await asyncio.to_thread(
            _within, found, lambda: subscriptions.add(tenant, _author(found), wish, active)
        )
        access.note(found, "subscription.create", f"subscription/{made.id}", kind=wish.kind)
        return _answer(201, made, f"{str(request.base_url).rstrip('/')}/fhir/Subscription/{made.id}")

    @routes.get("/fhir/Subscription", **summarised("Subscriptions of one's institutions", 400))
    def search(request: Request, status: str = "", _after: str = "", _count: int = 100) -> Response:
        found = access.need(request, "exchange.read")
        if status not in ("", ACTIVE, OFF, ERROR):
            raise bad_field("status", f"须为 {ACTIVE}、{OFF} 或 {ERROR}")
        count = max(1, min(_count, _MOST))
        listed = _within(found, lambda: subscriptions.listed(status, _after, count + 1))
        return Response(orjson.dumps(_page(request, listed, count)), media_type=FHIR)

    @routes.get("/fhir/Subscription/{subscription_id}", **summarised("One, with how it goes", 404))
    def one(subscription_id: str, request: Request) -> Response:
        found = access.need(request, "exchange.read")
        return _answer(200, _known(_within(found, lambda: subscriptions.get(subscription_id))))


def _changing(routes: APIRouter, settings: Settings, access: Access, subscriptions: Subscriptions) -> None:
    @routes.put("/fhir/Subscription/{subscription_id}", **_UPDATE)
    async def update(subscription_id: str, request: Request) -> Response:
        found, sent = access.need(request, "exchange.send"), _json(await request.body())
        made = await asyncio.to_thread(_within, found, lambda: changed(found, subscription_id, sent))
        access.note(found, "subscription.update", f"subscription/{made.id}", kind=made.wish.kind)
        return _answer(200, made)

    def changed(found: Principal, number: str, sent: Any) -> Subscription:
        if isinstance(sent, dict) and sent.get("id", number) != number:
            raise MessageError("Subscription.id", "须与地址中的 id 一致")
        before = _known(subscriptions.get(number))
        wish, active = read(sent, settings.webhook_hosts, before.wish)
        _may(found, wish, before.tenant)
        return _known(subscriptions.change(number, _author(found), wish, active))

    @routes.delete("/fhir/Subscription/{subscription_id}", **_DELETE)
    def delete(subscription_id: str, request: Request) -> Response:
        found = access.need(request, "exchange.send")
        if not _within(found, lambda: subscriptions.remove(subscription_id)):
            raise _missing()
        access.note(found, "subscription.delete", f"subscription/{subscription_id[:64]}")
        return Response(status_code=204)


def _within(found: Principal, act: Any) -> Any:
    with acting(found.scope):
        return act()


def _may(found: Principal, wish: Wish, tenant: str) -> None:
    """Who may not read a type is not told of it either. Raises ``ApiError`` 403."""
    needed = permission(wish.kind, "read")
    if not found.may(needed, tenant):
        raise ApiError(
            403, "forbidden", f"{found.name} 没有订阅 {wish.kind} 所需的权限 ({needed})", "Subscription.criteria"
        )


def _author(found: Principal) -> str:
    return f"{found.kind}:{found.name}"


def _known(found: Subscription | None) -> Subscription:
    if found is None:
        raise _missing()
    return found


def _missing() -> ApiError:
    return ApiError(404, "not-found", "没有该订阅，或不在可查看的范围内")


def _page(request: Request, listed: list[Subscription], count: int) -> Json:
    base = f"{str(request.base_url).rstrip('/')}/fhir/Subscription"
    links = [{"relation": "self", "url": str(request.url)}]
    if len(listed) > count:
        links.append({"relation": "next", "url": str(request.url.include_query_params(_after=listed[count - 1].id))})
    entries = [{"fullUrl": f"{base}/{s.id}", "resource": _resource(s)} for s in listed[:count]]
    made: Json = {"resourceType": "Bundle", "type": "searchset", "link": links}
    return made | ({"entry": entries} if entries else {})


def _resource(found: Subscription) -> Json:
    made = written(found.id, found.version, found.status, found.wish, found.error, found.changed)
    said = [
        {"url": f"{_EXTENSION}{name}", **value}
        for name, value in (
            ("delivered", {"valueInteger": found.delivered}),
            ("waiting", {"valueInteger": found.waiting}),
            ("last-delivered", {"valueInstant": found.last.isoformat()} if found.last else {}),
        )
        if value
    ]
    return made | {"extension": said}


_EXTENSION: Final = "https://yigong.cn/fhir/StructureDefinition/subscription-"


def _answer(status: int, found: Subscription, location: str = "") -> Response:
    headers = {"ETag": f'W/"{found.version}"'} | ({"Location": location} if location else {})
    return Response(orjson.dumps(_resource(found)), status, headers, FHIR)


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise MessageError("body", "不是 JSON") from None


_BODY: Final = asked_fhir("A Subscription of type rest-hook")
_CREATE: Final = summarised("Be told of what is new", 400, status=201) | _BODY
_UPDATE: Final = summarised("Change it, or set it going again", 400, 404) | _BODY
_DELETE: Final = summarised("Be told no more", 404, status=204)
