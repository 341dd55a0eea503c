"""Appraisal: scores worked by hand, weights in levels, what is not known, ranks; and on both databases versions,
review by somebody else, publication, appeals, results that come out the same again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from sqlalchemy import Engine, select, update

from base.keyring import KeyRing, reseal
from base.refusal import MissingError, TakenError
from base.tenancy import Scope, acting, guard, system
from clinical.value import replace
from supervision.appraisal.appeals import Appeals, Claim, Stand
from supervision.appraisal.definitions import Definitions, Entry, Put
from supervision.appraisal.library import AppraisalError, Counted, Derived, Entered, Item
from supervision.appraisal.library import checked as item_checked
from supervision.appraisal.methods import Case, Deduct, Manual, Method, Ranked, Steps, Target, Walsh, judge
from supervision.appraisal.reckoning import Given, Inputs, Known, Member, Outcome, Subject, _score, ranked, reckon
from supervision.appraisal.runs import Run, Runs, State
from supervision.appraisal.scheme import Branch, Each, Line, Missing, Scheme, Whom, checked, lines
from supervision.appraisal.tables import appeals, entries, remarks, results, runs
from supervision.appraisal.values import Values
from supervision.appraisal.views import Point, compared, radar
from supervision.figures.indicator import Direction
from supervision.figures.periods import period_of

CASES = yaml.safe_load(Path("tests/appraisal/methods.yaml").read_text("utf-8"))
NOW = datetime(2026, 4, 10, 9, tzinfo=UTC)
COUNTY, A, B, C = "league/a", "league/a/h1", "league/a/h2", "league/a/h3"
ELSEWHERE = "league/b/h9"


# -- one line ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_a_line_scores_as_worked_by_hand(case: dict[str, Any]) -> None:
    method: Any = msgspec.convert(case["method"], Method)
    place, peers = case.get("place", (None, 0))
    judged = judge(
        method,
        Case(
            points=case["points"],
            direction=Direction(case.get("direction", "higher")),
            value=case.get("value"),
            target=case.get("target"),
            previous=case.get("previous"),
            same=case.get("same"),
            place=place,
            peers=peers,
            given=case.get("given"),
        ),
    )
    assert _score(case["points"], judged.share) == case["score"], judged.how
    assert judged.how


def test_a_score_says_how_it_came_about() -> None:
    assert judge(Target(target=95, most=1.2), Case(10, value=120)).how == (
        "实际 120 ÷ 目标 95 = 1.2632，限于 0 到 1.2 之间，计 1.2"
    )
    assert judge(Walsh(standard=5.9, best=15.8), Case(20, value=10)).how == (
        "1 + （实际 10 − 标准值 5.9）÷（最优值 15.8 − 标准值 5.9） × 0.5 = 1.2071"
    )
    assert judge(Deduct(each=0.5, free=1), Case(5, value=4)).how == "实际 4，免扣 1，每 1 扣 0.5 分，共扣 1.5 分"


# -- schemes -------------------------------------------------------------------------------------------


def line(item: str, weight: float = 1, method: Any = None, missing: Missing = Missing.OPEN) -> Line:
    return Line(item, method or Target(target=100), weight, missing)


def scheme(*branches: Branch, code: str = "hospital", each: Each = Each.QUARTER) -> Scheme:
    return Scheme(code, "县级医院季度考核", Whom.INSTITUTION, each, branches)


def test_weights_hold_within_their_level_and_make_a_hundred_points() -> None:
    quality = Branch("医疗质量", (line("a", 3), line("b", 1)), 60)
    running = Branch("运营效率", (Branch("床位", (line("c"), line("d"), line("e"))),), 40)
    found = {p.line.item: p.points for p in lines(scheme(quality, running))}
    # 60 × 3/4, 60 × 1/4; 40/3 = 13.333…: the hundredth that is left over goes to the first of equal ones
    assert found == {"a": 45.0, "b": 15.0, "c": 13.34, "d": 13.33, "e": 13.33}
    assert sum(found.values()) == 100


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (scheme(), "branches"),
        (scheme(Branch("质量", ())), "branches[0].nodes"),
        (scheme(Branch(" ", (line("a"),))), "branches[0].title"),
        (scheme(Branch("质量", (line("a"), line("a")))), "branches"),
        (scheme(Branch("质量", (line("a"), line("b", 0.00001)))), "branches"),
        (scheme(Branch("质量", (line("a", method=Steps(())),))), "branches[0].nodes[0].method.steps"),
        (scheme(Branch("质量", (line("a", method=Steps(((2, 1), (1, 0.5)))),))), "branches[0].nodes[0].method.steps"),
        (scheme(Branch("质量", (line("a", method=Walsh(standard=1, least=2)),))), "branches[0].nodes[0].method.most"),
        (scheme(Branch("质量", (line("a", method=Deduct(each=0)),))), "branches[0].nodes[0].method.each"),
        (scheme(Branch("质量", (line("a", method=Ranked(last=3)),))), "branches[0].nodes[0].method.last"),
        (replace(scheme(Branch("质量", (line("a"),))), code="含空 格"), "code"),
    ],
)
def test_a_scheme_that_cannot_be_is_refused_by_field(wrong: Scheme, field: str) -> None:
    with pytest.raises(AppraisalError) as refused:
        checked(wrong)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("each", "period", "fits"),
    [
        (Each.MONTH, "2026-03", True),
        (Each.MONTH, "2026-Q1", False),
        (Each.QUARTER, "2026-Q1", True),
        (Each.QUARTER, "2026-02-01..2026-04-30", False),
        (Each.YEAR, "2026", True),
        (Each.YEAR, "2026-07-01..2027-06-30", False),
    ],
)
def test_a_scheme_is_reckoned_over_its_own_periods(each: Each, period: str, fits: bool) -> None:
    assert scheme(Branch("质量", (line("a"),)), each=each).fits(period_of(period)) is fits


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (Item("含空 格", "x", Entered()), "code"),
        (Item("a", " ", Entered()), "title"),
        (Item("a", "甲", Derived({})), "origin.numerator"),
        (Item("a", "甲", Derived({"a": 1})), "origin.numerator"),
        (Item("a", "甲", Derived({"b": 1}, scale=0)), "origin.scale"),
    ],
)
def test_an_item_that_cannot_be_is_refused_by_field(item: Item, field: str) -> None:
    with pytest.raises(AppraisalError) as refused:
        item_checked(item)
    assert refused.value.field == field


# -- a whole run, worked by hand -------------------------------------------------------------------------

QUALITY = Branch("医疗质量", (line("rate", 2, Target(target=90)), line("defects", 1, Deduct(each=2))), 60)
RUNNING = Branch("运营效率", (line("growth", 1, Walsh(standard=5)), line("opinion", 1, Manual())), 40)
SCHEME = scheme(QUALITY, RUNNING)
ITEMS = {
    "rate": Item("rate", "治愈好转率", Counted("recovery"), "%"),
    "defects": Item("defects", "缺陷例数", Entered(), "例", Direction.LOWER),
    "growth": Item("growth", "门诊增长率", Entered(), "%"),
    "opinion": Item("opinion", "协作评议", Entered()),
}
# Points: 60 × 2/3 = 40, 60 × 1/3 = 20, 40 × 1/2 = 20, 20.
WORKED = {
    # 81/90 × 40 = 36; 20 − 2×3 = 14; 6/5 × 20 = 24; 0.9 × 20 = 18: 92
    A: ({"rate": 81.0, "defects": 3.0, "growth": 6.0}, 0.9, 92.0, 1),
    # 90/90 × 40 = 40; 20 − 0 = 20; 1/5 at least 0.5 × 20 = 10; 0.8 × 20 = 16: 86
    B: ({"rate": 90.0, "defects": 0.0, "growth": 1.0}, 0.8, 86.0, 2),
    # 45/90 × 40 = 20; 20 − 20 = 0; 5/5 × 20 = 20; 1 × 20 = 20: 60
    C: ({"rate": 45.0, "defects": 12.0, "growth": 5.0}, 1.0, 60.0, 3),
}


def inputs(**changed: Any) -> Inputs:
    members = tuple(Member(Subject(tenant), "二级" if tenant != C else "一级") for tenant in (B, A, C))
    values = {t: {code: Known(v) for code, v in given.items()} for t, (given, *_) in WORKED.items()}
    shares = {t: {"opinion": Given(share, "评议会议纪要", "wang")} for t, (_, share, *_) in WORKED.items()}
    made = Inputs(SCHEME, ITEMS, "2026-Q1", members, values, shares=shares)
    return replace(made, **changed)


def of(outcomes: Any, tenant: str) -> Outcome:
    (found,) = (outcome for outcome in outcomes if outcome.subject.tenant == tenant)
    return found


def test_a_run_scores_as_worked_by_hand() -> None:
    found = reckon(inputs())
    assert {o.subject.tenant: (o.score, o.rank) for o in found} == {t: w[2:] for t, w in WORKED.items()}
    assert [(o.subject.tenant, o.group_rank) for o in found] == [(A, 1), (B, 2), (C, 1)], "ranked in its group too"
    for outcome in found:
        assert round(sum(line.score or 0 for line in outcome.lines), 2) == outcome.score, "lines add up to the whole"
        assert [line.points for line in outcome.lines] == [40, 20, 20, 20]


def test_what_must_be_known_leaves_the_whole_open_and_unranked() -> None:
    values = inputs().values
    found = reckon(inputs(values={**values, A: {**values[A], "rate": Known(None)}}))
    assert (of(found, A).score, of(found, A).rank) == (None, None)
    assert of(found, A).earned == 56.0, "14 + 24 + 18 are certain"
    assert of(found, B).rank == 1


@pytest.mark.parametrize(
    ("missing", "score"),
    # left out: (14 + 24 + 18) of 60 points: 93.333; nothing: 14 + 24 + 18
    [(Missing.LEFT_OUT, 93.33), (Missing.NOTHING, 56.0)],
)
def test_a_scheme_may_leave_out_what_is_not_known_or_count_it_as_nothing(missing: Missing, score: float) -> None:
    quality = Branch("医疗质量", (line("rate", 2, Target(target=90), missing), QUALITY.nodes[1]), 60)
    values = inputs().values
    found = reckon(inputs(scheme=scheme(quality, RUNNING), values={**values, A: {**values[A], "rate": Known(None)}}))
    assert of(found, A).score == score
    assert "按方案" in of(found, A).lines[0].how


def test_a_target_of_ones_own_and_places_within_the_group() -> None:
    by_place = scheme(Branch("质量", (line("rate", method=Ranked(last=0.5)),)))
    found = reckon(inputs(scheme=by_place))
    assert {o.subject.tenant: o.score for o in found} == {A: 50.0, B: 100.0, C: 100.0}, "C is alone in its group"
    found = reckon(inputs(targets={A: {"rate": 81.0}}))
    assert of(found, A).score == 96.0, "81/81 × 40 = 40 in place of 36"


def test_equal_scores_share_a_rank_and_less_may_be_better() -> None:
    assert ranked([("a", 5), ("b", 7), ("c", 7), ("d", None)]) == {"a": 3, "b": 1, "c": 1}
    assert ranked([("a", 5), ("b", 7)], lower=True) == {"a": 1, "b": 2}


def test_the_order_in_which_inputs_come_changes_nothing() -> None:
    first = inputs()
    second = replace(first, values=dict(reversed(first.values.items())), shares=dict(reversed(first.shares.items())))
    assert (first.digest, reckon(first)) == (second.digest, reckon(second))
    assert inputs(period="2026-Q2").digest != first.digest


# -- where values come from ------------------------------------------------------------------------------


def test_values_are_counted_entered_or_derived_and_compared_with_earlier_periods() -> None:
    known = {
        "visits": Item("visits", "门诊人次", Counted("outpatient-visits")),
        "doctors": Item("doctors", "医师数", Entered()),
        "load": Item("load", "医师人均门诊人次", Derived({"visits": 1}, {"doctors": 1})),
        "both": Item("both", "总人次", Derived({"visits": 1, "doctors": -2}, scale=10)),
    }
    visits = {"2026-Q1": 900.0, "2025-Q4": 800.0}
    asked: list[str] = []

    def value_of(name: str, period: Any, subject: Subject) -> float | None:
        asked.append(f"{name} {period}")
        return visits.get(str(period))

    entered = {("2026-Q1", A, "doctors"): (30.0, "人事科 3 月底"), ("2025-Q4", A, "doctors"): (0.0, "")}
    found = Values(known, value_of, entered).known(known, period_of("2026-Q1"), Subject(A))
    assert found["visits"] == Known(900, 800, None)
    assert found["doctors"] == Known(30, 0, None, "人事科 3 月底")
    assert found["load"] == Known(30, None, None), "a quarter with nobody has no load per head"
    assert found["both"].value == 8400
    assert len(asked) == len(set(asked)) == 3, "each figure is asked for once"


# -- looking at results ------------------------------------------------------------------------------------


def test_a_radar_shows_the_first_level_against_the_group() -> None:
    found = reckon(inputs())
    levels = radar(of(found, A), [o for o in found if o.group == "二级"])
    assert [(one.title, one.points, one.earned) for one in levels] == [
        ("医疗质量", 60, 50),
        ("运营效率", 40, 42),
    ]
    # A: 50/60, B: 60/60; A: 42/40, B: 26/40
    assert [one.group_share for one in levels] == pytest.approx([(50 / 60 + 1) / 2, (42 / 40 + 26 / 40) / 2])


def test_a_score_is_compared_with_the_period_before_and_the_year_before() -> None:
    points = {p: Point("r", p, s, 1, 1) for p, s in (("2026-Q1", 92.0), ("2025-Q4", 88.5), ("2025-Q1", None))}
    found = compared(period_of("2026-Q1"), points)
    assert (found["previous"].period, found["previous"].difference) == ("2025-Q4", 3.5)
    assert (found["same"].period, found["same"].difference) == ("2025-Q1", None)


# -- in the database ---------------------------------------------------------------------------------------


class Office:
    """Everything about appraisal over one database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.ring = KeyRing(engine, bytes(16))
        self.definitions = Definitions(engine, self.ring)
        self.runs = Runs(engine, self.ring)
        self.appeals = Appeals(engine, self.ring, self.runs)

    def defined(self) -> None:
        for item in ITEMS.values():
            self.definitions.put_item(COUNTY, item, "wang", NOW)
        held = self.definitions.put_scheme(COUNTY, SCHEME, "wang", NOW)
        self.definitions.publish(COUNTY, "hospital", held.version, "li", NOW)

    def computed(self) -> Run:
        return self.runs.compute(COUNTY, 1, inputs(), "wang", NOW)

    def published(self) -> Run:
        run = self.computed()
        self.runs.review(run.id, "li", NOW)
        return self.runs.publish(run.id, "li", NOW)


