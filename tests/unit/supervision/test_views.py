"""Views that people keep, on both databases, and what may be one."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from base.refusal import MissingError, RefusedError, TakenError
from base.roles import PERMISSIONS
from base.tenancy import Scope, TenancyError, acting, guard
from supervision.views import BOARDS, View, Views, page_of

HOSPITAL, CLINIC, OTHER = "league/a/h1", "league/a/h1/c1", "league/b/h9"
BOARD = "/ui/governance?days=90&noise=1"
HERE = Scope("li", reads=(HOSPITAL,), writes=(HOSPITAL,))


@pytest.fixture
def kept(engine: Engine) -> Views:
    return Views(guard(engine))


def keep(views: Views, title: str, author: str = "li", tenant: str = HOSPITAL, *, shared: bool = False) -> View:
    with acting(HERE):
        return views.keep(tenant, BOARD, title, author, shared=shared)


def titles(views: Views, author: str, *tenants: str, page: str = "governance") -> list[str]:
    return [one.title for one in views.offered(page, author, tenants)]


def test_a_view_is_its_makers_alone_until_it_is_shared(kept: Views) -> None:
    keep(kept, "噪声规则")
    made = keep(kept, "本院噪声规则", shared=True)
    assert titles(kept, "li", HOSPITAL) == ["噪声规则", "本院噪声规则"]
    assert titles(kept, "wang", HOSPITAL) == ["本院噪声规则"]
    assert titles(kept, "wang", OTHER) == []
    assert titles(kept, "wang") == []
    assert titles(kept, "li", HOSPITAL, page="boards") == []
    assert kept.one(made.id) == made


def test_ones_own_come_before_what_others_share(kept: Views) -> None:
    keep(kept, "B 本人")
    keep(kept, "A 共享", "wang", shared=True)
    assert titles(kept, "li", HOSPITAL, CLINIC) == ["B 本人", "A 共享"]


def test_who_only_reads_keeps_views_of_ones_own_and_nobody_shares_beyond_the_scope(kept: Views) -> None:
    with acting(Scope("zhao", reads=(HOSPITAL,))):
        kept.keep(HOSPITAL, BOARD, "我的", "zhao", shared=False)
        with pytest.raises(TenancyError):
            kept.keep(HOSPITAL, BOARD, "大家的", "zhao", shared=True)
    with pytest.raises(TenancyError):
        keep(kept, "别院的", tenant=OTHER, shared=True)
    assert titles(kept, "zhao", HOSPITAL, OTHER) == ["我的"]


def test_a_title_is_taken_once_by_each_person(kept: Views) -> None:
    keep(kept, "噪声规则")
    keep(kept, "噪声规则", "wang")
    with pytest.raises(TakenError, match="噪声规则"):
        keep(kept, "噪声规则")


def test_what_was_removed_is_gone(kept: Views) -> None:
    made = keep(kept, "噪声规则")
    kept.remove(made.id)
    assert titles(kept, "li", HOSPITAL) == []
    for gone in (kept.one, kept.remove):
        with pytest.raises(MissingError):
            gone(made.id)


@pytest.mark.parametrize("title", ["", "长" * 61, "本科室\u202e", "本科室\0"])
def test_a_title_is_neither_empty_nor_long_and_can_be_shown(kept: Views, title: str) -> None:
    with pytest.raises(RefusedError) as refused:
        keep(kept, title)
    assert refused.value.field == "title"


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/ui/boards", "boards"),
        ("/ui/boards/visits-seen?period=2026-10&by=department&only=institution:league%2Fa", "boards"),
        ("/ui/governance/alerts?rule=yigong:1&since=2026-11-01T00:00:00.000Z&outcome=overridden", "governance"),
        ("/ui/dataquality/faults?tenant=league%2Fa&state=open&since=2026-11-01&until=2026-11-27", "dataquality"),
        ("/ui/recordqc/?grade=丙级&department=内科&doctor=李", "recordqc"),
        ("/ui/queue/figures?days=7", "queue"),
    ],
)
def test_boards_and_what_narrows_them_may_be_kept(address: str, page: str) -> None:
    assert page_of(address) == page


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/ui/boards",
        "//example.org/ui/boards",
        "boards?theme=overview",
        "/boards",
        "/ui/boards/../bedside",
        "/ui/boards#x",
        "/ui/boards?theme=a#x",
        "/ui/boards?theme=a\n",
        "/ui/boards/a/b",
        "/ui/queue",
        "/ui/accounts",
        "/ui/recordqc/reports/7",
        "/ui/bedside?person=1",
        "/ui/prescriptions/1",
        "/ui/recordqc?record=A0012",
        "/ui/dataquality/faults?resource=P1",
        "/ui/dataquality/faults?state=open&message=",
        "/ui/governance?before=3",
        "/ui/boards?theme=" + "a" * 500,
    ],
)
def test_no_other_page_is_kept_and_none_about_a_patient_or_record(address: str) -> None:
    with pytest.raises(RefusedError) as refused:
        page_of(address)
    assert refused.value.field == "address"


def test_boards_ask_for_permissions_that_there_are() -> None:
    assert {one for board in BOARDS.values() for one in (board.read, board.share)} <= PERMISSIONS.keys()
