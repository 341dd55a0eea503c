"""A language model behind any OpenAI-compatible chat endpoint: streaming, patient with faults, never endless.

A call that may succeed later (429, 5xx, no connection) is tried again with growing pauses, ``Retry-After`` honoured,
as long as nothing was said yet. A server that fails again and again is left alone for a while (a circuit breaker), so
that nobody waits for it. Errors name what is wrong in Chinese and never hold what was sent or received.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from nlp.event_stream import EventError, Events

if TYPE_CHECKING:  # httpx takes a starting worker a tenth of a second
    import httpx

_log = logging.getLogger(__name__)
_PATH: Final = "/chat/completions"
_JSON: Final = "application/json"
_LONGEST_ANSWER: Final = 60_000
_LONGEST_BODY: Final = 4_000_000
_LONGEST_PAUSE: Final = 8.0
_PASSING: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""Statuses after which the same call may succeed."""
_TICK: Final = 0.01
_DONE: Final = "[DONE]"
_THINK: Final = ("<think>", "</think>")


class Fault(StrEnum):
    """What is wrong with a model's service."""

    UNSET = "unset"
    AWAY = "away"
    SLOW = "slow"
    BUSY = "busy"
    REFUSED = "refused"
    MALFORMED = "malformed"
    BROKEN = "broken"
    CUT = "cut"
    RESTING = "resting"


_SAID: Final = {
    Fault.UNSET: "未配置大语言模型 (YIGONG_LLM_URL、YIGONG_LLM_MODEL)",
    Fault.AWAY: "大语言模型服务无法连接或出错，请检查 YIGONG_LLM_URL 所指的服务",
    Fault.SLOW: "大语言模型服务未能在限定时间内答复 (YIGONG_LLM_SECONDS)",
    Fault.BUSY: "大语言模型服务限制了调用频率，请稍后再试",
    Fault.REFUSED: "大语言模型服务拒绝了请求，请检查 YIGONG_LLM_URL、YIGONG_LLM_KEY 和 YIGONG_LLM_MODEL",
    Fault.MALFORMED: "大语言模型服务返回的内容不符合 OpenAI 兼容格式，无法解析",
    Fault.BROKEN: "大语言模型服务在回答途中断开",
    Fault.CUT: "大语言模型的回答超出长度上限，已截断",
    Fault.RESTING: "大语言模型服务连续出错，已暂停调用，稍后自动恢复",
}


class ModelError(Exception):
    """Why a model gave no answer, or not all of it. ``wait`` seconds until it may be asked again, 0 when unknown;
    ``status`` of the HTTP answer, 0 without one."""

    def __init__(self, fault: Fault, wait: float = 0.0, status: int = 0) -> None:
        text = _SAID[fault] + (f" (HTTP {status})" if status else "")
        super().__init__(text + (f"；约 {round(wait)} 秒后可重试" if wait >= 1 else ""))
        self.fault, self.wait, self.status = fault, wait, status


class Message(NamedTuple):
    """A turn: ``role`` is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is and how patient we are. ``url`` is the base (``http://127.0.0.1:11434/v1``) or the whole
    address of chat completions. ``seconds`` for a whole answer, ``silence`` between two pieces of one; ``rest`` is
    how long the service is left alone after ``breaks`` failures in a row; ``calls`` at a time."""

    url: str
    model: str
    key: str = field(default="", repr=False)
    seconds: float = 60.0
    silence: float = 30.0
    connect: float = 5.0
    tries: int = 3
    pause: float = 0.5
    breaks: int = 5
    rest: float = 30.0
    tokens: int = 1500
    temperature: float = 0.0
    calls: int = 8

    @property
    def address(self) -> str:
        base = self.url.rstrip("/")
        return base if base.endswith(_PATH) else base + _PATH


class Breaker:
    """Lets calls through while a service works; after ``breaks`` failures in a row none for ``rest`` seconds, then
    one to see whether it works again. Of one event loop."""

    def __init__(self, breaks: int, rest: float, clock: Callable[[], float] = monotonic) -> None:
        self._breaks, self._rest, self._clock = breaks, rest, clock
        self._failures, self._trying = 0, False
        self._until, self._why = 0.0, Fault.RESTING

    def admit(self) -> None:
        """Raises ``ModelError`` while the service rests."""
        wait = self._until - self._clock()
        if wait > _TICK:
            raise ModelError(self._why, wait)
        if self._failures >= self._breaks:
            if self._trying:
                raise ModelError(Fault.RESTING)
            self._trying = True

    def succeeded(self) -> None:
        self._failures, self._trying = 0, False

    def failed(self) -> None:
        self._failures, self._trying = self._failures + 1, False
        if self._failures >= self._breaks:
            self._until, self._why = self._clock() + self._rest, Fault.RESTING

    def hold(self, seconds: float) -> None:
        """The service is there and said itself when to come again."""
        self._failures, self._trying = 0, False
        self._until, self._why = max(self._until, self._clock() + seconds), Fault.BUSY

    def left(self) -> None:
        """Whoever asked went away: that says nothing of the service."""
        self._trying = False


