"""The clinician panel on paper: everything that is folded on the screen, and none of its controls."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from unicodedata import normalize

from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.test_panel import launched
from tests.browser.window import LAPTOP, PHONE, Window

Opening = Callable[..., Window]
_COLD_MS = 30_000
_CALLED = """() => { window.print = () => {
    dispatchEvent(new Event("beforeprint"));
    window.printed = document.querySelectorAll("details:not([open])").length;
    dispatchEvent(new Event("afterprint"));
} }"""


def regional(here: Window, service: str) -> Page:
    """The panel of the patient with her regional history."""
    page = here.open(launched(service))
    page.get_by_role("tab", name="区域史").click()
    expect(page.locator("summary", has_text="检查检验").first).to_be_visible(timeout=_COLD_MS)
    return page


def test_what_is_folded_is_on_paper_and_folded_again_afterwards(window: Opening, service: str) -> None:
    page = regional(window(PHONE), service)
    expect(page.locator("details[open]")).to_have_count(0)
    paper = "".join(part.extract_text() for part in PdfReader(BytesIO(page.pdf(format="A4"))).pages)
    said = re.sub(r"\s", "", normalize("NFKC", paper))
    assert "左室射血分数38%" in said, "a result that is folded on the screen"
    assert re.search(r"重复:\d{4}-\d\d-\d\d", said)
    assert "苏日娜女" in said
    assert re.search(r"打印时间:\d{4}/", said)
    assert "评估" not in said, "a part that is not shown"
    expect(page.locator("details[open]")).to_have_count(0)


def test_paper_is_black_on_white_without_controls_in_the_dark_too(window: Opening, service: str) -> None:
    here = window(PHONE)
    page = regional(here, service)
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.get_by_role("tab")).to_have_count(0)
    expect(page.get_by_role("button")).to_have_count(0)
    colours = page.evaluate("""[...document.querySelectorAll("body, body *")].filter((one) => one.checkVisibility())
        .map((one) => getComputedStyle(one)).map(({ color, backgroundColor }) => `${color} on ${backgroundColor}`)""")
    assert set(colours) == {"rgb(0, 0, 0) on rgb(255, 255, 255)"}
    here.shoot("panel-paper")


def test_the_keyboard_prints_too(window: Opening, service: str) -> None:
    page = regional(window(LAPTOP), service)
    page.evaluate(_CALLED)
    page.get_by_role("button", name="打印").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("window.printed === 0")
    expect(page.locator("details[open]")).to_have_count(0)


def test_a_frame_that_may_not_print_says_so_and_goes_on(window: Opening, service: str, his: tuple[str, Path]) -> None:
    origin, folder = his
    address = f"{service}{launched(service)}"
    frame = f'<iframe sandbox="allow-scripts allow-same-origin" src="{address}" height="600"></iframe>'
    (folder / "sandbox.html").write_text(f'<!doctype html><meta charset="utf-8"><title>HIS</title>{frame}', "utf-8")
    here = window(LAPTOP)
    for expected in ("favicon", "404", "print()"):
        here.forgive(expected)
    here.page.goto(f"{origin}/sandbox.html")
    panel = here.page.frame_locator("iframe")
    expect(panel.locator("article").first).to_be_visible(timeout=_COLD_MS)
    panel.get_by_role("button", name="打印").click()
    expect(panel.get_by_text("业务系统没有允许本面板打印")).to_be_visible()
    panel.get_by_role("tab", name="区域史").click()
    expect(panel.locator("summary", has_text="检查检验").first).to_be_visible(timeout=_COLD_MS)
    expect(panel.locator("details[open]")).to_have_count(0)
