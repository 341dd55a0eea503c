"""The curators' workbench: one piece of knowledge from a search box to the wards and back, and two curators at once."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, TimeoutError, expect

from api.bootstrap import House, open_house
from api.gates import GATES
from api.search_desk import artefacts
from api.terms_desk import TermsDesk
from base.settings import Settings
from base.tenancy import system
from demo.people import LEAGUE
from knowledge.merge import candidates
from knowledge.model import Article, Citation, Concept, ConceptKind, Section, Source, Statement, Status
from knowledge.release import publish
from knowledge.store import Change
from records.code_intake import Sighting
from records.code_systems import CodeSystem
from records.code_systems import Concept as Code
from tests.browser.paper import printed
from tests.browser.staffed import at_work, hire, logged_in
from tests.browser.window import Window
from tests.conftest import DATABASE

Entering = Callable[..., Window]
CONFIRM = re.compile("^确\\s*认$")
STAFF = {
    "lihua": ("李华", "knowledge-editor"),
    "zhaomin": ("赵敏", "knowledge-editor"),
    "wangzr": ("王主任", "knowledge-reviewer"),
}
_DRUGS = (
    "华法林",
    "布洛芬",
    "非甾体抗炎药",
    "西咪替丁",
    "双硫仑",
    "维生素E",
    "螺内酯",
    "肾素血管紧张素系统抑制剂",
    "利尿药",
)
_ALWAYS = re.compile(r"lab:(body-|creatinine|egfr|alt$|ast$|child-pugh)|disease:(pregnancy|lactation|dialysis)$")
_SECONDS = 60_000
ONE, OTHER = "symptom:palpitation", "symptom:palpitation-2"
_DICTIONARY = "urn:his:dx"
_ARTICLE = Article(
    "article:warfarin",
    "ingredient:warfarin",
    "华法林用药须知",
    (Section("复查", "开始用药后每周复查INR。", (Citation("label:华法林钠片", "【注意事项】"),)),),
)


def _small(house: House, whole: House) -> None:
    """A release small enough to be published, with its search index, within a second or two."""
    concepts = [c for c, _ in whole.store.heads(Concept) if c.name in _DRUGS or _ALWAYS.match(c.id)]
    known = {concept.id for concept in concepts}
    said = [s for s, _ in whole.store.heads(Statement) if {s.subject, s.object} - {""} <= known]
    cited = {citation.source for s in said for citation in s.citations}
    sources = [s for s, _ in whole.store.heads(Source) if s.id in cited]
    twins = (
        Concept(ONE, ConceptKind.SYMPTOM, "心慌慌", origin="own"),
        Concept(OTHER, ConceptKind.SYMPTOM, "心悸悸", origin="own"),
    )
    records = (*concepts, *twins, *said, *sources, Source("label:华法林钠片", "华法林钠片说明书", "label"), _ARTICLE)
    house.store.write([Change(r, "created", Status.APPROVED, "起步") for r in {r.id: r for r in records}.values()])
    publish(house.store, house.releases, house.key, GATES, "起步", "起步内容", artefacts(house.settings))


def _alike(house: House) -> None:
    """Two concepts that may be one."""
    with house.engine.begin() as connection:
        connection.execute(candidates.insert().values(a=ONE, b=OTHER, reason="同名", state="open", decided_by=""))


def _unmapped(house: House) -> None:
    """A standard, and codes of a hospital that nobody mapped to it."""
    desk, at = TermsDesk(house.engine, LEAGUE), datetime.now(UTC)
    standard = CodeSystem(LEAGUE, "icd-10-gl", "http://hl7.org/fhir/sid/icd-10", "ICD-10 国临版", standard=True)
    codes = [Code("I10", "特发性(原发性)高血压", synonyms=("高血压",)), Code("J18.9", "肺炎")]
    seen = [
        Sighting(_DICTIONARY, "D1", "Condition.code", "肺炎"),
        Sighting(_DICTIONARY, "D2", "Condition.code", "高血压"),
    ]
    with system("test"):
        desk.systems.register(standard, at)
        desk.systems.draft(standard, "2.0", codes, "编制人", at)
        desk.systems.activate(standard, "2.0", "审核人", at)
        with house.engine.begin() as connection:
            desk.coder.keep(connection, LEAGUE, seen, at)


@pytest.fixture(scope="module")
def desk(starter: House, blank: Path, tmp_path_factory: pytest.TempPathFactory, pages: Path) -> Iterator[str]:
    """A service with curators. The tests of this file are one working day."""
    data = tmp_path_factory.mktemp("curation")
    shutil.copy(blank, data / DATABASE)
    house = open_house(Settings(data_dir=data))
    _small(house, starter)
    _alike(house)
    _unmapped(house)
    hire(house, STAFF, LEAGUE)
    house.engine.dispose()
    (data / "starter.sm3").write_bytes((starter.settings.data_dir / "starter.sm3").read_bytes())
    with at_work(data) as base:
        yield base


@pytest.fixture
def enter(browser: Browser, desk: str) -> Iterator[Entering]:
    """Opens the window of somebody who logged in."""
    made: list[Window] = []

    def entering(name: str, path: str) -> Window:
        made.append(logged_in(browser, desk, name))
        made[-1].open(path)
        return made[-1]

    yield entering
    for one in made:
        one.close()


def both_texts_are_on_paper(page: Page) -> None:
    """Each as it stands in its editor on the screen, what differs marked."""
    old, new = (side.split() for side in page.locator(".cm-mergeView .cm-content").all_inner_texts())
    changed = page.locator(".diff-paper ins").first.text_content() or ""
    paper = printed(page)
    assert [line for line in (*old, *new) if not paper.says(line)] == []
    assert paper.says(changed)
    assert paper.reach < 1
    page.emulate_media(media="print")
    expect(page.locator(".cm-editor").first).to_be_hidden()
    expect(page.locator(".diff-paper del").first).to_have_css("text-decoration-line", "line-through")
    page.emulate_media(media="screen")


def paste(page: Page, text: str) -> None:
    """Paste what was copied from a spreadsheet into the field that has the focus."""
    page.evaluate(
        """text => {
            const clipboardData = new DataTransfer();
            clipboardData.setData('text/plain', text);
            const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
            document.activeElement.dispatchEvent(event);
        }""",
        text,
    )


def choose(page: Page, label: str, title: str) -> None:
    """Take an option of a list; one that was closed by a redraw is opened anew."""
    option = page.locator(f".ant-select-item-option[title='{title}']:visible").last
    for _ in range(3):
        page.get_by_label(label).click()
        with suppress(TimeoutError):
            return option.click(timeout=5_000)
    pytest.fail(f"{label}: no list opens")


def interaction(here: Window) -> None:
    """Open the form of 华法林 with 西咪替丁 from the concept's page."""
    here.see("华法林与西咪替丁合用")
    line = here.page.get_by_role("listitem").filter(has_text="华法林与西咪替丁合用")
    line.get_by_role("link", name="修改").click()
    expect(here.page.get_by_role("heading", name="相互作用：华法林 → 西咪替丁")).to_be_visible()


