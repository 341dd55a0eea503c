"""One review inside the process: budget p99 2 ms (10 active drugs, 3 new, all families)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson

from api.cards import render, review_extension
from api.cds_hooks import incoming_of
from api.hook import Hook
from api.review import Reviewer
from base.plugins import discover
from benchmarks.sample import request
from benchmarks.timing import Times, timed
from clinical.coded import china_day


def measure(reviewer: Reviewer) -> dict[str, Times]:
    """Whole line (parse, resolve, judge, policy, cards) and judging alone."""
    found: dict[str, Times] = {}
    for name, alerting in (("orders that suit", False), ("orders that alert", True)):
        found |= {f"{name}, {part}": times for part, times in _measure(reviewer, request(alerting)).items()}
    return found


def _measure(reviewer: Reviewer, body: dict[str, Any]) -> dict[str, Times]:
    hook = discover("api.hooks", "HOOK", Hook)["yigong-order-sign"]
    now = datetime.now(UTC)
    day = china_day(now)

    context, prefetch = (
        {key: msgspec.Raw(orjson.dumps(value)) for key, value in body[part].items()}
        for part in ("context", "prefetch")
    )

    def line() -> None:
        incoming = incoming_of(hook, context, prefetch, now)
        reviewed = reviewer.review(incoming, day=day)
        render(reviewed.review, reviewer.titles, {})
        review_extension(reviewed.review, [], reviewed.elapsed_ms)

    incoming = incoming_of(hook, context, prefetch, now)
    cards = len(reviewer.review(incoming, day=day).review.findings)
    return {
        f"{cards} cards: resolve, judge, policy": timed(lambda: reviewer.review(incoming, day=day)),
        "whole line with parsing and cards": timed(line),
    }
