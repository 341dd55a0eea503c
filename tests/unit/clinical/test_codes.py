"""Codes of different systems are different things, and a malformed code is never taken for a valid one."""

from __future__ import annotations

import itertools
import pickle
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.codes import (
    Atc,
    Code,
    DrugInsurance,
    HospitalCode,
    Hpo,
    Icd9Cm3,
    Icd10,
    Loinc,
    Oid,
    Snomed,
    code_for,
)

TYPES = [Icd10, Icd9Cm3, Atc, Loinc, Snomed, DrugInsurance, Hpo, Oid]
GOOD: list[tuple[type[Code], str, str]] = [
    (Icd10, "K25", "K25"),
    (Icd10, "k25.001", "K25.001"),
    (Icd10, "I10.X00x002", "I10.x00x002"),
    (Icd10, "E11900", "E11.900"),
    (Icd10, "M54.", "M54"),
    (Icd10, "G01*", "G01"),
    (Icd10, "A17.0†", "A17.0"),
    (Icd10, "Ｋ２５.０", "K25.0"),
    (Icd10, " I20 ", "I20"),
    (Icd10, "M8000/3", "M8000/3"),
    (Icd9Cm3, "47.0100", "47.0100"),
    (Icd9Cm3, "4701", "47.01"),
    (Icd9Cm3, "01.6X00", "01.6x00"),
    (Icd9Cm3, "81.5100x001", "81.5100x001"),
    (Atc, "n02be01", "N02BE01"),
    (Atc, "N", "N"),
    (Loinc, "2160-0", "2160-0"),
    (Snomed, "73211009", "73211009"),
    (DrugInsurance, "XB01AXA223B004010180963", "XB01AXA223B004010180963"),
    (DrugInsurance, "ZA12HAY0771010101463", "ZA12HAY0771010101463"),
    (Hpo, "HP_0001250", "HP:0001250"),
    (Oid, "urn:oid:2.16.156.10011.2.3.3.11", "2.16.156.10011.2.3.3.11"),
]
BAD: list[tuple[type[Code], str]] = [
    (Icd10, ""),
    (Icd10, "胃癌"),
    (Icd10, "250.00"),
    (Icd10, "BNF010"),
    (Icd10, "K2"),
    (Icd10, "K25.0.1"),
    (Icd9Cm3, "K25"),
    (Icd9Cm3, "7"),
    (Atc, "N02B1"),
    (Atc, "N02BE1"),
    (Loinc, "2160"),
    (Snomed, "12345"),
    (Snomed, "0123456"),
    (DrugInsurance, "A01"),
    (DrugInsurance, "X" * 24),
    (Hpo, "HP:123"),
    (Oid, "2"),
    (Oid, "2.16.0156"),
]


@pytest.mark.parametrize(("kind", "text", "value"), GOOD)
def test_a_code_is_brought_to_one_spelling(kind: type[Code], text: str, value: str) -> None:
    assert kind(text).value == value
    assert kind(value).value == value
    assert str(kind(text)) == value


@pytest.mark.parametrize(("kind", "text"), BAD)
def test_a_malformed_code_is_refused_with_the_form_wanted(kind: type[Code], text: str) -> None:
    with pytest.raises(ValueError, match=f"不是{kind.title}编码，应为.*{kind.__name__} wants"):
        kind(text)


def test_a_code_without_a_system_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="code_for"):
        Code("K25")


def test_codes_spelt_alike_in_two_systems_are_not_equal() -> None:
    assert Icd10("A02") != Atc("A02")
    assert len({Icd10("A02"), Atc("A02"), HospitalCode("A02", "h1"), HospitalCode("A02", "h2")}) == 4
    assert Icd10("A02") == Icd10("a02")
    assert Icd10("A02") != "A02"


def test_codes_are_immutable_and_can_be_sent_between_processes() -> None:
    code = Icd10("K25.0")
    with pytest.raises(FrozenInstanceError):
        code.value = "K26"  # type: ignore[misc]
    assert not hasattr(code, "__dict__")
    assert pickle.loads(pickle.dumps(code)) == code


def test_no_two_types_claim_one_system() -> None:
    for one, other in itertools.combinations(TYPES, 2):
        assert not set(one.systems) & set(other.systems)
    assert all(kind.systems and kind.title and kind.form for kind in TYPES)


