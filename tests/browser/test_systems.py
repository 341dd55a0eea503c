"""Whoever runs the exchange sees systems, alarms, and follows a message that was given up until it is settled."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from urllib.request import Request, urlopen

from playwright.sync_api import Route, expect

from demo.people import HOSPITAL
from deploy.dashboards import GRAFANA, RULES
from tests.browser.window import Window

Opening = Callable[..., Window]


UNREADABLE = b"MSH|^~\\&|no such thing\rPID|1"


def send_unreadable(base: str, name: str) -> None:
    """A message that nobody can read is given up at once."""
    path = f"{base}/api/v1/exchange/hl7v2?tenant={HOSPITAL}&id={name}"
    with urlopen(Request(path, UNREADABLE, {"Content-Type": "application/hl7-v2"}), timeout=20):
        pass


def test_systems_and_alarms_are_shown_as_they_are(window: Opening) -> None:
    here = window()
    here.open("/ui/systems")
    expect(here.page.get_by_role("columnheader", name="最近通信")).to_be_visible()
    here.suits_everybody("systems")
    here.page.get_by_role("tab", name="告警").focus()
    expect(here.page.get_by_text(re.compile(r"^第 \d 个页签，共 \d 个$"))).to_have_count(1)
    assert here.english() == [], "a tab that has the focus says in Chinese which it is"
    here.page.get_by_role("tab", name="告警").click()
    here.page.get_by_text("全部", exact=True).click()
    here.see("没有告警")
    assert here.hurdles() == []
    here.page.route("**/api/v1/operations/service", _but_for_search)
    here.page.get_by_role("tab", name="本平台").click()
    here.see("各项功能正常")
    expect(here.page.get_by_role("cell", name="已切换")).to_be_visible()
    here.shoot("service")
    assert here.hurdles() == []


def _but_for_search(sent: Route) -> None:
    """The release of the tests has no search index, which is a fault as soon as any test searches."""
    sent.fulfill(json={name: said for name, said in sent.fetch().json().items() if name != "searchFault"})


def test_whatever_the_dashboard_asks_for_a_served_process_shows(service: str) -> None:
    with urlopen(f"{service}/metrics", timeout=20) as answer:
        shown = set(re.findall(r"^# TYPE (yigong_\w+)", answer.read().decode(), re.M))
    asked = set(re.findall(r"\byigong_\w+", GRAFANA.read_text("utf-8") + RULES.read_text("utf-8")))
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked} <= shown


def test_a_message_that_was_given_up_is_followed_and_settled(window: Opening, service: str) -> None:
    send_unreadable(service, "broken-1")
    here = window()
    here.open("/ui/systems/messages")
    here.page.get_by_role("link", name="broken-1").click()
    expect(here.page.get_by_text("接收").first).to_be_visible()
    here.see("转入死信")
    here.see("HL7 v2")
    here.suits_everybody("trace")
    here.page.get_by_role("button", name=re.compile("结\\s*案")).click()
    dialog = here.page.get_by_role("dialog")
    dialog.get_by_role("button", name=re.compile("确\\s*定")).click()
    here.see("请填写理由")
    dialog.get_by_label("理由").fill("发送方已更正后重发")
    dialog.get_by_role("button", name=re.compile("确\\s*定")).click()
    here.see("已结案")
    here.open("/ui/systems/messages?state=closed")
    here.see("broken-1")
    assert here.hurdles() == []


def test_a_message_that_was_given_up_is_done_anew(window: Opening, service: str) -> None:
    send_unreadable(service, "broken-2")
    here = window()
    here.open("/ui/systems/messages")
    here.page.get_by_role("link", name="broken-2").click()
    here.page.get_by_role("button", name=re.compile("重\\s*放")).click()
    dialog = here.page.get_by_role("dialog")
    dialog.get_by_label("理由").fill("对照表已补充")
    dialog.get_by_role("button", name=re.compile("确\\s*定")).click()
    expect(here.page.get_by_role("dialog")).to_have_count(0)
    expect(here.page.get_by_text(re.compile("· 重放 ·"))).to_be_visible()
    # Still unreadable: the page shows what came of it by itself.
    expect(here.page.get_by_text("· 转入死信")).to_have_count(2, timeout=30_000)
    expect(here.page.get_by_text("待处理")).to_have_count(0)


def test_a_message_that_was_given_up_is_corrected_as_text_and_done_anew(window: Opening, service: str) -> None:
    send_unreadable(service, "broken-3")
    here = window()
    here.open("/ui/systems/messages")
    here.page.get_by_role("link", name="broken-3").click()
    here.page.get_by_role("button", name=re.compile("更\\s*正")).click()
    dialog = here.page.get_by_role("dialog", name="更正报文")
    content = dialog.get_by_label("报文内容")
    expect(content).to_have_value(UNREADABLE.decode().replace("\r", "\n"))
    dialog.get_by_role("button", name="更正并重放").click()
    expect(dialog.get_by_text("内容没有改动；无需改动时请用重放")).to_be_visible()
    expect(dialog.get_by_text("请填写理由")).to_be_visible()
    here.suits_everybody("correction")
    content.fill("MSH|^~\\&|LIS|医院\nPID|2")
    dialog.get_by_label("理由").fill("补全报文头")
    dialog.get_by_role("button", name="更正并重放").click()
    expect(dialog).to_have_count(0)
    expect(here.page.get_by_text(re.compile("· 更正内容 ·"))).to_be_visible()
    number = here.page.url.rpartition("/")[2]
    with urlopen(f"{service}/api/v1/exchange/messages/{number}/content", timeout=20) as answer:
        assert answer.read().decode() == "MSH|^~\\&|LIS|医院\rPID|2"


def test_what_was_done_is_found_in_the_audit_by_who_and_what(window: Opening) -> None:
    here = window()
    for _ in range(2):  # looking is recorded: the second look finds the first
        here.open("/ui/audit")
        field = here.page.get_by_label("操作", exact=True)
        field.fill("查询审计")
        here.page.locator(".ant-select-item-option", has_text="查询审计记录").click()
        here.page.get_by_role("button", name=re.compile("查\\s*询")).click()
        expect(
            here.page.get_by_role("row").or_(here.page.get_by_text("没有符合条件的审计记录")).first
        ).to_be_visible()
    first = here.page.get_by_role("row").filter(has_text="查询审计记录").first
    expect(first).to_contain_text("条数：")
    expect(first.locator("code")).to_be_hidden()
    first.get_by_text("原始记录").click()
    expect(first.locator("code")).to_contain_text('"count":')
    here.suits_everybody("audit")
    here.page.get_by_label("操作人").fill("没有这个人")
    here.page.get_by_role("button", name=re.compile("查\\s*询")).click()
    here.see("没有符合条件的审计记录")


def test_the_audit_is_turned_page_by_page_and_the_address_keeps_the_place(window: Opening) -> None:
    here = window()
    page = here.page
    page.route(
        "**/api/v1/audit?*", lambda route: route.continue_(url=route.request.url.replace("limit=100", "limit=1"))
    )
    until = time.monotonic() + 15
    while len(page.request.get(f"{here.base}/api/v1/audit?act=audit.read").json()["events"]) < 2:
        assert time.monotonic() < until, "looking is recorded, within a second or so"
    here.open("/ui/audit?act=audit.read")
    seen = page.locator("tr[data-row-key]")
    expect(seen).to_have_count(1)
    newest = seen.get_attribute("data-row-key")
    page.get_by_role("button", name="下一页").click()
    expect(page.locator(f"tr[data-row-key='{newest}']")).to_have_count(0)
    expect(seen).to_have_count(1)
    older = str(seen.get_attribute("data-row-key"))
    assert int(older) < int(str(newest))
    page.reload()
    expect(seen).to_have_attribute("data-row-key", older)
    page.get_by_role("button", name="第一页").click()
    expect(page.locator(f"tr[data-row-key='{older}']")).to_have_count(0)
