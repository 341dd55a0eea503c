"""Code systems, value sets and maps in and out: tables as hospitals keep them, and FHIR resources."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from base.tabular import TableError, read
from records.code_maps import EQUIVALENCES, Pair
from records.code_systems import ACTIVE, CodeSystem, Concept, TermError, Version
from records.value_sets import Expansion, ValueSet

_SHIPPED: Final = Path(__file__).parent / "code_content" / "standards.csv"
_COLUMNS: Final = {
    "code": ("编码", "代码", "code", "Code"),
    "display": ("名称", "值含义", "display", "name", "Name"),
    "parent": ("上级", "上级编码", "parent"),
    "synonyms": ("同义词", "别名", "synonyms"),
    "active": ("状态", "启用", "active"),
}
_OFF: Final = frozenset({"停用", "否", "0", "false", "n", "no", "inactive"})
_MAP_COLUMNS: Final = {
    "code": ("院内编码", "原编码", "source"),
    "display": ("院内名称", "原名称", "sourceDisplay"),
    "target_code": ("标准编码", "target"),
    "target_display": ("标准名称", "targetDisplay"),
    "equivalence": ("关系", "equivalence"),
}
_CHINESE: Final = dict(zip(("等同", "较宽", "较窄", "近似", "无对应"), EQUIVALENCES, strict=True))
_PARENT, _INACTIVE = "parent", "inactive"


# -- tables --------------------------------------------------------------------------------------


def read_concepts(path: Path) -> list[Concept]:
    """Concepts of a .csv, .tsv or .xlsx file with columns 编码 and 名称; 上级, 同义词 (by ``|``) and 状态 where there
    are any, every other column a property. Raises ``TermError`` that names line and column."""
    return [
        Concept(
            cells["code"],
            cells["display"],
            cells["parent"],
            tuple(part.strip() for part in cells["synonyms"].split("|") if part.strip()),
            rest,
            cells["active"].strip().casefold() not in _OFF,
        )
        for cells, rest in _table(path, _COLUMNS, ("code", "display"))
    ]


def read_pairs(path: Path, tenant: str, source: str, target: str) -> list[Pair]:
    """Pairs of a map from a table with columns 院内编码 and 标准编码. Raises ``TermError``."""
    found = []
    for cells, _ in _table(path, _MAP_COLUMNS, ("code", "target_code")):
        equivalence = _CHINESE.get(cells["equivalence"], cells["equivalence"] or "equivalent")
        pair = Pair(tenant, source, cells["code"], target, cells["target_code"], cells["display"])
        found.append(pair._replace(target_display=cells["target_display"], equivalence=equivalence))
    return found


def _table(
    path: Path, columns: Mapping[str, Sequence[str]], needed: Sequence[str]
) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Rows as (known cells, other cells). Raises ``TermError``."""
    try:
        rows = list(read(path))
    except TableError as error:
        raise TermError("file", str(error)) from None
    header = list(rows[0].cells) if rows else []
    named = {field: next((c for c in names if c in header), "") for field, names in columns.items()}
    for field in needed:
        if not named[field]:
            raise TermError("file", f"缺少列“{columns[field][0]}”；现有列：{'、'.join(header) or '无'}")
    for row in rows:
        cells = {field: row.cells.get(column, "") if column else "" for field, column in named.items()}
        for field in needed:
            if not cells[field]:
                raise TermError(f"第 {row.line} 行", f"列“{named[field]}”不能为空")
        rest = {
            column: text for column, text in row.cells.items() if column not in named.values() and text and column
        }
        yield cells, rest


def concept_rows(concepts: Iterable[Concept]) -> list[dict[str, Any]]:
    """Concepts as rows of a table that ``read_concepts`` reads again."""
    given = list(concepts)
    names = sorted({name for concept in given for name in concept.properties})
    return [
        {
            "编码": concept.code,
            "名称": concept.display,
            "上级": concept.parent,
            "同义词": "|".join(concept.synonyms),
            "状态": "启用" if concept.active else "停用",
        }
        | {name: concept.properties.get(name, "") for name in names}
        for concept in given
    ]


