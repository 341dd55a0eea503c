/** Codes that nobody mapped, the most frequent first; proposals for them, or a pair by hand. */
import { App, Button, Flex, Form, Input, Select } from "antd";
import { type ReactNode, useState } from "react";
import { useAsked, useTelling } from "../../shared/asking";
import { Dialog } from "../../shared/dialog";
import { useMay } from "../../shared/session";
import { Asked } from "../../shared/states";
import { Rows, Turning } from "../../shared/table";
import { TEXTS } from "./texts";
import type { Pair, Standard, Unmapped } from "./types";

const UNMAPPED = "GET /api/v1/terms/unmapped";
const PROPOSE = "POST /api/v1/terms/maps/proposals";
const ADD = "POST /api/v1/terms/maps";
const TOUCHED = [UNMAPPED, "GET /api/v1/terms/maps/progress", "GET /api/v1/terms/maps"] as const;

const PAGE_ROWS = 50;

type Listed = { codes: Unmapped[]; next: number | null };

export function Missing(): ReactNode {
  const [offset, turn] = useState(0);
  const codes = useAsked<Listed>(UNMAPPED, { query: { offset, limit: PAGE_ROWS } }, { keep: true });
  const systems = useAsked<{ systems: Standard[] }>("GET /api/v1/terms/systems", {}, { staleMs: 60_000 });
  const standards = (systems.data?.systems ?? []).filter((one) => one.standard);
  return (
    <Asked query={codes} isEmpty={(found) => !found.codes.length && !offset} empty={TEXTS.allMapped}>
      {(found) => (
        <>
          <Codes codes={found.codes} standards={standards} />
          <Turning offset={offset} next={found.next} turn={turn} />
        </>
      )}
    </Asked>
  );
}

function Codes({ codes, standards }: { codes: Unmapped[]; standards: Standard[] }): ReactNode {
  const [chosen, choose] = useState<Unmapped>();
  const may = useMay("terms.write");
  return (
    <>
      {may ? <Proposing codes={codes} standards={standards} /> : null}
      <Rows<Unmapped>
        rowKey={(one) => `${one.tenant} ${one.system} ${one.code} ${one.place}`}
        dataSource={codes}
        pagination={false}
        columns={[
          { title: TEXTS.source, dataIndex: "system" },
          { title: TEXTS.code, dataIndex: "code" },
          { title: TEXTS.display, dataIndex: "display" },
          { title: TEXTS.place, dataIndex: "place" },
          { title: TEXTS.seen, dataIndex: "seen" },
          { title: TEXTS.last, dataIndex: "last" },
          {
            title: TEXTS.add,
            render: (_, one) =>
              may ? (
                <Button size="small" onClick={() => choose(one)}>
                  {TEXTS.add}
                </Button>
              ) : null,
          },
        ]}
      />
      {chosen ? <ByHand code={chosen} standards={standards} close={() => choose(undefined)} /> : null}
    </>
  );
}

function Proposing({ codes, standards }: { codes: Unmapped[]; standards: Standard[] }): ReactNode {
  const { message } = App.useApp();
  const [source, from] = useState("");
  const [target, to] = useState("");
  const propose = useTelling<{ codes: number; proposed: number }, typeof PROPOSE>(PROPOSE, [...TOUCHED]);
  const sources = [...new Set(codes.map((one) => one.system))];
  const tell = (): void =>
    propose.mutate(
      { body: { source, target } },
      {
        onSuccess: (made) =>
          void message.success(`${TEXTS.looked} ${made.codes}，${TEXTS.proposed} ${made.proposed}`),
      },
    );
  return (
    <Flex gap={8} wrap className="no-print">
      <Select
        aria-label={TEXTS.source}
        placeholder={TEXTS.source}
        options={sources.map((value) => ({ value }))}
        value={source || undefined}
        onChange={from}
        style={{ minWidth: 200 }}
      />
      <Standards standards={standards} value={target} onChange={to} />
      <Button type="primary" disabled={!source || !target} loading={propose.isPending} onClick={tell}>
        {TEXTS.propose}
      </Button>
    </Flex>
  );
}

type StandardsProps = { standards: Standard[]; value?: string; onChange?: (id: string) => void; id?: string };

function Standards({ standards, value, onChange, id }: StandardsProps): ReactNode {
  return (
    <Select
      id={id}
      aria-label={TEXTS.target}
      placeholder={TEXTS.target}
      options={standards.map((one) => ({ value: one.id, label: one.title }))}
      value={value || undefined}
      onChange={onChange}
      style={{ minWidth: 200 }}
    />
  );
}

type Given = { target: string; targetCode: string; equivalence: string };
const NEEDED = [{ required: true, message: TEXTS.needed }];

function ByHand({ code, standards, close }: { code: Unmapped; standards: Standard[]; close: () => void }): ReactNode {
  const { message } = App.useApp();
  const [form] = Form.useForm<Given>();
  const add = useTelling<Pair, typeof ADD>(ADD, [...TOUCHED]);
  const tell = (given: Given): void => {
    const body = { source: code.system, code: code.code, display: code.display, tenant: code.tenant, ...given };
    const done = (): void => {
      message.success(TEXTS.decided);
      close();
    };
    add.mutate({ body }, { onSuccess: done });
  };
  const options = Object.entries(TEXTS.equivalences).map(([value, label]) => ({ value, label }));
  return (
    <Dialog
      open
      title={`${code.code} ${code.display}`}
      okText={TEXTS.add}
      confirmLoading={add.isPending}
      onOk={() => form.submit()}
      onCancel={close}
    >
      <Form<Given> form={form} layout="vertical" onFinish={tell} initialValues={{ equivalence: "equivalent" }}>
        <Form.Item name="target" label={TEXTS.target} rules={NEEDED}>
          <Standards standards={standards} />
        </Form.Item>
        <Form.Item name="targetCode" label={TEXTS.targetCode} rules={NEEDED}>
          <Input />
        </Form.Item>
        <Form.Item name="equivalence" label={TEXTS.equivalence}>
          <Select options={options} />
        </Form.Item>
      </Form>
    </Dialog>
  );
}
