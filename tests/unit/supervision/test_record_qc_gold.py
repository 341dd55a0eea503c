"""The checks on the gold records: what is seeded is found, and little else."""

from __future__ import annotations

from collections import Counter

import pytest

from knowledge.snapshot import Snapshot
from supervision.record_qc.engine import checks
from tests.record_qc.gold import Gold, Seeded, examined, gold, measures, told, total
from tests.record_qc.tables import reader_of

GOLD = gold()


@pytest.fixture(scope="module")
def found(snapshot: Snapshot) -> list[tuple[Gold, Counter[Seeded]]]:
    reader, known = reader_of(snapshot), list(checks().values())
    return [(one, told(examined(one, known, reader, snapshot))) for one in GOLD]


def test_gold_records_have_ids_of_their_own_and_name_checks_and_documents_that_exist() -> None:
    assert len({one.id for one in GOLD}) == len(GOLD)
    for one in GOLD:
        assert {seeded.check for seeded in one.defects} <= set(checks()), one.id
        documents = {"", *(document.id for document in one.record.documents)}
        assert {seeded.document for seeded in one.defects} <= documents, one.id


def test_seeded_defects_are_found(found: list[tuple[Gold, Counter[Seeded]]]) -> None:
    missed = [f"{one.id}: {key}" for one, said in found for key in one.defects - said]
    recall = total(measures(found)).recall
    assert recall is not None
    assert recall >= 0.95, missed


def test_little_else_is_found(found: list[tuple[Gold, Counter[Seeded]]]) -> None:
    false = [f"{one.id}: {key}" for one, said in found for key in said - one.defects]
    precision = total(measures(found)).precision
    assert precision is not None
    assert precision >= 0.9, "\n".join(false)
