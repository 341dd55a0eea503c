"""Facts come in late, corrected, taken back; figures follow, and each sees its own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from base.tenancy import Scope, TenancyError, acting, guard, system
from supervision.figures import cubes
from supervision.figures.answers import Answers, Each
from supervision.figures.catalogue import Catalogue, CatalogueError, checked
from supervision.figures.fact import DEPARTMENT, SEX, Fact, Kind, flag, number
from supervision.figures.indicator import (
    Direction,
    Indicator,
    Measure,
    Source,
    Theme,
    counted,
    different,
    mean,
    total,
)
from supervision.figures.lake import Lake
from supervision.figures.manifest import Load, LoadError, Manifest, parts
from supervision.figures.periods import PeriodError, period_of
from supervision.figures.sums import Asked, AskError

HOSPITAL, OTHER = "league/a/h1", "league/b/h9"
SEEN = Fact("seen", "就诊", "", (DEPARTMENT, SEX, flag("drug", "用药"), number("fee", "费用")), cube=("department",))
BEDS = Fact("beds", "床位", "", (number("count", "床数"),), Kind.STOCK)
SOURCE = Source("测试", 2026, "1")
VISITS = counted("seen", "人次")


def _indicator(name: str, numerator: Measure, denominator: Measure | None = None, **more: object) -> Indicator:
    return Indicator(name, name, (Theme.SERVICES,), "", SOURCE, numerator, denominator, **more)  # type: ignore[arg-type]


KNOWN = checked(
    {fact.name: fact for fact in (SEEN, BEDS)},
    {
        one.name: one
        for one in (
            _indicator("visits", VISITS),
            _indicator("fees", total("seen", "费用", "fee")),
            _indicator(
                "drug-share",
                counted("seen", "用药人次", "drug"),
                VISITS,
                scale=100.0,
                direction=Direction.LOWER,
                warn=50.0,
            ),
            _indicator("departments", different("seen", "科室数", "department")),
            _indicator("beds", total("beds", "床数", "count")),
            _indicator("beds-mean", mean("beds", "平均床数", "count")),
            _indicator("visits-per-bed", VISITS, mean("beds", "平均床数", "count")),
            _indicator("growth", VISITS, growth=True),
        )
    },
)


class Site:
    """An empty installation to load rows into and to ask."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = guard(engine)
        self.lake = Lake(folder, Manifest(self.engine))
        self.answers = Answers(self.lake, KNOWN)

    def load(self, fact: Fact, columns: str, *rows: str, tenant: str = HOSPITAL) -> tuple[int, int, int]:
        query = f"SELECT * FROM (VALUES {', '.join(f'({row})' for row in rows)}) rows({columns})"
        with system("test"):
            done = self.lake.merge(fact, Load(tenant, fact.name, "test", "somebody"), query)
        return done.received, done.replaced, done.removed

    def refresh(self) -> int:
        return cubes.refresh(self.lake, KNOWN)

    def value(self, name: str, period: str, **asked: object) -> float | None:
        with system("test"):
            lines = self.answers.ask([KNOWN.indicators[name]], period_of(period), Asked(**asked))[name]  # type: ignore[arg-type]
        return lines[0].now.value if lines else None


@pytest.fixture
def site(engine: Engine, tmp_path: Path) -> Site:
    return Site(engine, tmp_path / "facts")


SOME = (
    "'v1', '2026-01-05', '内科', true, 10",
    "'v2', '2026-01-20', '外科', false, 30",
    "'v3', '2026-02-03', '内科', NULL, 5",
)
VISIT = "id, date, department, drug, fee"


def test_rows_that_come_again_replace_what_was_there_even_in_another_month(site: Site) -> None:
    site.load(SEEN, VISIT, *SOME)
    assert site.refresh() == 2
    assert site.value("visits", "2026-01") == 2
    told = site.load(SEEN, VISIT, "'v2', '2026-02-20', '外科', false, 40", "'v4', '2025-12-31', '内科', true, 1")
    assert told == (2, 1, 0)
    assert [site.value("visits", m) for m in ("2025-12", "2026-01", "2026-02")] == [1, 1, 2]
    assert site.refresh() == 3
    assert [site.value("fees", m) for m in ("2025-12", "2026-01", "2026-02")] == [1, 10, 45]
    assert site.refresh() == 0


