"""Reference ranges of the shipped tests: how many of them a child, a newborn or a critical value finds, and that a
child of any age finds one range at most."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import pytest

from clinical.patient import Sex
from knowledge.model import Predicate, Statement
from knowledge.ranges import Range, ranges
from knowledge.snapshot import Snapshot

YEAR = 365.25
REFERENCE = {"low", "high"}
CRITICAL = {"critical_low", "critical_high"}


@pytest.fixture(scope="module")
def stated(snapshot: Snapshot) -> dict[str, tuple[Range, ...]]:
    """The ranges of every test, by its name, in the unit in which they are written."""
    rows: dict[str, list[Statement]] = defaultdict(list)
    for statement in snapshot.all_statements():
        if statement.predicate is Predicate.REFERENCE_RANGE:
            rows[snapshot.name(statement.subject)].append(statement)
    return {lab: ranges(of_lab, "", None) for lab, of_lab in rows.items()}


def found(stated: dict[str, tuple[Range, ...]], limits: set[str], days: float) -> set[str]:
    """Tests that state any of the limits for both a boy and a girl, or a man and a woman, of an age."""
    return {
        lab
        for lab, of_lab in stated.items()
        if all(any(limits & r.limits.keys() and r.is_of(days, sex) for r in of_lab) for sex in Sex)
    }


def test_as_many_tests_have_a_range_as_was_reached(stated: dict[str, tuple[Range, ...]]) -> None:
    assert len(found(stated, REFERENCE, 40 * YEAR)) >= 189
    assert len(found(stated, REFERENCE, 6.5 * YEAR)) >= 51
    assert len(found(stated, REFERENCE, 0.51 * YEAR)) >= 37
    assert len(found(stated, REFERENCE, 3)) >= 8
    assert len([lab for lab, of_lab in stated.items() if any(CRITICAL & r.limits.keys() for r in of_lab)]) >= 29
    assert len(found(stated, CRITICAL, 6.5 * YEAR)) >= 25
    assert len(found(stated, CRITICAL, 3)) >= 16


def test_a_child_never_falls_between_two_ranges_of_a_test_or_into_both(stated: dict[str, tuple[Range, ...]]) -> None:
    for lab, of_lab in stated.items():
        for sex in Sex:
            told = (r for r in of_lab if r.sex in ("", sex) and REFERENCE & r.limits.keys())
            ages = sorted((r.youngest, r.oldest) for r in told if r.youngest < 18 * YEAR)
            assert all(youngest < oldest for youngest, oldest in ages), lab
            assert all(one[1] == next_[0] for one, next_ in pairwise(ages)), (lab, sex, ages)


def test_no_critical_limit_lies_within_a_range_of_the_same_patient(stated: dict[str, tuple[Range, ...]]) -> None:
    """Over rows too: test_content.py looks at each row alone."""
    for lab, of_lab in stated.items():
        for critical in (r for r in of_lab if CRITICAL & r.limits.keys()):
            for r in of_lab:
                if (
                    r.youngest >= critical.oldest
                    or critical.youngest >= r.oldest
                    or {r.sex, critical.sex} == set(Sex)
                ):
                    continue
                low, high = r.limits.get("low"), r.limits.get("high")
                bottom, top = critical.limits.get("critical_low"), critical.limits.get("critical_high")
                assert low is None or bottom is None or bottom <= low, (lab, r, critical)
                assert high is None or top is None or high <= top, (lab, r, critical)


@pytest.mark.parametrize(
    ("lab", "days", "inside", "outside"),
    [
        ("总胆固醇", 6.5 * YEAR, 5.1, 5.4),
        ("低密度脂蛋白胆固醇", 6.5 * YEAR, 3.3, 3.6),
        ("高密度脂蛋白胆固醇", 6.5 * YEAR, 1.1, 0.9),
        ("非高密度脂蛋白胆固醇", 6.5 * YEAR, 3.7, 3.9),
        ("载脂蛋白A1", 6.5 * YEAR, 1.18, 1.1),
        ("载脂蛋白B", 6.5 * YEAR, 0.7, 1.2),
        ("25-羟维生素D", 3, 60, 40),
        ("铁蛋白", 6.5 * YEAR, 20, 12),
        ("尿蛋白肌酐比值", 6.5 * YEAR, 150, 250),
        ("总蛋白", 0.5 * YEAR, 65, 76),
        ("总蛋白", 6.5 * YEAR, 70, 63),
        ("甘油三酯", 6.5 * YEAR, 1.0, 1.2),
        ("甘油三酯", 12 * YEAR, 1.4, 1.5),
        ("铁蛋白", 0.6 * YEAR, 13, 11),
        ("葡萄糖", 6.5 * YEAR, 3.5, 3.0),
        ("N末端B型钠尿肽原", 0.6 * YEAR, 900, 1100),
        ("N末端B型钠尿肽原", 6.5 * YEAR, 200, 300),
        ("eGFR", 6.5 * YEAR, 120, 80),
        ("酸碱度", 6.5 * YEAR, 7.4, 7.3),
        ("氧分压", 6.5 * YEAR, 90, 70),
        ("红细胞比容", 3, 0.6, 0.68),
        ("苯巴比妥血药浓度", 0.6 * YEAR, 30, 45),
    ],
)
def test_what_is_ordinary_in_a_child_is_within_and_what_is_not_is_without(
    stated: dict[str, tuple[Range, ...]], lab: str, days: float, inside: float, outside: float
) -> None:
    for sex in Sex:
        (limits,) = (r.limits for r in stated[lab] if r.is_of(days, sex) and REFERENCE & r.limits.keys())
        low, high = limits.get("low", float("-inf")), limits.get("high", float("inf"))
        assert low <= inside <= high
        assert not low <= outside <= high


@pytest.mark.parametrize("lab", ["葡萄糖", "末梢血糖", "糖化血红蛋白", "铁蛋白", "总胆固醇"])
def test_what_holds_for_children_is_not_said_of_newborns(stated: dict[str, tuple[Range, ...]], lab: str) -> None:
    assert not any(r.is_of(3, sex) and REFERENCE & r.limits.keys() for r in stated[lab] for sex in Sex)
