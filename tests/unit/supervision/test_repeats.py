"""Whether a test that was made repeated another, of whom and where: told by what the league stores, held against a
count by hand over the same tests."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine

from api.past_results import PastResults
from base.keyring import KeyRing
from base.tenancy import guard, system
from clinical.coded import china_day
from clinical.patient import Sex
from clinical.person import Demographics, Document, DocumentKind, check_digit
from knowledge.model import Predicate, Statement
from knowledge.snapshot import Snapshot
from records.consent import Wishes
from records.context import Region
from records.identity import Identity
from records.journal_store import Entry, Feedback, Shown, store
from records.registry import Organisation, Registry
from records.store import Repository
from records.terminology import Terminology
from supervision.figures.answers import Answers
from supervision.figures.catalogue import catalogue
from supervision.figures.collect import Collector
from supervision.figures.from_records import FromRecords
from supervision.figures.indicator import Indicator, Source, Theme, counted
from supervision.figures.lake import Lake
from supervision.figures.manifest import Manifest
from supervision.figures.periods import period_of
from supervision.figures.persons import Persons
from supervision.figures.reasons import Reasons
from supervision.figures.repeats import Repeats
from supervision.figures.sums import Asked

A, B = "league/county-a/hospital-1", "league/county-b/hospital-2"
BEGIN: Final = datetime(2026, 3, 1, 0, tzinfo=UTC)
DAY: Final = timedelta(days=1)
WINDOWS: Final = {"糖化血红蛋白": 56 * DAY, "促甲状腺激素": 28 * DAY, "膝关节MRI": 28 * DAY}
"""How long results stand by the starter release."""
LABS: Final = ("糖化血红蛋白", "促甲状腺激素", "C反应蛋白")
NUMBERS: Final = {("wang", A): "P1", ("wang", B): "P2", ("li", A): "P2", ("li", B): "P1", ("zhao", A): "P3"}
"""What the two hospitals number their patients: the same number is another person there."""


@dataclass(frozen=True, slots=True)
class Made:
    """A test as it came to pass; ``after`` is how long until its result, None where there is none."""

    number: str
    who: str
    where: str
    item: str
    at: datetime
    after: timedelta | None = timedelta(hours=2)

    @property
    def done(self) -> datetime | None:
        return None if self.after is None else self.at + self.after

    def resources(self) -> tuple[dict[str, Any], ...]:
        patient = NUMBERS[self.who, self.where]
        visit = {"reference": f"Encounter/V{self.number}"}
        of = {"subject": {"reference": f"Patient/{patient}"}, "encounter": visit, "code": {"text": self.item}}
        of["category"] = [{"coding": [{"code": "laboratory" if self.item in LABS else "imaging"}]}]
        request = {"resourceType": "ServiceRequest", "id": f"S{self.number}", "status": "active", "intent": "order"}
        request |= {"identifier": [{"value": f"PLAC-{self.number}"}], "authoredOn": self.at.isoformat()}
        begun = {"resourceType": "Encounter", "id": f"V{self.number}", "status": "finished", "class": {"code": "AMB"}}
        sent = [
            {"resourceType": "Patient", "id": patient},
            begun | {"subject": of["subject"], "period": {"start": self.at.isoformat()}},
            request | of,
        ]
        return (*sent, *(self._found(of) if self.done is not None else ()))

    def _found(self, of: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
        """One hospital names the order, the other its number."""
        assert self.done is not None
        named: dict[str, Any] = {"reference": f"ServiceRequest/S{self.number}"}
        if self.where == B:
            named = {"type": "ServiceRequest", "identifier": {"value": f"PLAC-{self.number}"}}
        told = {"status": "final", "effectiveDateTime": self.done.isoformat(), "issued": self.done.isoformat(), **of}
        report = {"resourceType": "DiagnosticReport", "id": f"R{self.number}", "basedOn": [named], **told}
        if self.item not in LABS:
            return (report | {"conclusion": "未见异常"},)
        value = {"valueQuantity": {"value": 5.1, "unit": "x"}}
        observation = {"resourceType": "Observation", "id": f"O{self.number}", **told, **value}
        return observation, report | {"result": [{"reference": f"Observation/O{self.number}"}]}


class League:
    """Two hospitals of which each counts what the other found, and three people."""

    def __init__(self, engine: Engine, folder: Path, snapshot: Snapshot) -> None:
        self.engine, self.ring = guard(engine), KeyRing(engine, bytes(16), b"j" * 16)
        self.repository, self.snapshot = Repository(engine, self.ring), snapshot
        self.people, self.terminology = Identity(engine, self.ring, "league"), Terminology(snapshot)
        self.lake = Lake(folder, Manifest(engine))
        with system("test"), engine.begin() as connection:
            for tenant, name in ((A, "甲县人民医院"), (B, "乙县人民医院")):
                Registry().register(connection, Organisation(tenant, name, recognition=("盟域",)), actor="admin")
            self.records = {
                place: self.people.arrive(connection, place[1], number, _who(place[0]), at=BEGIN, source="t").record
                for place, number in NUMBERS.items()
            }

    def send(self, *tests: Made) -> None:
        with system("test"), self.engine.begin() as connection:
            for n, test in enumerate(tests, start=1):
                record = self.records[test.who, test.where]
                self.repository.put(connection, test.where, record, test.resources(), message=n, at=test.at)

    def rows(self) -> dict[str, dict[str, Any]]:
        """The tests of the year, by number."""
        past = PastResults(self.engine, self.people, self.repository)
        reasons = Reasons(self.engine, lambda number: f"known {number}")
        repeats = Repeats(self.snapshot, self.terminology, past, reasons)
        source = FromRecords(self.engine, self.repository, Persons(self.engine, str), repeats)
        Collector(self.lake, catalogue().facts, "league").collect(source)
        shown = tuple(catalogue().facts["tests"].given)
        all_of = Indicator("x", "x", (Theme.OVERVIEW,), "", Source("", None, ""), counted("tests", "条"), rows=shown)
        with system("test"):
            found = Answers(self.lake, catalogue()).rows(all_of, period_of("2026"), Asked(), limit=1_000)
        return {row.shown["id"].removeprefix("S"): row.shown for row in found}

    def rule(self, item: str) -> str:
        """The statement that an alert about repeating an item names."""
        (said,) = (
            s.id
            for s in self.snapshot.saying(Predicate.REPEAT_INTERVAL, Statement)
            if self.snapshot.name(s.subject) == item
        )
        return said

    def alert(self, number: str, of: str, tenant: str, at: datetime, outcome: str = "", reason: str = "") -> None:
        shown = Shown(number, self.rule("膝关节MRI"), "1", "duplicate-exam", "moderate")
        named = {"patient": f"known {of}", "tenant": tenant}
        entry = Entry(f"r{number}", at, "yigong-order-sign", "release", "his", {}, {}, (shown,), 0, 0, 1.0, **named)
        given = [Feedback(number, "yigong-order-sign", outcome, at, reason=reason)] if outcome else []
        with system("test"):
            store(self.engine, self.ring, [entry], given)


def _who(name: str) -> Demographics:
    card = f"1101011960030400{['wang', 'li', 'zhao'].index(name) + 1}"
    number = f"{card}{check_digit(card)}"
    documents = (Document(DocumentKind.ID_CARD, number),)
    return Demographics(name=f"某{name}", sex=Sex.FEMALE, birth="1960-03-04", documents=documents)


@pytest.fixture
def league(engine: Engine, tmp_path: Path, snapshot: Snapshot) -> League:
    return League(engine, tmp_path / "facts", snapshot)


def _year() -> list[Made]:
    chance = random.Random(20261127)
    made = []
    for n in range(70):
        who, where = chance.choice([*NUMBERS])
        at = BEGIN + timedelta(minutes=chance.randrange(200 * 24 * 60))
        after = chance.choice((None, timedelta(hours=2), timedelta(hours=2), timedelta(days=2)))
        made.append(Made(str(n), who, where, chance.choice([*WINDOWS, "C反应蛋白"]), at, after))
    return made


def by_hand(test: Made, tests: list[Made]) -> tuple[bool | None, bool | None, int | None]:
    """Whether it repeated another, whether what it repeated counts here, and how many days that was ago."""
    window = WINDOWS.get(test.item)
    if window is None or test.done is None:
        return None, None, None
    done = [(one.done, one) for one in tests if one.done is not None]
    alike = [(when, one) for when, one in done if (one.who, one.item) == (test.who, test.item)]
    before = [(when, one) for when, one in alike if test.at - window < when <= test.at]
    if before:
        when, last = max(before, key=lambda pair: pair[0])
        days = (china_day(test.at) - china_day(when)).days
        return True, last.where != test.where, days
    told = any(when < test.at - window for when, one in done if one.where == test.where)
    return (False, False, None) if told else (None, None, None)


def test_each_test_is_judged_by_all_that_is_stored_of_the_person(league: League) -> None:
    tests = _year()
    league.send(*tests)
    rows = league.rows()
    told = {n: (row["repeated"], row["eligible"], row["gap_days"]) for n, row in rows.items()}
    expected = {test.number: by_hand(test, tests) for test in tests}
    assert told == expected
    kinds = {(repeated, eligible) for repeated, eligible, _ in expected.values()}
    assert kinds == {(True, True), (True, False), (False, False), (None, None)}, "all that can be is among them"


def test_the_same_number_in_another_hospital_is_another_person(league: League) -> None:
    league.send(Made("1", "wang", A, "膝关节MRI", BEGIN), Made("2", "li", B, "膝关节MRI", BEGIN + 3 * DAY))
    league.send(Made("3", "wang", B, "膝关节MRI", BEGIN + 5 * DAY))
    rows = league.rows()
    assert {n: row["repeated"] for n, row in rows.items()} == {"1": None, "2": None, "3": True}
    assert rows["3"]["gap_days"] == 5


def test_the_other_knee_is_no_repeat(league: League) -> None:
    old = Made("0", "zhao", A, "糖化血红蛋白", BEGIN - 40 * DAY)
    league.send(old, Made("1", "wang", A, "膝关节MRI(左)", BEGIN), Made("2", "wang", A, "膝关节MRI(右)", BEGIN + DAY))
    assert league.rows()["2"]["repeated"] is False


def test_a_result_that_was_entered_before_its_order_is_not_its_own_repeat(league: League) -> None:
    old = Made("0", "zhao", A, "糖化血红蛋白", BEGIN - 40 * DAY)
    league.send(old, Made("1", "wang", A, "膝关节MRI", BEGIN, after=-timedelta(hours=1)))
    league.send(Made("2", "zhao", A, "促甲状腺激素", BEGIN, after=-timedelta(hours=1)))
    rows = league.rows()
    assert [rows[n]["repeated"] for n in "12"] == [False, False]


def test_an_order_without_a_result_yet_is_judged_when_the_result_comes(league: League) -> None:
    first, open_ = (
        Made("1", "wang", A, "膝关节MRI", BEGIN),
        Made("2", "wang", B, "膝关节MRI", BEGIN + DAY, after=None),
    )
    league.send(first, open_)
    assert league.rows()["2"]["repeated"] is None
    league.send(Made("2", "wang", B, "膝关节MRI", BEGIN + DAY))
    row = league.rows()["2"]
    assert (row["repeated"], row["hours"]) == (True, 2.0)


def test_what_a_person_keeps_from_other_hospitals_is_nothing_they_could_repeat(league: League) -> None:
    league.send(Made("1", "wang", A, "膝关节MRI", BEGIN), Made("2", "wang", B, "膝关节MRI", BEGIN + DAY))
    league.send(Made("3", "wang", A, "膝关节MRI", BEGIN + 2 * DAY))
    consents = Region(league.engine, league.people, league.repository, budget=0.0).consents
    with system("test"), league.engine.begin() as connection:
        record = league.records["wang", A]
        consents.tell(connection, A, record, Wishes(closed=True), actor="x", why="y", at=BEGIN)
    rows = league.rows()
    assert (rows["2"]["repeated"], rows["3"]["repeated"]) == (None, True)
    assert rows["3"]["eligible"] is False, "its own of two days before"


@pytest.mark.parametrize(
    ("outcome", "reason", "expected"),
    [
        ("overridden", "need-more-info", (True, "need-more-info")),
        ("overridden", "", (False, None)),
        ("accepted", "", (None, None)),
        ("", "", (None, None)),
    ],
)
def test_the_reason_is_what_the_doctor_answered_to_the_alert(
    league: League, outcome: str, reason: str, expected: tuple[bool | None, str | None]
) -> None:
    asked = BEGIN + DAY
    league.send(Made("1", "wang", A, "膝关节MRI", BEGIN), Made("2", "wang", A, "膝关节MRI", asked))
    league.send(Made("3", "li", A, "膝关节MRI", BEGIN), Made("4", "li", A, "膝关节MRI", asked))
    minute = timedelta(minutes=1)
    league.alert("c1", NUMBERS["wang", A], A, asked - minute, outcome, reason)
    league.alert("c2", NUMBERS["wang", A], A, asked - 20 * 60 * minute, "overridden", "an earlier order's")
    league.alert("c3", NUMBERS["li", A], A, asked - 2 * DAY, "overridden", "of another day")
    league.alert("c4", NUMBERS["li", A], B, asked, "overridden", "another hospital's number")
    rows = league.rows()
    assert (rows["2"]["reasoned"], rows["2"]["reason"]) == expected
    assert (rows["4"]["repeated"], rows["4"]["reasoned"]) == (True, None)
    assert rows["1"]["reasoned"] is None, "nothing was repeated"