@pytest.fixture
def office(engine: Engine) -> Iterator[Office]:
    guard(engine)
    with system("test"):
        yield Office(engine)


HOSPITAL = Scope("h1", (A,), (A,))


def test_a_library_holds_for_all_below_and_an_own_item_comes_before(office: Office) -> None:
    office.definitions.put_item("league", ITEMS["rate"], "wang", NOW)
    own = replace(ITEMS["rate"], title="本旗治愈好转率")
    assert office.definitions.put_item(COUNTY, own, "li", NOW) == 1
    assert office.definitions.put_item(COUNTY, own, "li", NOW) == 2
    assert office.definitions.items(A)["rate"] == own
    assert office.definitions.items(ELSEWHERE)["rate"] == ITEMS["rate"]
    with pytest.raises(AppraisalError, match="指标库中没有 nothing"):
        office.definitions.put_item(COUNTY, Item("x", "甲", Derived({"nothing": 1})), "li", NOW)


def test_items_that_lead_back_to_themselves_are_refused(office: Office) -> None:
    office.definitions.put_item(COUNTY, Item("a", "甲", Entered()), "wang", NOW)
    office.definitions.put_item(COUNTY, Item("b", "乙", Derived({"a": 1})), "wang", NOW)
    with pytest.raises(AppraisalError, match="自身"):
        office.definitions.put_item(COUNTY, Item("a", "甲", Derived({"b": 1})), "wang", NOW)


