"""The sections of a document: diagnoses, allergies, drugs, results, procedures as resources; every other data element
kept in the section where it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from exchange.building import (
    category,
    coded,
    coding,
    concept,
    digest,
    extension,
    identifier,
    listed,
    resource_id,
    slim,
    to,
)
from exchange.cda import _tables as t
from exchange.cda._header import Header
from exchange.cda._values import ELEMENT_SYSTEM, amount_at, concept_at, said, time_at, value_of
from exchange.cda._xml import Node, child, children, error, local, text, value
from exchange.message import Json
from exchange.written import interval

_NO_ALLERGY: Final = coding("http://snomed.info/sct", "716186003", "No known allergy")
_TITLES: Final = {s.code: s.title for s in vars(t).values() if isinstance(s, t.Section) and s.code}
_EMPTY: Final = concept("", (coding("http://terminology.hl7.org/CodeSystem/list-empty-reason", "unavailable"),))
_OPERATION_NAME: Final = "DE06.00.094.00"
_DIAGNOSES: Final = frozenset({t.DX_CODE.code, t.DX_NAME.code, t.TCM_CODE.code, t.TCM_NAME.code})
_NAMES: Final = frozenset({t.DX_NAME.code, t.TCM_NAME.code})
_LOOKS: Final = {"异常": "A", "正常": "N", "偏高": "H", "偏低": "L", "阳性": "POS", "阴性": "NEG"}
_FLAGS: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


@dataclass(slots=True)
class Diagnosis:
    """A diagnosis as its pieces come: a code, a name, or both."""

    tcm: bool
    name: str = ""
    codings: list[Json] = field(default_factory=list)
    tentative: bool = False
    at: str = ""

    def takes(self, other: Diagnosis) -> bool:
        """Whether another piece is the other half of this one: the code of a name, or the name of a code."""
        if self.tcm != other.tcm or (self.codings and other.codings):
            return False
        if self.name and other.name:
            return self.name == other.name
        return bool(self.codings) != bool(other.codings)

    def add(self, other: Diagnosis) -> None:
        self.name, self.codings, self.at = self.name or other.name, self.codings or other.codings, self.at or other.at


class Body:
    """Resources of a document's sections. Raises ``MessageError`` that names the element."""

    def __init__(self, header: Header) -> None:
        self.header, self.table = header, header.table
        self.resources: list[Json] = []
        self.contained: list[Json] = []
        self.sections: list[Json] = []
        self.report: dict[str, str] = {}
        self.item: Json = {}
        self._ids: Counter[str] = Counter()
        self._entries: list[Json] = []
        self._diagnoses: list[Diagnosis] = []
        self._drug: Json = {}
        self._result: list[Node] = []
        for node in _sections(header.root):
            self._section(node)

    # -- sections ------------------------------------------------------------------------

    def _section(self, node: Node) -> None:
        self._entries, self._diagnoses, self._drug, self._result = [], [], {}, []
        code = child(node, "code")
        for entry in children(node, "entry"):
            for statement in entry:
                self._statement(statement)
        self._end_result()
        self._end_diagnoses(value(code, "", "code"))
        loinc = value(code, "", "code")
        title = text(child(node, "title")) or _TITLES.get(loinc, "") or value(code, "", "displayName")
        narrative = said(self.table, text(child(node, "text")))
        self.sections.append(
            slim(
                title=title,
                code=concept("" if loinc else title, (coding("http://loinc.org", loinc),)),
                text=_narrative(narrative) if narrative else None,
                entry=self._entries,
                emptyReason=None if narrative or self._entries else _EMPTY,
            )
        )

    def _statement(self, node: Node) -> None:
        match local(node):
            case "observation":
                self._observation(node)
            case "organizer":
                self._organizer(node)
            case "substanceAdministration":
                self._drug = self._put(self._prescribed(node))
            case "procedure":
                self._put(self._procedure(node))
            case _:
                for inner in (*children(node, "entryRelationship"), *children(node, "component")):
                    for statement in inner:
                        self._statement(statement)

    def _observation(self, node: Node) -> None:
        element = self._element(node)
        if element in _DIAGNOSES:
            self._diagnoses.append(self._diagnosis(node, element))
        elif element == t.ALLERGY_FLAG.code or element in t.ALLERGY_TEXTS:
            self._allergy(node, element)
        elif element == t.GROUP.code and self._drug:
            self._drug["groupIdentifier"] = {
                "value": value(child(node, "value"), "", "value") or text(child(node, "value"))
            }
        elif element == t.ITEM.code or (self._result and element in _RESULT_PARTS):
            if element == t.ITEM.code:
                self._end_result()
            self._result.append(node)
        elif element in _REPORTED and self._is_report():
            self._say(element, node)
        else:
            self._keep(node, element)

    def _say(self, element: str, node: Node) -> None:
        """What the report says; the section where it stands names the report."""
        self.report[element] = text_of(self.table, node)
        reference = to("DiagnosticReport", self.report_id())
        if reference not in self._entries:
            self._entries.append(reference)

    def _is_report(self) -> bool:
        return self.header.code in (t.EXAMINATION, t.LABORATORY)

    def _organizer(self, node: Node) -> None:
        """Results stand together in one; of others each part is read by itself."""
        self._end_result()
        for part in children(node, "component"):
            for statement in part:
                self._statement(statement)
        self._end_result()

    def _element(self, node: Node) -> str:
        code = value(node, "code", "code")
        return self.table.elements.get(code, code)

    def _put(self, resource: Json) -> Json:
        """A resource of this section; of two with one id the second gets one of its own."""
        self._ids[resource["id"]] += 1
        if self._ids[resource["id"]] > 1:
            resource["id"] = resource_id(resource["id"], str(self._ids[resource["id"]]))
        self.resources.append(resource)
        self._entries.append(to(resource["resourceType"], resource["id"]))
        return resource

    def _keep(self, node: Node, element: str) -> None:
        """Any other data element, within the Composition."""
        made = _kept(self.table, node, element)
        if made:
            number = f"e{len(self.contained) + 1}"
            self.contained.append({"resourceType": "Observation", "id": number, "status": "final", **made})
            self._entries.append({"reference": f"#{number}"})

    # -- diagnoses -----------------------------------------------------------------------

    def _diagnosis(self, node: Node, element: str) -> Diagnosis:
        found = Diagnosis(element in (t.TCM_CODE.code, t.TCM_NAME.code))
        called = f"{value(node, 'code', 'displayName')} {value(node, 'code/qualifier/name', 'displayName')}"
        found.tentative = "初步" in called or "入院" in called
        found.at = time_at(self.table, node, "effectiveTime")
        held = child(node, "value")
        if element in _NAMES:
            found.name = text_of(self.table, node)
        else:
            read = concept_at(self.table, held)
            codes = read.get("coding", [])
            found.codings, found.name = codes, read.get("text", "") if read.get("text") != _only(codes) else ""
        for inner in children(node, "entryRelationship/observation"):
            if self._element(inner) in _DIAGNOSES:
                found.add(self._diagnosis(inner, self._element(inner)))
        return found

    def _end_diagnoses(self, section: str) -> None:
        merged: list[Diagnosis] = []
        for piece in self._diagnoses:
            if merged and merged[-1].takes(piece):
                merged[-1].add(piece)
            elif piece.name or piece.codings:
                merged.append(piece)
        for diagnosis in merged:
            self._put(self._condition(diagnosis, diagnosis.tentative or section in t.ADMITTING_SECTIONS))

    def _condition(self, diagnosis: Diagnosis, tentative: bool) -> Json:
        header = self.header
        owner = header.encounter.get("id") or header.patient["id"]
        codings = [one | slim(display=diagnosis.name) for one in diagnosis.codings]
        return slim(
            resourceType="Condition",
            id=f"{owner}.dg.{digest(_only(codings) or diagnosis.name)}",
            clinicalStatus=coded("condition-clinical", "active"),
            verificationStatus=coded("condition-ver-status", "provisional" if tentative else "confirmed"),
            category=[coded("condition-category", "encounter-diagnosis")],
            code=concept(diagnosis.name or _only(codings), codings),
            subject=header.subject,
            encounter=header.visit,
            recordedDate=diagnosis.at or header.written or header.at,
            recorder=header.author,
        )

    # -- allergies -----------------------------------------------------------------------

    def _allergy(self, node: Node, element: str) -> None:
        """What the patient is allergic to, as a text; a flag that says no is an entry that says so."""
        flag = (
            value_of(self.table, child(node, "value")).get("valueBoolean") if element == t.ALLERGY_FLAG.code else None
        )
        words = text_of(self.table, node) if element in t.ALLERGY_TEXTS else ""
        for inner in children(node, "entryRelationship/observation"):
            if self._element(inner) in t.ALLERGY_TEXTS:
                words = words or text_of(self.table, inner)
        if flag is False and not words:
            self._put(self._allergic(concept("否认过敏史", (_NO_ALLERGY,))))
        elif words or flag is True:
            self._put(self._allergic(concept(words or "过敏原未注明")))

    def _allergic(self, code: Json) -> Json:
        header = self.header
        return slim(
            resourceType="AllergyIntolerance",
            id=f"{header.patient['id']}.al.{digest(code['text'])}",
            clinicalStatus=coded("allergyintolerance-clinical", "active"),
            code=code,
            patient=header.subject,
            recordedDate=header.written or header.at,
            recorder=header.author,
        )

    # -- drugs and procedures ------------------------------------------------------------

    def _prescribed(self, node: Node) -> Json:
        header, table = self.header, self.table
        number = header.number_of(table.prescription) or header.number or header.root_id
        product = child(node, "consumable/manufacturedProduct/manufacturedLabeledDrug")
        drug = concept_at(table, child(product, "code"))
        name = said(table, text(child(product, "name")))
        if not drug and not name:
            place = "consumable/manufacturedProduct/manufacturedLabeledDrug/name"
            raise error(node, place, "须写明药品")
        parts = {self._element(one): one for one in children(node, "entryRelationship/observation")}
        order = len([r for r in self.resources if r["resourceType"] == "MedicationRequest"]) + 1
        return slim(
            resourceType="MedicationRequest",
            id=resource_id(number, str(order)),
            identifier=[identifier(number, f"urn:oid:{table.prescription}", text="处方号")],
            status="active",
            intent="order",
            medicationCodeableConcept=concept(name or drug.get("text", ""), drug.get("coding", ())),
            subject=header.subject,
            encounter=header.visit,
            authoredOn=header.written or header.at,
            requester=header.author,
            dosageInstruction=listed(self._dosage(node)),
            dispenseRequest=slim(quantity=value_of(table, _value(parts.get(t.TOTAL_DOSE.code))).get("valueQuantity")),
            extension=list(self._product(node, parts)),
        )

    def _dosage(self, node: Node) -> Json:
        table = self.table
        dose = amount_at(table, child(node, "doseQuantity"))
        frequency = _frequency(table, child(node, "rateQuantity"))
        return slim(
            text=said(table, text(child(node, "text"))),
            timing=slim(code=frequency),
            route=concept_at(table, child(node, "routeCode")),
            doseAndRate=[{"doseQuantity": dose}] if dose else None,
        )

    def _product(self, node: Node, parts: dict[str, Node]) -> Iterator[Json]:
        strength = text_of(self.table, parts[t.STRENGTH.code]) if t.STRENGTH.code in parts else ""
        form = concept_at(self.table, child(node, "administrationUnitCode")).get("text", "")
        for name, words in (("specification", strength), ("dosage-form", form)):
            if words:
                yield extension(name, valueString=words)

    def _procedure(self, node: Node) -> Json:
        header = self.header
        code = concept_at(self.table, child(node, "code"))
        for inner in children(node, "entryRelationship/observation"):
            if self._element(inner) == _OPERATION_NAME and (name := text_of(self.table, inner)):
                code = concept(name, [one | {"display": name} for one in code.get("coding", ())])
        if not code:
            raise error(node, "code", "须以编码或名称写明手术")
        at = time_at(self.table, node, "effectiveTime")
        owner = header.encounter.get("id") or header.patient["id"]
        return slim(
            resourceType="Procedure",
            id=f"{owner}.pr.{digest(_only(code.get('coding', [])) or code['text'], at)}",
            status="completed",
            code=code,
            subject=header.subject,
            encounter=header.visit,
            performedDateTime=at,
            bodySite=listed(concept_at(self.table, child(node, "targetSiteCode"))),
        )

    # -- results -------------------------------------------------------------------------

    def _end_result(self) -> None:
        """The pieces of one result, gathered: item, number with unit, code, text."""
        nodes, self._result = self._result, []
        if not nodes:
            return
        pieces = {self._element(node): node for node in nodes}
        if self.header.code == t.EXAMINATION:
            self._say(t.ITEM.code, pieces[t.ITEM.code])
            self.item = self.item or self._called(pieces[t.ITEM.code])
            for node in nodes[1:]:
                self._keep(node, self._element(node))
            return
        self._put(self._measured(pieces))

    def _measured(self, pieces: dict[str, Node]) -> Json:
        header, table, item = self.header, self.table, pieces[t.ITEM.code]
        code = self._called(item)
        if not code:
            raise error(item, "value", "须写明检验项目")
        read = self._number(pieces.get(t.RESULT_NUMBER.code))
        if not read and t.RESULT_TEXT.code in pieces:
            read = slim(valueString=text_of(table, pieces[t.RESULT_TEXT.code]))
        return slim(
            resourceType="Observation",
            id=resource_id(self.report_id(), _only(code.get("coding", [])) or digest(code["text"])),
            status="final",
            category=category("laboratory"),
            code=code,
            subject=header.subject,
            encounter=header.visit,
            effectiveDateTime=time_at(table, item, "effectiveTime") or header.written or header.at,
            performer=[*listed(header.custodian), *listed(header.author)],
            interpretation=listed(_looks(concept_at(table, _value(pieces.get(t.RESULT_CODE.code))))),
            referenceRange=listed(_range(table, pieces)),
            specimen=slim(display=self._inner(item, t.SPECIMEN)),
            **read,
        )

    def _called(self, item: Node) -> Json:
        """What is examined: a code with its name, or a name."""
        held = value_of(self.table, _value(item))
        code: Json = held.get("valueCodeableConcept") or concept(str(held.get("valueString", "")))
        return code

    def _number(self, node: Node | None) -> Json:
        read = value_of(self.table, _value(node))
        unit = self._inner(node, t.RESULT_UNIT)
        if "valueQuantity" in read and unit:
            read["valueQuantity"] |= {"unit": unit}
        return read

    def _inner(self, node: Node | None, element: t.Element) -> str:
        """The text of a data element within an observation."""
        inside = children(node, "entryRelationship/observation")
        return next((text_of(self.table, one) for one in inside if self._element(one) == element.code), "")

    def report_id(self) -> str:
        """The report's number, else the document's."""
        header, table = self.header, self.table
        root = table.exam_report if header.code == t.EXAMINATION else table.lab_report
        return resource_id(header.number_of(root) or header.number or header.root_id)


