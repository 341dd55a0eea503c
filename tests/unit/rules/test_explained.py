"""A review that is asked to explain itself leaves no rule out, and says of each the reason that is true."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from base.plugins import discover
from clinical.coded import Coded, Origin
from clinical.finding import Finding, Outcome, Review, Severity
from clinical.order import Ingredient, Order, OrderKind, OrderStatus
from clinical.patient import Observation, PatientContext, Sex
from clinical.quantity import Quantity
from clinical.value import replace
from knowledge.compile import Content, compile_release
from knowledge.model import Citation, Concept, ConceptKind, Predicate, Rule, Source, Standing, Statement
from knowledge.snapshot import Snapshot
from records.terminology import Terminology
from rules.engine import review
from rules.families import authored
from rules.model import Case, Family
from rules.partial import review_in_part

NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
FAMILIES = discover("rules.families", "FAMILY", Family)
CITED = (Citation("label:x", "【用法用量】"),)
IBUPROFEN, WARFARIN = "ingredient:ibuprofen", "ingredient:warfarin"
SUPPOSITORY = {
    "forms": ["栓剂"],
    "allowed": ["直肠给药"],
    "severity": "major",
    "reason": "剂型",
    "advice": "直肠给药",
}


def drug(concept: str = IBUPROFEN, number: int = 1, status: OrderStatus = OrderStatus.DRAFT) -> Order:
    ingredients = (Ingredient(concept),) if concept else ()
    return Order(f"o{number}", OrderKind.DRUG, Coded(concept or "并不存在的药"), status, ingredients)


LAB = Order("lab", OrderKind.LAB, Coded("血常规", (), ("lab:blood-count",)), OrderStatus.DRAFT)


def silent(**more: Any) -> Family:
    return Family("silent", "沉默", lambda _: (), **more)


def release(path: Path, *rules: Rule, since: str = "") -> Snapshot:
    """Two drugs; of ibuprofen it says how suppositories are given."""
    concepts = [
        Concept(IBUPROFEN, ConceptKind.INGREDIENT, "布洛芬"),
        Concept(WARFARIN, ConceptKind.INGREDIENT, "华法林"),
    ]
    limit = Statement("limit", IBUPROFEN, Predicate.ROUTE_LIMIT, "", SUPPOSITORY, CITED, valid_from=since)
    content = Content(concepts, [limit], rules=list(rules), sources=[Source("label:x", "说明书", "label")])
    compile_release(content, path / "r")
    return Snapshot(path / "r", "r")


def case(snapshot: Snapshot, *orders: Order, focus: str = "", **patient: Any) -> Case:
    context = PatientContext("P-1", NOW, **{"medications": (), **patient})
    return Case(context, orders, snapshot, NOW.date(), frozenset({focus} - {""}), explain=True)


def why(asked: Case, family: Family) -> str:
    (only,) = review(asked, [family]).passed
    assert (only.family, only.rule_id) == (family.name, "")
    return only.reason


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return release(tmp_path_factory.mktemp("small"))


def names(found: Review) -> set[str]:
    said: tuple[Outcome, ...] = (*found.findings, *found.gaps, *found.passed, *found.faults)
    return {one.family for one in said}


@pytest.mark.parametrize("stage", ["", "order-select", "order-sign", "patient-view"])
@pytest.mark.parametrize(
    "texts", [(), ("布洛芬缓释胶囊",), ("并不存在的药",), ("注射用头孢曲松钠", "葡萄糖酸钙注射液")], ids=str
)
def test_no_family_is_left_out_of_an_explained_answer(snapshot: Snapshot, texts: tuple[str, ...], stage: str) -> None:
    drafts = tuple(Order(f"o{n}", OrderKind.DRUG, Coded(text)) for n, text in enumerate(texts))
    patient, orders, _ = Terminology(snapshot).resolve(PatientContext("P-1", NOW, stage=stage), (*drafts, LAB))
    quiet = Case(patient, orders, snapshot, NOW.date())
    explained = review(Case(patient, orders, snapshot, NOW.date(), explain=True), list(FAMILIES.values()))
    assert names(explained) == set(FAMILIES)
    plain = review(quiet, list(FAMILIES.values()))
    assert (explained.findings, explained.gaps) == (plain.findings, plain.gaps)
    assert plain.passed == (), "what is not asked to explain itself does not"


def test_no_orders_of_such_kinds(small: Snapshot) -> None:
    assert why(case(small, drug()), silent(kinds=(OrderKind.LAB,))) == "未评估: 没有该规则所涉及的医嘱类别"


def test_not_at_this_moment_of_care(small: Snapshot) -> None:
    """It was said that there are no such orders, of an order that stood there."""
    at = case(small, drug(), stage="order-select")
    assert why(at, silent(stages=frozenset({"order-sign"}))) == "未评估: 该规则不在当前诊疗环节检查"


def test_knowledge_says_nothing_of_these_drugs(small: Snapshot) -> None:
    told = "未评估: 知识库没有本次医嘱在该规则下的条目"
    assert why(case(small, drug()), silent(reads=(Predicate.DOSE_RANGE,), by_drug=True)) == told
    chosen = case(small, drug(), drug(WARFARIN, 2), focus="o2")
    assert why(chosen, silent(reads=(Predicate.ROUTE_LIMIT,), by_drug=True)) == told, "nothing of the one chosen"


def test_knowledge_of_these_drugs_is_not_in_force_on_that_day(tmp_path: Path) -> None:
    later = release(tmp_path, since="2026-06-01")
    assert why(case(later, drug()), FAMILIES["route"]) == "未评估: 知识库中本次医嘱在该规则下的条目当日不在有效期内"


def test_what_nobody_understood_has_not_passed(small: Snapshot) -> None:
    assert why(case(small, drug("")), FAMILIES["interaction"]) == "未评估: 本次医嘱的名称未被识别"


def test_none_of_the_orders_chosen_is_of_such_kinds(small: Snapshot) -> None:
    chosen = case(small, drug(), LAB, focus="lab")
    assert why(chosen, silent(reads=(Predicate.ROUTE_LIMIT,))) == "未评估: 当前所选医嘱不属于该规则所涉及的类别"


@pytest.mark.parametrize(
    "family", [FAMILIES["route"], FAMILIES["interaction"], silent(kinds=())], ids=lambda f: f.name
)
def test_the_condition_is_not_met(small: Snapshot, family: Family) -> None:
    assert why(case(small, drug()), family) == "未见符合该规则条件的情况"


# -- rules that curators wrote -------------------------------------------------------------------


def rule(condition: str = 'orders("布洛芬")', **more: Any) -> Rule:
    about = {"severity": "moderate", "message": "提示", "citations": CITED, **more}
    return Rule("rule:t", "测试", "authored", condition, **about)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"valid_from": "2026-06-01"}, "未评估: 规则“测试”自2026-06-01起生效，当日尚未生效"),
        ({"valid_to": "2026-05-04"}, "未评估: 规则“测试”已于2026-05-04失效"),
        ({"scope": {"departments": ("心内科", "骨科")}}, "未评估: 规则“测试”仅适用于心内科、骨科，不适用于当前科室"),
        ({"scope": {"stages": ("order-dispatch",)}}, "未评估: 规则“测试”不适用于当前诊疗环节"),
        ({"standing": Standing.UNREVIEWED}, "未评估: 规则“测试”尚未审核，不参与审查"),
        ({"condition": 'orders("华法林")'}, "未评估: 规则“测试”所针对的药品不在本次医嘱中"),
        ({"condition": 'orders("布洛芬") and age_years >= 75'}, "测试: 条件不成立"),
        ({"condition": 'takes("华法林")'}, "测试: 条件成立，但与本次医嘱无关"),
    ],
    ids=["not yet", "no more", "elsewhere", "not now", "unreviewed", "not ordered", "not met", "of what is taken"],
)
def test_a_rule_that_does_not_fire_says_why(tmp_path: Path, written: dict[str, Any], told: str) -> None:
    made = release(tmp_path, rule(**written))
    known: dict[str, Any] = {"department": "儿科", "stage": "order-sign", "birth_date": date(1990, 1, 1)}
    taken = (drug(WARFARIN, 9, OrderStatus.ACTIVE),)
    found = review(case(made, drug(), medications=taken, **known), [authored.FAMILY])
    assert [(p.rule_id, p.reason) for p in found.passed] == [("rule:t", told)]
    assert not found.findings
    assert not found.gaps


def test_a_rule_of_some_departments_says_that_no_department_was_given(tmp_path: Path) -> None:
    made = release(tmp_path, rule(scope={"departments": ("心内科",)}))
    (passed,) = review(case(made, drug()), [authored.FAMILY]).passed
    assert passed.reason == "未评估: 规则“测试”仅适用于心内科，未提供当前科室"


def test_a_rule_in_force_and_in_scope_fires_and_is_not_said_to_have_passed(tmp_path: Path) -> None:
    scope = {"departments": ("心内科",), "stages": ("order-sign",)}
    made = release(tmp_path, rule(valid_from="2026-05-04", valid_to="2026-05-05", scope=scope))
    found = review(case(made, drug(), department="心内科", stage="order-sign"), [authored.FAMILY])
    assert [f.rule_id for f in found.findings] == ["rule:t"]
    assert found.passed == ()


def test_a_release_without_authored_rules_says_so(small: Snapshot) -> None:
    assert why(case(small, drug()), authored.FAMILY) == "未评估: 当前知识版本中没有机构规则"


# -- lists of which only a part is known ---------------------------------------------------------

ELSEWHERE = Origin("league/x/Thing/1", NOW, "乙县中医医院")


def in_part(snapshot: Snapshot, text: str, partial: str, **lists: Any) -> Review:
    sent = PatientContext("P", NOW, Sex.MALE, date(1950, 1, 1), medications=(), allergies=(), conditions=())
    order = Order("o1", OrderKind.DRUG, Coded(text), OrderStatus.DRAFT)
    context, orders, _ = Terminology(snapshot).resolve(replace(sent, **lists), (order,))
    asked = Case(context, orders, snapshot, NOW.date(), explain=True)
    return review_in_part(asked, tuple(FAMILIES.values()), [partial])


@pytest.mark.parametrize("value", [420, 60], ids=["too little", "plenty"])
def test_what_results_of_another_hospital_settle_is_told_and_no_family_vanishes(
    snapshot: Snapshot, value: float
) -> None:
    """Their creatinine makes a check of the kidneys possible: that it passed is said, too."""
    creatinine = Observation(Coded("血肌酐"), Quantity(value, "umol/L"), ELSEWHERE)
    found = in_part(snapshot, "盐酸二甲双胍片", "observations", observations=(creatinine,))
    assert names(found) == set(FAMILIES)
    assert "renal" in {p.family for p in found.passed}
    fired = {(f.family, f.rule_id) for f in found.findings}
    assert not fired & {(p.family, p.rule_id) for p in found.passed}, "fired and passed at once"


def test_a_family_that_fires_by_what_others_told_is_not_said_to_have_seen_nothing(small: Snapshot) -> None:
    """Asked of what was sent it says nothing, and of what others told that something is there."""

    def looks(case: Case) -> Iterator[Outcome]:
        for use in case.active_uses:
            yield Finding("interaction", "r", "1", Severity.MAJOR, "同用", "", ("o1",), (case.datum(use.order),))

    taken = replace(drug(WARFARIN, 9, OrderStatus.ACTIVE), origin=ELSEWHERE)
    found = review_in_part(
        case(small, drug(), medications=(taken,)), [Family("interaction", "相互作用", looks)], ["medications"]
    )
    assert [f.rule_id for f in found.findings] == ["r"]
    assert found.passed == ()
