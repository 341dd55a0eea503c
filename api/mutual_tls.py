"""Speaking HTTPS ourselves, and knowing a hospital system by its certificate (mutual TLS).

TLS verifies the certificate against the authority of the settings; who it is of is looked up by its fingerprint or
subject (``base.clients``). Certificates are asked for and not demanded: browsers of the same port have none.
"""

from __future__ import annotations

import asyncio
import ssl
from hashlib import sha256
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.access import CERTIFICATE
from base.settings import Settings

_NAMES: Final = {
    "commonName": "CN",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "stateOrProvinceName": "ST",
    "localityName": "L",
}


class TlsProtocol(HttpToolsProtocol):
    """HTTP/1.1 that tells the application whose certificate was verified, once a connection."""

    _certificate: tuple[str, str] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._certificate = certificate_of(transport.get_extra_info("ssl_object"))
        super().connection_made(transport)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._certificate is not None:
            self.scope[CERTIFICATE] = self._certificate  # type: ignore[typeddict-unknown-key]


def certificate_of(channel: ssl.SSLObject | None) -> tuple[str, str] | None:
    """SHA-256 fingerprint and subject (``CN=…,O=…``) of the verified certificate of the other side; None without."""
    der = None if channel is None else channel.getpeercert(binary_form=True)
    if channel is None or der is None:
        return None
    told = channel.getpeercert() or {}
    parts: Any = told.get("subject", ())
    subject = ",".join(f"{_NAMES.get(name, name)}={value}" for part in parts for name, value in part)
    return sha256(der).hexdigest(), subject


def tls_options(settings: Settings) -> dict[str, Any]:
    """What uvicorn needs to know. Raises ``ValueError`` for half a setting."""
    if settings.tls_cert_file is None:
        if settings.tls_client_ca_file or settings.tls_key_file:
            raise ValueError("YIGONG_TLS_CERT_FILE is missing: without it there is no TLS")
        return {"http": "httptools"}
    options: dict[str, Any] = {"ssl_certfile": settings.tls_cert_file, "ssl_keyfile": settings.tls_key_file}
    if settings.tls_client_ca_file is None:
        return options | {"http": "httptools"}
    options |= {"ssl_ca_certs": settings.tls_client_ca_file, "ssl_cert_reqs": ssl.CERT_OPTIONAL}
    return options | {"http": TlsProtocol}
