"""Scheduled reports, on both databases: when they are due, made once, caught up, tried again, told; what crosses its
warning line is told once, and once when it is back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from pypdf import PdfReader
from sqlalchemy import Engine, select

from base.keyring import KeyRing, reseal
from base.refusal import MissingError, RefusedError, TakenError
from base.tenancy import Scope, acting, guard, system
from clinical.value import replace
from supervision.figures.answers import Answers
from supervision.figures.catalogue import catalogue
from supervision.figures.datasets import Datasets
from supervision.figures.lake import Lake
from supervision.figures.lines import WarningLines
from supervision.figures.manifest import Load, Manifest
from supervision.operations.channels import MailServer, Outlets
from supervision.operations.policy import Mail, Message, PolicyError, Webhook
from supervision.reports import pdf
from supervision.reports.letters import Letters
from supervision.reports.making import Maker
from supervision.reports.pdf import MissingPdfError, Page, render
from supervision.reports.plan import Content, Every, Format, Plan, PlanError, checked, last_due, next_due
from supervision.reports.store import TRIES, Made, Pruned, Reports, Run, State
from supervision.reports.tables import files
from supervision.reports.working import post, work
from tests.mail_server import Post

TENANT, OTHER = "league/a/h1", "league/b/h2"
BEGAN = datetime(2026, 11, 2, 1, tzinfo=UTC)
DUE = datetime(2026, 12, 2, tzinfo=UTC)
"""Eight o'clock in China."""
CALL = Webhook(name="值班群", url="https://hooks.example.org/x")
PLAN = Plan(title="药品月报", every=Every.MONTH, content=Content.THEME, of="policy", day=2, hour=8)


