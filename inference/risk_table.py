"""Cases to train a risk model on, from a table: one row a case, one column a feature."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isfinite, nan
from pathlib import Path
from typing import Final

from clinical.coded import zoned
from clinical.quantity import QuantityError
from clinical.units import canonical_unit
from inference.learned import AGE, FEMALE, LAB, Feature
from inference.learning import Case, TrainingError
from knowledge.model import ConceptKind
from knowledge.snapshot import Snapshot

PATIENT, TIME, OUTCOME = "患者", "时间", "结局"
_AGE, _SEX = "年龄", "性别"
_HEADER: Final = re.compile(r"(.+?)\s*[(（\[【]([^()（）\[\]【】]*(?:\([^()]*\))?[^()（）\[\]【】]*)[)）\]】]\s*")
_TRUE, _FALSE = ("1", "是", "true", "yes"), ("0", "否", "false", "no")
_WOMEN, _MEN = ("女", "female", "f", "1"), ("男", "male", "m", "0")


def read_table(path: Path, snapshot: Snapshot) -> tuple[list[Case], list[Feature]]:
    """Cases and features of a CSV file: 时间 (of the prediction), 结局 (1 or 0), 患者 (optional), and features: 年龄,
    性别, or a test with its unit, ``血肌酐(μmol/L)``. Empty is unknown. Raises ``TrainingError`` naming column or
    line."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        columns = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = columns
        for wanted in (TIME, OUTCOME):
            if wanted not in columns:
                raise TrainingError(f"{path.name}: column {wanted!r} is missing")
        features = {name: _feature(name, snapshot) for name in columns if name not in (PATIENT, TIME, OUTCOME)}
        if not features:
            raise TrainingError(f"{path.name}: no column is a feature")
        cases = [_case(row, features, f"{path.name}:{reader.line_num}") for row in reader]
    return cases, list(features.values())


def _feature(header: str, snapshot: Snapshot) -> Feature:
    if header == _AGE:
        return Feature(AGE)
    if header == _SEX:
        return Feature(FEMALE)
    told = _HEADER.fullmatch(header)
    if told is None:
        raise TrainingError(f"column {header!r}: write a test with its unit, like 血肌酐(μmol/L), or 年龄, 性别")
    known = snapshot.by_name(told[1], ConceptKind.LAB)
    exact = [c for c in known if c.name == told[1]] or list(known)
    if not exact:
        raise TrainingError(f"column {header!r}: the release knows no test {told[1]!r}")
    try:
        return Feature(LAB, exact[0].name, canonical_unit(told[2]))
    except QuantityError as error:
        raise TrainingError(f"column {header!r}: {error}") from None


def _case(row: Mapping[str, str | None], features: Mapping[str, Feature], place: str) -> Case:
    cells = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
    values = tuple(_value(cells[name], feature, f"{place} {name}") for name, feature in features.items())
    return Case(_time(cells[TIME], place), cells.get(PATIENT, ""), values, _told(cells[OUTCOME], place))


def _time(text: str, place: str) -> datetime:
    try:
        return zoned(datetime.fromisoformat(text))
    except ValueError:
        raise TrainingError(f"{place} {TIME}: must be a date or time, like 2026-01-31T08:00") from None


def _told(text: str, place: str) -> bool:
    return _either(text, _TRUE, _FALSE, f"{place} {OUTCOME}: must be 1 or 0")


def _either(text: str, yes: Sequence[str], no: Sequence[str], wrong: str) -> bool:
    word = text.casefold()
    if word in yes or word in no:
        return word in yes
    raise TrainingError(wrong)


def _value(text: str, feature: Feature, place: str) -> float:
    if not text:
        return nan
    if feature.kind == FEMALE:
        return float(_either(text, _WOMEN, _MEN, f"{place}: must be 男 or 女"))
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not isfinite(value):
        raise TrainingError(f"{place}: {text[:20]!r} is no number; leave empty what is unknown")
    return value
