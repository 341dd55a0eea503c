"""Ages as birthdays count them, on the scale of the tables."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.age import MONTH, YEAR, age_at, birth_of
from clinical.logic import UNKNOWN
from clinical.patient import PatientContext


@pytest.mark.parametrize(
    ("born", "day", "reached"),
    [
        pytest.param(date(2008, 11, 27), date(2026, 11, 27), 18 * YEAR, id="18th birthday"),
        pytest.param(date(2008, 11, 28), date(2026, 11, 27), 17 * YEAR, id="day before the 18th"),
        pytest.param(date(1961, 3, 1), date(2026, 3, 1), 65 * YEAR, id="65th birthday"),
        pytest.param(date(1961, 3, 2), date(2026, 3, 1), 64 * YEAR, id="day before the 65th"),
        pytest.param(date(2014, 11, 27), date(2026, 11, 27), 12 * YEAR, id="12th birthday"),
        pytest.param(date(2025, 11, 27), date(2026, 11, 27), YEAR, id="first birthday after 365 days"),
        pytest.param(date(2023, 3, 1), date(2024, 2, 29), 11 * MONTH, id="365 days with a leap day: no year yet"),
        pytest.param(date(2024, 2, 29), date(2025, 2, 28), 11 * MONTH, id="29 February, on the 28th"),
        pytest.param(date(2024, 2, 29), date(2025, 3, 1), YEAR, id="29 February, on 1 March"),
        pytest.param(date(2024, 2, 29), date(2028, 2, 29), 4 * YEAR, id="29 February, in a leap year"),
        pytest.param(date(2026, 2, 1), date(2026, 3, 1), MONTH, id="a month of 28 days"),
        pytest.param(date(2026, 7, 1), date(2026, 8, 31), MONTH, id="61 days, two months tomorrow"),
        pytest.param(date(2026, 7, 1), date(2026, 9, 1), 2 * MONTH, id="two months"),
        pytest.param(date(2026, 1, 31), date(2026, 2, 28), 0, id="31 January, at the end of February"),
        pytest.param(date(2026, 1, 31), date(2026, 3, 1), MONTH, id="31 January, on 1 March"),
    ],
)
def test_years_and_months_are_completed_on_the_day_of_the_calendar(born: date, day: date, reached: float) -> None:
    months = round(reached / MONTH)
    assert reached <= age_at(born, day) < reached + (YEAR if months >= 12 else MONTH)
    assert int(age_at(born, day) / YEAR) == months // 12


@pytest.mark.parametrize("days", [0, 1, 7, 14, 27])
@pytest.mark.parametrize("born", [date(2026, 1, 31), date(2026, 2, 1), date(2024, 2, 2), date(2026, 7, 1)])
def test_newborns_are_as_old_as_the_days_they_lived(born: date, days: int) -> None:
    assert age_at(born, born + timedelta(days=days)) == days


def test_nobody_grows_younger_and_every_birthday_counts() -> None:
    born = date(2004, 2, 29)
    ages = [float(age_at(born, born + timedelta(days=lived))) for lived in range(20 * 366)]
    assert ages == sorted(ages)
    assert all(abs(age - lived) < 4 for lived, age in enumerate(ages))
    assert [age_at(born, date(2004 + years, 3, 1)) >= years * YEAR for years in range(1, 20)] == [True] * 19


@pytest.mark.parametrize(
    ("born", "day", "days"),
    [
        pytest.param(date(2026, 2, 1), date(2026, 3, 1), 28, id="all of a February"),
        pytest.param(date(2024, 2, 1), date(2024, 3, 1), 29, id="all of a February with a leap day"),
        pytest.param(date(2026, 1, 31), date(2026, 3, 1), 29, id="31 January to 1 March"),
        pytest.param(date(2024, 1, 30), date(2024, 3, 1), 31, id="30 January to 1 March with a leap day"),
        pytest.param(date(2026, 1, 1), date(2026, 3, 1), 59, id="January and February"),
        pytest.param(date(2024, 1, 1), date(2024, 3, 1), 60, id="January and a long February"),
        pytest.param(date(2026, 7, 1), date(2026, 8, 31), 61, id="61 days and not two months"),
        pytest.param(date(2026, 2, 1), date(2026, 5, 1), 89, id="three months from February on"),
        pytest.param(date(2027, 9, 1), date(2028, 2, 29), 181, id="181 days and not six months"),
    ],
)
def test_a_limit_in_days_counts_days_however_many_months_are_over(born: date, day: date, days: int) -> None:
    age = age_at(born, day)
    for limit in (28.0, 29.0, 30, 31, 59, 60, 61, 89, 90, 181.0, float("inf")):
        assert (limit <= age, age >= limit, age > limit) == (days >= limit, days >= limit, days > limit)
        assert (age < limit, limit > age, age <= limit) == (days < limit, days < limit, days <= limit)


@given(st.dates(date(2019, 1, 1), date(2029, 1, 1)), st.integers(0, 730), st.integers(0, 729), st.integers(0, 23))
def test_below_two_years_days_and_months_are_each_counted_exactly(
    born: date, lived: int, days: int, months: int
) -> None:
    day = born + timedelta(days=lived)
    completed = (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)
    assert (months * MONTH <= age_at(born, day)) is (months <= completed)
    if days % MONTH:
        assert (days <= age_at(born, day)) is (days <= lived)


@pytest.mark.parametrize("day", [date(2026, 11, 27), date(2027, 3, 31), date(2028, 2, 29), date(2026, 1, 1)])
@pytest.mark.parametrize("age", [0, 3, 27, MONTH, 6 * MONTH, YEAR, 14 * MONTH, 18 * YEAR, 65 * YEAR, 0.5 * YEAR])
def test_whoever_is_said_to_be_of_an_age_is_born_for_it(age: float, day: date) -> None:
    assert age_at(birth_of(age, day), day) == pytest.approx(age, abs=4)
    assert int(age_at(birth_of(age, day), day) / MONTH) == int(age / MONTH)


@pytest.mark.parametrize(
    ("at", "years"),
    [
        pytest.param(datetime(2026, 11, 26, 15, 59, tzinfo=UTC), 17, id="a minute before the birthday"),
        pytest.param(datetime(2026, 11, 26, 16, 0, tzinfo=UTC), 18, id="midnight in China"),
        pytest.param(datetime(2026, 11, 27, 0, 1), 18, id="a time without a zone is China's"),
    ],
)
def test_a_birthday_begins_at_midnight_in_china(at: datetime, years: int) -> None:
    assert PatientContext("p", at, birth_date=date(2008, 11, 27)).age_years() == years


def test_a_child_born_this_morning_in_china_has_an_age() -> None:
    patient = PatientContext("p", datetime(2026, 11, 26, 18, 0, tzinfo=UTC), birth_date=date(2026, 11, 27))
    assert (patient.age_days(), patient.age()) == (0, 0.0)
    assert PatientContext("p", patient.as_of).age() is UNKNOWN