def test_a_row_that_the_source_takes_back_is_gone(site: Site) -> None:
    site.load(SEEN, VISIT, *SOME)
    site.refresh()
    assert site.load(SEEN, "id, date, deleted", "'v3', '2026-02-03', true") == (1, 0, 1)
    assert site.value("visits", "2026-02") is None
    site.refresh()
    assert site.value("visits", "2026-02") is None
    assert site.value("visits", "2026-Q1") == 2


def test_figures_can_be_asked_for_as_they_stood(site: Site) -> None:
    site.load(SEEN, VISIT, *SOME)
    before = datetime.now(UTC)
    site.load(SEEN, VISIT, "'v1', '2026-01-05', '内科', true, 99")
    site.refresh()
    assert site.value("fees", "2026-01") == 129
    assert site.value("fees", "2026-01", as_of=before) == 40


def test_what_stood_at_the_end_of_no_day_is_removed_and_so_is_what_is_long_past(site: Site) -> None:
    def files() -> int:
        return len(list(site.lake.folder.glob("seen/*/*/*.parquet")))

    for fee in (10, 20, 30):
        site.load(SEEN, VISIT, f"'v1', '2026-01-05', '内科', true, {fee}")
    now = datetime.now(UTC)
    assert site.lake.prune(now, 400) == 0, "somebody may still be reading it"
    with site.engine.begin() as connection, system("test"):
        earlier = update(parts).where(parts.c.version == 1)
        connection.execute(earlier.values(written=now - timedelta(days=3)))
    assert site.lake.prune(now + timedelta(hours=2), 400) == 1
    assert (files(), site.value("fees", "2026-01")) == (2, 30)
    assert site.value("fees", "2026-01", as_of=now - timedelta(days=1)) == 10
    assert site.lake.prune(now + timedelta(days=40), 30) == 1
    assert (files(), site.value("fees", "2026-01")) == (1, 30)


def test_a_file_that_is_replaced_while_somebody_asks_is_looked_for_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.load(SEEN, VISIT, *SOME)
    site.refresh()
    stale, find = site.lake.manifest.cubes("seen"), site.lake.manifest.cubes
    for cube in stale.values():
        site.lake.path(cube.file).unlink()
    monkeypatch.setattr(cubes, "grain", lambda *_: "another")
    site.refresh()
    monkeypatch.undo()
    told = iter((stale, find("seen")))
    monkeypatch.setattr(site.lake.manifest, "cubes", lambda _: next(told))
    assert site.value("visits", "2026-01") == 2


@pytest.mark.parametrize("fresh", [True, False], ids=["from monthly sums", "from rows"])
def test_unknown_is_not_counted_and_not_taken_for_no(site: Site, fresh: bool) -> None:
    site.load(SEEN, VISIT, *SOME)
    if fresh:
        site.refresh()
    with system("test"):
        line = site.answers.ask([KNOWN.indicators["drug-share"]], period_of("2026-02"), Asked())["drug-share"][0]
    assert (line.now.numerator, line.now.denominator, line.now.unknown) == (None, 1, 1)
    assert site.value("drug-share", "2026-Q1") == 33.33


def test_where_nothing_was_told_there_is_no_zero(site: Site) -> None:
    site.load(SEEN, VISIT, *SOME)
    assert site.value("visits", "2026-03") is None


def test_a_stock_shows_its_last_month_or_the_mean_of_its_months(site: Site) -> None:
    site.load(BEDS, "id, date, count", "'b1', '2026-01-31', 10", "'b2', '2026-02-28', 20")
    site.load(SEEN, VISIT, *SOME)
    site.refresh()
    assert site.value("beds", "2026-Q1") == 20
    assert site.value("beds-mean", "2026-Q1") == 15
    assert site.value("visits-per-bed", "2026-Q1") == 0.2


@pytest.mark.parametrize("fresh", [True, False], ids=["from monthly sums", "from rows"])
def test_who_has_not_told_of_the_last_month_yet_counts_with_the_month_before(site: Site, fresh: bool) -> None:
    site.load(BEDS, "id, date, count", "'b1', '2026-01-31', 10", "'b2', '2026-02-28', 20")
    site.load(BEDS, "id, date, count", "'c1', '2026-01-31', 5", tenant=OTHER)
    if fresh:
        site.refresh()
    assert site.value("beds", "2026-Q1") == 25
    with system("test"):
        rows = site.answers.rows(KNOWN.indicators["beds"], period_of("2026-Q1"), Asked())
        all_of = site.answers.rows(KNOWN.indicators["beds-mean"], period_of("2026-Q1"), Asked())
    assert ([row.shown["id"] for row in rows], len(all_of)) == (["c1", "b2"], 3)
    assert site.value("beds", "2026-02") == 20