def test_a_concept_is_found_by_initials_and_read_with_its_graph(enter: Entering) -> None:
    here = enter("lihua", "/ui/knowledge")
    here.page.get_by_role("combobox", name="知识检索").press_sequentially("hfl", delay=30)
    here.page.get_by_role("option", name="华法林").or_(here.page.get_by_title("华法林")).first.wait_for(
        state="attached"
    )
    here.page.locator(".ant-select-item-option").filter(has_text="华法林").first.click()
    expect(here.page.get_by_role("heading", name="华法林", level=1)).to_be_visible()
    here.see("西咪替丁片说明书")
    here.suits_everybody("curation-concept")
    here.page.get_by_role("tab", name="图谱").click()
    expect(here.page.locator("canvas").first).to_be_visible()
    here.page.get_by_text("以列表查看").click()
    expect(here.page.get_by_role("cell", name="西咪替丁")).to_be_visible()


def test_whoever_may_edit_finds_rules_sources_and_drafts_in_the_same_box(enter: Entering) -> None:
    here = enter("lihua", "/ui/knowledge")
    here.page.get_by_role("combobox", name="知识检索").fill("华法林钠片说明书")
    source = here.page.locator(".ant-select-item-option").filter(has_text="来源")
    expect(source).to_contain_text("华法林钠片说明书")
    expect(here.page.get_by_text("规则、来源和草稿")).to_be_visible()
    source.click()
    expect(here.page.get_by_role("heading", name="华法林钠片说明书", level=1)).to_be_visible()
    assert here.page.url.endswith("/ui/curation/source/label%3A%E5%8D%8E%E6%B3%95%E6%9E%97%E9%92%A0%E7%89%87")


