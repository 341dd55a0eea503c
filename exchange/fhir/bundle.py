"""A FHIR R4 Bundle as a message: resources of one patient (or of none: institutions, practitioners), each checked
against the specification and named by the sender's own id. Transactions, batches, collections and messages are read
alike: what stands in them is put, what they delete is taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson
from fhir.resources.R4B import get_fhir_model_class
from pydantic import BaseModel, ValidationError

from exchange.envelope import envelope, reference_id, subject_of
from exchange.message import Json, Message, MessageError, Parsed
from records.kinds import NUMBERS

_URN: Final = "urn:uuid:"
_PUTS: Final = ("PUT", "POST", "")
MOST: Final = 2_000
"""Entries of one Bundle."""


class _Entry(NamedTuple):
    """An entry at its place: its resource (empty for a deletion) with the sender's id, and what is asked for."""

    path: str
    resource: Json
    full_url: str
    deletes: str


def read(raw: bytes) -> Parsed:
    """Raises ``MessageError`` that names the entry and the field."""
    sent = _opened(raw)
    entries = [_entry(one, f"entry[{place}]") for place, one in enumerate(sent["entry"])]
    put = [entry for entry in entries if entry.resource and entry.resource["resourceType"] != "MessageHeader"]
    names = {e.full_url: f"{e.resource['resourceType']}/{e.resource['id']}" for e in put if e.full_url}
    resources = [_pointed(entry.resource, names) for entry in put]
    _distinct(put)
    for entry, resource in zip(put, resources, strict=True):
        _valid(resource, f"{entry.path}.resource")
    resources.sort(key=lambda resource: resource["resourceType"] != "Patient")
    return Parsed(
        message_id=envelope("fhir", raw).message_id,
        kind=f"Bundle/{sent.get('type') or 'collection'}",
        subject=subject_of(resources),
        resources=tuple(resources),
        deletions=tuple(entry.deletes for entry in entries if entry.deletes),
        sent=_time(sent.get("timestamp")),
    )


def _opened(raw: bytes) -> Json:
    try:
        sent = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise MessageError("body", "不是 UTF-8 编码的 JSON") from None
    if not isinstance(sent, dict) or sent.get("resourceType") != "Bundle":
        raise MessageError("resourceType", "须为 Bundle")
    entries = sent.get("entry")
    if not isinstance(entries, list) or not entries:
        raise MessageError("entry", "须为至少含一条的列表")
    if len(entries) > MOST:
        raise MessageError("entry", f"超过 {MOST} 条，请分为多个 Bundle 发送")
    return sent


def _time(text: Any) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        found = None
    if found is None or found.tzinfo is None:
        raise MessageError("timestamp", "须为带时区的时刻，如 2026-11-01T08:00:00+08:00")
    return found


def _entry(entry: Any, path: str) -> _Entry:
    if not isinstance(entry, Mapping):
        raise MessageError(path, "须为对象")
    request = entry.get("request")
    request = request if isinstance(request, Mapping) else {}
    method, url = str(request.get("method") or ""), str(request.get("url") or "")
    if method == "DELETE":
        return _Entry(path, {}, "", _deleted(url, f"{path}.request.url"))
    if method not in _PUTS:
        raise MessageError(f"{path}.request.method", "须为 PUT、POST 或 DELETE")
    if "?" in url or request.get("ifNoneExist"):
        raise MessageError(f"{path}.request", "不支持条件操作，请用贵方系统中的 id 指明资源")
    resource = entry.get("resource")
    if not isinstance(resource, dict):
        raise MessageError(f"{path}.resource", "缺失")
    full_url = str(entry.get("fullUrl") or "")
    return _Entry(path, _named(resource, full_url, url if method == "PUT" else "", path), full_url, "")


def _deleted(url: str, path: str) -> str:
    kind, _, local_id = url.partition("/")
    if not kind or not local_id or "/" in local_id or "?" in local_id:
        raise MessageError(path, "须以类型和 id 指明要删除的资源，如 Observation/17")
    return url


def _named(resource: Json, full_url: str, url: str, path: str) -> Json:
    """A resource with its id: its own, else that of the URL it is put to, else the UUID it has in the Bundle."""
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or not kind:
        raise MessageError(f"{path}.resource.resourceType", "缺失")
    put_to = reference_id(url, kind)
    local_id = resource.get("id") or put_to or (full_url.removeprefix(_URN) if full_url.startswith(_URN) else "")
    if not local_id or not isinstance(local_id, str):
        raise MessageError(f"{path}.resource.id", "缺失，请填写该资源在贵方系统中的 id")
    if url and put_to != local_id:
        raise MessageError(f"{path}.request.url", f"须为 {kind}/ 加资源的 id")
    return {**resource, "id": local_id}


def _distinct(entries: list[_Entry]) -> None:
    seen: set[tuple[str, str]] = set()
    for entry in entries:
        place = (entry.resource["resourceType"], entry.resource["id"])
        if place in seen:
            raise MessageError(f"{entry.path}.resource.id", "在本 Bundle 中重复")
        seen.add(place)
    patients = [entry for entry in entries if entry.resource["resourceType"] == "Patient"]
    if len(patients) > 1:
        raise MessageError(f"{patients[1].path}.resource", "是第二名患者，请每名患者单独发送 Bundle")


def _pointed(value: Any, names: Mapping[str, str]) -> Any:
    """The same, with references by URL or UUID to what stands in the Bundle as references by type and id."""
    if isinstance(value, list):
        return [_pointed(one, names) for one in value]
    if not isinstance(value, dict):
        return value
    made = {key: _pointed(one, names) for key, one in value.items()}
    if isinstance(made.get("reference"), str):
        made["reference"] = names.get(made["reference"], made["reference"])
    return made


def _valid(resource: Json, path: str) -> None:
    """Raises ``MessageError`` for the first member that FHIR R4 does not allow."""
    kind = resource["resourceType"]
    model = _model(kind)
    if model is None:
        raise MessageError(f"{path}.resourceType", "不是 FHIR R4 的资源类型")
    try:
        model.model_validate(resource)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise MessageError(f"{path}{''.join(_located(first['loc']))}", f"不符合 FHIR R4: {first['msg']}") from None


def _located(places: tuple[int | str, ...]) -> Iterator[str]:
    for place in places:
        yield f"[{place}]" if isinstance(place, int) else f".{place}"


@lru_cache(maxsize=256)
def _model(kind: str) -> type[BaseModel] | None:
    if kind not in NUMBERS:
        return None
    try:
        found: type[BaseModel] = get_fhir_model_class(kind)
    except ValueError:  # a type of R4 that did not come to stay
        return None
    return found


MESSAGE = Message("bundle", "fhir", "FHIR 资源包", ("Bundle",), read)
