/** A cell of a table as a field: choices are chosen, names are looked up, all else is typed. */
import { AutoComplete, Input, Select } from "antd";
import { type ReactNode, useDeferredValue } from "react";
import { useAsked } from "../shared/asking";
import { ConceptSearch } from "./ConceptSearch";
import type { Column, Page } from "./types";

const HINTS: Record<string, string> = {
  age: "如 28天、6月、12岁",
  duration: "如 12小时、7天、3月",
  list: "多项用 ; 分隔",
  drugs: "多项用 ; 分隔",
  diseases: "多项用 ; 分隔",
  icd10: "如 K25-K28;I20.0",
  number: "数字",
  integer: "整数",
};
const YES = "是";
const LONG = ["reason", "advice", "effect", "mechanism", "points", "note"];

/** How a cell of a kind is written. */
export function hintOf(column: Column): string {
  return HINTS[column.kind] ?? "";
}

type CellProps = { column: Column; value: string; onChange: (text: string) => void; id?: string };

export function Cell({ column, value, onChange, id }: CellProps): ReactNode {
  const { label, kind, choices } = column;
  const picks = kind === "yes" ? [YES] : choices;
  if (picks.length) {
    const many = kind === "enums";
    const chosen = value ? value.split(/[;；]/) : [];
    return (
      <Select
        id={id}
        allowClear
        aria-label={label}
        mode={many ? "multiple" : undefined}
        value={many ? chosen : value || undefined}
        onChange={(given?: string | string[]) => onChange(Array.isArray(given) ? given.join(";") : (given ?? ""))}
        options={picks.map((one) => ({ value: one, label: one }))}
        style={{ width: "100%" }}
      />
    );
  }
  if (kind === "source") return <SourceSearch id={id} label={label} value={value} onChange={onChange} />;
  if (column.names && !["drugs", "diseases"].includes(kind)) {
    return <ConceptSearch id={id} label={label} value={value} onChange={onChange} kinds={column.names} />;
  }
  const typed = (event: { target: { value: string } }): void => onChange(event.target.value);
  if (LONG.includes(column.field)) {
    return (
      <Input.TextArea
        id={id}
        aria-label={label}
        autoSize={{ minRows: 1, maxRows: 6 }}
        value={value}
        onChange={typed}
      />
    );
  }
  return <Input id={id} aria-label={label} value={value} onChange={typed} />;
}

type SourceProps = { label: string; value: string; onChange: (text: string) => void; id?: string };

/** A source by its title or id; what is chosen is its id. */
export function SourceSearch({ label, value, onChange, id }: SourceProps): ReactNode {
  const words = useDeferredValue(value.trim());
  const query = { kind: "source", q: words, limit: 20 };
  const asked = useAsked<Page>("GET /api/v1/curation/records", { query }, { enabled: words.length > 1, keep: true });
  const options = (asked.data?.records ?? []).map((one) => ({ value: one.id, label: `${one.title}（${one.id}）` }));
  return (
    <AutoComplete
      id={id}
      aria-label={label}
      value={value}
      onChange={onChange}
      options={options}
      style={{ width: "100%" }}
      popupMatchSelectWidth={false}
      placeholder="来源名称、编号，或 说明书:药品名"
    />
  );
}
