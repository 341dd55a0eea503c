"""What pages show while an answer is awaited, when it failed, and when its texts are very long."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from knowledge.model import Status
from tests.browser.window import PHONE, Window

Opening = Callable[..., Window]
_RETRIES = 2
"""How often a window asks again by itself before it says that something failed."""
_BETWEEN_MS = 2_500
_CONCEPT = "**/api/v1/concepts/*"
_LONG = "内蒙古自治区呼伦贝尔市鄂伦春自治旗人民医院心血管与代谢性疾病联合门诊" * 4
_TEXTS = ("department", "prescriber", "title", "text", "reason", "name")


@pytest.mark.parametrize(
    ("path", "asked", "shown"),
    [
        pytest.param("/ui/", "**/api/v1/session", "打开苏日娜的病历", id="overview"),
        pytest.param("/ui/queue", "**/api/v1/reviews?*", "布洛芬", id="queue"),
        pytest.param("/ui/knowledge/concept/ingredient%3Awarfarin", _CONCEPT, "别名", id="knowledge"),
        pytest.param("/ui/boards", "**/api/v1/reports/overview?*", "还没有任何数据|同比|该期间没有数据", id="boards"),
        pytest.param("/ui/curation", "**/api/v1/curation/records", "没有符合条件的记录", id="curation"),
    ],
)
def test_a_page_says_that_it_loads_then_what_failed_and_tries_again(
    window: Opening, request: pytest.FixtureRequest, path: str, asked: str, shown: str
) -> None:
    here, held = window(), list[Route]()
    here.forgive("500")
    page = here.page
    page.clock.install()
    page.route(asked, lambda sent: held.append(sent))
    here.open(path)
    expect(page.get_by_role("status", name="正在加载").first).to_be_visible()
    page.route(asked, _fails)
    for one in held:
        _fails(one)
    for _ in range(_RETRIES):
        with page.expect_response(asked):
            page.clock.fast_forward(_BETWEEN_MS)
    here.see("未能加载")
    here.see("数据库暂不可用")
    here.suits_everybody(f"failed-{request.node.callspec.id}")
    held.clear()
    page.unroute(asked)
    page.route(asked, lambda sent: held.append(sent))
    with page.expect_request(asked):
        page.get_by_role("button", name=re.compile("重\\s*试")).click()
    here.see("数据库暂不可用")  # what failed stands until there is an answer
    for one in held:
        one.continue_()
    page.unroute(asked)
    expect(page.get_by_text(re.compile(shown)).first).to_be_visible()
    expect(page.get_by_text("未能加载")).to_have_count(0)


def test_what_is_still_being_built_is_waited_for_longer_than_what_failed_and_comes_by_itself(window: Opening) -> None:
    here, searched = window(), "**/api/v1/search"
    here.forgive("503")
    page = here.page
    page.clock.install()
    page.route(searched, _is_built)
    here.open("/ui/knowledge?q=高血压")
    here.see("检索索引正在建立")
    for _ in range(2 * _RETRIES):
        with page.expect_response(searched):
            page.clock.fast_forward(_BETWEEN_MS)
    here.see("检索索引正在建立")
    here.suits_everybody("search-being-built")
    page.route(searched, lambda sent: sent.fulfill(json={"results": [], "understood": {"mentions": []}}))
    page.clock.fast_forward(_BETWEEN_MS)
    here.see("没有找到")


def _is_built(sent: Route) -> None:
    told = {"issue": [{"details": {"text": "检索索引正在建立"}}]}
    sent.fulfill(status=503, headers={"Retry-After": "2"}, json=told)


def _fails(sent: Route) -> None:
    sent.fulfill(status=500, json={"issue": [{"details": {"text": "数据库暂不可用"}}]})


def test_knowledge_is_read_by_everybody_wherever_it_stands(window: Opening) -> None:
    here = window()
    told = {
        "kind": "concept",
        "revision": 1,
        "at": "2026-11-01T08:00:00Z",
        "by": "李华",
        "change": "修改",
        "reason": "",
    }
    found = [told | {"id": one, "title": one, "status": one, "standing": "reviewed"} for one in Status]
    here.page.route("**/api/v1/curation/records*", lambda sent: sent.fulfill(json={"records": found, "next": ""}))
    here.open("/ui/curation")
    expect(here.page.get_by_role("cell", name="已发布", exact=True)).to_be_visible()
    here.suits_everybody("curation-statuses")


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        pytest.param("/ui/queue", "**/api/v1/{reviews?,prescriptions/}*", id="queue"),
        pytest.param("/ui/knowledge/concept/ingredient%3Awarfarin", _CONCEPT, id="knowledge"),
    ],
)
def test_very_long_texts_are_folded_on_a_phone(
    window: Opening, request: pytest.FixtureRequest, path: str, asked: str
) -> None:
    here = window(PHONE)
    here.page.route(asked, _told_at_length)
    here.open(path)
    here.see(_LONG)
    here.suits_everybody(f"long-{request.node.callspec.id}")


def _told_at_length(sent: Route) -> None:
    sent.fulfill(json=_lengthened(sent.fetch().json()))


def _lengthened(told: Any) -> Any:
    """An answer, with very long names of departments, doctors, drugs and records."""
    if isinstance(told, list):
        return [_lengthened(one) for one in told]
    if not isinstance(told, dict):
        return told
    return {
        key: _LONG if key in _TEXTS and isinstance(one, str) and one else _lengthened(one)
        for key, one in told.items()
    }
