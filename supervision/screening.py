"""Batch screening of stored orders: tables in, findings out as parquet, in parts that a restart takes up again.

Input is one file with a column ``review`` (the plain JSON review of a patient), or a folder of tables named
after the lists of the plain review (``patients`` and ``orders``, and where they exist ``medications``,
``conditions``, ``allergies``, ``observations``, ``reports``, ``procedures``), as parquet, csv or JSON lines,
each row with the patient's id in ``patient`` and columns named as the review's fields in snake_case. A table
that is missing means that nobody asked; one without rows for a patient means that there is nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson

LISTS: Final = ("orders", "medications", "conditions", "allergies", "observations", "reports", "procedures")
ABOUT: Final = ("department", "institution", "stage", "visit", "admitted", "institution_level", "insurance", "as_of")
_SUFFIXES: Final = (".parquet", ".csv", ".jsonl", ".ndjson")
_TEXTS: Final = frozenset(
    "id text unit route frequency form institution department prescriber group note reaction conclusion "
    "quantity_unit rate_unit stage insurance sex".split()
)
_READERS: Final = {".parquet": "read_parquet", ".csv": "read_csv", ".jsonl": "read_json", ".ndjson": "read_json"}
COLUMNS: Final = (
    "patient",
    "institution",
    "department",
    "family",
    "rule",
    "version",
    "severity",
    "orders",
    "summary",
    "cause",
    "interruptive",
)
"""Columns of a findings part, in order; ``orders`` holds order ids separated by spaces."""
Judge = Callable[[Sequence[bytes]], list[dict[str, Any]]]
"""Plain reviews (JSON) to the rows of their findings; family ``error`` when one could not be read."""


class ScreeningError(Exception):
    """The input cannot be screened; the message names the file, the column and the fix."""


@dataclass(frozen=True, slots=True)
class Screened:
    """What a run did: parts done now and before, patients, findings, rows that could not be read."""

    parts: int
    resumed: int
    patients: int
    findings: int
    errors: int


def screen(
    source: Path,
    out: Path,
    release: str,
    judge: Judge,
    *,
    start: tuple[Callable[..., None], tuple[Any, ...]],
    workers: int = 1,
    chunk: int = 2_000,
    progress: Callable[[int], None] = lambda patients: None,
    meanwhile: Callable[[], None] = lambda: None,
) -> Screened:
    """Screen all patients of ``source`` into ``out/part-*.parquet``. ``judge`` takes a chunk of reviews in a
    worker process that was prepared with ``start``. A part is written whole or not at all; those that an
    earlier run over the same input and release wrote are kept. ``meanwhile`` is done while the first parts are
    judged and before any is written: what it raises ends the run. Raises ``ScreeningError``."""
    out.mkdir(parents=True, exist_ok=True)
    _same_run(out, source, release)
    counted, once = Counted(), lru_cache(maxsize=1)(meanwhile)
    with ProcessPoolExecutor(workers, initializer=start[0], initargs=start[1]) as pool:
        for _ in range(workers):
            pool.submit(int)  # each gets ready while the first patients are read
        running: dict[Future[list[dict[str, Any]]], tuple[int, int]] = {}
        for number, reviews in enumerate(_chunks(source, chunk)):
            if _part(out, number).exists():
                counted.resumed += 1
                progress(len(reviews))
                continue
            running[pool.submit(judge, reviews)] = (number, len(reviews))
            while len(running) >= workers * 2:
                once()
                _finish(out, running, counted, progress)
        once()
        while running:
            _finish(out, running, counted, progress)
    return Screened(counted.parts, counted.resumed, counted.patients, counted.findings, counted.errors)


@dataclass(slots=True)
class Counted:
    """Figures of a run while it goes on."""

    parts: int = 0
    resumed: int = 0
    patients: int = 0
    findings: int = 0
    errors: int = 0


def patients_in(source: Path) -> int:
    """How many patients a source holds, for the progress bar. Raises ``ScreeningError``."""
    with _open() as database:
        row = database.execute(f"SELECT count(*) FROM ({_query(database, source)})").fetchone()
    return int(row[0]) if row else 0


def summary(out: Path) -> list[dict[str, Any]]:
    """Findings of all parts by family and severity, the most first."""
    with _open() as database:
        found = database.execute(
            "SELECT family, severity, count(*) AS findings, count(DISTINCT patient) AS patients "
            f"FROM read_parquet('{_quoted(out)}/part-*.parquet') GROUP BY ALL ORDER BY findings DESC, family"
        )
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _finish(
    out: Path,
    running: dict[Future[list[dict[str, Any]]], tuple[int, int]],
    counted: Counted,
    progress: Callable[[int], None],
) -> None:
    for done in wait(running, return_when=FIRST_COMPLETED).done:
        number, patients = running.pop(done)
        rows = done.result()
        _write(_part(out, number), rows)
        errors = sum(row["family"] == "error" for row in rows)
        counted.parts += 1
        counted.patients += patients
        counted.errors += errors
        counted.findings += len(rows) - errors
        progress(patients)


def _part(out: Path, number: int) -> Path:
    return out / f"part-{number:06d}.parquet"


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """One part, complete before it has its name."""
    lines, part = path.with_suffix(".jsonl"), path.with_suffix(".tmp")
    lines.write_bytes(b"\n".join(orjson.dumps(row) for row in rows))
    types = ", ".join(f"{name}: '{'BOOLEAN' if name == 'interruptive' else 'VARCHAR'}'" for name in COLUMNS)
    with _open() as database:
        database.execute(
            f"COPY (SELECT * FROM read_json('{_quoted(lines)}', format='newline_delimited', columns={{{types}}})) "
            f"TO '{_quoted(part)}' (FORMAT parquet)"
        )
    lines.unlink()
    part.replace(path)


def _same_run(out: Path, source: Path, release: str) -> None:
    """Refuse to mix findings of two inputs or releases in one folder."""
    stamp = {"source": str(source.resolve()), "release": release, "files": _stamps(source)}
    path = out / "screen.json"
    if not path.exists():
        path.write_bytes(orjson.dumps(stamp))
    elif orjson.loads(path.read_bytes()) != stamp:
        raise ScreeningError(f"{out}: holds findings of another input or release; give another --out")


def _stamps(source: Path) -> list[list[Any]]:
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    return [[f.name, f.stat().st_size, f.stat().st_mtime_ns] for f in files if f.suffix in _SUFFIXES]


def _chunks(source: Path, size: int) -> Iterator[list[bytes]]:
    """Plain reviews as JSON, in the order of patients, so that a restart sees the same chunks."""
    with _open() as database:
        found = database.execute(f"{_query(database, source)} ORDER BY 1")
        while rows := found.fetchmany(size):
            yield [str(review).encode() for _, review in rows]


def _query(database: Any, source: Path) -> str:
    """SQL that gives (patient, review as JSON text)."""
    if not source.exists():
        raise ScreeningError(f"{source}: there is no such file or folder")
    if source.is_file():
        names = _columns(database, source)
        if "review" not in names:
            raise ScreeningError(f"{source.name}: has no column `review` with the plain JSON review of a patient")
        key = "patient" if "patient" in names else "review::JSON->>'$.patient.id'"
        return f"SELECT {key} AS patient, review::VARCHAR FROM {_reading(source)}"
    return _joined(database, source)


def _joined(database: Any, folder: Path) -> str:
    files = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix in _SUFFIXES}
    for needed in ("patients", "orders"):
        if needed not in files:
            raise ScreeningError(f"{folder}: table `{needed}` is missing (as parquet, csv or jsonl)")
    names = _columns(database, files["patients"])
    if "id" not in names:
        raise ScreeningError("patients: column `id` is missing")
    given = {name: _value(name, "p.") for name in names if name not in ABOUT}
    about = {name: _value(name, "p.") for name in names if name in ABOUT}
    joins = []
    for table in LISTS:
        if table not in files:
            continue
        columns = _columns(database, files[table])
        if "patient" not in columns:
            raise ScreeningError(f"{table}: column `patient` is missing")
        joins.append(_grouped(table, files[table], [c for c in columns if c != "patient"]))
        (about if table == "orders" else given)[table] = f"coalesce({table}.rows, [])"
    review = f"{{{_fields({'patient': f'{{{_fields(given)}}}'} | about)}}}"
    tables = " ".join([f"{_reading(files['patients'])} p", *joins])
    return f"SELECT p.id::VARCHAR AS patient, to_json({review})::VARCHAR FROM {tables}"


def _grouped(table: str, path: Path, columns: Sequence[str]) -> str:
    row = f"{{{_fields({c: _value(c) for c in columns})}}}"
    rows = f"SELECT patient, list({row} ORDER BY {row}) AS rows FROM {_reading(path)} GROUP BY patient"
    return f"LEFT JOIN ({rows}) {table} ON {table}.patient = p.id"


def _value(column: str, of: str = "") -> str:
    """A column as the review wants it: ids and names are texts whatever they look like, and a result is a
    number where it can be one."""
    name = f"{of}{_name(column)}"
    if column in _TEXTS:
        return f"{name}::VARCHAR"
    if column == "value":
        return f"coalesce(to_json(try_cast({name} AS DOUBLE)), to_json({name}))"
    return name


def _fields(columns: Mapping[str, str]) -> str:
    return ", ".join(f"'{_camel(name)}': {expression}" for name, expression in columns.items())


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _columns(database: Any, path: Path) -> list[str]:
    found = database.execute(f"DESCRIBE SELECT * FROM {_reading(path)}").fetchall()
    return [str(row[0]) for row in found]


def _reading(path: Path) -> str:
    if path.suffix not in _READERS:
        raise ScreeningError(f"{path.name}: must be one of {', '.join(_SUFFIXES)}")
    return f"{_READERS[path.suffix]}('{_quoted(path)}')"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _open() -> Any:
    try:
        import duckdb
    except ImportError:
        raise ScreeningError("screening needs DuckDB: pip install 'yigong[screen]'") from None
    return duckdb.connect()
