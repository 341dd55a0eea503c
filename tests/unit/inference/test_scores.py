"""Every score: worked examples, reachable bands, names that exist, limits, and what is said when items are missing."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from inference.score import (
    Age,
    Answer,
    Band,
    Citation,
    DefinitionError,
    Diagnosed,
    Item,
    Kind,
    Lab,
    Level,
    Score,
    Taking,
    at,
    choice,
    number,
    start,
    yes,
)
from inference.scoring import AnswerError, scored, scores

HERE = Path(__file__).parent
CONTENT = HERE.parents[2] / "knowledge" / "content"
EXAMPLES: dict[str, list[dict[str, Any]]] = yaml.safe_load((HERE / "scores.yaml").read_text("utf-8"))
ALL = list(scores().values())


FIELDS = {"how", "published", "total", "band", "rest", "values"}
PUBLISHED = set(
    """
    4ts abcd2 aims65 anion-gap apache-ii apgar apri bishop bmi braden caprini centor cha2ds2-vasc charlson child-pugh
    china-par corrected-calcium curb-65 egfr-stage fena fib-4 gad-7 gcs glasgow-blatchford grace has-bled heart isth-dic
    meld meld-na mmse nafld-fibrosis news2 nihss perc phq-9 psi qsofa qtc-fridericia rcri rockall serum-osmolality sirs
    sofa timi-nste timi-stemi wells-dvt wells-pe
    """.split()
)
"""Scores with an example published elsewhere: it stays; a score that gains one is added."""


def answers(score: Score, example: dict[str, Any]) -> dict[str, Answer | None]:
    """The values of an example, the rest answered with no where it says so."""
    rest = [item for item in score.items if "rest" in example and item.kind is not Kind.NUMBER]
    return {**{i.field: False if i.kind is Kind.YES else i.choices[0].key for i in rest}, **example["values"]}


@pytest.mark.parametrize(
    ("name", "example"),
    [(name, e) for name, rows in EXAMPLES.items() for e in rows],
    ids=lambda value: str(value)[:60],
)
def test_worked_examples(name: str, example: dict[str, Any]) -> None:
    result = scored(scores()[name], answers(scores()[name], example))
    assert result.complete, result.missing
    assert result.band is not None
    assert (result.total, result.band.label) == (pytest.approx(example["total"]), example["band"])
    assert result.title in result.text
    assert result.band.next_step in result.text


def test_every_score_has_examples_and_there_are_enough() -> None:
    assert set(EXAMPLES) == set(scores())
    assert all(len(rows) >= 2 for rows in EXAMPLES.values())
    assert len(ALL) >= 65
    assert all(set(e) <= FIELDS and e["how"] for rows in EXAMPLES.values() for e in rows)


def test_published_examples_stay_and_say_where() -> None:
    published = {name: [e["published"] for e in rows if "published" in e] for name, rows in EXAMPLES.items()}
    assert {name for name, places in published.items() if places} == PUBLISHED
    assert all(isinstance(place, str) and len(place) > 15 for places in published.values() for place in places)


@pytest.mark.parametrize("score", ALL, ids=lambda score: score.name)
def test_every_band_is_reachable(score: Score) -> None:
    reached = {scored(score, values).band for values in tried(score)}
    assert {band.label for band in score.bands} == {band.label for band in reached if band}


def tried(score: Score) -> Iterator[dict[str, Answer | None]]:
    """Many complete answers: the examples, ever more items at their worst, and others at random."""
    yield from (answers(score, example) for example in EXAMPLES[score.name])
    dice = random.Random(score.name)
    for worst in range(len(score.items) + 1):
        for count in range(worst + 1):
            yield {i.field: extreme(i, count <= n < worst) for n, i in enumerate(score.items)}
    for _ in range(200):
        share = dice.random()
        yield {item.field: drawn(item, share, dice) for item in score.items}


def extreme(item: Item, worst: bool) -> Answer:
    return (max if worst else min)(item.probes(), key=item.points_for)


def drawn(item: Item, share: float, dice: random.Random) -> Answer:
    if item.kind is Kind.NUMBER and not item.steps and (not item.cuts or dice.random() < 0.5):
        return item.low + (item.high - item.low) * dice.random() ** dice.choice((1, 1, 3, 6))
    return dice.choice(item.probes()) if dice.random() < share else extreme(item, False)


@pytest.mark.parametrize("score", ALL, ids=lambda score: score.name)
def test_missing_items_give_a_range_that_holds(score: Score) -> None:
    complete = answers(score, EXAMPLES[score.name][0])
    final = scored(score, complete)
    for left_out in [item for item in score.items if item.field in complete and not item.optional]:
        result = scored(score, {f: v for f, v in complete.items() if f != left_out.field})
        assert not result.complete
        assert result.total is None
        assert result.band is None
        assert result.missing == (left_out.label,)
        assert final.band in result.possible
        if result.lowest is not None and result.highest is not None:
            assert final.total is not None
            assert result.lowest <= final.total <= result.highest
    nothing = scored(score, {})
    assert not nothing.complete
    assert final.band in nothing.possible


@pytest.mark.parametrize("score", ALL, ids=lambda score: score.name)
def test_limits_are_refused_and_named(score: Score) -> None:
    for item in score.items:
        wrong: list[Any] = ["many", None] if item.kind is Kind.YES else ["?", 77]
        if item.kind is Kind.NUMBER:
            wrong = [item.low - 1, item.high + 1, float("nan"), float("inf"), True, "5"]
        for value in [w for w in wrong if w is not None]:
            with pytest.raises(AnswerError, match=r".") as refused:
                scored(score, {item.field: value})
            assert item.label in str(refused.value)
            assert refused.value.field == item.field


def test_a_refusal_names_item_limits_and_unit() -> None:
    with pytest.raises(AnswerError, match=r"血肌酐: 9999 超出 5~5000 μmol/L"):
        scored(scores()["egfr-stage"], {"creatinine": 9999})
    with pytest.raises(AnswerError, match="没有项目“colour”"):
        scored(scores()["egfr-stage"], {"colour": 1})


@pytest.mark.parametrize("score", ALL, ids=lambda score: score.name)
def test_every_score_says_where_it_comes_from_and_what_to_do(score: Score) -> None:
    assert score.citation.title
    assert score.citation.publisher
    assert 1900 < score.citation.year <= 2026
    assert score.purpose
    assert score.diseases or score.findings or score.stages
    assert all(band.meaning.endswith("。") and band.next_step.endswith("。") for band in score.bands)
    assert all(item.unit or item.field == "e_e" for item in score.items if item.kind is Kind.NUMBER)


def known(pattern: str) -> set[str]:
    """Names and synonyms of our own content."""
    found: set[str] = set()
    for path in CONTENT.glob(pattern):
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                found.update([row.get("名称") or "", row.get("通用名") or ""])
                found.update((row.get("别名") or "").split(";"))
    return found - {""}


def test_names_are_those_of_the_content() -> None:
    labs, diseases = known("labs*.csv"), known("diseases*.csv")
    drugs = known("classes*.csv") | known("drugs*.csv")
    for score in ALL:
        wanted = {*score.diseases, *score.findings, *score.population.excluded}
        assert wanted <= diseases, score.name
        for fill in (item.fill for item in score.items):
            if isinstance(fill, Lab):
                assert set(fill.names) <= labs, score.name
            if isinstance(fill, Diagnosed):
                assert set(fill.names) <= diseases, score.name
            if isinstance(fill, Taking):
                assert set(fill.names) <= drugs, score.name


def test_documented() -> None:
    text = (HERE.parents[2] / "docs" / "scores.md").read_text("utf-8")
    for score in ALL:
        assert f"`{score.name}`" in text
        assert score.title in text
        assert score.citation.title in text
    assert f"{len(PUBLISHED)} of the {len(ALL)} scores" in text


BAND = Band(0, "any", Level.NONE, "m", "n")
CITED = Citation("t", "p", 2000)


def made(*items: Item, bands: tuple[Band, ...] = (BAND,), **more: Any) -> Score:
    return Score("x", "x", "p", items, bands, CITED, **more)


@pytest.mark.parametrize(
    ("items", "more", "says"),
    [
        ((yes("a", "A"), yes("a", "B")), {}, "share a field"),
        ((yes("a", "A"),), {"bands": ()}, "bands must"),
        ((yes("a", "A"),), {"bands": (Band(2, "b", Level.LOW, "", ""), BAND)}, "ascend"),
        ((yes("a", "A"),), {"any_of": (("b",),)}, "no such items: b"),
        ((choice("a", "A", ("only", 1)),), {}, "two answers"),
        ((number("a", "A", "kg", 5, 5),), {}, "lower and a higher"),
        ((number("a", "A", "kg", 0, 9, start(0), at(5, 1), at(3, 2)),), {}, "ascend"),
    ],
)
def test_a_score_that_contradicts_itself_is_refused(items: tuple[Item, ...], more: dict[str, Any], says: str) -> None:
    with pytest.raises(DefinitionError, match=says):
        made(*items, **more)


def test_the_band_is_known_before_all_items_are() -> None:
    """What is left out cannot change it: incomplete, but one band only."""
    result = scored(scores()["padua"], {"cancer": True, "vte": True})
    assert not result.complete
    assert (result.lowest, result.highest) == (6, 20)
    assert [band.label for band in result.possible] == ["高危(≥4分)"]
    assert "资料不全" in result.text


def test_of_alternatives_one_is_needed() -> None:
    apache = scores()["apache-ii"]
    values = answers(apache, EXAMPLES["apache-ii"][2])
    del values["bicarbonate"]
    assert scored(apache, values).missing == ("动脉血pH",)
    assert scored(apache, {**values, "bicarbonate": 25}).complete


def test_suicidal_thoughts_are_pointed_out_whatever_the_total() -> None:
    values = answers(scores()["phq-9"], {"rest": "no", "values": {"q9": "1"}})
    result = scored(scores()["phq-9"], values)
    assert result.total == 1
    assert "自杀风险" in result.notes[0]


def test_ages_are_filled_from_the_record_everywhere() -> None:
    for score in ALL:
        assert all(isinstance(item.fill, Age) for item in score.items if item.field == "age"), score.name


def test_the_band_is_that_of_the_total_shown() -> None:
    """59.6 is shown as 60 and belongs to G2, as laboratories round it."""
    stage = scores()["egfr-stage"]
    results = [scored(stage, {"creatinine": 100 + n / 10, "age": 70, "sex": "male"}) for n in range(300)]
    assert all(
        (r.band is not None and r.band.label == "G2") == (r.total is not None and r.total >= 60) for r in results
    )
    assert {r.total for r in results} >= {59, 60}
