"""Records of a person come together across institutions, once, and only as far as somebody may see."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, select, update

from base.keyring import KeyRing, reseal
from base.tenancy import Scope, TenancyError, acting, guard, system
from clinical.patient import Sex
from clinical.person import Card, CardKind, Demographics, Document, DocumentKind, check_digit
from records import identity_tables as tables
from records.identity import (
    Cause,
    DecidedError,
    Decision,
    Entry,
    Grade,
    Identity,
    IdentityError,
    Match,
    MissingPersonError,
)
from records.identity_figures import Period, figures
from records.identity_numbers import NumberError, number_of, person_of

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
A, B, C = "league/county-a/one", "league/county-a/two", "league/county-b/three"
HAND = Cause("王管理员", NOW, "电话核实", "data-manager")


def card(order: int, born: str = "1980-05-12") -> str:
    body = f"152501{born.replace('-', '')}{order:03}"
    return body + check_digit(body)


def person(name: str = "王建军", born: str = "1980-05-12", **more: Any) -> Demographics:
    more.setdefault("sex", Sex.MALE)
    if number := more.pop("card", ""):
        more["documents"] = (Document(DocumentKind.ID_CARD, number),)
    if phone := more.pop("phone", ""):
        more["phones"] = (phone,)
    return Demographics(name=name, birth=born, **more)


@pytest.fixture
def index(engine: Engine) -> Identity:
    return Identity(guard(engine), KeyRing(engine, bytes(16)), "league")


def take(index: Identity, tenant: str, local_id: str, given: Demographics, at: datetime = NOW) -> Match:
    with index.engine.begin() as connection:
        return index.arrive(connection, tenant, local_id, given, at=at, source="message/1")


@contextmanager
def changing(index: Identity) -> Iterator[Connection]:
    """A transaction of somebody who may change everything."""
    with system("test"), index.engine.begin() as connection:
        yield connection


def whose(index: Identity, *records: int) -> set[int]:
    with system("test"), index.engine.connect() as connection:
        return {index.person_of(connection, record) for record in records}


def open_reviews(index: Identity, status: str = "open") -> list[Any]:
    with system("test"), index.engine.connect() as connection:
        return index.queue(connection, status)


def test_a_patient_of_two_hospitals_is_one_person_with_both_numbers(index: Identity) -> None:
    first = take(index, A, "17", person(card=card(11)))
    second = take(index, B, "0042", person("王建君", card=card(11), phone="13512340001"))
    assert (first.decision, second.decision) == (Decision.CREATED, Decision.LINKED)
    assert first.person == second.person
    with system("test"), index.engine.connect() as connection:
        found = index.records_of(connection, first.person)
        assert [(one.tenant, one.local_id) for one in found] == [(A, "17"), (B, "0042")]
        assert index.record_of(connection, B, "0042") == second.record
        assert index.record_of(connection, A, "0042") is None


def test_without_a_card_name_birth_and_phone_bring_them_together(index: Identity) -> None:
    first = take(index, A, "1", person(phone="13512340001"))
    second = take(index, B, "2", person("王建钧", "1980-05-21", phone="+86 135 1234 0001", address="文化路1号"))
    other = take(index, B, "3", person("赵敏", "1991-02-03", phone="13512340001"))
    assert first.person == second.person != other.person


def test_a_message_that_says_nothing_new_changes_nothing(index: Identity) -> None:
    first = take(index, A, "1", person(phone="13512340001"))
    again = take(index, A, "1", person())
    assert again == Match(first.record, first.person, Decision.KNOWN, 0.0)
    with system("test"), index.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(tables.versions)).scalar() == 0


def test_an_update_keeps_the_version_before_and_is_found_by_what_is_new(index: Identity) -> None:
    first = take(index, A, "1", person(phone="13512340001"))
    changed = take(index, A, "1", person(phone="13512340002"), NOW + timedelta(days=1))
    assert changed.decision is Decision.UPDATED
    with system("test"), index.engine.connect() as connection:
        assert index.versions(connection, first.record)[0][3].phones == ("13512340001",)
        assert index.look_up(connection, Demographics(phones=("13512340002",)))[0].id == first.record
        assert index.look_up(connection, Demographics(phones=("13512340001",))) == []


def test_an_older_message_fills_gaps_and_takes_nothing_back(index: Identity) -> None:
    take(index, A, "1", person(phone="13512340002"))
    take(index, A, "1", person(phone="13512340001", address="文化路1号"), NOW - timedelta(days=1))
    with system("test"), index.engine.connect() as connection:
        (found,) = index.look_up(connection, person())
    assert (found.given.phones, found.given.address) == (("13512340002",), "文化路1号")


def test_a_late_message_does_not_undo_what_was_confirmed_meanwhile(index: Identity) -> None:
    take(index, A, "1", person(phone="13512340002"))
    take(index, A, "1", person(phone="13512340002"), NOW + timedelta(days=10))
    take(index, A, "1", person(phone="13512340001"), NOW + timedelta(days=5))
    with system("test"), index.engine.connect() as connection:
        assert index.look_up(connection, person())[0].given.phones == ("13512340002",)


def test_a_mothers_card_on_a_newborn_waits_for_somebody_and_the_mother_is_still_found(index: Identity) -> None:
    number = card(22, "1990-03-04")
    mother = take(index, A, "1", person("王芳", "1990-03-04", sex=Sex.FEMALE, card=number))
    child = take(index, A, "2", person("王芳之子", "2026-11-20", card=number))
    assert child.decision is Decision.QUEUED
    assert child.person != mother.person
    (pair,) = open_reviews(index)
    assert pair.rule == "id-card-of-another"
    assert {pair.first.given.name, pair.second.given.name} == {"王芳", "王芳之子"}
    assert take(index, B, "3", person("王芳", "1990-03-04", sex=Sex.FEMALE, card=number)).person == mother.person
    assert len(open_reviews(index)) == 1, "the two persons are asked about once"


def doubtful(index: Identity) -> tuple[Match, Match, int]:
    """Two records that somebody must look at, and the number of the pair."""
    first = take(index, A, "1", person("李伟", phone="13512340001", card=card(11)))
    second = take(index, B, "2", person("李强国", card=card(11)))
    (pair,) = open_reviews(index)
    return first, second, pair.number


def test_same_joins_them_and_the_history_says_who_and_why(index: Identity) -> None:
    first, second, pair = doubtful(index)
    with changing(index) as connection:
        index.decide(connection, pair, True, HAND)
    assert whose(index, first.record, second.record) == {first.person}
    with system("test"), index.engine.connect() as connection:
        told = index.history(connection, first.person)
        assert [one.act for one in told] == ["created", "created", "asked", "decided", "merged", "moved"]
        assert {(one.actor, one.why, one.role) for one in told[3:]} == {("王管理员", "电话核实", "data-manager")}
        assert index.by_number(connection, index.number(second.person)) == first.person


def test_different_is_never_asked_again_whatever_arrives(index: Identity) -> None:
    first, second, pair = doubtful(index)
    with changing(index) as connection:
        index.decide(connection, pair, False, HAND)
    take(index, B, "2", person("李强国", card=card(11), phone="13512340001"), NOW + timedelta(days=1))
    third = take(index, C, "3", person("李强国", card=card(11), phone="13512340001", address="文化路1号"))
    assert open_reviews(index) == []
    assert len(whose(index, first.record, second.record)) == 2
    assert third.person == second.person


def test_a_pair_is_decided_once_and_not_without_a_reason(index: Identity) -> None:
    _, _, pair = doubtful(index)
    with changing(index) as connection:
        with pytest.raises(IdentityError, match="理由"):
            index.decide(connection, pair, True, HAND._replace(why=" "))
        index.decide(connection, pair, True, HAND)
    with changing(index) as connection:
        with pytest.raises(DecidedError):
            index.decide(connection, pair, False, HAND)
        with pytest.raises(MissingPersonError):
            index.decide(connection, 999, True, HAND)


def test_what_was_joined_wrongly_is_split_and_stays_apart(index: Identity) -> None:
    first = take(index, A, "1", person(phone="13512340001"))
    second = take(index, B, "2", person(phone="13512340001"))
    assert first.person == second.person
    with changing(index) as connection:
        made = index.split(connection, first.person, [second.record], HAND)
    assert whose(index, second.record) == {made}
    take(index, B, "2", person(phone="13512340001", address="文化路1号"), NOW + timedelta(days=1))
    assert len(whose(index, first.record, second.record)) == 2
    assert open_reviews(index) == []
    with changing(index) as connection:
        for records in ([first.record, second.record], [second.record], []):
            with pytest.raises(IdentityError):
                index.split(connection, first.person, records, HAND)


def test_merged_persons_lead_to_who_they_are_now_through_any_number_of_merges(index: Identity) -> None:
    one, two, three = (
        take(index, A, str(n), person(name, born))
        for n, (name, born) in enumerate((("甲一", "1950-02-03"), ("乙二", "1961-04-05"), ("丙三", "1972-06-07")))
    )
    with changing(index) as connection:
        index.merge(connection, two.person, three.person, HAND)
        index.merge(connection, one.person, two.person, HAND)
        assert index.by_number(connection, index.number(three.person)) == one.person
        with pytest.raises(DecidedError):
            index.merge(connection, one.person, two.person, HAND)
        with pytest.raises(IdentityError):
            index.merge(connection, one.person, one.person, HAND)
    assert whose(index, one.record, two.record, three.record) == {one.person}


def test_a_record_that_means_two_persons_shows_that_they_are_one(index: Identity) -> None:
    first = take(index, A, "1", person(phone="13512340001"))
    second = take(index, B, "2", person(born="1980-05-21", card=card(11, "1980-05-21"), phone="13512349999"))
    assert first.person != second.person
    third = take(index, C, "3", person(card=card(11, "1980-05-21"), phone="13512340001"))
    assert whose(index, first.record, second.record, third.record) == {first.person}
    assert open_reviews(index) == []


def test_an_update_that_makes_clear_who_it_is_moves_a_lone_record(index: Identity) -> None:
    known = take(index, A, "1", person(card=card(11)))
    lone = take(index, B, "2", person("无名氏", "", phone="13512340001"))
    assert lone.person != known.person
    moved = take(index, B, "2", person(card=card(11)), NOW + timedelta(days=1))
    assert moved.person == known.person


def test_an_update_that_contradicts_the_others_of_its_person_waits_for_somebody(index: Identity) -> None:
    first = take(index, A, "1", person(card=card(11), phone="13512340001"))
    second = take(index, B, "2", person(phone="13512340001"))
    assert first.person == second.person
    take(index, B, "2", person("赵国强", "1964-01-19", card=card(33, "1964-01-19")), NOW + timedelta(days=1))
    (pair,) = open_reviews(index)
    assert {pair.first.id, pair.second.id} == {first.record, second.record}
    with changing(index) as connection:
        index.decide(connection, pair.number, False, HAND)
    assert len(whose(index, first.record, second.record)) == 2


def test_a_sender_says_that_two_of_its_numbers_are_one_unless_somebody_said_otherwise(index: Identity) -> None:
    first, second, pair = doubtful(index)
    cause = Cause("league/county-a/two", NOW, "A40")
    with changing(index) as connection:
        index.decide(connection, pair, False, HAND)
        assert not index.join(connection, first.record, second.record, cause)
    third = take(index, A, "9", Demographics())
    with changing(index) as connection:
        assert index.join(connection, first.record, third.record, cause)
    assert whose(index, first.record, third.record) == {first.person}


def test_find_grades_and_stores_nothing(index: Identity) -> None:
    known = take(index, A, "1", person(card=card(11), phone="13512340001"))
    with system("test"), index.engine.connect() as connection:
        graded = [
            index.find(connection, person(card=card(11)))[0],
            index.find(connection, person())[0],
            index.find(connection, person("李强国", card=card(11)))[0],
        ]
        assert index.find(connection, person("赵敏", "1991-02-03")) == []
        assert connection.execute(select(func.count()).select_from(tables.records)).scalar() == 1
    assert [(one.person, one.certain) for one in graded] == [
        (known.person, True),
        (known.person, False),
        (known.person, False),
    ]
    assert [one.grade for one in graded] == [Grade.CERTAIN, Grade.PROBABLE, Grade.POSSIBLE]


def test_look_up_needs_something_to_search_by_and_narrows(index: Identity) -> None:
    one = take(index, A, "1", person(cards=(Card(CardKind.HEALTH, "HC0001"),)))
    two = take(index, A, "2", person(born="1999-09-09", sex=Sex.FEMALE))
    with system("test"), index.engine.connect() as connection:
        ids = lambda given: [found.id for found in index.look_up(connection, given)]  # noqa: E731
        assert ids(Demographics(name="王建军")) == [one.record, two.record]
        assert ids(Demographics(name="王建军", birth="1999")) == [two.record]
        assert ids(Demographics(name="王建军", sex=Sex.FEMALE)) == [two.record]
        assert ids(Demographics(name="王建军", cards=(Card(CardKind.HEALTH, "hc 0001"),))) == [one.record]
        with pytest.raises(IdentityError):
            index.look_up(connection, Demographics(birth="1980-05-12"))


@pytest.mark.parametrize(
    ("tenant", "local_id", "given", "field"),
    [
        ("", "1", person(), "tenant"),
        (A, " ", person(), "localId"),
        (A, "1" * 201, person(), "localId"),
        (A, "1", person(born="1980-02-30"), "birthDate"),
    ],
)
def test_what_cannot_be_taken_names_the_field_and_stores_nothing(
    index: Identity, tenant: str, local_id: str, given: Demographics, field: str
) -> None:
    with pytest.raises(IdentityError, match=field) as error:
        take(index, tenant, local_id, given)
    assert "王建军" not in str(error.value)
    assert "1980" not in str(error.value).replace("1980、1980-05 或 1980-05-12", "")
    with system("test"), index.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(tables.persons)).scalar() == 0


def test_a_transaction_that_fails_leaves_nothing(index: Identity) -> None:
    def failing() -> None:
        with index.engine.begin() as connection:
            index.arrive(connection, A, "1", person(), at=NOW, source="")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    with system("test"), index.engine.connect() as connection:
        for table in (tables.persons, tables.records, tables.keys, tables.events):
            assert connection.execute(select(func.count()).select_from(table)).scalar() == 0


def test_two_workers_that_take_in_one_new_person_make_one(index: Identity) -> None:
    given = {A: person(card=card(11)), B: person("王建君", phone="13512340001", card=card(11))}
    start, found = threading.Barrier(6), []

    def work(tenant: str, number: int) -> None:
        start.wait()
        found.append(take(index, tenant, str(number), given[tenant]))

    threads = [threading.Thread(target=work, args=(tenant, n)) for n in range(3) for tenant in (A, B)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len({match.person for match in found}) == 1
    assert [match.decision for match in found].count(Decision.CREATED) == 1


def test_a_record_that_arrives_while_its_person_is_being_merged_away_finds_who_that_is_now(index: Identity) -> None:
    kept = take(index, A, "1", person("赵敏", "1991-02-03", sex=Sex.FEMALE))
    gone = take(index, B, "2", person(card=card(11)))
    found: list[Match] = []
    with changing(index) as connection:
        index.merge(connection, kept.person, gone.person, HAND)
        worker = threading.Thread(target=lambda: found.append(take(index, C, "3", person(card=card(11)))))
        worker.start()
        worker.join(0.5)
        assert not found, "it waits for what is being decided"
    worker.join()
    assert (found[0].decision, found[0].person) == (Decision.LINKED, kept.person)
    assert whose(index, kept.record, gone.record, found[0].record) == {kept.person}


def test_two_workers_that_take_in_the_same_record_make_one_record(index: Identity) -> None:
    start, found = threading.Barrier(4), []

    def work() -> None:
        start.wait()
        found.append(take(index, A, "1", person("王伟", "")))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({match.record for match in found}) == 1
    assert len(found) == 4


def test_nothing_that_names_anybody_stands_in_the_database_in_the_open(index: Identity) -> None:
    doubtful(index)
    take(index, A, "1", person("李伟", phone="13512340009"), NOW + timedelta(days=1))
    with system("test"), index.engine.connect() as connection:
        kept = (tables.persons, tables.records, tables.versions, tables.keys, tables.events, tables.reviews)
        everything = repr([tuple(row) for table in kept for row in connection.execute(select(table))])
        raw = b"".join(
            value
            for table in kept
            for row in connection.execute(select(table))
            for value in row
            if isinstance(value, bytes)
        )
    for secret in ("李伟", "李强国", "13512340001", card(11), "1980-05-12"):
        assert secret not in everything
        assert secret.encode() not in raw


def test_rotation_reaches_records_versions_and_reasons(index: Identity) -> None:
    first, _, pair = doubtful(index)
    take(index, A, "1", person("李伟", phone="13512340009", card=card(11)), NOW + timedelta(days=1))
    with changing(index) as connection:
        index.decide(connection, pair, True, HAND)
    old = index.ring.known()[-1][0]
    index.ring.rotate()
    with system("rotation"):
        done = reseal(index.engine, index.ring)
    assert (done.done >= 6, done.unreadable) == (True, 0)
    index.ring.retire(old)
    with system("test"), index.engine.connect() as connection:
        assert len(index.described(connection, first.person)) == 2
        assert index.versions(connection, first.record)
        assert index.history(connection, first.person)[-1].why == "电话核实"


def test_a_record_that_nobody_can_open_does_not_stop_others(index: Identity) -> None:
    first = take(index, A, "1", person(card=card(11)))
    with system("test"), index.engine.begin() as connection:
        connection.execute(update(tables.records).values(sealed=b"broken"))
    second = take(index, B, "2", person(card=card(11)))
    assert second.decision is Decision.CREATED
    assert second.person != first.person


def test_readers_see_their_institutions_and_matching_sees_all(index: Identity) -> None:
    hospital = Scope("甲", (A,), (A,))
    with acting(hospital):
        first = take(index, A, "1", person(card=card(11)))
    with acting(Scope("乙", (C,), (C,))):
        second = take(index, C, "3", person(card=card(11)))
    assert first.person == second.person
    with acting(hospital), index.engine.connect() as connection:
        assert [one.tenant for one in index.records_of(connection, first.person)] == [A]
        assert [one.tenant for one in index.described(connection, first.person)] == [A]
        assert {one.record for one in index.history(connection, first.person)} == {first.record}
        with pytest.raises(MissingPersonError):
            index.person_of(connection, second.record)
        with pytest.raises(TenancyError):
            index.split(connection, first.person, [second.record], HAND)
    with pytest.raises(TenancyError), index.engine.connect() as connection:
        index.records_of(connection, first.person)


def test_a_pair_is_put_before_those_who_are_over_both_institutions(index: Identity) -> None:
    _, _, pair = doubtful(index)
    for scope, seen in ((Scope("甲", (A,), (A,)), 0), (Scope("县", ("league/county-a",), ("league/county-a",)), 1)):
        with acting(scope), index.engine.begin() as connection:
            assert len(index.queue(connection)) == seen
            if not seen:
                with pytest.raises(MissingPersonError):
                    index.decide(connection, pair, True, HAND)
            else:
                index.decide(connection, pair, True, HAND)


def test_persons_are_called_by_numbers_that_tell_nothing(index: Identity) -> None:
    numbers = [number_of(index.ring, person) for person in range(1, 300)]
    assert [person_of(index.ring, number.lower()) for number in numbers] == list(range(1, 300))
    assert len(set(numbers)) == 299
    assert sorted(numbers) != numbers
    wrong = numbers[0][:-1] + str((int(numbers[0][-1]) + 1) % 10)
    for text in (wrong, "YG1", "", "YG" + "٣" * 14):
        with pytest.raises(NumberError):
            person_of(index.ring, text)


def test_a_first_load_stores_many_at_once_and_arrivals_find_them(index: Identity) -> None:
    entries = [Entry(A, str(n), person(f"王建{chr(0x5000 + n)}", card=card(n)), NOW) for n in range(1, 150)]
    with changing(index) as connection:
        ids = index.enrol(connection, entries)
    assert len(set(ids)) == 149
    assert take(index, C, "1", entries[7].given).record not in ids
    assert whose(index, ids[7]) == {take(index, C, "1", entries[7].given).person}
    with changing(index) as connection:
        again = index.enrol(
            connection, [Entry(B, "1", entries[7].given, NOW, person=next(iter(whose(index, ids[7]))))]
        )
    assert whose(index, *again) == whose(index, ids[7])


def test_figures_tell_growth_rules_work_by_hand_and_similarity(index: Identity) -> None:
    _, _, pair = doubtful(index)
    with changing(index) as connection:
        index.decide(connection, pair, True, HAND)
    take(index, C, "8", person("李伟", card=card(11)), datetime(2026, 12, 1, 17, 0, tzinfo=UTC))
    with system("test"), index.engine.connect() as connection:
        found = figures(connection, period=Period.MONTH)
        november = figures(connection, until=datetime(2026, 11, 30).date())
    assert (found.persons, found.merged, found.records) == (1, 1, 3)
    assert found.institutions == {A: 1, B: 1, C: 1}
    assert [(one.period, one.persons, one.records) for one in found.growth] == [(202611, 2, 2), (202612, 0, 1)]
    assert ("linked", "id-card", 1) in [(one.act, one.rule, one.count) for one in found.rules]
    assert ("asked", "id-card-other-name", 1) in [(one.act, one.rule, one.count) for one in found.rules]
    assert ("data-manager", "decided", 1) in [(one.role, one.act, one.count) for one in found.manual]
    assert (sum(one.linked for one in found.similarity), sum(one.asked for one in found.similarity)) == (1, 1)
    assert [(one.period, one.records) for one in november.growth] == [(20261124, 2)]