def test_a_published_scheme_keeps_its_items_and_is_published_by_another(office: Office) -> None:
    for item in ITEMS.values():
        office.definitions.put_item(COUNTY, item, "wang", NOW)
    office.definitions.put_scheme(COUNTY, SCHEME, "wang", NOW)
    with pytest.raises(MissingError):
        office.definitions.scheme(COUNTY, "hospital")
    with pytest.raises(AppraisalError, match="编制人以外"):
        office.definitions.publish(COUNTY, "hospital", 1, "wang", NOW)
    office.definitions.publish(COUNTY, "hospital", 1, "li", NOW)
    with pytest.raises(TakenError):
        office.definitions.publish(COUNTY, "hospital", 1, "zhao", NOW)
    office.definitions.put_item(COUNTY, replace(ITEMS["rate"], unit="‰"), "wang", NOW)
    office.definitions.put_scheme(COUNTY, replace(SCHEME, title="第二版"), "wang", NOW)
    held = office.definitions.scheme(COUNTY, "hospital")
    assert (held.version, held.definition.items["rate"].unit, held.published_by) == (1, "%", "li")
    assert [one.version for one in office.definitions.schemes()] == [2, 1]


@pytest.mark.parametrize(
    ("put", "field"),
    [
        (Put(Entry.VALUE, "hospital", "2026-Q1", A, "none", 1), "item"),
        (Put(Entry.VALUE, "hospital", "2026-Q1", A, "rate", 1), "item"),
        (Put(Entry.VALUE, "hospital", "2026-Q1", A, "growth", float("nan")), "amount"),
        (Put(Entry.SHARE, "hospital", "2026-Q1", A, "opinion", 1.2, "纪要"), "amount"),
        (Put(Entry.SHARE, "hospital", "2026-Q1", A, "opinion", 0.9), "evidence"),
    ],
)
def test_what_cannot_be_entered_is_refused_by_field(office: Office, put: Put, field: str) -> None:
    office.defined()
    with pytest.raises(AppraisalError) as refused:
        office.definitions.enter(COUNTY, [put], "wang", NOW)
    assert refused.value.field == field


