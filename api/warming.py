"""What the first inference of a release reads is read before anybody waits for it, while the worker rests: nothing of
it stands in the way of order entry."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from api.inferring import DiagnosesBody, Seen, diagnosed
from api.serving import Served
from clinical.coded import china_day
from clinical.patient import PatientContext

_log = logging.getLogger(__name__)
_LOOK_SECONDS: Final = 5.0
_RESTING: Final = 0.1
"""A worker rests that used less of its time."""
_SAMPLE: Final = "发热、咳嗽3天"


def infer(served: Served) -> None:
    """One inference about nobody."""
    now = datetime.now(UTC)
    nobody = Seen(PatientContext("", now), served.snapshot, served.terminology, china_day(now), [])
    diagnosed(nobody, DiagnosesBody(text=_SAMPLE))


async def keep_warm(served: Callable[[], Served], warm: Callable[[Served], None] = infer) -> None:
    """Look again and again whether the release that is served was read, and do it when there is little else to do."""
    warmed = ""
    while True:
        spent = time.process_time()
        await asyncio.sleep(_LOOK_SECONDS)
        now = served()
        if now.snapshot.release == warmed or time.process_time() - spent > _RESTING * _LOOK_SECONDS:
            continue
        try:
            await asyncio.to_thread(warm, now)
        except Exception as error:  # whoever asks first waits, and is told
            _log.warning("inference not read ahead", extra={"error": type(error).__name__})
        warmed = now.snapshot.release


__all__ = ["infer", "keep_warm"]
