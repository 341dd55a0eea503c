/** Registers an institution below another, or describes it anew. */
import { App, Form, Input, Select } from "antd";
import type { ReactNode } from "react";
import { useTelling } from "../../shared/asking";
import { Dialog } from "../../shared/dialog";
import { useSession } from "../../shared/session";
import { TenantField } from "./TenantField";
import { NEEDED, TEXTS } from "./texts";
import type { Institution } from "./types";

const REGISTER = "POST /api/v1/institutions";
const CHANGE = "PUT /api/v1/institutions/{key}";
const KINDS = Object.entries(TEXTS.kinds).map(([value, label]) => ({ value, label }));
const LEVELS = Object.entries(TEXTS.levels).map(([value, label]) => ({ value: Number(value), label }));

type Given = Pick<Institution, "name" | "kind" | "aliases" | "recognition"> & {
  parent: string;
  code: string;
  level?: number;
};

export function InstitutionForm({ edited, close }: { edited: Partial<Institution>; close: () => void }): ReactNode {
  const { institution } = useSession();
  const { message } = App.useApp();
  const [form] = Form.useForm<Given>();
  const register = useTelling<Institution, typeof REGISTER>(REGISTER, ["GET /api/v1/institutions"]);
  const change = useTelling<Institution, typeof CHANGE>(CHANGE, ["GET /api/v1/institutions"]);
  const done = {
    onSuccess: (): void => {
      void message.success(TEXTS.done);
      close();
    },
  };
  const save = ({ parent, code, ...said }: Given): void => {
    if (edited.key) change.mutate({ path: { key: edited.key }, body: { ...said, version: edited.version } }, done);
    else register.mutate({ body: { ...said, parent, code } }, done);
  };
  return (
    <Dialog
      open
      title={edited.key ? TEXTS.edit : TEXTS.newInstitution}
      confirmLoading={register.isPending || change.isPending}
      onOk={() => form.submit()}
      onCancel={close}
    >
      <Form<Given>
        name="institution"
        form={form}
        layout="vertical"
        initialValues={{ parent: institution, kind: "hospital", aliases: [], recognition: [], ...edited }}
        onFinish={save}
      >
        <Form.Item name="name" label={TEXTS.institution} rules={NEEDED}>
          <Input maxLength={200} />
        </Form.Item>
        {edited.key ? null : (
          <>
            <Form.Item name="parent" label={TEXTS.parent} rules={NEEDED}>
              <TenantField />
            </Form.Item>
            <Form.Item
              name="code"
              label={TEXTS.code}
              extra={TEXTS.codeAbout}
              rules={[...NEEDED, { pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/, message: TEXTS.codeAbout }]}
            >
              <Input autoComplete="off" />
            </Form.Item>
          </>
        )}
        <Form.Item name="kind" label={TEXTS.kind} rules={NEEDED}>
          <Select options={KINDS} />
        </Form.Item>
        <Form.Item name="level" label={TEXTS.level}>
          <Select allowClear options={LEVELS} />
        </Form.Item>
        <Form.Item name="aliases" label={TEXTS.aliases}>
          <Select mode="tags" open={false} suffixIcon={null} />
        </Form.Item>
        <Form.Item name="recognition" label={TEXTS.recognition}>
          <Select mode="tags" open={false} suffixIcon={null} />
        </Form.Item>
      </Form>
    </Dialog>
  );
}
