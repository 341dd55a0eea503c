"""A service where people log in, and windows of people who did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, expect

from api.bootstrap import House
from api.people import rules_of
from base import accounts, roles
from base.tenancy import system
from demo.people import HOSPITAL
from tests.browser.conftest import running
from tests.browser.window import Window

PASSWORD: Final = "Herbst-im-Garten-7"
STAFF: Final = {
    "wangys": ("王药师", "pharmacist"),
    "zhaoys": ("赵药师", "pharmacist"),
    "liuzz": ("刘组长", "lead-pharmacist"),
    "zhangys": ("张医生", "clinician"),
}
"""Who works in the county hospital, by account: full name and role."""


def hire(house: House, staff: Mapping[str, tuple[str, str]] = STAFF, tenant: str = HOSPITAL) -> None:
    """Give people their accounts."""
    with system("test"), house.engine.begin() as connection:
        for name, (full, role) in staff.items():
            rules = rules_of(house.settings)
            made, _ = accounts.add(connection, name, tenant, "root", rules, password=PASSWORD, full_name=full)
            roles.grant(connection, made.id, role, tenant, "root")


@contextmanager
def at_work(data: Path, port: int = 0, **settings: str) -> Iterator[str]:
    """The service, with quick hashing of passwords."""
    quick = {"YIGONG_PASSWORD_ITERATIONS": "1000", "YIGONG_LOGIN_SOURCE_FAILURES": "1000"}
    with running(data, port, **quick, **settings) as base:
        yield base


def logged_in(browser: Browser, base: str, name: str) -> Window:
    """A window of somebody who logged in."""
    here = Window(browser, base)
    here.forgive("401")
    page = here.open("/ui/")
    page.get_by_label("账号").fill(name)
    page.get_by_label("口令", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="概览", level=1)).to_be_visible()
    return here
