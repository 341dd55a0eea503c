"""FHIR R4 Subscription resources of type rest-hook, both ways: what somebody wants to be told of, where and how."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from clinical.value import Value
from exchange.fhir.searching import PARAMETERS, Query, SearchError, read_query
from exchange.message import Json, MessageError

EMPTY, IDS, FULL = "empty", "id-only", "full-resource"
"""What a notification carries: nothing, the id, the resource."""
FHIR_JSON: Final = "application/fhir+json"
_CONTENT: Final = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content"
_HIDDEN: Final = "***"
_HEADER: Final = re.compile(r"([A-Za-z0-9-]{1,60}): ?([\x20-\x7e]{1,2000})")
_OURS: Final = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection"})
_MOST_HEADERS: Final = 10
_LONGEST: Final = 2_000


class Wish(Value, frozen=True):
    """What is wanted: ``criteria`` as ``Observation?code=718-7``, ``headers`` as ``Name: value``. ``ends`` is when it
    stops."""

    criteria: str
    endpoint: str
    content: str
    headers: tuple[str, ...] = ()
    reason: str = ""
    ends: datetime | None = None

    @property
    def kind(self) -> str:
        return self.criteria.partition("?")[0]


class Asked(Value, frozen=True):
    """Criteria, read. ``region``: of the patient in all institutions, not only one's own."""

    query: Query
    region: bool

    @property
    def patients(self) -> frozenset[str]:
        """Ids of patients in the institution that asks; empty: of anybody."""
        return self.query.hints.patients


def read(resource: Any, hosts: Collection[str], before: Wish | None = None) -> tuple[Wish, bool]:
    """A resource as sent: what it wants, and whether it is to be active. ``hosts`` may be called. A header whose
    value is hidden, as we show it, stays as it was ``before``. Raises ``MessageError`` that names the field."""
    if not isinstance(resource, Mapping) or resource.get("resourceType") != "Subscription":
        raise MessageError("resourceType", "须为 Subscription")
    status = resource.get("status")
    if status not in ("requested", "active", "off"):
        raise MessageError("Subscription.status", "须为 requested、active 或 off")
    channel = resource.get("channel")
    if not isinstance(channel, Mapping) or channel.get("type") != "rest-hook":
        raise MessageError("Subscription.channel.type", "须为 rest-hook")
    wish = Wish(
        _text(resource, "criteria", "Subscription.criteria"),
        _endpoint(_text(channel, "endpoint", "Subscription.channel.endpoint"), hosts),
        _content(channel),
        _headers(channel.get("header", []), before),
        _text(resource, "reason", "Subscription.reason", required=False),
        _end(resource.get("end")),
    )
    asked_of(wish)
    return wish, status != "off"


def asked_of(wish: Wish) -> Asked:
    """The criteria, checked as a search is. Raises ``MessageError``."""
    kind, _, text = wish.criteria.partition("?")
    if kind not in PARAMETERS:
        raise MessageError("Subscription.criteria", "须以本服务有的资源类型开头，如 Observation?code=718-7")
    pairs = parse_qsl(text, keep_blank_values=True)
    region = dict(pairs).get("_region") == "true"
    try:
        query = read_query(kind, [pair for pair in pairs if pair[0] != "_region"])
    except SearchError as error:
        raise MessageError("Subscription.criteria", str(error)) from None
    if any(name in ("_count", "_sort", "_after", "_total") for name, _ in pairs):
        raise MessageError("Subscription.criteria", "订阅条件不分页、不排序，请去掉相应参数")
    if region and not query.hints.patients:
        raise MessageError("Subscription.criteria", "_region 须同时给出 patient：全域订阅限一名患者")
    return Asked(query, region)


def written(number: str, version: int, status: str, wish: Wish, error: str, changed: datetime) -> Json:
    """The resource, with the values of headers hidden: they are secrets."""
    headers = [f"{header.partition(':')[0]}: {_HIDDEN}" for header in wish.headers]
    channel: Json = {"type": "rest-hook", "endpoint": wish.endpoint}
    if wish.content != EMPTY:
        channel |= {"payload": FHIR_JSON}
        channel |= {"_payload": {"extension": [{"url": _CONTENT, "valueCode": wish.content}]}}
    made: Json = {
        "resourceType": "Subscription",
        "id": number,
        "meta": {"versionId": str(version), "lastUpdated": changed.isoformat()},
        "status": status,
        "reason": wish.reason or "not told",
        "criteria": wish.criteria,
        "channel": channel | ({"header": headers} if headers else {}),
    }
    made |= {"error": error} if error else {}
    return made | ({"end": wish.ends.isoformat()} if wish.ends else {})


def _text(given: Mapping[str, Any], name: str, field: str, *, required: bool = True) -> str:
    text = given.get(name, "")
    if not isinstance(text, str) or len(text) > _LONGEST or (required and not text):
        raise MessageError(field, f"须为 {_LONGEST} 字以内的文本")
    return text


def _endpoint(url: str, hosts: Collection[str]) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise MessageError("Subscription.channel.endpoint", "须为 http(s) 地址") from None
    if parts.scheme not in ("https", "http") or not host or parts.username is not None:
        raise MessageError("Subscription.channel.endpoint", "须为不含用户名的 http(s) 地址")
    if host not in hosts:
        raise MessageError("Subscription.channel.endpoint", "主机不在允许的接收方之列 (YIGONG_WEBHOOK_HOSTS)")
    return url


def _content(channel: Mapping[str, Any]) -> str:
    payload = channel.get("payload")
    if payload is None:
        return EMPTY
    if payload not in (FHIR_JSON, "application/json"):
        raise MessageError("Subscription.channel.payload", f"须为 {FHIR_JSON}，或不填")
    beside = channel.get("_payload")
    extensions = beside.get("extension") if isinstance(beside, Mapping) else None
    said = [e.get("valueCode") for e in extensions or () if isinstance(e, Mapping) and e.get("url") == _CONTENT]
    content = said[0] if said else FULL
    if content not in (EMPTY, IDS, FULL):
        raise MessageError("Subscription.channel._payload.extension", f"须为 {EMPTY}、{IDS} 或 {FULL}")
    return str(content)


def _headers(given: Any, before: Wish | None) -> tuple[str, ...]:
    if not isinstance(given, list) or len(given) > _MOST_HEADERS:
        raise MessageError("Subscription.channel.header", f"须为列表，最多 {_MOST_HEADERS} 条文本")
    known = {header.partition(":")[0]: header for header in before.headers} if before else {}
    made = []
    for place, text in enumerate(given):
        shape = _HEADER.fullmatch(text) if isinstance(text, str) else None
        if shape is None or shape[1].lower() in _OURS or shape[1].lower().startswith("x-yigong"):
            raise MessageError(f"Subscription.channel.header[{place}]", "形如 Authorization: Bearer …")
        if shape[2] == _HIDDEN and shape[1] not in known:
            raise MessageError(f"Subscription.channel.header[{place}]", "值是隐藏的，请填写实际的值")
        made.append(known[shape[1]] if shape[2] == _HIDDEN else f"{shape[1]}: {shape[2]}")
    return tuple(made)


def _end(text: Any) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        found = None
    if found is None or found.tzinfo is None:
        raise MessageError("Subscription.end", "须为带时区的时刻，如 2027-01-01T00:00:00+08:00")
    return found
