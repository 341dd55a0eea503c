"""Whoever guesses has to wait, longer each time, and cannot get around it by asking many times at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine, select

from base.attempts import Attempts, Patience, attempts

PATIENCE = Patience(free=3, first=10, longest=60, forget=1000)


def test_the_first_attempts_are_free_and_each_further_one_waits_twice_as_long(engine: Engine) -> None:
    counted, now = Attempts(engine), 1_000.0
    assert [counted.take("wang", PATIENCE, now) for _ in range(3)] == [0, 0, 0]
    waits = []
    for _ in range(5):
        wait = counted.take("wang", PATIENCE, now)
        waits.append(wait)
        now += wait
        assert counted.take("wang", PATIENCE, now) == 0, "after waiting it may be tried once"
    assert waits == [10, 20, 40, 60, 60]


def test_one_waits_and_others_do_not(engine: Engine) -> None:
    counted = Attempts(engine)
    for _ in range(3):
        counted.take("wang", PATIENCE, 0)
    assert counted.take("wang", PATIENCE, 1) > 0
    assert counted.take("zhao", PATIENCE, 1) == 0


def test_what_was_right_is_forgotten_or_given_back(engine: Engine) -> None:
    counted = Attempts(engine)
    for _ in range(2):
        counted.take("wang", PATIENCE, 0)
    counted.give_back("wang")
    assert counted.count("wang") == 1
    counted.forgive("wang")
    assert counted.count("wang") == 0


def test_after_a_rest_nothing_is_remembered(engine: Engine) -> None:
    counted = Attempts(engine)
    for _ in range(3):
        counted.take("wang", PATIENCE, 0)
    assert counted.take("wang", PATIENCE, 1001) == 0
    assert counted.count("wang") == 1


def test_guesses_sent_at_once_are_all_counted(engine: Engine) -> None:
    counted = Attempts(engine)
    with ThreadPoolExecutor(8) as many:
        waits = list(many.map(lambda _: counted.take("wang", PATIENCE, 5), range(40)))
    assert waits.count(0) == 3


def test_the_table_names_nobody(engine: Engine) -> None:
    Attempts(engine).take("account wang", PATIENCE, 0)
    with engine.connect() as connection:
        (kept,) = connection.execute(select(attempts)).all()
    assert "wang" not in kept.key
