"""The clinician panel in a browser: in the hospital's own window, at 360 px and full screen."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

from playwright.sync_api import Locator, Page, Route, expect

from clinical.coded import CHINA
from demo import messages as say
from demo.bedside import NUMBER
from demo.people import CENTRE, CHART, HOSPITAL
from tests.browser.window import LAPTOP, PHONE, Window

Opening = Callable[..., Window]
TABS = ("提示", "病历", "诊断", "检查", "治疗", "评估", "区域史", "问答")
ANOTHER = "P0003"
"""A patient whose cards are answered: those of the first keep their order for the other tests."""
_RELOADS = 20
_KB = 1024
_COLD_MS = 30_000
"""The first inference of a worker reads what it needs."""


def post(base: str, path: str, body: bytes, kind: str = "application/json") -> dict[str, str]:
    with urlopen(Request(f"{base}{path}", body, {"Content-Type": kind}), timeout=20) as answer:
        told: dict[str, str] = json.load(answer)
    return told


def launched(base: str, patient: str = NUMBER) -> str:
    """The address that a hospital's system opens."""
    body = {"patient": patient, "user": "张医生", "tenant": HOSPITAL}
    return post(base, "/api/v1/panel/launches", json.dumps(body).encode())["url"]


def test_what_matters_comes_first(window: Opening, service: str) -> None:
    here = window(PHONE)
    page = here.open(launched(service))
    expect(page.get_by_role("heading", level=1)).to_have_text(f"苏日娜 女 {_age()} 岁")
    expect(page.locator("article").first).to_contain_text("禁忌")
    assert "yp_" not in page.url
    here.suits_everybody("panel")


def test_every_part_shows_and_can_be_used_by_everybody(window: Opening, service: str) -> None:
    here = window(PHONE)
    page = here.open(launched(service))
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        expect(page.locator("[aria-busy]")).to_have_count(0, timeout=_COLD_MS)
        expect(page.locator(".wrong")).to_have_count(0)
        here.shoot(f"panel-{tab}")
        assert here.fits(), tab
        assert here.hurdles() == [], tab


def test_what_the_rules_say_of_drugs_stands_beneath_an_answer(window: Opening, service: str) -> None:
    """The answer is played: the release of these tests has no index. The patient travels in no question."""
    here = window(PHONE)
    page, asked = here.page, list[dict[str, object]]()
    _answers(page, asked)
    _begin(here, service)
    expect(page.get_by_role("heading", name="用药审查")).to_be_visible()
    cards = page.locator(".answer article")
    expect(cards).to_have_count(2)  # what two sentences were told of is shown once
    expect(cards.first).to_contain_text("禁忌 布洛芬: 消化道出血患者禁用")
    expect(cards.last).to_contain_text("严重 布洛芬 + 华法林: 出血风险明显升高")
    expect(cards.last).to_contain_text("《华法林钠片说明书》 药物相互作用（证据等级：高）")
    cards.last.locator("summary", has_text="为什么").click()
    expect(cards.last).to_contain_text("合用时监测 INR")
    here.suits_everybody("panel-answer")
    assert asked == [{"question": "布洛芬成人怎么吃", "turns": [], "context": {}}]


def test_a_conversation_goes_on_and_begins_anew(window: Opening, service: str) -> None:
    here = window(PHONE)
    page, asked = here.page, list[dict[str, object]]()
    _answers(page, asked)
    _begin(here, service)
    page.get_by_role("tab", name="提示").click()
    expect(page.locator("article").first).to_be_visible(timeout=_COLD_MS)
    page.get_by_role("tab", name="问答").click()
    expect(page.get_by_role("heading", name="布洛芬成人怎么吃")).to_be_visible()
    _ask(page, "儿童呢")
    expect(page.locator(".answer h2")).to_have_text(["儿童呢", "布洛芬成人怎么吃"])
    said = [{"role": "user", "text": "布洛芬成人怎么吃"}, {"role": "assistant", "text": _SAID * 2}]
    assert asked[1] == {"question": "儿童呢", "turns": said, "context": {}}
    page.get_by_role("button", name="新对话").click()
    expect(page.locator(".answer h2")).to_have_count(0)
    _ask(page, "华法林怎么吃")
    assert asked[2]["turns"] == []


