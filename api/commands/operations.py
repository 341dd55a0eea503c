"""``yigong operations``: how connected systems are, which alarms stand, that somebody looks after one, whether the
channels of an institution work."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final
from uuid import uuid4

import typer
from rich.table import Table

from api.bootstrap import House, key_ring
from api.operations_desk import OperationsDesk
from api.terminal import ERR, OUT, Command, DataDir, house
from base.audit import Event as Recorded
from base.audit import append
from records.traffic import Kind, System
from supervision.operations.alarms import Alarm, Event, MissingAlarmError
from supervision.operations.letters import Letter
from supervision.operations.policy import Severity

_SHOWN: Final = 200


class Act(StrEnum):
    """What to do."""

    SYSTEMS = "systems"
    ALARMS = "alarms"
    ACKNOWLEDGE = "acknowledge"
    TRY = "try"


def operations(
    act: Annotated[Act, typer.Argument(help="systems, alarms, acknowledge or try")],
    alarm: Annotated[str, typer.Argument(help="acknowledge: id of the alarm")] = "",
    tenant: Annotated[str, typer.Option(help="of this institution and what is below it; try: whose channels")] = "",
    ended: Annotated[bool, typer.Option("--ended", help="alarms: also those that ended")] = False,
    by: Annotated[str, typer.Option("--by", help="acknowledge, try: who does this (recorded)")] = "",
    note: Annotated[str, typer.Option(help="acknowledge: what is being done about it")] = "",
    data_dir: DataDir = None,
) -> None:
    """Connected systems: how they are, alarms about them, whether channels work (a trial message goes out)."""
    opened = house(data_dir)
    desk = OperationsDesk(opened.engine, key_ring(opened), opened.settings.league)
    if act in (Act.ACKNOWLEDGE, Act.TRY) and not by:
        raise typer.BadParameter("who does this must be said", param_hint="--by")
    if act is Act.SYSTEMS:
        _systems(desk, tenant)
    elif act is Act.ALARMS:
        _alarms(desk, tenant, ended)
    elif act is Act.ACKNOWLEDGE:
        _acknowledge(opened, desk, alarm, by, note)
    else:
        _try(opened, desk, tenant or opened.settings.league, by)


def _systems(desk: OperationsDesk, tenant: str) -> None:
    table = Table("institution", "system", "state", "last seen", "arrived", "success %", "p95 s", "waiting", "dead")
    for one in desk.systems(tenant):
        day = one["lastDay"]
        rates = (_text(day["successPercent"]), _text(day["p95Seconds"]))
        counts = (str(one["backlog"]), str(one["deadLetters"]))
        seen = (one["lastSeen"] or "")[:19]
        table.add_row(
            one["institution"], one["system"], one["stateTitle"], seen, str(day["arrived"]), *rates, *counts
        )
    OUT.print(table)


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _alarms(desk: OperationsDesk, tenant: str, ended: bool) -> None:
    table = Table("id", "institution", "system", "alarm", "severity", "since", "ended", "by", "measured")
    for one in desk.listed(desk.alarms.listed(standing=not ended, tenant=tenant, limit=_SHOWN)):
        times = (one["raised"][:19], one.get("ended", "")[:19], one.get("acknowledgedBy", ""))
        about = (one["institution"], one["system"], one["title"], one["severityTitle"])
        table.add_row(one["id"], *about, *times, one["measured"])
    OUT.print(table)


def _acknowledge(opened: House, desk: OperationsDesk, alarm: str, by: str, note: str) -> None:
    append(opened.engine, [Recorded(by, "operations.alarm.acknowledge", f"alarm/{alarm}"[:160])])
    try:
        found = desk.alarms.acknowledge(alarm, by, note, datetime.now(UTC))
    except MissingAlarmError as error:
        raise typer.BadParameter(str(error), param_hint="alarm") from None
    OUT.print(f"acknowledged by {found.acknowledged_by}", highlight=False)


def _try(opened: House, desk: OperationsDesk, tenant: str, by: str) -> None:
    """Send a trial message by every channel that holds for an institution; ends with 1 when one does not work."""
    from api.overseeing import outlets, web
    from supervision.operations.channels import UntoldError, tell

    append(opened.engine, [Recorded(by, "operations.channels.try", tenant)])
    now = datetime.now(UTC)
    told = (now, None, None, None, "", "", "这是一条试发消息，无须处理。")
    alarm = Alarm(str(uuid4()), System(tenant, Kind.CLIENT, by), "试发", Severity.WARNING, *told)
    bad = 0
    with web() as client:
        ways = outlets(opened, client)
        for channel in desk.policies.of(tenant).policy.channels:
            try:
                tell(channel, Letter(0, Event.RAISED, channel.label, 1, alarm), ways)
                OUT.print(f"[green]✓[/] {channel.label}", highlight=False)
            except UntoldError as error:
                bad += 1
                ERR.print(f"[red]✗[/] {channel.label}: {error}", highlight=False)
    if bad:
        raise typer.Exit(1)


COMMANDS = (Command("operations", operations),)