_RESULT_PARTS: Final = frozenset({t.RESULT_CODE.code, t.RESULT_NUMBER.code, t.RESULT_TEXT.code})
_REPORTED: Final = frozenset({t.SERVICE_CLASS.code, t.LAB_CONCLUSION.code, t.EXAM_CONCLUSION.code})


def _sections(root: Node) -> list[Node]:
    """Sections of the body; some senders leave out structuredBody."""
    return children(root, "component/structuredBody/component/section") or children(root, "component/section")


def _looks(said: Json) -> Json:
    """How a result looks, with the flag that its words mean."""
    flag = _LOOKS.get(said.get("text", ""))
    return said | {"coding": [*said.get("coding", []), coding(_FLAGS, flag)]} if flag else said


def _value(node: Node | None) -> Node | None:
    return child(node, "value")


def text_of(table: t.Table, node: Node) -> str:
    """The value of an observation as one text."""
    read = value_of(table, _value(node))
    if "valueCodeableConcept" in read:
        return str(read["valueCodeableConcept"].get("text", ""))
    return str(read.get("valueString") or said(table, value(_value(node), "", "value")))


def _only(codings: list[Json]) -> str:
    return str(codings[0]["code"]) if codings else ""


def _kept(table: t.Table, node: Node, element: str) -> Json:
    """A data element as what an Observation says; empty when it says nothing."""
    name = value(node, "code", "displayName")
    parts = [one for inner in children(node, "entryRelationship/observation") if (one := _part(table, inner))]
    read: dict[str, Any] = value_of(table, _value(node))
    if not element or not (read or parts):
        return {}
    return slim(
        code=concept(name or element, (coding(ELEMENT_SYSTEM, element, name),)),
        effectiveDateTime=time_at(table, node, "effectiveTime"),
        component=parts,
        **read,
    )


def _part(table: t.Table, node: Node) -> Json:
    read = value_of(table, _value(node))
    code, name = value(node, "code", "code"), value(node, "code", "displayName")
    return {"code": concept(name or code, (coding(ELEMENT_SYSTEM, code, name),)), **read} if read and code else {}


def _frequency(table: t.Table, node: Node | None) -> Json:
    """How often: a code with its words, or a number with its unit (``2`` ``次/日``)."""
    other = child(node, "translation")
    code, name = said(table, value(other, "", "code")), said(table, value(other, "", "displayName"))
    if code or name:
        return concept(name or code, (coding("", code, name),))
    words = said(table, value(node, "", "value"))
    return concept(f"{words}{said(table, value(node, '', 'unit'))}") if words else {}


def _range(table: t.Table, pieces: dict[str, Node]) -> Json:
    for node in pieces.values():
        held = child(node, "referenceRange/observationRange")
        if held is not None:
            low, high = amount_at(table, child(held, "value/low")), amount_at(table, child(held, "value/high"))
            words = said(table, text(child(held, "text")))
            return slim(text=words, low=low, high=high) if low or high else {**interval(words)} if words else {}
    return {}


def _narrative(words: str) -> Json:
    plain = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{plain}</div>'}