def test_a_question_is_asked_about_what_was_opened(window: Opening, service: str) -> None:
    here = window(PHONE)
    page, asked = here.page, list[dict[str, object]]()
    _answers(page, asked)
    here.open(launched(service))
    of_a_card = page.locator("article").get_by_role("button", name=re.compile("^问答：")).first
    expect(of_a_card).to_be_visible(timeout=_COLD_MS)
    drug = (of_a_card.get_attribute("aria-label") or "").removeprefix("问答：")
    of_a_card.click()
    expect(page.get_by_role("tab", name="问答")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("searchbox")).to_be_focused()
    here.see(f"针对：{drug}")
    here.suits_everybody("panel-about")
    _ask(page, "肾功能不好怎么调")
    page.get_by_role("tab", name="治疗").click()
    page.get_by_role("button", name="问答：心力衰竭", exact=True).click(timeout=_COLD_MS)
    _ask(page, "还要监测什么")
    page.get_by_role("button", name="不限定").click()
    _ask(page, "布洛芬怎么吃")
    about_drug, *others = [one["context"] for one in asked]
    assert isinstance(about_drug, dict)
    assert list(about_drug) == ["drug"]
    assert about_drug["drug"].startswith("ingredient:")
    assert others == [{"disease": "disease:heart-failure"}, {}]


def _begin(here: Window, service: str) -> None:
    """Open the panel and ask the first question, once its cards are there."""
    here.open(launched(service))
    expect(here.page.locator("article").first).to_be_visible(timeout=_COLD_MS)
    here.page.get_by_role("tab", name="问答").click()
    _ask(here.page, "布洛芬成人怎么吃")


_SAID = "成人口服单次不超过800 mg。"
_INTERACTS = {
    "severity": "major",
    "summary": "布洛芬 + 华法林: 出血风险明显升高",
    "detail": "布洛芬与华法林合用。",
    "advice": "合用时监测 INR",
    "evidence": [
        {"type": "datum", "what": "在用药品", "value": "华法林钠片", "institution": "白音镇中心卫生院"},
        {"type": "statement", "source": "《华法林钠片说明书》", "section": "药物相互作用", "evidenceLevel": "high"},
    ],
}
_FORBIDS = {"severity": "contraindicated", "summary": "布洛芬: 消化道出血患者禁用"}