def test_an_article_shows_the_source_of_each_section_and_a_concept_its_attributes(enter: Entering) -> None:
    here = enter("lihua", "/ui/knowledge/concept/ingredient%3Awarfarin")
    expect(here.page.get_by_role("row").filter(has_text="途径")).to_contain_text("口服")
    here.page.get_by_role("tab", name="文章 1").click()
    section = here.page.get_by_role("article").filter(has_text="每周复查INR")
    expect(section.get_by_text("出处：华法林钠片说明书 【注意事项】")).to_be_visible()
    here.suits_everybody("curation-article")


def test_a_question_finds_passages_with_their_sources(enter: Entering) -> None:
    here = enter("lihua", "/ui/knowledge")
    here.page.get_by_role("combobox", name="知识检索").fill("华法林能和西咪替丁一起吃吗")
    here.page.get_by_role("button", name="检索").click()
    expect(here.page.locator("article mark", has_text="华法林").first).to_be_visible()
    here.see("出处：西咪替丁片说明书")
    here.suits_everybody("knowledge")


def test_what_is_wrong_is_told_at_the_field_and_a_draft_is_submitted(enter: Entering) -> None:
    here = enter("lihua", "/ui/knowledge/concept/ingredient%3Awarfarin")
    interaction(here)
    advice = here.page.get_by_label("建议", exact=True)
    advice.fill("")
    here.see("建议必填")
    here.suits_everybody("curation-form")
    advice.fill("改用法莫替丁；合用期间每3日复查INR。")
    here.page.get_by_label("修改理由").fill("新版说明书")
    here.page.get_by_role("button", name="保存草稿").click()
    here.see("草稿已保存")
    here.page.get_by_role("tab", name="历史与差异").click()
    expect(here.page.locator(".cm-changedText").first).to_be_visible()
    here.suits_everybody("curation-history")
    here.page.get_by_role("tab", name="编辑").click()
    here.page.get_by_role("button", name="提交审核").click()
    here.see("已提交审核 1 条")


def test_rows_from_a_spreadsheet_are_checked_cell_by_cell(enter: Entering) -> None:
    here = enter("lihua", "/ui/curation/table/interactions")
    heads = "药品A\t药品B\t严重程度\t后果\t机制\t建议\t来源\t章节\t证据"
    good = (
        "华法林\t维生素E\t一般\t出血风险升高\t增强抗凝\t避免每日超过400 IU\t说明书:华法林钠片\t【药物相互作用】\t中"
    )
    here.page.get_by_label("药品A", exact=True).first.focus()
    paste(here.page, f"{heads}\n{good}\n{good.replace('维生素E', '维生素Q').replace('一般', '可怕')}\n")
    here.see("“可怕”不在可选值中")
    here.suits_everybody("curation-grid")
    here.page.get_by_label("2 严重程度").fill("提示")
    here.see("“维生素Q”不是已知概念的名称")
    here.page.get_by_role("button", name="删除该行 2").click()
    here.see("新建 相互作用")
    here.page.get_by_label("修改理由").fill("说明书更新")
    here.page.get_by_role("button", name="保存为草稿").click()
    expect(here.page.get_by_role("heading", name="知识编辑")).to_be_visible()
    row = here.page.get_by_role("row").filter(has_text="维生素E")
    row.get_by_role("checkbox").check()
    here.page.get_by_role("button", name="提交审核").click()
    here.see("已提交审核 1 条")


def test_a_table_that_the_service_refuses_says_so_and_why(enter: Entering) -> None:
    here = enter("lihua", "/ui/curation/table/interactions")
    here.forgive("413")
    told = {"resourceType": "OperationOutcome", "issue": [{"details": {"text": "请求内容过大"}}]}
    here.page.route("**/tables/interactions/rows", lambda route: route.fulfill(status=413, json=told))
    here.page.get_by_label("药品A", exact=True).first.fill("华法林")
    refused = here.page.get_by_role("alert").filter(has_text="未能校验")
    expect(refused).to_contain_text("请求内容过大")
    here.page.unroute("**/tables/interactions/rows")
    here.page.get_by_label("药品B", exact=True).first.fill("维生素E")
    expect(refused).to_be_hidden()
    expect(here.page.get_by_text("处须改正")).to_be_visible()


