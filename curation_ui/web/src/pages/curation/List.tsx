/** Records by kind, status, author and words, page by page. */
import { App, Button, Dropdown, Flex, Input, Segmented, Select } from "antd";
import { type ReactNode, useState } from "react";
import { Link, useNavigate } from "react-router";
import { Person, usePerson } from "../../curation/person";
import { placeOf } from "../../curation/records";
import { useStep } from "../../curation/steps";
import type { Found, Page, Table } from "../../curation/types";
import { choices, StandingTag, StatusTag, useVocabulary, vocabularyAhead } from "../../curation/vocabulary";
import { useAddress } from "../../shared/address";
import { askAhead, useAsked } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { useMay, useSession } from "../../shared/session";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { TOLD } from "../../shared/told";
import { moment, who } from "../../shared/words";
import { TEXTS } from "./texts";

const RECORDS = "GET /api/v1/curation/records";
const STATEMENTS = 2;

export const ahead = (): Promise<unknown> => Promise.all([askAhead(RECORDS, { query: {} }), vocabularyAhead()]);

export function List(): ReactNode {
  const may = useMay("knowledge.edit");
  const actions = (
    <>
      <Person />
      {may ? <Adding /> : null}
    </>
  );
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} actions={actions} printable>
      <Filters />
      <Records />
    </Frame>
  );
}

/** What the address says is looked for. */
function useWanted(): [Record<string, string>, (part: Record<string, string>) => void] {
  const [given, change] = useAddress();
  return [Object.fromEntries(given), (part) => change({ after: "", ...part })];
}

function Filters(): ReactNode {
  const [wanted, want] = useWanted();
  const words = useVocabulary();
  const { by } = usePerson();
  const session = useSession();
  const me = by || session.name;
  return (
    <Flex gap={8} wrap className={`curation-filters ${TOLD}`}>
      <Select
        allowClear
        aria-label={TEXTS.kind}
        placeholder={TEXTS.kind}
        options={choices(words.records)}
        value={wanted.kind}
        onChange={(kind?: string) => want({ kind: kind ?? "" })}
        style={{ width: 110 }}
      />
      <Select
        allowClear
        aria-label={TEXTS.status}
        placeholder={TEXTS.status}
        options={choices(words.statuses)}
        value={wanted.status}
        onChange={(status?: string) => want({ status: status ?? "" })}
        style={{ width: 120 }}
      />
      <Input.Search
        allowClear
        defaultValue={wanted.q}
        aria-label={TEXTS.words}
        placeholder={TEXTS.words}
        onSearch={(q) => want({ q })}
        style={{ width: 220 }}
      />
      <Segmented
        aria-label={TEXTS.mine}
        options={[
          { value: "", label: TEXTS.all },
          { value: me, label: TEXTS.mine },
        ]}
        value={wanted.author ?? ""}
        onChange={(author) => want({ author })}
      />
    </Flex>
  );
}

function Records(): ReactNode {
  const [wanted, want] = useWanted();
  const records = useAsked<Page>(RECORDS, { query: wanted }, { keep: true });
  return (
    <Asked query={records} isEmpty={(found) => !found.records.length} empty={TEXTS.none}>
      {(found) => (
        <>
          <Matches records={found.records} />
          {found.next ? <Button onClick={() => want({ after: found.next })}>{TEXTS.more}</Button> : null}
        </>
      )}
    </Asked>
  );
}

function Matches({ records }: { records: Found[] }): ReactNode {
  const [keys, choose] = useState<string[]>([]);
  const may = useMay("knowledge.edit");
  const { records: kinds } = useVocabulary();
  const chosen = records.filter((one) => keys.includes(keyOf(one)));
  return (
    <>
      {may ? <Chosen chosen={chosen} done={() => choose([])} /> : null}
      <Rows<Found>
        rowKey={keyOf}
        called={(one) => one.title}
        dataSource={records}
        pagination={false}
        rowSelection={may ? { selectedRowKeys: keys, onChange: (given) => choose(given.map(String)) } : undefined}
        columns={[
          { title: TEXTS.kind, render: (_, one) => kinds[one.kind] ?? one.kind },
          { title: TEXTS.name, render: (_, one) => <Link to={placeOf(one)}>{one.title}</Link> },
          { title: TEXTS.status, render: (_, one) => <StatusTag status={one.status} /> },
          { title: TEXTS.standing, render: (_, one) => <StandingTag standing={one.standing} /> },
          {
            title: TEXTS.changed,
            render: (_, one) =>
              `${one.change} · ${who(one.by)} · ${moment(one.at)}${one.reason ? ` · ${one.reason}` : ""}`,
          },
        ]}
      />
    </>
  );
}

/** What is done with those that are chosen. */
function Chosen({ chosen, done }: { chosen: Found[]; done: () => void }): ReactNode {
  const { modal } = App.useApp();
  const { take, busy } = useStep(done);
  const { missing } = usePerson();
  const [reason, say] = useState("");
  const disabled = busy || missing || !chosen.length;
  const retire = (): void => {
    void modal.confirm({
      title: `${TEXTS.retire} ${chosen.length}`,
      content: reason,
      onOk: () => take("retire", chosen, reason),
    });
  };
  return (
    <Flex gap={8} wrap align="center" className="curation-filters no-print">
      <span>
        {TEXTS.chosen} {chosen.length}
      </span>
      <Button disabled={disabled} onClick={() => take("submit", chosen)}>
        {TEXTS.submit}
      </Button>
      <Input
        value={reason}
        onChange={(event) => say(event.target.value)}
        placeholder={TEXTS.retireWhy}
        aria-label={TEXTS.retireWhy}
        style={{ width: 180 }}
      />
      <Button danger disabled={disabled || !reason.trim()} onClick={retire}>
        {TEXTS.retire}
      </Button>
    </Flex>
  );
}

/** Which table a new row is of. */
function Adding(): ReactNode {
  const tables = useAsked<{ tables: Table[] }>(
    "GET /api/v1/curation/tables",
    {},
    { staleMs: Number.POSITIVE_INFINITY },
  );
  const navigate = useNavigate();
  const found = tables.data?.tables ?? [];
  const group = (label: string, members: Table[]) => ({
    key: label,
    type: "group" as const,
    label,
    children: members.map((one) => ({ key: `table/${one.name}`, label: one.title })),
  });
  const items = [
    { key: "new-concept", label: TEXTS.record.newConcept },
    { key: "new-source", label: TEXTS.record.newSource },
    group(
      TEXTS.statements,
      found.filter((one) => one.rank === STATEMENTS),
    ),
    group(
      TEXTS.sources,
      found.filter((one) => one.rank < STATEMENTS),
    ),
  ];
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        items,
        onClick: ({ key }) => void navigate(key),
        style: { maxHeight: 420, overflow: "auto" },
      }}
    >
      <Button type="primary">{TEXTS.add}</Button>
    </Dropdown>
  );
}

function keyOf(one: Found): string {
  return `${one.kind}|${one.id}`;
}