def _answers(page: Page, asked: list[dict[str, object]]) -> None:
    """Questions are kept and answered as the service does."""
    source = {
        "number": 1,
        "title": "布洛芬 用法用量",
        "source": {"title": "《布洛芬缓释胶囊说明书》", "section": "用法用量"},
    }
    sentence = {"text": _SAID, "citations": [1]}
    told = (
        ("sources", {"carried": [], "passages": [source]}),
        *(("sentence", sentence), ("finding", {"finding": _INTERACTS})) * 2,
        ("finding", {"finding": _FORBIDS}),
        ("done", {"by": "passages", "sentences": 2}),
    )
    stream = "".join(f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n" for name, data in told)

    def answer(route: Route) -> None:
        asked.append(route.request.post_data_json)
        route.fulfill(content_type="text/event-stream", body=stream)

    page.route("**/api/v1/answers", answer)


def _ask(page: Page, question: str) -> None:
    """Ask, and wait for the end of the answer."""
    page.get_by_role("searchbox").fill(question)
    with page.expect_response("**/api/v1/answers"):
        page.get_by_role("button", name="提问", exact=True).click()
    expect(
        page.locator(".answer section", has=page.get_by_role("heading", name=question)).get_by_text(_SAID).first
    ).to_be_visible()
    expect(page.get_by_text("正在加载…")).to_have_count(0)


def test_as_of_when_a_system_told_of_the_patient_is_said(window: Opening, service: str) -> None:
    here = window(PHONE)
    told = "业务系统的授权已结束，资料截至 11-27 14:03；要看新资料，请从业务系统重新打开。"
    here.page.route("**/panel/source", lambda route: route.fulfill(json={"text": told, "current": False}))
    here.open(launched(service))
    here.see(told)
    expect(here.page.locator("article").first).to_be_visible(timeout=_COLD_MS)
    here.suits_everybody("panel-source")


def test_without_a_patient_there_is_the_knowledge(window: Opening, service: str) -> None:
    here = window(PHONE)
    page = here.open(launched(service, patient=""))
    expect(page.get_by_role("heading", level=1)).to_have_text("知识检索与问答")
    expect(page.get_by_role("tab")).to_have_count(0)
    here.suits_everybody("panel-knowledge")
    page.reload()
    expect(page.get_by_role("button", name="提问")).to_be_visible()
    expect(page.get_by_role("searchbox")).to_be_visible()


def test_data_and_source_are_two_clicks_away(window: Opening, service: str) -> None:
    here = window(PHONE)
    first = here.open(launched(service)).locator("article").first
    first.locator("summary", has_text="为什么").click()
    first.locator("summary", has_text="依据数据").click()
    expect(first.get_by_text(re.compile(r"6\.[29]")).last).to_be_visible()  # 6.9 once the newest has arrived
    first.locator("summary", has_text="出处").click()
    expect(first.get_by_text("《").first).to_be_visible()


def test_a_card_is_accepted_with_one_click_and_does_not_ask_again(window: Opening, service: str) -> None:
    here = window(PHONE)
    page = here.open(launched(service, ANOTHER))
    card = page.locator("article").first
    card.get_by_role("button", name="采纳", exact=True).click()
    expect(card.get_by_role("status")).to_have_text("已采纳")
    folded = page.locator("article > details > summary", has_text="已采纳 ·")
    expect(_reloaded(page, folded)).to_be_visible()
    expect(page.get_by_role("button", name="采纳", exact=True)).to_have_count(0)
    here.suits_everybody("panel-answered")
    folded.click()
    card.get_by_role("combobox", name="不采纳的理由").select_option(label="需等待更多结果后再定")
    expect(card.get_by_text("未采纳：需等待更多结果后再定")).to_be_visible()


def test_an_alarm_of_a_risk_is_answered_too(window: Opening, service: str) -> None:
    page = window(PHONE).open(launched(service))
    alarm = page.locator("article", has_text="风险").filter(has=page.locator("select")).filter(has_text="急性肾损伤")
    expect(alarm.get_by_role("button", name="采纳", exact=True)).to_be_visible()
    expect(alarm.get_by_role("combobox", name="不采纳的理由")).to_be_visible()


def _reloaded(page: Page, awaited: Locator) -> Locator:
    """The page loaded anew until something is there: answers are stored a quarter of a second later."""
    for _ in range(_RELOADS):
        page.reload()
        expect(page.locator("article").first).to_be_visible(timeout=_COLD_MS)
        if awaited.count():
            break
    return awaited


def test_examinations_done_in_two_hospitals_are_marked(window: Opening, service: str) -> None:
    here = window(LAPTOP)
    page = here.open(launched(service))
    page.get_by_role("tab", name="区域史").click()
    expect(page.locator("[aria-busy]")).to_have_count(0, timeout=_COLD_MS)
    for fold in page.locator("summary", has_text="检查检验").all():
        fold.click()
    mark = page.locator("li", has_text="超声心动图：左室射血分数40%").locator("mark")
    expect(mark).to_have_text(re.compile(r"^重复：\d{4}-\d\d-\d\d · .*中心"))


def test_what_the_hospital_does_not_offer_is_told_with_who_does(window: Opening, service: str) -> None:
    here = window(PHONE)
    _offers(service, HOSPITAL, "眼眶MRI")
    _offers(
        service, CENTRE, "血常规", "心电图", "C反应蛋白", "胸片", "胸部CT", "电解质", "肾功能", "肝功能", "尿常规"
    )
    page = here.open(launched(service))
    page.get_by_role("tab", name="检查").click()
    expect(page.get_by_text("本机构未登记开展；可转往：").first).to_be_visible(timeout=_COLD_MS)
    here.suits_everybody("panel-elsewhere")
    for tenant in (HOSPITAL, CENTRE):
        _offers(service, tenant)


def _offers(base: str, tenant: str, *items: str) -> None:
    """An institution says what it offers; nothing: it has no list."""
    with urlopen(f"{base}/api/v1/institutions", timeout=20) as answer:
        key = next(one["key"] for one in json.load(answer)["institutions"] if one["tenant"] == tenant)
    path, body = f"{base}/api/v1/institutions/{key}/examinations", json.dumps({"items": items}).encode()
    urlopen(Request(path, body, {"Content-Type": "application/json"}, method="PUT"), timeout=20).close()


def test_a_result_that_arrives_is_shown_without_a_click_but_under_nobodys_hands(
    window: Opening, service: str
) -> None:
    here = window(LAPTOP)
    page = here.open(launched(service))
    expect(page.locator("article").first).to_be_visible()
    page.wait_for_timeout(2500)  # the stream is open and looked into
    _arrives(service)
    expect(page.get_by_text("患者有新资料，已更新")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("钾 6.9").first).to_be_visible(timeout=10_000)
    page.locator("article summary").first.click()
    _arrives(service)
    expect(page.get_by_text("患者有新资料，再次点击当前栏目后可见")).to_be_visible(timeout=15_000)
    expect(page.locator("details[open]")).to_have_count(1)
    page.get_by_role("tab", name="提示").click()
    expect(page.locator("details[open]")).to_have_count(0)


def _arrives(service: str) -> None:
    at = datetime.now(UTC)
    lines = say.results("NOW", at, ("2823-3", "血钾", "6.9", "mmol/L", "3.5-5.3"))
    message = say.hl7("ORU^R01", f"now-{at:%H%M%S%f}", at, say.pid(NUMBER, CHART), *lines)
    post(service, f"/api/v1/exchange/hl7v2?tenant={HOSPITAL}", message, "application/hl7-v2")


def test_what_came_while_the_stream_was_cut_is_read_when_it_is_back(window: Opening, service: str) -> None:
    here = window(LAPTOP)
    here.forgive("failed")
    here.forgive("ERR_FAILED")
    page, cuts = here.page, ["the first"]
    page.route("**/panel/events?*", lambda route: route.abort() if cuts and cuts.pop() else route.continue_())
    page.clock.install()
    with page.expect_event("requestfailed"):
        here.open(launched(service))
        expect(page.locator("article").first).to_be_visible()
    with page.expect_request("**/panel/events?*"):
        page.clock.run_for(16_000)
    with page.expect_request("**/panel/cards"):
        page.clock.run_for(61_000)


def test_the_keyboard_walks_along_the_parts(window: Opening, service: str) -> None:
    here = window(PHONE)
    page = here.open(launched(service))
    page.get_by_role("tab", name="提示").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="病历")).to_be_focused()
    expect(page.get_by_role("tab", name="病历")).to_have_attribute("aria-selected", "true")