@pytest.mark.parametrize(
    ("system", "value", "expected"),
    [
        ("http://hl7.org/fhir/sid/icd-10", "K25.0", Icd10("K25.0")),
        ("http://hl7.org/fhir/sid/icd-10-cn", "K25.001", Icd10("K25.001")),
        ("urn:oid:2.16.156.10011.2.3.3.11", "B95.100", Icd10("B95.100")),
        ("2.16.156.10011.2.3.3.11", "B95.100", Icd10("B95.100")),
        ("urn:oid:2.16.156.10011.2.3.3.12", "47.0100", Icd9Cm3("47.0100")),
        ("http://www.whocc.no/atc", "N02BE01", Atc("N02BE01")),
        ("http://loinc.org/", "2160-0", Loinc("2160-0")),
        ("http://snomed.info/sct|20240101", "73211009", Snomed("73211009")),
        ("http://human-phenotype-ontology.org", "HP:0001250", Hpo("HP:0001250")),
        ("http://his.example.cn/drug", " 00123a ", HospitalCode(" 00123a ", "http://his.example.cn/drug")),
    ],
)
def test_a_fhir_coding_becomes_a_typed_code(system: str, value: str, expected: Code) -> None:
    assert code_for(system, value) == expected


def test_a_malformed_code_is_kept_but_not_as_a_code_of_that_system() -> None:
    kept = code_for("http://hl7.org/fhir/sid/icd-10", "胃癌")
    assert kept == HospitalCode("胃癌", "http://hl7.org/fhir/sid/icd-10")
    assert kept is not None
    assert kept.system == "http://hl7.org/fhir/sid/icd-10"


def test_no_value_is_no_code() -> None:
    assert code_for("http://loinc.org", " ") is None
    with pytest.raises(ValueError, match="不能为空"):
        HospitalCode(" ", "h1")


def test_the_system_we_send_is_the_official_one() -> None:
    assert Icd10("K25").system == "http://hl7.org/fhir/sid/icd-10"
    assert Atc("N").system == "http://www.whocc.no/atc"


@pytest.mark.parametrize(
    ("code", "ranges", "expected"),
    [
        ("K25", "K25-K28", True),
        ("K28.900x001", "K25-K28", True),
        ("K29.0", "K25-K28", False),
        ("K24.9", "K25-K28", False),
        ("I20.0", "K25-K28;I20", True),
        ("I20.0", "K25-K28、I20", True),
        ("I21", "K25-K28 I20", False),
        ("J45.001", "J45.0-J45.1", True),
        ("J45.9", "J45.0-J45.1", False),
        ("J45", "J45.0", False),  # the category says less than J45.0
        ("I10.x00x002", "I10", True),
        ("I10.x00x002", "I10.X00", True),
        ("D48.9", "C00-D48", True),
        ("D49", "C00-D48", False),
        ("C34.9", "C", True),
        ("M8000/3", "M80-M82", False),  # morphology of a tumour is not osteoporosis
    ],
)
def test_icd10_ranges_and_prefixes(code: str, ranges: str, expected: bool) -> None:
    assert Icd10(code).within(ranges) is expected


@pytest.mark.parametrize("ranges", ["", " ; ", "胃癌", "K28-K25", "K25-", "-K28", "25-28", "K25--K28"])
def test_a_range_that_is_none_is_refused(ranges: str) -> None:
    with pytest.raises(ValueError, match="K25-K28;I20"):
        Icd10("K25").within(ranges)


def test_categories() -> None:
    assert Icd10("K25.001").category == "K25"
    assert Icd10("M8000/3").category == "M8000/3"


def test_atc_levels() -> None:
    paracetamol = Atc("N02BE01")
    chain = [paracetamol]
    while (parent := chain[-1].parent) is not None:
        chain.append(parent)
    assert [code.value for code in chain] == ["N02BE01", "N02BE", "N02B", "N02", "N"]
    assert [code.level for code in chain] == [5, 4, 3, 2, 1]
    assert all(paracetamol.within(code) for code in chain)
    assert not Atc("N02").within(paracetamol)


def test_insurance_codes_of_products_and_of_general_names() -> None:
    assert DrugInsurance("XB01AXA223B004010180963").is_product
    assert not DrugInsurance("XB01AXA223B0").is_product
    assert DrugInsurance("ZA12HAY0771010101463").is_product


SYSTEMS = [system for kind in TYPES for system in kind.systems]


@given(st.one_of(st.sampled_from(SYSTEMS), st.text(max_size=30)), st.text(max_size=30))
def test_any_coding_can_be_read_and_is_never_lost(system: str, value: str) -> None:
    code = code_for(system, value)
    if code is None:
        assert not value.strip()
    elif isinstance(code, HospitalCode):
        assert (code.value, code.namespace) == (value, system)
    else:
        assert type(code)(code.value) == code


letters_and_digits = st.from_regex(r"[A-Z][0-9]{2}(\.[0-9]{1,3})?", fullmatch=True)


@given(letters_and_digits, letters_and_digits)
def test_a_code_lies_within_itself_and_between_its_neighbours(one: str, other: str) -> None:
    low, high = sorted([one, other], key=lambda code: code.replace(".", ""))
    assert Icd10(low).within(low)
    assert Icd10(low).within(f"{low}-{high}")
    assert Icd10(high).within(f"{low}-{high}")
    assert Icd10(high).within(Icd10(high).category)
