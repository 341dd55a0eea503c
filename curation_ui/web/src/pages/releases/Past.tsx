/** Releases and what happened with them; going back to one. */
import { App, Button, Card, Input, Tabs, Tag } from "antd";
import { type ReactNode, useState } from "react";
import { usePerson } from "../../curation/person";
import { useTelling } from "../../shared/asking";
import { Dialog } from "../../shared/dialog";
import { useMay } from "../../shared/session";
import { Rows } from "../../shared/table";
import { moment, who } from "../../shared/words";
import { TEXTS } from "./texts";
import type { Happened, Manifest, Overview } from "./types";

const ROLLBACK = "POST /api/v1/curation/releases/rollback";

export function Past({ overview }: { overview: Overview }): ReactNode {
  const items = [
    { key: "releases", label: TEXTS.releases, children: <Kept releases={overview.releases} /> },
    { key: "events", label: TEXTS.history, children: <Events events={overview.events} /> },
  ];
  return (
    <Card size="small">
      <Tabs items={items} size="small" />
    </Card>
  );
}

function Kept({ releases }: { releases: Manifest[] }): ReactNode {
  const [chosen, choose] = useState<Manifest>();
  const may = useMay("knowledge.approve");
  return (
    <>
      <Rows<Manifest>
        rowKey="release"
        dataSource={releases}
        columns={[
          { title: TEXTS.releases, render: (_, one) => <code>{one.release.slice(0, 16)}</code> },
          { title: TEXTS.when, render: (_, one) => moment(one.at) },
          { title: TEXTS.by, render: (_, one) => who(one.by) },
          { title: TEXTS.note, dataIndex: "note" },
          {
            title: TEXTS.action,
            render: (_, one) =>
              one.active ? (
                <Tag color="green" variant="outlined">
                  {TEXTS.active}
                </Tag>
              ) : may ? (
                <Button size="small" onClick={() => choose(one)}>
                  {TEXTS.rollback}
                </Button>
              ) : null,
          },
        ]}
      />
      {chosen ? <GoingBack to={chosen} close={() => choose(undefined)} /> : null}
    </>
  );
}

function GoingBack({ to, close }: { to: Manifest; close: () => void }): ReactNode {
  const { message } = App.useApp();
  const [note, say] = useState("");
  const { by, missing } = usePerson();
  const back = useTelling<unknown, typeof ROLLBACK>(ROLLBACK, ["GET /api/v1/curation/releases"]);
  const done = (): void => {
    message.success(TEXTS.rolledBack);
    close();
  };
  return (
    <Dialog
      open
      title={`${TEXTS.rollback} ${to.release.slice(0, 16)}`}
      okText={TEXTS.rollback}
      okButtonProps={{ danger: true, disabled: missing || !note.trim() }}
      confirmLoading={back.isPending}
      onOk={() => back.mutate({ body: { note, to: to.release, by } }, { onSuccess: done })}
      onCancel={close}
    >
      <Input
        value={note}
        onChange={(event) => say(event.target.value)}
        aria-label={TEXTS.rollbackWhy}
        placeholder={TEXTS.rollbackWhy}
        maxLength={200}
      />
    </Dialog>
  );
}

function Events({ events }: { events: Happened[] }): ReactNode {
  return (
    <Rows<Happened>
      rowKey={(one) => `${one.at} ${one.action}`}
      dataSource={events}
      columns={[
        { title: TEXTS.when, render: (_, one) => moment(one.at) },
        { title: TEXTS.action, render: (_, one) => TEXTS.actions[one.action] ?? one.action },
        { title: TEXTS.releases, render: (_, one) => <code>{one.release.slice(0, 16)}</code> },
        { title: TEXTS.by, render: (_, one) => who(one.by) },
        { title: TEXTS.note, dataIndex: "note" },
      ]}
    />
  );
}
