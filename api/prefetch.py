"""What the client did not prefetch, asked of its FHIR server within a time budget."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlsplit

import msgspec
import orjson

from api.errors import ApiError, bad_field
from api.hook import PREFETCH, Hook
from api.outward import is_secure
from base.settings import Settings
from exchange.fhir.context import Parts

if TYPE_CHECKING:  # read when something is fetched: httpx takes a starting worker a tenth of a second
    from ssl import SSLContext

    import httpx

_log = logging.getLogger(__name__)
_TOKEN = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")


class Access(Protocol):
    """Where the client lets us ask for what it did not prefetch, as it said so."""

    @property
    def fhir_server(self) -> Any: ...

    @property
    def fhir_authorization(self) -> Any: ...


async def complete(
    hook: Hook, given: dict[str, Any], context: Parts, access: Access, settings: Settings, whole: bool = False
) -> dict[str, Any]:
    """Prefetched resources by key, with missing ones fetched where the client lets us; what was given itself when
    nothing was added or left out.

    A key given as OperationOutcome counts as missing; ``whole`` says that none is. One that is null is not asked for:
    the client says that it has nothing. Raises ``ApiError`` 412 when
    something required cannot be had; what is optional and missing just stays missing.
    """
    found = given if whole and None not in given.values() else {k: v for k, v in given.items() if _usable(v)}
    found = given if len(found) == len(given) else found
    missing = [key for key in hook.prefetch if key not in given or (key not in found and given[key] is not None)]
    if missing and access.fhir_server and access.fhir_authorization and settings.fhir_budget_ms:
        seconds = settings.fhir_budget_ms / 1000
        found = {**found, **await fetch(missing, context, access, settings.fhir_allow_hosts, seconds)}
    absent = [key for key in hook.required if key not in found]
    if hook.any_of and found.keys().isdisjoint(hook.any_of):
        absent += hook.any_of
    if absent:
        names = ", ".join(absent)
        text = f"无法取得必需的数据: {names}。请在 prefetch 中提供，或提供 fhirServer 与 fhirAuthorization。"
        raise ApiError(412, "processing", text, f"prefetch.{absent[0]}")
    return found


def _usable(value: Any) -> bool:
    if value is None:
        return False
    if isinstance(value, msgspec.Raw) and b"OperationOutcome" not in bytes(value):
        return True
    said = parsed(value)
    return not (isinstance(said, dict) and said.get("resourceType") == "OperationOutcome")


def parsed(part: Any) -> Any:
    """A member as JSON values, whether it came as sent or parsed. Raises ``ApiError`` 400 for what nobody looked at
    before and is no JSON: a number that no double holds (1e999)."""
    if not isinstance(part, msgspec.Raw):
        return part
    try:
        return orjson.loads(bytes(part))
    except orjson.JSONDecodeError as error:
        raise bad_field("body", f"is no JSON: {error}") from None


async def fetch(
    keys: Iterable[str], context: Parts, access: Access, hosts: Sequence[str], seconds: float
) -> dict[str, Any]:
    """What a FHIR server tells within a time, by prefetch key; ``hosts`` are those we may ask, none: any. Raises
    ``ApiError`` 400 for a server we may not ask."""
    from httpx import AsyncClient

    base = _base(access.fhir_server, hosts)
    token = _token(access.fhir_authorization)
    urls = {key: _fill(PREFETCH[key], {k: parsed(part) for k, part in context.items()}) for key in keys}
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/fhir+json"}
    async with AsyncClient(base_url=base, headers=headers, timeout=seconds, verify=_trust()) as web:
        jobs = {key: asyncio.create_task(_get(web, url)) for key, url in urls.items() if url}
        if jobs:
            await asyncio.wait(jobs.values(), timeout=seconds)
        for job in jobs.values():
            job.cancel()
        done = {key: job.result() for key, job in jobs.items() if job.done() and not job.cancelled()}
    return {key: value for key, value in done.items() if _usable(value)}


@cache
def _trust() -> SSLContext:
    """Whom we trust, read once: 30 ms during which a worker answers nobody."""
    from httpx import create_ssl_context

    return create_ssl_context()


async def _get(web: httpx.AsyncClient, url: str) -> Any:
    from httpx import HTTPError

    try:
        answer = (await web.get(url)).raise_for_status()
        return answer.json()
    except (HTTPError, ValueError) as error:
        _log.warning(
            "client FHIR query failed",
            extra={"resource": url.partition("?")[0].partition("/")[0], "error": type(error).__name__},
        )
        return None


def _base(server: Any, hosts: Sequence[str]) -> str:
    """The client's FHIR base URL, when we may call it: https (or this machine), allowed host."""
    if not isinstance(server, str):
        raise bad_field("fhirServer", "must be a URL")
    if not is_secure(server):
        raise bad_field("fhirServer", "must be an https URL")
    if hosts and urlsplit(server).hostname not in hosts:
        raise bad_field("fhirServer", "host is not on the allow-list (YIGONG_FHIR_ALLOW_HOSTS)")
    return server.rstrip("/") + "/"


def _token(authorization: Any) -> str:
    token = authorization.get("access_token") if isinstance(authorization, dict) else None
    if not isinstance(token, str) or not token:
        raise bad_field("fhirAuthorization.access_token", "must be a string")
    return token


def _fill(template: str, context: Mapping[str, Any]) -> str:
    """A prefetch template with its tokens replaced; empty when a token has no value. Of a list of references those of
    the template's kind count."""
    kind = re.split(r"[?/]", template)[0]
    values: dict[str, str] = {}
    for token in _TOKEN.findall(template):
        value = context.get(token.removeprefix("context.")) if token.startswith("context.") else None
        if token == "userPractitionerId":
            user = str(context.get("userId", ""))
            value = user.partition("/")[2] if user.startswith("Practitioner/") else None
        if isinstance(value, list):
            parts = [str(item).split("/") for item in value]
            value = ",".join(part[-1] for part in parts if len(part) == 1 or part[-2] == kind)
        if not value:
            return ""
        values[token] = quote(str(value), safe=",")
    return _TOKEN.sub(lambda match: values[match[1]], template)
