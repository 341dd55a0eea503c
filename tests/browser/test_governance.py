"""Rules that are set aside too often are found, with the reasons that were given."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

from playwright.sync_api import expect

from tests.browser.test_panel import launched
from tests.browser.window import Window

# Two fields filled before the page had time to draw the first.
_AT_ONCE = """async (given) => {
  const write = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  for (const [label, value] of Object.entries(given)) {
    const field = document.querySelector(`[aria-label="${label}"]`);
    write.call(field, value);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  }
}"""


def answer_cards(base: str, reason: str) -> int:
    """A doctor opens the panel and sets aside what it shows but for results that speak against drugs, at which other
    tests look; gives how many cards, once that is stored."""
    token = launched(base).partition("#")[2]

    def shown() -> list[dict[str, str]]:
        told = _asked(base, token, "/api/v1/panel/cards")["findings"]
        return [card for card in told if card["family"] != "lab-based"]

    cards = shown()
    for card in cards:
        said = {"card": card["findingId"], "outcome": "overridden", "reason": reason}
        _asked(base, token, "/api/v1/panel/feedback", said)
    until = time.monotonic() + 30
    while not all("answer" in card for card in shown()):
        assert time.monotonic() < until, "what was answered is not stored"
        time.sleep(0.1)
    return len(cards)


def test_a_rule_leads_to_its_alerts_and_each_of_them_to_the_case(window: Callable[..., Window], service: str) -> None:
    assert answer_cards(service, "patient-ineligible")
    here = window()
    here.open("/ui/governance")
    here.page.get_by_role("link", name="提示明细").first.click()
    expect(here.page.get_by_role("heading", level=1)).to_have_text(re.compile("^提示明细：.+"))
    here.page.get_by_text("忽略", exact=True).first.click()
    expect(here.page).to_have_url(re.compile("outcome=overridden"))
    row = here.page.get_by_role("row").filter(has_text="提示不适用于该患者").first
    expect(row).to_be_visible()
    here.suits_everybody("alerts")
    row.get_by_role("link", name="查看").click()
    expect(here.page.get_by_role("heading", name="开单提示", level=1)).to_be_visible()
    here.see("医师忽略 · 提示不适用于该患者")
    here.see("审查时还读取了区域诊疗资料")
    expect(here.page.get_by_role("link", name="患者诊疗资料")).to_have_attribute("href", re.compile("/ui/bedside"))
    here.suits_everybody("alert")
    here.page.emulate_media(media="print")
    expect(here.page.get_by_role("button", name="打印")).to_be_hidden()
    expect(here.page.get_by_text("出处 1 处").first).to_be_visible()
    here.shoot("alert-print")


def test_what_the_pointer_is_over_and_what_is_chosen_can_be_read_in_light_and_dark(
    window: Callable[..., Window], service: str
) -> None:
    assert answer_cards(service, "patient-ineligible")
    here = window()
    here.open("/ui/governance")
    for scheme in ("light", "dark"):
        here.page.emulate_media(color_scheme=scheme)
        for over in (
            here.page.get_by_role("link", name="提示明细").first,
            here.page.get_by_role("button", name="视图", exact=True),
            here.page.get_by_role("button", name="导出 CSV"),
        ):
            over.hover()
            here.rest()
            assert here.standing() == [], f"{scheme}: {over}"
        here.page.get_by_role("button", name="外观").click()
        expect(here.page.get_by_role("menuitem", name="跟随系统")).to_be_visible()
        here.rest()
        assert here.standing() == [], f"{scheme}: a menu"
        here.page.keyboard.press("Escape")


def _asked(base: str, token: str, path: str, body: object = None) -> dict[str, list[dict[str, str]]]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(f"{base}{path}", data, headers), timeout=60) as answer:
        told: dict[str, list[dict[str, str]]] = json.load(answer)
    return told


def test_a_rule_that_is_set_aside_stands_out_with_its_reasons(window: Callable[..., Window], service: str) -> None:
    assert answer_cards(service, "patient-ineligible")
    here = window()
    here.open("/ui/governance")
    expect(here.page.get_by_role("columnheader", name="忽略率")).to_be_visible()
    here.page.evaluate(_AT_ONCE, {"已答复不少于（次）": "1", "忽略率不低于（%）": "50"})
    expect(here.page).to_have_url(re.compile("answers=1.*share=50"))
    here.page.get_by_role("switch", name="只看噪声规则").click()
    row = here.page.get_by_role("row").filter(has_text="噪声").first
    assert "yigong:" not in row.inner_text(), "rules are told by what they are about"
    row.get_by_role("button").first.click()
    here.see("提示不适用于该患者")
    here.suits_everybody("governance")
    here.page.reload()
    expect(here.page.get_by_role("switch", name="只看噪声规则")).to_be_checked()
    expect(here.page.get_by_label("忽略率不低于（%）")).to_have_value("50")
    expect(row).to_be_visible()
    row.get_by_role("link", name="提示明细").click()
    expect(here.page.get_by_role("heading", level=1)).to_have_text(re.compile("^提示明细：.+"))
    here.page.get_by_role("link", name="返回预警治理").click()
    expect(here.page.get_by_role("switch", name="只看噪声规则")).to_be_checked()
    expect(row).to_be_visible()
    with here.page.expect_download() as downloading:
        here.page.get_by_role("button", name="导出 CSV").click()
    assert downloading.value.suggested_filename == "预警治理.csv"
    kept = Path(downloading.value.path()).read_text("utf-8-sig").splitlines()
    assert len(kept) == 1 + here.page.locator("tr[data-row-key]").count(), "what is shown is what is taken away"
    here.page.get_by_label("已答复不少于（次）").fill("1000")
    here.see("没有达到阈值的规则")
