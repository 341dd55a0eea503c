"""Brand names of imported drugs: JSON files ``{"data": [{"trade_name", "drug_generic_name", …}]}``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from clinical.forms import bare_name
from knowledge.intake import Loader, Row, RowError, by_name, statement_id
from knowledge.model import Citation, Concept, ConceptKind, Predicate, Source, Standing, Statement

_SOURCE: Final = Source("original-drug-list", "原研药与商品名对照", "formulary", "qianguyihao/original-drug-list")


class _Entry(msgspec.Struct, frozen=True):
    drug_generic_name: str
    trade_name: str = ""
    company_abbreviation: str = ""


class _File(msgspec.Struct, frozen=True):
    data: list[_Entry]


def rows(path: Path) -> Iterator[Row | RowError]:
    """A product for every brand, and the drug it is (by its generic name without the dosage form).

    Raises ``FileNotFoundError`` when there is no JSON file.
    """
    yield Row(_SOURCE)
    seen: set[tuple[str, str]] = set()
    for file in _files(path):
        try:
            entries = msgspec.json.decode(file.read_bytes(), type=_File).data
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            yield RowError(file.name, 1, "", f"cannot be read: {error}")
            continue
        for number, entry in enumerate(entries, 1):
            key = (entry.trade_name, entry.drug_generic_name)
            if entry.trade_name and key not in seen:
                seen.add(key)
                yield from _brand(entry, file.name, number)


def total(path: Path) -> int:
    """About forty brands a file."""
    return 80 * len(_files(path))


def _files(path: Path) -> list[Path]:
    found = [path] if path.is_file() else sorted(path.glob("*.json"))
    if not found:
        raise FileNotFoundError(f"{path}: no JSON file of brand names here")
    return found


def _brand(entry: _Entry, file: str, number: int) -> Iterator[Row]:
    made = f"product:brand-{statement_id('brand', entry.trade_name)}"
    attributes = {"maker": entry.company_abbreviation} if entry.company_abbreviation else {}
    yield Row(Concept(made, ConceptKind.PRODUCT, entry.trade_name, attributes=attributes), file, number)
    generic = bare_name(entry.drug_generic_name)
    key = statement_id(Predicate.CONTAINS, made, generic)
    said = Statement(key, made, Predicate.CONTAINS, by_name("drug", generic), citations=(Citation(_SOURCE.id),))
    yield Row(said, file, number, many=True)


LOADER = Loader("brand-names", "原研药商品名", Standing.SECONDARY, rows, total)
