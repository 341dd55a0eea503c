/** Institutions of the league as a tree: registered below one another, described, closed and opened again. */
import { App, Button, Flex, Popconfirm, Tag } from "antd";
import { type ReactNode, useState } from "react";
import { useAsked, useTelling } from "../../shared/asking";
import { useSession } from "../../shared/session";
import { Asked } from "../../shared/states";
import { Rows } from "../../shared/table";
import { InstitutionForm } from "./InstitutionForm";
import { OfferForm } from "./OfferForm";
import { TEXTS } from "./texts";
import type { Institution } from "./types";

const INSTITUTIONS = "GET /api/v1/institutions";
const CLOSE = "POST /api/v1/institutions/{key}/lock";
const REOPEN = "POST /api/v1/institutions/{key}/unlock";

/** Kinds that only hold others. */
const HOLDERS = new Set(["league", "county"]);

type Branch = Institution & { children?: Branch[] };
type Edit = (edited: Partial<Institution>) => void;

export function Institutions(): ReactNode {
  const known = useAsked<{ institutions: Institution[] }, typeof INSTITUTIONS>(INSTITUTIONS);
  return <Asked query={known}>{(found) => <Tree institutions={found.institutions} />}</Asked>;
}

function Tree({ institutions }: { institutions: Institution[] }): ReactNode {
  const [edited, edit] = useState<Partial<Institution>>();
  return (
    <>
      <Button type="primary" className="accounts-new no-print" onClick={() => edit({})}>
        {TEXTS.newInstitution}
      </Button>
      <Rows<Branch>
        rowKey="key"
        dataSource={branches(institutions)}
        pagination={false}
        expandable={{ defaultExpandAllRows: true }}
        locale={{ emptyText: TEXTS.noInstitutions }}
        columns={[
          { title: TEXTS.institution, dataIndex: "name" },
          { title: TEXTS.path, dataIndex: "tenant" },
          { title: TEXTS.kind, render: (_, one) => TEXTS.kinds[one.kind] },
          { title: TEXTS.level, render: (_, one) => (one.level ? TEXTS.levels[one.level] : "") },
          {
            title: TEXTS.state,
            render: (_, { active }) => (active ? <Tag>{TEXTS.active}</Tag> : <Tag color="red">{TEXTS.closed}</Tag>),
          },
          { title: TEXTS.actions, render: (_, one) => <Changing institution={one} edit={edit} /> },
        ]}
      />
      {edited ? <InstitutionForm edited={edited} close={() => edit(undefined)} /> : null}
    </>
  );
}

/** Each below the nearest that is registered above it. */
function branches(institutions: Institution[]): Branch[] {
  const known = new Map<string, Branch>(institutions.map((one) => [one.tenant, { ...one }]));
  const roots: Branch[] = [];
  for (const one of known.values()) {
    const above = known.get(one.parent);
    if (above) above.children = [...(above.children ?? []), one];
    else roots.push(one);
  }
  return roots;
}

function Changing({ institution, edit }: { institution: Institution; edit: Edit }): ReactNode {
  const { scope } = useSession();
  const [listing, list] = useState(false);
  const below = scope.some((path) => institution.tenant.startsWith(`${path}/`));
  if (!below && !scope.includes(institution.tenant)) return null;
  return (
    <Flex gap={4} className="no-print">
      <Button size="small" onClick={() => edit({ parent: institution.tenant })}>
        {TEXTS.below}
      </Button>
      <Button size="small" onClick={() => edit(institution)}>
        {TEXTS.edit}
      </Button>
      {HOLDERS.has(institution.kind) ? null : (
        <Button size="small" onClick={() => list(true)}>
          {TEXTS.offers}
        </Button>
      )}
      {listing ? <OfferForm institution={institution} close={() => list(false)} /> : null}
      {below ? <Closing institution={institution} /> : null}
    </Flex>
  );
}

/** Nobody closes where they themselves stand. */
function Closing({ institution }: { institution: Institution }): ReactNode {
  const { message } = App.useApp();
  const close = useTelling<unknown, typeof CLOSE>(CLOSE, [INSTITUTIONS]);
  const reopen = useTelling<unknown, typeof REOPEN>(REOPEN, [INSTITUTIONS]);
  const path = { key: institution.key };
  const done = { onSuccess: () => void message.success(TEXTS.done) };
  if (!institution.active) {
    return (
      <Button size="small" onClick={() => reopen.mutate({ path }, done)}>
        {TEXTS.reopen}
      </Button>
    );
  }
  return (
    <Popconfirm title={TEXTS.closeInstitutionSure} onConfirm={() => close.mutate({ path }, done)}>
      <Button size="small" danger>
        {TEXTS.close}
      </Button>
    </Popconfirm>
  );
}
