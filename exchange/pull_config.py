"""What a pull is told: whose data, from where, into which template, which of their columns is which of ours. One YAML
file each; what is wrong in it is told by field, with what would be right."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from base.tenancy import TenancyError, tenant_path
from clinical.value import Value
from exchange.tables._templates import TEMPLATES, Template

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
MOST_PAGE: Final = 100_000
"""Rows of one page at most: so many may share one value of the cursor."""


class PullError(Exception):
    """A pull that cannot go on: ``where`` is the field of its file or the part of the source; what is wrong and what
    would be right, never what a row holds."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where, self.problem = where, problem


class FileSource(Value, frozen=True, forbid_unknown_fields=True):
    """Tables in files that match ``files`` (relative to the pull's own file). One that changed within the last
    ``settle`` seconds is still being written."""

    files: str
    sheet: str = ""
    delimiter: str = ""
    settle: int = 5


class DatabaseSource(Value, frozen=True, forbid_unknown_fields=True):
    """Rows of a query with ``:since`` and ``:limit``, ordered by the column ``cursor``. ``start`` is the first
    ``:since``, ``page`` the first ``:limit``; ``overlap`` is how far behind the cursor each pull looks again for rows
    that were committed late (seconds of a time, or a number)."""

    database: str
    query: str
    cursor: str
    start: str
    page: int = 2_000
    overlap: int = 0

    def url(self) -> URL:
        """Where the database is, with the password from the environment. Raises ``PullError``."""
        url = _url(self.database)
        variable = _VARIABLE.fullmatch(str(url.password or ""))
        if variable is None:
            return url
        password = os.environ.get(variable[1])
        if password is None:
            raise PullError("source.database", f"the environment has no {variable[1]}: set it to the password")
        return url.set(password=password)


class Pull(Value, frozen=True, forbid_unknown_fields=True):
    """A pull: ``columns`` are theirs → ours, ``values`` ours → (theirs → ours), ``drop`` theirs that we leave."""

    name: str
    tenant: str
    template: str
    source: FileSource | DatabaseSource
    columns: dict[str, str]
    values: dict[str, dict[str, str]]
    drop: tuple[str, ...]
    folder: Path

    @property
    def into(self) -> Template:
        return TEMPLATES[self.template]

    def mapping(self, theirs: Iterable[str]) -> dict[str, str]:
        """Which of their columns is which of ours, of those a source has. Raises ``PullError`` for one that nobody
        said anything of, for one that is not there, and for one of ours that nothing fills."""
        there, ours = [c for c in theirs if c], {column.heading for column in self.into.columns}
        missing = next((c for c in (*self.columns, *self.drop) if c not in there), None)
        if missing is not None:
            raise PullError("columns" if missing in self.columns else "drop", f"the source has no column {missing}")
        made = {c: self.columns.get(c, c) for c in there if c not in self.drop}
        unknown = next((c for c, heading in made.items() if heading not in ours), None)
        if unknown is not None:
            raise PullError("columns", f"say which of ours {unknown} is ({'、'.join(sorted(ours))}), or drop it")
        twice = next((h for h in made.values() if list(made.values()).count(h) > 1), None)
        if twice is not None:
            raise PullError("columns", f"{twice} is filled by several columns: drop all but one")
        empty = next((c.heading for c in self.into.columns if c.required and c.heading not in made.values()), None)
        if empty is not None:
            raise PullError("columns", f"nothing fills {empty}, which every row of {self.into.title} needs")
        return made


class _Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file as it is written."""

    name: str
    tenant: str
    template: str
    source: dict[str, str]
    columns: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    drop: tuple[str, ...] = ()


def load(path: Path) -> Pull:
    """A pull from its file. Raises ``PullError`` that names the field and the fix, ``FileNotFoundError``."""
    try:
        # Everything is text, as in tables: `1` and `no` are what columns hold, not a number and a truth.
        said = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise PullError(path.name, f"is no YAML in UTF-8{f' (line {mark.line + 1})' if mark else ''}") from None
    given = _shaped(said, _Given, "")
    made = Pull(**msgspec.structs.asdict(given) | {"source": _source(given.source), "folder": path.parent.resolve()})
    _check(made)
    return made


def _source(given: Mapping[str, str]) -> FileSource | DatabaseSource:
    if ("files" in given) == ("database" in given):
        raise PullError(
            "source", "needs either files (with sheet, delimiter) or database (with query, cursor, start)"
        )
    kind = FileSource if "files" in given else DatabaseSource
    made: FileSource | DatabaseSource = _shaped(given, kind, "source")
    return made


def _shaped(said: Any, kind: Any, place: str) -> Any:
    """Raises ``PullError`` that names the field."""
    try:
        return msgspec.convert(said, kind, strict=False)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `")
        within = path.rstrip("`").removeprefix("$").removeprefix(".")
        field = re.search(r"field `(\w+)`", text)
        named = within or (field[1] if field else "")
        raise PullError(".".join(filter(None, (place, named))) or "file", text) from None


def _check(pull: Pull) -> None:
    """Raises ``PullError``."""
    if not _NAME.fullmatch(pull.name):
        raise PullError("name", "must be up to 60 letters, digits, '_', '.', '-'")
    try:
        tenant_path(pull.tenant)
    except TenancyError as error:
        raise PullError("tenant", str(error)) from None
    if pull.template not in TEMPLATES:
        raise PullError("template", f"must be one of {', '.join(TEMPLATES)}")
    ours = {column.heading for column in pull.into.columns}
    for field, headings in (("columns", pull.columns.values()), ("values", pull.values)):
        unknown = next((heading for heading in headings if heading not in ours), None)
        if unknown is not None:
            raise PullError(field, f"{unknown} is no column of {pull.template}: {'、'.join(sorted(ours))}")
    both = next((column for column in pull.drop if column in pull.columns), None)
    if both is not None:
        raise PullError("drop", f"{both} is mapped in columns as well: say one of both")
    if isinstance(pull.source, DatabaseSource):
        _check_database(pull.source)


def _check_database(source: DatabaseSource) -> None:
    """Raises ``PullError``."""
    for parameter in (":since", ":limit"):
        if not re.search(rf"(?<!:){parameter}\b", source.query):
            raise PullError("source.query", f"lacks {parameter}: … WHERE x >= :since ORDER BY x LIMIT :limit")
    for field, low in (("page", 1), ("overlap", 0)):
        if not low <= getattr(source, field) <= MOST_PAGE:
            raise PullError(f"source.{field}", f"must be a number from {low} to {MOST_PAGE}")
    url = _url(source.database)
    if "password" in url.query:
        raise PullError("source.database", "write the password before the @, as ${NAME} of the environment")
    if url.password and not _VARIABLE.fullmatch(str(url.password)):
        raise PullError("source.database", "holds a password: write ${NAME} and set NAME in the environment")


def _url(text: str) -> URL:
    try:
        return make_url(text)
    except ArgumentError:
        raise PullError("source.database", "must be a URL: postgresql+psycopg://reader:${NAME}@host/db") from None