class Model:
    """One endpoint, of one event loop. ``clean`` is applied to everything that is sent, as the last door."""

    def __init__(self, endpoint: Endpoint, clean: Callable[[str], str]) -> None:
        self.endpoint, self._clean = endpoint, clean
        self.breaker = Breaker(endpoint.breaks, endpoint.rest)
        self._turns = asyncio.Semaphore(endpoint.calls)
        self._web: httpx.AsyncClient | None = None

    async def whole(self, messages: Sequence[Message]) -> str:
        """The answer in one piece. Raises ``ModelError``."""
        return "".join([piece async for piece in self.stream(messages)])

    async def stream(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
        """The answer, piece by piece as it is written. Raises ``ModelError``, also in the middle: what came before
        then stands, and is not all."""
        deadline = monotonic() + self.endpoint.seconds
        for attempt in count(1):
            said = False
            try:
                async with aclosing(self._guarded(messages, deadline)) as pieces:
                    async for piece in pieces:
                        said = True
                        yield piece
                return
            except ModelError as error:
                pause = self._pause(error, attempt)
                if said or pause is None or monotonic() + pause >= deadline:
                    _log.warning("model did not answer", extra={"error": error.fault.value, "status": error.status})
                    raise
                await asyncio.sleep(pause)

    async def close(self) -> None:
        """Close its connections."""
        if self._web is not None:
            web, self._web = self._web, None
            await web.aclose()

    def _pause(self, error: ModelError, attempt: int) -> float | None:
        """Seconds until the next try; None when there is none."""
        passing = error.fault in (Fault.AWAY, Fault.BUSY, Fault.SLOW, Fault.BROKEN) and error.status in (0, *_PASSING)
        if not passing or attempt >= self.endpoint.tries:
            return None
        grown = min(self.endpoint.pause * 2.0 ** (attempt - 1), _LONGEST_PAUSE)
        return max(error.wait, grown * random.uniform(0.8, 1.2))  # so that many do not come back at once

    async def _guarded(self, messages: Sequence[Message], deadline: float) -> AsyncGenerator[str, None]:
        """One try, told to the breaker."""
        self.breaker.admit()
        try:
            async with aclosing(self._once(messages, deadline)) as pieces:
                async for piece in pieces:
                    yield piece
        except ModelError as error:
            self._told(error)
            raise
        except BaseException:
            self.breaker.left()
            raise
        else:
            self.breaker.succeeded()

    def _told(self, error: ModelError) -> None:
        if error.fault is Fault.BUSY:
            self.breaker.hold(error.wait)
        elif error.fault in (Fault.REFUSED, Fault.CUT):
            self.breaker.succeeded()  # it is there and works
        else:
            self.breaker.failed()

    async def _once(self, messages: Sequence[Message], deadline: float) -> AsyncGenerator[str, None]:
        until = asyncio.get_running_loop().time() + deadline - monotonic()
        async with (
            self._turn(until),
            self._answer(messages, until) as answer,
            aclosing(_spoken(_pieces(answer))) as pieces,
        ):
            size = 0
            while (piece := await _next(pieces, until)) is not None:
                size += len(piece)
                if size > _LONGEST_ANSWER:
                    raise ModelError(Fault.CUT)
                yield piece

    @asynccontextmanager
    async def _turn(self, until: float) -> AsyncIterator[None]:
        """One of the calls that may be made at a time."""
        with _faults(Fault.SLOW):
            async with asyncio.timeout_at(until):
                await self._turns.acquire()
        try:
            yield
        finally:
            self._turns.release()

    @asynccontextmanager
    async def _answer(self, messages: Sequence[Message], until: float) -> AsyncIterator[httpx.Response]:
        """An answer whose status is good and whose body is yet to be read. Raises ``ModelError``."""
        with _faults(Fault.AWAY):
            web = self._client()
            request = web.build_request("POST", self.endpoint.address, content=self._body(messages))
            async with asyncio.timeout_at(until):
                answer = await web.send(request, stream=True)
        try:
            _good(answer)
            yield answer
        finally:
            await answer.aclose()

    def _client(self) -> httpx.AsyncClient:
        if self._web is None:
            import httpx

            e = self.endpoint
            waits = httpx.Timeout(e.silence, connect=e.connect)
            headers = {"Content-Type": _JSON, "Accept": f"text/event-stream, {_JSON}"}
            headers |= {"Authorization": f"Bearer {e.key}"} if e.key else {}
            self._web = httpx.AsyncClient(timeout=waits, headers=headers, follow_redirects=False)
        return self._web

    def _body(self, messages: Sequence[Message]) -> bytes:
        sent = [{"role": role, "content": self._clean(content)} for role, content in messages]
        e = self.endpoint
        rest = {"stream": True, "temperature": e.temperature, "max_tokens": e.tokens}
        return orjson.dumps({"model": e.model, "messages": sent, **rest})


@contextmanager
def _faults(otherwise: Fault) -> Iterator[None]:
    """What goes wrong with a connection, as a ``ModelError`` that holds nothing of what was sent or received."""
    import httpx

    try:
        yield
    except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout):
        raise ModelError(Fault.SLOW) from None
    except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.TooManyRedirects):
        raise ModelError(Fault.REFUSED) from None
    except (httpx.DecodingError, EventError):
        raise ModelError(Fault.MALFORMED) from None
    except (httpx.HTTPError, httpx.StreamError, OSError):
        raise ModelError(otherwise) from None