def test_a_rule_is_built_by_clicking_and_tried_as_it_grows(enter: Entering) -> None:
    here = enter("lihua", "/ui/rules/new")
    page = here.page
    page.get_by_label("编号").fill("rule:warfarin-over-75")
    for word in ("新开药品", "年龄"):
        page.get_by_role("combobox", name="增加条件").fill(word)
        page.locator(f".ant-select-item-option[title='{word}']").click()
    page.get_by_role("combobox", name="药品", exact=True).fill("华法林")
    page.get_by_role("spinbutton", name="值").fill("75")
    expect(page.get_by_label("条件文字")).to_have_value('orders("华法林") and age_years >= 75')
    page.get_by_label("条件文字").fill('orders("华法林")and 75 <= age_years or')
    here.see("条件文字还不能读取，请先改正文字")  # nothing is clicked that would take the place of what was typed
    page.get_by_label("条件文字").fill('orders("华法林") and 75 <= age_years')
    expect(page.get_by_role("spinbutton", name="值")).to_have_value("75")
    expect(page.get_by_role("listitem").filter(has_text="83岁女性")).to_contain_text("触发")
    expect(page.get_by_role("listitem").filter(has_text="72岁男性")).to_contain_text("不触发")
    for number, (name, age) in enumerate((("八十岁", "80"), ("六十岁", "60")), start=1):
        page.get_by_label(f"名称 {number}").fill(name)
        choose(page, f"新开药品（华法林） {number}", "是")
        page.get_by_label(f"年龄 {number}").fill(age)
    page.get_by_label("标题").fill("高龄患者使用华法林")
    page.get_by_label("提示内容").fill("75岁以上患者使用华法林，出血风险升高")
    page.get_by_label("来源 1", exact=True).fill("label:华法林钠片")
    page.get_by_label("修改理由").fill("药事会 2026-11 通过")
    expect(page.locator(".rule-passed")).to_have_count(2)
    here.suits_everybody("curation-rule")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_role("heading", name="高龄患者使用华法林")).to_be_visible()
    page.get_by_role("button", name="提交审核").click()
    here.see("已提交审核 1 条")


def test_what_waits_for_review_is_turned_page_by_page(enter: Entering) -> None:
    here = enter("wangzr", "/ui/review")
    waiting = here.page.locator(".review-list li")
    expect(waiting).to_have_count(3)
    second = str(waiting.nth(1).get_by_role("button").text_content())
    here.page.route(
        "**/api/v1/curation/records?*",
        lambda route: route.continue_(url=route.request.url.replace("limit=100", "limit=1")),
    )
    here.page.reload()
    expect(waiting).to_have_count(1)
    here.page.get_by_role("button", name="下一页").click()
    expect(waiting.get_by_role("button")).to_have_text(second)
    here.page.get_by_role("button", name="第一页").click()
    expect(waiting.get_by_role("button")).not_to_have_text(second)


def test_another_person_sees_the_difference_and_decides(enter: Entering) -> None:
    here = enter("wangzr", "/ui/review")
    page = here.page
    page.get_by_role("button", name="相互作用：华法林 → 西咪替丁").click()
    expect(page.locator(".diff .cm-changedText").first).to_be_visible()
    here.suits_everybody("curation-review")
    both_texts_are_on_paper(page)
    here.see("理由：新版说明书")
    page.get_by_label("意见").fill("请注明复查频次的依据")
    page.get_by_role("button", name="退回").click()
    here.see("已退回 1 条")
    editor = enter("lihua", "/ui/curation?status=rejected")
    editor.page.get_by_role("link", name="相互作用：华法林 → 西咪替丁").click()
    expect(editor.page.get_by_role("alert")).to_contain_text("请注明复查频次的依据")
    editor.suits_everybody("curation-returned")
    for title in ("高龄患者使用华法林", "维生素E"):
        page.get_by_role("button", name=title).first.click()
        page.get_by_role("button", name="批准", exact=True).click()
        here.see("已批准 1 条")
        expect(page.get_by_role("button", name=title)).to_have_count(0)
    here.see("没有待审核的知识")


