"""The tables of coding are well formed, and codes of operations are looked up where a release has the list."""

from __future__ import annotations

import re
from typing import Any

import pytest

from clinical.codes import Icd10
from clinical.medical_record import FrontPage, MedicalRecord, Operation, RecordKind
from knowledge.compile import Content, compile_release
from knowledge.model import CodeRef, Concept, ConceptKind, Source
from knowledge.snapshot import Snapshot
from supervision.record_qc.coding import tables
from supervision.record_qc.engine import checks, examine
from supervision.record_qc.page import operation_within
from supervision.record_qc.places import Stage
from supervision.record_qc.subject import Subject
from tests.record_qc.written import moment

DISEASES = ("daggers", "one", "other", "causes", "acute", "diagnoses")
OPERATED = (tables.Operated, tables.DocumentedOperation)
TABLES = sorted(tables.FILES, key=lambda kind: kind.__name__)


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """A release with a list of three operations."""
    operations = [
        Concept(f"procedure:icd9-{code}", ConceptKind.PROCEDURE, name, codes=(CodeRef("icd-9-cm-3", code),))
        for code, name in {"47.0": "阑尾切除术", "47.0100": "腹腔镜下阑尾切除术", "47.2": "阑尾脓肿引流术"}.items()
    ]
    path = tmp_path_factory.mktemp("operations") / "r.ygr"
    compile_release(Content(operations, [], sources=[Source("icd-9-cm-3", "手术与操作", "standard")]), path)
    return Snapshot(path, "r")


def disease_ranges(row: Any) -> list[str]:
    named = [getattr(row, field) for field in DISEASES if hasattr(row, field)]
    of_operations = isinstance(row, OPERATED) or getattr(row, "system", "ICD-10") != "ICD-10"
    return named if of_operations or not hasattr(row, "codes") else [*named, row.codes]


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: kind.__name__)
def test_every_table_has_rows_whose_codes_and_patterns_can_be_read(kind: type) -> None:
    assert tables.rows(kind)
    for row in tables.rows(kind):
        assert all(isinstance(Icd10("A00").within(ranges), bool) for ranges in disease_ranges(row))
        assert re.compile(getattr(row, "pattern", ""))


def test_conditions_that_notes_tell_of_are_in_the_release(snapshot: Snapshot) -> None:
    named = [row.concept for kind in (tables.Documented, tables.DocumentedOperation) for row in tables.rows(kind)]
    assert [concept for concept in named if snapshot.concept(concept) is None] == []


@pytest.mark.parametrize(
    ("code", "ranges", "within"),
    [
        ("47.0100", "47.0", True),
        ("47.0100", "46;47.1-47.9", False),
        ("51.2300", "51.2-51.3", True),
        ("51.9900", "51.2-51.3", False),
        ("86.0700", "01-86", True),
        ("87.0300", "01-86", False),
    ],
)
def test_an_operation_lies_in_a_range_with_everything_below_its_end(code: str, ranges: str, within: bool) -> None:
    assert operation_within(code, ranges) is within


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("47.0100", []),
        ("47.2x00", []),
        ("47.0100x003", []),
        ("47.0199", []),
        ("47.5000", ["手术“某手术”的编码47.5000不存在"]),
    ],
    ids=["listed", "filler", "extension", "below what is listed", "not listed"],
)
def test_a_code_of_an_operation_is_looked_up_in_the_list(listed: Snapshot, code: str, said: list[str]) -> None:
    page = FrontPage(operations=(Operation(id="o", name="某手术", code=code),))
    record = MedicalRecord(id="r", kind=RecordKind.FRONT_PAGE, front_page=page)
    subject = Subject(record, Stage.FINAL, moment("2026-12-01 08:00"), release=listed)
    found = examine(subject, [checks()["operation-code-invalid"]])
    assert [defect.says for _, defect in found.defects()] == said
    assert not list(found.gaps())
