"""Times counted in buckets: what half and nearly all of them took is known to within five per cent."""

from __future__ import annotations

import random

import pytest

from base.spread import bucket, quantile, spread, together


@pytest.mark.parametrize("share", [0.5, 0.95, 1.0])
def test_a_quantile_is_within_five_per_cent_of_the_true_one(share: float) -> None:
    chance = random.Random(7)
    took = [chance.lognormvariate(0, 2) for _ in range(5_000)]
    true = sorted(took)[round(share * len(took)) - 1]
    found = quantile(spread(took), share)
    assert found == pytest.approx(true, rel=0.06)


def test_counts_of_two_hours_add_up_to_the_counts_of_both() -> None:
    first, second = [0.01, 0.02, 3.0], [0.5, 0.5, 90.0]
    assert together([spread(first), spread(second)]) == spread(first + second)


def test_nothing_counted_has_no_quantile_and_no_time_is_too_short() -> None:
    assert quantile({}, 0.5) is None
    assert quantile(spread([0.0, -3.0]), 0.95) == 0.001, "a clock that ran backwards took no time"
    assert bucket(0.001) == 0 < bucket(0.0011)