def _with_many_concepts(route: Route) -> None:
    """A job as it is, but that a source came in with the release: 130 concepts before the rule."""
    answer = route.fetch()
    told = answer.json()
    content = (told.get("result") or {}).get("content")
    if content:
        new = {"kind": "concept", "change": "added", "before": "", "after": "名称：新概念\n"}
        content["counts"] = {"concept": {"added": 130}} | content["counts"]
        content["changes"] = [{**new, "id": f"x:{n}", "title": f"新概念 {n}"} for n in range(130)] + content[
            "changes"
        ]
    route.fulfill(response=answer, json=told)


def test_the_effect_is_seen_then_published_watched_and_taken_back(enter: Entering) -> None:
    here = enter("wangzr", "/ui/releases")
    page = here.page
    here.see("规则 1")
    page.route("**/api/v1/curation/jobs/*", _with_many_concepts)
    page.get_by_role("button", name="生成影响报告").click()
    expect(page.get_by_text("近期没有可用的请求")).to_be_visible(timeout=_SECONDS)
    concepts = page.get_by_role("region", name="概念")
    expect(concepts.get_by_text("只显示前 100 条，共 130 条")).to_be_visible()
    expect(concepts.get_by_role("button")).to_have_count(100)
    page.get_by_role("region", name="规则").get_by_text("高龄患者使用华法林").click()
    expect(page.locator(".diff .cm-content").last).to_contain_text("75岁以上患者")
    here.suits_everybody("curation-releases")
    page.get_by_label("发布说明").fill("高龄华法林规则")
    page.get_by_role("button", name="发布报告所试的内容").click()
    expect(page.get_by_text(re.compile("^已发布 "))).to_be_visible(timeout=_SECONDS)
    expect(page.get_by_text("各工作进程 1/1")).to_be_visible(timeout=20_000)
    here.see("没有待发布的知识")
    page.get_by_role("row").filter(has_text="起步内容").get_by_role("button", name="退回到此版").click()
    page.get_by_label("退回理由").fill("误报过多")
    page.get_by_role("dialog").get_by_role("button", name="退回到此版").click()
    here.see("已退回")


def test_two_curators_at_once_lose_nothing(enter: Entering) -> None:
    place = "/ui/knowledge/concept/ingredient%3Awarfarin"
    first, second = enter("lihua", place), enter("zhaomin", place)
    second.forgive("409")
    for one in (first, second):
        interaction(one)
    first.page.get_by_label("机制", exact=True).fill("抑制CYP1A2和CYP3A4")
    second.page.get_by_label("后果", exact=True).fill("INR升高，出血风险增加")
    for one in (first, second):
        one.page.get_by_label("修改理由").fill("新版说明书")
        one.page.get_by_role("button", name="保存草稿").click()
        one.see("草稿已保存" if one is first else "他人在您编辑时保存了新版本")
    expect(second.page.get_by_label("机制", exact=True)).to_have_value("抑制CYP1A2和CYP3A4")
    expect(second.page.get_by_label("后果", exact=True)).to_have_value("INR升高，出血风险增加")
    second.page.get_by_role("button", name="保存草稿").click()
    second.see("草稿已保存")


def test_two_concepts_become_one_when_another_person_agrees(enter: Entering) -> None:
    here = enter("lihua", "/ui/candidates")
    pair = here.page.locator(".ant-card").filter(has_text="心慌慌 · 心悸悸")
    keep = pair.get_by_role("region", name="心慌慌").get_by_role("button", name="同一事物，保留此概念")
    expect(keep).to_be_disabled()  # nothing is decided without a reason
    pair.get_by_label("理由 心慌慌").fill("同一症状的两种说法")
    keep.click()
    here.see("没有该状态的候选")
    here.page.get_by_text("待确认 1").click()
    here.see("判断人 lihua：同一症状的两种说法")
    expect(pair.get_by_role("button", name="确认合并")).to_have_count(0)  # not by whoever proposed it

    other = enter("wangzr", "/ui/candidates")
    other.page.get_by_text("待确认 1").click()
    other.see("判断人 lihua：同一症状的两种说法")
    other.suits_everybody("curation-candidates-proposed")
    other.page.get_by_role("button", name="确认合并").click()
    other.see("已合并，改动记录数")
    other.page.get_by_text("已合并 1").click()
    other.page.get_by_role("link", name=ONE, exact=True).click()
    expect(other.page.get_by_role("heading", name="心慌慌", level=1)).to_be_visible()
    other.see("心悸悸")


