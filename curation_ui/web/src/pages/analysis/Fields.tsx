/** The fields of a table, to be dragged from. */
import { Input, Select, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { TOLD } from "../../shared/told";
import { Chip } from "./Chip";
import { TEXTS } from "./texts";
import type { Fact } from "./types";
import type { Layout } from "./Zones";

type FieldsProps = Layout & { facts: Fact[]; turn: (fact: string) => void };

export function Fields({ facts, turn, form, fields, change }: FieldsProps): ReactNode {
  const [wanted, find] = useState("");
  const found = [...fields.values()].filter(({ title }) => title.includes(wanted));
  return (
    <section className="analysis-fields" aria-label={TEXTS.fields}>
      <Select
        className={TOLD}
        aria-label={TEXTS.fact}
        showSearch={{ optionFilterProp: "label" }}
        value={form.fact}
        options={facts.map(({ id, title }) => ({ value: id, label: title }))}
        onChange={turn}
      />
      <Typography.Text type="secondary">{facts.find(({ id }) => id === form.fact)?.about}</Typography.Text>
      <Input
        allowClear
        placeholder={TEXTS.find}
        aria-label={TEXTS.find}
        onChange={(event) => find(event.target.value.trim())}
      />
      <div className="analysis-list">
        {found.map((field) => (
          <Chip key={field.id} field={field} form={form} change={change} />
        ))}
        {found.length ? null : <Typography.Text type="secondary">{TEXTS.noFields}</Typography.Text>}
      </div>
    </section>
  );
}
