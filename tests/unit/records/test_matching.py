"""When two descriptions mean one person, when somebody must look, and when they are different people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.patient import Sex
from clinical.person import Card, CardKind, Demographics, Document, DocumentKind, check_digit
from records.births import birth_of, births
from records.judging import Judged, Relation, Rule, Someone, judge
from records.matching import DEFAULT, WeightsError, compare, installed
from records.names import Likeness, likeness, name_of, prior_share
from records.profiles import MOST_BLOCKS, blocks, profile

HOSPITAL = "league/county/hospital"


def card(born: str, order: int, region: str = "152501") -> str:
    body = f"{region}{born.replace('-', '')}{order:03}"
    return body + check_digit(body)


def person(name: str = "张伟", born: str = "1980-05-12", **more: Any) -> Demographics:
    more.setdefault("sex", Sex.MALE)
    if number := more.pop("card", ""):
        more["documents"] = (Document(DocumentKind.ID_CARD, number),)
    if phone := more.pop("phone", ""):
        more["phones"] = (phone,)
    return Demographics(name=name, birth=born, **more)


def judged(new: Demographics, *known: Demographics, persons: int = 1_000_000) -> list[Judged]:
    there = [Someone(number, number, profile(one, HOSPITAL)) for number, one in enumerate(known, 1)]
    mine = profile(new, HOSPITAL)
    return judge(mine, there, DEFAULT, persons, prior_share(mine.name))


def relation(new: Demographics, known: Demographics) -> tuple[Relation, Rule]:
    found = judged(new, known)
    return (found[0].relation, found[0].rule) if found else (Relation.OTHER, Rule.NOBODY)


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        ("张伟", "张 伟", Likeness.EXACT),
        ("张伟", "张伟(2)", Likeness.EXACT),
        ("巴·苏和", "巴苏和", Likeness.EXACT),
        ("张伟", "伟张", Likeness.SWAPPED),
        ("John Smith", "SMITH, John", Likeness.SWAPPED),
        ("张伟", "张玮", Likeness.SOUND),
        ("张晓明", "Zhang Xiaoming", Likeness.SOUND),
        ("单小红", "善小红", Likeness.SOUND),
        ("刘丽", "牛丽", Likeness.NEAR_SOUND),
        ("王芳", "王方", Likeness.SOUND),
        ("陈洁", "陈浩", Likeness.LOOK),
        ("孟和巴特尔", "孟和巴特", Likeness.PART),
        ("乌云其木格", "乌云其其格", Likeness.ONE),
        ("乌云其木格", "乌云", Likeness.ONE),
        ("李子涵", "李子豪", Likeness.ONE),
        ("李强", "李建国", Likeness.SURNAME),
        ("李强", "王建国", Likeness.DIFFERENT),
        ("无名氏", "张伟", Likeness.MISSING),
        ("王芳之女", "王芳", Likeness.MISSING),
    ],
)
def test_names_are_alike_as_people_write_them(a: str, b: str, alike: Likeness) -> None:
    assert likeness(name_of(a), name_of(b)) is likeness(name_of(b), name_of(a)) is alike


@pytest.mark.parametrize(
    ("text", "mother"),
    [
        ("王芳之女", "王芳"),
        ("王芳之长子", "王芳"),
        ("乌云其木格婴儿", "乌云其木格"),
        ("新生儿", ""),
        ("baby of 王芳", "王芳"),
    ],
)
def test_a_newborn_is_called_after_its_mother(text: str, mother: str) -> None:
    found = name_of(text)
    assert (found.newborn, found.mother, found.units) == (True, mother, ())


@pytest.mark.parametrize("text", ["王子", "张之子", "李贝贝", "王毛毛", "小双"])
def test_names_that_only_look_like_a_newborns_are_names(text: str) -> None:
    assert not name_of(text).newborn


@given(st.text(max_size=12), st.text(max_size=12))
def test_no_name_breaks_the_comparison_and_it_goes_both_ways(a: str, b: str) -> None:
    assert likeness(name_of(a), name_of(b)) is likeness(name_of(b), name_of(a))


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        ("1980-05-12", "1980-05-12", "exact"),
        ("1980-01-01", "1980-01-01", "chosen-day"),
        ("1980-05-12", "1980", "year"),
        ("1980-05-12", "1980-05", "month"),
        ("1980-05-12", "1980-05-21", "typo"),
        ("1980-05-12", "1980-12-05", "typo"),
        ("1980-05-12", "1908-05-12", "typo"),
        ("1955-06-20", "1955-05-01", "near"),
        ("1980", "1981", "near"),
        ("1980-05-12", "1980-11-25", "other-day"),
        ("1980-05-12", "1975-11-25", "different"),
        ("1900-01-01", "1980-05-12", ""),
    ],
)
def test_dates_differ_by_slips_by_calendar_or_truly(a: str, b: str, level: str) -> None:
    assert births(birth_of(a), birth_of(b)) == births(birth_of(b), birth_of(a)) == level


def test_the_same_right_card_and_a_like_name_is_the_same_person_whatever_else_was_mistyped() -> None:
    number = card("1980-05-12", 11)
    known = person(card=number, phone="13512340001", address="文化路1号")
    for new in (
        person("张玮", "1980-05-21", card=number.lower()),
        person("伟张", card=number),
        person("", "", card=number),
    ):
        assert relation(new, known) == (Relation.SAME, Rule.ID_CARD)


def test_a_mothers_card_does_not_make_her_newborn_her() -> None:
    number = card("1990-03-04", 22)
    mother = person("王芳", "1990-03-04", sex=Sex.FEMALE, card=number, phone="13512340001")
    named = person("李小宝", "2026-10-01", card=number, phone="13512340001")
    unnamed = person("王芳之子", "2026-10-01", card=number, phone="13512340001")
    assert relation(named, mother) == (Relation.GREY, Rule.CARD_OF_ANOTHER)
    assert relation(unnamed, mother) == (Relation.GREY, Rule.CARD_OF_ANOTHER)


def test_one_card_and_clearly_another_name_waits_for_somebody() -> None:
    number = card("1980-05-12", 11)
    assert relation(person("赵国强", card=number), person("张伟", card=number)) == (
        Relation.GREY,
        Rule.CARD_OTHER_NAME,
    )


def test_people_with_different_right_cards_are_never_joined_by_a_rule() -> None:
    a = person("欧阳震华", card=card("1980-05-12", 11), phone="13512340001", address="文化路1号")
    b = person("欧阳震华", card=card("1980-05-12", 33), phone="13512340001", address="文化路1号")
    assert relation(a, b) == (Relation.GREY, Rule.CARDS_DIFFER)


def test_somebody_whose_other_record_has_another_card_is_not_joined_by_a_record_without() -> None:
    new = person("欧阳震华", card=card("1980-05-12", 11), phone="13512340001")
    without = person("欧阳震华", phone="13512340001")
    other = person("欧阳震华", card=card("1980-05-12", 33))
    there = [Someone(7, number, profile(one, HOSPITAL)) for number, one in enumerate((without, other), 1)]
    (found,) = judge(profile(new, HOSPITAL), there, DEFAULT, 1_000_000, 1e-7)
    assert (found.relation, found.rule) == (Relation.GREY, Rule.CARDS_DIFFER)


def test_twins_of_one_home_are_not_joined() -> None:
    home = {"phone": "13512340001", "address": "锡盟安定县前河村2组3号"}
    assert (
        relation(person("李子涵", "2015-03-04", **home), person("李子豪", "2015-03-04", **home))[0] is Relation.GREY
    )
    alone = {"address": "锡盟安定县前河村2组3号"}
    sounding = relation(person("李佳琪", "2015-03-04", **alone), person("李佳淇", "2015-03-04", **alone))
    assert sounding == (Relation.GREY, Rule.TWINS)


def test_a_father_and_his_son_who_share_phone_and_home_are_others() -> None:
    home = {"phone": "13512340001", "address": "锡盟安定县前河村2组3号"}
    assert relation(person("李建国", "1960-03-04", **home), person("李强", "1988-07-09", **home))[0] is Relation.OTHER


def test_a_common_name_needs_more_than_a_birthday_and_a_rare_one_does_not() -> None:
    assert relation(person("王伟"), person("王伟"))[0] is Relation.GREY
    assert relation(person("王伟", phone="13512340001"), person("王伟", phone="13512340001"))[0] is Relation.SAME
    assert relation(person("查干巴拉其木格"), person("查干巴拉其木格"))[0] is Relation.SAME


def test_phones_of_the_desk_and_numbers_that_are_none_tell_nothing() -> None:
    empty = profile(
        person("", "", phone="13800000000", cards=(Card(CardKind.HEALTH, "0000000"), Card(CardKind.VISIT, "无"))),
        HOSPITAL,
    )
    assert (empty.phones, empty.cards) == (frozenset(), frozenset())


def test_visit_cards_count_only_where_they_were_issued() -> None:
    given_ = Demographics(name="王伟", cards=(Card(CardKind.VISIT, "100017"),))
    here, there = profile(given_, "league/a"), profile(given_, "league/b")
    assert compare(here, here, DEFAULT, 1000, 1e-4).level("card") == "visit"
    assert compare(here, there, DEFAULT, 1000, 1e-4).level("card") == ""


def test_a_newborn_is_found_again_under_its_name_when_mother_home_and_day_agree() -> None:
    born = person("王芳之女", "2026-10-01", sex=Sex.FEMALE, phone="13512340001")
    later = person("李欣怡", "2026-10-01", sex=Sex.FEMALE, phone="13512340001", contact_name="王芳")
    assert relation(later, born) == (Relation.SAME, Rule.NEWBORN)
    assert (
        relation(later, person("王芳之长女", "2026-10-01", sex=Sex.FEMALE, phone="13512340001"))[0] is Relation.GREY
    )
    stranger = person("李欣怡", "2026-10-01", sex=Sex.FEMALE, phone="13512340001")
    assert relation(stranger, born) == (Relation.GREY, Rule.NEWBORN)


def test_a_newborn_that_could_be_either_of_two_waits_and_two_without_names_wait() -> None:
    born = person("王芳之女", "2026-10-01", sex=Sex.FEMALE, phone="13512340001")
    later = person("李欣怡", "2026-10-01", sex=Sex.FEMALE, phone="13512340001", contact_name="王芳")
    assert [one.relation for one in judged(later, born, born)] == [Relation.GREY, Relation.GREY]
    assert relation(born, born) == (Relation.GREY, Rule.NEWBORN)


def test_nothing_known_matches_nobody() -> None:
    assert judged(Demographics(), Demographics(), person()) == []
    assert blocks(profile(Demographics(), HOSPITAL)) == []


@given(
    st.text("张王李伟芳之女·ab12", max_size=8),
    st.sampled_from(("", "1980", "1980-05", "1980-05-12")),
    st.lists(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), max_size=6),
    st.lists(st.from_regex(r"[0-9A-Z]{5,20}", fullmatch=True), max_size=9),
)
def test_no_description_has_more_blocks_than_there_are_slots(
    name: str, born: str, phones: list[str], numbers: list[str]
) -> None:
    cards = tuple(Card(kind, number) for number in numbers for kind in CardKind)
    documents = tuple(Document(DocumentKind.PASSPORT, number) for number in numbers)
    found = blocks(
        profile(Demographics(name=name, birth=born, phones=tuple(phones), cards=cards, documents=documents), HOSPITAL)
    )
    assert len(found) <= MOST_BLOCKS


def test_weights_of_a_site_change_what_they_name_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "identity.json"
    assert installed(file) == DEFAULT
    file.write_text('{"phone": {"same": 4.5}, "link": 12}')
    found = installed(file)
    assert (found.phone, found.link, found.name) == ({"same": 4.5, "different": -1.0}, 12.0, DEFAULT.name)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('{"phone": {"sam": 1}}', "phone.sam"),
        ('{"idCard": {"x": 1}}', "idCard.x"),
        ('{"lnk": 1}', "lnk"),
        ('{"review": 20}', "link"),
        ("{", "identity.json"),
    ],
)
def test_weights_that_cannot_be_used_name_file_and_field(tmp_path: Path, text: str, names: str) -> None:
    file = tmp_path / "identity.json"
    file.write_text(text)
    with pytest.raises(WeightsError, match=names):
        installed(file)