def test_a_code_of_a_hospital_is_mapped_and_confirmed_by_another_person(enter: Entering) -> None:
    here = enter("lihua", "/ui/termmaps")
    here.page.get_by_role("tab", name="未对照的编码").click()
    expect(here.page.get_by_role("row").filter(has_text="D2")).to_contain_text("高血压")
    choose(here.page, "来源", _DICTIONARY)
    choose(here.page, "标准", "ICD-10 国临版")
    here.page.get_by_role("button", name="生成建议").click()
    here.see("已查看编码 2，新增建议 2")

    other = enter("wangzr", "/ui/termmaps")
    other.page.get_by_role("button", name=_DICTIONARY).click()
    row = other.page.get_by_role("row").filter(has_text="J18.9")
    row.get_by_role("checkbox").check()
    other.suits_everybody("curation-termmaps-pairs")
    other.page.get_by_role("button", name=CONFIRM).click()
    other.see("已处理 1")
    expect(row).to_have_count(0)
    other.page.get_by_title("已确认").click()
    expect(row).to_contain_text("wangzr")


@pytest.mark.slow
def test_pages_suit_everybody_when_they_are_empty(enter: Entering) -> None:
    here = enter("wangzr", "/ui/review")
    here.see("没有待审核的知识")
    for path, title in (
        ("candidates", "合并候选"),
        ("loads", "知识载入"),
        ("termmaps", "术语映射"),
        ("curation", "知识编辑"),
    ):
        here.open(f"/ui/{path}")
        expect(here.page.get_by_role("heading", name=title, level=1)).to_be_visible()
        here.suits_everybody(f"curation-{path}")


def test_what_is_typed_while_a_draft_is_being_saved_is_kept(enter: Entering) -> None:
    here = enter("zhaomin", "/ui/knowledge/concept/ingredient%3Awarfarin")
    interaction(here)
    page, waiting = here.page, list[Route]()
    page.route("**/curation/records/**", lambda sent: _held(sent, waiting))
    page.get_by_label("机制", exact=True).fill("抑制CYP1A2、CYP2C9和CYP3A4")
    page.get_by_label("修改理由").fill("新版说明书")
    with page.expect_request(lambda sent: sent.method == "PUT"):
        page.get_by_role("button", name="保存草稿").click()
    page.get_by_label("后果", exact=True).fill("INR升高，出血")
    waiting.pop().continue_()
    here.see("草稿已保存")
    expect(page.get_by_label("机制", exact=True)).to_have_value("抑制CYP1A2、CYP2C9和CYP3A4")
    expect(page.get_by_label("后果", exact=True)).to_have_value("INR升高，出血")


def _held(sent: Route, waiting: list[Route]) -> None:
    """Let pass what only reads; what writes waits."""
    if sent.request.method == "PUT":
        waiting.append(sent)
    else:
        sent.continue_()


def test_a_file_is_loaded_and_its_faulty_row_shown(enter: Entering, tmp_path: Path) -> None:
    file = tmp_path / "sources.csv"
    file.write_text(
        "编号,名称,类型,发布者,年份\nown:a,本院规范,指南,药学部,2026\nown:b,另一份,传说,药学部,2026\n", "utf-8"
    )
    here = enter("lihua", "/ui/loads")
    here.page.locator("input[type=file]").set_input_files(file)
    here.page.get_by_role("button", name="开始载入").click()
    expect(here.page.get_by_text("载入完成：写入 1")).to_be_visible(timeout=_SECONDS)
    here.page.get_by_role("button", name="未能读取 1").click()
    here.see("“传说”不在可选值中")
    here.suits_everybody("curation-loads")


def test_a_prompt_is_read_and_its_cases_are_run(enter: Entering) -> None:
    here = enter("lihua", "/ui/prompts")
    here.see("智能问答")
    here.suits_everybody("curation-prompts")
    here.page.get_by_role("link", name="智能问答").click()
    here.see("系统提示")
    here.page.get_by_role("tab", name="用例").click()
    here.page.get_by_role("button", name="运行全部用例").click()
    expect(here.page.get_by_role("alert")).to_be_visible(timeout=20_000)
    here.suits_everybody("curation-prompt")


