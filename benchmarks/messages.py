"""How many messages a second one process reads: HL7 v2 and shared documents, as hospitals send them."""

from __future__ import annotations

import gc
from collections.abc import Callable
from time import process_time

import hl7

from api.serving import settle
from exchange.cda.documents import read as read_document
from exchange.hl7v2 import adt, pharmacy, results
from exchange.rendered.cda import write
from tests.cda_samples import LABORATORY, PRESCRIPTION
from tests.hl7v2_samples import OBR, ORC, PID, PV1, RXE, RXR, message, obx

TESTS = (
    "HGB^血红蛋白^L^718-7^Hemoglobin^LN",
    "WBC^白细胞^L",
    "PLT^血小板^L",
    "RBC^红细胞^L",
    "HCT^红细胞压积^L",
    "MCV^平均红细胞体积^L",
    "MCH^平均血红蛋白量^L",
    "NEU^中性粒细胞^L",
)
ORU = message("ORU^R01", PID, PV1, OBR, *(obx(n, test, "95.2") for n, test in enumerate(TESTS, 1)))
ADT = message(
    "ADT^A01", "EVN|A01|20260110", PID, PV1, "AL1|1|DA|^青霉素|SV|^皮疹", "DG1|1||I10.x00^高血压^I10||20260110|A"
)
RDE = message("RDE^O11", PID, PV1, ORC, RXE, RXR)


def rates() -> dict[str, float]:
    """Messages a second of processor time, by what is done with them."""
    parsed = read_document(LABORATORY).resources
    text = ORU.decode()
    return {
        "read ADT^A01": _rate(lambda: adt.read(ADT)),
        "read ORU^R01, 8 results": _rate(lambda: results.read(ORU)),
        "read RDE^O11": _rate(lambda: pharmacy.read(RDE)),
        "take ORU^R01 apart, python-hl7, for comparison": _rate(lambda: hl7.parse(text)),
        "read CDA prescription": _rate(lambda: read_document(PRESCRIPTION)),
        "read CDA laboratory report": _rate(lambda: read_document(LABORATORY)),
        "write CDA laboratory report": _rate(lambda: write(parsed)),
    }


def _rate(act: Callable[[], object], times: int = 100) -> float:
    """The best of many short runs: others share the machine."""
    for _ in range(100):
        act()
    settle()
    best = 0.0
    for _ in range(40):
        started = process_time()
        for _ in range(times):
            act()
        best = max(best, times / (process_time() - started))
    gc.unfreeze()
    return best


def report() -> None:
    """Measure and print."""
    for name, rate in rates().items():
        print(f"  {name}: {rate:,.0f}/s", flush=True)


if __name__ == "__main__":
    report()
