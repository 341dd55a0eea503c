"""What managers and quality controllers look at: indicators down to their rows, the wall, record QC, alerts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from urllib.request import Request, urlopen

import openpyxl
import pytest
from playwright.sync_api import Browser, Route, expect

from api.routes import record_qc
from clinical.coded import CHINA
from demo import league
from demo.figures import fill_figures
from tests.browser.conftest import filled, running
from tests.browser.paper import printed
from tests.browser.window import PHONE, WALL, Window

_INSTITUTIONS, _EVENTS = 3, 2_000
Opening = Callable[..., Window]
_CHECKED: Mapping[str, object] = {"patient": "P0001", "report": 1}


@pytest.fixture(scope="module")
def region(starter_dir: Path, tmp_path_factory: pytest.TempPathFactory, pages: Path) -> Iterator[str]:
    """A service with some months of three institutions, and one record that was checked."""
    some = [place for place in league.places() if place.tenant.endswith("/maternity")][:_INSTITUTIONS]
    house = filled(starter_dir, tmp_path_factory.mktemp("boards"), 1)
    fill_figures(house, datetime.now(CHINA).date(), events=_EVENTS, there=some)
    house.engine.dispose()
    with running(house.settings.data_dir) as base:
        _post(f"{base}/api/v1/qc/records", record_qc.EXAMPLES["record"])
        yield base


def _post(url: str, body: object) -> None:
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(url, json.dumps(body).encode(), headers), timeout=30) as answer:
        assert answer.status in (200, 201)


@pytest.fixture
def window(browser: Browser, region: str) -> Iterator[Opening]:
    """Opens windows of that service; whatever went wrong in one fails the test."""
    made: list[Window] = []

    def opening(path: str, size: tuple[int, int] = (1366, 768)) -> Window:
        made.append(Window(browser, region, size))
        made[-1].open(path)
        return made[-1]

    yield opening
    for one in made:
        one.close()


def test_a_theme_shows_its_indicators_beside_the_year_before(window: Opening) -> None:
    here = window("/ui/boards?theme=services")
    row = here.page.get_by_role("row").filter(has=here.page.get_by_role("link", name="门急诊人次", exact=True))
    expect(row).to_contain_text(re.compile(r"[▲▼]"))
    here.suits_everybody("boards")
    here.page.get_by_label("在本主题中查找指标").fill("没有这样的指标")
    expect(here.page.get_by_role("link", name="门急诊人次", exact=True)).to_have_count(0)


def test_from_an_indicator_by_institution_to_the_rows_behind_it(window: Opening) -> None:
    here = window("/ui/boards/visits-seen")
    expect(here.page.get_by_role("img", name=re.compile("趋势：20"))).to_be_visible()
    here.page.get_by_role("button", name=re.compile("^明细：")).first.press("Enter")
    here.see("查看明细会记入审计")
    expect(here.page.get_by_role("region", name="明细").get_by_role("row").nth(2)).to_be_visible()
    expect(here.page).to_have_url(re.compile("only=institution"))
    expect(
        here.page.get_by_role("heading", name=re.compile(r"^明细：\S*妇幼\S* · 20\d\d 年 \d+ 月$"))
    ).to_be_visible()
    named = here.page.get_by_role("region", name="明细").get_by_title("league/").first
    expect(named).to_have_text(re.compile("妇幼"))
    here.suits_everybody("indicator")


def test_a_row_behind_a_figure_leads_to_the_case(window: Opening) -> None:
    here = window("/ui/boards")
    here.page.route("**/visits-seen/rows?*", _of_a_case)
    here.open("/ui/boards/visits-seen")
    here.page.get_by_role("button", name=re.compile("^明细：")).first.click()
    place = here.page.get_by_role("region", name="明细").get_by_role("row").nth(1)
    expect(place.get_by_role("link", name="患者")).to_have_attribute(
        "href", re.compile("/ui/bedside.patient=P0001&tenant=league")
    )
    place.get_by_role("link", name="病历质控报告").click()
    expect(here.page.get_by_role("heading", level=1)).to_contain_text("ZY20261101001")


def test_a_row_leads_to_the_prescription_or_says_why_there_is_no_case(window: Opening) -> None:
    here = window("/ui/boards")
    number = here.page.request.get(f"{here.base}/api/v1/reviews?limit=1").json()["reviews"][0]["id"]
    here.page.route("**/visits-seen/rows?*", partial(_of_a_case, case={"prescription": number}))
    here.open("/ui/boards/visits-seen")
    here.page.get_by_role("button", name=re.compile("^明细：")).first.click()
    rows = here.page.get_by_role("region", name="明细").get_by_role("row")
    expect(rows.nth(2)).to_contain_text("本行所附编号未在本平台登记，无个案")
    rows.nth(1).get_by_role("link", name="处方与提示").click()
    expect(here.page.get_by_role("heading", name="处方", exact=True, level=1)).to_be_visible()
    here.see("华法林")
    here.see("处理过程")
    expect(here.page.get_by_role("button", name="打印")).to_be_visible()
    here.suits_everybody("prescription")


def _of_a_case(sent: Route, *, case: Mapping[str, object] = _CHECKED) -> None:
    """Rows as they are answered, the first of a record that was checked, or of another case."""
    told = sent.fetch().json()
    told["cases"][0] = case
    sent.fulfill(json=told)


_DARKEST_DOT = """(canvas) => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
    copy.drawImage(canvas, 0, 0);
    const dots = copy.getImageData(0, 0, canvas.width, canvas.height).data;
    let least = 255;
    for (let at = 0; at < dots.length; at += 4)
        if (dots[at + 3] > 200) least = Math.min(least, Math.max(dots[at], dots[at + 1], dots[at + 2]));
    return least;
}"""


def test_a_chart_is_drawn_anew_in_letters_for_light_dark_and_paper(window: Opening) -> None:
    here = window("/ui/boards/visits-seen")
    chart = here.page.locator(".chart canvas").first
    expect(chart).to_be_visible()
    light = chart.evaluate(_DARKEST_DOT)  # of a letter
    here.page.emulate_media(color_scheme="dark")
    expect(here.page.locator("html")).to_have_attribute("data-theme", "dark")
    dark = chart.evaluate(_DARKEST_DOT)
    here.page.emulate_media(media="print")
    expect(here.page.locator("html")).to_have_attribute("data-theme", "light")
    assert dark > light
    assert chart.evaluate(_DARKEST_DOT) == light


def test_a_board_of_several_pages_is_on_paper_whole_and_says_its_theme(window: Opening) -> None:
    here = window("/ui/boards?theme=services&period=2026-10")
    rows = here.page.locator("tr[data-row-key]")
    expect(here.page.locator(".ant-pagination")).to_be_visible()
    seen = rows.count()
    paper = printed(here.page)
    assert paper.says("主题：服务")
    here.page.emulate_media(media="print")
    expect(here.page.locator(".ant-pagination")).to_have_count(0)
    assert rows.count() > seen
    titles = rows.locator("a").all_inner_texts()
    assert [one for one in titles if not paper.says(one)] == []


_PAPER_PX = 794
_WATCHED = """(canvas) => {
    window.widths = [];
    new MutationObserver(() => window.widths.push(canvas.width)).observe(canvas, { attributeFilter: ["width"] });
}"""


def test_an_indicator_is_on_paper_as_wide_as_that_and_says_its_period(window: Opening) -> None:
    here = window("/ui/boards/visits-seen?period=2026-10")
    chart = here.page.locator(".chart canvas").first
    expect(chart).to_be_visible()
    expect(here.page.locator("tr[data-row-key]").first).to_be_visible()
    chart.evaluate(_WATCHED)
    wide = chart.evaluate("(one) => one.width")
    paper = printed(here.page)
    assert paper.says("期间：2026 年 10 月")
    assert paper.says("对比维度：机构")
    assert paper.says("未能判断")
    assert not paper.says("返回看板")
    assert paper.reach < 1
    assert min(here.page.evaluate("window.widths")) < _PAPER_PX < wide
    here.page.wait_for_function(f"window.widths.at(-1) === {wide}")


@pytest.mark.parametrize(
    ("place", "button", "begins"),
    [
        ("boards/visits-seen", "导出 Excel", b"PK"),
        ("boards/visits-seen", "导出 PDF", b"%PDF"),
        ("recordqc/statistics", "导出 PDF", b"%PDF"),
        ("governance", "导出 PDF", b"%PDF"),
    ],
)
def test_figures_are_taken_away_as_a_file(window: Opening, place: str, button: str, begins: bytes) -> None:
    here = window(f"/ui/{place}")
    with here.page.expect_download() as downloading:
        here.page.get_by_role("button", name=button).click()
    assert Path(downloading.value.path()).read_bytes().startswith(begins)


def test_where_a_figure_came_from_is_shown_when_asked_for(window: Opening) -> None:
    here = window("/ui/boards/bed-use")
    here.see("低于 85% 或高于 93%")
    place = here.page.get_by_role("region", name="数据来源与血缘")
    place.get_by_role("button", name="查看").press("Enter")
    expect(place.get_by_role("row").filter(has_text="床位日报").first).to_be_visible()
    expect(place.get_by_role("row").filter(has_text="罕乌拉旗妇幼保健院").first).to_be_visible()
    here.suits_everybody("indicator-lines")


def test_tables_behind_the_figures_are_listed(window: Opening) -> None:
    here = window("/ui/boards?theme=sources")
    expect(here.page.get_by_role("row").filter(has_text="门急诊就诊")).to_contain_text(re.compile(r"20\d\d-\d\d – "))
    assert here.hurdles() == []


def test_what_lies_beyond_its_line_is_listed_by_institution(window: Opening) -> None:
    here = window("/ui/boards?theme=warnings")
    expect(here.page.get_by_text("超出预警线", exact=True).first).to_be_visible()
    assert here.hurdles() == []


def test_the_wall_turns_its_themes_and_asks_anew(window: Opening) -> None:
    here = window("/ui/wall", WALL)
    here.page.route("**/indicator-warnings?*", _fifteen)
    here.page.clock.install()
    here.page.reload()
    expect(here.page.get_by_role("heading", level=1)).to_contain_text("全景")
    here.page.keyboard.press("ArrowRight")
    expect(here.page.get_by_role("heading", level=1)).to_contain_text("惠政")
    here.page.keyboard.press("ArrowLeft")
    here.page.keyboard.press("p")
    here.see("继续轮播")
    expect(here.page.locator(".wall-tiles li").first).to_be_visible()
    here.see("等另外 1 家")
    here.see("另有 3 项")
    here.suits_everybody("wall")
    with here.page.expect_response(lambda told: "/reports/overview" in told.url):
        here.page.clock.fast_forward(30_500)


def _fifteen(sent: Route) -> None:
    """Fifteen indicators that warn, each of three institutions."""
    lines = [{"group": [{"dimension": "institution", "value": n, "title": n}], "value": 3} for n in "甲乙丙"]
    warning = [{"id": f"{number}", "title": "床位使用率", "unit": "%", "lines": lines} for number in range(15)]
    sent.fulfill(json={"period": "2026-10", "indicators": warning})


def test_a_checked_record_explains_its_score_and_is_appealed_against(window: Opening) -> None:
    here = window("/ui/recordqc")
    here.see("ZY20261101001")
    here.suits_everybody("record-qc")
    here.page.get_by_role("link", name="ZY20261101001").click()
    here.see("首次病程记录")
    here.see("评分明细")
    here.suits_everybody("record-qc-report")
    places = [text for text in here.page.locator(".qc-defect p").all_inner_texts() if text.startswith("位置：")]
    assert places
    assert not [text for text in places if re.match("位置：[a-z]", text)], "a document has a name, not a number"
    first = here.page.locator(".qc-defect").first
    first.get_by_role("button", name="申诉").click()
    dialog = here.page.get_by_role("dialog")
    dialog.get_by_role("button", name=re.compile("申\\s*诉")).click()
    here.see("请填写理由")
    dialog.get_by_label("理由或说明").fill("纸质病历中已有，扫描件见附件3")
    dialog.get_by_role("button", name=re.compile("申\\s*诉")).click()
    expect(first).to_contain_text("申诉中")
    here.open("/ui/recordqc/defects?state=appealed")
    here.see("ZY20261101001")
    expect(here.page.locator(".qc-defect")).to_have_count(1)
    assert here.hurdles() == []


def test_scores_by_department_and_the_national_indicators(window: Opening) -> None:
    days = "since=2026-11-01&until=2026-11-30"
    here = window(f"/ui/recordqc/statistics?{days}")
    expect(here.page.get_by_role("row").filter(has_text="心内科")).to_contain_text("1")
    assert here.hurdles() == []
    here.open(f"/ui/recordqc/national?{days}")
    row = here.page.get_by_role("row").filter(has_text="入院记录24小时内完成率")
    row.get_by_role("button", name="展开行").press("Enter")
    here.page.get_by_text("相关病历").press("Enter")
    expect(here.page.get_by_role("link", name="ZY20261101001")).to_be_visible()
    here.suits_everybody("record-qc-national")
    here.open("/ui/recordqc?grade=丙级&department=没有的科室")
    here.see("没有符合条件的质控报告")


def test_a_view_is_opened_from_elsewhere_on_its_board_and_none_is_kept_of_a_record(window: Opening) -> None:
    title = "旗县" * 29
    here = window("/ui/boards?theme=warnings&period=2026-10")
    _keeps(here, title)
    here.see("视图已保存")
    here.open("/ui/boards/visits-seen")
    here.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    here.page.get_by_role("button", name="视图", exact=True).press("Enter")
    view = here.page.get_by_role("menuitem", name=title)
    expect(view).to_be_visible()
    assert here.fits()
    here.shoot("view-long")
    view.click()
    expect(here.page).to_have_url(re.compile(r"/ui/boards\?theme=warnings&period=2026-10$"))
    here.forgive("422")
    here.open("/ui/recordqc?record=ZY20261101001")
    _keeps(here, "一份病历")
    here.see("视图不保存指向患者、病历或报文的条件及其他条件（record）")


def _keeps(here: Window, title: str) -> None:
    here.page.get_by_role("button", name="视图", exact=True).press("Enter")
    here.page.get_by_role("menuitem", name="保存当前视图…").click()
    dialog = here.page.get_by_role("dialog", name="保存当前视图")
    dialog.get_by_label("名称").fill(title)
    dialog.get_by_role("button", name=re.compile("确\\s*定")).click()


def test_an_analysis_is_laid_out_by_dragging(window: Opening) -> None:
    here = window("/ui/analysis")
    chip = here.page.locator(".analysis-fields .analysis-chip").filter(has_text=re.compile("^旗县$"))
    chip.drag_to(here.page.get_by_role("group", name="行", exact=True))
    result = here.page.get_by_role("region", name="结果")
    expect(result.get_by_role("row").filter(has_text="罕乌拉旗")).to_be_visible()
    by_menu = here.page.get_by_role("button", name="“期间”放到…")
    by_menu.click()
    here.page.get_by_role("menuitem", name="放到列").click()
    month = re.compile(r"^20\d\d-\d\d$")
    expect(result.get_by_role("columnheader", name=month)).to_be_visible()
    fee = here.page.locator(".analysis-fields .analysis-chip").filter(has_text=re.compile("^医药费用合计$"))
    fee.drag_to(here.page.get_by_role("group", name="数值"))
    expect(result.get_by_role("columnheader", name="医药费用合计（合计）")).to_be_visible()
    here.page.get_by_label("“医药费用合计”的统计方式").click()
    here.page.get_by_title("平均", exact=True).click()
    expect(result.get_by_role("columnheader", name="医药费用合计（平均）")).to_be_visible()
    here.suits_everybody("analysis")
    with here.page.expect_download() as downloading:
        here.page.get_by_role("button", name="导出 Excel").click()
    book = openpyxl.load_workbook(BytesIO(Path(downloading.value.path()).read_bytes()))
    head, *rows = book.worksheets[0].iter_rows(values_only=True)
    assert head[0] == "旗县"
    assert month.match(head[1].split()[0])
    assert "罕乌拉旗" in [row[0] for row in rows]
    with here.page.expect_download() as downloading:
        here.page.get_by_role("button", name="导出 CSV").click()
    assert Path(downloading.value.path()).read_text("utf-8-sig").startswith("旗县,")


def test_an_analysis_is_laid_out_by_keys_alone_kept_and_opened_again(window: Opening) -> None:
    here = window("/ui/analysis")
    rows, columns = (here.page.get_by_role("group", name=name, exact=True) for name in ("行", "列"))
    here.page.get_by_role("button", name="拖动“旗县”").press("Enter")
    expect(rows).to_be_focused()
    here.page.keyboard.press("Tab")
    expect(columns).to_be_focused()
    here.page.keyboard.press("Enter")
    expect(columns.get_by_text("旗县")).to_be_visible()
    expect(here.page.get_by_role("columnheader", name="罕乌拉旗")).to_be_visible()
    here.page.get_by_role("button", name="保存视图").click()
    dialog = here.page.get_by_role("dialog")
    dialog.get_by_label("名称").fill("各旗县就诊")
    dialog.get_by_role("button", name=re.compile("确\\s*定")).click()
    here.see("已保存")
    here.open("/ui/analysis")
    here.page.get_by_label("打开已保存的视图").click()
    here.page.get_by_title("各旗县就诊").click()
    expect(columns.get_by_text("旗县")).to_be_visible()
    columns.get_by_role("button", name="移除“旗县”").press("Enter")
    expect(columns.get_by_text("旗县")).to_have_count(0)


def test_an_analysis_is_filtered_by_what_there_is(window: Opening) -> None:
    here = window("/ui/analysis")
    here.page.get_by_role("button", name="“旗县”放到…").click()
    here.page.get_by_role("menuitem", name="放到筛选").click()
    here.page.get_by_label("“旗县”的取值").click()
    here.page.get_by_title("罕乌拉旗", exact=True).click()
    here.page.keyboard.press("Escape")
    expect(here.page).to_have_url(re.compile("only"))
    here.page.get_by_role("button", name="移除“记录数”").click()
    here.see("请至少放入一个数值")
    here.page.go_back()
    expect(here.page.get_by_role("region", name="结果").get_by_role("row")).to_have_count(2)