def test_a_prompt_of_ones_own_is_begun_written_and_rated(enter: Entering) -> None:
    here = enter("lihua", "/ui/prompts")
    page = here.page
    page.get_by_role("button", name="新建提示词").click()
    page.get_by_label("名称").fill("慢病随访问答")
    page.get_by_label("用途").fill("慢病随访")
    page.get_by_role("dialog").get_by_role("button", name="新建提示词").click()
    expect(page.get_by_role("heading", name="慢病随访问答")).to_be_visible()
    page.get_by_role("tab", name="用例").click()  # there is none yet
    page.get_by_role("button", name="基于此版本修改").click()
    page.get_by_role("button", name="增加变量").click()
    page.get_by_label("变量名 2").fill("advice")
    page.get_by_label("模板").fill("{{ question }} {{ advice }}")
    expect(page.get_by_role("button", name="AI 润色")).to_be_disabled()
    page.get_by_role("button", name="增加用例").click()
    page.get_by_label("用例名称 1").fill("问血压")
    page.get_by_label("问题", exact=True).fill("血压高怎么办")
    page.get_by_label("advice", exact=True).fill("少盐")
    expect(page.get_by_role("button", name="保存为新版本")).to_be_disabled()  # nothing must hold yet
    page.get_by_label("断言内容 1").fill("血压高")
    here.suits_everybody("curation-prompt-cases")
    page.get_by_role("link", name="概览").click()
    page.get_by_role("button", name="留在本页").click()
    page.get_by_role("button", name="保存为新版本").click()
    here.see("版本 2 草稿")
    page.get_by_role("tab", name="用例").click()
    expect(page.get_by_role("row").filter(has_text="问血压")).to_be_visible()
    page.get_by_role("tab", name="预览").click()
    page.get_by_label("问题", exact=True).fill("能喝酒吗")
    page.get_by_label("advice", exact=True).fill("不能")
    page.get_by_role("button", name="填入变量预览").click()
    here.see("能喝酒吗 不能")
    page.get_by_role("tab", name="历史").click()
    expect(page.get_by_role("row").filter(has_text="新建版本")).to_have_count(2)
    page.get_by_role("tab", name="用量").click()
    page.get_by_role("radio").nth(3).click()
    expect(page.get_by_role("row").filter(has_text="4")).to_be_visible()


def test_a_new_source_and_a_new_concept_are_checked_while_typed_and_what_is_alike_is_offered(enter: Entering) -> None:
    here = enter("lihua", "/ui/curation")
    page = here.page
    page.get_by_role("button", name="录入知识").click()
    page.get_by_role("menuitem", name="新来源").click()
    page.get_by_label("标题").fill("华法林钠片说明书（2024年修订）")
    expect(page.get_by_role("status").filter(has_text="已有相近的")).to_contain_text("label:华法林钠片")
    page.get_by_label("年份").fill("1024")
    here.see("年份应为四位数字")
    page.get_by_label("年份").fill("2024")
    page.get_by_label("编号").fill("label-warfarin-2024")
    page.get_by_label("修改理由").fill("新版说明书")
    here.suits_everybody("new-source")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_role("heading", name="华法林钠片说明书（2024年修订）", level=1)).to_be_visible()

    here.open("/ui/curation/new-concept")
    page.get_by_label("概念类型").click()
    page.get_by_title("药品成分", exact=True).click()
    page.get_by_label("名称", exact=True).fill("华法林")
    here.see("已有同名的概念")
    expect(page.get_by_role("status").filter(has_text="已有相近的")).to_contain_text("华法林")
    page.get_by_label("名称", exact=True).fill("达比加群酯")
    page.get_by_label("英文名").fill("Dabigatran Etexilate")
    expect(page.get_by_label("编号")).to_have_value("ingredient:dabigatran-etexilate")
    page.get_by_label("修改理由").fill("新药进院")
    here.suits_everybody("new-concept")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_role("heading", name="达比加群酯", level=1)).to_be_visible()