def pair_rows(pairs: Iterable[Pair]) -> list[dict[str, Any]]:
    """Pairs as rows of a table that ``read_pairs`` reads again."""
    titles = {english: chinese for chinese, english in _CHINESE.items()}
    return [
        {
            "院内编码": pair.code,
            "院内名称": pair.display,
            "标准编码": pair.target_code,
            "标准名称": pair.target_display,
            "关系": titles.get(pair.equivalence, pair.equivalence),
            "状态": pair.state.value,
            "方法": pair.method,
            "得分": pair.score,
        }
        for pair in pairs
    ]


def shipped(tenant: str) -> Iterator[tuple[CodeSystem, str, list[Concept]]]:
    """The short national code tables that we ship, as standards of a tenant: system, version, concepts."""
    with _SHIPPED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for name in dict.fromkeys(row["system"] for row in rows):
        own = [row for row in rows if row["system"] == name]
        head = own[0]
        uri = f"urn:oid:{head['oid']}"
        made = CodeSystem(tenant, name, uri, head["title"], head["oid"], head["publisher"], True)
        yield made, head["version"], [Concept(row["code"], row["display"], row["parent"]) for row in own]


# -- FHIR ----------------------------------------------------------------------------------------


def read_code_system(resource: Mapping[str, Any], tenant: str) -> tuple[CodeSystem, str, list[Concept]]:
    """A FHIR CodeSystem as system, version and concepts; nested concepts have the outer one as parent. Raises
    ``TermError`` that names the field."""
    if resource.get("resourceType") != "CodeSystem":
        raise TermError("resourceType", "应为 CodeSystem")
    identifiers = [i.get("value", "") for i in _dicts(resource.get("identifier"))]
    oid = next((value.removeprefix("urn:oid:") for value in identifiers if str(value).startswith("urn:oid:")), "")
    made = CodeSystem(
        tenant,
        _text(resource, "id"),
        _text(resource, "url"),
        str(resource.get("title") or resource.get("name") or ""),
        oid,
        str(resource.get("publisher") or ""),
        True,
    )
    return made, str(resource.get("version") or "1"), list(_nested(resource.get("concept"), "", "concept"))


def _nested(given: Any, parent: str, at: str) -> Iterator[Concept]:
    for number, one in enumerate(_dicts(given)):
        where = f"{at}[{number}]"
        code, display = one.get("code"), one.get("display") or one.get("definition")
        if not isinstance(code, str) or not isinstance(display, str):
            raise TermError(where, "须有 code 和 display")
        told = {str(p.get("code")): _property(p) for p in _dicts(one.get("property"))}
        synonyms = tuple(str(d["value"]) for d in _dicts(one.get("designation")) if d.get("value"))
        above_it = told.pop(_PARENT, "") or parent
        active = told.pop(_INACTIVE, "") != "true"
        yield Concept(code, display, above_it, synonyms, told, active)
        yield from _nested(one.get("concept"), code, f"{where}.concept")


def _property(given: Mapping[str, Any]) -> str:
    value = next((v for k, v in given.items() if k.startswith("value")), "")
    if isinstance(value, dict):
        return str(value.get("code", ""))
    return str(value).lower() if isinstance(value, bool) else str(value)


def code_system_json(owner: CodeSystem, version: Version, concepts: Iterable[Concept]) -> dict[str, Any]:
    """A version of a code system as a FHIR CodeSystem."""
    listed = [_concept_json(concept) for concept in concepts]
    made: dict[str, Any] = {
        "resourceType": "CodeSystem",
        "id": owner.id,
        "url": owner.uri,
        "version": version.version,
        "title": owner.title,
        "name": owner.id,
        "status": "active" if version.state == ACTIVE else "draft" if version.activated is None else "retired",
        "publisher": owner.publisher,
        "content": "complete",
        "count": len(listed),
        "property": [
            {"code": _PARENT, "uri": "http://hl7.org/fhir/concept-properties#parent", "type": "code"},
            {"code": _INACTIVE, "uri": "http://hl7.org/fhir/concept-properties#inactive", "type": "boolean"},
        ],
        "concept": listed,
    }
    if owner.oid:
        made["identifier"] = [{"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{owner.oid}"}]
    return {key: value for key, value in made.items() if value not in ("", [])}


