"""Tables of hospitals that cannot send: each row comes once, in its patient's order, whatever breaks off meanwhile."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlalchemy import Column, DateTime, Engine, Integer, MetaData, String, Table, create_engine, func, select

from api.intake import landing
from base.keyring import KeyRing
from base.settings import Settings
from base.tenancy import guard, system
from exchange import pull as pulling
from exchange.intake import Sent, StoredIntake
from exchange.ledger import DEAD, messages
from exchange.pull import Pulled, Puller, PullError, SourceAwayError
from exchange.pull_config import load
from exchange.trace import Ledger, Query
from exchange.worker import Worker
from records.resource_rows import heads

CLINIC = "league/county/clinic"
PATIENTS = """
name: clinic-patients
tenant: league/county/clinic
template: patients
source:
  files: export/*.csv
  settle: 0
columns: {病历号: 患者编号, 患者姓名: 姓名, xb: 性别, 生日: 出生日期}
values:
  性别: {1: 男, 2: 女}
drop: [备注]
"""
RESULTS = """
name: clinic-results
tenant: league/county/clinic
template: lab-results
source:
  database: "{url}"
  query: >-
    SELECT id, pid, item, value, unit, taken, changed FROM lab_result
    WHERE changed >= :since ORDER BY changed LIMIT :limit
  cursor: changed
  start: "2026-01-01 00:00:00"
  page: {page}
columns: {{id: 结果编号, pid: 患者编号, item: 项目名称, value: 数值, unit: 单位, taken: 报告时间}}
drop: [changed]
"""
FOUR = "病历号,患者姓名,xb,生日,备注\np1,测试甲,1,1980-05-12,\np2,测试乙,2,1990-01-02,无\np3,测试丙,2,,\np4,测试丁,1,1955-02-03,x\n"


class Clinic:
    """A clinic's folder and our side of it."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder = guard(engine), folder
        self.ring = KeyRing(self.engine, bytes(16))
        self.intake = StoredIntake(self.engine, self.ring)
        house: Any = SimpleNamespace(engine=self.engine, settings=Settings(data_dir=folder))
        self.landing = landing(house, self.ring)
        (folder / "export").mkdir()

    def export(self, name: str, text: str) -> Path:
        path = self.folder / "export" / name
        path.write_text(text, "utf-8")
        return path

    def puller(self, config: str = PATIENTS, intake: Any = None) -> Puller:
        path = self.folder / "pull.yaml"
        path.write_text(config, "utf-8")
        return Puller(self.engine, intake or self.intake, load(path))

    def pull(self, config: str = PATIENTS) -> Pulled:
        return asyncio.run(self.puller(config).run())

    def drain(self) -> int:
        return Worker(self.engine, self.ring, self.landing).drain()

    def stored(self, kind: str = "") -> dict[str, int]:
        """Versions by local id."""
        with system("look"), self.engine.connect() as connection:
            rows = connection.execute(select(heads.c.local, heads.c.version)).all()
        return {row.local: row.version for row in rows if row.local.startswith(kind)}

    def kept(self) -> int:
        with system("look"), self.engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(messages)).scalar() or 0

    def dead(self) -> list[dict[str, Any]]:
        with system("look"):
            return [m["dead"] for m in Ledger(self.engine, self.ring).find(Query(DEAD))]


@pytest.fixture
def clinic(engine: Engine, tmp_path: Path) -> Iterator[Clinic]:
    made = Clinic(engine, tmp_path)
    yield made
    asyncio.run(made.intake.close())


# -- files -----------------------------------------------------------------------------------


def test_a_csv_comes_in_our_words_and_only_once(clinic: Clinic) -> None:
    clinic.export("2026-11-01.csv", FOUR)
    assert clinic.pull() == Pulled(rows=4, messages=4)
    assert clinic.drain() == 4
    assert set(clinic.stored()) == {"p1", "p2", "p3", "p4"}
    assert clinic.pull() == Pulled()
    clinic.export("2026-11-02.csv", FOUR.replace("测试甲", "测试庚"))
    clinic.pull()
    clinic.drain()
    assert clinic.stored() == {"p1": 2, "p2": 1, "p3": 1, "p4": 1}


def test_an_xlsx_comes_with_its_dates_and_numbers(clinic: Clinic) -> None:
    book = Workbook()
    sheet = book.create_sheet("检验")
    sheet.append(["结果编号", "患者编号", "项目名称", "数值", "单位", "报告时间", None])
    sheet.append(["r1", "p1", "血钾", 5.8, "mmol/L", datetime(2026, 11, 1, 8, 30)])
    book.save(clinic.folder / "export" / "lab.xlsx")
    clinic.export("p.csv", FOUR)
    clinic.pull()
    config = "name: lab\ntenant: league/county/clinic\ntemplate: lab-results\nsource: {files: export/*.xlsx, sheet: 检验, settle: 0}"
    assert clinic.pull(config).rows == 1
    clinic.drain()
    assert clinic.dead() == []
    assert "r1" in clinic.stored()


def test_a_file_that_is_being_written_waits(clinic: Clinic) -> None:
    path = clinic.export("a.csv", FOUR)
    config = PATIENTS.replace("settle: 0", "settle: 30")
    assert clinic.pull(config) == Pulled(waiting=1)
    long_ago = time.time() - 60
    os.utime(path, (long_ago, long_ago))
    assert clinic.pull(config).rows == 4


def test_a_file_that_grows_while_it_is_read_waits_too(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    path = clinic.export("a.csv", FOUR)
    read = pulling.Files.rows

    def grown(self: Any, found: Any) -> Any:
        path.write_text(FOUR + "p5,测试戊,1,1970-01-01,\n", "utf-8")
        return read(self, found)

    monkeypatch.setattr(pulling.Files, "rows", grown)
    assert clinic.pull() == Pulled(waiting=1)
    monkeypatch.undo()
    assert clinic.pull().rows == 5


def test_a_wrong_row_is_given_up_alone_with_its_heading_and_the_others_pass(clinic: Clinic) -> None:
    rows = "".join(f"r{n},p1,血钾,{'?' if n == 3 else 4},mmol/L,2026-11-01\n" for n in range(6))
    clinic.export("a.csv", "结果编号,患者编号,项目名称,数值,单位,报告时间\n" + rows)
    (clinic.folder / "people").mkdir()
    (clinic.folder / "people" / "p.csv").write_text(FOUR, "utf-8")
    clinic.pull(PATIENTS.replace("export/", "people/"))
    config = (
        "name: lab\ntenant: league/county/clinic\ntemplate: lab-results\nsource: {files: export/*.csv, settle: 0}"
    )
    assert clinic.pull(config) == Pulled(rows=6, messages=3, unreadable=1)
    clinic.drain()
    assert set(clinic.stored("r")) == {"r0", "r1", "r2", "r4", "r5"}
    assert [d["field"] for d in clinic.dead()] == ["rows[1].数值"]


def test_rows_of_one_patient_travel_at_most_two_hundred_together(clinic: Clinic) -> None:
    rows = "".join(f"r{n},p{n % 2},血钾,4,mmol/L,2026-11-01\n" for n in range(900))
    clinic.export("a.csv", "结果编号,患者编号,项目名称,数值,单位,报告时间\n" + rows)
    config = (
        "name: lab\ntenant: league/county/clinic\ntemplate: lab-results\nsource: {files: export/*.csv, settle: 0}"
    )
    assert clinic.pull(config) == Pulled(rows=900, messages=6)


class Dying:
    """An intake whose process is killed after so many messages: what it kept stays kept."""

    def __init__(self, intake: StoredIntake, after: int) -> None:
        self.intake, self.left = intake, after

    async def accept(self, sent: Sent) -> Any:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        return await self.intake.accept(sent)

    async def close(self) -> None: ...


@pytest.mark.parametrize("after", [0, 1, 7, 25, 39])
def test_killed_anywhere_it_goes_on_and_nothing_is_lost_or_doubled(
    clinic: Clinic, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "_PAGE", 10)
    lines = "".join(f"p{n},测试{n},1,1980-01-01,\n" for n in range(40))
    clinic.export("a.csv", "病历号,患者姓名,xb,生日,备注\n" + lines)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(clinic.puller(intake=Dying(clinic.intake, after)).run())
    assert clinic.pull().rows == 40 - after // 10 * 10
    assert clinic.kept() == 40
    clinic.drain()
    assert clinic.stored() == {f"p{n}": 1 for n in range(40)}


def test_two_processes_that_run_one_pull_send_nothing_twice(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.export("a.csv", FOUR)
    first, second = clinic.puller(), clinic.puller()
    move = Puller._move

    def late(self: Puller, cursor: Any, sent: Any) -> None:
        monkeypatch.setattr(Puller, "_move", move)
        move(second, pulling.Cursor(cursor.place, done=True), sent)
        move(self, cursor, sent)

    monkeypatch.setattr(Puller, "_move", late)
    with pytest.raises(PullError, match="another process"):
        asyncio.run(first.run())
    assert clinic.pull() == Pulled()
    assert clinic.kept() == 4


# -- databases -------------------------------------------------------------------------------


class Lab:
    """The laboratory's own database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = create_engine(url)
        meta = MetaData()
        self.table = Table(
            "lab_result",
            meta,
            Column("id", String(20), primary_key=True),
            *(Column(name, String(40)) for name in ("pid", "item", "unit")),
            Column("value", Integer),
            Column("taken", DateTime),
            Column("changed", DateTime),
        )
        meta.drop_all(self.engine)
        meta.create_all(self.engine)

    def put(self, number: str, at: datetime, value: int = 4) -> None:
        row = {"id": number, "pid": "p1", "item": "血钾", "unit": "mmol/L", "value": value, "taken": at}
        with self.engine.begin() as connection:
            connection.execute(self.table.delete().where(self.table.c.id == number))
            connection.execute(self.table.insert().values(row | {"changed": at}))


@pytest.fixture(params=["sqlite", "postgresql"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    url = f"sqlite:///{tmp_path / 'lab.sqlite'}" if request.param == "sqlite" else request.getfixturevalue("postgres")
    made = Lab(url)
    yield made
    made.table.drop(made.engine)
    made.engine.dispose()


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Clinic]:
    """Our side on SQLite: what is tried here is the source."""
    from base.db import migrate, open_engine

    (tmp_path / "ours").mkdir()
    engine = open_engine(f"sqlite:///{tmp_path / 'ours.sqlite'}")
    migrate(engine)
    made = Clinic(engine, tmp_path / "ours")
    made.export("p.csv", FOUR)
    made.pull()
    yield made
    asyncio.run(made.intake.close())
    engine.dispose()


NINE = datetime(2026, 11, 1, 9)


def config(lab: Lab, page: int = 3, **changes: str) -> str:
    text = RESULTS.format(url=lab.url, page=page)
    for old, new in changes.items():
        assert old.replace("_", " ") in text
        text = text.replace(old.replace("_", " "), new)
    return text


def test_rows_come_page_by_page_and_later_only_what_is_new(lab: Lab, ours: Clinic) -> None:
    for n in range(8):
        lab.put(f"r{n}", NINE + timedelta(minutes=n))
    assert ours.pull(config(lab)).rows == 8
    assert ours.pull(config(lab)) == Pulled()
    lab.put("r3", NINE + timedelta(hours=1), value=6)
    lab.put("r8", NINE + timedelta(hours=1))
    assert ours.pull(config(lab)).rows == 2
    ours.drain()
    assert ours.stored("r") == {f"r{n}": 1 for n in range(9)} | {"r3": 2}


def test_rows_that_share_a_time_are_not_lost_at_the_end_of_a_page(lab: Lab, ours: Clinic) -> None:
    for n in range(10):
        lab.put(f"r{n}", NINE + timedelta(minutes=n // 4))
    assert ours.pull(config(lab)).rows == 10
    lab.put("r10", NINE + timedelta(minutes=2))
    assert ours.pull(config(lab)).rows == 1, "it came late under the time that was read last"
    ours.drain()
    assert set(ours.stored("r")) == {f"r{n}" for n in range(11)}


def test_rows_committed_late_are_found_within_the_overlap(lab: Lab, ours: Clinic) -> None:
    overlapping = config(lab).replace("  page: 3", "  page: 3\n  overlap: 600")
    for n in (0, 5, 6):
        lab.put(f"r{n}", NINE + timedelta(minutes=n))
    assert ours.pull(overlapping).rows == 3
    lab.put("r2", NINE + timedelta(minutes=2))
    assert ours.pull(overlapping).rows == 1
    assert ours.pull(overlapping) == Pulled()


def test_a_value_that_changes_back_is_another_message(lab: Lab, ours: Clinic) -> None:
    for n, value in enumerate((4, 6, 4)):
        lab.put("r0", NINE + timedelta(minutes=n), value)
        assert ours.pull(config(lab)) == Pulled(rows=1, messages=1)
    ours.drain()
    assert ours.stored("r") == {"r0": 3}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minutes=st.lists(st.integers(0, 5), max_size=14), page=st.integers(1, 6), strict=st.booleans())
def test_every_row_comes_once_whatever_the_page(
    tmp_path_factory: pytest.TempPathFactory, minutes: list[int], page: int, strict: bool
) -> None:
    """With ``>=`` and with ``>`` in the query, however many rows share a time."""
    folder = tmp_path_factory.mktemp("lab")
    lab = Lab(f"sqlite:///{folder / 'lab.sqlite'}")
    for n, minute in enumerate(minutes):
        lab.put(f"r{n}", NINE + timedelta(minutes=minute))
    path = folder / "pull.yaml"
    path.write_text(
        RESULTS.format(url=lab.url, page=page).replace(">= :since", "> :since" if strict else ">= :since")
    )
    source = pulling.Database(load(path).source)  # type: ignore[arg-type]
    got: list[str] = []
    last, more = None, True
    while more:
        rows, more = source.page("2026-01-01" if last is None else last, last)
        got += [row.cells["id"] for row in rows if row.cells["id"] not in got]
        last = rows[-1].at if rows else last
    assert sorted(got) == sorted(f"r{n}" for n in range(len(minutes)))
    lab.engine.dispose()


def wrong(text: str) -> Callable[[str], str]:
    return lambda said: said.replace(*text.split(" → "))


@pytest.mark.parametrize(
    ("change", "where", "told"),
    [
        ("ORDER BY changed → ORDER BY changed DESC", "source.query", "ORDER BY changed"),
        ("FROM lab_result → FROM lab_results", "source.query", "lab_results"),
        ("cursor: changed → cursor: modified", "source.cursor", "no column modified"),
        ("drop: [changed] → drop: []", "columns", "changed"),
        ("taken: 报告时间 → taken: 文字结果", "columns", "报告时间"),
        ("unit: 单位 → units: 单位", "columns", "no column units"),
    ],
)
def test_what_does_not_fit_the_source_is_told_by_field_and_nothing_is_sent(
    lab: Lab, ours: Clinic, change: str, where: str, told: str
) -> None:
    for n in range(3):
        lab.put(f"r{n}", NINE + timedelta(minutes=n))
    kept = ours.kept()
    with pytest.raises(PullError) as error:
        ours.pull(wrong(change)(config(lab, page=10)))
    assert error.value.where == where
    assert told in error.value.problem
    assert ours.kept() == kept


def test_a_database_that_is_away_is_waited_for_and_its_password_is_told_nobody(
    ours: Clinic, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    url = "postgresql+psycopg://reader:${LAB_PASSWORD}@127.0.0.1:1/lab?connect_timeout=1"
    text = RESULTS.format(url=url, page=3)
    with pytest.raises(PullError, match="LAB_PASSWORD"):
        ours.pull(text)
    monkeypatch.setenv("LAB_PASSWORD", "geheim/@7")
    with pytest.raises(SourceAwayError) as error:
        ours.pull(text)
    assert "geheim" not in f"{error.value!r} {error.value.__cause__!r} {caplog.text}"


def test_the_command_runs_every_pull_of_the_data_folder(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from api.cli import app

    (tmp_path / "pulls" / "export").mkdir(parents=True)
    (tmp_path / "pulls" / "patients.yaml").write_text(PATIENTS, "utf-8")
    (tmp_path / "pulls" / "export" / "a.csv").write_text(FOUR, "utf-8")
    told = CliRunner().invoke(app, ["pull", "--data-dir", str(tmp_path)])
    assert told.exit_code == 0, told.output
    assert "clinic-patients: 4 rows, 4 messages, 0 known before" in told.output
    (tmp_path / "pulls" / "export" / "b.csv").write_text("病历号\np1\n", "utf-8")
    told = CliRunner().invoke(app, ["pull", "patients", "--data-dir", str(tmp_path)])
    assert told.exit_code == 1
    assert "columns: the source has no column 患者姓名" in told.output


# -- what is wrong in a file -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "where", "told"),
    [
        ("tenant: league/county/clinic → tenant: league county", "tenant", "path"),
        ("template: patients → template: people", "template", "one of patients"),
        ("name: clinic-patients → name: a b", "name", "letters"),
        ("name: clinic-patients → nome: clinic", "nome", "unknown field"),
        ("xb: 性别 → xb: 性", "columns", "性 is no column"),
        ("  性别: { →   性: {", "values", "性 is no column"),
        ("drop: [备注] → drop: [xb]", "drop", "mapped in columns"),
        ("  files: export/*.csv →   folder: export", "source", "either files"),
        ("  settle: 0 →   settle: soon", "source.settle", "int"),
        ("columns: { → columns: [", "patients.yaml", "line"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_by_field(tmp_path: Path, change: str, where: str, told: str) -> None:
    path = tmp_path / "patients.yaml"
    path.write_text(wrong(change)(PATIENTS), "utf-8")
    with pytest.raises(PullError) as error:
        load(path)
    assert error.value.where == where
    assert told in error.value.problem


@pytest.mark.parametrize(
    ("change", "where", "told"),
    [
        (">= :since → >= '2026'", "source.query", ":since"),
        ("LIMIT :limit → LIMIT 5", "source.query", ":limit"),
        ("sqlite:///x → postgresql://reader:secret@h/lab", "source.database", "${NAME}"),
        ("sqlite:///x → somewhere", "source.database", "URL"),
        ("page: 3 → page: 0", "source.page", "from 1"),
        ('  start: "2026-01-01 00:00:00"\n → ', "source.start", "missing"),
    ],
)
def test_what_is_wrong_of_a_database_is_told_by_field(tmp_path: Path, change: str, where: str, told: str) -> None:
    path = tmp_path / "results.yaml"
    path.write_text(wrong(change)(RESULTS.format(url="sqlite:///x", page=3)), "utf-8")
    with pytest.raises(PullError) as error:
        load(path)
    assert error.value.where == where
    assert told in error.value.problem
