/** A field that finds concepts by name, pinyin, initials or code while it is typed into. */
import { AutoComplete, type AutoCompleteProps, Flex, Input, Tag } from "antd";
import { type ReactNode, useDeferredValue } from "react";
import { useAsked } from "../shared/asking";
import { useVocabulary } from "./vocabulary";

const TEXTS = { concepts: "概念" };

export type Suggested = { id: string; kind: string; name: string; matched: string; by: string };

/** What else the field offers, under a heading of its own. */
export type Offered = {
  label: string;
  options: { value: string; label: ReactNode }[];
  chosen: (value: string) => void;
};

type SearchProps = {
  value: string;
  onChange: (text: string) => void;
  chosen?: (concept: Suggested) => void;
  kinds?: string[];
  also?: Offered;
  label: string;
  placeholder?: string;
  id?: string;
  status?: "error";
  autoFocus?: boolean;
  size?: AutoCompleteProps["size"];
};

/** Concepts whose names begin like a text. */
export function useSuggested(text: string, kinds: string[] = []): Suggested[] {
  const typed = useDeferredValue(text.trim());
  const query: Record<string, string | number> = { q: typed, limit: kinds.length ? 40 : 12 };
  const asked = useAsked<{ suggestions: Suggested[] }>(
    "GET /api/v1/suggest",
    { query },
    { enabled: typed.length > 0, keep: true, staleMs: 60_000 },
  );
  const found = typed ? (asked.data?.suggestions ?? []) : [];
  return kinds.length ? found.filter((one) => kinds.includes(one.kind)) : found;
}

export function ConceptSearch({ value, onChange, chosen, kinds, also, label, ...more }: SearchProps): ReactNode {
  const found = useSuggested(value, kinds);
  const { concepts } = useVocabulary();
  const options = found.map((one) => ({
    key: one.id,
    value: chosen ? one.id : one.name,
    label: (
      <Flex justify="space-between" gap={8}>
        <span>
          {one.name}
          {one.matched && one.matched !== one.name ? `（${one.matched}）` : ""}
        </span>
        <Tag variant="outlined">{concepts[one.kind] ?? one.kind}</Tag>
      </Flex>
    ),
  }));
  const others = also?.options ?? [];
  const isOther = (value: string): boolean => others.some((one) => one.value === value);
  const groups: AutoCompleteProps["options"] = [
    { label: TEXTS.concepts, options },
    { label: also?.label, options: others },
  ].filter((group) => group.options.length);
  const select = (id: string): void => {
    const one = found.find((each) => each.id === id);
    if (one && chosen) chosen(one);
    if (isOther(id)) also?.chosen(id);
  };
  const picks = (text: string): boolean => isOther(text) || Boolean(chosen && found.some((one) => one.id === text));
  return (
    <AutoComplete
      id={more.id}
      value={value}
      options={others.length ? groups : options}
      onChange={(text: string) => (picks(text) ? undefined : onChange(text))}
      onSelect={select}
      status={more.status}
      size={more.size}
      style={{ width: "100%" }}
      popupMatchSelectWidth={false}
    >
      <Input
        aria-label={label}
        placeholder={more.placeholder}
        autoFocus={more.autoFocus}
        size={more.size}
        allowClear
      />
    </AutoComplete>
  );
}
