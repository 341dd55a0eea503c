"""Identifiers drawn many at a time are given once."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from base.randomness import random_bytes


def test_nothing_is_given_twice_not_even_to_many_at_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda _: random_bytes(8), range(20_000)))
    assert {len(one) for one in given} == {8}
    assert len(set(given)) == len(given)


def test_more_than_is_fetched_at_a_time_is_given_too() -> None:
    assert len(random_bytes(10_000)) == 10_000


def test_a_forked_process_gives_something_else() -> None:
    random_bytes(8)  # something is kept that both would give
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writes, random_bytes(8))
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reads, 8) != random_bytes(8)
