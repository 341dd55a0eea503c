"""Connected systems looked at again and again, beside the workers of the exchange: counts are added up, conditions
judged, alarms raised and ended, letters sent, and once a day what is too old is removed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from api.bootstrap import House
from api.institution_names import called
from base.jobs import jobs
from base.keyring import KeyRing
from base.retention import forget
from base.tenancy import system
from exchange.health import Observer
from records.traffic import prune, roll_up
from records.unanswered import questions
from records.uses import uses
from supervision.operations.alarms import Alarms, Step
from supervision.operations.conditions import judged
from supervision.operations.letters import Letters
from supervision.operations.policy import Policy
from supervision.operations.policy_store import Policies
from supervision.operations.posting import post

if TYPE_CHECKING:
    from httpx import Client

    from supervision.operations.channels import Outlets

_log = logging.getLogger(__name__)
_SCOPE: Final = "connected systems are looked at"
_LOOK_SECONDS: Final = 30.0
_POST_SECONDS: Final = 3.0
_PRUNE_SECONDS: Final = 86_400.0


class Overseer:
    """Looks at systems and tells of them; as many as you like, in as many processes as you like."""

    def __init__(self, house: House, ring: KeyRing) -> None:
        self._house, self._engine = house, house.engine
        self._observer, self._alarms = Observer(house.engine), Alarms(house.engine)
        self._letters, self._policies = Letters(house.engine), Policies(house.engine, ring)
        self._looked = self._pruned = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Look and tell until told to stop. A database that is away is waited for."""
        with web() as client:
            while not stop.is_set():
                try:
                    self._turn(client)
                except Exception as error:  # it must outlive whatever it meets
                    _log.error("systems not looked at, trying again", extra={"error": type(error).__name__})
                stop.wait(_POST_SECONDS)

    def _turn(self, client: Client) -> None:
        if time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._looked = time.monotonic()
            self.look()
        if time.monotonic() - self._pruned >= _PRUNE_SECONDS:
            self._pruned = time.monotonic()
            self.prune()
        self.tell(client)

    def look(self, now: datetime | None = None) -> list[Step]:
        """Add up what was counted and bring alarms up to it. Gives what changed."""
        at = now or datetime.now(UTC)
        roll_up(self._engine)
        with system(_SCOPE):
            policy_of = self._policy_of()
            found = [
                one
                for health in self._observer.systems(at)
                for one in judged(health, policy_of(health.system.tenant).limits_of(health.system.label), at)
            ]
            steps = self._alarms.settle(found, policy_of, at)
        if steps:
            _log.info("alarms changed", extra={"count": len(steps)})
        return steps

    def prune(self, now: datetime | None = None) -> int:
        """Remove what is too old of what is noted and counted: how many rows. A job that was heard of so long ago is
        over, whatever it says."""
        at, days = now or datetime.now(UTC), self._house.settings.note_days
        return prune(self._engine, at) + forget(self._engine, at, days, questions.c.at, uses.c.at, jobs.c.beat)

    def tell(self, client: Client, now: datetime | None = None) -> int:
        """Send letters that are due: how many."""
        with system(_SCOPE):
            return post(self._letters, self._policy_of(), outlets(self._house, client), now or datetime.now(UTC))

    def _policy_of(self) -> Callable[[str], Policy]:
        """Policies of tenants, each read once a turn."""
        known: dict[str, Policy] = {}

        def of(tenant: str) -> Policy:
            if tenant not in known:
                known[tenant] = self._policies.of(tenant).policy
            return known[tenant]

        return of


def outlets(house: House, client: Client) -> Outlets:
    """What channels go out by, as the settings say."""
    from supervision.operations.channels import MailServer, Outlets, SmsGateway

    s = house.settings
    whom = (s.smtp_user, s.smtp_password, s.smtp_from)
    mail = MailServer(s.smtp_host, s.smtp_port, *whom, s.smtp_tls, s.smtp_ca_file)
    sms = SmsGateway(s.sms_url, s.sms_body, s.sms_headers, s.sms_form)
    return Outlets(client, lambda tenant: called(house.engine)(tenant), s.webhook_hosts, s.webhook_secret, mail, sms)


def web() -> Client:
    """What channels are called with. Reading it takes a tenth of a second, which no starting worker waits for."""
    from httpx import Client

    from supervision.operations.channels import TIMEOUT_SECONDS

    return Client(timeout=TIMEOUT_SECONDS, follow_redirects=False)
