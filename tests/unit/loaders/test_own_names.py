"""A source that names a thing means its own, whatever other sources call the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from api.bootstrap import House
from knowledge.intake import Loader, Row, RowError, by_name
from knowledge.merge import load
from knowledge.model import CodeRef, Concept, ConceptKind, Predicate, Source, Standing, Statement

PAGE = Source("page", "一页", "standard")


def _loader(name: str, *records: Concept | Statement | Source) -> Loader:
    def rows(path: Path) -> Iterator[Row | RowError]:
        return (Row(record, "a.csv", number) for number, record in enumerate(records, 1))

    return Loader(name, name, Standing.STARTER, rows, lambda path: len(records))


def _disease(key: str, name: str, code: str = "") -> Concept:
    return Concept(f"disease:{key}", ConceptKind.DISEASE, name, codes=(CodeRef("icd-10", code),) if code else ())


def _said_of(name: str) -> Statement:
    return Statement("s", by_name("disease", name), Predicate.TREATED_IN, by_name("department", "内科"))


DEPARTMENT = Concept("department:im", ConceptKind.DEPARTMENT, "内科")


def test_a_name_that_two_other_sources_bear_too_is_ones_own(fresh: House, tmp_path: Path) -> None:
    others = (_disease("a", "湿热病", "A01.1"), _disease("b", "湿热病", "A02.2"))
    load(fresh.store, _loader("other", *others), tmp_path, "甲")
    own = _disease("own", "湿热病", "A03.3")
    report = load(fresh.store, _loader("mine", DEPARTMENT, own, _said_of("湿热病")), tmp_path, "乙")
    assert report.errors == []
    assert [s.subject for s, _ in fresh.store.about("disease:own")] == ["disease:own"]


def test_a_name_that_only_others_bear_and_more_than_one_of_them_is_refused(fresh: House, tmp_path: Path) -> None:
    others = (_disease("a", "湿热病", "A01.1"), _disease("b", "湿热病", "A02.2"))
    load(fresh.store, _loader("other", *others), tmp_path, "甲")
    report = load(fresh.store, _loader("mine", DEPARTMENT, _said_of("湿热病")), tmp_path, "乙")
    assert [error.field for error in report.errors] == ["subject"]
    assert "对应多个概念" in report.errors[0].message
