"""Measurements. ``make bench`` runs all of them and prints ratios within one run."""

import os
from pathlib import Path

SHARED = Path(os.environ.get("YIGONG_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
"""Real data to measure with, where there is some; what needs it is left out elsewhere."""
