"""Examinations: groups of them, when not to do them, what they are for."""

from __future__ import annotations

from collections.abc import Iterator

from knowledge.building import Values, concept, plain
from knowledge.intake import by_name
from knowledge.model import ConceptKind, Predicate, Record
from knowledge.tables._conditions import CONDITION, INDICATION, SAID, indicated, limited
from knowledge.tables._shape import CONCEPTS, NAMED, SOURCED, Column, Kind, Table, listed, text


def _groups(v: Values) -> Iterator[Record]:
    group = concept(ConceptKind.EXAM, v, (), v.get("synonyms", ()))
    yield group
    for member in v["members"]:
        yield plain(by_name("exam", member), Predicate.IS_A, group.id, v)


TABLES: tuple[Table, ...] = (
    Table(
        "exam_groups",
        "检查分组",
        "a group of examinations that rows may name instead of each",
        (
            *NAMED,
            listed("synonyms", "别名"),
            listed("members", "成员", "names of examinations or of narrower groups"),
            *SOURCED,
        ),
        _groups,
        rank=CONCEPTS,
    ),
    Table(
        "exam_limits",
        "检查禁忌",
        "an examination (or group of them) that should not be done under a condition",
        (
            text("exam", "检查", True),
            *CONDITION,
            Column("device", "器械", Kind.YES, help="an implant: what is written of its MR safety sets the severity"),
            *SAID,
        ),
        limited(Predicate.EXAM_LIMIT, "exam"),
    ),
    Table(
        "exam_indications",
        "检查适应证",
        "the diseases and symptoms that an examination is done for",
        (text("exam", "检查", True), *INDICATION),
        indicated(Predicate.EXAM_INDICATED, "exam"),
    ),
)
