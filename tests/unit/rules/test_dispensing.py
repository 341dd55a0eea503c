"""What happens to a reviewed prescription, by the policy of a hospital: which alerts stop it, and until when it waits."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import msgspec
import pytest

from clinical.coded import CHINA
from clinical.finding import Fault, Finding, Gap, Review, Severity
from rules.dispensing import Dispensing, Hours, Outcome, Stop

CLINIC, HOSPITAL = "镇卫生院", "县人民医院"
MAJOR, MODERATE, MINOR = Severity.MAJOR, Severity.MODERATE, Severity.MINOR
NEVER_ALONE = Stop(Severity.CONTRAINDICATED)


def alert(severity: Severity, family: str = "interaction", rule: str = "r1", **more: object) -> Finding:
    told = {"rule_version": "1", "summary": "合用出血风险高", "detail": "", "orders": ("o1",)}
    return Finding(family=family, rule_id=rule, severity=severity, **told, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stops", "found", "institution", "outcome"),
    [
        # Nothing said of it: what is 严重 waits for a pharmacist, what is less passes with a notice.
        ((Stop(MAJOR),), alert(MAJOR), CLINIC, Outcome.STOP),
        ((Stop(MAJOR),), alert(MODERATE), CLINIC, Outcome.NOTICE),
        ((Stop(MAJOR),), alert(Severity.INFO), CLINIC, Outcome.PASS),
        # A line about institutions holds there and nowhere else.
        ((Stop(MAJOR), Stop(MODERATE, institutions=(CLINIC,))), alert(MODERATE), CLINIC, Outcome.STOP),
        ((Stop(MAJOR), Stop(MODERATE, institutions=(CLINIC,))), alert(MODERATE), HOSPITAL, Outcome.NOTICE),
        # A line about a family comes before one about an institution, one about a rule before both.
        (
            (Stop(MODERATE, institutions=(CLINIC,)), Stop(MAJOR, family="dose")),
            alert(MODERATE, "dose"),
            CLINIC,
            "notice",
        ),
        ((Stop(MAJOR, family="dose"), Stop(MINOR, rule="r1")), alert(MINOR, "dose"), CLINIC, Outcome.STOP),
        ((Stop(MINOR, family="dose"), Stop(MAJOR, rule="r1")), alert(MODERATE, "dose"), CLINIC, "notice"),
        ((Stop(MINOR, family="dose"), Stop(MAJOR, rule="r2")), alert(MODERATE, "dose"), CLINIC, Outcome.STOP),
        # A line about a rule at one institution says nothing elsewhere.
        ((Stop(MAJOR), Stop(MINOR, rule="r1", institutions=(CLINIC,))), alert(MINOR), HOSPITAL, "notice"),
        # No line lets what is contraindicated or on the never list pass, and none stops what does not interrupt.
        ((NEVER_ALONE,), alert(Severity.CONTRAINDICATED), CLINIC, Outcome.STOP),
        ((NEVER_ALONE, Stop(Severity.CONTRAINDICATED, rule="r1")), alert(MAJOR, never=True), CLINIC, Outcome.STOP),
        ((), alert(MAJOR), CLINIC, Outcome.NOTICE),
        ((Stop(MINOR),), alert(MAJOR, interruptive=False), CLINIC, Outcome.NOTICE),
    ],
)
def test_the_most_specific_line_says_what_stops(
    stops: tuple[Stop, ...], found: Finding, institution: str, outcome: str
) -> None:
    wanted = Outcome.NOTICE if outcome == "notice" else outcome
    given, stopping = Dispensing(stops=stops).route(Review("r", (found,)), institution)
    assert given == wanted
    assert stopping == (frozenset({found}) if wanted is Outcome.STOP else frozenset())


def test_what_could_not_be_checked_stops_where_the_hospital_says_so_and_a_rule_that_failed_everywhere() -> None:
    unchecked = Review("r", gaps=(Gap("allergy", "allergies", "未提供过敏史", ("o1",)),))
    assert Dispensing().route(unchecked, CLINIC)[0] is Outcome.PASS
    assert Dispensing(stop_incomplete=("allergy",)).route(unchecked, CLINIC)[0] is Outcome.STOP
    assert Dispensing(stop_incomplete=("dose",)).route(unchecked, CLINIC)[0] is Outcome.PASS
    assert Dispensing().route(Review("r", faults=(Fault("dose", "", "ValueError"),)), CLINIC)[0] is Outcome.STOP


WORKING = Hours(time(8), time(17, 30), (1, 2, 3, 4, 5))
MONDAY, SATURDAY = datetime(2026, 11, 23, tzinfo=CHINA), datetime(2026, 11, 28, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("now", "at_work"),
    [
        (MONDAY.replace(hour=8), True),
        (MONDAY.replace(hour=7, minute=59), False),
        (MONDAY.replace(hour=17, minute=30), True),
        (MONDAY.replace(hour=17, minute=31), False),
        (SATURDAY.replace(hour=10), False),
        (datetime.fromisoformat("2026-11-23T01:00:00+00:00"), True),  # nine in the morning in China
        (datetime.fromisoformat("2026-11-22T23:30:00+00:00"), False),
    ],
)
def test_pharmacists_are_at_work_by_the_clock_and_the_week_of_china(now: datetime, at_work: bool) -> None:
    assert WORKING.open_at(now) is at_work


def test_out_of_hours_it_waits_for_the_pharmacist_of_the_league_or_follows_the_fallback_at_once() -> None:
    league = Dispensing(hours=WORKING)
    alone = Dispensing(hours=msgspec.structs.replace(WORKING, mode="fallback"))
    for policy in (league, alone):
        assert policy.due(MONDAY.replace(hour=9), urgent=False) == MONDAY.replace(hour=9, minute=10)
        assert policy.due(MONDAY.replace(hour=9), urgent=True) == MONDAY.replace(hour=9, minute=3)
    assert league.due(SATURDAY, urgent=False) == SATURDAY + timedelta(minutes=10)
    assert alone.due(SATURDAY, urgent=False) == SATURDAY
    assert alone.due(SATURDAY, urgent=True) == SATURDAY


def test_a_line_that_nobody_knows_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field `rules`"):
        msgspec.convert({"stops": [{"least": "major", "rules": ["r1"]}]}, Dispensing)
