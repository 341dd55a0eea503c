"""A hospital registers off-label uses in its own workbook: they do not alert until they expire."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openpyxl import Workbook

from api.bootstrap import House, loaders
from clinical.finding import Review
from exchange.plain import PlainReview, read
from knowledge import release
from knowledge.merge import LoadReport, load
from knowledge.model import Predicate
from knowledge.review import Workflow
from knowledge.snapshot import Snapshot
from records.terminology import Terminology
from rules.engine import review
from rules.families.indication import FAMILY
from rules.model import Case
from tests.case_tables import NOW

_DRUG = ("drug-a", "甲药", "drug a", "注射剂", "书")
_SHEETS: dict[str, list[tuple[Any, ...]]] = {
    "sources": [("编号", "名称", "类型", "发布者", "年份"), ("书", "本院药品处方集", "处方集", "县人民医院", 2026)],
    "drugs": [("编号", "通用名", "英文名", "剂型", "来源"), _DRUG],
    "diseases": [
        ("编号", "名称", "英文名", "上级", "来源"),
        ("eye", "眼病甲", "eye disease", "", "书"),
        ("wet", "眼病甲湿性", "wet eye disease", "眼病甲", "书"),
        ("gut", "肠病乙", "bowel disease", "", "书"),
    ],
    "indications": [
        ("药品", "适应证", "用途", "严重程度", "依据", "来源", "章节", "证据"),
        ("甲药", "肠病乙", "肠病乙", "一般", "说明书", "书", "甲药", "高"),
    ],
    "off_label": [
        ("药品", "适应证", "途径", "用法用量", "循证依据", "证据", "批准", "批准日期", "有效期至"),
        ("甲药", "眼病甲", "", "1.25mg 玻璃体腔注射", "眼科学会共识", "中", "药事会", "2026-01-05", "2026-12-31"),
    ],
}


def _loaded(house: House, folder: Path, sheets: dict[str, list[tuple[Any, ...]]]) -> LoadReport:
    book = Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(folder / "formulary.xlsx")
    return load(house.store, loaders()["formulary"], folder / "formulary.xlsx", "li")


def _published(house: House) -> Snapshot:
    Workflow(house.store).accept_load("formulary", "wang", "药事会通过", reviewed=True)
    release.publish(house.store, house.releases, house.key, (), "wang", "药事会通过")
    return house.releases.open(house.releases.active())


def _asked(snapshot: Snapshot, diagnosis: str, day: date, **order: str) -> Review:
    request = {
        "patient": {"id": "p", "conditions": [{"text": diagnosis}], "medications": []},
        "orders": [{"id": "o1", "text": "甲药", **order}],
    }
    incoming = read(msgspec.convert(request, PlainReview), NOW)
    patient, orders, _ = Terminology(snapshot).resolve(incoming.context, incoming.orders)
    return review(Case(patient, orders, snapshot, day), [FAMILY])


def test_a_registered_use_is_silent_until_it_expires(fresh: House, tmp_path: Path) -> None:
    assert _loaded(fresh, tmp_path, _SHEETS).errors == []
    snapshot = _published(fresh)
    for day in (date(2026, 11, 24), date(2026, 12, 31)):
        assert _asked(snapshot, "眼病甲湿性", day).findings == ()
    (finding,) = _asked(snapshot, "眼病甲湿性", date(2027, 1, 1)).findings
    assert finding.severity == "moderate"
    assert "肠病乙" in finding.detail


def test_a_renewed_registration_is_silent_again(fresh: House, tmp_path: Path) -> None:
    _loaded(fresh, tmp_path, _SHEETS)
    _published(fresh)
    head, row = _SHEETS["off_label"]
    renewed = _SHEETS | {"off_label": [head, (*row[:-1], date(2027, 12, 31))]}
    assert _loaded(fresh, tmp_path, renewed).errors == []
    snapshot = _published(fresh)
    assert _asked(snapshot, "眼病甲", date(2027, 12, 31)).findings == ()
    assert len(_asked(snapshot, "眼病甲", date(2028, 1, 1)).findings) == 1


def test_without_the_registration_the_same_order_alerts(fresh: House, tmp_path: Path) -> None:
    _loaded(fresh, tmp_path, {k: v for k, v in _SHEETS.items() if k != "off_label"})
    assert len(_asked(_published(fresh), "眼病甲", date(2026, 11, 24)).findings) == 1


def test_a_registration_for_one_route_says_nothing_of_others(fresh: House, tmp_path: Path) -> None:
    head, row = _SHEETS["off_label"]
    eye = (*row[:2], "玻璃体腔注射", *row[3:])
    _loaded(fresh, tmp_path, _SHEETS | {"off_label": [head, eye]})
    snapshot = _published(fresh)
    assert _asked(snapshot, "眼病甲", date(2026, 11, 24), route="玻璃体腔注射").findings == ()
    assert len(_asked(snapshot, "眼病甲", date(2026, 11, 24), route="静脉滴注").findings) == 1


def test_a_registration_alone_makes_no_drug_alert(fresh: House, tmp_path: Path) -> None:
    _loaded(fresh, tmp_path, {k: v for k, v in _SHEETS.items() if k != "indications"})
    assert _asked(_published(fresh), "肠病乙", date(2026, 11, 24)).findings == ()


def test_who_approved_it_and_on_what_evidence_is_kept(fresh: House, tmp_path: Path) -> None:
    _loaded(fresh, tmp_path, _SHEETS)
    snapshot = _published(fresh)
    told = snapshot.statements(Predicate.INDICATED_FOR, "ingredient:drug-a")
    (registered,) = [s for s in told if s.qualifiers["basis"] == "registry"]
    assert registered.valid_to == "2027-01-01"
    assert registered.qualifiers["approved_by"] == "药事会"
    assert registered.qualifiers["reference"] == "眼科学会共识"
    assert registered.evidence == "moderate"


@pytest.mark.parametrize("written", ["2026年底", "31.12.2026", "长期"])
def test_a_date_that_cannot_be_read_is_a_row_error(fresh: House, tmp_path: Path, written: str) -> None:
    head, row = _SHEETS["off_label"]
    report = _loaded(fresh, tmp_path, _SHEETS | {"off_label": [head, (*row[:-1], written)]})
    (error,) = report.errors
    assert (error.line, written in error.message) == (2, True)
