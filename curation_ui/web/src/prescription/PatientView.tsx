/** The patient at a glance. What nobody sent is said to be unknown, not absent. */
import { Descriptions } from "antd";
import type { ReactNode } from "react";
import { day } from "../shared/words";
import { TEXTS } from "./texts";
import type { Patient, PlainOrder, Result } from "./types";

export function PatientView({ patient }: { patient: Patient }): ReactNode {
  const items = [
    { key: "who", label: TEXTS.patient, children: who(patient) },
    { key: "conditions", label: TEXTS.conditions, children: list(patient.conditions, (one) => one.text) },
    {
      key: "allergies",
      label: TEXTS.allergies,
      children: list(
        patient.allergies,
        (one) => [one.text, one.reaction].filter(Boolean).join("："),
        TEXTS.noAllergy,
      ),
    },
    { key: "results", label: TEXTS.results, children: list(patient.observations, result) },
    { key: "medications", label: TEXTS.medications, children: list(patient.medications, medication) },
  ];
  return (
    <Descriptions
      size="small"
      bordered
      column={1}
      items={items}
      className="prescription-patient"
      styles={{ label: { width: 96 } }}
    />
  );
}

function who(patient: Patient): string {
  const sex = { male: "男", female: "女" }[patient.sex ?? ""] ?? patient.sex;
  const weeks = Math.floor((patient.pregnancy?.gestationalDays ?? 0) / 7);
  const pregnant = patient.pregnancy?.pregnant ? `${TEXTS.pregnant}${weeks ? ` ${weeks} ${TEXTS.weeks}` : ""}` : "";
  return [patient.id, sex, patient.age, pregnant].filter(Boolean).join(" · ");
}

function list<T>(rows: T[] | undefined, told: (row: T) => string | undefined, none = "—"): string {
  if (!rows) return TEXTS.unknown;
  return rows.length ? rows.map(told).filter(Boolean).join("；") : none;
}

function result(one: Result): string {
  return [one.text, one.value, one.unit === "1" ? "" : one.unit, day(one.time)].filter(Boolean).join(" ");
}

function medication(one: PlainOrder): string {
  return [one.text, one.dose, one.unit, one.frequency].filter(Boolean).join(" ");
}
