/** Views that were kept: opened, added, removed. */
import { App, Button, Form, Input, Popconfirm, Select } from "antd";
import { type ReactNode, useState } from "react";
import { useAsked, useTelling } from "../../shared/asking";
import { Dialog } from "../../shared/dialog";
import { useMay } from "../../shared/session";
import { TEXTS } from "./texts";
import type { Dataset, Form as Kept } from "./types";

const LIST = "GET /api/v1/analysis/datasets";
const KEEP = "POST /api/v1/analysis/datasets";
const REMOVE = "POST /api/v1/analysis/datasets/{number}/removal";
const LONGEST = 120;

type DatasetsProps = { open: (form: Kept) => void; current: Kept };

export function Datasets({ open, current }: DatasetsProps): ReactNode {
  const kept = useAsked<{ datasets: Dataset[] }, typeof LIST>(LIST);
  const [chosen, choose] = useState<string>();
  const [keeping, keep] = useState(false);
  const may = useMay("indicator.write");
  const datasets = kept.data?.datasets ?? [];
  const opened = (id: string): void => {
    const one = datasets.find((set) => set.id === id);
    choose(id);
    if (one) open(one.form);
  };
  return (
    <>
      <Select
        className="analysis-wide"
        aria-label={TEXTS.open}
        placeholder={TEXTS.open}
        notFoundContent={kept.error ? kept.error.message : TEXTS.noDatasets}
        value={chosen}
        options={datasets.map(({ id, title }) => ({ value: id, label: title }))}
        onSelect={opened}
      />
      {may ? <Button onClick={() => keep(true)}>{TEXTS.keep}</Button> : null}
      {may && chosen ? <Removing id={chosen} done={() => choose(undefined)} /> : null}
      {keeping ? <Keeping form={current} done={choose} close={() => keep(false)} /> : null}
    </>
  );
}

function Removing({ id, done }: { id: string; done: () => void }): ReactNode {
  const { message } = App.useApp();
  const remove = useTelling<unknown, typeof REMOVE>(REMOVE, [LIST]);
  const removed = (): void => {
    void message.success(TEXTS.discarded);
    done();
  };
  return (
    <Popconfirm
      title={TEXTS.discardSure}
      onConfirm={() => remove.mutate({ path: { number: id } }, { onSuccess: removed })}
    >
      <Button danger>{TEXTS.discard}</Button>
    </Popconfirm>
  );
}

type KeepingProps = { form: Kept; done: (id: string) => void; close: () => void };

function Keeping({ form, done, close }: KeepingProps): ReactNode {
  const { message } = App.useApp();
  const [fields] = Form.useForm<{ title: string }>();
  const keep = useTelling<Dataset, typeof KEEP>(KEEP, [LIST]);
  const kept = ({ id }: Dataset): void => {
    void message.success(TEXTS.kept);
    done(id);
    close();
  };
  return (
    <Dialog open title={TEXTS.keep} confirmLoading={keep.isPending} onOk={() => fields.submit()} onCancel={close}>
      <Form
        form={fields}
        layout="vertical"
        onFinish={({ title }) => keep.mutate({ body: { title: title.trim(), form } }, { onSuccess: kept })}
      >
        <Form.Item
          name="title"
          label={TEXTS.name}
          rules={[{ required: true, whitespace: true, message: TEXTS.needed }]}
        >
          <Input maxLength={LONGEST} />
        </Form.Item>
      </Form>
    </Dialog>
  );
}
