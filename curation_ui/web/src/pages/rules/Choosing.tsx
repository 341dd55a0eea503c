/** Rules found by what they say and name, how severe they are and where they stand; ticked to go together. */
import { Flex, Input, Select } from "antd";
import { type Key, type ReactNode, useState } from "react";
import { ConceptSearch } from "../../curation/ConceptSearch";
import type { Found, Page } from "../../curation/types";
import { choices, StandingTag, StatusTag, useVocabulary, vocabularyAhead } from "../../curation/vocabulary";
import { askAhead, useAsked } from "../../shared/asking";
import { Asked } from "../../shared/states";
import { Pager, Rows } from "../../shared/table";
import { TOLD } from "../../shared/told";
import { moment, who } from "../../shared/words";
import { TEXTS } from "./texts";

const RECORDS = "GET /api/v1/curation/records";
const ALL = { q: "", concept: "", severity: "", status: "", after: "" };
type Wanted = typeof ALL;

const some = (wanted: Wanted) => ({ query: { kind: "rule", ...wanted, limit: 200 } });

export const ahead = (): Promise<unknown> => Promise.all([askAhead(RECORDS, some(ALL)), vocabularyAhead()]);

type ChoosingProps = {
  chosen: Key[];
  choose: (ids: Key[]) => void;
  /** How a rule is called in the list. */
  called: (rule: Found) => ReactNode;
  /** Those that cannot be chosen. */
  taken?: (id: string) => boolean;
};

export function Choosing({ chosen, choose, called, taken = () => false }: ChoosingProps): ReactNode {
  const [wanted, look] = useState(ALL);
  const want = (part: Partial<Wanted>): void => look({ ...wanted, after: "", ...part });
  const rules = useAsked<Page>(RECORDS, some(wanted), { keep: true });
  return (
    <>
      <Filters wanted={wanted} want={want} />
      <Asked query={rules} isEmpty={(found) => !found.records.length} empty={TEXTS.none}>
        {(found) => (
          <>
            <Rows<Found>
              rowKey="id"
              called={(one) => one.title}
              dataSource={found.records}
              rowSelection={{
                selectedRowKeys: chosen,
                preserveSelectedRowKeys: true,
                onChange: choose,
                getCheckboxProps: ({ id }) => ({ disabled: taken(id) }),
              }}
              columns={[
                { title: TEXTS.name, render: (_, one) => called(one) },
                { title: TEXTS.status, render: (_, one) => <StatusTag status={one.status} /> },
                { title: TEXTS.standing, render: (_, one) => <StandingTag standing={one.standing} /> },
                { title: TEXTS.changed, render: (_, one) => `${one.change} · ${who(one.by)} · ${moment(one.at)}` },
              ]}
            />
            <Pager
              earlier={wanted.after !== ""}
              later={found.next !== ""}
              first={() => want({})}
              next={() => want({ after: found.next })}
            />
          </>
        )}
      </Asked>
    </>
  );
}

function Filters({ wanted, want }: { wanted: Wanted; want: (part: Partial<Wanted>) => void }): ReactNode {
  const { severities, statuses } = useVocabulary();
  const names = { severity: severities, status: statuses };
  const [naming, name] = useState("");
  const typed = (text: string): void => {
    name(text);
    if (wanted.concept) want({ concept: "" });
  };
  return (
    <Flex gap={8} wrap className={`curation-filters ${TOLD}`}>
      <Input.Search
        allowClear
        aria-label={TEXTS.words}
        placeholder={TEXTS.words}
        onSearch={(q) => want({ q })}
        style={{ width: 240 }}
      />
      <div style={{ width: 220 }}>
        <ConceptSearch
          label={TEXTS.naming}
          placeholder={TEXTS.naming}
          value={naming}
          onChange={typed}
          chosen={(concept) => {
            name(concept.name);
            want({ concept: concept.id });
          }}
        />
      </div>
      {(["severity", "status"] as const).map((name) => (
        <Select
          key={name}
          allowClear
          aria-label={TEXTS[name]}
          placeholder={TEXTS[name]}
          options={choices(names[name])}
          value={wanted[name] || undefined}
          onChange={(code = "") => want({ [name]: code })}
          style={{ width: 120 }}
        />
      ))}
    </Flex>
  );
}
