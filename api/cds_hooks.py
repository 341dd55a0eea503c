"""CDS Hooks: discovery, service calls, feedback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec
import orjson
from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from api import openapi
from api.auth import Client, ClientAuth
from api.cards import EXTENSION, REVIEW_EXTENSION, render, review_extension
from api.dispatched import KEYS, dispatched, not_had
from api.dispensary import Dispensary, about_of
from api.errors import ApiError, answer_to, bad_field, respond
from api.hook import Hook, Subject
from api.metrics import METRICS
from api.prefetch import complete, parsed
from api.regional import Regional
from api.review import Reviewed, Reviewer, lacking, shown_as, worth
from api.trusted import TrustedClients
from base.audit import AuditLog, Event
from base.plugins import discover
from base.settings import Settings
from base.tenancy import system
from base.tokens import UsedTokens
from base.tracing import span
from clinical.coded import CHINA, china_day
from clinical.logic import Unknown
from clinical.value import replace
from exchange.fhir.context import Incoming, Parts, read_context
from exchange.fhir.values import Json, moment
from exchange.plain import submit_of
from records.context import NOTHING, History
from records.journal import Feedback
from records.terminology import Unmapped

_TYPES: Final[dict[type, tuple[bytes, str]]] = {
    str: (b'"', "a string"),
    dict: (b"{", "an object"),
    list: (b"[", "an array"),
}
_NOTHING: Final = msgspec.Raw(b"null")
_OUTCOMES: Final = ("accepted", "overridden")
_OUTCOME: Final = b"OperationOutcome"
_CALLS: Final = "/cds-services/"
SUBMIT: Final = "cn.yigong.submit"
"""Request extension that makes a verification enter the pharmacist's queue."""


class Asked(msgspec.Struct, frozen=True, rename="camel"):
    """The body of a service call. What is reviewed is read once, straight into what it becomes, and kept as sent."""

    hook: Any = None
    hook_instance: Any = None
    context: msgspec.Raw = _NOTHING
    prefetch: msgspec.Raw = _NOTHING
    fhir_server: Any = None
    fhir_authorization: Any = None
    extension: Any = None


class _Call(NamedTuple):
    """A call that was read: its body, its context and data, the data as it is kept, what is reviewed."""

    asked: Asked
    context: Parts
    prefetch: Parts
    sent: Any
    incoming: Incoming
    region: History
    now: datetime


Adviser = Callable[[Incoming, History, Client, Parts], Json]
"""Answers a call, with its context as sent, with cards of its own; nothing of it is journalled as an alert."""


