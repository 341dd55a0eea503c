"""The client of a language model, against a real server on this machine that speaks the protocol well and badly."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from nlp.event_stream import EventError, Events
from nlp.llm import Breaker, Endpoint, Fault, Message, Model, ModelError
from tests.chat_server import ChatServer, Reply, chat_server, chunk, letters, raw, says, silent, status

HELLO = [Message("system", "你是助手"), Message("user", "阿莫西林怎么用？")]
QUICK: dict[str, Any] = {"seconds": 5.0, "silence": 2.0, "connect": 1.0, "pause": 0.01}


def ask(server: ChatServer, clean: Callable[[str], str] = str, **settings: Any) -> tuple[str, ModelError | None]:
    """What came, and what went wrong."""

    async def asked() -> tuple[str, ModelError | None]:
        model = Model(Endpoint(server.url, "m", "secret-key", **QUICK | settings), clean)
        said = []
        try:
            async for piece in model.stream(HELLO):
                said.append(piece)
        except ModelError as error:
            return "".join(said), error
        finally:
            await model.close()
        return "".join(said), None

    return asyncio.run(asked())


def fault(*replies: Reply, **settings: Any) -> tuple[str, Fault, int]:
    """What came before it went wrong, how, and how often the server was asked."""
    with chat_server(*replies) as server:
        said, error = ask(server, **settings)
    assert error is not None
    return said, error.fault, len(server.calls)


def test_an_answer_is_streamed_with_key_model_and_messages_sent_as_the_protocol_says() -> None:
    with chat_server(letters("成人口服，一次0.5g。[1]")) as server:
        said, error = ask(server)
    assert (said, error) == ("成人口服，一次0.5g。[1]", None)
    (call,) = server.calls
    assert call.path == "/v1/chat/completions"
    assert call.headers["Authorization"] == "Bearer secret-key"
    assert call.body["model"] == "m"
    assert call.body["stream"] is True
    assert call.body["messages"] == [{"role": role, "content": content} for role, content in HELLO]


def test_everything_that_is_sent_passes_the_last_door() -> None:
    with chat_server(says("好")) as server:
        ask(server, clean=lambda text: text.replace("阿莫西林", "某药"))
    assert "阿莫西林" not in server.told()


def test_a_server_that_does_not_stream_answers_too() -> None:
    body = {"choices": [{"message": {"content": [{"type": "text", "text": "可以"}]}, "finish_reason": "stop"}]}
    with chat_server(status(200, json.dumps(body))) as server:
        assert ask(server) == ("可以", None)


def test_what_a_model_thinks_aloud_is_not_its_answer() -> None:
    with chat_server(letters("<think>患者可能……</think>\n\n可以[1]。", 2), letters("<thin ice", 2)) as server:
        assert ask(server) == ("可以[1]。", None)
        assert ask(server) == ("<thin ice", None)
    thought = chunk(None, reasoning_content="想一想")
    with chat_server(raw(thought, chunk("好"), chunk(None, "stop"), "data: [DONE]\n\n")) as server:
        assert ask(server) == ("好", None)


def test_one_that_is_busy_is_asked_again_when_it_said_and_not_before() -> None:
    with chat_server(status(429, Retry_After="1"), says("好")) as server:
        began = time.monotonic()
        assert ask(server) == ("好", None)
        assert time.monotonic() - began >= 1.0
    assert len(server.calls) == 2


def test_a_date_to_come_again_at_is_understood() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    with chat_server(status(429, Retry_After=soon), says("好")) as server:
        assert ask(server) == ("好", None)


@pytest.mark.parametrize("when", ["9" * 5000, "soon", "-1"])
def test_a_time_to_come_again_that_is_none_breaks_nothing(when: str) -> None:
    with chat_server(status(429, Retry_After=when), says("好")) as server:
        assert ask(server) == ("好", None)


def test_nobody_waits_longer_for_a_busy_server_than_for_an_answer() -> None:
    with chat_server(status(429, Retry_After="120"), says("好")) as server:
        began = time.monotonic()
        said, error = ask(server)
        assert time.monotonic() - began < 2
    assert error is not None
    assert (said, error.fault, error.wait, len(server.calls)) == ("", Fault.BUSY, 120.0, 1)
    assert "120 秒后可重试" in str(error)


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_a_server_that_stumbles_is_asked_again(code: int) -> None:
    with chat_server(status(code), status(code), says("好")) as server:
        assert ask(server) == ("好", None)
    assert len(server.calls) == 3


def test_after_three_tries_it_is_enough() -> None:
    assert fault(status(500)) == ("", Fault.AWAY, 3)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 301])
def test_what_will_not_change_is_not_tried_again(code: int) -> None:
    said, found, calls = fault(status(code, Location="http://127.0.0.1:1/"))
    assert (said, found, calls) == ("", Fault.REFUSED, 1)


def test_a_server_that_is_not_there_is_told() -> None:
    with chat_server(says("好")) as server:
        pass
    said, error = ask(server)
    assert error is not None
    assert (said, error.fault) == ("", Fault.AWAY)
    assert "YIGONG_LLM_URL" in str(error)


@pytest.mark.parametrize("url", ["ftp://x/v1", "http://[::bad/v1", "nonsense"])
def test_an_address_that_is_none_is_told(url: str) -> None:
    async def asked() -> str:
        return await Model(Endpoint(url, "m", **QUICK), str).whole(HELLO)

    with pytest.raises(ModelError) as told:
        asyncio.run(asked())
    assert told.value.fault in (Fault.REFUSED, Fault.AWAY)


def test_silence_ends_the_wait() -> None:
    assert fault(silent(1.0), silence=0.2, tries=1) == ("", Fault.SLOW, 1)
    said, found, calls = fault(silent(1.0, chunk("好")), silence=0.2)
    assert (said, found, calls) == ("好", Fault.SLOW, 1), "what was said is not said again"


def test_a_trickle_that_never_ends_ends_in_time() -> None:
    trickle = [chunk("好")] * 100
    said, found, calls = fault(raw(*trickle, pause=0.05), seconds=0.5)
    assert (found, calls) == (Fault.SLOW, 1)
    assert 1 <= len(said) < 100


def test_a_server_that_hangs_up_in_the_middle_is_told_and_what_it_said_stands() -> None:
    assert fault(raw(chunk("一次0.5g"), chunk("，一日"), hang_up=True)) == ("一次0.5g，一日", Fault.BROKEN, 1)
    assert fault(raw(chunk("一次0.5g"))) == ("一次0.5g", Fault.BROKEN, 1), "an end without a reason is none"
    assert fault(raw(chunk("一次0.5g"), 'data: {"choices": [{"del')) == ("一次0.5g", Fault.BROKEN, 1)


def test_one_that_hangs_up_before_it_said_anything_is_asked_again() -> None:
    with chat_server(raw(hang_up=True), says("好")) as server:
        assert ask(server) == ("好", None)


@pytest.mark.parametrize(
    "body",
    [
        "data: no json\n\n",
        "data: [1, 2]\n\n",
        'data: {"choices": [3]}\n\n',
        "<html>proxy error</html>",
        b"data: \xff\xfe\n\n",
        "data: {}\n\ndata: [DONE]\n\n",
    ],
)
def test_what_is_not_the_protocol_is_told_and_not_guessed(body: str | bytes) -> None:
    said, found, _ = fault(raw(body), tries=1)
    assert said == ""
    assert found in (Fault.MALFORMED, Fault.BROKEN)


def test_a_piece_that_cannot_be_read_is_not_skipped() -> None:
    """Without it 不可 would become 可."""
    broken = raw(chunk("孕妇不"), "data: {oops\n\n", chunk("可用"), chunk(None, "stop"))
    assert fault(broken) == ("孕妇不", Fault.MALFORMED, 1)


def test_an_error_in_the_stream_is_one() -> None:
    told = 'data: {"error": {"message": "secret prompt", "code": 500}}\n\n'
    with chat_server(raw(told)) as server:
        said, error = ask(server)
    assert error is not None
    assert error.fault is Fault.AWAY
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("kind", "meant"),
    [("rate_limit_exceeded", Fault.BUSY), ("generation_error", Fault.AWAY), ("moderate", Fault.AWAY)],
)
def test_only_a_limit_of_calls_told_in_the_stream_is_one(kind: str, meant: Fault) -> None:
    with chat_server(raw(f'data: {{"error": {{"type": "{kind}"}}}}\n\n')) as server:
        _, error = ask(server)
    assert error is not None
    assert error.fault is meant


def test_an_answer_that_was_cut_says_so() -> None:
    assert fault(raw(chunk("一"), chunk(None, "length"), "data: [DONE]\n\n")) == ("一", Fault.CUT, 1)
    assert fault(raw(chunk("一"), chunk(None, "content_filter")))[1] is Fault.REFUSED
    said, found, _ = fault(raw(*[chunk("好" * 900)] * 80))
    assert found is Fault.CUT
    assert len(said) <= 60_000


def test_a_service_that_fails_again_and_again_is_left_alone_and_found_again() -> None:
    async def story(server: ChatServer) -> list[str]:
        model = Model(Endpoint(server.url, "m", **QUICK | {"tries": 1, "breaks": 2, "rest": 0.2}), str)
        told = []
        for wait in (0, 0, 0, 0.25, 0):
            await asyncio.sleep(wait)
            try:
                told.append(await model.whole(HELLO))
            except ModelError as error:
                told.append(error.fault.value)
        await model.close()
        return told

    with chat_server(status(500), status(500), says("好")) as server:
        assert asyncio.run(story(server)) == ["away", "away", "resting", "好", "好"]
        assert len(server.calls) == 4, "while it rests nobody asks it"


def test_one_alone_finds_out_whether_a_service_works_again() -> None:
    now = [0.0]
    breaker = Breaker(1, 10, lambda: now[0])
    breaker.failed()
    with pytest.raises(ModelError):
        breaker.admit()
    now[0] = 11.0
    breaker.admit()
    with pytest.raises(ModelError):
        breaker.admit()
    breaker.left()  # whoever tried went away without an answer
    breaker.admit()
    breaker.failed()
    now[0] = 20.0
    with pytest.raises(ModelError):
        breaker.admit()


def test_only_so_many_ask_at_a_time() -> None:
    async def crowd(server: ChatServer) -> None:
        model = Model(Endpoint(server.url, "m", **QUICK | {"calls": 2}), str)
        await asyncio.gather(*(model.whole(HELLO) for _ in range(6)))
        await model.close()

    now, most = [0], [0]

    def counted(call: Any) -> None:
        now[0] += 1
        most[0] = max(most[0], now[0])
        time.sleep(0.05)
        now[0] -= 1
        says("好")(call)

    with chat_server(counted) as server:
        asyncio.run(crowd(server))
    assert len(server.calls) == 6
    assert most[0] <= 2


def test_whoever_stops_listening_ends_the_call() -> None:
    async def leave(server: ChatServer) -> None:
        model = Model(Endpoint(server.url, "m", **QUICK | {"calls": 1}), str)
        stream = model.stream(HELLO)
        assert await anext(stream) == "好"
        await stream.aclose()
        assert await model.whole(HELLO) == "完"
        await model.close()

    with chat_server(raw(*[chunk("好")] * 200, pause=0.02), says("完")) as server:
        asyncio.run(leave(server))


def test_errors_and_settings_never_show_the_key() -> None:
    endpoint = Endpoint("http://x/v1", "m", "sk-secret")
    assert "secret" not in repr(endpoint)
    assert Endpoint("http://x/v1/chat/completions/", "m").address == "http://x/v1/chat/completions"


# -- server-sent events ------------------------------------------------------------------------


def test_events_may_be_cut_anywhere() -> None:
    text = 'data: {"a": "用量0.5g"}\r\n\r\n: beat\n\nevent: x\rdata:one\rdata: two\r\rdata: last'.encode()
    wanted = ['{"a": "用量0.5g"}', "one\ntwo", "last"]
    for seed in range(200):
        cuts = sorted(random.Random(seed).sample(range(1, len(text)), 6))
        events, found = Events(), []
        for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
            found += events.feed(text[start:end])
        assert [*found, *events.close()] == wanted, cuts


def test_a_line_separator_of_unicode_ends_no_line() -> None:
    assert list(Events().feed("data: 一\u2028二\x0b\x1c\n\n".encode())) == ["一\u2028二\x0b\x1c"]


def test_an_event_without_an_end_is_not_waited_for() -> None:
    with pytest.raises(EventError):
        list(Events(100).feed(b"data: " + b"x" * 200))
    with pytest.raises(EventError):
        list(Events(100).feed(b"data: aaaaaaaaaa\n" * 20))
