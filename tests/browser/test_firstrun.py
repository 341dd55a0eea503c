"""From an empty folder to a card about a patient, as a visitor meets it."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, expect

from tests.browser.conftest import running
from tests.browser.window import Window

_ORDERS = Path("api/examples/order-sign.json")
_PATIENCE_MS = 90_000


def test_from_an_empty_folder_a_visitor_gets_to_patients_and_a_card(
    browser: Browser, pages: Path, tmp_path: Path
) -> None:
    with running(tmp_path, patience=120) as base:
        assert _cards(base), "orders are answered from the first moment"
        here = Window(browser, base)
        here.open("/")
        here.page.get_by_role("button", name="载入虚构示例患者").click()
        expect(here.page.get_by_role("status").filter(has_text="载入完成后自动显示")).to_be_visible()
        here.page.reload()
        opening = here.page.get_by_role("link", name="打开苏日娜的病历")
        expect(opening).to_be_visible(timeout=_PATIENCE_MS)
        opening.click()
        panel = here.page.frame_locator("iframe[title=临床面板]")
        expect(panel.locator("article").first).to_contain_text("禁忌")
        here.close()


def _cards(base: str) -> list[object]:
    kind = {"Content-Type": "application/json"}
    signed = Request(f"{base}/cds-services/yigong-order-sign", _ORDERS.read_bytes(), kind)
    with urlopen(signed) as answer:
        found: list[object] = json.load(answer)["cards"]
    return found
