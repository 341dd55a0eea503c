"""Connected systems as operators see them: from messages that fail to an alarm, a message, an acknowledgement, and
well again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from typer.testing import CliRunner

from api import terminal
from api.bootstrap import key_ring
from api.cli import app
from api.doctor import checks
from api.intake import worker
from api.overseeing import Overseer, web
from api.routes.systems import EXAMPLES
from base.tenancy import system
from knowledge.workers import report
from tests.authority import Authority
from tests.exchange_site import bundle
from tests.integration.staffed import COUNTY, HOSPITAL, OTHER, Staffed, staffed
from tests.mail_server import Post

BASE = "/api/v1/operations"
FHIR = {"Content-Type": "application/fhir+json"}


class Hospital:
    """An installation with a hospital's system that sends, and staff of the county and of another hospital."""

    def __init__(self, made: Staffed) -> None:
        self.made = made
        made.add("wang", COUNTY, "data-manager")
        made.add("other", OTHER, "data-manager")
        made.add("doctor", HOSPITAL, "clinician")
        self.wang, self.other, self.doctor = (made.bearer(name) for name in ("wang", "other", "doctor"))
        secret = made.machine("his", HOSPITAL, title="医院信息系统", permissions=("exchange.send", "record.write"))
        self.his = made.token("his", secret)
        self.ring = key_ring(made.house)
        self.overseer = Overseer(made.house, self.ring)

    def get(self, path: str, by: dict[str, str] | None = None, **query: Any) -> Any:
        return self.made.client.get(f"{BASE}{path}", params=query, headers=by or self.wang)

    def post(self, path: str, body: Any, by: dict[str, str] | None = None) -> Any:
        return self.made.client.post(f"{BASE}{path}", json=body, headers=by or self.wang)

    def send(self, number: int, *, sound: bool = True) -> None:
        raw = bundle(f"m{number}", f"p{number}") if sound else b"nonsense %d" % number
        answer = self.made.client.post("/api/v1/exchange/fhir", content=raw, headers=self.his | FHIR)
        assert answer.status_code == 202, answer.text

    def work(self) -> None:
        worker(self.made.house, self.ring).drain()

    def look(self, minutes: int = 0) -> list[str]:
        """What changes when somebody looks so many minutes from now."""
        now = datetime.now(UTC) + timedelta(minutes=minutes)
        steps = [step.event.value for step in self.overseer.look(now)]
        with web() as client:
            self.overseer.tell(client, now)
        return steps

    def known(self) -> Any:
        return self.get("/systems").json()["systems"]


@pytest.fixture
def hospital(starter_dir: Path, tmp_path: Path) -> Iterator[Hospital]:
    made = staffed(starter_dir, tmp_path)
    yield Hospital(made)
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


def test_a_registered_system_that_never_sent_is_listed_and_raises_no_alarm(hospital: Hospital) -> None:
    assert hospital.look() == []
    (his,) = hospital.known()
    assert (his["system"], his["title"], his["state"], his["lastSeen"]) == (
        "client/his",
        "医院信息系统",
        "never",
        None,
    )
    assert his["lastDay"]["successPercent"] is None


def test_a_system_that_falls_silent_is_alarmed_acknowledged_and_well_again(hospital: Hospital) -> None:
    hospital.send(1)
    hospital.work()
    assert hospital.look() == []
    (his,) = hospital.known()
    assert (his["state"], his["lastDay"]["arrived"], his["lastDay"]["successPercent"]) == ("well", 1, 100.0)
    assert his["lastDay"]["p95Seconds"] > 0
    assert hospital.look(31) == ["raised"]
    assert hospital.look(32) == []
    page = hospital.get("/alarms", limit=1).json()
    assert hospital.get("/alarms", before=page["next"]).json() == {"alarms": [], "next": ""}
    (alarm,) = page["alarms"]
    assert (alarm["title"], alarm["severityTitle"], alarm["system"]) == ("节点离线", "严重", "client/his")
    assert hospital.known()[0]["stateTitle"] == "离线"
    (message,) = hospital.get("/messages").json()["messages"]
    assert "节点离线" in message["text"]
    assert hospital.post("/messages/read", {"upto": message["number"]}).json() == {"unread": 0}
    told = hospital.post(f"/alarms/{alarm['id']}/acknowledgement", EXAMPLES["acknowledgement"])
    assert (told.status_code, told.json()["acknowledgedBy"]) == (200, "wang"), told.text
    assert hospital.made.audited("operations.alarm.acknowledge")[0]["actor"] == "wang"
    beat = hospital.post("/heartbeats", EXAMPLES["beat"], hospital.his)
    assert beat.json()["system"] == "client/his", beat.text
    assert hospital.look(5) == ["ended"]
    assert hospital.get("/alarms").json()["alarms"] == []
    (over,) = hospital.get("/alarms", status="all").json()["alarms"]
    letters = hospital.get(f"/alarms/{over['id']}/letters").json()["letters"]
    assert [(one["eventTitle"], one["state"]) for one in letters] == [("告警", "sent"), ("告警恢复", "sent")]


