"""Two administrators, neither of whom can do all: one opens an account, the other gives it its role."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from api.people import rules_of
from base import accounts, roles
from base.tenancy import system
from demo.people import HOSPITAL
from tests.browser.staffed import PASSWORD, at_work, logged_in
from tests.browser.window import Window
from tests.integration.conftest import opened

ADMINISTRATORS = {"xitong": roles.SYSTEM_ADMIN, "anquan": roles.SECURITY_ADMIN}


@pytest.fixture(scope="module")
def hospital(starter_dir: Path, tmp_path_factory: pytest.TempPathFactory, pages: Path) -> Iterator[str]:
    """A service with its two administrators."""
    house = opened(starter_dir, tmp_path_factory.mktemp("accounts"))
    shutil.copy(starter_dir / "starter.sm3", house.settings.data_dir)
    with system("test"), house.engine.begin() as connection:
        for name, role in ADMINISTRATORS.items():
            rules = rules_of(house.settings)
            made, _ = accounts.add(connection, name, HOSPITAL, "root", rules, password=PASSWORD)
            roles.grant(connection, made.id, role, HOSPITAL, "root")
    house.engine.dispose()
    with at_work(house.settings.data_dir, YIGONG_SECOND_FACTOR_ROLES="[]") as base:
        yield base


@pytest.fixture
def enter(browser: Browser, hospital: str) -> Iterator[Callable[[str], Window]]:
    """Opens the page as somebody who logged in."""
    made: list[Window] = []

    def entering(name: str) -> Window:
        made.append(logged_in(browser, hospital, name))
        made[-1].open("/ui/accounts")
        return made[-1]

    yield entering
    for one in made:
        one.close()


def test_one_opens_and_locks_the_other_gives_the_role(enter: Callable[[str], Window]) -> None:
    first = enter("xitong")
    first.page.get_by_role("button", name="开立账号").click()
    dialog = first.page.get_by_role("dialog")
    dialog.get_by_label("账号").fill("lisi")
    dialog.get_by_label("姓名").fill("李四")
    dialog.get_by_label("机构").fill(HOSPITAL)
    dialog.get_by_role("button", name=re.compile("确\\s*定")).click()
    first.see("只显示这一次")
    first.page.get_by_role("button", name=re.compile("知道了|确\\s*定")).last.click()
    row = first.page.get_by_role("row").filter(has_text="李四")
    expect(row).to_contain_text("须改口令")
    expect(row.get_by_role("button", name="授予角色")).to_have_count(0)
    row.get_by_role("button", name=re.compile("锁\\s*定")).click()
    first.page.get_by_role("tooltip").get_by_role("button", name=re.compile("确\\s*定")).click()
    expect(row).to_contain_text("已锁定")

    second = enter("anquan")
    row = second.page.get_by_role("row").filter(has_text="李四")
    expect(row.get_by_role("button", name="重置口令")).to_have_count(0)
    row.get_by_role("button", name="授予角色").click()
    dialog = second.page.get_by_role("dialog")
    dialog.get_by_label("角色").click()
    second.page.get_by_title("审方药师").click()
    dialog.get_by_role("button", name=re.compile("确\\s*定")).click()
    expect(row).to_contain_text("审方药师")
    expect(second.page.get_by_role("dialog")).to_have_count(0)
    second.suits_everybody("accounts")
    second.page.get_by_role("tab", name="角色与权限").click()
    second.see("授予角色、定义角色、登记接口客户端")
    assert second.hurdles() == []