# -- when ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "day", "now", "due", "period", "following"),
    [
        ("day", 1, "2026-11-03T08:00", "2026-11-03T08:00", "2026-11-02", "2026-11-04T08:00"),
        ("day", 1, "2026-11-03T07:59", "2026-11-02T08:00", "2026-11-01", "2026-11-03T08:00"),
        ("week", 2, "2026-11-03T08:00", "2026-11-03T08:00", "2026-10-26..2026-11-01", "2026-11-10T08:00"),
        ("month", 3, "2026-11-03T07:59", "2026-10-03T08:00", "2026-09", "2026-11-03T08:00"),
        ("month", 1, "2026-12-31T23:00", "2026-12-01T08:00", "2026-11", "2027-01-01T08:00"),
        ("quarter", 5, "2026-11-03T08:00", "2026-10-05T08:00", "2026-Q3", "2027-01-05T08:00"),
        ("year", 10, "2026-01-01T00:30", "2025-01-10T08:00", "2024", "2026-01-10T08:00"),
    ],
)
def test_a_report_tells_of_the_period_that_ended_at_its_hour_in_china(
    every: str, day: int, now: str, due: str, period: str, following: str
) -> None:
    plan = replace(PLAN, every=Every(every), day=day)
    at = datetime.fromisoformat(f"{now}+08:00")
    when, of = last_due(plan, at)
    assert (when, str(of)) == (datetime.fromisoformat(f"{due}+08:00"), period)
    assert next_due(plan, at) == datetime.fromisoformat(f"{following}+08:00")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "a\r\nBcc: x"}, "title"),
        ({"hour": 24}, "hour"),
        ({"day": 29}, "day"),
        ({"every": Every.WEEK, "day": 8}, "day"),
        ({"of": "nonsense"}, "of"),
        ({"content": Content.DATASET, "of": ""}, "of"),
        ({"keep_days": -1}, "keepDays"),
        ({"channels": (Webhook(name="a", url="http://evil/x"),)}, "channels[0].url"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_field(changed: dict[str, Any], field: str) -> None:
    with pytest.raises((PlanError, PolicyError)) as refused:
        checked(replace(PLAN, **changed), ["hooks.example.org"])
    assert refused.value.field == field


# -- once ----------------------------------------------------------------------------------------------


class Site:
    """The stores of an installation, with a few visits."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.ring = guard(engine), KeyRing(engine, bytes(16))
        self.reports, self.letters = Reports(engine, self.ring), Letters(engine)
        self.lake = Lake(folder, Manifest(engine))
        answers = Answers(self.lake, catalogue())
        self.maker = Maker(answers, WarningLines(engine), Datasets(engine), lambda tenant: "左旗医院")
        self.visits("2026-11", given=1, of=4)

    def visits(self, month: str, *, given: int, of: int) -> None:
        """Outpatients of a month, of whom some were given antimicrobials."""
        row = (
            f"SELECT 'v{month}-' || n AS id, DATE '{month}-05' AS date, 'outpatient' AS kind, "
            f"n < {given} AS antimicrobial FROM range({of}) t(n)"
        )
        self.lake.merge(catalogue().facts["visits"], Load(TENANT, "visits", "test", "somebody"), row)

    def add(self, **changed: Any) -> str:
        return self.reports.add(TENANT, replace(PLAN, **changed), "wang", BEGAN).id

    def runs(self) -> list[Run]:
        return self.reports.history()


@pytest.fixture
def site(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    guard(engine)
    with system("test"):
        yield Site(engine, tmp_path / "facts")


def test_a_report_is_made_when_it_is_due_and_its_file_is_kept(site: Site) -> None:
    number = site.add(channels=(Message(name="站内"),))
    assert work(site.reports, site.maker, DUE - timedelta(minutes=1)) == 0
    assert work(site.reports, site.maker, DUE) == 1
    assert work(site.reports, site.maker, DUE) == 0
    (run,) = site.runs()
    assert (run.state, run.period, run.schedule) == (State.DONE, "2026-11", number)
    assert run.text.startswith("【医共】药品月报（2026-11，左旗医院）。共 ")
    assert "门诊患者抗菌药物使用率 25 %" in run.text
    kept = site.reports.file(run.id)
    assert kept is not None
    assert (kept.name, kept.content[:2]) == ("药品月报 2026-11.xlsx", b"PK")


def test_several_workers_make_it_once(site: Site) -> None:
    site.add()

    def turn(_: int) -> int:
        return work(site.reports, site.maker, DUE)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(turn, range(4))) == 1
    assert [run.state for run in site.runs()] == [State.DONE]


def test_of_times_that_were_missed_the_newest_is_caught_up_once(site: Site) -> None:
    site.add()
    late = DUE + timedelta(days=70)
    assert work(site.reports, site.maker, late) == 1
    assert [run.period for run in site.runs()] == ["2027-01"]
    assert site.reports.listed()[0].due == datetime.fromisoformat("2027-03-02T08:00+08:00")


def test_what_fails_is_tried_again_given_up_and_that_is_told(site: Site) -> None:
    number = site.add(content=Content.DATASET, of="gone", channels=(CALL,))
    now, tried = DUE, 0
    for _ in range(TRIES + 3):
        tried += work(site.reports, site.maker, now)
        now += timedelta(hours=2)
    assert tried == TRIES
    (run,) = site.runs()
    assert (run.state, run.error) == (State.FAILED, "没有该数据集")
    got: list[httpx.Request] = []
    assert post(site.reports, site.letters, _outlets(got), now) == 1
    assert "生成失败" in got[0].content.decode()
    assert site.reports.retry(run.id, now).state is State.WAITING
    assert site.reports.one(number).id == number


def test_whoever_was_too_slow_stores_nothing(site: Site) -> None:
    site.add()
    site.reports.start_due(DUE)
    (slow,) = site.reports.claim(DUE)
    assert site.reports.claim(DUE + timedelta(minutes=1)) == []
    (quick,) = site.reports.claim(DUE + timedelta(hours=1))
    assert site.reports.finish(quick, Made("新"), (), DUE)
    assert not site.reports.finish(slow, Made("旧"), (), DUE)
    assert site.runs()[0].text == "新"


def test_other_institutions_see_no_schedule_run_or_file(site: Site) -> None:
    number = site.add()
    work(site.reports, site.maker, DUE)
    (run,) = site.runs()
    with acting(Scope("other", reads=(OTHER,), writes=(OTHER,))):
        assert (site.reports.listed(), site.runs(), site.reports.file(run.id)) == ([], [], None)
        for act in (site.reports.one, site.reports.remove):
            with pytest.raises(MissingError):
                act(number)


def test_files_are_sealed_and_survive_a_new_key(site: Site) -> None:
    site.add()
    work(site.reports, site.maker, DUE)
    (run,) = site.runs()
    with site.engine.connect() as connection:
        assert not connection.execute(select(files.c.sealed)).scalar_one().startswith(b"PK")
    site.ring.rotate()
    assert reseal(site.engine, site.ring).unreadable == 0
    kept = site.reports.file(run.id)
    assert kept is not None
    assert kept.content.startswith(b"PK")


# -- changed, and kept so long -------------------------------------------------------------------------


def test_a_plan_that_was_changed_is_due_and_made_as_it_is_now(site: Site) -> None:
    was = site.reports.one(site.add())
    later = BEGAN + timedelta(hours=1)
    made = site.reports.change(was, replace(was.plan, title="日报", every=Every.DAY, day=1), "li", later)
    assert site.reports.one(was.id) == made
    assert (made.author, made.at, made.due) == ("li", later, datetime.fromisoformat("2026-11-03T08:00+08:00"))
    assert work(site.reports, site.maker, made.due) == 1
    assert [(run.title, run.period) for run in site.runs()] == [("日报", "2026-11-02")]


def test_of_two_who_change_a_plan_the_second_is_told(site: Site) -> None:
    was = site.reports.one(site.add())
    site.reports.change(was, replace(was.plan, hour=9), "li", BEGAN + timedelta(hours=1))
    with pytest.raises(TakenError, match="他人修改"):
        site.reports.change(was, replace(was.plan, hour=10), "wang", BEGAN + timedelta(hours=2))
    assert site.reports.one(was.id).plan.hour == 9


@pytest.mark.parametrize(("changed", "told"), [({"hour": 9}, State.QUIET), ({"of": "policy"}, State.DONE)])
def test_a_plan_of_other_figures_tells_anew_what_lies_beyond_its_line(
    site: Site, changed: dict[str, Any], told: State
) -> None:
    was = site.reports.one(site.add(content=Content.WARNINGS, of="", format=Format.MESSAGE))
    work(site.reports, site.maker, DUE)
    site.reports.change(was, replace(was.plan, **changed), "li", DUE)
    soon = DUE + timedelta(minutes=5)
    site.reports.start(site.reports.one(was.id), soon)
    work(site.reports, site.maker, soon)
    assert site.runs()[0].state is told


def test_files_are_kept_as_long_as_their_plan_says_else_as_the_installation_does(site: Site) -> None:
    short, plain = site.add(keep_days=30), site.add()
    site.add(keep_days=0)
    gone = site.add(keep_days=5)
    assert work(site.reports, site.maker, DUE) == 4
    site.reports.remove(gone)

    def left() -> int:
        return sum(run.file is not None for run in site.runs())

    assert site.reports.prune(DUE + timedelta(days=30), days=60) == []
    assert site.reports.prune(DUE + timedelta(days=31), days=60) == [Pruned(TENANT, short, 1)]
    assert left() == 3
    pruned = site.reports.prune(DUE + timedelta(days=61), days=60)
    assert set(pruned) == {Pruned(TENANT, plain, 1), Pruned(TENANT, gone, 1)}
    assert site.reports.prune(DUE + timedelta(days=3000), days=60) == []
    assert left() == 1, "0 days: for ever"
    assert all(run.text.startswith("【医共】药品月报") for run in site.runs()), "what was told stays"


# -- told ----------------------------------------------------------------------------------------------


def _outlets(got: list[httpx.Request], status: int = 200, **more: Any) -> Outlets:
    def take(request: httpx.Request) -> httpx.Response:
        got.append(request)
        return httpx.Response(status)

    return Outlets(httpx.Client(transport=httpx.MockTransport(take)), str, ["hooks.example.org"], "shared", **more)


def test_an_e_mail_brings_the_file(site: Site) -> None:
    server = Post()
    site.add(channels=(Mail(name="院办", to=("office@example.org",)),))
    work(site.reports, site.maker, DUE)
    mail = MailServer("127.0.0.1", server.port, sender="yigong@example.org", tls="none")
    assert post(site.reports, site.letters, _outlets([], mail=mail), DUE) == 1
    server.close()
    letter = server.letter()
    assert letter["subject"] == "【医共】药品月报（2026-11，左旗医院）"
    (enclosed,) = letter.iter_attachments()
    assert enclosed.get_filename() == "药品月报 2026-11.xlsx"
    assert enclosed.get_content().startswith(b"PK")


def test_who_did_not_take_it_is_told_again_and_nobody_else(site: Site) -> None:
    site.add(channels=(CALL, Message(name="站内")))
    work(site.reports, site.maker, DUE)
    got: list[httpx.Request] = []
    assert post(site.reports, site.letters, _outlets(got, 503), DUE) == 2
    told = {one.channel: one for one in site.letters.of(site.runs()[0].id)}
    assert told["webhook/值班群"].error == "对方返回 503"
    assert told["message/站内"].sent == DUE
    assert post(site.reports, site.letters, _outlets(got), DUE + timedelta(minutes=1)) == 1
    assert len({request.headers["x-yigong-event"] for request in got}) == 1


# -- warning lines -------------------------------------------------------------------------------------


def test_what_crosses_its_line_is_told_once_and_once_when_it_is_back(site: Site) -> None:
    site.visits("2026-12", given=1, of=4)
    site.visits("2027-01", given=0, of=4)
    site.add(content=Content.WARNINGS, of="", format=Format.MESSAGE, channels=(Message(name="站内"),))
    told = []
    for month in ("2026-12", "2027-01", "2027-02", "2027-03"):
        work(site.reports, site.maker, datetime.fromisoformat(f"{month}-02T00:00+00:00"))
        told.append((site.runs()[0].state, site.runs()[0].text.partition("。")[2]))
    first, second, third, fourth = told
    assert first[0] is State.DONE
    assert "新越过预警线" in first[1]
    assert "门诊患者抗菌药物使用率 25 %" in first[1]
    assert second == (State.QUIET, ""), "still beyond: told once"
    assert third[0] is State.DONE
    assert "已恢复" in third[1]
    assert "门诊患者抗菌药物使用率 0 %" in third[1]
    assert fourth == (State.QUIET, ""), "nothing was told of that month: unknown is neither"


# -- PDF -----------------------------------------------------------------------------------------------

ROW = {"指标": "甲级病历率", "期间": "2026-11", "数值": 95.5, "单位": "%", "同比%": None, "名次": 1, "预警": "是"}


def test_a_pdf_sets_chinese_without_a_font_of_its_own(site: Site) -> None:
    site.add(format=Format.PDF)
    work(site.reports, site.maker, DUE)
    kept = site.reports.file(site.runs()[0].id)
    assert kept is not None
    assert kept.media == "application/pdf"
    assert kept.content.startswith(b"%PDF")
    assert b"STSong-Light" in kept.content


def test_a_month_without_a_value_is_a_gap_in_the_line() -> None:
    assert pdf._unbroken([1, None, 3, 4]) == [[1, None, None, None], [None, None, 3, 4]]
    trends = {"甲级病历率": [("2026-09", 1.0), ("2026-10", None), ("2026-11", 3.0)]}
    assert len(render(Page("月报", "左旗", {"": [ROW]}, trends))) > len(render(Page("月报", "左旗", {"": [ROW]})))


def test_pages_have_a_heading_for_each_table_say_what_is_empty_and_lie_when_wide() -> None:
    tables = {"机构排名": [{"机构": "左旗医院", "得分": 99.25}], "每日趋势": []}
    (upright,) = PdfReader(BytesIO(render(Page("数据质量报告", "2026-11", tables)))).pages
    text = upright.extract_text()
    assert all(words in text for words in ("机构排名", "左旗医院", "99.25", "每日趋势", "本期没有数据"))
    (lying,) = PdfReader(BytesIO(render(Page("宽表", "2026-11", {"": [{f"列{n}": n for n in range(1, 15)}]})))).pages
    assert "列14" in lying.extract_text()
    assert upright.mediabox.height > upright.mediabox.width
    assert lying.mediabox.height < lying.mediabox.width


def test_without_the_library_whoever_schedules_a_pdf_hears_what_to_install(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "reportlab", None)
    with pytest.raises(MissingPdfError, match=r"yigong\[pdf\]") as missing:
        site.maker.check(replace(PLAN, format=Format.PDF), TENANT)
    assert isinstance(missing.value, RefusedError)
