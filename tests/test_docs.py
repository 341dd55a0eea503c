"""The documentation is true: generated parts are fresh, everything that exists is named, and nothing that a
system relies on was lost by accident (``tests/registry.json``)."""

from __future__ import annotations

import json
import os
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from api.app import build
from api.bootstrap import House, loaders
from api.hook import Hook
from base.plugins import discover
from base.settings import Settings
from docs.render import FOLDER, commands, pages
from rules.model import Family
from supervision.figures.catalogue import catalogue

ROOT = FOLDER.parent
REGISTRY = Path(__file__).parent / "registry.json"
PAGES = pages()


def registry(house: House) -> dict[str, list[str]]:
    """Everything that others may rely on."""
    paths = build(house).openapi()["paths"]
    return {
        "families": sorted(discover("rules.families", "FAMILY", Family)),
        "loaders": sorted(loaders()),
        "hooks": sorted(discover("api.hooks", "HOOK", Hook)),
        "indicators": sorted(catalogue().indicators),
        "facts": sorted(catalogue().facts),
        "settings": sorted(Settings.model_fields),
        "commands": sorted(name for name, _ in commands()),
        "endpoints": sorted(f"{verb.upper()} {path}" for path, verbs in paths.items() for verb in verbs),
    }


def test_nothing_was_lost_by_accident(starter: House) -> None:
    """To change the list on purpose: ``YIGONG_WRITE_REGISTRY=1 make test``."""
    now = registry(starter)
    if os.environ.get("YIGONG_WRITE_REGISTRY"):
        REGISTRY.write_text(json.dumps(now, indent=2, ensure_ascii=False) + "\n", "utf-8")
    assert now == json.loads(REGISTRY.read_text("utf-8"))


@pytest.mark.parametrize("path", list(PAGES), ids=lambda path: path.name)
def test_generated_pages_are_fresh(path: Path) -> None:
    assert path.read_text("utf-8") == PAGES[path], "run `make docs`"


def test_everything_is_documented(starter: House) -> None:
    text = "\n".join(page.read_text("utf-8") for page in (*ROOT.glob("*.md"), *FOLDER.rglob("*.md")))
    for kind, names in registry(starter).items():
        for name in names:
            wanted = (
                f"YIGONG_{name.upper()}"
                if kind == "settings"
                else name.partition(" ")[2]
                if kind == "endpoints"
                else name
            )
            wanted = re.sub(r"\{[^}]*\}", "{id}", wanted)
            assert wanted in text, f"{kind}: {wanted} is not in docs/"


def test_links_between_pages_lead_somewhere() -> None:
    for page in (*ROOT.glob("*.md"), *FOLDER.rglob("*.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_room_is_ours_and_in_the_contract() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks", "docs"}
    assert rooms == set(contract["root_packages"])
    for room in rooms:
        assert Path(str(import_module(room).__file__)).is_relative_to(ROOT)


def test_every_cds_hooks_requirement_names_a_test_that_exists() -> None:
    page = (FOLDER / "cds-hooks-requirements.md").read_text("utf-8")
    files = dict(re.findall(r"`(\w)` ?(?:is)?\s*\[(test_\w+\.py)\]", page.replace("`R` is\n", "`R` is ")))
    assert set(files) == set("RSEC")
    for letter, name in re.findall(r"\b([RSEC]) `(test_\w+)`", page):
        source = (ROOT / "tests" / "integration" / files[letter]).read_text("utf-8")
        assert f"def {name}(" in source, f"{files[letter]} has no {name}"


def test_no_cds_hooks_requirement_for_services_is_left_out() -> None:
    """The list itself is not ours to ship: compared where it lies beside the checkout."""
    page = (FOLDER / "cds-hooks-requirements.md").read_text("utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if re.match(r"\| \d", line)]
    told = [int(number) for row in rows for number in row.split(",")]
    assert len(told) == len(set(told)) == 120
    given = ROOT.parent / "shared" / "standards" / "cds_hooks" / "requirements_2.0.xlsx"
    if given.exists():
        assert set(told) == _service_rows(given)


def _service_rows(path: Path) -> set[int]:
    import warnings

    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = load_workbook(path)
        rows = [row[:5] for row in book["Requirements"].iter_rows(min_row=2, values_only=True)]
    return {int(row[0]) for row in rows if row[0] and "Service" in str(row[4])}
