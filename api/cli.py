"""The one console command: ``yigong``."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from api.bootstrap import BootstrapError, ensure_release, loaders
from api.gates import GATES
from api.search_desk import artefacts
from api.terminal import ERR, OUT, By, Command, DataDir, as_json, bar, house
from base import tracing
from base.audit import Event, append
from base.plugins import discover
from base.settings import Settings
from base.tenancy import system
from base.tracing import TracingError
from knowledge import release
from knowledge.graph import GraphError, why
from knowledge.merge import LoadReport, load, open_candidates
from knowledge.naming import normal_name
from knowledge.release import Manifest, ReleaseError
from knowledge.review import Workflow, WorkflowError
from knowledge.snapshot import Snapshot
from knowledge.store import StoreError

_TOLD = (BootstrapError, ReleaseError, WorkflowError, StoreError, GraphError, TracingError, FileNotFoundError)
_WORKER_SECONDS = 30
"""A worker that does not answer the process above it for so long is replaced. A busy machine may take longer than
uvicorn's five to start one, and would start it over and over."""
app = typer.Typer(no_args_is_help=True, add_completion=False, help="医共 Yigong: clinical decision service")
rdf_app = typer.Typer(no_args_is_help=True, help="Releases as RDF (SKOS, PROV-O)")
app.add_typer(rdf_app, name="rdf")


def main() -> None:
    """Run a command; what goes wrong is said in one line, with exit status 1."""
    try:
        app()
    except _TOLD as error:
        ERR.print(f"[red]{error}[/red]", highlight=False)
        sys.exit(1)


@app.callback()
def begin(context: typer.Context) -> None:
    """Whoever runs a command on the machine reaches everything; what the service does, each caller's own scope
    says."""
    if context.invoked_subcommand != "serve":
        context.with_resource(system("command line"))


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="address to listen on (YIGONG_HOST)")] = "",
    port: Annotated[int, typer.Option(help="port (YIGONG_PORT)")] = 0,
    data_dir: DataDir = None,
    workers: Annotated[int, typer.Option(help="worker processes (YIGONG_WORKERS)")] = 0,
) -> None:
    """Answer hospitals. On an empty data folder the starter release is built and published first."""
    import uvicorn

    from api.commands.exchange import Workers
    from api.indexing import index_beside
    from api.mutual_tls import tls_options

    given = {"HOST": host, "PORT": port, "WORKERS": workers, "DATA_DIR": data_dir}
    os.environ |= {f"YIGONG_{k}": str(v) for k, v in given.items() if v}
    opened = house(None)
    settings = opened.settings
    if settings.traces_url:
        tracing.check()
    with bar("起步内容") as advance:
        manifest = ensure_release(opened, GATES, advance, artefacts(settings))
    if manifest is not None:
        _say_published(manifest)
    opened.engine.dispose()
    if settings.workers > 1:
        _share_metrics(settings.data_dir / "metrics")
    index_beside(opened)
    _welcome(settings)
    with Workers(settings.exchange_workers):
        uvicorn.run(
            "api.worker:create",
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            loop="uvloop",
            **tls_options(settings),
            access_log=False,
            log_level="warning",
            server_header=False,
            date_header=True,
            timeout_worker_healthcheck=_WORKER_SECONDS,
        )


@app.command("load")
def load_source(
    source: Annotated[str, typer.Argument(help="one of `yigong sources`")],
    path: Annotated[Path, typer.Argument(exists=True, help="file or folder to read")],
    by: By = "operator",
    data_dir: DataDir = None,
    fresh: Annotated[bool, typer.Option(help="do not resume a run that broke off")] = False,
) -> None:
    """Load a knowledge source as drafts. Safe to repeat; reviewed statements are never overwritten."""
    known = loaders()
    if source not in known:
        raise typer.BadParameter(f"{source!r} is none of {', '.join(sorted(known))}", param_hint="source")
    opened, loader = house(data_dir), known[source]
    with bar(loader.title, loader.total(path) * 2) as advance:
        report = load(opened.store, loader, path, by, advance, not fresh)
    _say_loaded(report)


@app.command()
def sources() -> None:
    """Sources that can be loaded."""
    table = Table("name", "title", "standing")
    for name, loader in sorted(loaders().items()):
        table.add_row(name, loader.title, loader.standing.value)
    OUT.print(table)


