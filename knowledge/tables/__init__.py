"""The shape of Yigong's own tables: one declaration serves the shipped content,
a pharmacy's formulary (CSV or xlsx), the documentation and the error report.

A table is a file ``<name>*.csv`` (several files of one table are read as one) or a
sheet of the same name in a workbook. Headers are the Chinese labels below; the
English field names are accepted too. Lists inside a cell are separated by ``;``.
Cells that name a drug accept an ingredient, a class or a compound product. A new table is one more
module here that ends with ``TABLES``.
"""

from __future__ import annotations

from base.plugins import discover
from knowledge.tables._shape import CONCEPTS, EVIDENCE, SEVERITIES, SOURCE_KINDS, Column, Kind, Table

BY_NAME: dict[str, Table] = discover("knowledge.tables", "TABLES", Table)
TABLES: tuple[Table, ...] = tuple(sorted(BY_NAME.values(), key=lambda table: table.rank))

__all__ = ["BY_NAME", "CONCEPTS", "EVIDENCE", "SEVERITIES", "SOURCE_KINDS", "TABLES", "Column", "Kind", "Table"]
