"""The pharmacist's queue: by keyboard, by two at once, and with the prescriber's answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from unicodedata import normalize

import openpyxl
import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, Route, expect
from pypdf import PdfReader
from pypdfium2 import PdfDocument

from tests.browser.conftest import filled
from tests.browser.staffed import at_work, hire, logged_in
from tests.browser.window import Window

Entering = Callable[..., Window]
_DARK = 90
URGENT, RETURNED = "骨科", "内分泌科"


@pytest.fixture(scope="module")
def hospital(starter_dir: Path, tmp_path_factory: pytest.TempPathFactory, pages: Path) -> Iterator[str]:
    """A service with accounts, and five prescriptions that wait. The tests of this file are one working day."""
    house = filled(starter_dir, tmp_path_factory.mktemp("queue"), 1)
    hire(house)
    house.engine.dispose()
    with at_work(house.settings.data_dir) as base:
        yield base


@pytest.fixture
def enter(browser: Browser, hospital: str) -> Iterator[Entering]:
    """Opens the window of somebody who logged in."""
    made: list[Window] = []

    def entering(name: str, path: str) -> Window:
        made.append(logged_in(browser, hospital, name))
        made[-1].open(path)
        return made[-1]

    yield entering
    for one in made:
        one.close()


def rows(page: Page) -> list[str]:
    """Departments of the list, in order."""
    expect(page.locator(".queue-list li").first).to_be_visible()
    return page.locator(".queue-list strong").all_inner_texts()


def test_the_most_pressing_comes_first_with_patient_and_evidence(enter: Entering) -> None:
    here = enter("wangys", "/ui/queue")
    assert rows(here.page)[0] == URGENT
    here.see("布洛芬 + 华法林")
    here.see("国际标准化比值 2.8")
    expect(here.page.locator(".queue-list").get_by_text(re.compile("剩余|超时")).first).to_be_visible()
    here.suits_everybody("queue")
    here.page.get_by_role("link", name="单独打开（可打印）").click()
    expect(here.page.get_by_role("heading", name="处方", exact=True, level=1)).to_be_visible()
    here.see("国际标准化比值 2.8")


def test_on_paper_a_dark_page_is_light_and_the_evidence_is_unfolded(enter: Entering) -> None:
    here = enter("wangys", "/ui/queue")
    here.page.emulate_media(color_scheme="dark")
    here.see("布洛芬 + 华法林")
    expect(here.page.locator("html")).to_have_attribute("data-theme", "dark")
    sheet = here.page.pdf(print_background=False)  # as browsers print unless somebody asks for more
    assert (PdfDocument(sheet)[0].render(scale=0.5).to_numpy() < _DARK).any(), "letters lie above the watermark"
    (paper,) = PdfReader(BytesIO(sheet)).pages
    printed = normalize("NFKC", paper.extract_text())  # some letters are written as radicals
    assert "患者数据 2 项" in printed
    assert "【药物相互作用】" in printed, "what is folded on the screen"
    expect(here.page.locator(".finding details[open]")).to_have_count(0)
    here.page.emulate_media(media="print")
    expect(here.page.locator("html")).to_have_attribute("data-theme", "light")
    assert here.page.get_by_role("button", name="打印").count() == 0, "buttons of the page are not printed"


def test_a_queue_that_is_longer_than_its_list_says_so(enter: Entering) -> None:
    here = enter("wangys", "/ui/queue")
    there = len(rows(here.page))
    here.page.route(
        "**/api/v1/reviews?*", lambda route: route.continue_(url=route.request.url.replace("limit=200", "limit=1"))
    )
    here.page.reload()
    here.see(f"只显示前 1 条，共 {there} 条")
    expect(here.page.locator(".queue-list li")).to_have_count(1)


def test_what_somebody_may_not_use_is_not_offered(enter: Entering) -> None:
    here = enter("zhangys", "/ui/")
    navigation = here.page.get_by_role("navigation", name="导航")
    expect(navigation.get_by_text("退回的处方")).to_be_visible()
    expect(navigation.get_by_text("处方审核")).to_have_count(0)
    here.open("/ui/queue")
    here.see("您没有使用它的权限")


def test_whoever_logs_out_or_mistypes_stays_outside(enter: Entering) -> None:
    here = enter("wangys", "/ui/queue")
    here.see("布洛芬 + 华法林")  # the page is drawn: a menu that opens meanwhile may lose a click
    here.page.get_by_role("button", name="王药师").click()
    here.page.get_by_role("menuitem", name="退出登录").click()
    here.page.get_by_label("账号").fill("wangys")
    here.page.get_by_label("口令", exact=True).fill("falsch")
    here.page.get_by_role("button", name="登录").click()
    here.see("账号或口令不正确")
    here.suits_everybody("login")


def test_a_session_that_ended_elsewhere_leads_to_the_login(enter: Entering) -> None:
    here = enter("wangys", "/ui/queue")
    here.see("布洛芬 + 华法林")
    other = enter("wangys", "/ui/")
    other.page.evaluate(
        """async () => {
            const { csrf } = await (await fetch("/api/v1/session")).json();
            await fetch("/api/v1/sessions", { method: "DELETE", headers: { "X-CSRF-Token": csrf } });
        }"""
    )
    here.page.get_by_text("全部", exact=True).click()
    expect(here.page.get_by_role("button", name="登录")).to_be_visible()


def test_a_prescription_is_approved_with_one_key_and_the_next_one_is_there(enter: Entering) -> None:
    here = enter("wangys", "/ui/queue")
    before = rows(here.page)
    here.see("布洛芬 + 华法林")
    expect(here.page.get_by_role("button", name="通过（a）")).to_be_enabled()
    here.page.keyboard.press("a")
    here.see("已通过，转到下一张")
    expect(here.page.locator("[aria-current=true] strong")).to_have_text(before[1])
    expect(here.page.locator(".queue-list strong").first).to_have_text(before[1])


def test_a_contraindication_is_not_approved_before_the_prescriber_signs_again(enter: Entering) -> None:
    pharmacist = enter("wangys", "/ui/queue")
    pharmacist.page.locator(".queue-list button", has_text=RETURNED).click()
    pharmacist.see("含禁忌问题")
    expect(pharmacist.page.get_by_role("button", name="退回医师（r）")).to_be_enabled()
    expect(pharmacist.page.get_by_role("button", name="通过（a）")).to_be_disabled()
    pharmacist.page.keyboard.press("r")
    pharmacist.page.get_by_label("退回理由").fill("eGFR 过低，二甲双胍禁用，请换药")
    pharmacist.page.get_by_role("button", name="确认退回").click()
    pharmacist.see("已退回，转到下一张")

    doctor = enter("zhangys", "/ui/returned")
    doctor.see("eGFR 过低，二甲双胍禁用，请换药")
    doctor.suits_everybody("returned")
    doctor.page.get_by_label("答复").fill("已与肾内科会诊，短期使用并监测")
    doctor.page.get_by_role("button", name="坚持用药（二次签名）").click()
    doctor.see("没有退回的处方")

    pharmacist.page.locator(".queue-list button", has_text=RETURNED).click()
    pharmacist.see("已与肾内科会诊，短期使用并监测")
    pharmacist.see("医师已二次签名")
    expect(pharmacist.page.get_by_role("button", name="通过（a）")).to_be_enabled()


def test_two_pharmacists_never_both_decide(enter: Entering) -> None:
    first, second = enter("wangys", "/ui/queue"), enter("zhaoys", "/ui/queue")
    second.forgive("409")
    assert rows(first.page)
    name = first.page.locator(".queue-list li").filter(has_not_text="禁忌").locator("strong").first.inner_text()
    for here in (first, second):
        here.page.locator(".queue-list button", has_text=name).click()
        expect(here.page.get_by_role("button", name="通过（a）")).to_be_enabled()
    number = str(second.page.get_by_role("link", name="单独打开（可打印）").get_attribute("href")).rpartition("/")[2]
    for asked in ("**/api/v1/reviews?*", "**/api/v1/prescriptions/*"):
        second.page.route(asked, _waits)  # it does not hear yet that the first was quicker
    first.page.keyboard.press("a")
    first.see("已通过，转到下一张")
    second.page.keyboard.press("a")
    second.see("该处方已被处理")
    second.see("已有其他药师处理，已刷新列表")
    told = second.page.request.get(f"{second.base}/api/v1/prescriptions/{number}").json()
    decided = [one["by"] for one in told["review"]["history"] if one["action"] == "approve"]
    assert decided == ["wangys"]
    second.page.unroute_all()  # what waited is asked now
    expect(second.page.locator(".queue-list button", has_text=name)).to_have_count(0)


def _waits(sent: Route) -> None:
    """No answer, for as long as the route stands."""


def test_a_prescription_is_handed_to_a_colleague(enter: Entering) -> None:
    first, second = enter("zhaoys", "/ui/queue"), enter("wangys", "/ui/queue")
    name = next(row for row in rows(first.page) if row != RETURNED)
    first.page.locator(".queue-list button", has_text=name).click()
    expect(first.page.get_by_role("button", name="转交（t）")).to_be_enabled()
    first.page.keyboard.press("t")
    first.page.get_by_role("combobox", name="接收药师").fill("zhangys")
    first.forgive("403")
    first.page.get_by_role("button", name="确认转交").click()
    first.see("无权处理该机构的处方")
    first.page.get_by_role("button", name="转交（t）").click()
    first.page.get_by_role("combobox", name="接收药师").fill("wangys")
    first.page.get_by_label("说明").fill("请核对华法林剂量")
    first.page.get_by_role("button", name="确认转交").click()
    first.see("已转交，转到下一张")
    second.page.locator(".queue-list button", has_text=name).click()
    second.see("请核对华法林剂量")


def test_what_was_let_go_is_called_back(enter: Entering) -> None:
    here = enter("wangys", "/ui/queue")
    here.page.get_by_text("已放行", exact=True).click()
    expect(here.page.get_by_role("button", name="召回")).to_be_visible()
    here.page.reload()  # the part that was chosen stands in the address
    here.page.get_by_role("button", name="召回").click()
    here.page.get_by_role("button", name=re.compile("确\\s*定")).click()
    here.see("已召回，请审核")
    expect(here.page.get_by_role("button", name="通过（a）")).to_be_visible()


def test_the_queue_is_told_in_figures(enter: Entering) -> None:
    here = enter("liuzz", "/ui/queue")
    here.page.get_by_role("button", name="审方统计").click()
    expect(here.page.get_by_text("等待时间中位数")).to_be_visible()
    rules = here.page.locator("tbody tr.ant-table-row")
    expect(rules.first).to_be_visible()
    assert not [text for text in rules.all_inner_texts() if "yigong:" in text], (
        "rules are told by what they are about"
    )
    here.suits_everybody("queue-figures")


def test_a_round_is_drawn_judged_by_keyboard_and_counted(enter: Entering) -> None:
    leader = enter("liuzz", "/ui/comments")
    leader.see("还没有点评任务")
    leader.page.get_by_role("button", name="新建点评").click()
    leader.page.get_by_role("button", name="抽样", exact=True).click()
    expect(leader.page.get_by_role("heading", level=1)).to_contain_text("门急诊处方点评")
    leader.suits_everybody("comments")
    leader.page.get_by_role("combobox", name="点评药师").fill("wangys")
    leader.page.get_by_role("button", name="改派").click()
    leader.see("已改派给 wangys")
    expect(leader.page.locator("tr.ant-table-row-selected")).to_contain_text("wangys")
    for _ in range(leader.page.locator("tbody tr.ant-table-row").count()):
        expect(leader.page.get_by_role("button", name="合理（1）", exact=True)).to_be_enabled()
        leader.page.keyboard.press("1")
        expect(leader.page.get_by_text("已保存，转到下一张").last).to_be_visible()
    leader.see("全部点评完成")
    leader.page.get_by_role("button", name="结果汇总").click()
    leader.see("100%")
    assert leader.hurdles() == []
    leader.page.go_back()
    _comes_back_filled(leader)


def test_the_keys_go_on_past_the_first_page_of_a_worksheet(enter: Entering) -> None:
    here = enter("wangys", "/ui/comments")
    here.page.route("**/rounds/long/worksheet", _of_twenty_two)
    here.open("/ui/comments/long")
    chosen = here.page.locator("tr.ant-table-row-selected td").first
    expect(chosen).to_have_text("1")
    for _ in range(21):
        here.page.keyboard.press("j")
    expect(chosen).to_have_text("22")
    here.page.keyboard.press("k")
    here.page.keyboard.press("k")
    expect(chosen).to_have_text("20")
    here.page.get_by_label("点评意见").fill("剂量偏大")
    here.page.get_by_role("button", name="19", exact=True).click()
    expect(here.page.get_by_label("点评意见")).to_have_value("")
    here.page.get_by_role("button", name="20", exact=True).click()
    expect(here.page.get_by_label("点评意见")).to_have_value("剂量偏大")  # kept, and not left unasked
    here.page.get_by_role("link", name="概览").click()
    here.page.get_by_role("button", name="留在本页").click()
    expect(here.page.get_by_label("点评意见")).to_have_value("剂量偏大")


def _of_twenty_two(sent: Route) -> None:
    """A worksheet of two pages."""
    item = {"round": "long", "version": 1, "status": "open", "issued": "2026-11-01", "prescription": {}}
    items = [item | {"number": number, "problems": [], "suggested": []} for number in range(1, 23)]
    sent.fulfill(json={"id": "long", "name": "点评", "kind": "", "status": "open", "version": 1, "items": items})


def _comes_back_filled(leader: Window) -> None:
    """The worksheet, filled in offline: with a code that there is not, then rightly."""
    with leader.page.expect_download() as downloading:
        leader.page.get_by_role("button", name="导出工作表").click()
    book = openpyxl.load_workbook(BytesIO(Path(downloading.value.path()).read_bytes()))
    sheet = book.worksheets[0]
    columns = {cell.value: cell.column for cell in sheet[1]}
    dialog = leader.page.get_by_role("dialog", name="导入结果")
    for code, stored in (("9-99", 0), ("2-8", 1)):
        sheet.cell(2, columns["是否合理(0/1)"]).value = 0
        sheet.cell(2, columns["存在问题(代码)"]).value = code
        filled = BytesIO()
        book.save(filled)
        file = FilePayload(name="工作表.xlsx", mimeType="application/octet-stream", buffer=filled.getvalue())
        leader.page.locator("input[type=file]").set_input_files(file)
        expect(dialog).to_contain_text(f"已保存 {stored} 张")
        expect(dialog.get_by_role("row").filter(has_text="9-99")).to_have_count(1 - stored)
        assert leader.hurdles() == []
        leader.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()


def offered(here: Window) -> Locator:
    """The menu of views, opened by key."""
    here.page.get_by_role("button", name="视图", exact=True).press("Enter")
    menu = here.page.get_by_role("menu").filter(has_text="保存当前视图…")
    expect(menu).to_be_visible()
    return menu


def _after_a_second_press(field: Locator) -> Callable[[Route], None]:
    """Lets a request through once Enter was pressed again in a field."""
    pressed: list[str] = []

    def passing(sent: Route) -> None:
        if sent.request.method == "POST":
            pressed.append(sent.request.url)
            assert len(pressed) == 1, "sent twice"
            field.press("Enter")
        sent.continue_()

    return passing


def test_a_view_of_a_board_is_kept_shared_and_removed(enter: Entering) -> None:
    lead = enter("liuzz", "/ui/queue/figures?days=90")
    menu = offered(lead)
    expect(menu.get_by_text("还没有保存的视图")).to_be_visible()
    menu.get_by_role("menuitem", name="保存当前视图…").click()
    dialog = lead.page.get_by_role("dialog")
    dialog.get_by_label("名称").fill("季度审方")
    dialog.get_by_label("共享给本机构及下级机构").check()
    assert lead.hurdles() == []
    lead.page.route("**/api/v1/views", _after_a_second_press(dialog.get_by_label("名称")))
    dialog.get_by_label("名称").press("Enter")
    lead.see("视图已保存")
    expect(lead.page.get_by_text("已有名为")).to_have_count(0)
    colleague = enter("wangys", "/ui/queue/figures")
    menu = offered(colleague)
    expect(menu.get_by_role("menuitem", name="删除视图")).to_have_count(0)
    menu.get_by_role("menuitem", name="季度审方（liuzz）").click()
    expect(colleague.page).to_have_url(re.compile(r"/ui/queue/figures\?days=90$"))
    colleague.see("近 90 天")
    lead.open("/ui/queue/figures")
    menu = offered(lead)
    expect(menu.get_by_role("menuitem", name="季度审方")).to_be_visible()
    lead.suits_everybody("views")
    menu.get_by_role("menuitem", name="删除视图").press("Enter")
    lead.page.get_by_role("menuitem", name="删除“季度审方”").click()
    sure = lead.page.get_by_role("dialog", name="删除视图“季度审方”？")
    lead.suits_everybody("view-removal")
    sure.get_by_role("button", name="删除视图").click()
    lead.see("视图已删除")
    colleague.open("/ui/queue/figures")
    expect(offered(colleague).get_by_text("还没有保存的视图")).to_be_visible()