class CdsHooks:
    """The services of this installation over one reviewer."""

    def __init__(
        self,
        settings: Settings,
        reviewer: Reviewer,
        used: UsedTokens,
        trusted: TrustedClients,
        dispensary: Dispensary,
        regional: Regional,
        audit: AuditLog,
        advisers: Mapping[str, Adviser] = MappingProxyType({}),
    ) -> None:
        self._settings, self._reviewer, self._dispensary = settings, reviewer, dispensary
        self._regional, self._audit, self._advisers = regional, audit, advisers
        self._auth = ClientAuth(settings, used, trusted)
        self.hooks: Mapping[str, Hook] = discover("api.hooks", "HOOK", Hook)
        self._discovery = orjson.dumps({"services": [hook.described() for hook in self.hooks.values()]})

    @property
    def paths(self) -> list[str]:
        """Where the services are called."""
        return [f"{_CALLS}{name}" for name in self.hooks]

    def router(self) -> APIRouter:
        """Routes under ``/cds-services``."""
        router = APIRouter(tags=["CDS Hooks"])
        base = "/cds-services"
        router.add_api_route(base, self.discover, methods=["GET"], **openapi.DISCOVERY)
        router.add_api_route(f"{base}/{{service}}", self.call, methods=["POST"], **openapi.CALL)
        feedback = f"{base}/{{service}}/feedback"
        router.add_api_route(feedback, self.feedback, methods=["POST"], **openapi.FEEDBACK)
        return router

    async def discover(self) -> Response:
        """The services we offer, with the data each wants prefetched."""
        return Response(self._discovery, media_type="application/json")

    async def call(self, service: str, request: Request) -> Response:
        """Review what the clinician is about to do and answer with cards."""
        told = await self.answer(service, await request.body(), request.scope)
        return Response(told, media_type="application/json")

    async def answer(self, service: str, body: bytes, scope: Scope) -> bytes:
        """The answer to the body of a call; of the scope only the headers and the URL are used."""
        hook = self._hook(service)
        with span("auth", hook=hook.name):
            client = await self._client(scope)
        with span("context"):
            call = await self._read(hook, body, client)
        if hook.advice:
            advise = self._advisers[hook.advice]
            return orjson.dumps(await asyncio.to_thread(advise, call.incoming, call.region, client, call.context))
        answer, reviewed = self._answer(hook, call, client)
        told = orjson.dumps(answer)
        kept = {"hook": hook.name, "context": _fragment(call.asked.context), "prefetch": _fragment(call.sent)}
        with span("journal"):
            self._journal(hook, orjson.dumps(kept), answer, told, reviewed, client, call.now)
        if hook.submits and isinstance(call.asked.extension, dict) and SUBMIT in call.asked.extension:
            await self._submit(call.asked, answer, reviewed, call.incoming, client)
            return orjson.dumps(answer)
        return told

    async def _read(self, hook: Hook, body: bytes, client: Client) -> _Call:
        """The body of a call, with what it lacks, and what the region knows of its patient."""
        asked = _asked(body)
        context = _checked(hook, asked)
        given = members(asked.prefetch, "prefetch")
        whole = _OUTCOME not in body
        prefetch = await complete(hook, given, context, asked, self._settings, whole)
        now = datetime.now(CHINA)
        incoming = incoming_of(hook, context, prefetch, now)
        region = NOTHING
        if self._regional.awake:
            region = await self._regional.of(incoming.context, client.tenant, prefetch.get("patient"))
        sent = asked.prefetch if given and prefetch is given else _as_sent(prefetch)
        return _Call(asked, context, prefetch, sent, incoming, region, now)

    async def _submit(
        self, asked: Asked, answer: Json, reviewed: Reviewed, incoming: Incoming, client: Client
    ) -> None:
        """Put the prescription into the pharmacist's queue and say in the answer where it stands."""
        given = submit_of(asked.extension[SUBMIT])
        found = [card["extension"][EXTENSION] for card in answer["cards"]]
        told = [f | {"summary": card["summary"]} for f, card in zip(found, answer["cards"], strict=True)]
        payload = {"request": parsed(asked.context), "answer": {"findings": told}}
        about = about_of(incoming, reviewed, self._tenant(client))
        with system("verification by CDS Hooks"):
            decision = await asyncio.to_thread(
                self._dispensary.submit, reviewed, given, about, payload, datetime.now(UTC)
            )
        answer["extension"][REVIEW_EXTENSION]["decision"] = decision

    def _answer(self, hook: Hook, call: _Call, client: Client) -> tuple[Json, Reviewed]:
        day = china_day(call.now)
        reviewed = self._reviewer.review(call.incoming, day=day, tenant=self._tenant(client), region=call.region)
        reviewed = worth(reviewed, hook.least.rank)
        if hook.reviews is Subject.DISPATCHED:
            reviewed = lacking(reviewed, not_had(call.context, call.incoming.orders))
        with span("cards", findings=len(reviewed.review.findings)):
            orders = sent_orders(call.context, call.prefetch)
            cards = render(reviewed.review, self._reviewer.titles, orders, client.features)
            unmapped = list(map(unmapped_json, reviewed.unmapped))
            extension = review_extension(reviewed.review, unmapped, reviewed.elapsed_ms)
        return {"cards": cards, "extension": {REVIEW_EXTENSION: extension}}, reviewed

    def _journal(
        self, hook: Hook, kept: bytes, answer: Json, told: bytes, reviewed: Reviewed, client: Client, now: datetime
    ) -> None:
        """Keep what is needed to ask again: context and data (``kept``); never the client's access token."""
        findings = reviewed.review.findings
        shown = tuple(shown_as(c["uuid"], f) for c, f in zip(answer["cards"], findings, strict=True))
        self._reviewer.record(reviewed, hook.name, client.issuer, now, kept, told, shown, self._tenant(client))
        METRICS.reviewed(hook.name, reviewed)

    async def feedback(self, service: str, request: Request) -> Response:
        """What the clinician did with our cards."""
        self._hook(service)
        client = await self._client(request.scope)
        body = _json(await request.body())
        entries = body.get("feedback")
        if not isinstance(entries, list) or not entries:
            raise bad_field("feedback", "must be an array with at least one entry")
        read = [_feedback(service, entry, f"feedback[{number}]") for number, entry in enumerate(entries)]
        for item in read:  # all or none: everything was checked before the first is kept
            self._reviewer.journal.write(item)
            if item.outcome == "overridden":
                self._audit.note(self._override(item, client, request))
        return respond(200, {})

    def _override(self, item: Feedback, client: Client, request: Request) -> Event:
        """Who set a card aside: the client that says so; the clinician's words stay sealed in the journal."""
        source = request.client.host if request.client else ""
        said = (client.issuer or "unknown", "card.override", f"card/{item.card}", self._tenant(client), source)
        coded = item.reason.isascii() and item.reason.replace("-", "").isalnum()
        return Event(*said, item.reason if coded else "")

    def _tenant(self, client: Client) -> str:
        """Whose rows a call makes and whose policy counts: of no tenant that we know, the league's. What is stored of
        a call is thus all that a replay needs to know."""
        return client.tenant or self._settings.league

    def _hook(self, service: str) -> Hook:
        hook = self.hooks.get(service)
        if hook is None:
            raise ApiError(404, "not-found", f"there is no service {service!r}; see /cds-services")
        return hook

    async def _client(self, scope: Scope) -> Client:
        sent = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        return await self._auth.client(sent.decode("latin-1"), self._called(Request(scope)) if sent else "")

    def _called(self, request: Request) -> str:
        """The URL a token must be made for."""
        public = self._settings.public_url.rstrip("/")
        return f"{public}{request.url.path}" if public else str(request.url.replace(query=""))