def test_a_hospital_embeds_it_with_one_line_and_nobody_else_does(
    window: Opening, service: str, his: tuple[str, Path]
) -> None:
    origin, folder = his
    token = launched(service).partition("#")[2]
    line = f'<script src="{service}/ui/embed.js" data-token="{token}" data-width="360px"></script>'
    (folder / "index.html").write_text(f'<!doctype html><meta charset="utf-8"><title>HIS</title>{line}', "utf-8")
    here = window(LAPTOP)
    here.forgive("favicon")
    here.forgive("404")
    here.page.goto(origin)
    expect(here.page.frame_locator("iframe").locator("article").first).to_contain_text("禁忌")

    stranger = window(LAPTOP)
    stranger.forgive("frame-ancestors")
    stranger.forgive("favicon")
    stranger.forgive("404")
    stranger.forgive("failed")
    stranger.page.goto(origin.replace("127.0.0.1", "localhost"))
    stranger.page.wait_for_timeout(1500)
    expect(stranger.page.frame_locator("iframe").locator("article")).to_have_count(0)


def test_the_record_in_the_editor_is_judged_while_it_is_written(
    window: Opening, service: str, his: tuple[str, Path]
) -> None:
    origin, folder = his
    token = launched(service).partition("#")[2]
    script = f'<script src="{service}/ui/embed.js" data-token="{token}" data-height="760px"></script>'
    (folder / "editor.html").write_text(
        f'<!doctype html><meta charset="utf-8"><title>HIS</title><body>{script}', "utf-8"
    )
    here = window(PHONE)
    here.forgive("favicon")
    here.forgive("404")
    here.page.goto(f"{origin}/editor.html")
    panel = here.page.frame_locator("iframe")
    tab = panel.get_by_role("tab", name="病历")
    expect(panel.locator("article").first).to_be_visible()
    here.page.evaluate("([record, id]) => yigongWriting(record, id)", [_written("反复胸闷、××。"), "note"])
    expect(tab).to_have_class("fresh")
    tab.click()
    flaw = panel.locator("article", has_text="占位")
    expect(flaw.locator("blockquote")).to_have_text("反复胸闷、××。", timeout=_COLD_MS)
    expect(flaw).to_contain_text("入院记录")
    flaw.locator("summary", has_text="为什么").click()
    expect(flaw).to_contain_text("《病历书写基本规范》")
    expect(panel.locator("article", has_text="首次病程记录").filter(has_text="还剩").first).to_contain_text("1 小时")
    here.shoot("panel-writing")
    flaw.locator("summary", has_text="不适用").click()
    flaw.get_by_role("textbox", name="不适用的理由").fill("本院以××隐去姓名")
    here.shoot("panel-writing-aside")
    flaw.get_by_role("button", name="不适用").click()
    expect(flaw.get_by_role("status")).to_have_text("已说明不适用")
    here.page.evaluate("([record, id]) => yigongWriting(record, id)", [_written("反复胸闷、气促3天。"), "note"])
    panel.get_by_role("heading", level=1).click()
    expect(panel.locator("article", has_text="占位")).to_have_count(0)


