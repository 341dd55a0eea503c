"""Keys of a page and words that are typed: neither is ever taken for the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.window import Window

Opening = Callable[..., Window]
_WORDS = "jiliang pianda"
"""As 剂量偏大 is typed by its sound: among the letters are keys that move on and one that approves."""


class _Queue:
    """The queue with its first prescription shown, and what was asked to be done there."""

    def __init__(self, window: Window, motion: Literal["reduce", "no-preference"] = "reduce") -> None:
        self.page: Page = window.page
        self.decided: list[str] = []
        self.page.emulate_media(reduced_motion=motion)
        self.page.on("request", lambda sent: self.decided.append(sent.url) if sent.method != "GET" else None)
        self.page.clock.install()
        window.open("/ui/queue")
        expect(self.page.get_by_role("button", name="退回医师（r）")).to_be_enabled()

    @property
    def looked_at(self) -> Locator:
        return self.page.locator(".queue-list [aria-current=true] strong")


@pytest.mark.parametrize(
    ("motion", "key", "dialog", "field"),
    [
        pytest.param("reduce", "r", "退回医师", "退回理由", id="return"),
        pytest.param("no-preference", "r", "退回医师", "退回理由", id="return-gliding"),
        pytest.param("reduce", "t", "转交", "接收药师（账号）", id="hand-on"),
    ],
)
def test_words_typed_into_a_window_are_in_its_field_and_decide_nothing(
    window: Opening, motion: Literal["reduce", "no-preference"], key: str, dialog: str, field: str
) -> None:
    queue = _Queue(window(), motion)
    before = queue.looked_at.inner_text()
    queue.page.keyboard.press(key)
    typed_into = queue.page.get_by_role("dialog", name=dialog).get_by_label(field)
    expect(typed_into).to_be_focused()
    queue.page.keyboard.type(_WORDS)
    expect(typed_into).to_have_value(_WORDS)
    expect(queue.looked_at).to_have_text(before)
    assert queue.decided == []


def test_letters_after_a_window_was_closed_by_a_key_decide_nothing(window: Opening) -> None:
    queue = _Queue(window())
    page, before = queue.page, queue.looked_at.inner_text()
    page.keyboard.press("r")
    page.get_by_role("dialog").get_by_role("button", name="关闭").focus()
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    page.keyboard.press("Space")
    page.keyboard.type(_WORDS)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(queue.looked_at).to_have_text(before)
    page.clock.fast_forward(500)
    page.keyboard.press("j")
    expect(queue.looked_at).not_to_have_text(before)
    assert queue.decided == []


def test_keys_work_after_a_tick_or_a_choice_but_for_those_that_choose(window: Opening) -> None:
    queue = _Queue(window())
    page, entries = queue.page, queue.page.locator(".queue-list button")
    page.get_by_role("checkbox", name="误报").first.click()
    page.keyboard.press("j")
    expect(entries.nth(1)).to_have_attribute("aria-current", "true")
    page.get_by_text("全部", exact=True).click()
    expect(page.get_by_role("radio", name="全部")).to_be_checked()
    page.keyboard.press("k")
    expect(entries.nth(0)).to_have_attribute("aria-current", "true")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("radio", name="全部")).not_to_be_checked()
    assert queue.decided == []


def test_a_second_press_does_not_decide_the_next_prescription_before_anybody_saw_it(window: Opening) -> None:
    here, two = window(), _Two()
    page = here.page
    page.route("**/api/v1/reviews?*", two.listed)
    page.route("**/api/v1/prescriptions/*", two.one)
    page.route("**/api/v1/reviews/*/decisions", two.decided)
    queue = _Queue(here)
    approve, entries = page.get_by_role("button", name="通过（a）"), page.locator(".queue-list button")
    expect(approve).to_be_enabled()
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    page.keyboard.press("a")
    for _ in range(200):  # the page's own time stands: a little of it passes until the next one is shown
        page.clock.run_for(20)
        if entries.nth(1).get_attribute("aria-current") == "true" and approve.count():
            break
    expect(approve).to_be_disabled()
    page.keyboard.press("a")
    page.clock.run_for(300)
    page.keyboard.press("a")
    expect(approve).to_be_disabled()
    assert _numbers(queue) == {"first"}
    page.clock.run_for(700)
    expect(approve).to_be_enabled()
    with page.expect_response("**/reviews/next/decisions"):
        page.keyboard.press("a")
    assert _numbers(queue) == {"first", "next"}


def _numbers(queue: _Queue) -> set[str]:
    return {url.split("/")[-2] for url in queue.decided}


class _Two:
    """A prescription of the queue that may pass, twice under other numbers; what is decided of them is not stored."""

    def __init__(self) -> None:
        self._shown: dict[str, dict[str, Any]] = {}
        self._number = ""

    def listed(self, sent: Route) -> None:
        told = sent.fetch().json()
        known = next(one for one in told["reviews"] if one["severity"] != "contraindicated")
        self._number = known["id"]
        self._shown = {number: known | {"id": number, "status": "pending"} for number in ("first", "next")}
        sent.fulfill(json=told | {"reviews": list(self._shown.values()), "total": 2})

    def one(self, sent: Route) -> None:
        place, _, number = sent.request.url.rpartition("/")
        told = sent.fetch(url=f"{place}/{self._number}").json()
        sent.fulfill(json=told | {"review": told["review"] | self._shown[number]})

    def decided(self, sent: Route) -> None:
        number = sent.request.url.split("/")[-2]
        status = {"claim": "claimed", "approve": "approved"}[sent.request.post_data_json["action"]]
        sent.fulfill(json=self._shown[number] | {"status": status})
