/** Who may log in and do what: accounts, roles, hospital systems, institutions. */
import { Button, Input, Tabs, Tag } from "antd";
import dayjs from "dayjs";
import { type ReactNode, useDeferredValue, useState } from "react";
import { askAhead, useAsked } from "../../shared/asking";
import { Frame } from "../../shared/frame";
import { Institution } from "../../shared/institution";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { Pager, Rows } from "../../shared/table";
import { TOLD } from "../../shared/told";
import { day } from "../../shared/words";
import "./accounts.css";
import { Clients } from "./Clients";
import { Grants } from "./Grants";
import { Institutions } from "./Institutions";
import { Managing } from "./Managing";
import { Opening } from "./Opening";
import { RoleTable } from "./RoleTable";
import { TEXTS } from "./texts";
import type { Account } from "./types";

const ACCOUNTS = "GET /api/v1/accounts";
const PAGE = 100;
const FIRST = { q: "", after: "" };

const all = (wanted: typeof FIRST) => ({ query: { ...wanted, limit: PAGE } });

export const ahead = (): Promise<unknown> => askAhead(ACCOUNTS, all(FIRST));

export default function Accounts(): ReactNode {
  const [opening, opens] = useState(false);
  const grants = useMay("account.grant");
  const registers = useMay("institution.manage");
  const actions = useMay("account.manage") ? (
    <Button type="primary" onClick={() => opens(true)}>
      {TEXTS.open}
    </Button>
  ) : null;
  const items = [
    { key: "accounts", label: TEXTS.tabs.accounts, children: <List /> },
    { key: "roles", label: TEXTS.tabs.roles, children: <RoleTable /> },
    ...(grants ? [{ key: "clients", label: TEXTS.tabs.clients, children: <Clients /> }] : []),
    ...(registers ? [{ key: "institutions", label: TEXTS.tabs.institutions, children: <Institutions /> }] : []),
  ];
  return (
    <Frame title={TEXTS.title} about={TEXTS.about} actions={actions} printable>
      <Tabs items={items} />
      {opening ? <Opening close={() => opens(false)} /> : null}
    </Frame>
  );
}

function List(): ReactNode {
  const [wanted, look] = useState(FIRST);
  const query = all({ ...wanted, q: useDeferredValue(wanted.q) });
  const accounts = useAsked<{ accounts: Account[] }, typeof ACCOUNTS>(ACCOUNTS, query, { keep: true });
  return (
    <>
      <Input.Search
        className={`accounts-find ${TOLD}`}
        aria-label={TEXTS.find}
        placeholder={TEXTS.find}
        allowClear
        onChange={(event) => look({ q: event.target.value.trim(), after: "" })}
      />
      <Asked query={accounts} isEmpty={(found) => !found.accounts.length} empty={TEXTS.none}>
        {(found) => (
          <>
            <Table accounts={found.accounts} />
            <Pager
              earlier={wanted.after !== ""}
              later={found.accounts.length === PAGE}
              first={() => look({ ...wanted, after: "" })}
              next={() => look({ ...wanted, after: found.accounts.at(-1)?.name ?? "" })}
            />
          </>
        )}
      </Asked>
    </>
  );
}

function Table({ accounts }: { accounts: Account[] }): ReactNode {
  return (
    <Rows<Account>
      rowKey="id"
      dataSource={accounts}
      pagination={false}
      columns={[
        { title: TEXTS.name, dataIndex: "name" },
        { title: TEXTS.fullName, dataIndex: "fullName" },
        { title: TEXTS.tenant, render: (_, one) => <Institution {...one} /> },
        { title: TEXTS.state, render: (_, one) => <State account={one} /> },
        { title: TEXTS.expires, render: (_, one) => day(one.expires) },
        { title: TEXTS.roles, render: (_, one) => <Grants account={one} /> },
        { title: TEXTS.actions, render: (_, one) => <Managing account={one} /> },
      ]}
    />
  );
}

function State({ account }: { account: Account }): ReactNode {
  if (account.locked) return <Tag color="red">{TEXTS.locked}</Tag>;
  if (account.expires && dayjs(account.expires).isBefore(dayjs())) return <Tag color="red">{TEXTS.expired}</Tag>;
  return account.mustChangePassword ? <Tag color="orange">{TEXTS.mustChange}</Tag> : <Tag>{TEXTS.active}</Tag>;
}
