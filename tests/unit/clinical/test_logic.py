"""What is missing is neither true nor false, and nothing may quietly treat it as either."""

from __future__ import annotations

import copy
import pickle
from datetime import date

import pytest

from clinical.logic import (
    UNKNOWN,
    Truth,
    Unknown,
    all_of,
    any_of,
    at_least,
    at_most,
    between,
    equal,
    is_known,
    less,
    more,
    truth,
)

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN

AND_TABLE = [
    (T, T, T), (T, F, F), (T, U, U),
    (F, T, F), (F, F, F), (F, U, F),
    (U, T, U), (U, F, F), (U, U, U),
]  # fmt: skip
OR_TABLE = [
    (T, T, T), (T, F, T), (T, U, T),
    (F, T, T), (F, F, F), (F, U, U),
    (U, T, T), (U, F, U), (U, U, U),
]  # fmt: skip


@pytest.mark.parametrize(("a", "b", "expected"), AND_TABLE)
def test_and_is_false_as_soon_as_one_side_is_false(a: Truth, b: Truth, expected: Truth) -> None:
    assert (a & b) is expected
    assert all_of([a, b]) is expected


@pytest.mark.parametrize(("a", "b", "expected"), OR_TABLE)
def test_or_is_true_as_soon_as_one_side_is_true(a: Truth, b: Truth, expected: Truth) -> None:
    assert (a | b) is expected
    assert any_of([a, b]) is expected


@pytest.mark.parametrize(("a", "expected"), [(T, F), (F, T), (U, U)])
def test_not_knowing_a_thing_is_not_knowing_its_opposite(a: Truth, expected: Truth) -> None:
    assert (~a) is expected


@pytest.mark.parametrize("a", list(Truth))
@pytest.mark.parametrize("b", list(Truth))
def test_de_morgan_holds_with_unknowns(a: Truth, b: Truth) -> None:
    assert ~(a & b) is (~a | ~b)
    assert ~(a | b) is (~a & ~b)


def test_nothing_joined_is_true_for_all_and_false_for_any() -> None:
    assert all_of([]) is T
    assert any_of([]) is F


def test_joining_stops_where_the_answer_is_certain() -> None:
    def parts(decisive: Truth):  # type: ignore[no-untyped-def]
        yield U
        yield decisive
        raise AssertionError("evaluated past the deciding part")

    assert all_of(parts(F)) is F
    assert any_of(parts(T)) is T


@pytest.mark.parametrize("value", [*Truth, UNKNOWN])
def test_an_if_on_a_three_valued_answer_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        bool(value)
    with pytest.raises(TypeError):
        _ = not value
    with pytest.raises(TypeError):
        _ = value or "default"


@pytest.mark.parametrize(("value", "expected"), [(True, T), (False, F), (None, U), (UNKNOWN, U)])
def test_a_missing_bool_is_unknown_and_not_false(value: bool | None | Unknown, expected: Truth) -> None:
    assert truth(value) is expected


def test_there_is_one_unknown_however_it_is_made() -> None:
    assert Unknown() is UNKNOWN
    assert copy.deepcopy(UNKNOWN) is UNKNOWN
    assert copy.copy(UNKNOWN) is UNKNOWN
    assert pickle.loads(pickle.dumps(UNKNOWN)) is UNKNOWN
    assert repr(UNKNOWN) == "UNKNOWN"


@pytest.mark.parametrize(("value", "expected"), [(0, True), (0.0, True), ("", True), (UNKNOWN, False)])
def test_zero_and_empty_are_known_values(value: object, expected: bool) -> None:
    assert is_known(value) is expected


COMPARISONS = [
    # a, b, less, more, at_least, at_most, equal
    (1, 2, T, F, F, T, F),
    (2, 1, F, T, T, F, F),
    (2, 2.0, F, F, T, T, T),
    (date(2024, 2, 29), date(2024, 3, 1), T, F, F, T, F),
    (UNKNOWN, 2, U, U, U, U, U),
    (2, UNKNOWN, U, U, U, U, U),
    (UNKNOWN, UNKNOWN, U, U, U, U, U),
    (float("nan"), 2, U, U, U, U, U),
    (float("inf"), 2, F, T, T, F, F),
]


@pytest.mark.parametrize(("a", "b", "is_less", "is_more", "ge", "le", "eq"), COMPARISONS)
def test_comparing_with_what_is_missing_gives_unknown(
    a: float, b: float, is_less: Truth, is_more: Truth, ge: Truth, le: Truth, eq: Truth
) -> None:
    assert less(a, b) is is_less
    assert more(a, b) is is_more
    assert at_least(a, b) is ge
    assert at_most(a, b) is le
    assert equal(a, b) is eq


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (5, 1, 9, T),
        (1, 1, 9, T),
        (9, 1, 9, T),
        (0, 1, 9, F),
        (0, 1, UNKNOWN, F),
        (5, 1, UNKNOWN, U),
        (UNKNOWN, 1, 9, U),
    ],
)
def test_between_is_false_when_one_known_bound_is_broken(
    value: float | Unknown, low: float | Unknown, high: float | Unknown, expected: Truth
) -> None:
    assert between(value, low, high) is expected