def test_messages_that_cannot_be_stored_are_alarmed_below_95_per_cent(hospital: Hospital) -> None:
    for number in range(20):
        hospital.send(number, sound=number > 1)
    hospital.work()
    assert hospital.look() == ["raised"]
    (alarm,) = hospital.get("/alarms").json()["alarms"]
    assert (alarm["condition"], alarm["measured"]) == (
        "success",
        "最近 20 条中 2 条失败，成功率 90.0%（下限 95%）",
    )
    (his,) = hospital.known()
    assert (his["state"], his["deadLetters"], his["alarms"]) == ("ill", 2, ["success"])
    shown = hospital.made.client.get("/metrics").text
    assert f'yigong_system_success_ratio{{system="client/his",tenant="{HOSPITAL}"}} 0.9' in shown
    assert 'yigong_alarms{acknowledged="no",condition="success",severity="critical"} 1.0' in shown
    (hour,) = hospital.get("/systems/hours", system="client/his").json()["hours"]
    assert (hour["arrived"], hour["done"], hour["failed"], hour["tenant"]) == (20, 18, 2, HOSPITAL)


def test_low_success_and_silence_are_told_by_e_mail_through_a_server_that_the_hospitals_authority_vouches_for(
    starter_dir: Path, tmp_path: Path
) -> None:
    authority = Authority(tmp_path, "hospital")
    certificate, key, _ = authority.issue("mail", ExtendedKeyUsageOID.SERVER_AUTH)
    post = Post("starttls", (certificate, key), login=("yigong", "geheim"))
    server = {"smtp_host": "127.0.0.1", "smtp_port": post.port, "smtp_ca_file": authority.file}
    who = {"smtp_user": "yigong", "smtp_password": "geheim", "smtp_from": "yigong@example.org"}
    made = staffed(starter_dir, tmp_path, **server, **who)
    hospital = Hospital(made)
    mail = {"channels": [{"kind": "mail", "name": "信息科", "to": ["duty@example.org"]}]}
    put = made.client.put(f"{BASE}/policy", json={"policy": mail, "version": 0}, headers=hospital.wang)
    assert put.status_code == 200, put.text
    for number in range(20):
        hospital.send(number, sound=number > 1)
    hospital.work()
    assert (hospital.look(), hospital.look(31)) == (["raised"], ["raised"])
    subjects = [letter.mail["subject"] for letter in post.letters]
    assert ["采集成功率低" in subjects[0], "节点离线" in subjects[1], len(subjects)] == [True, True, 2]
    assert {(letter.encrypted, letter.login) for letter in post.letters} == {(True, "yigong")}
    assert "成功率 90.0%（下限 95%）" in post.letters[0].mail.get_content()
    assert "已 31 分钟（上限 30 分钟）" in post.letters[1].mail.get_content()
    post.close()
    made.client.__exit__(None, None, None)
    made.house.engine.dispose()


def test_a_rate_of_few_messages_is_shown_to_no_watchman(hospital: Hospital) -> None:
    hospital.send(1, sound=False)
    hospital.work()
    hospital.look()
    shown = hospital.made.client.get("/metrics").text
    assert "yigong_system_success_ratio{" not in shown
    assert f'yigong_system_dead_letters{{system="client/his",tenant="{HOSPITAL}"}} 1.0' in shown


