"""A hospital system known by its certificate, over a real socket."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from cryptography.x509.oid import ExtendedKeyUsageOID

from api.app import build
from api.mutual_tls import tls_options
from base import clients
from base.settings import Settings
from base.tenancy import system
from tests.authority import Authority
from tests.integration.conftest import opened
from tests.integration.staffed import HOSPITAL, QUICK, Staffed


@dataclass
class Served:
    """A service that speaks HTTPS, and the authorities of its world."""

    url: str
    house: Staffed
    ours: Authority
    others: Authority

    def get(self, path: str, certificate: tuple[Path, Path, str] | None = None) -> httpx.Response:
        context = ssl.create_default_context(cafile=str(self.ours.file))
        if certificate is not None:
            context.load_cert_chain(*certificate[:2])
        with httpx.Client(verify=context) as web:
            return web.get(self.url + path)


@pytest.fixture
def served(starter_dir: Path, tmp_path: Path) -> Iterator[Served]:
    ours, others = Authority(tmp_path, "league-ca"), Authority(tmp_path, "another-ca")
    certificate, key, _ = ours.issue("yigong", ExtendedKeyUsageOID.SERVER_AUTH)
    tls = {"tls_cert_file": certificate, "tls_key_file": key, "tls_client_ca_file": ours.file}
    house = opened(starter_dir, tmp_path, **QUICK | tls)
    options = tls_options(house.settings)
    config = uvicorn.Config(build(house), host="127.0.0.1", port=0, log_level="critical", **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    for _ in range(600):
        if server.started:
            break
        threading.Event().wait(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    staffed = Staffed(house, None)  # type: ignore[arg-type]
    staffed.add("somebody", HOSPITAL)
    yield Served(f"https://127.0.0.1:{port}", staffed, ours, others)
    server.should_exit = True
    thread.join(20)
    house.engine.dispose()


def test_a_certificate_tells_whose_system_it_is(served: Served) -> None:
    his = served.ours.issue("his", ExtendedKeyUsageOID.CLIENT_AUTH)
    served.house.machine("his", HOSPITAL, certificate=his[2])
    told = served.get("/api/v1/session", his).json()
    assert (told["name"], told["kind"], told["institution"]) == ("his", "client", HOSPITAL)
    assert served.get("/api/v1/reviews", his).status_code == 200
    assert served.get("/api/v1/accounts", his).status_code == 403


def test_or_its_subject_does(served: Served) -> None:
    lis = served.ours.issue("lis", ExtendedKeyUsageOID.CLIENT_AUTH)
    served.house.machine("lis", HOSPITAL, certificate="O=县医院,CN=lis")
    assert served.get("/api/v1/session", lis).json()["name"] == "lis"


def test_without_a_certificate_one_is_nobody_yet_and_may_log_in(served: Served) -> None:
    assert served.get("/healthz").status_code == 200
    assert served.get("/api/v1/reviews").status_code == 401


def test_a_certificate_nobody_registered_or_that_was_locked_is_nobody(served: Served) -> None:
    his = served.ours.issue("his", ExtendedKeyUsageOID.CLIENT_AUTH)
    assert served.get("/api/v1/reviews", his).status_code == 401
    served.house.machine("his", HOSPITAL, certificate=his[2])
    with system("test"), served.house.house.engine.begin() as connection:
        clients.lock(connection, "his", True)
    assert served.get("/api/v1/reviews", his).status_code == 401


def test_a_certificate_of_another_authority_does_not_even_connect(served: Served) -> None:
    forged = served.others.issue("his", ExtendedKeyUsageOID.CLIENT_AUTH)
    served.house.machine("his", HOSPITAL, certificate="O=县医院,CN=his")
    with pytest.raises(httpx.TransportError):
        served.get("/api/v1/reviews", forged)


def test_half_a_setting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="YIGONG_TLS_CERT_FILE"):
        tls_options(Settings(tls_key_file=tmp_path / "key.pem"))
    assert tls_options(Settings()) == {"http": "httptools"}
