/** What is asked for stands in the address: a view can be kept and passed on. */
import { DatePicker, Flex, Input, Select } from "antd";
import dayjs from "dayjs";
import type { ReactNode } from "react";
import { useAddress } from "./address";
import "./filters.css";
import { TOLD } from "./told";

type Asked = Record<string, string>;
type FieldProps = { name: string; label: string };
type ChoiceProps = FieldProps & { options: { value: string; label: string }[]; fallback?: string };
type SpanProps = { label: string; from?: string; to?: string };

export const DAY = "YYYY-MM-DD";
const SEARCHED = 10;

/** What the address asks for, and how to ask for something else; another question starts at its first page. */
export function useFilters(): [Asked, (changed: Record<string, string | undefined>) => void] {
  const [query, change] = useAddress(false);
  return [Object.fromEntries(query), (changed) => change({ before: undefined, ...changed })];
}

/** What narrows a list, above it. */
export function Filters({ children }: { children: ReactNode }): ReactNode {
  return (
    <Flex gap={8} wrap className={`filters ${TOLD}`}>
      {children}
    </Flex>
  );
}

/** One of a closed list, found by typing where it is long. */
export function Choice({ name, label, options, fallback }: ChoiceProps): ReactNode {
  const [asked, change] = useFilters();
  return (
    <Select
      className="filter"
      aria-label={label}
      placeholder={label}
      allowClear={!fallback}
      showSearch={options.length > SEARCHED ? { optionFilterProp: "label" } : false}
      value={asked[name] ?? fallback}
      options={options}
      onChange={(value: string | undefined) => change({ [name]: value })}
    />
  );
}

/** Words that must be met exactly, asked for with Enter. */
export function Word({ name, label }: FieldProps): ReactNode {
  const [asked, change] = useFilters();
  return (
    <Input.Search
      key={asked[name]}
      className="filter"
      aria-label={label}
      placeholder={label}
      allowClear
      defaultValue={asked[name]}
      onSearch={(value) => change({ [name]: value.trim() })}
    />
  );
}

/** First and last day. */
export function Span({ label, from, to }: SpanProps): ReactNode {
  const [asked, change] = useFilters();
  const since = asked.since ?? from;
  const until = asked.until ?? to;
  return (
    <DatePicker.RangePicker
      aria-label={label}
      allowClear={!from}
      value={since && until ? [dayjs(since), dayjs(until)] : null}
      onChange={(days) => change({ since: days?.[0]?.format(DAY), until: days?.[1]?.format(DAY) })}
    />
  );
}
