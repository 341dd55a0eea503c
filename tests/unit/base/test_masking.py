"""Those who need not know who it is see how a name begins and ends, and no more of a number than tells nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base import masking


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("张三", "张*"),
        ("张小三", "张*三"),
        ("欧阳小三丰", "欧***丰"),
        ("三", "*"),
        ("", ""),
        ("  李四 ", "李*"),
        ("Anna Karenina", "A*** K*******"),
    ],
)
def test_names(given_name: str, shown: str) -> None:
    assert masking.name(given_name) == shown


def test_numbers_and_phones() -> None:
    assert masking.number("11010519491231002X") == "1101**********002X"
    assert masking.number("1234567") == "*******"
    assert masking.phone("13812345678") == "138****5678"
    assert masking.phone("0479-8223344") == "**********44"
    assert masking.phone("110") == "***"


def test_addresses_end_with_the_county() -> None:
    assert (
        masking.address("内蒙古自治区锡林郭勒盟锡林浩特市额尔敦路12号3单元") == "内蒙古自治区锡林郭勒盟锡林浩特市****"
    )
    assert masking.address("幸福路5号") == "****"
    assert masking.address("") == ""


@given(st.text(max_size=60))
def test_nothing_longer_than_its_ends_is_told(text: str) -> None:
    shown = masking.number(text)
    assert sum(c != masking.STAR for c in shown) <= 8
    assert len(shown) == len(text.strip())


def test_a_patient_without_what_tells_who_it_is() -> None:
    patient = {
        "resourceType": "Patient",
        "id": "17",
        "text": {"div": "<div>张小三</div>"},
        "name": [{"use": "official", "text": "张小三", "family": "张", "given": ["小三"]}],
        "identifier": [
            {"system": "urn:oid:2.16.156", "value": "11010519491231002X", "assigner": {"display": "公安"}}
        ],
        "telecom": [{"system": "phone", "value": "13812345678"}],
        "address": [{"text": "锡林浩特市额尔敦路12号", "line": ["额尔敦路12号"], "city": "锡林浩特市"}],
        "birthDate": "1949-12-31",
        "gender": "male",
        "contact": [
            {"name": {"text": "王秀英"}, "telecom": [{"value": "13987654321"}], "address": {"text": "幸福路5号"}}
        ],
        "photo": [{"data": "…"}],
    }
    shown = masking.patient(patient)
    told = str(shown)
    for secret in (
        "小三",
        "11010519491231002X",
        "12345678",
        "额尔敦路",
        "12-31",
        "王秀英",
        "87654321",
        "幸福路",
        "…",
    ):
        assert secret not in told
    assert (shown["id"], shown["gender"], shown["birthDate"]) == ("17", "male", "1949")
    assert shown["name"] == [{"use": "official", "text": "张*三"}]
    assert patient["name"][0]["text"] == "张小三", "the original is left alone"  # type: ignore[index]
