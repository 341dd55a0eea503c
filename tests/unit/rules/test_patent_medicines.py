"""What is in a patent medicine counts as if it were ordered by itself: western ingredients of the label and
toxic herbs reach the interaction, duplicate, dose and contraindication families."""

from __future__ import annotations

from typing import Any

import pytest

from base.plugins import discover
from clinical.finding import Finding, Severity
from knowledge.model import ConceptKind
from knowledge.snapshot import Snapshot
from records.terminology import Terminology
from rules.model import Family
from tests.case_tables import reviewed

FAMILIES = discover("rules.families", "FAMILY", Family)


def _order(number: int, text: str, dose: float, unit: str, frequency: str, route: str = "口服") -> dict[str, Any]:
    return {"id": f"o{number}", "text": text, "dose": dose, "unit": unit, "route": route, "frequency": frequency}


def _said(snapshot: Snapshot, family: str, *orders: dict[str, Any], **patient: Any) -> list[Finding]:
    about = {"id": "P", "sex": "男", "birthDate": "1965-06-01", "medications": [], "weightKg": 65, **patient}
    answer = reviewed(snapshot, FAMILIES[family], {"patient": about, "orders": list(orders)})
    assert not answer.faults
    return list(answer.findings)


def _says(findings: list[Finding], *words: str, least: Severity = Severity.MODERATE) -> bool:
    return any(all(w in f.summary + f.detail for w in words) and f.severity.rank >= least.rank for f in findings)


DUPLICATES = [
    ("消渴丸", "格列本脲片", "格列本脲"),
    ("感冒灵颗粒", "对乙酰氨基酚片", "对乙酰氨基酚"),
    ("维C银翘片", "酚麻美敏片", "对乙酰氨基酚"),
    ("感冒清胶囊", "马来酸氯苯那敏片", "氯苯那敏"),
    ("新癀片", "吲哚美辛肠溶片", "吲哚美辛"),
    ("珍菊降压片", "氢氯噻嗪片", "氢氯噻嗪"),
    ("复方罗布麻片", "盐酸异丙嗪片", "异丙嗪"),
    ("鼻炎康片", "马来酸氯苯那敏片", "氯苯那敏"),
    ("咳特灵胶囊", "马来酸氯苯那敏片", "氯苯那敏"),
    ("菊蓝抗流感片", "阿司匹林肠溶片", "阿司匹林"),
]


@pytest.mark.parametrize(("patent", "western", "ingredient"), DUPLICATES, ids=[d[0] for d in DUPLICATES])
def test_a_western_ingredient_of_a_patent_medicine_is_a_duplicate(
    snapshot: Snapshot, patent: str, western: str, ingredient: str
) -> None:
    orders = (_order(1, patent, 1, "片", "tid"), _order(2, western, 1, "片", "tid"))
    assert _says(_said(snapshot, "duplicate-therapy", *orders), ingredient, patent, least=Severity.MAJOR)


def test_two_sulfonylureas_one_of_them_in_a_patent_medicine(snapshot: Snapshot) -> None:
    orders = (_order(1, "消渴丸", 5, "丸", "tid"), _order(2, "格列美脲片", 2, "mg", "qd"))
    assert _says(_said(snapshot, "duplicate-therapy", *orders), "消渴丸", "格列美脲")


def test_paracetamol_of_a_granule_adds_to_the_tablets_of_the_day(snapshot: Snapshot) -> None:
    orders = (_order(1, "感冒灵颗粒", 1, "袋", "tid"), _order(2, "对乙酰氨基酚片", 1, "g", "qid"))
    findings = _said(snapshot, "dose", *orders)
    assert _says(findings, "对乙酰氨基酚", "合计")


def test_glibenclamide_of_the_pills_is_held_against_its_greatest_dose(snapshot: Snapshot) -> None:
    """Ten pills three times a day hold 7.5 mg of glibenclamide, forty hold 30 mg."""
    assert not _said(snapshot, "dose", _order(1, "消渴丸", 10, "丸", "tid"))
    assert _says(_said(snapshot, "dose", _order(1, "消渴丸", 40, "丸", "tid")), "格列本脲")


def test_ethanol_of_huoxiang_zhengqi_shui_meets_a_cephalosporin(snapshot: Snapshot) -> None:
    taking = [_order(9, "注射用头孢哌酮钠舒巴坦钠", 3, "g", "q12h", "静脉滴注")]
    findings = _said(snapshot, "interaction", _order(1, "藿香正气水", 10, "ml", "bid"), medications=taking)
    assert _says(findings, "乙醇")
    assert not _said(snapshot, "interaction", _order(1, "藿香正气口服液", 10, "ml", "bid"), medications=taking)


def test_indometacin_of_a_patent_medicine_meets_warfarin(snapshot: Snapshot) -> None:
    orders = (_order(1, "新癀片", 3, "片", "tid"), _order(2, "华法林钠片", 3, "mg", "qd"))
    assert _says(_said(snapshot, "interaction", *orders), "吲哚美辛", "华法林")


def test_ginkgo_leaves_stay_the_extract_that_interactions_name(snapshot: Snapshot) -> None:
    assert _contents(snapshot, "银杏叶片") == {"银杏叶提取物"}


def test_a_formula_of_western_and_chinese_parts_names_both(snapshot: Snapshot) -> None:
    assert {"格列本脲", "黄芪", "天花粉"} <= _contents(snapshot, "消渴丸")
    assert {"罂粟壳", "氯化铵"} <= _contents(snapshot, "止咳宝片")
    assert {"麻黄", "甘草"} <= _contents(snapshot, "苦甘颗粒")
    assert {"乙醇", "生半夏"} <= _contents(snapshot, "藿香正气水")


def _contents(snapshot: Snapshot, text: str) -> set[str]:
    names = Terminology(snapshot)
    return {snapshot.name(i.concept) for i in names.drug(text, ()).ingredients}


AS_WRITTEN = """
制川乌 3g 先煎|炙甘草|炒白术|麸炒枳壳|附子(黑顺片)|法半夏9g|酒大黄 6g|生龙骨 30g|三七粉|全瓜蒌|丹皮|焦三仙|连花清瘟胶囊
复方丹参滴丸|速效救心丸|六味地黄丸(浓缩丸)|云南白药胶囊|小活络丸|安宫牛黄丸|牛黄解毒片|血府逐瘀口服液|参麦注射液
注射用血塞通(冻干)|扎冲十三味丸|嘎日迪五味丸|珍宝丸|六味安消胶囊|雷公藤多苷片|感冒清片|尪痹颗粒
"""


@pytest.mark.parametrize("text", AS_WRITTEN.strip().replace("\n", "|").split("|"))
def test_names_resolve_as_hospitals_write_them(snapshot: Snapshot, text: str) -> None:
    assert _contents(snapshot, text)


def test_every_toxic_herb_of_the_pharmacopoeia_is_there(snapshot: Snapshot) -> None:
    herbs = [c for c in snapshot.concepts() if c.kind is ConceptKind.INGREDIENT and c.attributes.get("herb")]
    toxic = [
        c for c in herbs if snapshot.ancestors(c.id) & {"drug-class:toxic-herb", "drug-class:slightly-toxic-herb"}
    ]
    assert len(toxic) >= 83
    assert len(herbs) >= 300
