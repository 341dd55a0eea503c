"""What hospitals send as Patient is read as who somebody is, and written back saying the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.logic import UNKNOWN
from clinical.patient import Sex
from clinical.person import Card, CardKind, Demographics, Document, DocumentKind
from exchange.fhir.person import demographics, patient
from exchange.fhir.values import ReadError

WORDS = st.text("甲乙丙丁张王李明华·1289", min_size=1, max_size=8)
CARDS = st.builds(
    lambda kind, number, issuer: Card(kind, number, issuer if kind is CardKind.VISIT else ""),
    st.sampled_from(CardKind),
    st.from_regex(r"[A-Z0-9]{6,12}", fullmatch=True),
    st.sampled_from(("", "urn:oid:1.2.3", "league/h1")),
)
PEOPLE = st.builds(
    Demographics,
    name=WORDS,
    sex=st.sampled_from((Sex.MALE, Sex.FEMALE, UNKNOWN)),
    birth=st.sampled_from(("", "1980", "1980-05", "1980-05-12")),
    documents=st.lists(
        st.builds(
            Document,
            st.sampled_from([k for k in DocumentKind if k is not DocumentKind.OTHER]),
            st.from_regex(r"[A-Z0-9]{6,18}", fullmatch=True),
        ),
        max_size=2,
    ).map(tuple),
    cards=st.lists(CARDS, max_size=3).map(tuple),
    phones=st.lists(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), max_size=2).map(tuple),
    address=st.sampled_from(("", "锡盟安定县城关镇文化路1号")),
    registered_address=st.sampled_from(("", "安定县前河村2组3号")),
    ethnicity=st.sampled_from(("", "蒙古族")),
    blood_abo=st.sampled_from(("", "AB")),
    contact_name=st.sampled_from(("", "王芳")),
    contact_phone=st.sampled_from(("", "13512345678")),
    multiple_birth=st.integers(0, 2),
    deceased=st.sampled_from(("", "true", "2026-01-02")),
)


@given(PEOPLE)
def test_what_is_written_reads_as_the_same_person(given_: Demographics) -> None:
    assert demographics(patient(given_)) == given_


def test_identifiers_are_told_apart_by_system_type_and_word() -> None:
    number = "11010519491231002X"
    found = demographics(
        {
            "resourceType": "Patient",
            "name": [{"use": "old", "text": "张小红"}, {"family": "张", "given": ["红"]}],
            "identifier": [
                {"system": "urn:oid:2.16.156.10011.1.3", "value": number},
                {"type": {"coding": [{"code": "PPN"}]}, "value": "E12345678"},
                {"type": {"text": "医保电子凭证"}, "value": "15012345"},
                {"system": "urn:oid:1.2.156.99.1", "value": "MR0001"},
                {"value": "what is this"},
                {"use": "old", "value": number},
            ],
            "telecom": [{"system": "phone", "value": "13512345678"}, {"system": "email", "value": "a@b.c"}],
            "address": [{"city": "锡林浩特市", "line": ["文化路1号"]}],
            "extension": [{"url": "http://hl7.org.cn/fhir/StructureDefinition/ethnicity", "valueString": "蒙古族"}],
        }
    )
    assert (found.name, found.other_names) == ("张红", ("张小红",))
    assert found.documents == (Document(DocumentKind.ID_CARD, number), Document(DocumentKind.PASSPORT, "E12345678"))
    assert found.cards == (
        Card(CardKind.INSURANCE, "15012345"),
        Card(CardKind.VISIT, "MR0001", "urn:oid:1.2.156.99.1"),
    )
    assert (found.phones, found.address, found.ethnicity) == (("13512345678",), "锡林浩特市文化路1号", "蒙古族")


def test_an_identity_card_that_says_nothing_of_itself_is_known_by_its_check_digit() -> None:
    found = demographics(
        {"resourceType": "Patient", "identifier": [{"system": "urn:x", "value": "11010519491231002X"}]}
    )
    assert found.documents[0].kind is DocumentKind.ID_CARD


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"birthDate": "1980-02-30"}, "birthDate"),
        ({"name": "张三"}, "name"),
        ({"identifier": [{"value": 7}]}, "identifier"),
    ],
)
def test_a_misshapen_field_is_named_without_its_value(wrong: dict[str, object], path: str) -> None:
    with pytest.raises(ReadError, match=path) as error:
        demographics({"resourceType": "Patient"} | wrong)
    assert "张三" not in str(error.value)


def test_other_and_unknown_gender_are_unknown() -> None:
    for gender in ("other", "unknown", ""):
        assert demographics({"resourceType": "Patient", "gender": gender}).sex is UNKNOWN
