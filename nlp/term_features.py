"""What tells whether a name of the standard is meant by a written one: a row of figures for each pair of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from nlp.term_index import Index, Side
from nlp.term_text import FACETS, View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]
    Places = NDArray[np.intp]

_JOINS: Final = re.compile(r"[+,;/]|伴|和|及|与|或|并|联合")
_WORDS: Final = (
    "ratio_bare",
    "ratio_common",
    "part_bare",
    "part_common",
    "prefix",
    "suffix",
    "order_target",
    "order_written",
    "length_written",
    "length_target",
    "length_difference",
    "sides_agree",
    "sides_differ",
    "one_side",
    "joins_difference",
    "joins_target",
    "other",
    "remark",
    "heading",
    "general",
)
_COVERS: Final = ("bare", "common", "rest")
PLAIN: Final = (
    "grams",
    *(f"{name}_{way}" for name in _COVERS for way in ("target", "written")),
    *(f"{facet}_{what}" for facet in FACETS for what in ("shared", "lacking", "more")),
    *_WORDS,
)
"""Names of the figures that need no training."""


def plain(index: Index, asked: Side, rows: Places, places: Places) -> Numbers:
    """Figures of pairs (row of ``asked``, place in ``index``), a column for each of ``PLAIN``."""
    import numpy as np

    targets = index.targets
    columns = [_dots(asked.grams, targets.grams, rows, places)]
    for name in _COVERS:
        columns += _covered(getattr(asked, name), getattr(targets, name), rows, places)
    for facet in FACETS:
        columns += _marks(asked.marks[facet], targets.marks[facet], rows, places)
    seen = [
        _compared(asked.views[row], targets.views[place], index.codes[place])
        for row, place in zip(rows.tolist(), places.tolist(), strict=True)
    ]
    return np.column_stack([*columns, np.asarray(seen, dtype=np.float32).reshape(len(rows), len(_WORDS))])


def _dots(one: Any, other: Any, rows: Places, places: Places) -> Any:
    import numpy as np

    return np.asarray(one[rows].multiply(other[places]).sum(axis=1)).ravel()


def _covered(one: Any, other: Any, rows: Places, places: Places) -> list[Any]:
    """How much of the standard's name, rare pieces counting more, stands in the written one, and the reverse."""
    import numpy as np

    ones = one.copy()
    ones.data = np.ones_like(ones.data)
    shared = _dots(ones, other, rows, places)
    whole_target = np.asarray(other.sum(axis=1)).ravel()[places]
    whole_written = np.asarray(one.sum(axis=1)).ravel()[rows]
    return [_share(shared, whole_target), _share(shared, whole_written)]


def _share(part: Any, whole: Any) -> Any:
    import numpy as np

    return np.divide(part, whole, out=np.ones_like(part), where=whole > 0)


def _marks(one: Any, other: Any, rows: Places, places: Places) -> list[Any]:
    """Marks of a facet that both hold, only the written name, only the standard's."""
    import numpy as np

    shared = _dots(one, other, rows, places)
    written, target = (np.asarray(m.sum(axis=1)).ravel() for m in (one, other))
    return [shared, written[rows] - shared, target[places] - shared]


def _compared(written: View, target: View, code: str) -> tuple[float, ...]:
    """The columns of ``_WORDS``."""
    from rapidfuzz import fuzz
    from rapidfuzz.distance import LCSseq, Postfix, Prefix

    order = LCSseq.similarity(written.bare, target.bare)
    joins, others = len(_JOINS.findall(written.plain)), len(_JOINS.findall(target.plain))
    return (
        fuzz.ratio(written.bare, target.bare) / 100,
        fuzz.ratio(written.common, target.common) / 100,
        fuzz.partial_ratio(written.bare, target.bare) / 100,
        fuzz.partial_ratio(written.common, target.common) / 100,
        Prefix.similarity(written.common, target.common),
        Postfix.similarity(written.common, target.common),
        order / max(len(target.bare), 1),
        order / max(len(written.bare), 1),
        len(written.bare),
        len(target.bare),
        len(written.bare) - len(target.bare),
        float(bool(target.sides) and target.sides == written.sides),
        float(bool(target.sides) and target.sides != written.sides),
        float(target.sides == "单侧"),
        joins - others,
        others,
        float("其他" in target.plain),
        float("(" in target.plain),
        float(0 < len(code) <= 4),
        float(code.endswith("00")),
    )
