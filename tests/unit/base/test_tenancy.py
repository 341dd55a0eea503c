"""Attempts to reach another hospital's rows: none succeeds, whatever the statement looks like."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    exists,
    func,
    insert,
    select,
    text,
    true,
    union_all,
    update,
)

from base.tenancy import Scope, TenancyError, acting, guard, may_write, system

_DATA = MetaData()
person = Table(
    "probe_person",
    _DATA,
    Column("id", Integer, primary_key=True),
    Column("tenant", String(80), nullable=False),
    Column("name", String(20)),
    info={"tenant": "tenant"},
)
visit = Table(
    "probe_visit",
    _DATA,
    Column("id", Integer, primary_key=True),
    Column("tenant", String(80), nullable=False),
    Column("person", Integer),
    info={"tenant": "tenant"},
)
code = Table("probe_code", _DATA, Column("id", Integer, primary_key=True))
OWN, OTHER, LOOKALIKE = "league/a/h1", "league/b/h3", "league/a/h10"
NURSE = Scope("nurse", reads=(OWN,), writes=(OWN,))


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """One person and one visit of each hospital; nobody acts yet."""
    guard(engine)
    with system("test"), engine.begin() as made:
        _DATA.create_all(made)
        rows = [{"id": n, "tenant": t, "name": t[-2:]} for n, t in enumerate((OWN, OTHER, LOOKALIKE), 1)]
        made.execute(insert(person), rows)
        made.execute(insert(visit), [{"id": r["id"], "tenant": r["tenant"], "person": r["id"]} for r in rows])
        made.execute(insert(code), [{"id": n} for n in (1, 2, 3)])
    with engine.connect() as made:
        yield made
    with system("test"), engine.begin() as made:
        _DATA.drop_all(made)


_other = person.alias("o")
_cte = select(person.c.id).cte("all_of_them")
READS: dict[str, Any] = {
    "table": select(person.c.id),
    "alias": select(_other.c.id),
    "join": select(visit.c.id).join(person, person.c.id == visit.c.person),
    "join of an alias": select(_other.c.id).join(visit, visit.c.person == _other.c.id),
    "where that is always true": select(person.c.id).where(true() | (person.c.id > 0)),
    "subquery in where": select(code.c.id).where(code.c.id.in_(select(person.c.id))),
    "subquery in from": select(select(person.c.id).subquery().c.id),
    "subquery in a subquery": select(code.c.id).where(
        code.c.id.in_(select(visit.c.person).where(visit.c.person.in_(select(person.c.id))))
    ),
    "cte": select(_cte.c.id),
    "union": union_all(select(person.c.id), select(person.c.id).where(person.c.id < 0)),
    "exists": select(code.c.id).where(exists().where(person.c.id == code.c.id)),
    "cross join": select(person.c.id).select_from(person.join(code, true())).where(code.c.id == 1),
    "lateral": select(code.c.id).join(select(person.c.id).where(person.c.id == code.c.id).lateral("l"), true()),
}


@pytest.mark.parametrize("how", READS)
def test_only_rows_of_the_scope_are_read(connection: Connection, how: str) -> None:
    if how == "lateral" and connection.dialect.name == "sqlite":
        pytest.skip("SQLite has no lateral joins")
    with acting(NURSE):
        assert list(connection.execute(READS[how]).scalars()) == [1]


def test_counting_does_not_tell_of_others(connection: Connection) -> None:
    counting = select(func.count()).select_from(person)
    with acting(NURSE):
        assert connection.execute(counting).scalar() == 1
        assert connection.execute(select(counting.scalar_subquery())).scalar() == 1


def test_what_lies_below_is_within(connection: Connection) -> None:
    with acting(Scope("county", reads=("league/a",))):
        assert list(connection.execute(select(person.c.id).order_by(person.c.id)).scalars()) == [1, 3]


def test_a_scope_without_paths_sees_nothing(connection: Connection) -> None:
    with acting(Scope("nobody")):
        assert connection.execute(select(person.c.id)).all() == []


def test_without_a_scope_nothing_is_answered(connection: Connection) -> None:
    with pytest.raises(TenancyError, match="person"):
        connection.execute(select(person.c.id))


def test_changes_reach_own_rows_only(connection: Connection) -> None:
    with acting(NURSE):
        assert connection.execute(update(person).values(name="x")).rowcount == 1
        assert connection.execute(update(person).where(person.c.id == 2).values(name="x")).rowcount == 0
        assert connection.execute(delete(person).where(person.c.id == 2)).rowcount == 0


def test_who_may_read_may_not_therefore_write(connection: Connection) -> None:
    with acting(Scope("league", reads=("league",), writes=(OWN,))):
        assert connection.execute(update(person).values(name="x")).rowcount == 1


WRITES: dict[str, Callable[[Connection], Any]] = {
    "row of another": lambda c: c.execute(insert(person), {"id": 9, "tenant": OTHER}),
    "values of another": lambda c: c.execute(insert(person).values(id=9, tenant=OTHER)),
    "one of many": lambda c: c.execute(insert(person), [{"id": 8, "tenant": OWN}, {"id": 9, "tenant": OTHER}]),
    "one of many values": lambda c: c.execute(
        insert(person).values([{"id": 8, "tenant": OWN}, {"id": 9, "tenant": LOOKALIKE}])
    ),
    "no tenant at all": lambda c: c.execute(insert(person), {"id": 9}),
    "an expression as tenant": lambda c: c.execute(insert(person).values(id=9, tenant=func.lower(OWN))),
    "copied by a select": lambda c: c.execute(
        insert(person).from_select(["id", "tenant"], select(visit.c.id + 10, visit.c.tenant))
    ),
    "given away": lambda c: c.execute(update(person).values(tenant=OTHER)),
    "given away by parameters": lambda c: c.execute(update(person), {"tenant": OTHER}),
    "text": lambda c: c.execute(text("DELETE FROM probe_person")),
    "past execute": lambda c: may_write(person, [{"id": 9, "tenant": OTHER}]),
}


@pytest.mark.parametrize("how", WRITES)
def test_no_row_gets_into_another_tenant(connection: Connection, how: str) -> None:
    with acting(NURSE), pytest.raises(TenancyError):
        WRITES[how](connection)


def test_own_rows_are_written(connection: Connection) -> None:
    with acting(NURSE):
        connection.execute(insert(person), {"id": 9, "tenant": f"{OWN}/clinic"})
        assert connection.execute(select(func.count()).select_from(person)).scalar() == 2


def test_a_scope_ends_where_it_ends(connection: Connection) -> None:
    with acting(NURSE), acting(Scope("inner", reads=(OTHER,))):
        assert list(connection.execute(select(person.c.id)).scalars()) == [2]
    with pytest.raises(TenancyError):
        connection.execute(select(person.c.id))


@pytest.mark.parametrize("path", ["", "league/", "/league", "league//a", "league/%", "league/a' OR 1=1", "a" * 41])
def test_a_path_is_checked(path: str) -> None:
    with pytest.raises(TenancyError), acting(Scope("x", reads=(path,))):
        pass