def test_others_see_and_change_nothing(hospital: Hospital) -> None:
    hospital.send(1)
    hospital.look(31)
    number = hospital.get("/alarms").json()["alarms"][0]["id"]
    assert hospital.get("/systems", hospital.other).json() == {"systems": []}
    assert hospital.get("/alarms", hospital.other, status="all").json() == {"alarms": [], "next": ""}
    assert hospital.get("/systems/hours", hospital.other).json() == {"hours": []}
    assert hospital.get("/messages", hospital.other).json() == {"messages": [], "unread": 0}
    assert hospital.get(f"/alarms/{number}/letters", hospital.other).json() == {"letters": []}
    assert hospital.post(f"/alarms/{number}/acknowledgement", {}, hospital.other).status_code == 404
    assert hospital.post("/systems/retirement", EXAMPLES["retirement"], hospital.other).status_code == 403
    assert hospital.post("/heartbeats", {"tenant": OTHER}, hospital.his).status_code == 403
    for path in ("/systems", "/alarms", "/messages", "/policy", "/systems/hours", "/service"):
        assert hospital.get(path, hospital.doctor).status_code == 403, path


def test_yigong_itself_tells_what_it_serves_and_which_worker_lags_behind(hospital: Hospital) -> None:
    lagging = {"name": "node-2:7", "release": "0" * 64, "fault": "not signed"}
    report(hospital.made.house.engine, *lagging.values(), datetime.now(UTC))
    told = hospital.get("/service").json()
    assert told["release"] == told["active"] == hospital.made.house.releases.active()
    assert told["database"] == "ok"
    assert "releaseFault" not in told
    assert lagging.items() <= next(one for one in told["workers"] if one["name"] == "node-2:7").items()


def test_one_taken_out_of_service_is_alarmed_no_more(hospital: Hospital) -> None:
    hospital.send(1)
    assert hospital.look(31) == ["raised"]
    retired = {"tenant": HOSPITAL, "system": "client/his", "why": "旧系统下线"}
    assert hospital.post("/systems/retirement", retired).status_code == 200
    assert hospital.look(40) == ["ended"]
    assert hospital.known()[0]["state"] == "retired"
    assert hospital.post("/systems/retirement", retired | {"system": "client/none"}).status_code == 404
    assert hospital.post("/systems/retirement", retired | {"system": "fax/1"}).status_code == 400


def test_a_county_sets_its_own_limits_and_channels(hospital: Hospital) -> None:
    assert hospital.get("/policy", tenant=HOSPITAL).json()["version"] == 0
    client = hospital.made.client
    put = client.put(f"{BASE}/policy", json=EXAMPLES["policy"], headers=hospital.wang)
    assert (put.status_code, put.json()["version"], put.json()["tenant"]) == (200, 1, COUNTY), put.text
    held = hospital.get("/policy", tenant=HOSPITAL).json()
    assert (held["tenant"], held["policy"]["quiet"]["since"]) == (COUNTY, "22:00")
    again = client.put(f"{BASE}/policy", json=EXAMPLES["policy"], headers=hospital.wang)
    assert (again.status_code, "重新读取" in again.text) == (409, True)
    wrong = EXAMPLES["policy"] | {"policy": {"limits": {"offlineMinuten": 1}}, "version": 1}
    assert client.put(f"{BASE}/policy", json=wrong, headers=hospital.wang).status_code == 400
    assert client.put(f"{BASE}/policy", json=wrong, headers=hospital.other).status_code in (400, 403)
    hospital.send(1)
    hospital.look(31)
    (alarm,) = hospital.get("/alarms").json()["alarms"]
    letters = hospital.get(f"/alarms/{alarm['id']}/letters").json()["letters"]
    assert {one["channel"]: one["error"] for one in letters} == {
        "message/站内消息": "",
        "sms/值班手机": "未配置短信网关 (YIGONG_SMS_URL)",
    }


def test_the_operator_of_the_machine_sees_and_acknowledges(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital.send(1)
    hospital.look(31)
    folder = str(hospital.made.house.settings.data_dir)
    monkeypatch.setattr(terminal.OUT, "_width", 300)

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["operations", *arguments, "--data-dir", folder])

    assert "client/his" in run("systems").output
    assert "节点离线" in run("alarms").output
    number = hospital.get("/alarms").json()["alarms"][0]["id"]
    assert run("acknowledge", number).exit_code == 2, "who does this must be said"
    assert "acknowledged by li" in run("acknowledge", number, "--by", "li").output
    assert run("try", "--by", "li").exit_code == 0
    with system("test"):
        told = dict(checks(hospital.made.house))
    assert "节点离线" in told["connected systems"]