def test_different_values_are_counted_over_the_whole_period(site: Site) -> None:
    site.load(SEEN, VISIT, *SOME)
    site.refresh()
    assert site.value("departments", "2026-Q1") == 2


def test_the_same_period_of_the_year_before_and_the_period_before_stand_beside(site: Site) -> None:
    site.load(SEEN, VISIT, *SOME, "'o1', '2025-02-01', '内科', true, 1", "'o2', '2025-02-02', '内科', true, 1")
    with system("test"):
        told = site.answers.ask([KNOWN.indicators["visits"]], period_of("2026-02"), Asked())["visits"][0]
    assert told.same == (2, -50)
    assert told.previous == (2, -50)
    assert site.value("growth", "2026-02") == -50
    assert site.value("growth", "2026-01") is None


def test_groups_are_ranked_the_best_first_and_warned_of(site: Site) -> None:
    site.load(SEEN, VISIT, *SOME)
    with system("test"):
        asked = Asked(by=("department",))
        lines = site.answers.ask([KNOWN.indicators["drug-share"]], period_of("2026-01"), asked)["drug-share"]
    assert [(line.group, line.now.value, line.rank, line.warns) for line in lines] == [
        (("外科",), 0, 1, False),
        (("内科",), 100, 2, True),
    ]


def test_a_period_is_cut_into_months_that_each_have_figures(site: Site) -> None:
    site.load(SEEN, VISIT, *SOME)
    with system("test"):
        lines = site.answers.ask(
            [KNOWN.indicators["visits"]], period_of("2026-01-10..2026-02-28"), Asked(), each=Each.MONTH
        )
    assert [(str(line.period), line.now.value) for line in lines["visits"]] == [
        ("2026-01-10..2026-01-31", 1),
        ("2026-02", 1),
    ]


def test_a_county_sees_its_own_and_a_league_sees_all(site: Site) -> None:
    site.load(SEEN, VISIT, *SOME)
    site.load(SEEN, VISIT, "'w1', '2026-01-05', '内科', true, 10", tenant=OTHER)
    for fresh in (False, True):
        if fresh:
            site.refresh()
        for reads, expected in ((("league",), 3), (("league/a",), 2), (("league/b",), 1), ((), None)):
            with acting(Scope("somebody", reads=reads)):
                lines = site.answers.ask([KNOWN.indicators["visits"]], period_of("2026-01"), Asked())["visits"]
                rows = site.answers.rows(KNOWN.indicators["visits"], period_of("2026-01"), Asked())
                lineage = site.answers.lineage(KNOWN.indicators["visits"], period_of("2026-01"), Asked())
            assert (lines[0].now.value if lines else None) == expected
            assert len(rows) == (expected or 0)
            assert {load.told.tenant for load in lineage.loads} == {row.shown["tenant"] for row in rows}


def test_nobody_loads_rows_into_another_institution(site: Site) -> None:
    row = "SELECT 'v1' AS id, DATE '2026-01-05' AS date"
    with acting(Scope("somebody", reads=("league",), writes=("league/a",))), pytest.raises(TenancyError):
        site.lake.merge(SEEN, Load(OTHER, "seen", "test", "somebody"), row)
    assert site.value("visits", "2026-01") is None
    assert list(site.lake.folder.glob("seen/*/*/*.parquet")) == []


def test_rows_behind_a_figure_are_those_that_count(site: Site) -> None:
    site.load(SEEN, VISIT, *SOME)
    with system("test"):
        one, period = KNOWN.indicators["drug-share"], period_of("2026-01")
        above = site.answers.rows(one, period, Asked())
        below = site.answers.rows(one, period, Asked(only={"department": ("外科",)}), below=True)
    assert [row.shown["id"] for row in above] == ["v1"]
    assert [(row.shown["id"], row.shown["department"]) for row in below] == [("v2", "外科")]