def test_the_newest_of_what_was_entered_counts_and_evidence_is_sealed(office: Office) -> None:
    office.defined()
    for share in (0.5, 0.9):
        put = Put(Entry.SHARE, "hospital", "2026-Q1", A, "opinion", share, "与张三面谈")
        office.definitions.enter(COUNTY, [put], "wang", NOW)
    found = office.definitions.entered(COUNTY, "hospital", Entry.SHARE)
    assert {key: one.amount for key, one in found.items()} == {("2026-Q1", A, "opinion"): 0.9}
    with office.engine.connect() as connection:
        assert "张三" not in str(connection.execute(select(entries.c.evidence)).scalars().all())


def test_a_run_goes_from_computed_to_final_through_other_hands(office: Office) -> None:
    run = office.computed()
    assert (run.state, run.revision) == (State.COMPUTED, 1)
    assert office.computed().revision == 2, "reckoned anew while nobody reviewed it"
    with pytest.raises(AppraisalError, match="计算人以外"):
        office.runs.review(run.id, "wang", NOW)
    with pytest.raises(TakenError):
        office.runs.publish(run.id, "li", NOW)
    assert office.runs.review(run.id, "li", NOW).reviewed_by == "li"
    with pytest.raises(AppraisalError, match="已审核"):
        office.computed()
    assert office.runs.send_back(run.id).state is State.COMPUTED
    office.runs.review(run.id, "li", NOW)
    assert office.runs.publish(run.id, "li", NOW).state is State.PUBLISHED
    assert office.runs.close(run.id, NOW).state is State.FINAL
    with pytest.raises(TakenError):
        office.runs.close(run.id, NOW)
    with pytest.raises(MissingError):
        office.runs.close("nothing", NOW)