@app.command()
def accept(
    source: Annotated[str, typer.Argument(help="loaded source whose drafts are accepted as they stand")],
    by: By,
    reason: Annotated[str, typer.Option(help="why they may be released")],
    data_dir: DataDir = None,
) -> None:
    """Approve all drafts of a loaded source; somebody who neither loaded it nor wrote any of them must do this."""
    own = source in loaders() and loaders()[source].own
    count = Workflow(house(data_dir).store).accept_load(source, by, reason, own)
    OUT.print(f"{count} records of {source} accepted" + (" as reviewed knowledge" if own else ""))


@app.command()
def candidates(limit: Annotated[int, typer.Option(help="how many to list")] = 50, data_dir: DataDir = None) -> None:
    """Concepts that may be the same thing, for curators to judge."""
    table = Table("a", "b", "reason")
    for a, b, reason in open_candidates(house(data_dir).store, limit):
        table.add_row(a, b, reason)
    OUT.print(table)


@app.command()
def publish(
    by: By,
    note: Annotated[str, typer.Option()] = "",
    data_dir: DataDir = None,
    without_search: Annotated[
        bool, typer.Option("--without-search", help="serve it at once; publish again for its search index")
    ] = False,
) -> None:
    """Freeze all approved knowledge into a signed release, build its search index, and serve it."""
    opened = house(data_dir)
    append(opened.engine, [Event(by, "release.publish", why=note)])
    with bar("检索索引") as advance:
        beside = () if without_search else artefacts(opened.settings, advance)
        made = release.publish(opened.store, opened.releases, opened.key, GATES, by, note, beside)
    _say_published(made)


@app.command()
def rollback(
    by: By,
    note: Annotated[str, typer.Option(help="why")],
    to: Annotated[str, typer.Option(help="release to go back to; empty: the one before")] = "",
    data_dir: DataDir = None,
) -> None:
    """Serve an earlier release again."""
    opened = house(data_dir)
    append(opened.engine, [Event(by, "release.rollback", f"release/{to}" if to else "", why=note)])
    target = release.rollback(opened.store, opened.releases, by, note, to)
    OUT.print(f"serving {target}")


@app.command()
def releases(data_dir: DataDir = None) -> None:
    """Releases of this installation; the one being served is marked."""
    opened = house(data_dir)
    active = opened.releases.active()
    table = Table("", "release", "published", "by", "statements", "note")
    for m in opened.releases.known():
        mark = "*" if m.release == active else ""
        table.add_row(mark, m.release[:16], m.published_at[:19], m.published_by, str(m.counts["statements"]), m.note)
    OUT.print(table)


@app.command()
def review(
    file: Annotated[Path, typer.Argument(exists=True, help="JSON body of POST /api/v1/reviews")],
    explain: Annotated[bool, typer.Option(help="say of every rule whether it passed, fired or why not")] = False,
    data_dir: DataDir = None,
) -> None:
    """Review orders from a file and print the answer."""
    from datetime import UTC, datetime

    from api.front import Front
    from api.review_json import answered
    from clinical.coded import china_day
    from exchange.plain import decode, read

    reviewer = Front.open(house(data_dir)).reviewer
    plain, now = decode(file.read_bytes()), datetime.now(UTC)
    day = plain.as_of or china_day(now)
    told = explain or plain.explain
    as_json(answered(reviewer.review(read(plain, now), day=day, explain=told), told))


@app.command()
def replay(
    review_id: Annotated[str, typer.Argument(help="id of a stored review")],
    release_id: Annotated[str, typer.Option("--release", help="release to ask; empty: the one that answered")] = "",
    data_dir: DataDir = None,
) -> None:
    """Ask a stored request again, of any release; says what appears and what vanishes."""
    from api.front import Front
    from api.replay import replay as ask_again

    opened = house(data_dir)
    append(opened.engine, [Event(_account(), "review.replay", f"review/{review_id}")])
    as_json(ask_again(Front.open(opened).reviewer, review_id, release_id))


def _account() -> str:
    """The account of the machine that a command runs under; its number where it has no name."""
    return os.environ.get("USER") or f"uid {os.getuid()}"


@app.command("why")
def why_linked(a: str, b: str, data_dir: DataDir = None) -> None:
    """Why two concepts (ids or names) are linked: the shortest chain of statements."""
    snapshot = _snapshot(data_dir)
    for s in why(snapshot, _concept(snapshot, a), _concept(snapshot, b)):
        cited = "; ".join(c.source for c in s.citations)
        OUT.print(f"{snapshot.name(s.subject)} —{s.predicate.value}→ {snapshot.name(s.object)}  ({cited})")


@rdf_app.command("export")
def rdf_export(
    path: Annotated[Path, typer.Argument(help="Turtle file to write")],
    release_id: Annotated[str, typer.Option("--release")] = "",
    data_dir: DataDir = None,
) -> None:
    """Write a release as Turtle."""
    from knowledge import rdf

    count = rdf.export(_snapshot(data_dir, release_id), path)
    OUT.print(f"{count} triples written to {path}")


