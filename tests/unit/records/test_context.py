"""The region: whose history it finds, how far back, what it leaves out, and that it never waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from base.keyring import KeyRing
from base.tenancy import guard, system
from clinical.patient import Sex
from clinical.person import Demographics, Document, DocumentKind, check_digit
from clinical.value import replace
from records.consent import Wishes
from records.context import AWAY, LATE, NOTHING, Ask, History, Region, read_history
from records.identity import Identity
from records.privacy import Category
from records.registry import Organisation, Registry
from records.store import Repository

A, B, C = "league/county-a/hospital-1", "league/county-a/clinic-7", "league/county-b/hospital-2"
NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
WANG = Demographics(name="王芳", sex=Sex.FEMALE, birth="1960-03-04", phones=("13900001111",), address="文化路8号")
CARD = f"11010119600304002{check_digit('11010119600304002')}"
BY_CARD = Demographics(name="王芳", birth="1960-03-04", documents=(Document(DocumentKind.ID_CARD, CARD),))


class House:
    """A database with a woman known in a hospital and a clinic and a man known in another, and a region over it."""

    def __init__(self, engine: Engine) -> None:
        ring = KeyRing(engine, bytes(16))
        self.engine, self.people = guard(engine), Identity(engine, ring, "league")
        self.repository, self.made_regions = Repository(engine, ring), []
        wang = replace(WANG, documents=BY_CARD.documents)
        man = Demographics(name="巴特尔", sex=Sex.MALE, birth="1971-08-09")
        self.records = {t: self.enrol(t, n, who) for t, n, who in ((A, "P1", wang), (B, "K7", wang), (C, "X", man))}
        self.region = self.made()

    def enrol(self, tenant: str, local_id: str, who: Demographics) -> int:
        with system("tests"), self.engine.begin() as connection:
            return self.people.arrive(connection, tenant, local_id, who, at=NOW, source="test").record

    def made(self, **settings: Any) -> Region:
        made = Region(self.engine, self.people, self.repository, **{"budget": 30.0, **settings})
        self.made_regions.append(made)
        return made

    def put(self, tenant: str, *resources: dict[str, Any]) -> None:
        with system("tests"), self.engine.begin() as connection:
            self.repository.put(connection, tenant, self.records[tenant], resources, message=1, at=NOW)

    def wish(self, wishes: Wishes) -> None:
        with system("tests"), self.engine.begin() as connection:
            self.region.consents.tell(connection, B, self.records[B], wishes, actor="x", why="y", at=NOW)

    def history(self, tenant: str = A, local_id: str = "P1", **more: Any) -> History:
        self.region.refresh()
        return asyncio.run(self.region.enrich(Ask(tenant, local_id, NOW, **more)))


@pytest.fixture
def house(engine: Engine) -> Iterator[House]:
    made = House(engine)
    yield made
    for region in made.made_regions:
        region.close()


def report(local: str = "CT1", days: float = 1, **more: Any) -> dict[str, Any]:
    at = (NOW - timedelta(days=days)).isoformat()
    return {
        "resourceType": "DiagnosticReport",
        "id": local,
        "code": {"text": "胸部CT"},
        "effectiveDateTime": at,
    } | more


def ids(history: History) -> set[tuple[str, str]]:
    return {(p.tenant, orjson.loads(bytes(r))["id"]) for p in history.parts for r in p.resources}


def test_what_another_institution_did_comes_with_its_name_and_whether_it_counts_here(house: House) -> None:
    with system("tests"), house.engine.begin() as connection:
        for tenant, name in ((A, "甲县人民医院"), (B, "乌兰镇卫生院")):
            item = Organisation(tenant, name, recognition=("盟域",))
            Registry().register(connection, item, actor="admin")
    house.put(A, report("own"))
    house.put(B, report())
    house.put(C, report("another person's"))
    here, there = sorted(house.history().parts, key=lambda part: not part.own)
    assert (here.tenant, here.own) == (A, True)
    assert (there.tenant, there.institution, there.own, there.recognised) == (B, "乌兰镇卫生院", False, True)
    assert orjson.loads(bytes(there.resources[0])) == report()


def test_while_nobody_has_a_record_nothing_is_asked(house: House) -> None:
    house.region._found = lambda ask: pytest.fail("asked")  # type: ignore[assignment,method-assign]
    assert house.history() is NOTHING
    assert not house.region.awake


def test_whom_nobody_knows_has_no_history(house: House) -> None:
    house.put(B, report())
    assert house.history(local_id="unknown") == NOTHING
    assert house.history(tenant="") == NOTHING


def test_a_new_patient_is_known_by_the_identity_card_when_that_is_certain(house: House) -> None:
    house.put(B, report())
    assert ids(house.history(local_id="new", who=BY_CARD)) == {(B, "CT1")}
    assert ids(house.history(tenant="", who=BY_CARD)) == {(B, "CT1")}
    assert house.history(local_id="new", who=Demographics(name="王芳", sex=Sex.FEMALE)) == NOTHING


def test_a_number_that_is_somebody_elses_tells_nothing_of_a_stranger(house: House) -> None:
    """Two systems of one hospital may number alike: who was sent was born on another day."""
    house.put(B, report())
    assert ids(house.history(who=Demographics(birth="1960-03-04"))) == {(B, "CT1")}
    assert house.history(who=Demographics(birth="1988-01-01")) == NOTHING
    assert ids(house.history(who=replace(BY_CARD, birth="1960-04-03"))) == {(B, "CT1")}, "a slip: the card decides"


def test_each_list_reaches_back_as_far_as_it_is_set_to(house: House) -> None:
    penicillin = {"resourceType": "AllergyIntolerance", "id": "a", "recordedDate": "1999-01-01"}
    house.put(B, report("new", 20), report("old", 100), penicillin)
    assert ids(house.history()) == {(B, "new"), (B, "old"), (B, "a")}
    house.region = house.made(months={"reports": 1})
    assert ids(house.history()) == {(B, "new"), (B, "a")}


@pytest.mark.parametrize(
    ("wishes", "left"),
    [
        (Wishes(closed=True), {(A, "own")}),
        (Wishes(confidential=True), {(A, "own")}),
        (Wishes(withheld=Category.INFECTION), {(A, "own"), (B, "CT1")}),
        (Wishes(withheld=Category.MENTAL), {(A, "own"), (B, "CT1"), (B, "hiv")}),
    ],
)
def test_what_a_person_withholds_is_not_told_but_to_their_own_hospital(
    house: House, wishes: Wishes, left: set[tuple[str, str]]
) -> None:
    house.put(A, report("own", code={"text": "HIV抗体"}))
    house.put(B, report(), report("hiv", code={"text": "HIV抗体"}))
    house.wish(wishes)
    assert ids(house.history()) == left
    assert ids(house.history(emergency="抢救")) == {(A, "own"), (B, "CT1"), (B, "hiv")}


def test_nobody_waits_for_a_slow_database_and_the_answer_says_what_is_missing(house: House) -> None:
    house.put(B, report())
    house.region = house.made(budget=0.01)
    house.region.refresh()
    free = threading.Event()
    house.region.history = lambda ask: (free.wait(20), NOTHING)[1]  # type: ignore[assignment,method-assign]

    async def many() -> list[History]:
        found = [await house.region.enrich(Ask(A, "P1", NOW)) for _ in range(8)]
        free.set()
        return found

    assert asyncio.run(many()) == [History(missing=LATE)] * 8, "the fifth is not even queued"


def test_a_database_that_is_away_is_said_to_be(house: House) -> None:
    house.put(B, report())

    def away(*_: Any, **more: Any) -> Any:
        raise OperationalError("select", {}, Exception())

    house.repository.of_spans = away  # type: ignore[method-assign]
    assert house.history() == History(missing=AWAY)
    house.repository.of_spans = lambda *_: 1 / 0  # type: ignore[assignment,method-assign,return-value]
    assert house.history() == History(missing=AWAY)


def test_a_server_that_was_restarted_is_asked_again(house: House) -> None:
    """The connection that a thread keeps is broken then."""
    house.put(B, report())
    of_spans, asked = house.repository.of_spans, []

    def broken_once(*given: Any) -> Any:
        asked.append(given)
        if len(asked) == 1:
            raise OperationalError("select", {}, Exception(), connection_invalidated=True)
        return of_spans(*given)

    house.repository.of_spans = broken_once  # type: ignore[method-assign]
    assert ids(house.history()) == {(B, "CT1")}


def test_one_that_is_closed_while_it_warms_up_ends(house: House) -> None:
    house.put(B, report())
    region, slow, go = house.made(), threading.Event(), threading.Event()
    found = region._found

    def slowly(ask: Ask) -> History:
        slow.set()
        go.wait(10)
        return found(ask)

    region._found = slowly  # type: ignore[method-assign]
    warming = threading.Thread(target=region.refresh, daemon=True)
    warming.start()
    assert slow.wait(10)
    region.close()
    go.set()
    warming.join(10)
    assert not warming.is_alive()


def test_switched_off_it_asks_nothing(house: House) -> None:
    house.put(B, report())
    house.region = house.made(budget=0)
    assert house.history() is NOTHING


def test_what_was_told_is_kept_with_the_request_as_it_was(house: House) -> None:
    house.put(B, report(conclusion="未见异常"))
    told = house.history()
    assert read_history(told.as_json()) == told
    assert read_history(History(missing=LATE).as_json()) == History(missing=LATE)
    assert NOTHING.as_json() == b""
    assert read_history(b"") is NOTHING
