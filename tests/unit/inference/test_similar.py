"""Patients who are alike, by concepts of a small release of our own."""

from __future__ import annotations

import pytest

from inference.similar import DISEASE, DRUG, Case, Cases, decade, has
from knowledge.compile import Content, compile_release
from knowledge.model import Concept, ConceptKind, Predicate, Statement
from knowledge.snapshot import Snapshot

H1, H2 = "league/a/h1", "league/a/h2"
_NAMES = ("lung", "pneumonia", "mycoplasma", "gout", "hypertension")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    path = tmp_path_factory.mktemp("similar") / "r.ygr"
    concepts = [Concept(f"disease:{name}", ConceptKind.DISEASE, name) for name in _NAMES]
    concepts.append(Concept("ingredient:x", ConceptKind.INGREDIENT, "x"))
    kinds = [
        Statement(f"s{name}", f"disease:{name}", Predicate.IS_A, "disease:lung")
        for name in ("pneumonia", "mycoplasma")
    ]
    compile_release(Content(concepts, kinds), path)
    return Snapshot(path, "r")


def case(record: int, *diseases: str, tenant: str = H1, years: float | None = None, sex: str = "") -> Case:
    return Case(record, tenant, {f"disease:{name}": has(DISEASE) for name in diseases}, years, sex)


def cases(release: Snapshot, *given: Case) -> Cases:
    made = Cases(release)
    made.put(given)
    return made


def nearest(made: Cases, asked: Case, limit: int = 10) -> list[int]:
    return [one.case.record for one in made.nearest(asked, lambda tenant: True, limit)]


def test_who_has_the_rare_disease_too_is_nearer_than_who_has_the_common_one(release: Snapshot) -> None:
    common = [case(number, "hypertension") for number in range(10, 20)]
    made = cases(release, case(1, "gout", "lung"), *common)
    assert nearest(made, case(0, "gout", "hypertension"), 3)[0] == 1


def test_nearer_in_age_comes_first_among_equals(release: Snapshot) -> None:
    made = cases(release, case(1, "gout", years=20), case(2, "gout", years=58), case(3, "gout"))
    assert nearest(made, case(0, "gout", years=60))[0] == 2


def test_the_same_patient_scores_one_and_a_stranger_does_not_appear(release: Snapshot) -> None:
    made = cases(release, case(1, "gout", years=60, sex="male"), case(2, "hypertension", years=60, sex="male"))
    found = made.nearest(case(0, "gout", years=60, sex="male"), lambda tenant: True, 5)
    assert [(one.case.record, one.score) for one in found] == [(1, pytest.approx(1.0))]
    assert found[0].shared == ("disease:gout",)


def test_kinds_bring_cases_nearer_that_share_something_else(release: Snapshot) -> None:
    both = {"ingredient:x": has(DRUG)}
    pneumonia = case(1, "pneumonia")
    gout = case(2, "gout")
    made = cases(release, pneumonia._replace(has={**pneumonia.has, **both}), gout._replace(has={**gout.has, **both}))
    asked = case(0, "mycoplasma")
    assert nearest(made, asked._replace(has={**asked.has, **both})) == [1, 2]


def test_cases_of_tenants_that_may_not_be_seen_are_not_found(release: Snapshot) -> None:
    made = cases(release, case(1, "gout", tenant=H2), case(2, "gout"))
    assert [one.case.record for one in made.nearest(case(0, "gout"), lambda tenant: tenant == H1, 5)] == [2]


def test_a_changed_case_replaces_what_was_and_one_that_is_gone_is_gone(release: Snapshot) -> None:
    made = cases(release, case(1, "gout"), case(2, "gout"))
    made.put([case(1, "hypertension")], gone=[2])
    assert nearest(made, case(0, "gout")) == []
    assert nearest(made, case(0, "hypertension")) == [1]


def test_only_the_newest_records_are_kept(release: Snapshot) -> None:
    made = cases(release, *(case(number, "gout") for number in range(1, 6)))
    made.trim(2)
    assert sorted(nearest(made, case(0, "gout"))) == [4, 5]


def test_an_age_is_told_by_decade() -> None:
    assert [decade(years) for years in (None, 0.5, 3.0, 10.0, 66.9, 95.0)] == [
        "",
        "不足1岁",
        "1~9岁",
        "10~19岁",
        "60~69岁",
        "90岁及以上",
    ]
