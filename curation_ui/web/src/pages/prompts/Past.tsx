/** What became of a prompt: who did what with which version, where it is used now and how that ends. */
import { App, Button, Flex, Popconfirm, Tag } from "antd";
import type { ReactNode } from "react";
import { usePerson } from "../../curation/person";
import { useAsked, useTelling } from "../../shared/asking";
import { Institution } from "../../shared/institution";
import { useMay } from "../../shared/session";
import { Rows } from "../../shared/table";
import { moment, who } from "../../shared/words";
import { TEXTS } from "./texts";
import type { Listed, Step, Use } from "./types";

const ONE = "GET /api/v1/prompts/{prompt_id}";
const LIST = "GET /api/v1/prompts";
const DEACTIVATE = "POST /api/v1/prompts/deactivation";

export function Past({ id, history }: { id: string; history: Step[] }): ReactNode {
  const listed = useAsked<Listed>(LIST);
  const uses = (listed.data?.inUse ?? []).filter(({ prompt }) => prompt === id);
  return (
    <Flex vertical gap={10}>
      {uses.map((use) => (
        <InUse key={use.tenant} use={use} />
      ))}
      <Rows<Step>
        rowKey={({ at, version, tenant, action }) => `${at} ${version} ${tenant} ${action}`}
        dataSource={history}
        columns={[
          { title: TEXTS.made, render: (_, one) => moment(one.at) },
          { title: TEXTS.version, dataIndex: "version" },
          { title: TEXTS.step, render: (_, one) => TEXTS.steps[one.action] ?? one.action },
          { title: TEXTS.actor, render: (_, one) => who(one.actor) },
          { title: TEXTS.tenant, render: (_, one) => <Institution {...one} /> },
          { title: TEXTS.note, dataIndex: "note" },
        ]}
      />
    </Flex>
  );
}

function InUse({ use: { purpose, tenant, institution, version } }: { use: Use }): ReactNode {
  const { message } = App.useApp();
  const { by, missing } = usePerson();
  const deactivate = useTelling<unknown, typeof DEACTIVATE>(DEACTIVATE, [ONE, LIST], () => {
    message.success(TEXTS.done);
  });
  return (
    <Flex gap={8} align="center">
      <Tag color="green" variant="outlined" title={tenant}>
        {`${TEXTS.inUse} ${version} · ${institution}`}
      </Tag>
      {useMay("knowledge.approve") ? (
        <Popconfirm
          title={TEXTS.deactivateSure}
          onConfirm={() => deactivate.mutate({ body: { purpose, tenant, by } })}
        >
          <Button size="small" disabled={missing} loading={deactivate.isPending}>
            {TEXTS.deactivate}
          </Button>
        </Popconfirm>
      ) : null}
    </Flex>
  );
}