def test_rules_are_edited_side_by_side_in_a_table_and_tried_as_they_stand(enter: Entering) -> None:
    here = enter("zhaomin", "/ui/rules")
    page, title = here.page, "高龄患者使用华法林"
    page.get_by_role("checkbox", name=f"选择 {title}").check()
    here.suits_everybody("rules")
    page.get_by_role("link", name="决策表（1）").click()
    tried = page.get_by_role("region", name=f"试运行：{title}", exact=True)
    expect(tried.get_by_role("listitem").filter(has_text="72岁男性")).to_contain_text("不触发")
    cell = page.get_by_label(f"条件：{title}", exact=True)
    cell.fill('orders("华法林") and age_years >=')
    expect(tried).to_contain_text("未判断：第")
    cell.fill('orders("华法林") and age_years >= 75 or age_years >= 70')
    expect(tried.get_by_role("listitem").filter(has_text="72岁男性")).not_to_contain_text("不触发")
    expect(tried).to_contain_text("用例符合预期 2/2")
    page.get_by_role("button", name=f"复制：{title}", exact=True).click()
    copied = page.get_by_label(f"条件：{title}（副本）")
    cell.press("Enter")
    expect(copied).to_be_focused()
    copied.press("Tab")
    expect(page.get_by_label(f"严重程度：{title}（副本）")).to_be_focused()
    here.suits_everybody("curation-table")
    page.get_by_role("button", name=f"移出：{title}（副本）").click()
    page.get_by_role("button", name="确定").click()
    expect(copied).to_have_count(0)
    page.get_by_role("link", name="rule:warfarin-over-75").click()
    page.get_by_role("dialog").get_by_role("button", name="留在本页").click()  # nothing typed is lost unasked
    page.get_by_label("修改理由").fill("老年科建议")
    page.get_by_role("button", name="保存已修改的行（1）").click()
    here.see("1 行已一起保存为草稿")
    page.reload()
    expect(cell).to_have_value('orders("华法林") and age_years >= 75 or age_years >= 70')
    expect(page.get_by_role("row").filter(has_text="rule:warfarin-over-75")).to_contain_text("草稿")


def test_rows_of_a_decision_table_are_saved_together_or_not_at_all(enter: Entering) -> None:
    here = enter("zhaomin", "/ui/rules/table")
    here.forgive("422")
    page, title = here.page, "高龄患者使用华法林"
    page.get_by_role("button", name="加入规则").click()
    listed = page.get_by_role("dialog")
    for drug, rules in (("螺内酯", 0), ("华法林", 1)):  # what the condition names
        listed.get_by_label("条件中的药品、疾病等").fill(drug)
        page.locator(".ant-select-item-option:visible").filter(has_text=drug).first.click()
        expect(listed.get_by_role("checkbox", name=f"选择 {title}")).to_have_count(rules)
    listed.get_by_role("checkbox", name=f"选择 {title}").check()
    here.suits_everybody("curation-table-adding")
    listed.get_by_role("button", name="加入所选（1）").click()
    expect(page).to_have_url(re.compile(r"table\?id=rule%3Awarfarin-over-75$"))  # sent to somebody, it shows the same
    page.get_by_role("button", name=f"复制：{title}", exact=True).click()
    copied = f"{title}（副本）"
    named = page.get_by_label(f"编号：{copied}")
    named.fill("rule:warfarin-over-75")
    page.get_by_label(f"处理建议：{title}", exact=True).fill("每周查INR。")
    page.get_by_label("修改理由").fill("老年科建议")
    page.get_by_role("button", name="保存已修改的行（2）").click()
    here.see("一行也没有保存：1 行须改正，原因见各行")
    row = page.get_by_role("row").filter(has=named)
    expect(row).to_contain_text("编号 rule:warfarin-over-75 与前面的一条重复")
    expect(page.get_by_role("row").filter(has_text="已修改")).to_have_count(2)
    assert _advice(here) != "每周查INR。"
    here.shoot("curation-table-refused")
    named.fill("rule:warfarin-over-75-copy")
    expect(row).not_to_contain_text("重复")
    page.get_by_role("button", name="保存已修改的行（2）").click()
    here.see("2 行已一起保存为草稿")
    assert _advice(here) == "每周查INR。"
    expect(page).to_have_url(re.compile(r"id=rule%3Awarfarin-over-75&id=rule%3Awarfarin-over-75-copy$"))
    page.reload()
    expect(page.get_by_label(f"处理建议：{copied}")).to_be_visible()


def _advice(here: Window) -> str:
    """What the rule says now, for whoever else reads it."""
    read = here.page.request.get(f"{here.base}/api/v1/curation/records/rule/rule:warfarin-over-75")
    return str(read.json()["form"]["advice"])
