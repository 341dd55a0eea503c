"""Whoever answers for figures has them made and told by themselves, and takes what was made."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.browser.window import Window

OK = re.compile("确\\s*定")


def choose(here: Window, dialog: Locator, label: str, title: str) -> None:
    """Choose from a list."""
    dialog.get_by_label(label, exact=True).click()
    here.page.locator(".ant-select-item-option").get_by_text(title, exact=True).click()


def test_a_plan_is_made_run_changed_and_its_file_downloaded(window: Callable[..., Window]) -> None:
    here = window()
    here.open("/ui/reports")
    here.see("还没有定时报表")
    here.page.get_by_role("button", name="新建计划").click()
    dialog = here.page.get_by_role("dialog")
    dialog.get_by_label("名称", exact=True).fill("药品月报")
    choose(here, dialog, "主题", "药品")
    choose(here, dialog, "分组", "机构")
    here.page.keyboard.press("Escape")
    dialog.get_by_label("渠道名称").fill("站内")
    here.suits_everybody("reports-plan")
    dialog.get_by_role("button", name=OK).click()
    plans = here.page.get_by_role("region", name="计划")
    row = plans.get_by_role("row").filter(has_text="药品月报")
    expect(row).to_contain_text("站内消息 站内")
    expect(row).to_contain_text("730 天")
    row.get_by_role("button", name="立即生成").click()
    runs = here.page.get_by_role("region", name="已生成")
    with here.page.expect_download() as downloading:
        runs.get_by_role("button", name=re.compile("^下载 药品月报 .*xlsx$")).click()
    assert Path(downloading.value.path()).read_bytes().startswith(b"PK")
    row.get_by_role("button", name=re.compile("修\\s*改")).click()
    dialog = here.page.get_by_role("dialog")
    dialog.get_by_label("文件保留天数").fill("90")
    choose(here, dialog, "周期", "每季度")
    dialog.get_by_role("button", name=OK).click()
    expect(row).to_contain_text("90 天")
    expect(row).to_contain_text("每季度")
    here.suits_everybody("reports")
    row.get_by_role("button", name=re.compile("删\\s*除")).click()
    here.page.get_by_role("button", name=OK).click()
    here.see("还没有定时报表")
    expect(runs.get_by_role("row").filter(has_text="药品月报")).to_have_count(1)
