"""What a person withholds: from whom, of what, and who sees it all the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from base.keyring import KeyRing
from base.tenancy import Scope, TenancyError, acting, guard, system
from records.consent import OPEN, Consents, Wishes, emergency
from records.privacy import Category
from records.store import Repository

A, B = "league/county-a/hospital-1", "league/county-b/hospital-2"
AT = datetime(2026, 5, 4, tzinfo=UTC)
OF_A, OF_B, OTHER = 1, 2, 3


class People:
    """Records 1 and 2 are one person's, 3 somebody else's; counts how often it is asked."""

    asked = 0

    def person_of(self, connection: Connection, record: int) -> int:
        People.asked += 1
        return 9 if record in (OF_A, OF_B) else 8

    def records_of(self, connection: Connection, person: int) -> Sequence[Any]:
        return [SimpleNamespace(id=r) for r in ((OF_A, OF_B) if person == 9 else (OTHER,))]


CONSENTS = Consents(People())


@pytest.fixture
def repository(engine: Engine) -> Iterator[Repository]:
    """The same person has a diagnosis, a depression and a restricted note in hospital A and a diagnosis in B."""
    made = Repository(guard(engine), KeyRing(engine, bytes(16)), CONSENTS)
    with system("tests"), engine.begin() as connection:
        made.put(connection, A, OF_A, [disease("1", "高血压"), disease("2", "抑郁症")], message=1, at=AT)
        made.put(connection, A, OF_A, [disease("3", "痛风", meta={"security": [{"code": "R"}]})], message=1, at=AT)
        made.put(connection, B, OF_B, [disease("1", "2型糖尿病")], message=1, at=AT)
        made.put(connection, B, OTHER, [disease("9", "抑郁症")], message=1, at=AT)
    return made


def disease(local: str, text: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Condition", "id": local, "code": {"text": text}} | more


def tell(engine: Engine, wishes: Wishes, record: int = OF_B, tenant: str = B) -> None:
    with system("tests"), engine.begin() as connection:
        CONSENTS.tell(connection, tenant, record, wishes, actor="窗口", why="签署书面意见", at=AT)


def seen(repository: Repository, engine: Engine, *reads: str, **more: Any) -> set[tuple[str, str]]:
    with acting(Scope("dr", reads=reads, **more)), engine.connect() as connection:
        found = repository.of_records(connection, [OF_A, OF_B, OTHER])
        return {(k.tenant[-1], k.local_id) for k in found}


IN_A = {("1", "1"), ("1", "2"), ("1", "3")}
IN_B = {("2", "1"), ("2", "9")}


def test_without_wishes_the_league_reads_all_but_what_a_sender_restricts(
    repository: Repository, engine: Engine
) -> None:
    People.asked = 0
    assert seen(repository, engine, "league") == (IN_A | IN_B) - {("1", "3")}
    assert People.asked == 0, "nobody wishes anything: nobody is looked up"


def test_who_opted_out_is_seen_by_the_own_hospital_only(repository: Repository, engine: Engine) -> None:
    """Told in hospital B, it holds for what hospital A recorded too: it is the same person."""
    tell(engine, Wishes(closed=True))
    assert seen(repository, engine, "league") == {("2", "9")}
    assert seen(repository, engine, A) == IN_A
    assert seen(repository, engine, A, "league") == IN_A | {("2", "9")}
    assert seen(repository, engine, "league", writes=(A,)) == IN_A | {("2", "9")}


def test_a_kind_of_facts_is_withheld_and_the_rest_shared(repository: Repository, engine: Engine) -> None:
    tell(engine, Wishes(withheld=Category.MENTAL))
    assert seen(repository, engine, "league") == {("1", "1"), ("2", "1"), ("2", "9")}
    assert ("1", "2") in seen(repository, engine, A)


def test_a_confidential_person_is_not_there_for_others(repository: Repository, engine: Engine) -> None:
    tell(engine, Wishes(confidential=True), OF_A, A)
    assert seen(repository, engine, "league/county-b") == {("2", "9")}
    assert seen(repository, engine, B) == IN_B


def test_one_resource_and_its_history_are_held_to_the_same(repository: Repository, engine: Engine) -> None:
    tell(engine, Wishes(closed=True))
    with acting(Scope("dr", reads=("league",))), engine.connect() as connection:
        assert repository.get(connection, A, "Condition", "1") is None
        assert repository.history(connection, A, "Condition", "1") == []
        assert repository.search(connection, "Condition", tenant=A) == []


def test_whoever_breaks_the_glass_sees_all_and_says_why(repository: Repository, engine: Engine) -> None:
    tell(engine, Wishes(closed=True))
    with emergency("昏迷患者急诊抢救"):
        assert seen(repository, engine, "league") == IN_A | IN_B
    assert seen(repository, engine, "league") == {("2", "9")}
    with pytest.raises(ValueError, match="why"), emergency(" "):
        pass


def test_a_person_may_change_their_mind_and_every_change_is_kept(repository: Repository, engine: Engine) -> None:
    tell(engine, Wishes(closed=True))
    tell(engine, OPEN)
    assert ("1", "1") in seen(repository, engine, "league")
    with system("tests"), engine.connect() as connection:
        told = CONSENTS.history(connection, OF_B)
    assert [(t.wishes.closed, t.actor, t.why) for t in told] == [
        (True, "窗口", "签署书面意见"),
        (False, "窗口", "签署书面意见"),
    ]


def test_of_two_records_the_stricter_wish_holds(repository: Repository, engine: Engine) -> None:
    tell(engine, Wishes(withheld=Category.MENTAL), OF_A, A)
    tell(engine, Wishes(withheld=Category.GENETIC), OF_B, B)
    with system("tests"), engine.connect() as connection:
        assert CONSENTS.of(connection, [OF_A, OF_B]).withheld == Category.MENTAL | Category.GENETIC


def test_nobody_puts_down_wishes_in_another_institution(repository: Repository, engine: Engine) -> None:
    with acting(Scope("dr", reads=(A,), writes=(A,))), engine.begin() as connection, pytest.raises(TenancyError):
        CONSENTS.tell(connection, B, OF_B, OPEN, actor="dr", why="", at=AT)


def test_a_hospital_right_below_the_league_is_an_institution_when_it_is_registered_so(engine: Engine) -> None:
    """County consortia have no level between."""
    consents = Consents(People(), lambda tenant: tenant == "league")
    made = Repository(guard(engine), KeyRing(engine, bytes(16)), consents)
    with system("tests"), engine.begin() as connection:
        made.put(connection, "league/hospital", OF_A, [disease("1", "高血压")], message=1, at=AT)
        consents.tell(connection, "league/hospital", OF_A, Wishes(closed=True), actor="x", why="y", at=AT)
    with acting(Scope("dr", reads=("league/hospital",))), engine.connect() as connection:
        assert len(made.of_records(connection, [OF_A])) == 1
    with acting(Scope("dr", reads=("league",))), engine.connect() as connection:
        assert made.of_records(connection, [OF_A]) == []
