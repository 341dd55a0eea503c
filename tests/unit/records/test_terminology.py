"""Names as hospitals write them become the right concepts; what does not is said so."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.coded import Coded, Origin
from clinical.codes import code_for
from clinical.logic import UNKNOWN
from clinical.order import Order, OrderKind
from clinical.patient import Observation, PatientContext
from clinical.quantity import Quantity
from knowledge.compile import Content, compile_release
from knowledge.model import Concept, ConceptKind, Predicate, Standing, Statement
from knowledge.snapshot import Snapshot
from nlp.drug_text import may_be_maker, read_drug, readings
from records.terminology import Terminology
from tests.unit.rules.test_engine_and_states import NOW

ICD10 = "http://hl7.org/fhir/sid/icd-10"


@pytest.fixture(scope="module")
def terminology(snapshot: Snapshot) -> Terminology:
    return Terminology(snapshot)


@pytest.mark.parametrize(
    ("text", "ingredients"),
    [
        ("盐酸二甲双胍缓释片(Ⅱ)", {"二甲双胍"}),
        ("注射用头孢哌酮钠舒巴坦钠", {"头孢哌酮", "舒巴坦"}),
        ("拜新同", {"硝苯地平"}),
        ("阿莫西林胶囊 0.25g*24粒", {"阿莫西林"}),
        ("阿莫西林胶囊0.25g×24粒/盒", {"阿莫西林"}),
        ("［上海信谊］硝苯地平控释片（拜新同）30mg×7片", {"硝苯地平"}),
        ("（甲）氯化钾缓释片", {"氯化钾"}),
        ("△阿司匹林肠溶片", {"阿司匹林"}),
        ("左氧氟沙星氯化钠注射液100ml:0.5g", {"左氧氟沙星"}),
        ("０．９％氯化钠注射液", {"氯化钠"}),
        ("5%葡萄糖注射液 250ml", {"葡萄糖"}),
        ("北京斯利安盐酸二甲双胍片", {"二甲双胍"}),
        ("天津力生制药 吲达帕胺片", {"吲达帕胺"}),
        ("维生素B6片", {"维生素B6"}),
        ("单硝酸异山梨酯缓释片", {"单硝酸异山梨酯"}),
        ("苯磺酸氨氯地平片", {"氨氯地平"}),
        ("克拉霉素片 0.25g*6片", {"克拉霉素"}),
        ("感康", {"对乙酰氨基酚", "金刚烷胺", "咖啡因", "氯苯那敏"}),
        ("芬必得", {"布洛芬"}),
        ("芬必得酚咖片", {"对乙酰氨基酚", "咖啡因"}),
        ("克赛 6000AxaIU", {"依诺肝素"}),
        ("依诺肝素钠注射液6000AxaIU", {"依诺肝素"}),
    ],
)
def test_drug_texts(terminology: Terminology, text: str, ingredients: set[str]) -> None:
    found = {terminology.snapshot.name(i.concept) for i in terminology.drug(text, ()).ingredients}
    assert ingredients <= found, found
    assert len(found) <= len(ingredients) + 1, found


@pytest.mark.parametrize(
    "text",
    ["并不存在的药片", "片", "123", "喉舒宁胶囊", "海神联盛苦参碱氯化钠注射液", "新药左氧氟沙星克", ""],
)
def test_what_is_not_understood_is_nothing_and_not_a_guess(terminology: Terminology, text: str) -> None:
    assert terminology.drug(text, ()).concepts == ()


def test_a_chemical_prefix_is_never_taken_for_a_maker() -> None:
    assert not may_be_maker("左")
    assert not may_be_maker("去甲")
    assert not may_be_maker("上海复方")
    assert may_be_maker("天津力生制药")


def test_a_dropped_maker_is_said(terminology: Terminology) -> None:
    order = Order("o1", OrderKind.DRUG, Coded("天津力生制药吲达帕胺片"))
    _, (resolved,), missing = terminology.resolve(PatientContext("p", NOW), (order,))
    assert resolved.ingredients
    assert [(m.reason, m.understood) for m in missing] == [("按生产企业等略去“天津力生制药”", "吲达帕胺")]


def test_strength_and_form_come_from_the_text(terminology: Terminology) -> None:
    found = terminology.drug("阿莫西林胶囊 0.25g*24粒", ())
    assert found.form == "胶囊"
    (only,) = found.ingredients
    assert str(only.amount) in ("0.25 g", "0.25g")


def test_a_compound_brings_the_amounts_of_its_ingredients(terminology: Terminology) -> None:
    amounts = {terminology.snapshot.name(i.concept): str(i.amount) for i in terminology.drug("感康", ()).ingredients}
    assert amounts["对乙酰氨基酚"].replace(" ", "") == "250mg"


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("心房颤动", "", "心房颤动"),
        ("房颤", "", "心房颤动"),
        ("", "I48.900", "心房颤动"),
        ("心房颤动(持续性)", "", "心房颤动"),
        ("类风湿关节炎活动期", "", "类风湿关节炎"),
        ("NSTEMI", "", "急性心肌梗死"),
    ],
)
def test_diagnoses(terminology: Terminology, text: str, code: str, expected: str) -> None:
    codes = (code_for(ICD10, code),) if code else ()
    found = {terminology.snapshot.name(c) for c in terminology.disease(Coded(text, codes))}
    assert expected in found


@pytest.mark.parametrize(
    "text", ["否认心房颤动", "心房颤动家族史", "心房颤动？", "排除心房颤动", "某种怪病", "NSAIDs相关性溃疡", "asdf"]
)
def test_what_the_patient_does_not_have_is_no_diagnosis(terminology: Terminology, text: str) -> None:
    assert terminology.disease(Coded(text)) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("青霉素过敏", "青霉素类"),
        ("对青霉素类药物过敏", "青霉素类"),
        ("头孢", "头孢菌素类"),
        ("青霉素、磺胺", "磺胺类"),
        ("阿莫西林胶囊", "阿莫西林"),
    ],
)
def test_allergies(terminology: Terminology, text: str, expected: str) -> None:
    assert expected in {terminology.snapshot.name(c) for c in terminology.allergen(Coded(text))}


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("血钾", OrderKind.LAB, "lab:potassium"),
        ("糖化血红蛋白测定", OrderKind.LAB, "lab:hba1c"),
        ("胸部CT", OrderKind.EXAM, ""),
        ("肌酐(血清)", OrderKind.LAB, "lab:creatinine"),
    ],
)
def test_tests_and_examinations(terminology: Terminology, text: str, kind: OrderKind, expected: str) -> None:
    order = Order("o", kind, Coded(text))
    _, (resolved,), missing = terminology.resolve(PatientContext("p", NOW), (order,))
    assert not missing
    assert not expected or expected in resolved.what.concepts


def test_an_order_without_category_is_what_its_name_says(terminology: Terminology) -> None:
    order = Order("o", OrderKind.OTHER, Coded("血常规"))
    _, (resolved,), _ = terminology.resolve(PatientContext("p", NOW), (order,))
    assert resolved.kind is OrderKind.LAB


def test_unknown_lists_stay_unknown(terminology: Terminology) -> None:
    patient, _, _ = terminology.resolve(PatientContext("p", NOW), ())
    assert patient.conditions is UNKNOWN
    assert patient.medications is UNKNOWN


def test_everything_unmapped_is_listed_with_its_reference(terminology: Terminology) -> None:
    orders = (
        Order("o1", OrderKind.DRUG, Coded("怪药")),
        Order("o2", OrderKind.LAB, Coded("怪检验")),
        Order("o3", OrderKind.DRUG, Coded()),
    )
    _, _, missing = terminology.resolve(PatientContext("p", NOW), orders)
    assert [(m.reference, m.text) for m in missing] == [("o1", "怪药"), ("o2", "怪检验"), ("o3", "")]


@given(st.text(max_size=40) | st.text("0123456789.*×()（）[]片胶囊注射液mg克钠盐酸 ⅡⅠ", max_size=30))
@settings(max_examples=400, deadline=None)
def test_reading_a_drug_text_never_fails_and_never_invents(text: Any) -> None:
    parts = read_drug(text)
    assert all(name for name, _ in readings(parts.stem)) or not parts.stem


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("全腹部CT增强扫描", "腹部CT增强"),
        ("肝脏磁共振增强扫描(钆双胺)", "腹部MRI增强"),
        ("腰椎磁共振平扫", "腰椎MRI"),
        ("立位腹部平片", "腹部X线"),
        ("18F-FDG PET-CT全身显像", "PET-CT"),
    ],
)
def test_imaging_in_other_words_is_the_same_imaging(terminology: Terminology, text: str, name: str) -> None:
    (found,) = terminology.measurable(Coded(text), ConceptKind.EXAM)
    assert terminology.snapshot.name(found) == name


def test_blood_is_known_by_its_kind_whatever_group_it_is_ordered_in(terminology: Terminology) -> None:
    (found,) = terminology.measurable(Coded("A型RhD阳性 去白细胞悬浮红细胞"), ConceptKind.BLOOD_PRODUCT)
    assert terminology.snapshot.name(found) == "悬浮红细胞"


BOUGHT = Concept("product:bought", ConceptKind.PRODUCT, "甲乙宁", standing=Standing.SECONDARY)
ROUND = Concept("product:round", ConceptKind.PRODUCT, "回环宁", standing=Standing.SECONDARY)


@pytest.fixture(scope="module")
def with_a_dictionary(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Terminology:
    """The starter content and a dictionary of brands, which says of a brand what products it may be."""
    brand = Concept("product:brand-x", ConceptKind.PRODUCT, "舒普深", standing=Standing.SECONDARY)
    said = [
        (brand.id, "product:cefoperazone-sulbactam"),
        (BOUGHT.id, "product:amoxicillin-sulbactam"),
        (BOUGHT.id, "product:amoxicillin-sulbactam-pivoxil"),
        (ROUND.id, BOUGHT.id),
        (ROUND.id, ROUND.id),
    ]
    contains = [
        Statement(f"x{n}", brand, Predicate.CONTAINS, product, standing=Standing.SECONDARY)
        for n, (brand, product) in enumerate(said)
    ]
    path = tmp_path_factory.mktemp("brands") / "brands.ygr"
    content = Content(
        [*snapshot.concepts(), brand, BOUGHT, ROUND],
        [*snapshot.all_statements(), *contains],
        sources=list(snapshot.sources()),
    )
    compile_release(content, path)
    return Terminology(Snapshot(path, "brands"))


@pytest.mark.parametrize(
    ("text", "concept", "ingredients"),
    [
        # what we wrote ourselves comes before the dictionary's brand of the same name
        ("舒普深", "product:cefoperazone-sulbactam", {"头孢哌酮", "舒巴坦"}),
        # of a brand that may be either of two products only what both hold is certain
        ("甲乙宁", BOUGHT.id, {"阿莫西林"}),
        ("回环宁", ROUND.id, {"阿莫西林"}),
    ],
)
def test_a_dictionary_of_brands_takes_no_understood_drug_away(
    with_a_dictionary: Terminology, text: str, concept: str, ingredients: set[str]
) -> None:
    found = with_a_dictionary.drug(text, ())
    assert found.concepts == (concept,)
    assert {with_a_dictionary.snapshot.name(i.concept) for i in found.ingredients} == ingredients


@pytest.mark.parametrize(
    ("text", "value", "unit", "kept"),
    [
        ("血肌酐", 0, "umol/L", False),
        ("血肌酐", 1.2, "mg/dL", True),
        ("血肌酐", 120, "mg/dL", False),
        ("血钾", 0, "mmol/L", False),
        ("血钾", 6.8, "mmol/L", True),
        ("血钠", 1.4, "mmol/L", False),
        ("体重", 0, "kg", False),
        ("体重", 65000, "g", True),
        ("身高", 1.7, "cm", False),
        # what may well be nothing, or is not measured in a unit we can compare, is left alone
        ("白细胞计数", 0, "10*9/L", True),
        ("血肌酐", 0, "U/L", True),
    ],
)
def test_a_result_nobody_can_have_is_not_used_and_listed(
    terminology: Terminology, text: str, value: float, unit: str, kept: bool
) -> None:
    told = Observation(Coded(text), Quantity(value, unit), Origin("Observation/1", NOW))
    patient, _, missing = terminology.resolve(PatientContext("p", NOW, observations=(told,)), ())
    assert isinstance(patient.observations, tuple)
    assert bool(patient.observations) is kept
    assert [m.reference for m in missing] == ([] if kept else ["Observation/1"])


def test_a_result_from_the_future_gives_way_to_an_earlier_one(terminology: Terminology) -> None:
    future = Observation(Coded("血钾"), Quantity(4.0, "mmol/L"), Origin("Observation/2", NOW + timedelta(days=400)))
    known = Observation(Coded("血钾"), Quantity(6.1, "mmol/L"), Origin("Observation/1", NOW))
    patient, _, missing = terminology.resolve(PatientContext("p", NOW, observations=(future, known)), ())
    assert isinstance(patient.observations, tuple)
    assert [o.origin.reference for o in patient.observations] == ["Observation/1"]
    assert [(m.reference, m.reason) for m in missing] == [("Observation/2", "时间晚于当前，未采用")]


@pytest.mark.parametrize(
    ("born", "years"),
    [
        (date(2026, 11, 25), UNKNOWN),
        (date(2026, 11, 24), 0),
        (date(1904, 1, 1), 122),
        # what systems write for no date
        (date(1900, 1, 1), UNKNOWN),
        (date(1753, 1, 1), UNKNOWN),
    ],
)
def test_a_birth_date_that_cannot_be_right_is_unknown(born: date, years: object) -> None:
    patient = PatientContext("p", NOW, birth_date=born)
    assert patient.age_years() == years
    assert (patient.age_days() == UNKNOWN) is (years == UNKNOWN)
