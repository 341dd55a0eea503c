"""What is sealed stays readable while its key is replaced, and for nobody without the master key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

import records.comments
import records.reviews  # noqa: F401 - their tables hold sealed columns
from base.keyring import KeyRing, keys, reseal, sealed_columns
from base.security import SealError, seal
from records.journal_store import feedback
from tests.conftest import altered

NOW = datetime(2026, 11, 26, tzinfo=UTC)
MASTER, OTHER = b"m" * 16, b"o" * 16


def test_what_is_sealed_opens_only_where_it_belongs(engine: Engine) -> None:
    ring = KeyRing(engine, MASTER)
    sealed = ring.seal("张三".encode(), b"person/1")
    assert ring.unseal(sealed, b"person/1").decode() == "张三"
    for given, place in ((sealed, b"person/2"), (altered(sealed), b"person/1"), (b"", b"person/1")):
        with pytest.raises(SealError):
            ring.unseal(given, place)


def test_keys_are_useless_without_the_master_key(engine: Engine) -> None:
    sealed = KeyRing(engine, MASTER).seal(b"x")
    with engine.connect() as connection:
        assert all(row.wrapped != b"x" and len(row.wrapped) > 16 for row in connection.execute(select(keys)))
    with pytest.raises(SealError):
        KeyRing(engine, OTHER)
    assert KeyRing(engine, MASTER).unseal(sealed) == b"x"


def test_old_and_new_are_read_side_by_side(engine: Engine) -> None:
    ring, elsewhere = KeyRing(engine, MASTER), KeyRing(engine, MASTER)
    old = ring.seal(b"old")
    first = ring.known()[-1][0]
    assert ring.rotate() != first
    new = ring.seal(b"new")
    assert (old.startswith(ring.head()), new.startswith(ring.head())) == (False, True)
    assert (elsewhere.unseal(old), elsewhere.unseal(new)) == (b"old", b"new"), "another worker fetches the new key"
    ring.retire(first)
    with pytest.raises(SealError):
        ring.unseal(old)
    assert ring.unseal(new) == b"new"


def test_the_key_that_seals_cannot_be_retired(engine: Engine) -> None:
    ring = KeyRing(engine, MASTER)
    with pytest.raises(ValueError, match="rotate"):
        ring.retire(ring.known()[-1][0])


def test_what_was_sealed_before_there_was_a_ring_is_read(engine: Engine) -> None:
    ring = KeyRing(engine, MASTER, before=OTHER)
    assert ring.unseal(seal(OTHER, b"x", b"r1"), b"r1") == b"x"
    with pytest.raises(SealError):
        KeyRing(engine, MASTER).unseal(seal(OTHER, b"x"))


def test_equal_values_are_found_however_they_are_written(engine: Engine) -> None:
    ring = KeyRing(engine, MASTER)
    assert ring.blind("11010519491231002X", "id-card") == ring.blind(" １１０１０５19491231002x ", "id-card")
    assert ring.blind("13800138000", "phone") != ring.blind("13800138000", "id-card")
    assert ring.blind("13800138000", "phone") != ring.blind("13800138001", "phone")
    ring.rotate()
    assert KeyRing(engine, MASTER).blind("张三", "name") == ring.blind("张三", "name"), "rotation keeps what is found"


def test_the_master_key_can_be_replaced(engine: Engine) -> None:
    ring = KeyRing(engine, MASTER)
    sealed = ring.seal(b"x")
    ring.rewrap(OTHER)
    assert KeyRing(engine, OTHER).unseal(sealed) == b"x"
    with pytest.raises(SealError):
        KeyRing(engine, MASTER)


def test_every_sealed_column_is_sealed_anew_and_nothing_else_changes(engine: Engine) -> None:
    ring = KeyRing(engine, MASTER, before=OTHER)
    places = sealed_columns()
    assert {f"{c.table.name}.{c.name}" for c in places} >= {"journal_request.request", "review_case.payload"}
    rows: list[dict[str, Any]] = [
        {"card": f"c{n}", "service": "s", "outcome": "accepted", "at": NOW, "received": NOW} for n in range(450)
    ]
    for number, row in enumerate(rows):
        row["comment"] = (seal(OTHER, b"said", row["card"].encode()), b"")[number % 2]
    with engine.begin() as connection:
        connection.execute(insert(feedback), rows)
    late = ring.seal(b"said", b"c0")
    ring.rotate()
    assert reseal(engine, ring) == (225, 0)
    assert reseal(engine, ring) == (0, 0), "nothing is left"
    with engine.connect() as connection:
        found = connection.execute(select(feedback.c.card, feedback.c.comment)).all()
    assert len(found) == 450
    assert all(not said or ring.unseal(said, card.encode()) == b"said" for card, said in found)
    assert sum(said.startswith(ring.head()) for _, said in found) == 225
    assert ring.unseal(late, b"c0") == b"said"


def test_a_value_that_nobody_can_open_does_not_stop_a_rotation(engine: Engine) -> None:
    ring = KeyRing(engine, MASTER)
    common = {"service": "s", "outcome": "accepted", "at": NOW, "received": NOW}
    with engine.begin() as connection:
        said = [ring.seal(b"said", f"c{n}".encode()) for n in range(3)]
        said[1] = altered(said[1])
        connection.execute(insert(feedback), [{"card": f"c{n}", "comment": c, **common} for n, c in enumerate(said)])
    ring.rotate()
    assert reseal(engine, ring) == (2, 1)
    with engine.connect() as connection:
        assert said[1] in connection.execute(select(feedback.c.comment)).scalars().all()