def test_a_program_with_a_browser_inside_tells_the_panel_itself(window: Opening, service: str) -> None:
    here = window(PHONE)
    page = here.open(launched(service))
    expect(page.locator("article").first).to_be_visible()
    said = {"yigong": "writing", "record": _written("反复胸闷、××。"), "documentId": "note"}
    page.evaluate("said => window.postMessage(said, location.origin)", said)
    page.get_by_role("tab", name="病历").click()
    expect(page.locator("blockquote").first).to_have_text("反复胸闷、××。", timeout=_COLD_MS)
    here.suits_everybody("panel-writing")


def test_diagnoses_quote_what_is_written_with_their_evidence_marked(window: Opening, service: str) -> None:
    here = window(PHONE)
    page = here.open(launched(service))
    expect(page.locator("article").first).to_be_visible()
    said = {"yigong": "writing", "record": _written("咳嗽、咳黄痰、发热3天。"), "documentId": "note"}
    page.evaluate("said => window.postMessage(said, location.origin)", said)
    expect(page.get_by_role("tab", name="病历")).to_have_class("fresh")
    page.get_by_role("tab", name="诊断").click()
    quoted = page.locator("blockquote", has_text="主诉：咳嗽、咳黄痰、发热3天。").first
    expect(quoted.locator("mark", has_text="咳嗽")).to_be_visible(timeout=_COLD_MS)
    here.suits_everybody("panel-diagnoses")


def _written(complaint: str) -> dict[str, object]:
    """A record as the editor has it: an admission note, seven hours less a quarter after the admission."""
    at = (datetime.now(UTC) - timedelta(hours=6, minutes=45)).isoformat()
    note = {"id": "note", "kind": "入院记录", "sections": [{"title": "主诉", "text": complaint}]}
    record = {"id": "ZY88", "kind": "住院病历", "patient": NUMBER, "visit": {"admitted": at}, "documents": [note]}
    return record | {"events": [], "operations": []}


def test_without_a_launch_it_says_where_to_come_from(window: Opening) -> None:
    here = window(PHONE)
    here.open("/ui/panel")
    here.see("请从医院业务系统中打开本面板")


def test_a_launch_that_is_over_says_so(window: Opening) -> None:
    here = window(PHONE)
    here.forgive("403")
    here.open("/ui/panel#yp_over")
    here.see("面板已过期")


def test_it_is_small_enough_for_old_machines(pages: Path) -> None:
    sent = sum((pages / name).stat().st_size for name in ("panel.js.gz", "panel.css.gz", "panel.html"))
    assert sent <= 10 * _KB
    text = (pages / "panel.js").read_text("utf-8")
    assert not any(word in text for word in ("import(", "async ", "?.", "??"))


def _age() -> int:
    today = datetime.now(CHINA)
    born = CHART.birth.split("-")
    return today.year - int(born[0]) - ((today.month, today.day) < (int(born[1]), int(born[2])))
