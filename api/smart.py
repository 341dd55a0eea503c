"""The clinician panel launched by a hospital's system (SMART App Launch 2.2, launch from the EHR).

The system sends a browser with its FHIR address (``iss``) and a handle of its session (``launch``); we have it
confirm who looks and at whom, read that patient from its FHIR server with the token it gives, and open the panel for
them. The token stays with the panel, sealed, to read the patient again (``smart_reading``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from api.access import Access
from api.client_keys import ClientKey
from api.code_flow import Begun, CodeFlow, Registration, Vouched, refused, returned
from api.errors import ApiError
from api.panel_desk import PanelDesk
from api.smart_reading import PERMISSION, read_patient
from base.audit import AuditLog, Event
from base.keyring import KeyRing
from base.settings import Settings, SmartIssuer
from base.tokens import UsedTokens
from exchange.fhir.values import Json
from records.launched import Lent

CALLBACK: Final = "/api/v1/smart/callback"
_SCOPES: Final = "launch openid fhirUser profile"
_CALLED: Final = "业务系统"
_LONGEST: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class _Site:
    """A system that may launch, and the way to its login."""

    issuer: str
    ours: SmartIssuer
    flow: CodeFlow


class SmartDesk:
    """Opens panels for the systems that the settings name."""

    def __init__(
        self, settings: Settings, access: Access, panel: PanelDesk, ring: KeyRing, used: UsedTokens, audit: AuditLog
    ) -> None:
        self._settings, self._access, self._panel = settings, access, panel
        self._ring, self._used, self._audit = ring, used, audit
        self._back = settings.public_url.rstrip("/") + CALLBACK
        self._sites = {one.issuer: one for one in map(self._site, settings.smart_issuers.items())}

    def _site(self, named: tuple[str, SmartIssuer]) -> _Site:
        issuer, ours = named[0].rstrip("/"), named[1]
        registration = Registration(
            _CALLED,
            issuer,
            f"{issuer}/.well-known/smart-configuration",
            ours.client_id,
            self._back,
            ours.client_secret,
            ClientKey(ours.key_file) if ours.key_file else None,
        )
        return _Site(issuer, ours, CodeFlow(registration, self._ring, self._used))

    def public_keys(self) -> Json:
        """What systems check our signatures with (JWK set)."""
        files = sorted({one.ours.key_file for one in self._sites.values() if one.ours.key_file})
        return {"keys": [ClientKey(file).public() for file in files]}

    async def begin(self, issuer: str, launch: str, source: str) -> Begun:
        """Where to send the browser. Raises ``ApiError`` 400, 403 for a system that may not launch, 503."""
        site = self._sites.get(issuer.rstrip("/"))
        if site is None or not self._settings.public_url:
            self._audit.note(Event("unknown", "panel.refused", "smart", source=source, why="issuer not allowed"))
            raise ApiError(403, "forbidden", f"该{_CALLED}未登记，不能打开面板 (YIGONG_SMART_ISSUERS)", "iss")
        if not launch:
            raise ApiError(400, "invalid", f"缺少 launch：请从{_CALLED}中打开", "launch")
        capabilities = (await site.flow.metadata()).get("capabilities") or ()
        read = "patient/*.rs" if "permission-v2" in capabilities else "patient/*.read"
        asked = {"scope": f"{_SCOPES} {read}", "launch": launch, "aud": site.issuer}
        return await site.flow.begin(asked, site.issuer)

    async def finish(self, query: Mapping[str, str], cookie: str, source: str) -> str:
        """The token of a panel. Raises ``ApiError`` 401, 403, 412, 503, and ``ReadError`` for data that are none."""
        try:
            pending = returned(self._ring, cookie, query.get("state", ""), self._back)
            site = self._sites.get(pending.about)
            if site is None:
                raise refused(f"该{_CALLED}已不再登记")
            vouched = await site.flow.finish(query, pending)
            return await self._opened(site, vouched, source)
        except ApiError as error:
            self._audit.note(Event("unknown", "panel.refused", "smart", source=source, why=error.message))
            raise

    async def _opened(self, site: _Site, vouched: Vouched, source: str) -> str:
        system = await asyncio.to_thread(self._access.client, site.ours.system, PERMISSION, source)
        told = await self._told(site, vouched)
        patient, user = told["context"]["patientId"], _called(vouched.claims)
        access = _lent(site.issuer, vouched)
        token, _ = await asyncio.to_thread(
            self._panel.launch, system, system.tenant, patient, user, told=told, access=access
        )
        return token

    async def _told(self, site: _Site, vouched: Vouched) -> Json:
        """The patient of the launch, read from the system. Raises ``ApiError`` 401, 412."""
        patient = str(vouched.told.get("patient") or "")
        if not patient or not vouched.access_token:
            raise refused(f"{_CALLED}未给出患者：请在其中先打开患者")
        context = {"patientId": patient, "userId": _reference(str(vouched.claims.get("fhirUser") or ""))}
        if vouched.told.get("encounter"):
            context["encounterId"] = str(vouched.told["encounter"])
        seconds = self._settings.smart_seconds
        prefetch = await read_patient(site.issuer, vouched.access_token, context, seconds)
        if not prefetch:
            raise ApiError(412, "processing", f"未能从{_CALLED}读取该患者的资料，请稍后重试", "patient")
        return {"context": context, "prefetch": prefetch}


def _lent(server: str, vouched: Vouched) -> Lent:
    """The access that a system lent us: what says nothing of its end is good while the panel may be open, what cannot
    be understood is good no longer."""
    try:
        lasts = timedelta(seconds=min(float(vouched.told.get("expires_in", _LONGEST)), _LONGEST))
    except (TypeError, ValueError, OverflowError):
        lasts = timedelta()
    return Lent(server, vouched.access_token, datetime.now(UTC) + lasts)


def _reference(user: str) -> str:
    """``Practitioner/7`` of a relative or absolute URL."""
    return "/".join(user.rstrip("/").rsplit("/", 2)[-2:])


def _called(claims: Mapping[str, Any]) -> str:
    """What whoever looks is called."""
    named = (claims.get(name) for name in ("name", "preferred_username", "fhirUser", "sub"))
    return next(str(one) for one in named if one)[:80]
