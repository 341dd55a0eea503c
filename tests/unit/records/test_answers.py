"""What was answered is known with the next card about the same: by cause and orders, for as long as it holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from base.keyring import KeyRing
from base.tenancy import system
from clinical.value import replace
from records.answers import Answer, of_cards, of_patient
from records.journal import Entry, Feedback, Journal, Shown

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=72)
KEY = bytes(range(16))
MATTER, OTHER = ("lab-based:lab:potassium", "o1"), ("lab-based:lab:potassium", "o2")


def told(
    engine: Engine, *given: Feedback, tenant: str = "here", since: datetime = EARLIER, about: str = "p-1"
) -> object:
    """What is known of a patient after two cards of one cause, and one about nobody known, were answered so here."""
    journal = Journal(engine, KeyRing(engine, KEY))
    shown = [Shown("card-1", "rule-1", "1", "lab-based", "moderate", *MATTER)]
    shown += [Shown("card-2", "rule-2", "1", "lab-based", "moderate", *OTHER)]
    for patient, made in (("p-1", shown), ("", [Shown("card-3", "rule-1", "1", "lab-based", "moderate", *MATTER)])):
        entry = Entry(f"e{patient}", NOW, "panel", "r", "c", {"q": 1}, {"a": 1}, tuple(made), 0, 0, 0.1, patient)
        journal.write(replace(entry, tenant="here"))
    for answer in given:
        journal.write(answer)
    assert journal.flush()
    with system("test"):
        return of_patient(engine, about, tenant, since)


ACCEPTED = Feedback("card-1", "panel", "accepted", NOW)
OVERRIDDEN = Feedback("card-1", "panel", "overridden", NOW, "need-more-info")


def test_a_card_that_was_only_shown_has_no_answer(engine: Engine) -> None:
    assert told(engine) == {}


def test_an_accepted_matter_is_known_as_accepted(engine: Engine) -> None:
    assert told(engine, ACCEPTED) == {MATTER: Answer("accepted", "", "moderate")}


def test_the_last_answer_holds(engine: Engine) -> None:
    assert told(engine, ACCEPTED, OVERRIDDEN) == {MATTER: Answer("overridden", "need-more-info", "moderate")}


def test_orders_with_one_cause_are_answered_each_for_itself(engine: Engine) -> None:
    second = Feedback("card-2", "panel", "overridden", NOW, "patient-ineligible")
    given = {
        MATTER: Answer("accepted", "", "moderate"),
        OTHER: Answer("overridden", "patient-ineligible", "moderate"),
    }
    assert told(engine, ACCEPTED, second) == given


def test_what_was_answered_about_nobody_known_is_nobodys(engine: Engine) -> None:
    assert told(engine, replace(ACCEPTED, card="card-3"), about="") == {}


def test_an_answer_does_not_hold_for_ever(engine: Engine) -> None:
    assert told(engine, ACCEPTED, since=NOW + timedelta(seconds=1)) == {}


def test_what_another_institution_answered_is_not_told(engine: Engine) -> None:
    assert told(engine, ACCEPTED, tenant="elsewhere") == {}


def test_a_matter_that_keeps_its_card_is_known_by_it(engine: Engine) -> None:
    journal = Journal(engine, KeyRing(engine, KEY))
    journal.write(Feedback("risk-1", "panel", "overridden", NOW, "patient-ineligible"))
    assert journal.flush()
    assert of_cards(engine, ["risk-1", "risk-2"], EARLIER) == {"risk-1": Answer("overridden", "patient-ineligible")}
    assert of_cards(engine, ["risk-1"], NOW + timedelta(seconds=1)) == {}
