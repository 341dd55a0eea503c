/** The orders of a prescription, sent plainly or as FHIR, as rows. */
import type { PlainOrder } from "../../prescription/types";
import type { Sent } from "./types";

type Text = { text?: string; coding?: { display?: string; code?: string }[] };
type Request = {
  resourceType?: string;
  id?: string;
  medicationCodeableConcept?: Text;
  code?: Text;
  dosageInstruction?: {
    timing?: { code?: Text };
    route?: Text;
    doseAndRate?: { doseQuantity?: { value?: number; unit?: string } }[];
  }[];
};

/** What is under review. */
export function orders(sent: Sent | undefined): PlainOrder[] {
  if (sent?.orders) return sent.orders;
  const entries = sent?.draftOrders?.entry ?? [];
  return entries.map(({ resource }, at) => plain((resource ?? {}) as Request, at));
}

function plain(resource: Request, at: number): PlainOrder {
  const dosage = resource.dosageInstruction?.[0];
  const quantity = dosage?.doseAndRate?.[0]?.doseQuantity;
  return {
    id: resource.id ?? String(at),
    text: said(resource.medicationCodeableConcept ?? resource.code),
    dose: quantity?.value,
    unit: quantity?.unit,
    route: said(dosage?.route),
    frequency: said(dosage?.timing?.code),
  };
}

function said(concept: Text | undefined): string {
  return concept?.text ?? concept?.coding?.[0]?.display ?? concept?.coding?.[0]?.code ?? "";
}