def test_a_run_with_something_open_is_not_reviewed(office: Office) -> None:
    run = office.runs.compute(COUNTY, 1, inputs(shares={}), "wang", NOW)
    with pytest.raises(AppraisalError, match="尚有 3 个对象"):
        office.runs.review(run.id, "li", NOW)


def test_results_come_out_the_same_again_and_a_changed_one_shows(office: Office) -> None:
    run = office.computed()
    assert office.runs.verified(run.id)
    forged = replace(of(office.runs.results(run.id), C), score=99.0)
    key = f"appraisal_result/{run.id}/{C}".encode()
    sealed = office.ring.seal(msgspec.json.encode(forged), key)
    with office.engine.begin() as connection:
        here = (results.c.run == run.id, results.c.subject == C)
        connection.execute(update(results).where(*here).values(score=99.0, body=sealed))
    assert not office.runs.verified(run.id)


def test_who_is_appraised_sees_its_own_results_once_they_are_published(office: Office) -> None:
    run = office.computed()
    with acting(HOSPITAL), pytest.raises(MissingError):
        office.runs.results(run.id)
    office.runs.review(run.id, "li", NOW)
    with acting(HOSPITAL), pytest.raises(MissingError):
        office.runs.results(run.id)
    office.runs.publish(run.id, "li", NOW)
    with acting(HOSPITAL):
        assert [o.subject.tenant for o in office.runs.results(run.id)] == [A]
        with pytest.raises(MissingError):
            office.runs.results(run.id, B)
        assert office.runs.history(A, "hospital", COUNTY)["2026-Q1"][1:] == ("2026-Q1", 92.0, 1, 1)
        assert office.runs.listed() == []
    with acting(Scope("x", (ELSEWHERE,), (ELSEWHERE,))), pytest.raises(MissingError):
        office.runs.results(run.id)


