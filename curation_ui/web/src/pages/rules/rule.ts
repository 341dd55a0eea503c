/** One rule while it is edited, alone or as a row of a table. */
import type { UseQueryResult } from "@tanstack/react-query";
import { useState } from "react";
import { type Draft, type Opened, useDraft } from "../../curation/drafting";
import type { RuleForm, Whole } from "../../curation/types";
import { ask, type Failure } from "../../shared/client";
import { type Conditioned, useCondition, useTrial } from "./condition";
import type { Trial } from "./types";

export const READ = "GET /api/v1/curation/records/{kind}/{record_id}";
/** Rules with their forms. */
export function wholes(ids: string[]): Promise<Whole<RuleForm>[]> {
  const one = (id: string) => ask<Whole<RuleForm>, typeof READ>(READ, { path: { kind: "rule", record_id: id } });
  return Promise.all(ids.map(one));
}

export const NEW: RuleForm = {
  title: "",
  condition: "",
  severity: "moderate",
  message: "",
  advice: "",
  departments: [],
  stages: [],
  citations: [{ source: "", section: "" }],
  evidence: "",
  cases: [
    { name: "", facts: {}, expect: "fired" },
    { name: "", facts: {}, expect: "passed" },
  ],
  validFrom: "",
  validTo: "",
};

export type Edited = {
  draft: Draft<RuleForm>;
  condition: Conditioned;
  trial: UseQueryResult<Trial, Failure> | undefined;
  /** Whether anything would be lost if this were left. */
  unsaved: boolean;
};

/** The draft of a rule, what the service reads in its condition and what that does to sample patients. */
export function useRule(opened: Opened<RuleForm>): Edited {
  const draft = useDraft<RuleForm>(opened);
  const { form, change } = draft;
  const [write] = useState(
    () =>
      (condition: string): void =>
        change({ condition }),
  );
  const condition = useCondition(form.condition, write);
  const trial = useTrial(condition.parsed, form.cases);
  return { draft, condition, trial, unsaved: draft.dirty || condition.unwritten };
}
