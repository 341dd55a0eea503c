"""What every page stands in: opened without a login on one's own machine, by mouse and keyboard, on any screen."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Route, expect

from tests.browser.window import Window

Opening = Callable[..., Window]


def test_the_overview_opens_without_a_login_on_this_machine(window: Opening) -> None:
    here = window()
    here.open("/")
    expect(here.page.get_by_role("heading", name="概览", level=1)).to_be_visible()
    here.suits_everybody("overview")


def test_keys_of_a_page_are_listed_by_the_question_mark(window: Opening) -> None:
    here = window()
    here.open("/ui/")
    here.see("概览")
    here.page.keyboard.press("?")
    expect(here.page.get_by_role("dialog", name="快捷键")).to_be_visible()


def test_a_page_that_is_not_there_says_so(window: Opening) -> None:
    here = window()
    here.open("/ui/nowhere")
    here.see("没有该页面")


def test_light_or_dark_is_chosen_and_kept(window: Opening) -> None:
    here = window()
    here.open("/ui/")
    here.page.get_by_role("button", name="外观").click()
    here.page.get_by_role("menuitem", name="深色").click()
    expect(here.page.locator("html")).to_have_attribute("data-theme", "dark")
    here.page.reload()
    expect(here.page.locator("html")).to_have_attribute("data-theme", "dark")


def _without_rows(route: Route) -> None:
    told = route.fetch().json()
    route.fulfill(json=told | {"facts": [one | {"rows": 0} for one in told["facts"]]})


def test_a_board_without_data_says_how_they_come_in(window: Opening) -> None:
    here = window()
    here.page.route("**/api/v1/indicator-facts", _without_rows)  # the service collects some while tests go on
    here.open("/ui/boards")
    here.see("还没有任何数据")
    here.see("yigong indicators collect")
    expect(here.page.get_by_role("button", name="载入示例数据")).to_be_enabled()
    here.suits_everybody("boards-empty")


def test_a_newcomer_sees_the_point_in_two_clicks(window: Opening) -> None:
    here = window()
    here.open("/ui/")
    here.page.get_by_role("link", name="打开苏日娜的病历").click()
    panel = here.page.frame_locator("iframe[title=临床面板]")
    expect(panel.locator("article").first).to_contain_text("禁忌")
    here.shoot("tour")


def _while_filled(route: Route) -> None:
    there = {"filled": False, "filling": True, "doing": "storing"}
    route.fulfill(json=route.fetch().json() | there)


def test_a_newcomer_sees_how_far_the_patients_are_and_the_tour_goes_on_by_itself(window: Opening) -> None:
    here = window()
    here.page.route("**/api/v1/demo", _while_filled)
    here.open("/ui/")
    here.see("正在写入各机构的病历……（2/3）")
    here.suits_everybody("tour-filling")
    here.page.unroute_all(behavior="ignoreErrors")  # one may be on its way
    here.see("打开苏日娜的病历")


def _without_engine(route: Route) -> None:
    told = route.fetch().json()
    route.fulfill(json=told | {"engine": told["engine"] | {"installed": False}})


def test_where_indicators_cannot_be_reckoned_the_tour_promises_none_and_says_what_brings_them(
    window: Opening,
) -> None:
    here = window()
    here.open("/ui/")
    here.see("查看三旗的监管指标")
    here.page.route("**/api/v1/demo", _without_engine)
    here.page.reload()
    here.see("打开苏日娜的病历")
    here.see("yigong[screen]")
    expect(here.page.get_by_role("link", name="查看三旗的监管指标")).to_have_count(0)


def test_a_patient_is_found_by_name_and_opened(window: Opening) -> None:
    here = window()
    here.open("/ui/bedside")
    here.page.get_by_label("姓名或本机构患者号").fill("巴特尔")
    here.page.keyboard.press("Enter")
    opening = here.page.get_by_role("button", name="打开", exact=True).first
    expect(opening).to_be_visible()
    here.suits_everybody("bedside-found")
    opening.click()
    expect(here.page.frame_locator("iframe[title=临床面板]").get_by_role("heading", level=1)).to_contain_text(
        "巴特尔"
    )
    here.suits_everybody("bedside")


def test_a_key_held_down_counts_once_and_keys_rest_while_a_dialog_is_open(window: Opening) -> None:
    here = window()
    page = here.open("/ui/queue")
    looked_at = page.locator(".queue-list [aria-current=true]")
    departments = page.locator(".queue-list strong")
    expect(looked_at.locator("strong")).to_have_text(departments.nth(0).inner_text())
    page.keyboard.down("j")
    page.keyboard.down("j")
    page.keyboard.up("j")
    expect(looked_at.locator("strong")).to_have_text(departments.nth(1).inner_text())
    expect(page.get_by_role("button", name="退回医师（r）")).to_be_enabled()
    page.keyboard.press("r")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert here.hurdles() == []
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("k")
    expect(looked_at.locator("strong")).to_have_text(departments.nth(1).inner_text())
    page.get_by_role("button", name="取 消").or_(page.get_by_role("button", name="取消")).click()