def _concept_json(concept: Concept) -> dict[str, Any]:
    told: list[dict[str, Any]] = [{"code": n, "valueString": v} for n, v in concept.properties.items()]
    if concept.parent:
        told.append({"code": _PARENT, "valueCode": concept.parent})
    if not concept.active:
        told.append({"code": _INACTIVE, "valueBoolean": True})
    made: dict[str, Any] = {"code": concept.code, "display": concept.display}
    if told:
        made["property"] = told
    if concept.synonyms:
        made["designation"] = [{"value": synonym} for synonym in concept.synonyms]
    return made


def read_value_set(resource: Mapping[str, Any], tenant: str) -> ValueSet:
    """A FHIR ValueSet. Raises ``TermError`` that names the field."""
    if resource.get("resourceType") != "ValueSet":
        raise TermError("resourceType", "应为 ValueSet")
    compose = resource.get("compose")
    return ValueSet(
        tenant,
        _text(resource, "id"),
        str(resource.get("version") or "1"),
        _text(resource, "url"),
        str(resource.get("title") or resource.get("name") or ""),
        compose if isinstance(compose, dict) else {},
    )


def value_set_json(given: ValueSet, expansion: Expansion | None = None) -> dict[str, Any]:
    """A value set as a FHIR ValueSet, with its codes where they were expanded."""
    made: dict[str, Any] = {
        "resourceType": "ValueSet",
        "id": given.id,
        "url": given.url,
        "version": given.version,
        "title": given.title,
        "status": "active" if given.state == ACTIVE else "draft",
        "compose": dict(given.compose),
    }
    if expansion is not None:
        contains = [{"system": m.system, "code": m.code, "display": m.display} for m in expansion.members]
        made["expansion"] = {"total": expansion.total, "contains": contains}
    return made


def concept_map_json(pairs: Iterable[Pair]) -> dict[str, Any]:
    """Pairs as a FHIR ConceptMap, grouped by source and target."""
    groups: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for pair in pairs:
        elements = groups.setdefault((pair.source, pair.target), {})
        element = elements.setdefault(pair.code, {"code": pair.code, "display": pair.display, "target": []})
        target = {"code": pair.target_code, "display": pair.target_display, "equivalence": pair.equivalence}
        element["target"].append(target)
    listed = [
        {"source": source, "target": target, "element": list(elements.values())}
        for (source, target), elements in groups.items()
    ]
    return {"resourceType": "ConceptMap", "status": "active", "group": listed}


def read_concept_map(resource: Mapping[str, Any], tenant: str) -> list[Pair]:
    """The pairs of a FHIR ConceptMap. Raises ``TermError`` that names the field."""
    if resource.get("resourceType") != "ConceptMap":
        raise TermError("resourceType", "应为 ConceptMap")
    found = []
    for number, group in enumerate(_dicts(resource.get("group"))):
        source, target = group.get("source"), group.get("target")
        if not isinstance(source, str) or not isinstance(target, str):
            raise TermError(f"group[{number}]", "须有 source 和 target")
        for element in _dicts(group.get("element")):
            for one in _dicts(element.get("target")):
                pair = Pair(tenant, source, _text(element, "code"), target, _text(one, "code"))
                told, target_told = (str(part.get("display") or "") for part in (element, one))
                relation = str(one.get("equivalence") or "equivalent")
                found.append(pair._replace(display=told, target_display=target_told, equivalence=relation))
    return found


def _text(resource: Mapping[str, Any], field: str) -> str:
    value = resource.get(field)
    if not isinstance(value, str) or not value.strip():
        raise TermError(field, "不能为空")
    return value


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
