"""How far the evidence is believed: constants fitted by ``benchmarks/diagnosis.py`` on simulated patients.

All weights of evidence are multiplied by ``TEMPER`` before they meet how common diseases are; the benchmark
prints the mean −ln P of the right disease for several tempers and the one shipped is its best. Among diseases
that somebody named, how common they are counts with the power ``NAMED_PRIOR``: whoever names a disease does not
think it as rare as it is.
"""

from __future__ import annotations

from typing import Final

TEMPER: Final = 1.0
NAMED_PRIOR: Final = 0.5
