"""``yigong mllp``: take HL7 v2 messages of one institution over TCP."""

from __future__ import annotations

import asyncio
import signal
import ssl
from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap import House, key_ring
from api.intake import open_intake
from api.terminal import ERR, OUT, Command, DataDir, house
from base.tenancy import TenancyError, tenant_path
from exchange.mllp import Limits, Listener, tls_context


def mllp(
    tenant: Annotated[str, typer.Option(help="institution that sends here: league/county/hospital")],
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="port; 0: any free one")] = 2575,
    cert: Annotated[Path | None, typer.Option(exists=True, help="TLS certificate chain (PEM)")] = None,
    key: Annotated[Path | None, typer.Option(exists=True, help="its private key (PEM)")] = None,
    client_ca: Annotated[
        Path | None, typer.Option(exists=True, help="only senders whose certificate this CA signed may connect (PEM)")
    ] = None,
    max_mb: Annotated[int, typer.Option(min=1, max=256, help="largest message taken, in megabytes")] = 16,
    data_dir: DataDir = None,
) -> None:
    """Listen for HL7 v2 messages (MLLP) of one institution. Each is acknowledged once it is kept."""
    try:
        tenant_path(tenant)
    except TenancyError as error:
        raise typer.BadParameter(str(error), param_hint="--tenant") from None
    tls = _tls(cert, key, client_ca)
    opened = house(data_dir)
    limits = Limits(size=max_mb * 1_000_000)
    try:
        asyncio.run(_listen(opened, tenant, limits, host, port, tls))
    except OSError as error:
        ERR.print(f"[red]{host}:{port}: {error.strerror}[/red]", highlight=False)
        raise typer.Exit(1) from None


def _tls(cert: Path | None, key: Path | None, client_ca: Path | None) -> ssl.SSLContext | None:
    if cert is None or key is None:
        if cert or key or client_ca:
            raise typer.BadParameter("TLS needs both --cert and --key", param_hint="--cert")
        return None
    try:
        return tls_context(str(cert), str(key), str(client_ca or ""))
    except (OSError, ssl.SSLError):
        raise typer.BadParameter("certificate and key do not belong together, or are not PEM") from None


async def _listen(
    opened: House, tenant: str, limits: Limits, host: str, port: int, tls: ssl.SSLContext | None
) -> None:
    """Until told to stop (SIGINT, SIGTERM); what is being kept then is finished and answered."""
    intake = open_intake(opened, key_ring(opened))
    listener, stop = Listener(intake, tenant, limits), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        bound = await listener.start(host, port, tls)
        how = " (TLS)" if tls else ""
        OUT.print(f"MLLP{how} {host}:{bound} → {tenant}", highlight=False, soft_wrap=True)
        await stop.wait()
    finally:
        await listener.close()
        await intake.close()


COMMANDS = (Command("mllp", mllp),)
