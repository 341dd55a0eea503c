"""Who somebody is, as written down: identity cards that cannot be right, dates known in part, what a message left out."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.patient import Sex
from clinical.person import (
    Card,
    CardKind,
    Demographics,
    Document,
    DocumentKind,
    IdCardError,
    check_digit,
    filled,
    id_card,
    partial_date,
)

BODIES = st.builds(
    lambda region, born, order: f"{region}{born:%Y%m%d}{order:03}",
    st.sampled_from(("110105", "152501", "150121", "810000", "931840")),
    st.dates(date(1900, 1, 1), date(2026, 11, 1)),
    st.integers(0, 999),
)


def test_the_card_of_the_standard_says_birth_sex_and_region() -> None:
    card = id_card("11010519491231002X")
    assert (card.birth, card.sex, card.region) == (date(1949, 12, 31), Sex.FEMALE, "110105")


@pytest.mark.parametrize(
    "text",
    ["11010519491231002x", " 110105 19491231 002X ", "１１０１０５１９４９１２３１００２Ｘ", "110105491231002"],
)
def test_width_blanks_small_letters_and_old_cards_do_not_matter(text: str) -> None:
    assert id_card(text).number == "11010519491231002X"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "18 位"),
        ("无", "18 位"),
        ("110105194912310021", "校验位"),
        ("000000000000000000", "18 位"),
        ("١١٠١٠٥١٩٤٩١٢٣١٠٠٢٣", "18 位"),
        ("11010519490231002" + check_digit("11010519490231002"), "有效日期"),
        ("99010519491231002" + check_digit("99010519491231002"), "行政区划"),
        ("11111111111111111" + check_digit("11111111111111111"), "日期|过早"),
    ],
)
def test_what_is_no_card_says_why_and_never_repeats_the_number(text: str, why: str) -> None:
    with pytest.raises(IdCardError, match=why) as error:
        id_card(text)
    assert not text or text not in str(error.value)


@given(BODIES)
def test_every_card_reads_as_what_it_was_made_of(body: str) -> None:
    card = id_card(body + check_digit(body))
    assert (f"{card.birth:%Y%m%d}", card.sex is Sex.MALE) == (body[6:14], int(body[16]) % 2 == 1)


@given(BODIES, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(body: str, place: int, more: int) -> None:
    wrong = body[:place] + str((int(body[place]) + more) % 10) + body[place + 1 :]
    with pytest.raises(IdCardError):
        id_card(wrong + check_digit(body))


@given(st.text(max_size=20))
def test_no_text_breaks_the_reader(text: str) -> None:
    with contextlib.suppress(IdCardError):
        assert len(id_card(text).number) == 18


def test_the_household_register_stands_in_for_a_missing_card() -> None:
    number = "11010519491231002X"
    wrong = Document(DocumentKind.ID_CARD, "123")
    assert Demographics(documents=(wrong,)).id_card() is None
    found = Demographics(documents=(wrong, Document(DocumentKind.HOUSEHOLD, number))).id_card()
    assert found is not None
    assert found.number == number


@pytest.mark.parametrize("text", ["1980", "1980-02", "1980-02-29"])
def test_dates_may_be_known_in_part(text: str) -> None:
    assert partial_date(text) == text


@pytest.mark.parametrize("text", ["", "80", "1980-13", "1981-02-29", "1980-2-9", "1980/02/09", "19800209"])
def test_dates_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        partial_date(text)


def test_what_a_message_leaves_out_is_not_taken_back() -> None:
    older = Demographics(name="张三", sex=Sex.MALE, phones=("13512340001",), birth="1980-05-12")
    newer = filled(Demographics(name="张叁", phones=("13512340002",)), older)
    assert newer == Demographics(name="张叁", sex=Sex.MALE, phones=("13512340002",), birth="1980-05-12")


def test_a_message_with_one_card_takes_no_other_card_away_and_replaces_its_own() -> None:
    visit, insurance = Card(CardKind.VISIT, "17"), Card(CardKind.INSURANCE, "15012345")
    passport = Document(DocumentKind.PASSPORT, "E1234567")
    older = Demographics(cards=(visit, insurance), documents=(passport,))
    newer = filled(Demographics(cards=(Card(CardKind.VISIT, "18"),)), older)
    assert newer.cards == (Card(CardKind.VISIT, "18"), insurance)
    assert newer.documents == (passport,)
