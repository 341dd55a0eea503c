"""When a report must have been spoken of, and where."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from supervision.record_qc.meaning import ADMISSION_NOTES, COURSE_NOTES
from supervision.record_qc.places import Stage
from supervision.record_qc.subject import Subject

TEXTS: Final = (*COURSE_NOTES, *ADMISSION_NOTES)
"""Where doctors may speak of a report."""
_GRACE: Final = timedelta(days=3)


def due(subject: Subject, reported: datetime) -> bool:
    """Whether some note must have spoken of what was then reported: within days while the patient is there, at all
    after the end; never of what came after it."""
    end = subject.record.ended
    if end is not None and reported > end:
        return False
    return subject.stage is Stage.FINAL or subject.now >= reported + _GRACE
