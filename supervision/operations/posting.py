"""Telling what is due: each letter by its channel as the policy has it now, again later when it was not taken."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from supervision.operations.alarms import PolicyOf
from supervision.operations.channels import Outlets, UntoldError, tell
from supervision.operations.letters import Letter, Letters
from supervision.operations.queue import Outgoing, Posted

_log = logging.getLogger(__name__)
_NO_CHANNEL = "告警策略中已没有此渠道"


def post(letters: Letters, policy_of: PolicyOf, outlets: Outlets, now: datetime) -> int:
    """Tell every letter that is due. Gives how many were."""
    mine = letters.claim(now)
    for letter in mine:
        _one(letters, policy_of, outlets, letter, now)
    return len(mine)


def _one(letters: Letters, policy_of: PolicyOf, outlets: Outlets, letter: Letter, now: datetime) -> None:
    channel = policy_of(letter.alarm.system.tenant).channel(letter.channel)
    if channel is None:
        letters.given_up(letter, _NO_CHANNEL)
        return
    attempt(letters, letter, partial(tell, channel, letter, outlets), now)


def attempt(letters: Outgoing, letter: Posted, told: Callable[[], None], now: datetime) -> None:
    """Tell a letter, and put down what became of it."""
    try:
        told()
    except UntoldError as error:
        letters.failed(letter, str(error), now)
    except Exception as error:  # a fault of ours: this letter waits for the repair, the others go out
        _log.error("letter not told", extra={"error": type(error).__name__})
        letters.failed(letter, type(error).__name__, now)
    else:
        letters.sent(letter, now)
