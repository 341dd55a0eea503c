"""Alarms about connected systems, on both databases: what counts as wrong, raised once, told again, escalated, ended;
quiet hours, acknowledgement, tenancy; what goes out by each channel."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import new as hmac
from typing import Any

import httpx
import msgspec
import orjson
import pytest
from sqlalchemy import Engine, select

from base.keyring import KeyRing, reseal
from base.refusal import TakenError
from base.spread import spread
from base.tenancy import Scope, acting, guard, system
from records.traffic import Kind, System
from records.traffic_figures import Figures, Health
from supervision.operations.alarms import Alarms, Event, MissingAlarmError, Step
from supervision.operations.channels import MailServer, Outlets, SmsGateway, UntoldError, filled, tell
from supervision.operations.conditions import Judged, judged
from supervision.operations.letters import Letters
from supervision.operations.policy import (
    DEFAULT,
    Limits,
    Mail,
    Message,
    Own,
    Policy,
    PolicyError,
    Quiet,
    Severity,
    Sms,
    Webhook,
    checked,
)
from supervision.operations.policy_store import SHIPPED, Policies
from supervision.operations.posting import post
from supervision.operations.queue import TRIES
from supervision.operations.tables import policies
from tests.mail_server import Post

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HIS = System("league/a/h1", Kind.CLIENT, "his")
SUBSCRIBER = System("league/a/h1", Kind.SUBSCRIPTION, "s1")
WELL = Health(HIS, "HIS", expected=True, seen=NOW)


def figures(done: int, failed: int, seconds: float = 0.5) -> Figures:
    return Figures(done + failed, done, failed, spread([seconds] * done))


def hours(*each: Figures) -> tuple[tuple[datetime, Figures], ...]:
    """The newest first."""
    return tuple((NOW - n * timedelta(hours=1), one) for n, one in enumerate(each))


# -- what counts as wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("health", "wrong", "unknown"),
    [
        (WELL, (), ("success", "latency")),
        (WELL._replace(seen=NOW - 30 * MINUTE), (), ("success", "latency")),
        (WELL._replace(seen=NOW - 31 * MINUTE), ("offline",), ("success", "latency")),
        (WELL._replace(seen=None), (), ("offline", "success", "latency")),
        (WELL._replace(seen=NOW - 31 * MINUTE, expected=False), (), ("success", "latency")),
        (WELL._replace(seen=NOW - 31 * MINUTE, retired=True), (), ()),
        (WELL._replace(hours=hours(figures(95, 5))), (), ()),
        (WELL._replace(hours=hours(figures(94, 6))), ("success",), ()),
        (WELL._replace(hours=hours(figures(9, 9))), (), ("success", "latency")),
        (WELL._replace(hours=hours(figures(9, 9), figures(100, 0))), ("success",), ()),
        (WELL._replace(hours=hours(figures(30, 0), figures(0, 100))), (), ()),
        (WELL._replace(hours=hours(figures(30, 0, seconds=400))), ("latency",), ()),
        (WELL._replace(backlog=10_001), ("backlog",), ("success", "latency")),
        (WELL._replace(dead=1_001), ("dead-letters",), ("success", "latency")),
        (
            Health(SUBSCRIBER, trouble="ConnectError", oldest=NOW - 31 * MINUTE, backlog=3),
            ("undelivered",),
            ("success", "latency"),
        ),
        (Health(SUBSCRIBER, trouble="ConnectError", oldest=NOW - 5 * MINUTE), (), ("success", "latency")),
        (Health(SUBSCRIBER, seen=NOW - 300 * MINUTE), (), ("success", "latency")),
    ],
    ids=[
        "well",
        "silent for 30 minutes",
        "silent for more than 30 minutes",
        "never heard of: not known",
        "sends by hand: may be silent",
        "out of service",
        "95 of 100 stored",
        "94 of 100 stored",
        "too few of the day to judge",
        "few in this hour: the hour before counts too",
        "well again for an hour",
        "nearly all took 400 seconds",
        "too many wait",
        "too many given up",
        "a subscriber takes nothing for more than 30 minutes",
        "a subscriber takes nothing for 5 minutes",
        "nothing to tell a subscriber",
    ],
)
def test_what_counts_as_wrong(health: Health, wrong: tuple[str, ...], unknown: tuple[str, ...]) -> None:
    found = {one.condition.name: one.verdict.holds for one in judged(health, Limits(), NOW)}
    assert tuple(name for name, holds in found.items() if holds) == wrong
    assert tuple(name for name, holds in found.items() if holds is None) == unknown


def test_a_system_may_have_limits_of_its_own_and_checks_be_switched_off() -> None:
    policy = Policy(systems={"client/his": Own(offline_minutes=0, backlog=5)})
    limits = policy.limits_of("client/his")
    gone = WELL._replace(seen=NOW - timedelta(days=3), backlog=6)
    assert [one.condition.name for one in judged(gone, limits, NOW) if one.verdict.holds] == ["backlog"]
    assert policy.limits_of("client/other") == Limits()


def test_an_alarm_says_what_was_measured_in_chinese_time() -> None:
    (told,) = (one.verdict.measured for one in judged(WELL, Limits(), NOW + 45 * MINUTE) if one.verdict.holds)
    assert told == "最近一次通信于 2026-03-01 18:00，已 45 分钟（上限 30 分钟）"


# -- policies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        (Policy(limits=Limits(offline_minutes=-1)), "limits.offlineMinutes"),
        (Policy(limits=Limits(success_percent=101)), "limits.successPercent"),
        (Policy(systems={"client/x": Own(backlog=-1)}), "systems.client/x.backlog"),
        (Policy(renew_minutes=float("nan")), "renewMinutes"),
        (Policy(quiet=Quiet("25:00", "07:00")), "quiet.since"),
        (Policy(channels=(Webhook(name="a", url="http://evil/x"),)), "channels[0].url"),
        (Policy(channels=(Webhook(name="a", url="file:///etc/passwd"),)), "channels[0].url"),
        (Policy(channels=(Sms(name="a", phones=("打电话",)),)), "channels[0].phones[0]"),
        (Policy(channels=(Mail(name="a", to=()),)), "channels[0].to"),
        (Policy(channels=(Mail(name="a", to=("a@b\r\nBcc: c@d",)),)), "channels[0].to[0]"),
        (Policy(channels=(Message(name="a"), Message(name="a"))), "channels[1].name"),
        (Policy(channels=(Message(name="a/b"),)), "channels[0].name"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_by_field(policy: Policy, field: str) -> None:
    with pytest.raises(PolicyError) as refused:
        checked(policy, ["hooks.example.org"])
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("at", "severity", "due"),
    [
        ("2026-03-01T21:59+08:00", "warning", "2026-03-01T21:59+08:00"),
        ("2026-03-01T22:00+08:00", "warning", "2026-03-02T07:00+08:00"),
        ("2026-03-02T06:59+08:00", "warning", "2026-03-02T07:00+08:00"),
        ("2026-03-02T07:00+08:00", "warning", "2026-03-02T07:00+08:00"),
        ("2026-03-01T23:30+08:00", "critical", "2026-03-01T23:30+08:00"),
    ],
)
def test_what_is_not_grave_waits_for_the_end_of_quiet_hours(at: str, severity: str, due: str) -> None:
    policy = Policy(quiet=Quiet("22:00", "07:00"))
    assert policy.due(Severity(severity), datetime.fromisoformat(at)) == datetime.fromisoformat(due)


def test_quiet_hours_may_lie_within_a_day() -> None:
    policy = Policy(quiet=Quiet("12:00", "14:00"))
    for at, due in (("11:59", "11:59"), ("12:30", "14:00"), ("14:00", "14:00")):
        found = policy.due(Severity.WARNING, datetime.fromisoformat(f"2026-03-01T{at}+08:00"))
        assert found == datetime.fromisoformat(f"2026-03-01T{due}+08:00")


@pytest.fixture
def ring(engine: Engine) -> KeyRing:
    return KeyRing(guard(engine), bytes(16))


@pytest.fixture
def at_work(engine: Engine) -> Iterator[None]:
    guard(engine)
    with system("test"):
        yield


@pytest.mark.usefixtures("at_work")
def test_the_nearest_policy_above_an_institution_holds_for_it(engine: Engine, ring: KeyRing) -> None:
    held = Policies(engine, ring)
    assert held.of("league/a/h1") == SHIPPED
    county, own = Policy(renew_minutes=1), Policy(renew_minutes=2)
    held.put("league/a", county, "wang", NOW, 0)
    assert held.of("league/a/h1").policy == county
    assert held.of("league/b/h2") == SHIPPED
    held.put("league/a/h1", own, "li", NOW, 0)
    assert (held.of("league/a/h1").policy, held.of("league/a/h2").policy) == (own, county)


@pytest.mark.usefixtures("at_work")
def test_of_two_who_change_a_policy_the_second_is_told(engine: Engine, ring: KeyRing) -> None:
    held = Policies(engine, ring)
    held.put("league/a", DEFAULT, "wang", NOW, 0)
    held.put("league/a", DEFAULT, "wang", NOW, 1)
    with pytest.raises(TakenError, match="他人修改"):
        held.put("league/a", DEFAULT, "li", NOW, 1)


@pytest.mark.usefixtures("at_work")
def test_how_staff_are_reached_is_sealed_and_survives_a_new_key(engine: Engine, ring: KeyRing) -> None:
    held = Policies(engine, ring)
    policy = Policy(channels=(Sms(name="值班", phones=("13800138000",)),))
    held.put("league/a", policy, "wang", NOW, 0)
    with engine.connect() as connection:
        assert "13800138000" not in repr(connection.execute(select(policies)).one())
    ring.rotate()
    reseal(engine, ring)
    assert held.of("league/a").policy == policy


# -- the life of an alarm ------------------------------------------------------------------------------

CALL = Webhook(name="值班群", url="http://hooks.example.org/x")
BOSS = Message(name="主任", escalation=True)
TOLD = Policy(channels=(CALL, Message(name="站内"), BOSS), renew_minutes=240, escalate_minutes=60)


class Watch:
    """Judging one system again and again."""

    def __init__(self, engine: Engine, policy: Policy = TOLD) -> None:
        self.alarms, self.letters, self.policy = Alarms(engine), Letters(engine), policy
        self.sent: list[tuple[str, str]] = []

    def look(self, health: Health | None, now: datetime) -> list[Event]:
        return [step.event for step in self.steps(health, now)]

    def steps(self, health: Health | None, now: datetime) -> list[Step]:
        found: list[Judged] = [] if health is None else list(judged(health, self.policy.limits, now))
        return self.alarms.settle(found, lambda tenant: self.policy, now)

    def told(self, now: datetime) -> list[tuple[str, str]]:
        """What is due now goes out."""
        mine = self.letters.claim(now)
        for letter in mine:
            self.letters.sent(letter, now)
        return [(letter.event.value, letter.channel) for letter in mine]


@pytest.fixture
def watch(engine: Engine, at_work: None) -> Watch:
    return Watch(engine)


SILENT = WELL._replace(seen=NOW - 31 * MINUTE)


def test_an_alarm_is_raised_once_and_told_by_the_channels_that_are_not_for_escalation(watch: Watch) -> None:
    assert watch.look(SILENT, NOW) == [Event.RAISED]
    assert watch.look(SILENT, NOW + MINUTE) == []
    assert watch.told(NOW) == [("raised", "webhook/值班群"), ("raised", "message/站内")]
    assert watch.told(NOW + MINUTE) == []
    (alarm,) = watch.alarms.listed()
    assert (alarm.system, alarm.condition, alarm.severity) == (HIS, "offline", Severity.CRITICAL)
    assert "已 32 分钟" in alarm.measured, "what is measured is kept up to date"


def test_processes_that_judge_at_once_raise_one_alarm(engine: Engine, at_work: None) -> None:
    def one(_: int) -> list[Event]:
        with system("another process"):
            return Watch(engine).look(SILENT, NOW)

    with ThreadPoolExecutor(4) as pool:
        assert sum(map(len, pool.map(one, range(4)))) == 1
    assert len(Letters(engine).claim(NOW)) == 2


def test_an_alarm_ends_when_it_is_over_and_whoever_was_told_hears_of_it(watch: Watch) -> None:
    watch.look(SILENT, NOW)
    watch.told(NOW)
    assert watch.look(WELL._replace(seen=NOW + 5 * MINUTE), NOW + 5 * MINUTE) == [Event.ENDED]
    assert watch.told(NOW + 5 * MINUTE) == [("ended", "message/站内"), ("ended", "webhook/值班群")]
    assert watch.alarms.listed() == []
    assert watch.alarms.listed(standing=False)[0].ended == NOW + 5 * MINUTE
    again = WELL._replace(seen=NOW + 5 * MINUTE)
    assert watch.look(again, NOW + 60 * MINUTE) == [Event.RAISED], "the same may be raised anew"


def test_what_is_over_before_anybody_was_told_is_not_told(engine: Engine, at_work: None) -> None:
    night = datetime(2026, 3, 1, 16, tzinfo=UTC)  # midnight in China
    watch = Watch(engine, msgspec.structs.replace(TOLD, quiet=Quiet("22:00", "07:00")))
    stuck = WELL._replace(seen=night, backlog=10_001)
    assert watch.look(stuck, night) == [Event.RAISED]
    assert watch.told(night) == []
    assert watch.look(WELL._replace(seen=night), night + 5 * MINUTE) == [Event.ENDED]
    assert watch.told(night + timedelta(hours=12)) == []


def test_what_is_not_known_neither_raises_nor_ends(watch: Watch) -> None:
    failing = WELL._replace(hours=hours(figures(10, 90)))
    assert watch.look(failing, NOW) == [Event.RAISED]
    assert watch.look(WELL._replace(seen=NOW + MINUTE), NOW + MINUTE) == []
    assert [alarm.condition for alarm in watch.alarms.listed()] == ["success"]


def test_an_alarm_of_a_system_that_is_gone_ends(watch: Watch) -> None:
    watch.look(SILENT, NOW)
    assert watch.look(None, NOW + MINUTE) == [Event.ENDED]
    assert watch.alarms.listed(standing=False)[0].measured == "系统已不再接入"


def test_what_nobody_acknowledges_is_escalated_then_told_again(watch: Watch) -> None:
    watch.look(SILENT, NOW)
    watch.told(NOW)
    assert watch.look(SILENT, NOW + 59 * MINUTE) == []
    assert watch.look(SILENT, NOW + 60 * MINUTE) == [Event.ESCALATED]
    assert watch.told(NOW + 60 * MINUTE) == [
        ("escalated", "webhook/值班群"),
        ("escalated", "message/站内"),
        ("escalated", "message/主任"),
    ]
    assert watch.look(SILENT, NOW + 299 * MINUTE) == []
    assert watch.look(SILENT, NOW + 300 * MINUTE) == [Event.RENEWED]
    assert ("renewed", "message/主任") in watch.told(NOW + 300 * MINUTE)


def test_what_somebody_acknowledged_is_told_no_more_until_it_ends(watch: Watch) -> None:
    ((_, number),) = watch.steps(SILENT, NOW)
    watch.told(NOW)
    assert watch.alarms.acknowledge(number, "wang", "专线维修中", NOW + MINUTE).acknowledged_by == "wang"
    assert watch.alarms.acknowledge(number, "li", "", NOW + 2 * MINUTE).acknowledged_by == "wang", "the first stays"
    assert watch.look(SILENT, NOW + timedelta(days=2)) == []
    assert watch.look(WELL._replace(seen=NOW + timedelta(days=2)), NOW + timedelta(days=2)) == [Event.ENDED]
    assert len(watch.told(NOW + timedelta(days=2))) == 2


def test_acknowledging_holds_back_what_was_not_told_yet(watch: Watch) -> None:
    ((_, number),) = watch.steps(SILENT, NOW)
    watch.alarms.acknowledge(number, "wang", "", NOW)
    assert watch.told(NOW) == []


def test_only_channels_for_alarms_that_grave_are_used(engine: Engine, at_work: None) -> None:
    grave = Sms(name="值班", phones=("13800138000",), least=Severity.CRITICAL)
    watch = Watch(engine, Policy(channels=(grave, Message(name="站内"))))
    watch.look(WELL._replace(backlog=10_001), NOW)
    assert watch.told(NOW) == [("raised", "message/站内")]
    watch.look(SILENT._replace(backlog=10_001), NOW)
    assert ("raised", "sms/值班") in watch.told(NOW)


def test_pages_lose_none_of_the_alarms_that_were_raised_at_one_instant(watch: Watch) -> None:
    for n, at in enumerate((NOW, NOW, NOW, NOW + MINUTE, NOW + MINUTE)):
        health = SILENT._replace(system=System("league/a/h1", Kind.CLIENT, f"his-{n}"))
        watch.alarms.settle(
            [*judged(health, watch.policy.limits, at)] + _still(watch), lambda tenant: watch.policy, at
        )
    whole, paged = watch.alarms.listed(), watch.alarms.listed(limit=2)
    while page := watch.alarms.listed(before=paged[-1].raised, last=paged[-1].id, limit=2):
        paged += page
    assert paged == whole
    assert [alarm.raised for alarm in whole] == [NOW + MINUTE] * 2 + [NOW] * 3
    assert len(watch.alarms.listed(before=NOW + MINUTE)) == 3, "a time alone is the earlier ones"


def _still(watch: Watch) -> list[Judged]:
    """What stands stands on."""
    standing = (SILENT._replace(system=alarm.system) for alarm in watch.alarms.listed())
    return [one for health in standing for one in judged(health, watch.policy.limits, NOW)]


def test_another_county_sees_no_alarm_and_acknowledges_none(watch: Watch) -> None:
    ((_, number),) = watch.steps(SILENT, NOW)
    watch.told(NOW)
    with acting(Scope("x", ("league/b",), ("league/b",))):
        assert watch.alarms.listed(standing=False) == []
        assert watch.letters.messages() == []
        assert watch.letters.of(number) == []
        with pytest.raises(MissingAlarmError):
            watch.alarms.acknowledge(number, "x", "", NOW)
    with acting(Scope("county", ("league/a",), ("league/a",))):
        assert [alarm.id for alarm in watch.alarms.listed()] == [number]


def test_messages_are_read_by_each_reader_once(watch: Watch) -> None:
    watch.look(SILENT, NOW)
    assert watch.letters.messages() == [], "not before it was due"
    watch.told(NOW)
    (message,) = watch.letters.messages()
    assert (watch.letters.unread("wang"), watch.letters.unread("li")) == (1, 1)
    watch.letters.read("wang", message.number)
    watch.letters.read("wang", 0)
    assert (watch.letters.unread("wang"), watch.letters.unread("li")) == (0, 1)


# -- going out -----------------------------------------------------------------------------------------


class Takes:
    """A receiver of HTTP calls that answers as it is told."""

    def __init__(self, *answers: int) -> None:
        self.got: list[httpx.Request] = []
        self.answers = list(answers)
        self.web = httpx.Client(transport=httpx.MockTransport(self._take))

    def _take(self, request: httpx.Request) -> httpx.Response:
        self.got.append(request)
        return httpx.Response(self.answers.pop(0) if self.answers else 200)

    def outlets(self, **more: Any) -> Outlets:
        return Outlets(self.web, lambda tenant: "阿左旗医院", ["hooks.example.org"], "shared", **more)


def posted(watch: Watch, outlets: Outlets, now: datetime) -> int:
    return post(watch.letters, lambda tenant: watch.policy, outlets, now)


def test_a_webhook_gets_the_alarm_signed(watch: Watch) -> None:
    receiver = Takes()
    watch.look(SILENT, NOW)
    assert posted(watch, receiver.outlets(), NOW) == 2
    (request,) = receiver.got
    assert request.headers["x-yigong-signature"] == hmac(b"shared", request.content, sha256).hexdigest()
    said = orjson.loads(request.content)
    assert (said["event"], said["alarm"]["system"], said["alarm"]["condition"]) == ("raised", "client/his", "offline")
    assert said["text"].startswith("【医共】告警（严重）阿左旗医院 接口客户端 his：节点离线，始于 03-01 18:00。")


def test_a_robot_of_a_group_gets_a_text_message(watch: Watch) -> None:
    receiver = Takes()
    watch.policy = Policy(channels=(Webhook(name="钉钉", url="https://hooks.example.org/robot", robot=True),))
    watch.look(SILENT, NOW)
    posted(watch, receiver.outlets(), NOW)
    said = orjson.loads(receiver.got[0].content)
    assert said["msgtype"] == "text"
    assert "节点离线" in said["text"]["content"]


def test_what_is_not_taken_goes_out_again_later_and_is_given_up_in_the_end(watch: Watch) -> None:
    receiver = Takes(*[503] * TRIES)
    ((_, number),) = watch.steps(SILENT, NOW)
    now = NOW
    for _ in range(TRIES + 3):
        posted(watch, receiver.outlets(), now)
        now += timedelta(hours=2)
    assert len(receiver.got) == TRIES
    told = {one.channel: one for one in watch.letters.of(number)}
    failed = told["webhook/值班群"]
    assert (failed.sent, failed.waits, failed.error) == (None, False, "对方返回 503")
    assert told["message/站内"].sent == NOW
    assert watch.letters.waiting() == {"waiting": 0, "failed": 1}


def test_a_letter_whose_sender_died_goes_out_by_another(watch: Watch) -> None:
    watch.look(SILENT, NOW)
    assert len(watch.letters.claim(NOW)) == 2
    assert watch.letters.claim(NOW + MINUTE) == []
    assert len(watch.letters.claim(NOW + 3 * MINUTE)) == 2


def test_a_channel_taken_out_of_the_policy_is_told_nothing(watch: Watch) -> None:
    receiver = Takes()
    ((_, number),) = watch.steps(SILENT, NOW)
    watch.policy = Policy(channels=(Message(name="站内"),))
    posted(watch, receiver.outlets(), NOW)
    assert receiver.got == []
    assert watch.letters.of(number)[0].error == "告警策略中已没有此渠道"


def test_a_host_taken_off_the_list_is_called_no_more(watch: Watch) -> None:
    watch.look(SILENT, NOW)
    (letter, _) = watch.letters.claim(NOW)
    with pytest.raises(UntoldError, match="YIGONG_WEBHOOK_HOSTS"):
        tell(CALL, letter, Outlets(Takes().web, str))


@pytest.mark.parametrize("form", [False, True])
def test_a_short_message_goes_to_each_phone_as_the_gateway_wants_it(watch: Watch, form: bool) -> None:
    receiver = Takes()
    gateway = SmsGateway(
        "https://sms.example.org/send",
        {"mobile": "{phone}", "content": "{text}", "sign": 3},
        {"X-Key": "k"},
        form=form,
    )
    watch.policy = Policy(channels=(Sms(name="值班", phones=("13800138000", "13900139000")),))
    watch.look(SILENT, NOW)
    posted(watch, receiver.outlets(sms=gateway), NOW)
    assert [request.headers["x-key"] for request in receiver.got] == ["k", "k"]
    body = receiver.got[1].content
    said = httpx.QueryParams(body.decode()) if form else orjson.loads(body)
    assert said["mobile"] == "13900139000"
    assert "节点离线" in said["content"]


def test_a_text_cannot_become_a_field_of_what_the_gateway_takes() -> None:
    made = filled({"to": ["{phone}"], "text": "{text}"}, {"phone": "1", "text": '","to":["2'})
    assert made == {"to": ["1"], "text": '","to":["2'}


@pytest.mark.parametrize(
    ("channel", "setting"),
    [
        (Sms(name="a", phones=("13800138000",)), "YIGONG_SMS_URL"),
        (Mail(name="a", to=("a@b.cn",)), "YIGONG_SMTP_HOST"),
    ],
)
def test_a_channel_without_its_gateway_says_which_setting_is_missing(
    watch: Watch, channel: Any, setting: str
) -> None:
    watch.look(SILENT, NOW)
    (letter, _) = watch.letters.claim(NOW)
    with pytest.raises(UntoldError, match=setting):
        tell(channel, letter, Takes().outlets())


def test_an_e_mail_goes_to_all_in_one_letter(watch: Watch) -> None:
    server = Post()
    watch.policy = Policy(channels=(Mail(name="信息科", to=("a@example.org", "b@example.org")),))
    watch.look(SILENT, NOW)
    mail = MailServer("127.0.0.1", server.port, sender="yigong@example.org", tls="none")
    posted(watch, Takes().outlets(mail=mail), NOW)
    server.close()
    letter = server.letter()
    assert server.letters[0].to == ["a@example.org", "b@example.org"]
    assert letter["from"] == "yigong@example.org"
    assert str(letter["subject"]).startswith("【医共】告警（严重）阿左旗医院")
    assert "已 31 分钟" in letter.get_content()


def test_a_mail_server_that_is_away_is_a_reason_and_no_crash(watch: Watch) -> None:
    watch.look(SILENT, NOW)
    (letter, _) = watch.letters.claim(NOW)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(UntoldError, match="ConnectionRefusedError"):
        tell(Mail(name="a", to=("a@b.cn",)), letter, Takes().outlets(mail=MailServer("127.0.0.1", port)))