def test_an_appeal_that_is_upheld_has_the_run_reckoned_anew(office: Office) -> None:
    run = office.published()
    with acting(HOSPITAL):
        made = office.appeals.appeal(Claim(run.id, A, "defects", "其中两例为外院带入，患者张三", 1.0), "chen", NOW)
    with pytest.raises(AppraisalError, match="尚有申诉"):
        office.runs.close(run.id, NOW)
    with pytest.raises(AppraisalError, match="申诉人以外"):
        office.appeals.decide(made.id, True, "经核查属实", "chen", NOW, 1.0)
    decided = office.appeals.decide(made.id, True, "经核查属实", "li", NOW, 1.0)
    assert (decided.state, decided.value, decided.answer) == (Stand.UPHELD, 1.0, "经核查属实")
    outcome = of(office.runs.results(run.id), A)
    assert outcome.score == 96.0, "20 − 2×1 = 18 in place of 14"
    assert made.id in outcome.lines[1].how
    assert office.runs.run(run.id).revision == 2
    assert office.runs.verified(run.id)
    with pytest.raises(TakenError):
        office.appeals.decide(made.id, False, "已经答复过了", "zhao", NOW)
    assert office.runs.close(run.id, NOW).state is State.FINAL
    with acting(HOSPITAL), pytest.raises(AppraisalError, match="不在公示期"):
        office.appeals.appeal(Claim(run.id, A, "defects", "再次申诉理由"), "chen", NOW)


def test_an_appeal_that_is_rejected_changes_nothing(office: Office) -> None:
    run = office.published()
    made = office.appeals.appeal(Claim(run.id, A, "rate", "治愈好转率统计口径有误"), "chen", NOW)
    with pytest.raises(AppraisalError, match="成立时"):
        office.appeals.decide(made.id, False, "口径无误，见说明", "li", NOW, 99.0)
    assert office.appeals.decide(made.id, False, "口径无误，见说明", "li", NOW).state is Stand.REJECTED
    assert (of(office.runs.results(run.id), A).score, office.runs.run(run.id).revision) == (92.0, 1)


@pytest.mark.parametrize(
    ("claim", "field"),
    [({"item": "none"}, "item"), ({"reason": "不服"}, "reason"), ({"claimed": float("inf")}, "claimed")],
)
def test_an_appeal_that_cannot_be_is_refused_by_field(office: Office, claim: dict[str, Any], field: str) -> None:
    run = office.published()
    given = Claim(run.id, A, "rate", "治愈好转率统计口径有误")._replace(**claim)
    with pytest.raises(AppraisalError) as refused:
        office.appeals.appeal(given, "chen", NOW)
    assert refused.value.field == field


def test_others_neither_appeal_nor_read_what_was_said(office: Office) -> None:
    run = office.published()
    made = office.appeals.appeal(Claim(run.id, A, "rate", "治愈好转率统计口径有误"), "chen", NOW)
    office.appeals.remark(run.id, A, "请重点改进病案质量", "li", NOW)
    with acting(Scope("h2", (B,), (B,))):
        assert office.appeals.listed() == []
        assert office.appeals.remarks(run.id, A) == []
        with pytest.raises(MissingError):
            office.appeals.one(made.id)
        with pytest.raises(MissingError):
            office.appeals.remark(run.id, A, "x", "zhao", NOW)
    with acting(HOSPITAL):
        office.appeals.remark(run.id, A, "已制定整改计划", "chen", NOW + timedelta(hours=1))
        assert [one.text for one in office.appeals.remarks(run.id, A)] == ["请重点改进病案质量", "已制定整改计划"]


def test_what_is_sealed_survives_a_new_key(office: Office) -> None:
    office.defined()
    run = office.published()
    made = office.appeals.appeal(Claim(run.id, A, "rate", "患者张三被计入两次"), "chen", NOW)
    office.appeals.remark(run.id, A, "与张三核对", "li", NOW)
    office.definitions.enter(COUNTY, [Put(Entry.TARGET, "hospital", "", A, "rate", 92, "责任书")], "wang", NOW)
    with office.engine.connect() as connection:
        for table in (appeals, remarks, results, runs, entries):
            assert "张三" not in str(connection.execute(select(table)).all())
    office.ring.rotate()
    reseal(office.engine, office.ring)
    assert office.runs.verified(run.id)
    assert office.appeals.one(made.id) == made
    assert office.appeals.remarks(run.id, A)[0].text == "与张三核对"
    assert office.definitions.entered(COUNTY, "hospital", Entry.TARGET)[("", A, "rate")].evidence == "责任书"
