"""Pages on paper: nothing is lost on the right, and the sheet says what it shows, who printed it and when."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from demo.bedside import NUMBER
from demo.people import HOSPITAL
from tests.browser.paper import printed
from tests.browser.test_systems import send_unreadable
from tests.browser.window import Window

Opening = Callable[..., Window]
_AUDIT = urlencode({"act": "http", "since": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"})
_PAGES = {
    "预警治理": ("governance?days=90", "时段:近90天"),
    "审计查询": (f"audit?{_AUDIT}", "时间:2020-01-01至2099-01-01"),
    "报文与死信": ("systems/messages", "报文状态:死信"),
    "接入系统": ("systems/systems", ""),
    "问题明细": ("dataquality/faults?severity=warn", "严重程度:警告"),
}
_LAST = "table:has(tbody tr[data-row-key])"


@pytest.fixture(scope="module")
def busy(service: str) -> str:
    """A service that gave up a message."""
    send_unreadable(service, "unprinted-1")
    return service


@pytest.mark.parametrize("name", _PAGES)
def test_a_wide_table_is_on_paper_with_what_it_shows(window: Opening, busy: str, name: str) -> None:
    here = window()
    path, shown = _PAGES[name]
    page = here.open(f"/ui/{path}")
    heads, cells = _table(page)
    paper = printed(page)
    assert [one for one in (*heads, *cells) if not paper.says(one)] == []
    assert paper.reach < 1
    assert shown in paper.text
    assert re.search(r"机构:.+打印人:本机使用打印时间:\d{4}-\d\d-\d\d\d\d:\d\d", paper.text)
    assert "导出PDF" not in paper.text


def _table(page: Page) -> tuple[list[str], list[str]]:
    """The heads of the table, and the cells of its first row."""
    table = page.locator(_LAST)
    expect(table.locator("tr[data-row-key]").first).to_be_visible()
    return table.locator("th").all_inner_texts(), table.locator("tr[data-row-key]").first.locator(
        "td"
    ).all_inner_texts()


def test_the_page_around_the_panel_prints_the_panel(window: Opening, busy: str) -> None:
    page = window().open(f"/ui/bedside?{urlencode({'patient': NUMBER, 'tenant': HOSPITAL})}")
    panel = page.frame_locator("iframe")
    expect(panel.get_by_role("button", name="打印")).to_be_visible()
    paper = printed(page)
    assert paper.says("面板内容不随本页打印")
    page.locator("iframe").evaluate("(one) => { one.contentWindow.print = () => { window.asked = 1 } }")
    page.get_by_role("button", name="打印").click()
    page.wait_for_function("window.asked === 1")
