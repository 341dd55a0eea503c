"""Facts from an institution's own tables: csv or parquet with the columns of the fact, by name or by Chinese title.

Codes may be given by their titles too (``门诊`` for ``outpatient``), yes and no as ``是`` and ``否``. What is empty
is unknown.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from supervision.figures.duck import connect, quoted
from supervision.figures.fact import Column, Fact, Type
from supervision.figures.lake import DELETED, Lake
from supervision.figures.manifest import Load, Loaded, LoadError

_YES_NO: Final = {"是": "true", "否": "false"}
_READERS: Final = {".csv": "read_csv({}, all_varchar=true)", ".parquet": "read_parquet({})"}


def load_file(lake: Lake, fact: Fact, tenant: str, path: Path, actor: str) -> Loaded:
    """Bring in a file. Raises ``LoadError`` that names the column, ``TakenError``."""
    if path.suffix not in _READERS:
        raise LoadError(path.name, f"须为 {'、'.join(_READERS)} 文件")
    source = f"SELECT * FROM {_READERS[path.suffix].format(quoted(str(path)))}"
    return lake.merge(
        fact, Load(tenant, fact.name, path.name[:120], actor), _renamed(fact, _headings(fact, source), source)
    )


def _headings(fact: Fact, source: str) -> list[str]:
    from duckdb import Error

    with connect() as database:
        try:
            found: list[tuple[Any, ...]] = database.execute(f"DESCRIBE {source}").fetchall()
        except Error as error:
            raise LoadError(fact.name, f"无法读取：{str(error).splitlines()[0]}") from None
    return [str(row[0]) for row in found]


def _renamed(fact: Fact, headings: list[str], source: str) -> str:
    """The columns of a file as those of the fact. Raises ``LoadError`` that names what is unknown or there twice."""
    titles = {column.title: column for column in fact.given.values()} | fact.given
    unknown = [heading for heading in headings if heading not in titles and heading != DELETED]
    if unknown:
        known = "、".join(f"{column.title}（{name}）" for name, column in fact.given.items())
        raise LoadError(fact.name, f"没有列 {'、'.join(unknown)}，可用: {known}")
    names = [titles[heading].name if heading in titles else heading for heading in headings]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise LoadError(fact.name, f"列 {'、'.join(twice)} 出现了两次（名称与标题只用一个）")
    read = [_read(titles.get(heading), heading) for heading in headings]
    return f"SELECT {', '.join(read)} FROM ({source})"


def _read(column: Column | None, heading: str) -> str:
    """A column of the file, its titles turned into codes."""
    given = '"' + heading.replace('"', '""') + '"'
    if column is None:
        return given
    codes = {title: code for code, title in column.choices.items()} or (_YES_NO if column.type is Type.FLAG else {})
    if not codes:
        return f"{given} AS {column.name}"
    cases = " ".join(f"WHEN {quoted(title)} THEN {quoted(code)}" for title, code in codes.items())
    text = f"{given}::VARCHAR"
    return f"CASE {text} {cases} ELSE {text} END AS {column.name}"


__all__ = ["load_file"]
