/** What statements and rules rest on, and how long they hold. */
import { Input, Select } from "antd";
import type { ReactNode } from "react";
import { Citations } from "./Citations";
import { Field } from "./Field";
import type { Citation, Flaw } from "./types";
import { choices, useVocabulary } from "./vocabulary";

const TEXTS = {
  citations: "来源",
  evidence: "证据等级",
  validFrom: "生效日期",
  validTo: "失效日期（不含）",
  dayHint: "如 2026-11-01，留空为一直有效",
};

type Backed = { citations: Citation[]; evidence: string; validFrom: string; validTo: string };
type BackingProps = {
  draft: { form: Backed; change: (part: Partial<Backed>) => void; flaws: Flaw[] };
  children?: ReactNode;
};

/** `children` stand between the evidence and the days. */
export function Backing({ draft: { form, change, flaws }, children }: BackingProps): ReactNode {
  const { evidence } = useVocabulary();
  return (
    <>
      <Field label={TEXTS.citations} flaws={flaws} name="citations" required>
        <Citations value={form.citations} onChange={(citations) => change({ citations })} />
      </Field>
      <div className="curation-fields">
        <Field label={TEXTS.evidence} flaws={flaws} name="evidence">
          <Select
            allowClear
            options={choices(evidence)}
            value={form.evidence || undefined}
            onChange={(level?: string) => change({ evidence: level ?? "" })}
          />
        </Field>
        {children}
        {(["validFrom", "validTo"] as const).map((name) => (
          <Field key={name} label={TEXTS[name]} flaws={flaws} name={name} hint={TEXTS.dayHint}>
            <Input value={form[name]} onChange={(event) => change({ [name]: event.target.value })} />
          </Field>
        ))}
      </div>
    </>
  );
}
