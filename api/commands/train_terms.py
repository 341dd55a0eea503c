"""``yigong train-terms``: learn from confirmed pairs how doctors write names."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap import House
from api.terminal import ERR, OUT, By, Command, DataDir, bar, house
from base.audit import Event, append
from base.tabular import text_of
from base.tenancy import system as acting_system
from knowledge.release import ReleaseError
from knowledge.snapshot import Snapshot
from nlp.term_model import ModelError
from nlp.terms import SYSTEMS, Normaliser
from records.code_maps import CodeMaps

_HEADER = ("原始词", "标准词")
_SEVERAL = "##"
_URIS = {
    "icd-10": "http://hl7.org/fhir/sid/icd-10",
    "icd-9-cm-3": "http://hl7.org/fhir/sid/icd-9-cm",
    "lab": "http://loinc.org",
    "drug": "http://code.nhsa.gov.cn/drug",
}
"""Standards that confirmed maps lead to."""


def train_terms(
    path: Annotated[
        Path | None, typer.Argument(exists=True, help="table with 原始词 and 标准词; none: the confirmed maps")
    ] = None,
    system: Annotated[str, typer.Option(help=", ".join(SYSTEMS))] = "icd-9-cm-3",
    by: By = "operator",
    data_dir: DataDir = None,
) -> None:
    """Learn from confirmed pairs how names are written; what is learned stays in the data folder."""
    from nlp.term_strangers import strangers
    from nlp.term_training import STEPS, train

    if system not in SYSTEMS:
        raise typer.BadParameter(f"{system!r} is none of {', '.join(SYSTEMS)}", param_hint="system")
    opened = house(data_dir)
    snapshot = _served(opened)
    pairs = _confirmed(opened, snapshot, system) if path is None else read_pairs(path)
    try:
        with bar("术语标准化", STEPS) as advance:
            index = Normaliser(snapshot).index(system)
            other = strangers(snapshot, system, frozenset(index.names))
            made = train(index, system, pairs, other, lambda: advance(1))
    except ModelError as error:
        ERR.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(1) from None
    made.model.save(opened.settings.data_dir / "terms" / system)
    append(opened.engine, [Event(by, "terms.train", f"terms/{system}")])
    about = made.model.about
    OUT.print(
        f"{about.pairs} pairs learned, {len(made.unknown)} left out (the release does not know their standard name); "
        f"first candidate right in {about.top1:.1%} of those not learned from",
        highlight=False,
    )


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """Pairs of a table, comma or tab between them; what means several things at once (##) is passed over.

    Raises ``typer.BadParameter`` that names the line.
    """
    lines = text_of(path).splitlines()
    rows = csv.reader(lines, delimiter="\t" if lines and "\t" in lines[0] else ",")
    if tuple(cell.strip() for cell in next(rows, ())) != _HEADER:
        raise typer.BadParameter(f"{path.name}:1: the first line must be {','.join(_HEADER)}", param_hint="path")
    found = []
    for row in rows:
        cells = [cell.strip() for cell in row]
        if len(cells) != len(_HEADER) or not all(cells):
            raise typer.BadParameter(f"{path.name}:{rows.line_num}: must be two names", param_hint="path")
        if _SEVERAL not in cells[1]:
            found.append((cells[0], cells[1]))
    return found


def _confirmed(opened: House, snapshot: Snapshot, system: str) -> list[tuple[str, str]]:
    """Names of hospitals that people confirmed, with the release's name of their code."""
    if system not in _URIS:
        raise typer.BadParameter(f"maps lead to none of {system}: give a table", param_hint="path")
    with acting_system("command line"):
        learned = CodeMaps(opened.engine).learned(_URIS[system])
    found = []
    for written, code in learned.items():
        named = [c for short in SYSTEMS[system].codes for c in snapshot.by_code(short, code)]
        found += [(written, named[0].name)] if named else []
    return found


def _served(opened: House) -> Snapshot:
    wanted = opened.releases.active()
    if not wanted:
        raise ReleaseError("nothing is published yet: run `yigong serve` or `yigong publish`")
    return opened.releases.open(wanted)


COMMANDS = (Command("train-terms", train_terms),)