@rdf_app.command("import")
def rdf_import(path: Annotated[Path, typer.Argument(exists=True)], by: By, data_dir: DataDir = None) -> None:
    """Read a Turtle export into the store as drafts."""
    from knowledge import rdf

    written = rdf.import_drafts(house(data_dir).store, path, by)
    OUT.print(f"{written} records written as drafts")


@app.command()
def sparql(query: Annotated[str, typer.Argument(help="SPARQL text, or @file")], data_dir: DataDir = None) -> None:
    """Ask the release being served in SPARQL."""
    from knowledge import rdf

    text = Path(query[1:]).read_text("utf-8") if query.startswith("@") else query
    for row in rdf.query(_snapshot(data_dir), text):
        OUT.print("\t".join(row), highlight=False)


@app.command()
def doctor(data_dir: DataDir = None) -> None:
    """Check the installation: database, keys, active release, rule families, hooks, sources."""
    from api.doctor import checks

    bad = 0
    for name, trouble in checks(house(data_dir)):
        bad += bool(trouble)
        OUT.print(f"{'[red]✗' if trouble else '[green]✓'}[/] {name}{': ' + trouble if trouble else ''}")
    if bad:
        raise typer.Exit(1)


def _snapshot(data_dir: Path | None, release_id: str = "") -> Snapshot:
    opened = house(data_dir)
    wanted = release_id or opened.releases.active()
    if not wanted:
        raise ReleaseError("nothing is published yet: run `yigong serve` or `yigong publish`")
    return opened.releases.open(wanted)


def _concept(snapshot: Snapshot, text: str) -> str:
    if snapshot.concept(text):
        return text
    found = snapshot.by_name(text)
    if len(found) > 1:  # what is called so before what is also called so
        found = tuple(c for c in found if normal_name(c.name) == normal_name(text)) or found
    if len(found) != 1:
        known = ", ".join(c.id for c in found) or "nothing"
        raise GraphError(f"{text!r} names {known}: give the id of one concept")
    return found[0].id


def _say_published(m: Manifest) -> None:
    counts = ", ".join(f"{n} {kind}" for kind, n in m.counts.items())
    ERR.print(f"release {m.release[:16]} published: {counts}", highlight=False)
    for name, built in m.artefacts.items():
        if built.fault:
            ERR.print(f"[yellow]without {name}: {built.fault}; publish again when that is mended", highlight=False)


def _say_loaded(r: LoadReport) -> None:
    rate = f", {r.written / r.seconds:.0f}/s" if r.seconds > 0 else ""
    OUT.print(
        f"{r.loader}: {r.written} written, {r.unchanged} unchanged, {r.kept} kept as reviewed, "
        f"{r.merged} joined known concepts, {r.candidates} merge candidates, "
        f"{r.left_out} left out for unknown names, {len(r.errors)} row errors in {r.seconds:.1f} s{rate}",
        highlight=False,
    )
    if r.left_out:
        known = r.written + r.unchanged + r.kept
        every = known + r.left_out
        OUT.print(f"  {known / every:.1%} name what is known here ({known} of {every})", highlight=False)
    for error in r.errors[:20]:
        ERR.print(f"  {error.file}:{error.line} {error.field}: {error.message}", highlight=False)
    if len(r.errors) > 20:
        ERR.print(f"  … and {len(r.errors) - 20} more, stored under load {r.id}", highlight=False)


def _share_metrics(folder: Path) -> None:
    """Workers count into files of one folder, so that /metrics shows them all."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.db"):
        old.unlink()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def _welcome(settings: Settings) -> None:
    base = f"http{'s' if settings.tls_cert_file else ''}://{settings.host}:{settings.port}"
    ERR.print(
        f"\n医共 Yigong  {base}\n"
        f"  接口文档  {base}/docs\n"
        f"  服务发现  {base}/cds-services\n"
        "  看一张真实的相互作用卡片 (a real interaction card):\n"
        f"    curl -s {base}/cds-services/yigong-order-sign -H 'Content-Type: application/json' "
        "-d @api/examples/order-sign.json | python3 -m json.tool --no-ensure-ascii\n"
        f"  started {time.strftime('%H:%M:%S')}, stop with Ctrl-C\n",
        highlight=False,
        soft_wrap=True,
    )


for command in discover("api.commands", "COMMANDS", Command).values():
    app.command(command.name)(command.run)


if __name__ == "__main__":
    main()
