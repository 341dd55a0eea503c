"""What operators read in the log."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from base.log import FIELDS

ROOT = Path(__file__).parents[3]
ROOMS = ("api", "base", "exchange", "inference", "knowledge", "loaders", "nlp", "records", "rules", "supervision")


def told() -> Iterator[tuple[str, str]]:
    """Everything that is given to a line of the log, with where."""
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            text = path.read_text("utf-8")
            for node in ast.walk(ast.parse(text)) if "extra" in text else ():
                if isinstance(node, ast.keyword) and node.arg == "extra" and isinstance(node.value, ast.Dict):
                    for key in node.value.keys:
                        yield f"{path.relative_to(ROOT)}:{node.value.lineno}", ast.literal_eval(key)  # type: ignore[arg-type]


def test_nothing_that_a_line_is_given_is_dropped_on_the_way() -> None:
    given = list(told())
    assert len(given) > 50
    assert [(where, name) for where, name in given if name not in FIELDS] == []
