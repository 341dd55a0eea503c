"""What institutions list of tests and examinations, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from base.tenancy import Scope, TenancyError, acting, guard, system
from records.offers import has_list, listed, offering, put

TOWN, COUNTY = "league/a/clinic", "league/a/hospital"


def lists(engine: Engine, tenant: str, said: dict[str, str], actor: str) -> None:
    with system("test"), engine.begin() as connection:
        put(connection, tenant, said, actor)


def test_a_list_is_replaced_as_a_whole_and_found_by_what_is_on_it(engine: Engine) -> None:
    lists(engine, TOWN, {"lab:cbc": "血常规", "exam:ecg": "心电"}, "li")
    lists(engine, COUNTY, {"exam:ecg": "心电图", "exam:chest-ct": "CT"}, "wang")
    with system("test"), engine.connect() as connection:
        found = offering(connection, ["exam:ecg", "exam:chest-ct", "lab:crp"])
    assert found == {TOWN: {"exam:ecg"}, COUNTY: {"exam:ecg", "exam:chest-ct"}}
    lists(engine, TOWN, {"lab:crp": "CRP"}, "zhao")
    with system("test"), engine.connect() as connection:
        assert [(one.concept, one.said, one.actor) for one in listed(connection, TOWN)] == [
            ("lab:crp", "CRP", "zhao")
        ]
        assert len(listed(connection, COUNTY)) == 2
    lists(engine, TOWN, {}, "zhao")
    with system("test"), engine.connect() as connection:
        assert not has_list(connection, TOWN), "an empty list is none"
        assert has_list(connection, COUNTY)


def test_a_list_of_hundreds_is_kept(engine: Engine) -> None:
    many = {f"lab:{n}": f"项目{n}" for n in range(300)}
    lists(engine, COUNTY, many, "wang")
    with system("test"), engine.connect() as connection:
        assert {one.concept: one.said for one in listed(connection, COUNTY)} == many


def test_nobody_writes_the_list_of_another_institution(engine: Engine) -> None:
    guard(engine)
    here = Scope("li", reads=(TOWN,), writes=(TOWN,))
    with acting(here), engine.begin() as connection, pytest.raises(TenancyError):
        put(connection, COUNTY, {"exam:ecg": "心电图"}, "li")
