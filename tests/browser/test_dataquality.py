"""Whoever answers for data sees how good it is, institution by institution, down to the message and the patient."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.window import Window

Opening = Callable[..., Window]
_HOSPITAL = "安定县人民医院"


def test_from_the_score_of_an_institution_to_the_message_and_the_patient(window: Opening) -> None:
    here = window()
    here.open("/ui/dataquality")
    row = here.page.get_by_role("region", name="机构排名").get_by_role("row").filter(has_text=_HOSPITAL)
    expect(row).to_contain_text(re.compile(r"\d"))
    expect(here.page.get_by_role("columnheader", name="完整性")).to_be_visible()
    expect(here.page.get_by_role("img", name=re.compile("^每日得分：20"))).to_be_visible()
    expect(here.page.get_by_role("img", name=re.compile("^每日数据量：20"))).to_be_visible()
    here.suits_everybody("dataquality")
    row.get_by_role("link", name=f"问题：{_HOSPITAL}").click()
    expect(here.page).to_have_url(re.compile("tenant=league%2Fanding%2Fhospital"))
    fault = here.page.get_by_role("row").filter(has_text="所属就诊").first
    expect(fault).to_contain_text(_HOSPITAL)
    fault.get_by_role("button", name="展开行").click()
    here.see("问题与整改：")
    expect(here.page.get_by_role("link", name="患者诊疗资料")).to_have_attribute("href", re.compile("/ui/bedside"))
    here.suits_everybody("dataquality-faults")
    fault.get_by_role("link", name=re.compile("^报文 ")).click()
    expect(here.page.get_by_role("heading", level=1)).to_have_text(re.compile("^报文追踪 "))
    here.see("入库")


def test_what_a_score_is_made_of_leads_to_the_faults_of_a_rule(window: Opening) -> None:
    here = window()
    here.open("/ui/dataquality/parts?by=rule")
    way = here.page.get_by_role("link", name=re.compile("^问题：")).first
    expect(way).to_be_visible()
    here.suits_everybody("dataquality-parts")
    rule = way.inner_text().removeprefix("问题：")
    way.click()
    expect(here.page).to_have_url(re.compile("/faults.*rule="))
    expect(here.page.get_by_role("cell", name=rule, exact=True).first).to_be_visible()
    here.page.get_by_label("报文序号").fill("999999999")
    here.page.get_by_label("报文序号").press("Enter")
    here.see("没有符合条件的问题")
    here.open("/ui/dataquality?since=2020-01-01&until=2020-01-31")
    here.see("该时段没有检查过数据")
    assert here.hurdles() == []


def test_scores_and_faults_are_taken_away_as_files(window: Opening) -> None:
    here = window()
    here.open("/ui/dataquality/faults")
    begins = {"导出 Excel": b"PK", "导出 CSV": b"\xef\xbb\xbf"}
    for button, begin in begins.items():
        with here.page.expect_download() as downloading:
            here.page.get_by_role("button", name=button).click()
        assert Path(downloading.value.path()).read_bytes().startswith(begin)
