"""Text for reading, found by search: a hospital's guidelines, labels and handouts, one row a section."""

from __future__ import annotations

from collections.abc import Iterator

from knowledge.building import Values, citations
from knowledge.intake import by_name, statement_id
from knowledge.model import Article, Record, Section
from knowledge.tables._shape import SOURCED, Column, Kind, Table, text

_KINDS = {
    "药品": "drug",
    "疾病": "disease",
    "症状": "symptom",
    "表现": "finding",
    "检验": "lab",
    "检查": "exam",
    "手术与操作": "procedure",
    "诊疗服务项目": "service",
    "血液成分": "blood",
    "过敏原": "allergy",
    "食物": "food",
    "科室": "department",
}
"""What people call the groups in which names are looked up (``knowledge.references``)."""


def _build(v: Values) -> Iterator[Record]:
    about = by_name(v.get("kind", "any"), v["concept"])
    section = Section(v["heading"], v["text"], citations(v))
    yield Article(statement_id("article", about, v["title"]), about, v["title"], (section,))


TABLES = (
    Table(
        "articles",
        "文章",
        "a section of a text for reading about one concept: of a guideline, a label, a handout; rows of the same "
        "concept and title are the sections of one article, in their order",
        (
            text("concept", "概念", True, "what it is about, by any of its names"),
            Column("kind", "概念类型", Kind.ENUM, False, dict(_KINDS), "where several things bear the name"),
            text("title", "标题", True, "of the whole article"),
            text("heading", "小标题", True, "of this section; each once in an article"),
            text("text", "正文", True, "as it is read; line breaks are kept"),
            *SOURCED,
        ),
        _build,
        section_of=("concept", "kind", "title"),
    ),
)
