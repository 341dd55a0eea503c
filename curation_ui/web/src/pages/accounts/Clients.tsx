/** Hospital systems that call in their own name: registered, given another proof, refused. */
import { App, Button, Flex, Popconfirm, Tag } from "antd";
import { type ReactNode, useState } from "react";
import { useAsked, useTelling } from "../../shared/asking";
import { Institution } from "../../shared/institution";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { day, moment } from "../../shared/words";
import { ClientForm } from "./ClientForm";
import { KeysForm } from "./KeysForm";
import { useOnce } from "./once";
import { TEXTS } from "./texts";
import type { Client, Clients as Found, Roles, Secret } from "./types";

const CLIENTS = "GET /api/v1/clients";
const LOCK = "POST /api/v1/clients/{client_id}/lock";
const UNLOCK = "POST /api/v1/clients/{client_id}/unlock";
const ROLES = "GET /api/v1/roles";
const SECRET = "POST /api/v1/clients/{client_id}/secret";

export function Clients(): ReactNode {
  const clients = useAsked<Found, typeof CLIENTS>(CLIENTS);
  return <Asked query={clients}>{(found) => <Table found={found} />}</Asked>;
}

function Table({ found }: { found: Found }): ReactNode {
  const [adding, adds] = useState(false);
  return (
    <>
      <Button type="primary" className="accounts-new no-print" onClick={() => adds(true)}>
        {TEXTS.newClient}
      </Button>
      <Rows<Client>
        rowKey="id"
        dataSource={found.clients}
        locale={{ emptyText: TEXTS.noClients }}
        expandable={{ expandedRowRender: (one) => <Permissions client={one} /> }}
        columns={[
          { title: TEXTS.clientId, dataIndex: "id" },
          { title: TEXTS.clientTitle, dataIndex: "title" },
          { title: TEXTS.tenant, render: (_, one) => <Institution {...one} /> },
          { title: TEXTS.proves, render: (_, one) => <Proof client={one} /> },
          { title: TEXTS.used, render: (_, one) => moment(one.used) || TEXTS.never },
          { title: TEXTS.expires, render: (_, one) => day(one.expires) },
          {
            title: TEXTS.state,
            render: (_, { locked }) => (locked ? <Tag color="red">{TEXTS.closed}</Tag> : <Tag>{TEXTS.active}</Tag>),
          },
          { title: TEXTS.actions, render: (_, one) => <Changing client={one} /> },
        ]}
      />
      {adding ? <ClientForm found={found} close={() => adds(false)} /> : null}
    </>
  );
}

/** What a system may do. */
function Permissions({ client }: { client: Client }): ReactNode {
  const titles = useAsked<Roles, typeof ROLES>(ROLES).data?.permissions ?? {};
  return client.permissions.map((one) => <Tag key={one}>{titles[one] ?? one}</Tag>);
}

function Proof({ client }: { client: Client }): ReactNode {
  const which = client.jku ?? client.kids?.join("、") ?? "";
  return (
    <>
      {TEXTS.proofs[client.jku ? "jku" : client.proves]}
      {which ? <div className="accounts-which">{which}</div> : null}
      {client.issuer ? (
        <div className="accounts-which">
          {TEXTS.issuer}：{client.issuer}
        </div>
      ) : null}
    </>
  );
}

function Changing({ client }: { client: Client }): ReactNode {
  const { message } = App.useApp();
  const [keying, keys] = useState(false);
  const show = useOnce();
  const lock = useTelling<unknown, typeof LOCK>(LOCK, [CLIENTS]);
  const unlock = useTelling<unknown, typeof UNLOCK>(UNLOCK, [CLIENTS]);
  const renewed = (made: Secret): void => show(`${TEXTS.secret}：${client.id}`, made.secret, TEXTS.secretAbout);
  const secret = useTelling<Secret, typeof SECRET>(SECRET, [CLIENTS], renewed);
  const path = { client_id: client.id };
  const done = { onSuccess: () => void message.success(TEXTS.done) };
  return (
    <Flex gap={4} className="no-print">
      <Popconfirm title={TEXTS.rotateSure} onConfirm={() => secret.mutate({ path })}>
        <Button size="small">{TEXTS.rotate}</Button>
      </Popconfirm>
      <Button size="small" onClick={() => keys(true)}>
        {TEXTS.rotateKeys}
      </Button>
      {client.locked ? (
        <Button size="small" onClick={() => unlock.mutate({ path }, done)}>
          {TEXTS.reopen}
        </Button>
      ) : (
        <Popconfirm title={TEXTS.closeClientSure} onConfirm={() => lock.mutate({ path }, done)}>
          <Button size="small" danger>
            {TEXTS.close}
          </Button>
        </Popconfirm>
      )}
      {keying ? <KeysForm client={client.id} close={() => keys(false)} /> : null}
    </Flex>
  );
}