def _good(answer: httpx.Response) -> None:
    """Raises ``ModelError`` for a status other than 200."""
    status = answer.status_code
    if status == 200:
        return
    wait = _retry_after(answer.headers.get("retry-after", ""))
    if status == 429:
        raise ModelError(Fault.BUSY, wait, status)
    raise ModelError(Fault.AWAY if status in _PASSING or status >= 500 else Fault.REFUSED, wait, status)


def _retry_after(text: str) -> float:
    """Seconds of a ``Retry-After`` (a number or a date); 0 when it says neither."""
    if re.fullmatch(r"\s*\d{1,9}\s*", text):
        return float(min(int(text), 86_400))
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


async def _next(pieces: AsyncIterator[str], until: float) -> str | None:
    """The next piece, None at the end. Raises ``ModelError``."""
    with _faults(Fault.BROKEN):
        async with asyncio.timeout_at(until):
            return await anext(pieces, None)


async def _pieces(answer: httpx.Response) -> AsyncGenerator[str, None]:
    """The text of an answer as it comes: an event stream, or one JSON object where a server does not stream."""
    choices = _Choices()
    if answer.headers.get("content-type", "").startswith(_JSON):
        yield choices.said(await _read(answer), "message")
        choices.end()
        return
    events = Events()
    async for chunk in answer.aiter_bytes():
        for data in events.feed(chunk):
            if data.strip() == _DONE:
                choices.reason = choices.reason or "stop"
                choices.end()
                return
            yield choices.said(data, "delta")
    for data in events.close():
        if data.strip() == _DONE:
            choices.reason = choices.reason or "stop"
        elif data.rstrip().endswith("}"):  # else it was cut
            yield choices.said(data, "delta")
    choices.end()


async def _read(answer: httpx.Response) -> bytes:
    """A whole body. Raises ``ModelError`` when it is too long."""
    body = bytearray()
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > _LONGEST_BODY:
            raise ModelError(Fault.MALFORMED)
    return bytes(body)


class _Choices:
    """Reads ``choices[0]`` of objects of the protocol. ``reason`` is why the model ended, empty while it goes on."""

    def __init__(self) -> None:
        self.reason, self._any = "", False

    def said(self, data: bytes | str, member: str) -> str:
        """The text of an object; thoughts are none. Raises ``ModelError``."""
        try:
            told = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise ModelError(Fault.MALFORMED) from None
        if not isinstance(told, dict):
            raise ModelError(Fault.MALFORMED)
        if told.get("error"):
            raise ModelError(_fault_of(told["error"]))
        choices = told.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else {}
        if not isinstance(first, dict):
            raise ModelError(Fault.MALFORMED)
        self.reason = str(first.get("finish_reason") or "") or self.reason
        text = _content(first.get(member))
        self._any = self._any or bool(text)
        return text

    def end(self) -> None:
        """Raises ``ModelError`` when the answer is not all there is to it."""
        if not self.reason:
            raise ModelError(Fault.BROKEN)
        if self.reason == "content_filter":
            raise ModelError(Fault.REFUSED)
        if self.reason == "length":
            raise ModelError(Fault.CUT)
        if not self._any:
            raise ModelError(Fault.MALFORMED)


def _content(part: Any) -> str:
    """The text of a message or of a piece of one: a text, or a list of typed parts."""
    content = part.get("content") if isinstance(part, dict) else None
    if isinstance(content, list):
        texts = [one.get("text") for one in content if isinstance(one, dict) and one.get("type", "text") == "text"]
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def _fault_of(error: Any) -> Fault:
    """An error told within an answer."""
    words = str([error.get("code"), error.get("type")] if isinstance(error, dict) else error).lower()
    return Fault.BUSY if re.search(r"429|rate.?limit", words) else Fault.AWAY


async def _spoken(pieces: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    """Without what some models think aloud before they answer (``<think>…</think>``)."""
    begin, end = _THINK
    held, begun = "", False
    async with aclosing(pieces):
        async for piece in pieces:
            held = held + piece if begun else (held + piece).lstrip()
            if not begun and held.startswith(begin):
                thought, ended, rest = held.partition(end)
                held = rest.lstrip() if ended else begin + thought[len(begin) :][-len(end) :]
            begun = begun or not (held.startswith(begin) or begin.startswith(held))
            if begun and held:
                yield held
                held = ""
    if held and not held.startswith(begin):
        yield held