def test_what_was_stored_before_a_column_was_known_has_it_empty(site: Site) -> None:
    site.load(SEEN, VISIT, *SOME)
    more = Fact("seen", "就诊", "", (*SEEN.own, flag("new", "新增列")), cube=SEEN.cube)
    counted_new = _indicator("new", counted("seen", "新", "new"))
    site.answers = Answers(site.lake, Catalogue({"seen": more}, {"new": counted_new}))
    with system("test"):
        line = site.answers.ask([counted_new], period_of("2026-01"), Asked())["new"][0]
    assert (line.now.value, line.now.unknown) == (None, 2)


@pytest.mark.parametrize(
    ("columns", "row", "says"),
    [
        ("id, date, fees", "'v1', '2026-01-05', 1", "没有列 fees"),
        ("id, department", "'v1', '内科'", "date 不能为空"),
        ("id, date, fee", "'v1', '2026-01-05', 'viel'", "viel"),
        ("id, date, sex", "'v1', '2026-01-05', 'man'", "sex 只能是 male, female"),
        ("id, date", "'v1', '2026-01-05'), ('v1', '2026-01-06'", "id 在本次装载中重复"),
    ],
)
def test_rows_that_cannot_be_are_refused_with_the_column(site: Site, columns: str, row: str, says: str) -> None:
    with pytest.raises(LoadError, match=says):
        site.load(SEEN, columns, row)
    assert site.value("visits", "2026-01") is None


@pytest.mark.parametrize(
    ("measure", "says"),
    [
        (counted("seen", "", "sexx = 'male'"), "has no column 'sexx'"),
        (counted("seen", "", "sex = 'man'"), "'man' is none of sex: male, female"),
        (counted("seen", "", "sex IN ('male', 'woman')"), "'woman' is none of sex"),
        (total("seen", "", "(SELECT max(fee) FROM seen)"), "has no column"),
        (total("seen", "", "fee; DROP TABLE seen"), "outside of the language"),
        (total("seen", "", "(fee"), "brackets do not match"),
        (counted("visit", ""), "there is no fact 'visit'"),
        (mean("seen", "", "fee"), "only of a stock"),
    ],
)
def test_a_measure_outside_of_the_language_is_refused_when_it_is_read(measure: Measure, says: str) -> None:
    with pytest.raises(CatalogueError, match=says):
        checked({"seen": SEEN}, {"x": _indicator("x", measure)})


def test_a_dimension_that_there_is_not_is_refused_with_those_that_there_are(site: Site) -> None:
    with pytest.raises(AskError, match=r"没有维度 ward，可用: .*department"):
        site.value("visits", "2026-01", by=("ward",))


@pytest.mark.parametrize(
    ("text", "since", "until", "said"),
    [
        ("2026", "2026-01-01", "2027-01-01", "2026"),
        ("2026-Q4", "2026-10-01", "2027-01-01", "2026-Q4"),
        ("2026-02", "2026-02-01", "2026-03-01", "2026-02"),
        ("2026-W53", "2026-12-28", "2027-01-04", "2026-12-28..2027-01-03"),
        ("2026-11-05", "2026-11-05", "2026-11-06", "2026-11-05"),
        ("2026-11-05..2026-11-07", "2026-11-05", "2026-11-08", "2026-11-05..2026-11-07"),
    ],
)
def test_periods_as_people_write_them(text: str, since: str, until: str, said: str) -> None:
    found = period_of(text)
    assert (found.since, found.until, str(found)) == (date.fromisoformat(since), date.fromisoformat(until), said)


@pytest.mark.parametrize(
    "text", ["", "2026-13", "2026-Q5", "today", "2026-02-30", "2026-11-07..2026-11-05", "0001", "1990..2026"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(PeriodError, match="不是期间"):
        period_of(text)


@pytest.mark.parametrize(
    ("text", "same", "previous"),
    [
        ("2026-03", "2025-03", "2026-02"),
        ("2026-Q1", "2025-Q1", "2025-Q4"),
        ("2026", "2025", "2025"),
        ("2024-02-29", "2023-02-28..2023-02-28", "2024-02-28"),
        ("2026-03-10..2026-03-16", "2025-03-10..2025-03-16", "2026-03-03..2026-03-09"),
    ],
)
def test_what_periods_are_compared_with(text: str, same: str, previous: str) -> None:
    found = period_of(text)
    assert (found.same(), found.previous()) == (period_of(same), period_of(previous))