class HookLine:
    """ASGI middleware that answers calls of services before routing: routes, stacks of exits and solvers of
    dependencies cost a tenth of a review and have nothing to do here. The documented route describes the call."""

    def __init__(self, app: ASGIApp, hooks: CdsHooks) -> None:
        self.app, self._hooks = app, hooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(_CALLS):
            await self.app(scope, receive, send)
            return
        service = scope["path"][len(_CALLS) :]
        if "/" in service:
            await self.app(scope, receive, send)
            return
        try:
            body = await self._hooks.answer(service, await _body(receive), scope)
        except ClientDisconnect:
            return
        except Exception as error:
            told = answer_to(error)
            if told is None:
                raise
            await told(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive) -> bytes:
    """All of a request's body. Raises ``ClientDisconnect`` when the client leaves before it is there."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def incoming_of(hook: Hook, context: Parts, prefetch: Parts, now: datetime) -> Incoming:
    """What a hook reviews: drafts, the patient's active drugs, or what is being dispatched. Members of context
    and prefetch come as sent (``msgspec.Raw``) or parsed."""
    incoming = read_context(context, prefetch, now, hook.stage)
    if hook.reviews is Subject.ACTIVE:
        active = incoming.context.medications
        return replace(incoming, orders=() if isinstance(active, Unknown) else active)
    if hook.reviews is Subject.DISPATCHED:
        return replace(incoming, orders=dispatched(prefetch))
    return incoming


class SentOrders(Mapping[str, Json]):
    """Orders as sent, by reference: update actions carry the whole resource. Parsed when first asked for, as most
    answers ask for none."""

    def __init__(self, *parts: Any) -> None:
        self._parts = parts

    @cached_property
    def _resources(self) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for part in self._parts:
            bundle = None if part is None else parsed(part)
            for entry in (_bundle(bundle).get("entry") if bundle else None) or ():
                resource = entry.get("resource") if isinstance(entry, dict) else None
                if isinstance(resource, dict) and "id" in resource:
                    found[f"{resource.get('resourceType')}/{resource['id']}"] = resource
        return found

    def __getitem__(self, reference: str) -> Json:
        return self._resources[reference]

    def __iter__(self) -> Iterator[str]:
        return iter(self._resources)

    def __len__(self) -> int:
        return len(self._resources)


def sent_orders(context: Parts, prefetch: Parts) -> SentOrders:
    """The orders that a call is about."""
    return SentOrders(context.get("draftOrders"), context.get("medications"), *map(prefetch.get, KEYS))


def unmapped_json(item: Unmapped) -> Json:
    """A thing that was not understood, for the response (no empty members)."""
    fields = {
        "kind": item.kind,
        "text": item.text,
        "reason": item.reason,
        "reference": item.reference,
        "understood": item.understood,
    }
    return {k: v for k, v in fields.items() if v}


def _bundle(value: Any) -> Json:
    if isinstance(value, dict) and value.get("resourceType") == "Bundle":
        return value
    return {"resourceType": "Bundle", "entry": [{"resource": value}]}


def _json(raw: bytes) -> Json:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise bad_field("body", f"is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise bad_field("body", "must be a JSON object")
    return body


_read_asked: Final = msgspec.json.Decoder(Asked)
_read_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _asked(raw: bytes) -> Asked:
    """The body. Raises ``ApiError`` 400 when it is no JSON object in UTF-8."""
    try:
        raw.decode()  # strings that nobody reads are not looked into otherwise, and the journal keeps them
        return _read_asked.decode(raw)
    except msgspec.ValidationError:
        raise bad_field("body", "must be a JSON object") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_field("body", f"is no JSON: {error}") from None


def members(part: msgspec.Raw, field: str) -> dict[str, Any]:
    """The members of an object, as sent; those that are null are None. Raises ``ApiError`` 400."""
    if bytes(part) == bytes(_NOTHING):
        return {}
    try:
        given = _read_members.decode(part)
    except msgspec.DecodeError:
        raise bad_field(field, "must be an object") from None
    return {key: None if len(value) == 4 and bytes(value) == b"null" else value for key, value in given.items()}


def _as_sent(parts: Parts) -> Json:
    return {key: _fragment(part) for key, part in parts.items()}


def _fragment(part: Any) -> Any:
    """JSON as it was sent, to be written into other JSON as it is."""
    return orjson.Fragment(bytes(part)) if isinstance(part, msgspec.Raw) else part


def _checked(hook: Hook, asked: Asked) -> dict[str, Any]:
    """The context of a well-formed request. Raises ``ApiError`` 400 that names the field."""
    for field, value in (("hook", asked.hook), ("hookInstance", asked.hook_instance)):
        if not isinstance(value, str) or not value:
            raise bad_field(field, "is required and must be a string")
    if asked.hook != hook.hook:
        raise bad_field("hook", f"must be {hook.hook!r} for this service, not {asked.hook!r}")
    if bytes(asked.context) == bytes(_NOTHING):
        raise bad_field("context", "is required and must be an object")
    context = members(asked.context, "context")
    for field, kind in hook.context.items():
        opening, called = _TYPES[kind]
        part = bytes(context.get(field) or b"")
        if not part.startswith(opening) or not part[1:-1].strip():
            raise bad_field(f"context.{field}", f"is required and must be {called}")
    if asked.fhir_authorization is not None and not asked.fhir_server:
        raise bad_field("fhirServer", "is required when fhirAuthorization is given")
    return context


def _feedback(service: str, entry: Any, path: str) -> Feedback:
    if not isinstance(entry, dict):
        raise bad_field(path, "must be an object")
    card, outcome = entry.get("card"), entry.get("outcome")
    if not isinstance(card, str) or not card or len(card) > 36:
        raise bad_field(f"{path}.card", "is required: the uuid of the card")
    if outcome not in _OUTCOMES:
        raise bad_field(f"{path}.outcome", "must be 'accepted' or 'overridden'")
    at = moment(entry.get("outcomeTimestamp"), f"{path}.outcomeTimestamp")
    if at is None:
        raise bad_field(f"{path}.outcomeTimestamp", "is required")
    reason = entry.get("overrideReason") or {}
    if not isinstance(reason, dict):
        raise bad_field(f"{path}.overrideReason", "must be an object")
    comment = str(reason.get("userComment", ""))
    return Feedback(card, service, outcome, at, _reason(reason, path), _accepted(entry, path), comment)


def _reason(reason: Json, path: str) -> str:
    coding = reason.get("reason") or {}
    if not isinstance(coding, dict):
        raise bad_field(f"{path}.overrideReason.reason", "must be a Coding")
    return str(coding.get("code", ""))[:80]


def _accepted(entry: Json, path: str) -> tuple[str, ...]:
    accepted = entry.get("acceptedSuggestions") or []
    if not isinstance(accepted, list) or not all(isinstance(s, dict) and s.get("id") for s in accepted):
        raise bad_field(f"{path}.acceptedSuggestions", "must be an array of objects with an id")
    return tuple(str(s["id"]) for s in accepted)


__all__ = ["EXTENSION", "CdsHooks", "HookLine", "incoming_of", "sent_orders", "unmapped_json"]
