"""The sections of a document from those of the Composition and the resources they name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lxml import etree

from exchange.cda import _tables as t
from exchange.cda._values import ELEMENT_SYSTEM
from exchange.cda._xml import XSI_TYPE, Node
from exchange.message import Json
from exchange.rendered._elements import (
    add,
    coded,
    entry,
    figure,
    first,
    observed,
    told,
    typed,
    valued,
    within,
)
from exchange.rendered._header import Sheet, extended
from exchange.written import stamp

_FLAGS: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
_NO_ALLERGY: Final = "716186003"


def write_body(document: Node, sheet: Sheet) -> None:
    body = add(add(document, "component"), "structuredBody")
    contained = {f"#{one['id']}": one for one in sheet.composition.get("contained", ())}
    for said in sheet.composition.get("section", ()):
        section = add(add(body, "component"), "section")
        code = first(said.get("code", {}).get("coding", ())).get("code", "")
        title = said.get("title", "")
        add(section, "code", code=code, codeSystem=t.LOINC if code else "", displayName=title)
        if title:
            add(section, "title", title)
        add(section, "text", _narrative(said))
        for reference in said.get("entry", ()):
            resource = contained.get(reference["reference"]) or sheet.by_reference.get(reference["reference"])
            if resource is not None:
                _WRITERS[_kind(resource)](section, resource, sheet)


def _kind(resource: Json) -> str:
    """``Element`` for a data element kept within the Composition."""
    code = first(resource.get("code", {}).get("coding", ()))
    kept = resource["resourceType"] == "Observation" and code.get("system") == ELEMENT_SYSTEM
    return "Element" if kept else str(resource["resourceType"])


def _narrative(said: Json) -> str:
    div = said.get("text", {}).get("div", "")
    return "".join(map(str, etree.fromstring(div).itertext())) if div else ""


def _element(section: Node, resource: Json, sheet: Sheet) -> None:
    code = first(resource["code"]["coding"])
    node = observed(entry(section), t.Element(code["code"], code.get("display", "")))
    if resource.get("effectiveDateTime"):
        add(node, "effectiveTime", value=stamp(resource["effectiveDateTime"]))
    valued(node, resource)
    for part in resource.get("component", ()):
        inner = first(part["code"]["coding"])
        valued(observed(within(node), t.Element(inner["code"], inner.get("display", ""))), part)


def _condition(section: Node, resource: Json, sheet: Sheet) -> None:
    code = resource["code"]
    held = first(code.get("coding", ()))
    tcm = held.get("system", "").endswith(t.TCM)
    tentative = first(resource.get("verificationStatus", {}).get("coding", ())).get("code") == "provisional"
    before = "初步诊断-" if tentative else ""
    at = resource.get("recordedDate", "")
    if held:
        element = t.TCM_CODE if tcm else t.DX_CODE
        node = observed(entry(section), element, before + element.title)
    else:
        node = observed(entry(section), t.DX_NAME, before + t.DX_NAME.title)
    if at:
        add(node, "effectiveTime", value=stamp(at))
    if held:
        coded(node, "value", code).set(XSI_TYPE, "CD")
    else:
        typed(node, "ST", code.get("text", ""))


def _allergy(section: Node, resource: Json, sheet: Sheet) -> None:
    code = resource["code"]
    none = first(code.get("coding", ())).get("code") == _NO_ALLERGY
    node = observed(entry(section), t.ALLERGY_FLAG)
    typed(node, "BL", value="false" if none else "true")
    if not none:
        told(within(node), t.ALLERGY_TEXT, code.get("text", "") or first(code.get("coding", ())).get("display", ""))


def _drug(section: Node, resource: Json, sheet: Sheet) -> None:
    how = first(resource.get("dosageInstruction", ()))
    node = add(entry(section), "substanceAdministration", classCode="SBADM", moodCode="EVN")
    add(node, "text", how.get("text", ""))
    if how.get("route"):
        coded(node, "routeCode", how["route"])
    dose = first(how.get("doseAndRate", ())).get("doseQuantity")
    if dose:
        add(node, "doseQuantity", value=figure(dose), unit=str(dose.get("unit", "")))
    _frequency(node, how.get("timing", {}).get("code", {}))
    form, strength = extended(resource, "dosage-form"), extended(resource, "specification")
    if form:
        add(node, "administrationUnitCode", displayName=form)
    product = add(add(add(node, "consumable"), "manufacturedProduct"), "manufacturedLabeledDrug")
    drug = resource["medicationCodeableConcept"]
    if drug.get("coding"):
        coded(product, "code", drug)
    add(product, "name", drug.get("text", ""))
    if strength:
        told(within(node), t.STRENGTH, strength)
    total = resource.get("dispenseRequest", {}).get("quantity")
    if total:
        valued(observed(within(node), t.TOTAL_DOSE), {"valueQuantity": total})
    group = resource.get("groupIdentifier", {}).get("value", "")
    if group:
        told(entry(section), t.GROUP, group)


def _frequency(node: Node, said: Json) -> None:
    code = first(said.get("coding", ())).get("code", "")
    if code or said.get("text"):
        add(add(node, "rateQuantity"), "translation", code=code, displayName=said.get("text", ""))


def _result(section: Node, resource: Json, sheet: Sheet) -> None:
    """A result as a cluster: item with specimen, look, number with unit or text, reference range."""
    cluster = add(entry(section), "organizer", classCode="CLUSTER", moodCode="EVN")
    add(cluster, "statusCode", code="completed")
    item = observed(add(cluster, "component"), t.ITEM)
    if resource.get("effectiveDateTime"):
        add(item, "effectiveTime", value=stamp(resource["effectiveDateTime"]))
    _called(item, resource["code"])
    if resource.get("specimen", {}).get("display"):
        told(within(item), t.SPECIMEN, resource["specimen"]["display"])
    _range(item, first(resource.get("referenceRange", ())))
    looks = first(resource.get("interpretation", ()))
    if looks:
        own = [one for one in looks.get("coding", ()) if one.get("system") != _FLAGS]
        value = coded(observed(add(cluster, "component"), t.RESULT_CODE), "value", looks | {"coding": own})
        value.set(XSI_TYPE, "CD")
    if "valueQuantity" in resource:
        amount = resource["valueQuantity"]
        number = observed(add(cluster, "component"), t.RESULT_NUMBER)
        typed(number, "REAL", value=figure(amount))
        if amount.get("unit"):
            told(within(number), t.RESULT_UNIT, amount["unit"])
    elif words := _words(resource):
        told(add(cluster, "component"), t.RESULT_TEXT, words)


def _words(resource: Json) -> str:
    return str(resource.get("valueString") or resource.get("valueCodeableConcept", {}).get("text", ""))


def _called(node: Node, code: Json) -> None:
    """What is examined: a code with its name, or a name."""
    if code.get("coding"):
        coded(node, "value", code).set(XSI_TYPE, "CD")
    else:
        typed(node, "ST", code.get("text", ""))


def _range(node: Node, said: Json) -> None:
    if said:
        held = add(add(node, "referenceRange"), "observationRange")
        add(held, "text", said.get("text", ""))
        if "low" in said or "high" in said:
            span = typed(held, "IVL_PQ")
            for name in ("low", "high"):
                if name in said:
                    add(span, name, value=figure(said[name]), unit=str(said[name].get("unit", "")))


def _procedure(section: Node, resource: Json, sheet: Sheet) -> None:
    node = add(entry(section), "procedure", classCode="PROC", moodCode="EVN")
    coded(node, "code", resource["code"])
    if resource.get("performedDateTime"):
        add(node, "effectiveTime", value=stamp(resource["performedDateTime"]))
    if resource.get("bodySite"):
        coded(node, "targetSiteCode", first(resource["bodySite"]))


def _report(section: Node, report: Json, sheet: Sheet) -> None:
    """What a report says: its conclusion in the section of that name, elsewhere what was examined."""
    exam = sheet.code == t.EXAMINATION
    if section[0].get("code"):
        code = report.get("code", {})
        if exam and code.get("text") != sheet.composition.get("title"):
            cluster = add(entry(section), "organizer", classCode="CLUSTER", moodCode="EVN")
            add(cluster, "statusCode", code="completed")
            _called(observed(add(cluster, "component"), t.ITEM, "检查项目代码"), code)
        elif code.get("text") != sheet.composition.get("title"):
            told(entry(section), t.SERVICE_CLASS, code.get("text", ""), "检验类别")
    elif report.get("conclusion"):
        told(entry(section), t.EXAM_CONCLUSION if exam else t.LAB_CONCLUSION, report["conclusion"])


_WRITERS: Final[dict[str, Callable[[Node, Json, Sheet], None]]] = {
    "Element": _element,
    "Condition": _condition,
    "AllergyIntolerance": _allergy,
    "MedicationRequest": _drug,
    "Observation": _result,
    "Procedure": _procedure,
    "DiagnosticReport": _report,
}
"""Other kinds have no place in a shared document's sections."""
